"""The Gaussian with any covariance: what a linear-Gaussian posterior is. (Lessons 05, 08)"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from vitutor import validation
from vitutor.families import log_cholesky

LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class FullRankGaussian:
    """N Gaussians: mean (N, Dz), cov (N, Dz, Dz).

    ShapeError, DomainError or NonFiniteError for arguments that do not fit.
    """

    mean: np.ndarray
    cov: np.ndarray
    _factor: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        mean = validation.real_array("mean", self.mean, ("N", "Dz"))
        n_data, latent_dim = mean.shape
        cov = validation.real_array("cov", self.cov, (n_data, latent_dim, latent_dim))
        factor = validation.cholesky("cov", cov)
        for name, array in {"mean": mean, "cov": cov, "_factor": factor}.items():
            object.__setattr__(self, name, validation.frozen(array))

    @cached_property
    def _whitener(self):
        return np.linalg.inv(self._factor)

    @cached_property
    def _log_det_factor(self):
        return np.log(self._factor.diagonal(axis1=1, axis2=2)).sum(axis=1)

    def sample(self, n_draws, *, rng):
        """Draw z (S, N, Dz)."""
        return self.transform(self._noise(n_draws, rng))

    def sample_and_log_prob(self, n_draws, *, rng):
        """Draw z (S, N, Dz) with its log density (S, N), nats, for less than the price of both."""
        eps = self._noise(n_draws, rng)
        return self.transform(eps), self._log_prob_of_noise(eps)

    def log_prob(self, z):
        """Log density of z (S, N, Dz), nats: (S, N)."""
        return self._log_prob_of_noise(self._whiten(z))

    def entropy(self):
        """Differential entropy, nats: (N,)."""
        return self._log_det_factor + 0.5 * self.mean.shape[1] * (1 + LOG_2PI)

    @cached_property
    def params(self):
        """Unconstrained parameters (N, Dz + Dz (Dz + 1) / 2).

        The mean, then the lower Cholesky factor row by row, its diagonal in logs.
        """
        params = np.concatenate([self.mean, log_cholesky.pack(self._factor)], axis=1)
        return validation.frozen(params)

    def with_params(self, params):
        """Return the member of the family with these parameters (N, P)."""
        n_data, latent_dim = self.mean.shape
        n_params = latent_dim * (latent_dim + 3) // 2
        params = validation.frozen(validation.real_array("params", params, (n_data, n_params)))
        factor, cov = log_cholesky.unpack("params", params[:, latent_dim:], latent_dim)
        # Not through the constructor: the factor is known, and squaring it would lose digits.
        made = object.__new__(FullRankGaussian)
        cov.flags.writeable = factor.flags.writeable = False
        mean = params[:, :latent_dim]
        made.__dict__.update(mean=mean, cov=cov, _factor=factor, params=params)
        return made

    def transform(self, eps):
        """Turn standard normal noise (S, N, Dz) into draws of q: mean + L eps, cov = L L'."""
        return self.mean + _apply(self._factor, self._latents("eps", eps))

    def pull_back(self, eps, grad_z):
        """Chain a gradient at z = transform(eps) (S, N, Dz) back to the parameters (S, N, P)."""
        eps = self._latents("eps", eps)
        n_data = max(eps.shape[1], len(self.mean))
        grad_z = validation.real_array("grad_z", grad_z, (len(eps), n_data, eps.shape[2]))
        grad_factor = log_cholesky.gradient(self._factor, grad_z, eps)
        return np.concatenate([grad_z, grad_factor], axis=2)

    def grad_log_det(self, eps):
        """Gradient of log |det| of transform at eps (S, N, Dz) in the parameters: (S, N, P).

        It is one in each entry of the log diagonal whatever eps: the gradient of the entropy.
        """
        eps = self._latents("eps", eps)
        n_data = max(eps.shape[1], len(self.mean))
        gradient = np.zeros((len(eps), n_data, self.params.shape[1]))
        latent_dim = self.mean.shape[1]
        gradient[:, :, latent_dim:] = log_cholesky.grad_log_det(latent_dim)
        return gradient

    def score(self, z):
        """Gradient of log_prob in the parameters at a fixed z: (S, N, P)."""
        eps = self._whiten(z)
        grad_mean = _apply(self._whitener.mT, eps)
        grad_factor = log_cholesky.gradient(self._factor, grad_mean, eps, log_density=True)
        return np.concatenate([grad_mean, grad_factor], axis=2)

    def grad_z_log_prob(self, z):
        """Gradient of log_prob in z: (S, N, Dz)."""
        return -_apply(self._whitener.mT, self._whiten(z))

    def _latents(self, name, z):
        n_data, latent_dim = self.mean.shape
        return validation.latents(name, z, latent_dim, n_data)

    def _whiten(self, z):
        return _apply(self._whitener, self._latents("z", z) - self.mean)

    def _noise(self, n_draws, rng):
        n_draws = validation.count("n_draws", n_draws)
        return validation.generator(rng).standard_normal((n_draws, *self.mean.shape))

    def _log_prob_of_noise(self, eps):
        constant = self._log_det_factor + 0.5 * self.mean.shape[1] * LOG_2PI
        return -0.5 * np.einsum("snd,snd->sn", eps, eps) - constant


def _apply(matrices, vectors):
    """Multiply matrices (N, D, D) into vectors (S, N, D), datum by datum."""
    return np.matmul(matrices, vectors.transpose(1, 2, 0)).transpose(2, 0, 1)
