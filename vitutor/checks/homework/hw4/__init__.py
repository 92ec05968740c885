"""Homework 4: the VAE and its judging, on grey pixels, other priors and other noise.

Truths go another way than a solution does: Gauss and Legendre's rule, complex steps, brute force,
scipy's densities. Nothing here needs torch: what was trained is judged by its weights.
"""

from vitutor.checks.homework.hw4.aggregate import split_rate
from vitutor.checks.homework.hw4.bend import bent
from vitutor.checks.homework.hw4.codes import kl_draws, kl_to_prior
from vitutor.checks.homework.hw4.debiased import jackknife
from vitutor.checks.homework.hw4.gaps import split_gap
from vitutor.checks.homework.hw4.gradient import elbo_gradient
from vitutor.checks.homework.hw4.linear import rates
from vitutor.checks.homework.hw4.losses import implied_scale, named_losses
from vitutor.checks.homework.hw4.pixels import log_likelihood
from vitutor.checks.homework.hw4.strip import log_marginal
from vitutor.checks.homework.hw4.training import train
from vitutor.checks.homework.hw4.variant import constants

__all__ = ["constants", "parts"]


def parts(c):
    """Return the questions of a variant with constants c, by part."""
    return {
        "1.1": kl_to_prior(c),
        "1.2": log_likelihood(c),
        "1.3": elbo_gradient(c),
        "1.4": kl_draws(c),
        "2.1": jackknife(c),
        "2.2": log_marginal(c),
        "2.3": split_gap(c),
        "2.4": rates(c),
        "2.5": implied_scale(c),
        "2.6": named_losses(c),
        "3.1": bent(c),
        "3.2": train(c),
        "3.3": split_rate(c),
    }
