"""First and second derivatives of log p(x)."""

import numpy as np
from scipy.special import logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.derivatives import complex_step
from vitutor.checks.homework.hw2.scores import scores
from vitutor.checks.homework.hw2.sensor import (
    log_evidence,
    log_joint,
    log_prior,
    prior_line,
    readings_case,
    theta_case,
)
from vitutor.checks.misconceptions import MISCONCEPTIONS


def _posterior(c, x, theta):
    """Nodes z (G, 1) and the posterior's mass there (G, N)."""
    z, weights = prior_line(theta)
    log_p = log_joint(c, x, z[:, None], theta) + np.log(weights)[:, None]
    return z[:, None], np.exp(log_p - logsumexp(log_p, axis=0))


def _gradient(c, x, theta):
    """Slopes of log p(x) in the parameters, without any formula: (N, 3)."""
    return complex_step(lambda t: log_evidence(c, x[:, 0], t), theta)


def grad_log_evidence(c):
    """Part 1.2."""

    def average(x, theta, mass_of):
        z, mass = _posterior(c, x[:, 0], theta)
        at = np.broadcast_to(z[:, :, None], (len(z), len(x), 1))
        return np.einsum("gn,gnm->nm", mass_of(z, mass), scores(c, x, at, theta))

    def right(x, theta):
        return _gradient(c, x, theta)

    def over_prior(z, mass, theta):
        _, weights = prior_line(theta)
        return np.broadcast_to(weights[:, None] * np.exp(log_prior(z, theta)), mass.shape)

    return Function(
        "**1.2** `grad_log_evidence(x, theta)`: (N, 1) and (3,) to (N, 3).",
        truth=right,
        draw_case=lambda rng: (readings_case(c, rng)[:, None], theta_case(c, rng)),
        tolerance=1e-4,
        because="Fisher's identity with a learned prior: the score is that of $\\log p(x, z)$.",
        mistakes=(
            Mistake(
                lambda x, theta: average(x, theta, lambda z, mass: over_prior(z, mass, theta)),
                MISCONCEPTIONS["prior-average"],
            ),
            Mistake(
                lambda x, theta: average(
                    x, theta, lambda z, mass: mass * np.exp(log_prior(z, theta))
                ),
                MISCONCEPTIONS["stray-prior"],
            ),
            Mistake(
                lambda x, theta: right(x, theta) * np.array([0, 0, 1]),
                MISCONCEPTIONS["learned-prior-forgotten"],
            ),
            Mistake(
                lambda x, theta: right(x, theta) * np.exp(log_evidence(c, x[:, 0], theta))[:, None],
                MISCONCEPTIONS["gradient-of-p"],
            ),
            Mistake(
                lambda x, theta: right(x, theta) * np.exp([0, -theta[1], -theta[2]]),
                MISCONCEPTIONS["not-in-log-scale"],
            ),
        ),
        hint="On a grid of z, of shape (G, 1, 1): `log_joint`, made to sum to one over axis 0, "
        "times `score`. The noise is narrow: is the grid fine enough? A finite difference of log "
        "p(x) tells.",
    )


def curvature(c):
    """Part 1.3."""

    def right(x, theta):
        nudge = np.array([1e-4, 0, 0])
        above, below = (_gradient(c, x, theta + sign * nudge)[:, 0] for sign in (1, -1))
        return (above - below) / 2e-4

    def complete(theta):
        return -np.exp(-2 * theta[1])

    def squared_slope(x, theta):
        return _gradient(c, x, theta)[:, 0] ** 2

    return Function(
        "**1.3** `curvature(x, theta)`: (N, 1) and (3,) to $d^2 \\log p(x)/dm^2$, shape (N,).",
        truth=right,
        draw_case=lambda rng: (readings_case(c, rng)[:, None], theta_case(c, rng)),
        tolerance=5e-4,
        because="What a known $z$ would tell, less what is lost because it is not known (Louis "
        "1982).",
        mistakes=(
            Mistake(
                lambda x, theta: np.full(len(x), complete(theta)),
                "This is the curvature as if $z$ were known. The variance of the score over the "
                "posterior has to be added: it is what is not known.",
            ),
            Mistake(
                lambda x, theta: 2 * complete(theta) - right(x, theta),
                "The variance of the score is taken off. Not knowing $z$ makes the curve "
                "*flatter*.",
            ),
            Mistake(
                lambda x, theta: right(x, theta) - complete(theta),
                "This is the variance of the score alone. The mean of the second derivative, "
                "$-1/\\tau^2$, is missing.",
            ),
            Mistake(
                lambda x, theta: right(x, theta) + squared_slope(x, theta),
                "The mean *square* of the score stands where its variance belongs: this is the "
                "second derivative of $p(x)$, over $p(x)$.",
            ),
            Mistake(lambda x, theta: -right(x, theta), MISCONCEPTIONS["sign"]),
        ),
        hint="$E[-1/\\tau^2] + \\operatorname{Var}[(z - m)/\\tau^2]$, both under the posterior.",
    )
