"""Homework 2's hidden cases: one datum, other parameters, readings far beyond full scale."""

from dataclasses import replace

import numpy as np

from vitutor.checks.homework.hw2 import parts
from vitutor.checks.homework.hw2.sensor import full_scale


def hidden(constants):
    """Return a harder question for each part, with the visible one's truth and mistakes."""
    c, questions = constants, parts(constants)
    cases = {
        "1.1": lambda rng: _far(c, rng),
        "1.2": lambda rng: _one_or_many(c, rng),
        "1.3": lambda rng: _one_or_many(c, rng),
        "1.4": lambda rng: _few_or_many_draws(c, rng),
        "1.5": lambda rng: (float(rng.choice([0.0, 1000.0])),),
        "2.1": lambda rng: _prices(rng),
        "2.2": lambda rng: (rng.uniform(0.0, 15, rng.integers(1, 8)) * rng.integers(2),),
        "2.3": lambda rng: _far_draws(rng),
        "2.4": lambda rng: (c["tail_dof"] * rng.uniform([0.1, 1, 1, 5], [0.9, 1, 2, 9]),),
        "2.5": lambda rng: _windows(c, rng),
        "2.6": lambda rng: _far_draws(rng),
        "2.7": lambda rng: (float(rng.uniform(-2, 2) * full_scale(c)),),
    }
    return {part: replace(questions[part], draw_case=case) for part, case in cases.items()}


def _other_theta(rng):
    """Parameters in all the range that is promised."""
    m, scale, noise = rng.uniform(-1, 1), rng.uniform(0.5, 2), rng.uniform(0.05, 0.5)
    return np.array([m, np.log(scale), np.log(noise)])


def _data(c, rng, n):
    return rng.uniform(-2, 2, (n, 1)) * full_scale(c)


def _far(c, rng):
    n, s = [(1, 4), (6, 1)][rng.integers(2)]
    return _data(c, rng, n), rng.uniform(-20, 20, (s, n, 1)), _other_theta(rng)


def _one_or_many(c, rng):
    return _data(c, rng, rng.choice([1, 12])), _other_theta(rng)


def _few_or_many_draws(c, rng):
    theta = _other_theta(rng)
    n, s = [(1, 2000), (5, 2)][rng.integers(2)]
    z = theta[0] + np.exp(theta[1]) * rng.standard_normal((s, n, 1))
    return _data(c, rng, n), z, theta


def _prices(rng):
    """The right mean, or far off it; far too wide; and far too narrow."""
    n = rng.integers(1, 6)
    return rng.uniform(0, 4, n) * rng.integers(2), rng.choice([0.1, 0.7, 1.0, 2.0, 5.0], n)


def _far_draws(rng):
    n, s = [(1, 4), (6, 1)][rng.integers(2)]
    return rng.normal(0, 3, (n, 1)), rng.normal(0, 30, (s, n, 1))


def _windows(c, rng):
    """A window with nearly all of the posterior in it, or with nearly nothing."""
    low, high = [(-5.0, 5.0), (2.5, 3.0)][rng.integers(2)]
    return _data(c, rng, rng.choice([1, 7])), low, high
