"""The posterior's mass where q never draws."""

import numpy as np
from scipy.special import logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw2.sensor import log_joint, log_prior, prior_line, readings_case
from vitutor.checks.homework.integrals import line


def missed(c):
    """Part 2.5."""

    def share(x, low, high, log_density):
        z, weights = prior_line(c["theta"])
        outside = (z < low) | (z > high)
        # Panels do not end at the edges, so the part inside is integrated by itself.
        inside, inner_weights = line(low, high)
        log_all = logsumexp(log_density(x[:, 0], z[:, None]), b=weights[:, None], axis=0)
        log_in = logsumexp(log_density(x[:, 0], inside[:, None]), b=inner_weights[:, None], axis=0)
        assert outside.any()
        return -np.expm1(log_in - log_all)

    def posterior(x, z):
        return log_joint(c, x, z, c["theta"])

    def prior(x, z):
        return log_prior(z, c["theta"]) + 0 * x

    def right(x, low, high):
        return share(x, low, high, posterior)

    def draw_case(rng):
        low = float(rng.uniform(-2, 0.0))
        return readings_case(c, rng, 4)[:, None], low, float(low + rng.uniform(0.5, 2))

    return Function(
        "**2.5** `missed(x, low, high)`: (N, 1) and two numbers to the share missed, (N,).",
        truth=right,
        draw_case=draw_case,
        tolerance=5e-3,
        because="$E_q[w] = p(x)\\,(1 - \\text{missed})$: what the estimate converges to, with "
        "every sign of health.",
        mistakes=(
            Mistake(
                lambda x, low, high: 1 - right(x, low, high),
                "This is the share that is found. The one that is missed is asked for.",
            ),
            Mistake(
                lambda x, low, high: share(x, low, high, prior),
                "This is the *prior's* mass outside. What is missed depends on the datum: it is "
                "the posterior's.",
            ),
            Mistake(
                lambda x, low, high: np.log1p(-right(x, low, high)),
                "This is the error of $\\log p(x)$, a logarithm. The share itself is asked for.",
            ),
        ),
        hint="On a fine grid: the sum of p(x, z) over the points outside, over the sum over all. "
        "If that is what you did: where an edge cuts through a narrow posterior, how much of it "
        "lies within one step of your grid?",
    )
