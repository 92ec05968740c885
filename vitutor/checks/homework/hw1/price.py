"""What an estimate by draws costs: the relative variance of one weight, and of products."""

import numpy as np
from scipy import stats

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw1.lamp import lamp_case, over_brightness
from vitutor.checks.misconceptions import MISCONCEPTIONS


def _chi_square(c, x, t):
    """The relative variance of one weight, by integrals over the brightness."""

    def log_power(power):
        return over_brightness(c, lambda z: power * stats.poisson.logpmf(x, t * z))

    return np.expm1(log_power(2) - 2 * log_power(1))


def chi_square(c):
    """Part 3.2."""
    a, b = c["shape"], c["rate"]

    def swapped(x, t):
        return _chi_square({"shape": a, "rate": 1 / b}, x, t)

    def absolute(x, t):
        return _chi_square(c, x, t) * stats.nbinom.pmf(x, a, b / (b + t)) ** 2

    return Function(
        "**3.2** `chi_square(x, exposure)`: counts (N,) and exposures (N,) to $\\chi^2$, shape "
        "(N,).",
        truth=lambda x, t: _chi_square(c, x, t),
        draw_case=lambda rng: lamp_case(c, rng),
        tolerance=1e-6,
        because="The square of a Poisson density is, but for constants, one again: the same "
        "integral with $2x$ and $2t$.",
        mistakes=(
            Mistake(lambda x, t: 1 + _chi_square(c, x, t), MISCONCEPTIONS["chi-square-and-one"]),
            Mistake(absolute, MISCONCEPTIONS["variance-not-relative"]),
            Mistake(lambda x, t: np.sqrt(_chi_square(c, x, t)), MISCONCEPTIONS["root-of-variance"]),
            Mistake(swapped, MISCONCEPTIONS["rate-as-scale"]),
            Mistake(
                lambda x, t: _chi_square(c, x, np.ones_like(t)),
                "The exposure is left out: the rate of the count is $tz$.",
            ),
            Mistake(
                lambda x, t: _chi_square(c, x, t) / c["n_draws"],
                "This is divided by a number of draws. $\\chi^2$ is the relative variance of *one* "
                "weight.",
            ),
        ),
        hint="$1 + \\chi^2 = E[p(x \\mid z)^2]/p(x)^2$. In $E[p(x \\mid z)^2]$ collect the powers "
        "of $z$: $a + 2x - 1$, and $b + 2t$ in the exponential. The logs of Gamma functions do not "
        "overflow.",
    )


def relative_variances(c):
    """Part 3.3."""
    n = c["n_draws"]

    def both(together, apart):
        return lambda chi: np.array([together(chi), apart(chi)])

    def together(chi):
        return np.expm1(np.log1p(chi).sum()) / n

    def apart(chi):
        return np.expm1(np.log1p(chi / n).sum())

    return Function(
        "**3.3** `relative_variances(chi)`: the $\\chi^2$ of D lamps (D,) to two numbers, shape "
        "(2,).",
        truth=both(together, apart),
        draw_case=lambda rng: (rng.uniform(0.5, 8, 6),),
        tolerance=1e-9,
        because="To average products costs the product of the $1 + \\chi_d^2$; to multiply "
        "averages costs about the sum of the $\\chi_d^2$, while $S$ is far larger than that. "
        "Structure, once more.",
        mistakes=(
            Mistake(both(lambda chi: chi.sum() / n, apart), MISCONCEPTIONS["dimensions-added"]),
            Mistake(
                both(together, lambda chi: chi.sum() / n),
                "$\\sum_d \\chi_d^2/S$ is the leading term of the second number. It is asked for "
                "exactly: a product of independent averages, each with relative variance "
                "$\\chi_d^2/S$.",
            ),
            Mistake(
                lambda chi: both(together, apart)(chi)[::-1],
                "Right, and in the wrong order: first the average of products.",
            ),
            Mistake(
                both(lambda chi: n * together(chi), apart),
                "The first is the variance of one draw's product. An average of $S$ has $1/S$ of "
                "it.",
            ),
            Mistake(
                both(lambda chi: (together(chi) * n + 1) / n, apart),
                MISCONCEPTIONS["chi-square-and-one"],
            ),
            Mistake(
                both(lambda chi: chi.prod() / n, apart),
                "The $\\chi^2$ do not multiply; the $1 + \\chi^2$ do.",
            ),
            Mistake(
                lambda chi: np.sqrt(both(together, apart)(chi)), MISCONCEPTIONS["root-of-variance"]
            ),
        ),
        hint="A relative second moment, $E[\\hat p^2]/p^2$, is one plus the relative variance, "
        "and for independent factors these multiply.",
    )
