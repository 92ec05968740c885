"""The Gaussian with independent coordinates: cheap, and blind to correlation. (Lessons 06, 08)"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vitutor import validation

LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class MeanFieldGaussian:
    """N Gaussians with diagonal covariance: mean (N, Dz), scale (N, Dz), standard deviations.

    ShapeError, DomainError or NonFiniteError for arguments that do not fit.
    """

    mean: np.ndarray
    scale: np.ndarray

    def __post_init__(self):
        mean = validation.real_array("mean", self.mean, ("N", "Dz"))
        scale = validation.positive("scale", validation.real_array("scale", self.scale, mean.shape))
        object.__setattr__(self, "mean", validation.frozen(mean))
        object.__setattr__(self, "scale", validation.frozen(scale))

    @classmethod
    def standard(cls, n_data, latent_dim):
        """N(0, I), once for each datum."""
        shape = (validation.count("n_data", n_data), validation.count("latent_dim", latent_dim))
        return cls(np.zeros(shape), np.ones(shape))

    @property
    def cov(self):
        """Covariances (N, Dz, Dz)."""
        return self.scale[:, :, None] ** 2 * np.eye(self.scale.shape[1])

    def sample(self, n_draws, *, rng):
        """Draw z (S, N, Dz)."""
        return self.transform(self._noise(n_draws, rng))

    def sample_and_log_prob(self, n_draws, *, rng):
        """Draw z (S, N, Dz) with its log density (S, N), nats, for less than the price of both."""
        eps = self._noise(n_draws, rng)
        return self.transform(eps), self._log_prob_of_noise(eps)

    def log_prob(self, z):
        """Log density of z (S, N, Dz), nats: (S, N)."""
        return self._log_prob_of_noise((self._latents("z", z) - self.mean) / self.scale)

    def entropy(self):
        """Differential entropy, nats: (N,)."""
        return np.log(self.scale).sum(axis=1) + 0.5 * self.mean.shape[1] * (1 + LOG_2PI)

    @cached_property
    def params(self):
        """Unconstrained parameters (N, 2 Dz): the mean, then the log scale."""
        return validation.frozen(np.concatenate([self.mean, np.log(self.scale)], axis=1))

    def with_params(self, params):
        """Return the member of the family with these parameters (N, 2 Dz)."""
        n_data, latent_dim = self.mean.shape
        params = validation.frozen(
            validation.real_array("params", params, (n_data, 2 * latent_dim))
        )
        scale = validation.exponentiated("params", params[:, latent_dim:])
        # Not through the constructor: what it would check has just been checked.
        made = object.__new__(MeanFieldGaussian)
        scale.flags.writeable = False
        made.__dict__.update(mean=params[:, :latent_dim], scale=scale, params=params)
        return made

    def transform(self, eps):
        """Turn standard normal noise (S, N, Dz) into draws of q: mean + scale * eps."""
        return self.mean + self.scale * self._latents("eps", eps)

    def pull_back(self, eps, grad_z):
        """Chain a gradient at z = transform(eps) (S, N, Dz) back to the parameters (S, N, P)."""
        eps = self._latents("eps", eps)
        n_data = max(eps.shape[1], len(self.mean))
        grad_z = validation.real_array("grad_z", grad_z, (len(eps), n_data, eps.shape[2]))
        return np.concatenate([grad_z, grad_z * self.scale * eps], axis=2)

    def grad_log_det(self, eps):
        """Gradient of log |det| of transform at eps (S, N, Dz) in the parameters: (S, N, P).

        It is one in each log scale whatever eps, so it is the gradient of the entropy.
        """
        eps = self._latents("eps", eps)
        n_data = max(eps.shape[1], len(self.mean))
        gradient = np.zeros((len(eps), n_data, self.params.shape[1]))
        gradient[:, :, self.mean.shape[1] :] = 1
        return gradient

    def score(self, z):
        """Gradient of log_prob in the parameters at a fixed z: (S, N, P)."""
        standardised = (self._latents("z", z) - self.mean) / self.scale
        return np.concatenate([standardised / self.scale, standardised**2 - 1], axis=2)

    def grad_z_log_prob(self, z):
        """Gradient of log_prob in z: (S, N, Dz)."""
        return (self.mean - self._latents("z", z)) / self.scale**2

    def _latents(self, name, z):
        n_data, latent_dim = self.mean.shape
        return validation.latents(name, z, latent_dim, n_data)

    def _noise(self, n_draws, rng):
        n_draws = validation.count("n_draws", n_draws)
        return validation.generator(rng).standard_normal((n_draws, *self.mean.shape))

    def _log_prob_of_noise(self, eps):
        constant = np.log(self.scale).sum(axis=1) + 0.5 * self.mean.shape[1] * LOG_2PI
        return -0.5 * np.einsum("snd,snd->sn", eps, eps) - constant
