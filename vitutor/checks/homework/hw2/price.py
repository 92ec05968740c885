"""What it costs to draw beside the posterior, and the width that costs least."""

import numpy as np
from scipy import optimize, stats
from scipy.special import logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.integrals import line
from vitutor.checks.misconceptions import MISCONCEPTIONS


def one_plus_chi_square(c):
    """Part 2.1."""
    dim = c["dim"]

    def one_axis(shift, ratio):
        if 2 * ratio**2 <= 1:
            return np.inf
        width = 40 / np.sqrt(2 - 1 / ratio**2)
        z, weights = line(-width - 40 * shift, width + 40 * shift, n_panels=800)
        log_square = 2 * stats.norm.logpdf(z) - stats.norm.logpdf(z, shift, ratio)
        return np.exp(logsumexp(log_square, b=weights))

    def integral(shift, ratio, dim=dim):
        each = zip(shift, ratio, strict=True)
        return np.array([one_axis(d, r) * one_axis(0, r) ** (dim - 1) for d, r in each])

    def formula(shift, ratio, exponent=dim, moved=1, square=2):
        u = np.where(2 * ratio**square > 1, 2 * ratio**square - 1, np.nan)
        price = (ratio**square / np.sqrt(u)) ** exponent * np.exp(moved * shift**2 / u)
        return np.where(np.isnan(price), np.inf, price)

    def nan_where_infinite(shift, ratio):
        price = integral(shift, ratio)
        return np.where(np.isinf(price), np.nan, price)

    def the_other_way(shift, ratio):
        u = np.where(ratio**2 < 2, 2 - ratio**2, np.nan)
        price = (1 / (ratio * np.sqrt(u))) ** dim * np.exp(shift**2 / u)
        return np.where(np.isnan(price), np.inf, price)

    return Function(
        "**2.1** `one_plus_chi_square(shift, ratio)`: (B,) and (B,) to (B,).",
        truth=integral,
        draw_case=lambda rng: (
            rng.uniform(0.2, 2, 4),
            np.append(rng.uniform(0.75, 2, 3), rng.uniform(0.3, 0.69)),
        ),
        tolerance=1e-7,
        because="A shift costs an exponential, and a wider $q$ forgives it: $2c^2 - 1$ divides it.",
        mistakes=(
            Mistake(
                lambda shift, ratio: integral(shift, ratio) - 1,
                "This is $\\chi^2$; $1 + \\chi^2$ is asked for.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, exponent=1),
                "This is right in one dimension. In `hw.dim` the widths multiply, once for each.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, moved=dim),
                "The shift is counted in each dimension. It is the length of the whole shift.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, moved=0),
                "The shift is left out: this is the price of a wrong width alone.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, moved=0.5),
                "The shift's exponent is twice as large: a square of the posterior is in the "
                "integral, and only one $q$ under it.",
            ),
            Mistake(
                nan_where_infinite,
                "Right where the integral exists. Where $2c^2 \\le 1$ it is infinite: return "
                "`np.inf`.",
            ),
            Mistake(
                the_other_way,
                "The two have changed places: this is $\\int q^2/p$, the price of drawing from the "
                "posterior to learn about $q$.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, square=1),
                MISCONCEPTIONS["scale-as-variance"] + " The ratio is one of scales.",
            ),
        ),
        hint="Complete the square along the shift, $2 \\cdot \\frac{z^2}2 - \\frac{(z - "
        "\\delta)^2}{2c^2}$; the other dimensions are lesson 5's.",
    )


def best_ratio(c):
    """Part 2.2."""
    dim = c["dim"]

    def log_price(log_u, shift, dim):
        u = np.exp(log_u)
        return dim * (np.log((u + 1) / 2) - 0.5 * log_u) + shift**2 / u

    def search(shift, dim=dim):
        found = [
            optimize.minimize_scalar(
                log_price, bounds=(-3, 8), args=(d, dim), method="bounded", options={"xatol": 1e-9}
            ).x
            for d in shift
        ]
        return np.sqrt((1 + np.exp(found)) / 2)

    return Function(
        "**2.2** `best_ratio(shift)`: (B,) to the cheapest $c$, (B,).",
        truth=search,
        draw_case=lambda rng: (rng.uniform(0.3, 4, 5),),
        tolerance=1e-5,
        because="Who does not know exactly where the posterior is had better look a little wider.",
        mistakes=(
            Mistake(
                lambda shift: np.ones(len(shift)),
                "The posterior's own width is best if the mean is right. This mean is not.",
            ),
            Mistake(
                lambda shift: np.sqrt(1 + shift**2 / dim),
                "This makes $q$'s mean squared distance from the posterior's mean right, which is "
                "best for KL(p‖q). $\\chi^2$ asks for something else.",
            ),
            Mistake(
                lambda shift: search(shift, dim=1),
                "This is the best in one dimension. In `hw.dim`, width is paid for in each of "
                "them.",
            ),
            Mistake(
                lambda shift: search(shift) ** 2,
                "This is $c^2$. The ratio of the *scales* is asked for.",
            ),
            Mistake(
                lambda shift: 2 * search(shift) ** 2 - 1,
                "This is $u = 2c^2 - 1$. Take $c$ out of it.",
            ),
        ),
        hint="In $u = 2c^2 - 1$ the log price is $D \\log\\frac{u+1}2 - \\frac D2 \\log u + "
        "\\delta^2/u$. Set its derivative to zero: a quadratic equation. Or search on a fine "
        "grid, and then finer.",
    )
