"""Homework 1: counts with a cause, their marginal, and what draws are worth. (Lessons 00 to 03)"""

from vitutor.checks.homework.hw1.detectors import draw_counts, log_likelihood
from vitutor.checks.homework.hw1.flicker import log_marginal_flicker, state_probability
from vitutor.checks.homework.hw1.lamp import log_marginal_lamp, log_marginal_one_lamp
from vitutor.checks.homework.hw1.marginal import log_marginal
from vitutor.checks.homework.hw1.outlier import outlier_weights
from vitutor.checks.homework.hw1.price import chi_square, relative_variances
from vitutor.checks.homework.hw1.reporting import report
from vitutor.checks.homework.hw1.shutters import log_likelihood_shutters
from vitutor.checks.homework.hw1.variant import constants

__all__ = ["constants", "parts"]


def parts(c):
    """Return the questions of a variant with constants c, by part."""
    return {
        "1.1": draw_counts(c),
        "1.2": log_likelihood(c),
        "1.3": log_marginal(c),
        "1.4": log_likelihood_shutters(c),
        "2.1": log_marginal_lamp(c),
        "2.2": log_marginal_one_lamp(c),
        "2.3": log_marginal_flicker(c),
        "2.4": state_probability(c),
        "3.1": outlier_weights(c),
        "3.2": chi_square(c),
        "3.3": relative_variances(c),
        "3.4": report(c),
    }
