"""Weights under a q of the student's own."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from vitutor.checks import Draws, Mistake
from vitutor.checks.homework.hw2.sensor import (
    full_scale,
    log_evidence,
    log_prior,
    prior_line,
    reading,
)
from vitutor.checks.misconceptions import MISCONCEPTIONS


def own_weights(c):
    """Part 2.7."""
    n_draws, m, scale = 5_000, c["theta"][0], np.exp(c["theta"][1])

    def log_p(x, theta=c["theta"]):
        return float(log_evidence(c, np.array([x]), theta)[0])

    def gaussian_noise(x):
        z, weights = prior_line(c["theta"])
        noise = stats.norm.logpdf(x, reading(c, z), np.exp(c["theta"][2]))
        return logsumexp(log_prior(z, c["theta"]) + noise, b=weights)

    def changed(**entries):
        theta = {"mean": m, "log_scale": np.log(scale), "log_noise": c["theta"][2], **entries}
        return lambda x: log_p(x, np.array(list(theta.values())))

    return Draws(
        "**2.7** `own_weights(x, *, n_draws, rng)`: log weights (n_draws,) with mean weight "
        "$p(x)$.",
        truth=log_p,
        draw_case=lambda rng: (float(rng.uniform(-1.15, 1.15) * full_scale(c)),),
        because="You looked where the answer is, with tails that do not miss the rest.",
        mistakes=(
            Mistake(
                lambda x: -np.log(n_draws),
                "These weights sum to one, whatever $p(x)$ is. Self-normalised weights serve for "
                "expectations; for $p(x)$ itself they must stay as they are.",
            ),
            Mistake(
                lambda x: log_p(x) - np.log(n_draws),
                "Each weight is divided by the number of draws. Their *mean* is asked about, which "
                "divides once more.",
            ),
            Mistake(
                changed(log_scale=0.0, mean=0.0),
                "This is $p(x)$ under a standard normal prior. Yours is in `hw.theta`.",
            ),
            Mistake(changed(log_scale=2 * np.log(scale)), MISCONCEPTIONS["variance-as-scale"]),
            Mistake(changed(log_noise=2 * c["theta"][2]), MISCONCEPTIONS["variance-as-scale"]),
            Mistake(gaussian_noise, "This is $p(x)$ under Gaussian noise. Yours is Student-t."),
        ),
        hint="Is q wide enough for this x, with tails that fall no faster than the posterior's? "
        "Try a few, from far below zero to beyond the sensor's reach. And is z drawn from the very "
        "q whose log density you subtract?",
        largest_se=lambda x: 1.1 / np.sqrt(n_draws),
        too_noisy="The mean is right; fewer than 45 % of the draws count. Where is the "
        "posterior of *this* x, and how wide is it? A grid, or a few steps uphill, can tell; draw "
        "there.",
        n_draws=n_draws,
        n_cases=5,
        log=True,
    )
