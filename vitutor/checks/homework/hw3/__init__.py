"""Homework 3: the ELBO, KL, fitting and learning, on counts instead of measurements.

Truths go another way than a solution does: quadrature for closed forms, complex steps for
gradients, the package's own densities for the rest.
"""

from vitutor.checks.homework.hw3.bounds import gap, renyi_bound
from vitutor.checks.homework.hw3.counter import elbo, reconstruction
from vitutor.checks.homework.hw3.divergences import kl_to_gamma, kl_to_laplace
from vitutor.checks.homework.hw3.gradients import leave_one_out, logistic_gradient
from vitutor.checks.homework.hw3.learning import em_sweep, learned_noise
from vitutor.checks.homework.hw3.mean_field import mean_field_gap, sweep
from vitutor.checks.homework.hw3.switch import best_off, elbo_off
from vitutor.checks.homework.hw3.variant import constants

__all__ = ["constants", "parts"]


def parts(c):
    """Return the questions of a variant with constants c, by part."""
    return {
        "1.1": reconstruction(c),
        "1.2": elbo(c),
        "1.3": elbo_off(c),
        "1.4": best_off(c),
        "2.1": kl_to_laplace(c),
        "2.2": kl_to_gamma(c),
        "2.3": gap(c),
        "2.4": renyi_bound(c),
        "3.1": logistic_gradient(c),
        "3.2": leave_one_out(c),
        "3.3": sweep(c),
        "3.4": mean_field_gap(c),
        "4.1": em_sweep(c),
        "4.2": learned_noise(c),
    }
