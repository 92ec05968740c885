"""Half of the coordinates stretch and shift the other half, by any amount that they like."""

from dataclasses import dataclass

import numpy as np

from vitutor import validation
from vitutor.errors import DomainError


@dataclass(frozen=True, eq=False)
class AffineCoupling:
    """N maps that keep one half of z, and turn the other into other * exp(log_scale) + shift.

        log_scale, shift = out_weight tanh(in_weight kept + in_bias) + out_bias

    The kept half is the first Dz // 2 coordinates, or with `flip` the rest. in_weight (N, H, Dk),
    in_bias (N, H), out_weight (N, 2 Dm, H), out_bias (N, 2 Dm), where Dk + Dm = Dz.
    Reference: Dinh, Sohl-Dickstein & Bengio 2017, "Density estimation using Real NVP", section 3.
    """

    in_weight: np.ndarray
    in_bias: np.ndarray
    out_weight: np.ndarray
    out_bias: np.ndarray
    flip: bool = False

    def __post_init__(self):
        in_weight = validation.real_array("in_weight", self.in_weight, ("N", "H", "Dk"))
        n_data, n_hidden, _ = in_weight.shape
        out_bias = validation.real_array("out_bias", self.out_bias, (n_data, "2 Dm"))
        n_out = out_bias.shape[1]
        checked = {
            "in_weight": in_weight,
            "in_bias": validation.real_array("in_bias", self.in_bias, (n_data, n_hidden)),
            "out_weight": validation.real_array(
                "out_weight", self.out_weight, (n_data, n_out, n_hidden)
            ),
            "out_bias": out_bias,
        }
        for name, array in checked.items():
            object.__setattr__(self, name, validation.frozen(array))

    @classmethod
    def identity(cls, n_data, latent_dim, n_hidden, *, rng, flip=False):
        """Return maps that do nothing yet, with n_hidden random features each to begin with."""
        n_data = validation.count("n_data", n_data)
        latent_dim = validation.count("latent_dim", latent_dim)
        n_hidden = validation.count("n_hidden", n_hidden)
        if latent_dim == 1:
            raise DomainError(
                "latent_dim",
                got="1",
                wanted="at least 2",
                remedy="One coordinate has no other to move: a PlanarFlow bends it.",
            )
        n_kept = latent_dim - latent_dim // 2 if flip else latent_dim // 2
        n_out = 2 * (latent_dim - n_kept)
        validation.generator(rng)
        return cls(
            rng.standard_normal((n_data, n_hidden, n_kept)),
            rng.standard_normal((n_data, n_hidden)),
            np.zeros((n_data, n_out, n_hidden)),
            np.zeros((n_data, n_out)),
            flip,
        )

    @property
    def shape(self):
        """(N, Dz)."""
        return len(self.in_bias), self.in_weight.shape[2] + self.out_bias.shape[1] // 2

    @property
    def params(self):
        """Unconstrained parameters (N, P): in_weight, in_bias, out_weight, out_bias, by rows."""
        n_data = len(self.in_bias)
        return np.concatenate([array.reshape(n_data, -1) for array in self._arrays()], axis=1)

    def with_params(self, params):
        """Return the maps with these parameters (N, P)."""
        params = validation.real_array("params", params, self.params.shape)
        arrays = self._arrays()
        ends = np.cumsum([array[0].size for array in arrays])[:-1]
        parts = np.split(params, ends, axis=1)
        shaped = [part.reshape(old.shape) for part, old in zip(parts, arrays, strict=True)]
        return AffineCoupling(*shaped, self.flip)

    def forward(self, z):
        """Move z (S, N, Dz): the new z, and log |det| of the move (S, N)."""
        kept, moved = self._halves(z)
        _, log_scale, shift = self._conditioner(kept)
        return self._join(kept, moved * np.exp(log_scale) + shift), log_scale.sum(axis=2)

    def inverse(self, z):
        """Return what forward moved to z (S, N, Dz)."""
        kept, moved = self._halves(z)
        _, log_scale, shift = self._conditioner(kept)
        return self._join(kept, (moved - shift) * np.exp(-log_scale))

    def pull_back(self, z, grad, volume):
        """Gradients of grad · forward(z) + volume * log |det| in z and in the parameters."""
        kept, moved = self._halves(z)
        of_kept, of_moved = self._halves(grad)
        hidden, log_scale, _ = self._conditioner(kept)
        stretched = of_moved * np.exp(log_scale)
        of_out = np.concatenate([stretched * moved + volume, of_moved], axis=2)
        of_in = np.einsum("nkh,snk->snh", self.out_weight, of_out) * (1 - hidden**2)
        of_kept = of_kept + np.einsum("nhd,snh->snd", self.in_weight, of_in)
        of_params = [
            of_in[..., :, None] * kept[..., None, :],
            of_in,
            of_out[..., :, None] * hidden[..., None, :],
            of_out,
        ]
        flat = [part.reshape(*grad.shape[:2], -1) for part in of_params]
        return self._join(of_kept, stretched), np.concatenate(flat, axis=2)

    def _arrays(self):
        return self.in_weight, self.in_bias, self.out_weight, self.out_bias

    def _conditioner(self, kept):
        hidden = np.tanh(np.einsum("nhd,snd->snh", self.in_weight, kept) + self.in_bias)
        out = np.einsum("nkh,snh->snk", self.out_weight, hidden) + self.out_bias
        return hidden, *np.split(out, 2, axis=2)

    def _halves(self, z):
        n_kept = self.in_weight.shape[2]
        if self.flip:
            return z[..., -n_kept:], z[..., :-n_kept]
        return z[..., :n_kept], z[..., n_kept:]

    def _join(self, kept, moved):
        return np.concatenate([moved, kept] if self.flip else [kept, moved], axis=2)
