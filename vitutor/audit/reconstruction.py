"""The reconstruction terms an audit knows, and how one is recognised from its values.

With x held, each kind is a combination of a few functions of recon, summed over pixels. An exact
linear solve gives the coefficients; they are read as an amplitude times the kind's own formula
with target a + b x, where a = 0 and b = 1 is what is wanted.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vitutor.audit.diagnosis import spell_sum
from vitutor.audit.solve import clean, near, solve, sums, unexplained


@dataclass(frozen=True)
class Kind:
    """One formula: `columns(r, x)` are its functions of recon, `value(r, x, a, b)` their whole.

    `read` makes (amplitude, a, b) of coefficients, None if they are not those of the formula.
    """

    formula: str
    labels: tuple
    columns: Callable
    read: Callable
    value: Callable
    family: str = "bernoulli"
    swapped: bool = False


@dataclass(frozen=True)
class Reconstruction:
    """amplitude · Σ kind's formula with target a + b x; kind None where recon changes nothing."""

    kind: Kind | None
    amplitude: float = 0.0
    a: float = 0.0
    b: float = 1.0
    residual: float = 0.0

    def value(self, point):
        """The whole term at a point, amplitude included."""
        if self.kind is None:
            return 0.0
        pixels = self.kind.value(point["recon"], point["x"], self.a, self.b)
        return self.amplitude * pixels.sum()


def recognise(measured, epsilon, kind=None):
    """Return the Reconstruction that explains the values of a loss as only recon moves.

    `kind` narrows the search to one. Raises Broken if none does, with what came closest.
    """
    moves = measured.move(9, "recon")
    if moves.spread == 0:
        return Reconstruction(None)
    closest, kinds = [], KINDS if kind is None else (kind,)
    for kind in kinds:
        columns = moves.column(lambda p, kind=kind: sums(kind.columns(p["recon"], p["x"])))
        fit = solve(columns, moves, epsilon)
        coefficients = clean(fit.coefficients)
        read = kind.read(coefficients)
        if fit.explains and read and read[0] != 0:
            amplitude, a, b = read
            return Reconstruction(kind, amplitude, a / amplitude, b / amplitude, fit.residual)
        closest.append((fit.residual, spell_sum(coefficients, kind.labels)))
    raise unexplained("the reconstruction term", "the entries of recon", closest)


def _cross_entropy(r, target):
    return -(target * np.log(r) + (1 - target) * np.log1p(-r))


def _log_normaliser(r):
    # Of the continuous Bernoulli: Loaiza-Ganem & Cunningham 2019, eq. 5.
    return np.log(2 * np.arctanh(1 - 2 * r) / (1 - 2 * r))


def _softplus(r):
    return np.logaddexp(0, r)


def _bernoulli_columns(r, x):
    return np.log(r), np.log1p(-r), x * np.log(r), x * np.log1p(-r)


def _read_bernoulli(c):
    amplitude = -(c[0] + c[1])
    return (amplitude, -c[0], -c[2]) if near(c[2], -c[3]) else None


KINDS = (
    Kind(
        "(x - recon)²",
        ("recon²", "recon", "x·recon"),
        lambda r, x: (r * r, r, x * r),
        lambda c: (c[0], -c[1] / 2, -c[2] / 2),
        lambda r, x, a, b: (a + b * x - r) ** 2,
        family="gaussian",
    ),
    Kind(
        "BCE(sigmoid(recon), x)",
        ("softplus(recon)", "recon", "x·recon"),
        lambda r, x: (_softplus(r), r, x * r),
        lambda c: (c[0], -c[1], -c[2]),
        lambda r, x, a, b: _softplus(r) - (a + b * x) * r,
    ),
    Kind(
        "BCE(recon, x)",
        ("log recon", "log(1-recon)", "x·log recon", "x·log(1-recon)"),
        _bernoulli_columns,
        _read_bernoulli,
        lambda r, x, a, b: _cross_entropy(r, a + b * x),
    ),
    Kind(
        "BCE(x, recon)",
        ("recon·log x", "recon·log(1-x)"),
        lambda r, x: (r * np.log(x), r * np.log1p(-x)),
        lambda c: (-c[0], 0.0, -c[0]) if near(c[0], -c[1]) else None,
        lambda r, x, a, b: _cross_entropy(x, r),
        swapped=True,
    ),
    Kind(
        "BCE(sigmoid(x), recon)",
        ("x·recon",),
        lambda r, x: (x * r,),
        lambda c: (-c[0], 0.0, -c[0]),
        lambda r, x, a, b: _softplus(x) - x * r,
        swapped=True,
    ),
    Kind(
        "continuous-Bernoulli NLL(recon, x)",
        ("log recon", "log(1-recon)", "x·log recon", "x·log(1-recon)", "log C(recon)"),
        lambda r, x: (*_bernoulli_columns(r, x), _log_normaliser(r)),
        lambda c: _read_bernoulli(c) if near(c[0] + c[1], c[4]) else None,
        lambda r, x, a, b: _cross_entropy(r, a + b * x) - _log_normaliser(r),
        family="continuous-bernoulli",
    ),
)
