"""A lamp whose brightness is a Gamma variable: a latent that is integrated out by hand."""

import numpy as np
from scipy import stats
from scipy.special import gammaln, logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.integrals import line
from vitutor.checks.misconceptions import MISCONCEPTIONS


def lamp_case(c, rng, n_data=6):
    """Counts and exposures, (N,) each."""
    return rng.poisson(4, n_data), rng.uniform(0.5, 3.0, n_data)


def over_brightness(c, log_f):
    """log E[exp(log_f(z))] for z ~ Gamma(shape, rate), by an integral over u = log z."""
    u, weights = line(-30, 8)
    log_prior = stats.gamma(c["shape"], scale=1 / c["rate"]).logpdf(np.exp(u)) + u
    log_joint = log_f(np.exp(u)[:, None]) + log_prior[:, None]
    return logsumexp(log_joint, b=weights[:, None], axis=0)


def log_marginal_lamp(c):
    """Part 2.1."""
    a, b = c["shape"], c["rate"]

    def truth(x, t):
        return over_brightness(c, lambda z: stats.poisson.logpmf(x, t * z))

    return Function(
        "**2.1** `log_marginal_lamp(x, exposure)`: counts (N,) and exposures (N,) to (N,).",
        truth=truth,
        draw_case=lambda rng: lamp_case(c, rng),
        tolerance=1e-8,
        because="A negative binomial: conjugate, so the integral is a ratio of Gamma functions.",
        mistakes=(
            Mistake(
                lambda x, t: stats.nbinom.logpmf(x, a, 1 / (1 + b * t)),
                MISCONCEPTIONS["rate-as-scale"],
            ),
            Mistake(
                lambda x, t: stats.nbinom.logpmf(x, a, b / (b + 1)),
                "The exposure is left out: the rate of the count is $tz$.",
            ),
            Mistake(
                lambda x, t: stats.nbinom.logpmf(x, a, t / (b + t)),
                "The two probabilities of the negative binomial have changed places: `nbinom`'s "
                "$p$ is $b/(b + t)$.",
            ),
            Mistake(lambda x, t: stats.poisson.logpmf(x, t * a / b), MISCONCEPTIONS["plug-in"]),
            Mistake(
                lambda x, t: truth(x, t) + gammaln(x + 1),
                MISCONCEPTIONS["normaliser-missing"] + " It is $-\\log x!$.",
            ),
            Mistake(lambda x, t: np.exp(truth(x, t)), MISCONCEPTIONS["density-not-log"]),
        ),
        hint="Collect the powers of $z$ under the integral: $z^{a + x - 1} e^{-(b + t) z}$, whose "
        "integral is $\\Gamma(a + x)/(b + t)^{a + x}$. Keep every factor that has no $z$ in it.",
    )


def log_marginal_one_lamp(c):
    """Part 2.2."""
    a, b = c["shape"], c["rate"]

    def truth(x, t):
        together = over_brightness(c, lambda z: stats.poisson.logpmf(x, t * z).sum(1)[:, None])
        return together[0]

    def own(x, t):
        return stats.nbinom.logpmf(x, a, b / (b + t)).sum()

    return Function(
        "**2.2** `log_marginal_one_lamp(x, exposure)`: the counts (T,) of one lamp, to one number.",
        truth=truth,
        draw_case=lambda rng: lamp_case(c, rng),
        tolerance=1e-8,
        because="All counts together tell of one $z$, and only their sum and the whole exposure "
        "enter its integral.",
        mistakes=(
            Mistake(own, MISCONCEPTIONS["own-latents"]),
            Mistake(
                lambda x, t: stats.poisson.logpmf(x, t * a / b).sum(), MISCONCEPTIONS["plug-in"]
            ),
            Mistake(
                lambda x, t: stats.nbinom.logpmf(x.sum(), a, b / (b + t.sum())),
                "This is the probability of the *sum* of the counts, in whatever order and split "
                "it came. What was seen is each count: $\\prod_i t_i^{x_i}/x_i!$ is missing.",
            ),
            Mistake(
                lambda x, t: truth(x, t) + gammaln(x + 1).sum(),
                MISCONCEPTIONS["normaliser-missing"] + " It is $-\\sum_i \\log x_i!$.",
            ),
            Mistake(
                lambda x, t: truth(x, t) - (x * np.log(t)).sum(),
                "The factor $\\prod_i t_i^{x_i}$ is left out.",
            ),
        ),
        hint="$\\int p(z) \\prod_i p(x_i \\mid z)\\, dz$: the powers of $z$ collect to "
        "$a + \\sum_i x_i - 1$, its exponentials to $b + \\sum_i t_i$.",
    )
