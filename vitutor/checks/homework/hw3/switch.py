"""A counter that may be off: the ELBO with a choice beside z."""

import numpy as np
from scipy.special import expit, logit, xlogy

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw3.counter import (
    average,
    counts_case,
    expected_log_poisson,
    kl_gaussian,
    log_poisson,
    plug_in,
)
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS


def off_case(rng, **options):
    """A counts_case, and a probability of being off for each count."""
    x, mean, scale = counts_case(rng, **options)
    x[rng.random(len(x)) < 0.4] = 0
    x[-1] = max(x[-1], 1)
    return x, mean, scale, rng.uniform(0.05, 0.95, size=len(x))


def elbo_off(c):
    """Part 1.3."""
    pi = c.off_probability

    def on(x, mean, scale):
        return np.log1p(-pi) + expected_log_poisson(c, x, mean, scale)

    def bound(x, mean, scale, off, entropy=1):
        of_choice = entropy * (xlogy(off, off) + xlogy(1 - off, 1 - off))
        together = off * np.log(pi) + (1 - off) * on(x, mean, scale)
        return together - of_choice - kl_gaussian(c, mean, scale)

    def truth(x, mean, scale, off):
        return bound(x, mean, scale, np.where(x == 0, off, 0.0))

    def at_best(x, mean, scale, off):
        both = np.logaddexp(np.log(pi), on(x, mean, scale))
        return np.where(x == 0, both, on(x, mean, scale)) - kl_gaussian(c, mean, scale)

    return Function(
        "`elbo_off(x, mean, scale, off)`: the ELBO with both latents, nats (N,).",
        truth=truth,
        draw_case=off_case,
        tolerance=1e-7,
        because="A sum over the switch, an integral over z, and an entropy for each.",
        mistakes=(
            Mistake(
                lambda x, m, s, off: bound(x, m, s, np.where(x == 0, off, 0.0), entropy=0),
                "The entropy of the switch is missing: $q$ has two factors, and each has its own.",
            ),
            Mistake(
                lambda x, m, s, off: bound(x, m, s, off),
                "A counter that is off cannot show $x > 0$: there the probability of off is 0, "
                "whatever `off` says.",
            ),
            Mistake(
                lambda x, m, s, off: truth(x, m, s, off) - np.where(x > 0, np.log1p(-pi), 0),
                "$\\log(1 - \\pi)$ is missing where $x > 0$: to be on was not certain beforehand.",
            ),
            Mistake(
                at_best,
                "This is the ELBO at the *best* probability of off (part 1.4). `off` is given.",
            ),
            Mistake(
                lambda x, m, s, off: bound(x, m, s, np.where(x == 0, 1 - off, 0.0)),
                "`off` is the probability of being off, not of being on.",
            ),
        ),
        hint="Write q(off) = r where x = 0 and 0 elsewhere; then E_q[log p - log q], choice by "
        "choice.",
    )


def best_off(c):
    """Part 1.4."""

    def odds(log_rate):
        def answer(x, mean, scale):
            r = expit(logit(c.off_probability) - log_rate(x, mean, scale))
            return np.where(x == 0, r, 0.0)

        return answer

    def expected(x, mean, scale):
        return expected_log_poisson(c, 0 * x, mean, scale)

    def log_of_mean(x, mean, scale):
        return np.log(average(lambda z: np.exp(log_poisson(c, 0 * x, z)), mean, scale))

    return Function(
        "`best_off(x, mean, scale)`: the probability of off that maximises the ELBO, (N,).",
        truth=odds(expected),
        draw_case=lambda rng: off_case(rng)[:3],
        tolerance=1e-7,
        because="$r \\propto \\exp E_q[\\log p]$: lesson 8's rule, with a choice for a coordinate.",
        mistakes=(
            Mistake(odds(log_of_mean), SAYS["mean-of-probabilities"]),
            Mistake(odds(lambda x, m, s: plug_in(c, 0 * x, m, s)), SAYS["plug-in-mean"]),
            Mistake(
                lambda x, m, s: expit(logit(c.off_probability) - expected(x, m, s)),
                "Where $x > 0$ the counter was on, for certain.",
            ),
            Mistake(
                lambda x, m, s: np.where(x == 0, 1 - odds(expected)(x, m, s), 0.0),
                "This is the probability of being *on*.",
            ),
            Mistake(
                lambda x, m, s: np.where(x == 0, expit(-expected(x, m, s)), 0.0),
                "The prior probability of off, `hw.off_probability`, has been forgotten.",
            ),
        ),
        hint="At x = 0 maximise r log(π/r) + (1 - r)(log((1 - π)/(1 - r)) + E_q[log p(0 | z)]).",
    )
