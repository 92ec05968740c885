"""Slopes from draws: weighted draws of the prior, and a score with a baseline."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from vitutor.checks import Draws, Function, Mistake
from vitutor.checks.homework.hw2.scores import scores
from vitutor.checks.homework.hw2.sensor import (
    log_noise,
    log_prior,
    prior_line,
    reading,
    readings_case,
    theta_case,
)
from vitutor.checks.misconceptions import MISCONCEPTIONS


def weighted_gradient(c):
    """Part 1.4."""

    def answer(x, z, theta, *, stray=False, power=2, centred=True, naive=False, mask=1.0):
        z_flat = z[:, :, 0]
        log_w = log_noise(c, x[:, 0], z_flat, theta) + stray * log_prior(z_flat, theta)
        share = np.exp(log_w - logsumexp(log_w, axis=0))[:, :, None]
        f = scores(c, x, z, theta) * mask
        value = (share * f).sum(axis=0)
        off = f - centred * value
        if naive:
            return np.stack([value, stats.sem(f, axis=0)])
        return np.stack([value, np.sqrt((share**power * off**2).sum(axis=0))])

    def unweighted(x, z, theta):
        f = scores(c, x, z, theta)
        return np.stack([f.mean(axis=0), stats.sem(f, axis=0)])

    def draw_case(rng):
        theta = theta_case(c, rng)
        z = theta[0] + np.exp(theta[1]) * rng.standard_normal((200, 4, 1))
        return readings_case(c, rng)[:, None], z, theta

    return Function(
        "**1.4** `weighted_gradient(x, z, theta)`: (N, 1), prior draws (S, N, 1), (3,) to (2, N, "
        "3).",
        truth=answer,
        draw_case=draw_case,
        tolerance=1e-8,
        because="The weights make posterior draws of prior draws, and enter the error squared: few "
        "large ones make it large.",
        mistakes=(
            Mistake(
                lambda x, z, theta: answer(x, z, theta, stray=True),
                "The weights are $p(x, z)$. The draws come from the prior already: "
                + MISCONCEPTIONS["stray-prior"][0].lower()
                + MISCONCEPTIONS["stray-prior"][1:],
            ),
            Mistake(unweighted, MISCONCEPTIONS["weights-unused"]),
            Mistake(
                lambda x, z, theta: answer(x, z, theta, power=1),
                "The error is the posterior's standard deviation, the error of one draw. Square "
                "the normalised weights: $\\sum_s \\bar w_s^2 (f_s - \\hat\\mu)^2$.",
            ),
            Mistake(
                lambda x, z, theta: answer(x, z, theta, naive=True),
                "The error is that of an unweighted mean: it does not know that few draws hold "
                "most of the weight.",
            ),
            Mistake(
                lambda x, z, theta: answer(x, z, theta, centred=False),
                "The error's squares are taken about zero. Take them about the estimate.",
            ),
            Mistake(
                lambda x, z, theta: answer(x, z, theta) ** np.array([1, 2])[:, None, None],
                "The second row is the error's square.",
            ),
        ),
        hint="`log_w = log_likelihood(x, z, theta)`; weights that sum to one over axis 0, with an "
        "axis for the three parameters: `w[:, :, None]`.",
    )


def slope_draws(c):
    """Part 1.5."""
    m, scale, n_draws = c["theta"][0], np.exp(c["theta"][1]), 20_000
    z, weights = prior_line(c["theta"])
    mass, read = weights * np.exp(log_prior(z, c["theta"])), reading(c, z)
    from_mean = (z - m) / scale**2
    # By parts: the slope of the mean reading is the mean of the sensor's slope.
    sensor_slope = 1 - np.tanh(z) ** 2 if c["sensor"] == "tanh" else 1 / (1 + z**2)
    truth = c["reach"] * (mass @ sensor_slope)

    def largest_se(offset):
        drawn = (read - mass @ read) * from_mean
        return 1.25 * np.sqrt((mass @ drawn**2 - truth**2) / n_draws)

    return Draws(
        "**1.5** `slope_draws(offset, *, n_draws, rng)`: draws (n_draws,) of $d E[x]/dm$.",
        truth=lambda offset: truth,
        draw_case=lambda rng: (float(rng.choice([-1, 1]) * rng.uniform(10, 40)),),
        because="A score has mean zero, so a baseline takes away noise and no mean.",
        mistakes=(
            Mistake(
                lambda offset: mass @ read + offset,
                "These are draws of the reading. To make its slope of them, multiply by the score "
                "of the density they are drawn from.",
            ),
            Mistake(
                lambda offset: truth * scale,
                "The score of the prior is $(z - m)/\\tau^2$. You divided by $\\tau$.",
            ),
            Mistake(
                lambda offset: truth * scale**2,
                "The score of the prior is $(z - m)/\\tau^2$. You did not divide.",
            ),
            Mistake(
                lambda offset: truth - mass @ read - offset,
                "The baseline is subtracted from the product. Subtract it from the reading, before "
                "the score multiplies it.",
            ),
            Mistake(lambda offset: -truth, MISCONCEPTIONS["sign"]),
            Mistake(
                lambda offset: c["reach"] * sensor_slope[np.abs(z - m).argmin()],
                "This is the sensor's slope at $z = m$. " + MISCONCEPTIONS["plug-in"],
            ),
        ),
        hint="`(reading - baseline) * (z - m) / tau**2`, with z drawn from the prior.",
        largest_se=largest_se,
        too_noisy="The mean is right, and the draws are drowned in noise: the offset multiplies "
        "every score. Subtract a number from the reading that is close to its mean.",
        n_draws=n_draws,
    )
