"""A Gaussian bent into another density: the change of variables."""

import numpy as np
from scipy import stats

from vitutor.checks import Function, Mistake


def eps_case(rng, n_draws=8):
    """Standard normal noise (n_draws,)."""
    return (rng.normal(0, 1.2, size=n_draws),)


def bent(c):
    """Part 3.1."""

    def bend(eps):
        return np.sinh((np.arcsinh(eps) + c.skew) / c.tail)

    slope_of_u = np.log(c.tail)

    def variant(log_det=1.0, outer=True, inner=True, tail=True):
        def answer(eps):
            slope = np.log((bend(eps + 1e-30j)).imag / 1e-30)
            slope = slope - (1 - outer) * 0.5 * np.log1p(bend(eps) ** 2)
            slope = slope + (1 - inner) * 0.5 * np.log1p(eps**2) + (1 - tail) * slope_of_u
            return np.stack([bend(eps), stats.norm.logpdf(eps) - log_det * slope], axis=1)

        return answer

    return Function(
        "`bent(eps)`: z and log q(z) for each draw, (S, 2).",
        truth=variant(),
        draw_case=eps_case,
        tolerance=1e-7,
        because="The chain rule, three factors, and minus its logarithm.",
        mistakes=(
            Mistake(
                variant(log_det=-1.0),
                "The sign of the log determinant: where the map stretches, the density thins out.",
            ),
            Mistake(variant(log_det=0.0), "Without the determinant this is the density of eps."),
            Mistake(
                variant(outer=False),
                "The outer derivative is missing: sinh has the slope cosh.",
            ),
            Mistake(
                variant(inner=False),
                "The inner derivative is missing: arcsinh has the slope "
                "$1/\\sqrt{1 + \\varepsilon^2}$.",
            ),
            Mistake(variant(tail=False), "The division by `hw.tail` has a derivative too."),
            Mistake(
                lambda eps: np.stack([bend(eps), stats.norm.logpdf(bend(eps))], axis=1),
                "This is the *base* density at z. log q(z) is log q₀(ε) less the log slope.",
            ),
        ),
        hint="Check the slope by itself: for a small h the derivative of z is "
        "`(bent(eps + h)[:, 0] - bent(eps - h)[:, 0]) / (2 * h)`. Then check with which sign its "
        "log enters log q(z): where the map stretches, the density thins out.",
    )
