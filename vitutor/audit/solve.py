"""One linear solve, and whether it explains every value."""

from typing import NamedTuple

import numpy as np

from vitutor.audit.calling import Broken

# A stabiliser, log(recon + 1e-8), moves values by less than this; a mistake moves them by 1e-2.
TOLERANCE = 1e-5
# Where rounding alone makes errors as large as this, nothing can be recognised.
HOPELESS = 1e-3
# Two coefficients closer than this are one: no mistake changes one by so little.
SAME = 1e-3


class Fit(NamedTuple):
    """Coefficients (J,), and the largest error relative to how far the values spread."""

    coefficients: np.ndarray
    residual: float
    explains: bool


def solve(columns, moves, epsilon):
    """Fit the values of `moves` (M,) by columns (M, J) and a constant, M being more than J + 1.

    `epsilon` is the rounding of the audited function. Values that do not move have coefficients
    of zero.
    """
    if moves.spread == 0:
        return Fit(np.zeros(columns.shape[1]), 0.0, True)
    if not np.isfinite(columns).all():
        return Fit(np.zeros(columns.shape[1]), np.inf, False)
    design = columns - columns.mean(axis=0)
    target = moves.values - moves.values.mean()
    coefficients = np.linalg.lstsq(design, target)[0]
    residual = float(np.abs(target - design @ coefficients).max() / moves.spread)
    allowed = tolerance(moves, epsilon)
    return Fit(coefficients, residual, residual < allowed < HOPELESS)


def tolerance(moves, epsilon):
    """The relative error that stabilisers and rounding may make."""
    return TOLERANCE + 30 * epsilon * np.abs(moves.values).max() / max(moves.spread, 1e-300)


def near(a, b):
    """Whether two coefficients are the same number."""
    return bool(abs(a - b) <= SAME * max(abs(a), abs(b)))


def clean(coefficients):
    """Coefficients with zero for those that do not matter beside the largest."""
    coefficients = np.asarray(coefficients)
    small = np.abs(coefficients) < SAME * np.abs(coefficients).max()
    return tuple(np.where(small, 0.0, coefficients).tolist())


def sums(columns):
    """Each of the columns summed over data and pixels or latents."""
    return [column.sum() for column in columns]


def unexplained(where, moved, closest):
    """Broken, with the nearest of what was tried: pairs of residual and formula."""
    residual, formula = min(closest)
    if residual < HOPELESS:
        detail = f"when only {moved} change, it follows {formula}, which is none of them"
    else:
        detail = (
            f"when only {moved} change, the nearest is {formula}, and it misses by "
            f"{100 * residual:.2g} % of how far the values move"
        )
    return Broken("unexplained", detail, where)
