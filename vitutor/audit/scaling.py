"""How the factor before a term changes with batch, data and latent size: over what it is a mean."""

from dataclasses import dataclass

import numpy as np

from vitutor.audit.calling import Broken
from vitutor.audit.solve import SAME


@dataclass(frozen=True)
class Amplitude:
    """factor · N^i D^j K^k with powers (i, j, k); factor 0 for a term that is not there."""

    factor: float = 0.0
    powers: tuple = (0, 0, 0)


def amplitude(values, shapes, where):
    """The Amplitude that gives all values (M,) at their shapes (N, D, K); Broken if none does."""
    if not any(values):
        return Amplitude()
    sizes = np.log(np.array(shapes, dtype=float))
    varies = np.ptp(sizes, axis=0) > 0
    design = np.column_stack([np.ones(len(values)), sizes[:, varies]])
    powers = np.zeros(3, dtype=int)
    powers[varies] = np.rint(np.linalg.lstsq(design, np.log(np.abs(values)))[0][1:])
    factors = np.array(values) / np.exp(sizes @ powers)
    if not np.allclose(factors, factors[0], rtol=SAME):
        raise Broken("unexplained", "its factor is no power of N, D and K", where)
    factor = float(factors[0])
    data_dim = shapes[0][1]
    # One size of data only: a mean over its pixels looks like a factor, too small by D.
    if not varies[1] and abs(np.log(abs(factor) * data_dim)) < abs(np.log(abs(factor))):
        powers[1], factor = -1, factor * data_dim
    return Amplitude(factor, tuple(powers.tolist()))
