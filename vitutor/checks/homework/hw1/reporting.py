"""What a run reports: the estimate of log p(x), its error and its bias."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS


def report(c):
    """Part 3.4."""

    def parts_of(log_w, ddof=1):
        estimate = logsumexp(log_w, axis=0) - np.log(len(log_w))
        w = np.exp(log_w - estimate)  # relative to their mean
        return estimate, stats.sem(w, axis=0, ddof=ddof)

    def truth(log_w, ddof=1, sign=1, half=0.5):
        estimate, error = parts_of(log_w, ddof)
        return np.stack([estimate, error, estimate + sign * half * error**2])

    def changed(estimate=lambda right, log_w: right, error=lambda right, log_w: right):
        def answer(log_w):
            first, second = parts_of(log_w)
            first, second = estimate(first, log_w), error(second, log_w)
            return np.stack([first, second, first + 0.5 * second**2])

        return answer

    def draw_case(rng):
        # Four data and three rows, so that an answer on its side has another shape.
        return (rng.normal([-4000, -20, 3, 900], [0.5, 1.0, 1.2, 1.5], (50, 4)),)

    return Function(
        "**3.4** `report(log_w)`: log weights (S, N) to estimate, error, corrected: (3, N).",
        truth=truth,
        draw_case=draw_case,
        tolerance=1e-8,
        because="The error of a logarithm is a relative error, and half its square is what Jensen "
        "takes.",
        mistakes=(
            Mistake(
                changed(estimate=lambda right, log_w: log_w.mean(axis=0)),
                MISCONCEPTIONS["mean-of-logs"],
            ),
            Mistake(
                changed(estimate=lambda right, log_w: right + np.log(len(log_w))),
                MISCONCEPTIONS["log-of-sum"],
            ),
            Mistake(
                changed(error=lambda right, log_w: stats.sem(log_w, axis=0)),
                MISCONCEPTIONS["error-of-logs"],
            ),
            Mistake(
                changed(error=lambda right, log_w: right * np.sqrt(len(log_w))),
                MISCONCEPTIONS["error-of-one-draw"],
            ),
            Mistake(lambda log_w: truth(log_w, ddof=0), MISCONCEPTIONS["degrees-of-freedom"]),
            Mistake(
                lambda log_w: truth(log_w, sign=-1),
                "The correction goes the wrong way. $\\log\\hat p$ is too *low* on average.",
            ),
            Mistake(
                lambda log_w: truth(log_w, half=1.0),
                "The correction lacks its ½: it is the second-order term of the logarithm.",
            ),
        ),
        hint="With `w = exp(log_w - log of their mean)` the mean of `w` is one, so the error is "
        "`w.std(axis=0, ddof=1) / sqrt(S)`. Take the largest out before any `exp`.",
    )
