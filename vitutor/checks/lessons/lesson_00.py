"""Bets and questions of lesson 0, where the conventions are set."""

import numpy as np
from scipy.stats import norm

from vitutor.checks import Bet, Choice, Function, Mistake, Number

BETS = {
    "00.scale": Bet(
        "00.scale",
        "`norm(0, 0.1).logpdf(0.2)` and `multivariate_normal(0, 0.1).logpdf(0.2)`, both from "
        "`scipy.stats`: which is larger?",
        {
            "a": (
                "They are the same.",
                "They would be, if 0.1 meant the same in both.",
            ),
            "b": ("The first.", "To the first, 0.2 is two standard deviations away."),
            "c": (
                "The second.",
                "`norm` takes a standard deviation, 0.1, so 0.2 lies two of them out. "
                "`multivariate_normal` takes a variance, 0.1: a standard deviation of 0.32, "
                "and 0.2 lies well inside.",
            ),
        },
        right="c",
    ),
}


def _log_likelihood(x, z, noise_scale):
    return norm.logpdf(x[:, 0], z[:, :, 0], noise_scale)


def _draw_case(rng):
    return rng.normal(size=(3, 1)), rng.normal(size=(4, 3, 1)), rng.uniform(0.2, 0.6)


QUESTIONS = {
    "00.1": Number(
        "**Question 1.** What is $\\log \\mathcal N(1;\\, 0,\\, \\Sigma = 4)$, the log density at 1 of a "
        "Gaussian with mean 0 and **covariance** 4, in nats, to three decimals?",
        truth=norm(0, 2).logpdf(1),
        tolerance=1e-3,
        because="A covariance of 4 is a scale of 2: $-\\frac12 (1/2)^2 - \\log 2 - \\frac12\\log 2\\pi$.",
        mistakes=(
            Mistake(
                norm(0, 4).logpdf(1),
                "You used 4 as the standard deviation. $\\Sigma$ is a covariance: the scale is its "
                "root, 2.",
            ),
            Mistake(
                -0.5 / 4 - np.log(2),
                "The constant $-\\frac12\\log 2\\pi$ is missing. In this course constants are always "
                "included: without them a log density is not one.",
            ),
            Mistake(
                -1 / 4 - np.log(2) - 0.5 * np.log(2 * np.pi),
                "The ½ in front of the square is missing.",
            ),
            Mistake(
                -0.5 / 4 - 0.5 * np.log(2) - 0.5 * np.log(2 * np.pi),
                "You subtracted $\\frac12 \\log$ of the *scale*. It is $\\log$ of the scale, or "
                "$\\frac12\\log$ of the covariance.",
            ),
            Mistake(
                norm(0, 2).logpdf(1) / np.log(2),
                "This is in bits. The course counts in nats, natural logarithms.",
            ),
            Mistake(norm(0, 2).pdf(1), "This is the density; its logarithm is asked for."),
            Mistake(
                -0.5 / 4,
                "Only the square is there: the normaliser, $-\\frac12\\log\\Sigma - \\frac12\\log 2\\pi$, "
                "is missing.",
            ),
            Mistake(
                -0.5 / 4 - np.log(4) - 0.5 * np.log(2 * np.pi),
                "You subtracted $\\log\\Sigma$. It is half of that: $\\log$ of the scale.",
            ),
        ),
        hint="$-\\frac12 x^2/\\Sigma - \\frac12 \\log \\Sigma - \\frac12 \\log 2\\pi$.",
    ),
    "00.2": Choice(
        "**Question 2.** An estimate prints as `-5.108 ± 0.004  (ESS 986 of 1000)`. What does it tell you?",
        {
            "a": (
                "The true value lies between −5.112 and −5.104.",
                "In one case of three it does not. A standard error is no bound.",
            ),
            "b": (
                "In repeated experiments, about two answers of three come within 0.004 of their mean.",
                "That is what a standard error says. Whether the mean is the truth is another "
                "question, that of bias.",
            ),
            "c": (
                "The model explains the datum with an accuracy of 0.004.",
                "The error is that of our *computation*. The model may be as wrong as it likes.",
            ),
        },
        right="b",
    ),
    "00.3": Function(
        "**Question 3.** Write `log_likelihood(x, z, noise_scale)` for the model "
        "$x \\mid z \\sim \\mathcal N(z, \\text{noise\\_scale}^2)$, with `x` of shape (N, 1) and `z` of "
        "shape (S, N, 1). It returns shape (S, N).",
        truth=_log_likelihood,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="Draws first, data second; the event, last, has been summed away.",
        mistakes=(
            Mistake(
                lambda x, z, s: norm.logpdf(x[:, 0], z[:, :, 0], s**2),
                "You used the variance where the density takes a standard deviation: "
                "`norm.logpdf` wants the scale.",
            ),
            Mistake(
                lambda x, z, s: norm.logpdf(x[:, 0], z[:, :, 0], np.sqrt(s)),
                "You took a root. `noise_scale` is a standard deviation already.",
            ),
            Mistake(
                lambda x, z, s: -0.5 * ((x[:, 0] - z[:, :, 0]) / s) ** 2,
                "Only the square is there. The normaliser, $-\\log\\sigma - \\frac12\\log 2\\pi$, is "
                "missing.",
            ),
            Mistake(
                lambda x, z, s: _log_likelihood(x, z, s) + 0.5 * np.log(2 * np.pi),
                "The constant $-\\frac12\\log 2\\pi$ is missing.",
            ),
            Mistake(
                lambda x, z, s: norm.pdf(x[:, 0], z[:, :, 0], s),
                "This is the density. Its logarithm is wanted.",
            ),
        ),
        hint="`scipy.stats.norm.logpdf(x[:, 0], z[:, :, 0], noise_scale)` has the right shape by "
        "broadcasting: (N,) against (S, N).",
    ),
}
