"""Homework 2: the slope of log p(x), and where to draw. (Lessons 04 and 05)"""

from vitutor.checks.homework.hw2.evidence import curvature, grad_log_evidence
from vitutor.checks.homework.hw2.own_q import own_weights
from vitutor.checks.homework.hw2.price import best_ratio, one_plus_chi_square
from vitutor.checks.homework.hw2.sampled import slope_draws, weighted_gradient
from vitutor.checks.homework.hw2.scores import score
from vitutor.checks.homework.hw2.tails import pareto_k
from vitutor.checks.homework.hw2.variant import constants
from vitutor.checks.homework.hw2.weights import log_weights, log_weights_defensive
from vitutor.checks.homework.hw2.window import missed

__all__ = ["constants", "parts"]


def parts(c):
    """Return the questions of a variant with constants c, by part."""
    return {
        "1.1": score(c),
        "1.2": grad_log_evidence(c),
        "1.3": curvature(c),
        "1.4": weighted_gradient(c),
        "1.5": slope_draws(c),
        "2.1": one_plus_chi_square(c),
        "2.2": best_ratio(c),
        "2.3": log_weights(c),
        "2.4": pareto_k(c),
        "2.5": missed(c),
        "2.6": log_weights_defensive(c),
        "2.7": own_weights(c),
    }
