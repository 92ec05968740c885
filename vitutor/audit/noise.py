"""Which noise a squared error stands for, and whether its normaliser is the one of that noise.

A Gaussian with noise variance v costs (x - recon)² / (2 v) + ½ log(2π v) a pixel. A loss shows
two numbers, a before the square and a constant c, and a third, b, before the KL; each hypothesis
below predicts them, and the first that does is taken. Without any constant, v is only known by
being told: the weight of the KL and the noise variance are then one number.
"""

from dataclasses import dataclass

import numpy as np

from vitutor.audit.diagnosis import Finding, spell
from vitutor.audit.solve import SAME, near

WHERE = "the reconstruction term"

_NORMALISERS = {
    "full": lambda v: np.log(2 * np.pi * v) / 2,
    "none": lambda v: 0.0,
    "without 2π": lambda v: np.log(v) / 2,
    "doubled": lambda v: np.log(2 * np.pi * v),
}

# (does the KL's factor stand before the square too, is the ½ missing there, the normaliser)
_HYPOTHESES = (
    (False, False, "full"),
    (False, False, "none"),
    (False, False, "without 2π"),
    (False, True, "full"),
    (True, False, "full"),
    (True, False, "none"),
    (True, False, "without 2π"),
    (False, True, "none"),
    (False, True, "without 2π"),
    (False, False, "doubled"),
)


@dataclass(frozen=True)
class Noise:
    """variance v, the factor both terms share, and what is wrong with the Gaussian."""

    variance: float
    factor: float = 1.0
    half_missing: bool = False
    normaliser: str = "full"
    bare: bool = False
    weight: float = 1.0

    def findings(self):
        if self.half_missing:
            yield Finding.of("recon-half-missing", WHERE)
        if self.bare:
            yield Finding.of("squared-error-without-noise", WHERE)
        if not near(self.weight, 1.0):
            yield Finding.of("beta", WHERE, f"the squared error has weight {spell(self.weight)}")
        if self.normaliser == "none":
            yield Finding.of("normaliser-missing", WHERE)
        if self.normaliser == "without 2π":
            yield Finding.of("normaliser-missing", WHERE, "½ log 2π = 0.919 nats a pixel")
        if self.normaliser == "doubled":
            yield Finding.of("normaliser-wrong", WHERE, "its ½ is missing")
        if self.normaliser == "wrong":
            yield Finding.of("normaliser-wrong", WHERE)


def infer(a, constant, b, told=None):
    """The Noise behind a square's factor a, a pixel's constant and the KL's factor b.

    `told` is the noise variance, if its author named one. `constant` is None if it is no constant
    a pixel.
    """
    if constant is None:
        return Noise(told or 1 / (2 * a), normaliser="wrong")
    without = abs(constant) < SAME
    if without and told is None:
        if b and near(2 * a, b):
            return Noise(1.0, factor=b, normaliser="none")
        return Noise(1 / (2 * a), normaliser="none", bare=near(a, 1.0))
    for shared, half_missing, normaliser in _HYPOTHESES:
        factor = b if shared else 1.0
        implied = factor * (1 + half_missing) / (2 * a)
        variance = told or implied
        if variance and near(variance, implied) and _is(constant, factor, normaliser, variance):
            return Noise(variance, factor, half_missing, normaliser)
    if told is None:
        return Noise(1 / (2 * a), normaliser="wrong")
    normaliser = next((n for n in _NORMALISERS if _is(constant, 1.0, n, told)), "wrong")
    bare = without and near(a, 1.0)
    return Noise(told, normaliser=normaliser, bare=bare, weight=1.0 if bare else 2 * a * told)


def _is(constant, factor, normaliser, variance):
    expected = factor * _NORMALISERS[normaliser](variance)
    return abs(constant - expected) < SAME * max(1.0, abs(expected))
