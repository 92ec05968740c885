"""Bets and questions of lesson 5, importance sampling."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number
from vitutor.numerics import logmeanexp

BETS = {
    "05.best": Bet(
        "05.best",
        "In 20 dimensions we draw from $q$ = the posterior itself. How many draws are needed for six "
        "digits of $\\log p(x)$?",
        {
            "a": (
                "About a million.",
                "Too few, by far, when the weights vary; and too many when they do not.",
            ),
            "b": ("About a thousand.", "Fewer: ask how much the weights vary."),
            "c": (
                "One.",
                "The weight $p(x, z)/p(z \\mid x)$ is $p(x)$ for every $z$, so the first draw has it.",
            ),
        },
        right="c",
    ),
    "05.lie": Bet(
        "05.lie",
        "$q$ has 0.4 of the posterior's scale. In how many of the 500 runs will the truth lie within "
        "**two** of the standard errors that the run itself reports?",
        {
            "a": ("About 95 %.", "So it would be if the standard error were what it claims."),
            "b": ("About 80 %.", "Lower still."),
            "c": (
                "About half.",
                "The usual 95 % supposes that the error bar knows about the draws that were missed.",
            ),
        },
        right="c",
    ),
}


def _log_w(log_joint, q, z):
    return log_joint(z) - q.log_prob(z)


class _CaseQ:
    def __init__(self, mean, scale):
        self.mean, self.scale = mean, scale

    def log_prob(self, z):
        standardised = (z - self.mean) / self.scale
        return (-0.5 * standardised**2 - np.log(self.scale) - 0.5 * np.log(2 * np.pi)).sum(axis=2)


def _draw_case(rng):
    shift = rng.normal()
    q = _CaseQ(rng.normal(size=(3, 2)), rng.uniform(0.5, 2, (3, 2)))
    return (lambda z: -1000 - ((z - shift) ** 2).sum(axis=2)), q, rng.normal(size=(3, 3, 2))


def _evidence(log_joint, q, z):
    log_w = _log_w(log_joint, q, z)
    return logmeanexp(log_w)


_NEEDED = ((1.2**2 / np.sqrt(2 * 1.2**2 - 1)) ** 10 - 1) / 0.05**2
_ONE = 1.2**2 / np.sqrt(2 * 1.2**2 - 1)

QUESTIONS = {
    "05.1": Number(
        "**Question 1.** The posterior is Gaussian in **10** dimensions, and $q$ has its mean and **1.2** "
        "times its scale. How many draws are needed for a relative error of **5 %** in $p(x)$? (Within "
        "2 % of the exact count.)",
        truth=_NEEDED,
        tolerance=0.02 * _NEEDED,
        because="$\\big((c^2/\\sqrt{2c^2-1})^{10} - 1\\big)/0.05^2$: about 250. From the prior of "
        "lesson 3 it would be more than five million.",
        mistakes=(
            Mistake(
                10 * (_ONE - 1) / 0.05**2,
                "You added the dimensions up; $1+\\chi^2$ multiplies.",
            ),
            Mistake(
                (_ONE**10 - 1) / 0.05,
                "The relative error is the *root* of $\\chi^2/S$: square the 5 %.",
            ),
            Mistake(
                ((1.2 / np.sqrt(2 * 1.2 - 1)) ** 10 - 1) / 0.05**2,
                "You put 1.2 where $c^2$ belongs: 1.2 is the ratio of the *scales*.",
            ),
            Mistake(
                _ONE**10 / 0.05**2, "You took $1+\\chi^2$ for $\\chi^2$: take the 1 off at the end."
            ),
            Mistake(
                (_ONE - 1) / 0.05**2,
                "That is the count for one dimension.",
            ),
        ),
        hint="$1+\\chi^2 = c^2/\\sqrt{2c^2-1}$ per dimension, to the 10th power; then $S = \\chi^2/0.05^2$.",
    ),
    "05.2": Choice(
        "**Question 2.** A colleague fits a $q$, runs importance sampling once, and reports $-812.440 \\pm 0.008$ with an "
        "ESS of 940 of 1000 and a Pareto $k$ of 0.1. What may still be wrong?",
        {
            "a": (
                "Nothing: ESS and $k$ are both excellent.",
                "Both are computed from draws of $q$, and know nothing of places where $q$ does not go.",
            ),
            "b": (
                "$q$ may miss a part of the posterior altogether, and the estimate be too low.",
                "A missed mode is invisible in the weights. Draws started elsewhere, a wider $q$, or "
                "knowledge of the model must look for it.",
            ),
            "c": (
                "The estimate may be far too high, since importance sampling overestimates.",
                "$\\hat p$ is unbiased, its logarithm is biased *down*, and what is missed makes it lower.",
            ),
        },
        right="b",
    ),
    "05.3": Function(
        "**Question 3.** Write `log_evidence(log_joint, q, z)`: `log_joint(z)` and `q.log_prob(z)` return "
        "(S, N) for draws `z` of `q`; return the importance estimate of $\\log p(x)$, shape (N,).",
        truth=_evidence,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="The log of the mean of the weights, over the draws.",
        mistakes=(
            Mistake(
                lambda log_joint, q, z: _log_w(log_joint, q, z).mean(axis=0),
                "This is the mean of the logs. It is always lower than the log of the mean, and lesson 6 "
                "is about it.",
            ),
            Mistake(
                lambda log_joint, q, z: logmeanexp(log_joint(z)),
                "The division by $q$ is missing: the draws come from $q$, and this average pretends they "
                "were spread evenly.",
            ),
            Mistake(
                lambda log_joint, q, z: logmeanexp(log_joint(z) + q.log_prob(z)),
                "You multiplied by $q$ instead of dividing: subtract `q.log_prob(z)`.",
            ),
            Mistake(
                lambda log_joint, q, z: _evidence(log_joint, q, z) + np.log(len(z)),
                "This is the log of the *sum*: too high by $\\log S$.",
            ),
            Mistake(
                lambda log_joint, q, z: logmeanexp(_log_w(log_joint, q, z).T),
                "You averaged over the data. The draws are the first axis.",
            ),
            Mistake(
                lambda log_joint, q, z: np.full(3, -np.inf),
                "$\\exp(-1000)$ is zero to the machine. Take the largest log weight out of the mean first, and "
                "put it back afterwards.",
            ),
        ),
        hint="`log_w = log_joint(z) - q.log_prob(z)`, then the log of the mean of its exponentials over "
        "`axis=0`.",
    ),
}
