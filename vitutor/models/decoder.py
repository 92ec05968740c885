"""Any nonlinear mean: z ~ N(0, I), x | z ~ N(decode(z), noise_scale^2 I). (Lessons 01, 02)

p(x) has no closed form here. With one or two latent dimensions a grid still knows it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from vitutor import validation
from vitutor.errors import IntractableError
from vitutor.families import MeanFieldGaussian
from vitutor.models import standard_normal

LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class Decoder:
    """A model with mean decode(z), from z (S, N, Dz) to (S, N, Dx), and noise_scale > 0.

    `decode_jacobian`, from z to (S, N, Dx, Dz), is needed for gradients in z only. A decoder with
    parameters theta `params` (M,) is called as decode(z, params), as are both its Jacobians;
    `params_jacobian`, to (S, N, Dx, M), is needed for gradients in theta only.
    """

    decode: Callable
    noise_scale: float
    latent_dim: int
    decode_jacobian: Callable | None = None
    params: np.ndarray | None = None
    params_jacobian: Callable | None = None

    def __post_init__(self):
        for name in ("decode", "decode_jacobian", "params_jacobian"):
            if name == "decode" or getattr(self, name) is not None:
                validation.function(name, getattr(self, name))
        noise_scale = validation.real_array("noise_scale", self.noise_scale, ())
        checked = {
            "noise_scale": float(validation.positive("noise_scale", noise_scale)),
            "latent_dim": validation.count("latent_dim", self.latent_dim),
        }
        if self.params is not None:
            params = validation.real_array("params", self.params, ("M",))
            checked["params"] = validation.frozen(params)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def sine(cls, amplitude=1.0, noise_scale=0.3):
        """The course's toy: x | z ~ N(amplitude * sin 2z + z / 2, noise_scale^2); one number each.

        Its posterior has up to three modes. theta is the amplitude.
        """
        return cls(
            decode=lambda z, theta: theta[0] * np.sin(2 * z) + z / 2,
            noise_scale=noise_scale,
            latent_dim=1,
            decode_jacobian=lambda z, theta: (2 * theta[0] * np.cos(2 * z) + 0.5)[..., None],
            params=[validation.real_array("amplitude", amplitude, ())],
            params_jacobian=lambda z, theta: np.sin(2 * z)[..., None],
        )

    def with_params(self, params):
        """Return the model with parameters theta (M,)."""
        if self.params is None:
            raise IntractableError(
                "params",
                got="a decoder without parameters",
                wanted="one that is called as decode(z, params)",
                remedy="Give Decoder its params when you make it.",
            )
        return replace(self, params=validation.real_array("params", params, self.params.shape))

    def mean(self, z):
        """Decode z (S, N, Dz): the mean of x given z, (S, N, Dx)."""
        z = validation.latents("z", z, self.latent_dim)
        return self._call("decode", z, (*z.shape[:2], "Dx"))

    def sample(self, n, *, rng):
        """Draw n pairs by ancestral sampling: z (n, Dz), then x (n, Dx) given z."""
        z = self.sample_prior(1, validation.count("n", n), rng=rng)
        mean = self.mean(z)[0]
        return z[0], mean + self.noise_scale * rng.standard_normal(mean.shape)

    def prior(self, n_data):
        """p(z) as a distribution, once for each datum: a MeanFieldGaussian."""
        return MeanFieldGaussian.standard(n_data, self.latent_dim)

    def sample_prior(self, n_draws, n_data, *, rng):
        """Draw z (S, N, Dz) from N(0, I)."""
        return standard_normal.sample(n_draws, n_data, self.latent_dim, rng=rng)

    def log_prior(self, z):
        """Log density of N(0, I) at z (S, N, Dz), nats: (S, N)."""
        return standard_normal.log_prob(z, self.latent_dim)

    def log_likelihood(self, x, z):
        """log p(x | z) of data x (N, Dx) given z (S, N, Dz), nats: (S, N)."""
        residual = self._white_residual(x, z)
        constant = residual.shape[2] * (np.log(self.noise_scale) + 0.5 * LOG_2PI)
        squares = np.einsum("snd,snd->sn", residual, residual)
        squares *= -0.5
        squares -= constant
        return squares

    def log_joint(self, x, z):
        """log p(x, z), nats: (S, N)."""
        return self.log_prior(z) + self.log_likelihood(x, z)

    def grad_z_log_joint(self, x, z):
        """Gradient of log p(x, z) in z: (S, N, Dz)."""
        return self._chain("decode_jacobian", x, z, self.latent_dim) - np.asarray(z)

    def grad_params_log_joint(self, x, z):
        """Gradient of log p(x, z) in theta at a fixed z (S, N, Dz): (S, N, M)."""
        return self._chain(
            "params_jacobian", x, z, "M" if self.params is None else self.params.size
        )

    def _chain(self, which, x, z, n_columns):
        if getattr(self, which) is None:
            raise IntractableError(
                which, got="None", wanted="the derivative of decode", remedy="Pass it to Decoder."
            )
        residual = self._white_residual(x, z)
        z = validation.latents("z", z, self.latent_dim)
        jacobian = self._call(which, z, (*z.shape[:2], residual.shape[2], n_columns))
        return np.einsum("snx,snxm->snm", residual / self.noise_scale, jacobian)

    def _white_residual(self, x, z):
        x = validation.real_array("x", x, ("N", "Dx"))
        mean = self.mean(validation.latents("z", z, self.latent_dim, len(x)))
        x = validation.real_array("x", x, ("N", mean.shape[2]))
        return (x - mean) / self.noise_scale

    def _call(self, which, z, shape):
        function = getattr(self, which)
        answer = function(z) if self.params is None else function(z, self.params)
        # A mean that overflows is infinitely far from x, whose likelihood is then zero.
        return validation.real_array(f"{which}(z)", answer, shape, allow=(-np.inf, np.inf))
