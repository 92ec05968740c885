"""One ridge: space is pushed along a direction, by an amount that changes across a plane."""

from dataclasses import dataclass

import numpy as np

from vitutor import validation
from vitutor.errors import DomainError

# With it, a direction of zero leaves every point where it is.
SHIFT = np.log(np.e - 1)
BISECTIONS = 60  # of an interval that began a few units wide: the last digit


@dataclass(frozen=True, eq=False)
class PlanarFlow:
    """N maps z + push * tanh(normal · z + offset): direction and normal (N, Dz), offset (N,).

    The push is the direction, mended along the normal so that normal · push > -1, without which
    the map would fold. Reference: Rezende & Mohamed 2015, "Variational inference with normalizing
    flows", section 4.1 and appendix A.1; their m is shifted so that it keeps zero.
    """

    direction: np.ndarray
    normal: np.ndarray
    offset: np.ndarray

    def __post_init__(self):
        direction = validation.real_array("direction", self.direction, ("N", "Dz"))
        normal = validation.real_array("normal", self.normal, direction.shape)
        if not normal.any(axis=1).all():
            raise DomainError(
                "normal",
                got="a row of zeros",
                wanted="a normal to the plane",
                remedy="A direction of zeros, not a normal, makes the map do nothing.",
            )
        checked = {
            "direction": direction,
            "normal": normal,
            "offset": validation.real_array("offset", self.offset, (len(direction),)),
        }
        for name, array in checked.items():
            object.__setattr__(self, name, validation.frozen(array))

    @classmethod
    def identity(cls, n_data, latent_dim, *, rng):
        """Return maps that do nothing yet, across planes of random orientation."""
        shape = (validation.count("n_data", n_data), validation.count("latent_dim", latent_dim))
        normal = validation.generator(rng).standard_normal(shape)
        return cls(np.zeros(shape), normal, np.zeros(shape[0]))

    @property
    def shape(self):
        """(N, Dz)."""
        return self.direction.shape

    @property
    def params(self):
        """Unconstrained parameters (N, 2 Dz + 1): direction, normal, offset."""
        return np.concatenate([self.direction, self.normal, self.offset[:, None]], axis=1)

    def with_params(self, params):
        """Return the maps with these parameters (N, 2 Dz + 1)."""
        n_data, dim = self.shape
        params = validation.real_array("params", params, (n_data, 2 * dim + 1))
        return PlanarFlow(params[:, :dim], params[:, dim:-1], params[:, -1])

    def forward(self, z):
        """Move z (S, N, Dz): the new z, and log |det| of the move (S, N)."""
        push, along = self._push()
        ridge = np.tanh(self._height(z))
        return z + push * ridge[..., None], np.log1p((1 - ridge**2) * along)

    def inverse(self, z):
        """Return what forward moved to z (S, N, Dz), by bisection of the height over the plane."""
        push, along = self._push()
        target = self._height(z)
        low, high = target - np.abs(along), target + np.abs(along)
        for _ in range(BISECTIONS):
            height = (low + high) / 2
            below = height + along * np.tanh(height) < target
            low, high = np.where(below, height, low), np.where(below, high, height)
        return z - push * np.tanh((low + high) / 2)[..., None]

    def pull_back(self, z, grad, volume):
        """Gradients of grad · forward(z) + volume * log |det| in z and in the parameters."""
        push, along = self._push()
        ridge = np.tanh(self._height(z))
        slope = 1 - ridge**2
        per_volume = volume / (1 + slope * along)
        of_height = slope * (_dot(grad, push) - 2 * ridge * along * per_volume)
        # Now back through the push = direction + (along - overlap) normal / |normal|^2.
        of_push = grad * ridge[..., None]
        squares = _dot(self.normal, self.normal)
        overlap = _dot(self.direction, self.normal)
        of_excess = _dot(of_push, self.normal) / squares
        of_along = slope * per_volume + of_excess
        of_overlap = of_along * np.exp(-np.logaddexp(0.0, -overlap - SHIFT)) - of_excess
        per_normal = ((along - overlap) / squares)[:, None]
        of_normal = (
            of_height[..., None] * z
            + of_overlap[..., None] * self.direction
            + per_normal * (of_push - 2 * of_excess[..., None] * self.normal)
        )
        of_direction = of_push + of_overlap[..., None] * self.normal
        of_params = np.concatenate([of_direction, of_normal, of_height[..., None]], axis=2)
        return grad + of_height[..., None] * self.normal, of_params

    def _height(self, z):
        return _dot(z, self.normal) + self.offset

    def _push(self):
        """The push (N, Dz), and how far it goes along the normal (N,): more than -1."""
        overlap = _dot(self.direction, self.normal)
        along = np.logaddexp(0.0, overlap + SHIFT) - 1
        excess = (along - overlap) / _dot(self.normal, self.normal)
        return self.direction + excess[:, None] * self.normal, along


def _dot(a, b):
    return (a * b).sum(axis=-1)
