"""The score: derivatives of log p(x, z) in the parameters."""

import numpy as np

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.derivatives import complex_step
from vitutor.checks.homework.hw2.sensor import log_joint, reading, readings_case, theta_case
from vitutor.checks.misconceptions import MISCONCEPTIONS


def scores(c, x, z, theta):
    """At x (N, 1) and z (S, N, 1), the slopes of log p(x, z) in the parameters: (S, N, 3)."""
    z = z[:, :, 0]
    return complex_step(lambda t: log_joint(c, x[:, 0], z, t) + 0j, theta)


def score(c):
    """Part 1.1."""

    def right(x, z, theta):
        return scores(c, x, z, theta)

    def gaussian(x, z, theta):
        found = right(x, z, theta)
        r = (x[:, 0] - reading(c, z[:, :, 0])) / np.exp(theta[2])
        return np.concatenate([found[:, :, :2], (r**2 - 1)[:, :, None]], axis=2)

    def scaled(factor):
        return lambda x, z, theta: right(x, z, theta) * factor(theta)

    return Function(
        "**1.1** `score(x, z, theta)`: (N, 1), (S, N, 1) and (3,) to (S, N, 3).",
        truth=right,
        draw_case=lambda rng: (
            readings_case(c, rng)[:, None],
            rng.normal(0, 1.5, (5, 4, 1)),
            theta_case(c, rng),
        ),
        tolerance=1e-8,
        because="Two parameters belong to the prior, one to the noise: no score has a factor for "
        "what its parameter does not touch.",
        mistakes=(
            Mistake(
                scaled(lambda theta: np.exp([0, -theta[1], -theta[2]])),
                MISCONCEPTIONS["not-in-log-scale"],
            ),
            Mistake(
                scaled(lambda theta: np.array([1, 0.5, 0.5])),
                "These are derivatives in the log of the *variance*, half of those in the log of "
                "the scale.",
            ),
            Mistake(
                scaled(lambda theta: np.array([0, 0, 1])), MISCONCEPTIONS["learned-prior-forgotten"]
            ),
            Mistake(
                gaussian,
                "The third is the score of Gaussian noise, $r^2 - 1$. A Student-t's is bounded: an "
                "outlier cannot pull for ever.",
            ),
            Mistake(
                lambda x, z, theta: right(x, z, theta) + np.array([0, 1, 1]),
                "The normalisers move with the scales too: $-\\log\\tau$ and $-\\log s$ have the "
                "slope $-1$.",
            ),
            Mistake(scaled(lambda theta: -1.0), MISCONCEPTIONS["sign"]),
            Mistake(
                scaled(lambda theta: np.array([np.exp(theta[1]), 1, 1])),
                "The first lacks a factor: $(z - m)/\\tau^2$, with the square.",
            ),
        ),
        hint="Differentiate the two log densities by hand. With $r = (x - \\mathrm{read}(z))/s$, "
        "$\\log p(x \\mid z) = -\\log s - \\frac{\\nu+1}2 \\log(1 + r^2/\\nu) + \\dots$, and "
        "$dr/d\\log s = -r$.",
    )
