"""Where a loss is measured: recon, latents, sizes and batch are moved one kind at a time.

At one shape (N, D, K) the loss is measured at a base point, with only recon moved, with only mu
and logvar moved, and with everything moved. The first two show each term alone, up to a constant;
the last shows whether the terms add up. From shape to shape one size changes at a time: the factor
before a term is a power of that size, or the loss is not explained.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Shape(NamedTuple):
    """Batch size, pixels, latents."""

    n_data: int
    data_dim: int
    latent_dim: int


def shapes(data_dim=None):
    """The base shape, then each size changed alone, then all of them; data_dim may be fixed."""
    sizes = [(2, 5, 3), (3, 5, 3), (2, 7, 3), (2, 5, 4), (3, 7, 2)]
    if data_dim is None:
        return [Shape(*size) for size in sizes]
    return [Shape(n, data_dim, k) for n, d, k in sizes if (n, d, k) != (2, 7, 3)]


@dataclass(frozen=True)
class Moves:
    """Points, each a dict of recon, x, mu and logvar, with the values (M,) of the loss there."""

    points: list
    values: np.ndarray

    @property
    def spread(self):
        return np.ptp(self.values)

    def column(self, function):
        """function(point) at each point, as rows: (M, J)."""
        return np.array([function(point) for point in self.points])


class Measured:
    """A loss at one shape: its value at a base point, and what it does when arguments move."""

    def __init__(self, loss, shape, pixels):
        self._loss, self._pixels, self.shape = loss, pixels, shape
        self._rng = np.random.default_rng(shape)
        self.base = self._draw()
        self.value = loss.look(self.base)

    def move(self, n_points, *roles, start=None):
        """The Moves from `start`, the base point if not given, that draw these roles anew."""
        points = [self.base if start is None else start]
        values = [self.value if start is None else self._loss(start)]
        for _ in range(n_points):
            fresh = self._draw()
            points.append(points[0] | {role: fresh[role] for role in roles})
            values.append(self._loss(points[-1]))
        return Moves(points, np.array(values))

    def other_x(self):
        """The base point with other data."""
        return self.base | {"x": self._draw()["x"]}

    def _draw(self):
        n_data, data_dim, latent_dim = self.shape
        uniform = self._rng.uniform
        x = uniform(0.05, 0.95, (n_data, data_dim))
        x.flat[:2] = 0.3, 0.8  # so that binary pixels are never all alike
        return {
            # Legal as probabilities, logits and means; x inside (0, 1) even if it is swapped in.
            "recon": uniform(0.02, 0.98, (n_data, data_dim)),
            "x": x if self._pixels == "grey" else (x > 0.5).astype(np.float64),
            "mu": uniform(-1.5, 1.5, (n_data, latent_dim)),
            "logvar": uniform(-1.5, 1.5, (n_data, latent_dim)),
        }
