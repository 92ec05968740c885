"""The KL terms an audit knows, and how one is recognised from its values.

A KL between Gaussians is a sum over latents of three functions: ½ mu², ½ v and -½ log v forward,
½ mu²/v, ½ 1/v and +½ log v reversed, where v = exp(logvar), or what was mistaken for it. An exact
linear solve gives the three coefficients; all 1 is a KL, and each way to differ has a name. If no
three coefficients do, each latent gets its own, and with them its own target N(m_j, s_j²).
"""

from dataclasses import dataclass

import numpy as np

from vitutor.audit.diagnosis import spell_sum
from vitutor.audit.solve import SAME, clean, near, solve, sums, unexplained


@dataclass(frozen=True)
class Space:
    """v = exp(power · logvar), the KL forward or reversed, mu and logvar as named or swapped."""

    power: float = 1.0
    reverse: bool = False
    swapped: bool = False

    def spell(self, ratios):
        """The formula with its three parts times `ratios`."""
        mu, logvar = ("logvar", "mu") if self.swapped else ("mu", "logvar")
        scaled = logvar if self.power == 1 else f"{self.power:g}·{logvar}"
        sign = -1 if not self.reverse else 1
        parts = (f"{mu}²", f"exp({scaled})", logvar)
        if self.reverse:
            parts = (f"{mu}²·exp(−{scaled})", f"exp(−{scaled})", logvar)
        square, spread, log = (ratio / 2 for ratio in ratios)
        return spell_sum((square, spread, sign * log), parts)

    def columns(self, point):
        """Three functions of each latent (N, K), and the one a target with a mean adds."""
        mu, logvar = point["mu"], point["logvar"]
        if self.swapped:
            mu, logvar = logvar, mu
        v = np.exp(self.power * logvar)
        if self.reverse:
            return mu**2 / v / 2, 1 / v / 2, logvar / 2, -mu / v
        return mu**2 / 2, v / 2, -logvar / 2, -mu


SPACES = tuple(
    Space(power, reverse, swapped)
    for swapped in (False, True)
    for reverse in (False, True)
    for power in (1.0, 2.0, 0.5)
)

# What a part of the KL may be multiplied by: forgotten, sign lost, a factor of two.
RATIOS = ((0.0, 1.0, 2.0, -1.0), (0.0, 1.0, 2.0, -1.0), (0.0, 1.0, 2.0, 0.5, -1.0))


@dataclass(frozen=True)
class Divergence:
    """weight · Σ KL in a space, its three parts times `ratios`, to N(mean, variance).

    `space` is None where mu and logvar change nothing. mean and variance are (N, K), or 0 and 1.
    """

    space: Space | None
    weight: float = 0.0
    ratios: tuple = (1.0, 1.0, 1.0)
    mean: np.ndarray | float = 0.0
    variance: np.ndarray | float = 1.0
    residual: float = 0.0

    @property
    def standard(self):
        """Whether the target is N(0, I)."""
        return isinstance(self.mean, float)

    def value(self, point):
        """The whole term at a point, weight and constant included."""
        if self.space is None:
            return 0.0
        square, spread, log, slope = self.space.columns(point)
        if self.space.reverse:
            factors = (1.0, self.variance + self.mean**2, 1.0, self.mean)
            constant = -(1 + np.log(self.variance)) / 2
        else:
            factors = (1 / self.variance, 1 / self.variance, 1.0, self.mean / self.variance)
            constant = (self.mean**2 / self.variance + np.log(self.variance) - 1) / 2
        ratios = (*self.ratios, 1.0)
        parts = zip(ratios, factors, (square, spread, log, slope), strict=True)
        latents = sum(ratio * factor * part for ratio, factor, part in parts) + constant
        return self.weight * latents.sum()


def recognise(measured, epsilon, space=None):
    """Return the Divergence that explains the values of a loss as only mu and logvar move.

    `space` narrows the search to one. Raises Broken if none does, with what came closest.
    """
    moves = measured.move(8, "mu", "logvar")
    if moves.spread == 0:
        return Divergence(None)
    closest, spaces = [], SPACES if space is None else (space,)
    for space in spaces:
        fit = solve(moves.column(lambda p, s=space: sums(s.columns(p)[:3])), moves, epsilon)
        coefficients = clean(fit.coefficients)
        found = read(coefficients, space.power)
        if fit.explains and found:
            return Divergence(space, *found, residual=fit.residual)
        closest.append((fit.residual, space.spell(coefficients)))
    if divergence := recognise_targets(measured, epsilon, spaces):
        return divergence
    raise unexplained("the KL term", "mu and logvar", closest)


def recognise_targets(measured, epsilon, spaces, start=None):
    """The Divergence to a Gaussian of its own for each latent, moving from `start`, or None."""
    moves = measured.move(3 * measured.base["mu"].size + 6, "mu", "logvar", start=start)
    found = (_with_targets(moves, epsilon, space) for space in spaces)
    return next(filter(None, found), None)


def read(coefficients, power):
    """(weight, ratios) with the fewest parts out of order, at most one; None if there is none."""
    found = []
    for weight in filter(None, coefficients):
        ratios = [
            next((r for r in allowed if near(c, r * weight)), None)
            for c, allowed in zip(coefficients, RATIOS, strict=True)
        ]
        if None not in ratios:
            # Mistaking v for its square doubles the log with it: no second mistake.
            odd = sum(r != 1 for r in ratios[:2]) + (ratios[2] not in (1.0, power))
            found.append((odd, -abs(weight), weight, tuple(ratios)))
    if not found or min(found)[0] > 1:
        return None
    return min(found)[2:]


def _with_targets(moves, epsilon, space):
    def columns(point):
        square, spread, log, slope = space.columns(point)
        return np.concatenate([square.ravel(), spread.ravel(), slope.ravel(), [log.sum()]])

    fit = solve(moves.column(columns), moves, epsilon)
    shape = moves.points[0]["mu"].shape
    square, spread, slope = fit.coefficients[:-1].reshape(3, *shape)
    log = fit.coefficients[-1]
    if space.reverse:
        weight = square.mean()
        mean = slope / weight
        variance = spread / weight - mean**2
        consistent = np.allclose(square, weight, rtol=SAME)
        parts = read(clean([weight, weight, log]), space.power)
    else:
        weight = log / space.power
        variance, mean = weight / square, slope / square
        consistent = np.allclose(square, spread, rtol=SAME)
        parts = (weight, (1.0, 1.0, space.power))
    if not (fit.explains and consistent and parts and (variance > 0).all()):
        return None
    return Divergence(space, *parts, mean, variance, fit.residual)
