"""One of each model, with data and latents that fit it, for the contracts and for evidence."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import gamma, norm

from vitutor.models import Decoder, GaussianMixture, LinearGaussian


def covariance(rng, dim):
    factor = rng.normal(size=(dim, dim))
    return factor @ factor.T + 0.1 * np.eye(dim)


def linear_gaussian(data_dim=3, latent_dim=2, seed=0):
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(data_dim, latent_dim)), rng.normal(size=data_dim)
    return LinearGaussian(weight, bias, covariance(rng, data_dim))


def mixture():
    rng = np.random.default_rng(1)
    covs = [covariance(rng, 2) for _ in range(3)]
    return GaussianMixture(np.log([0.2, 0.5, 0.3]), rng.normal(size=(3, 2)), covs)


def network():
    """Two latents to three numbers through four tanh units; theta is the last layer."""
    rng = np.random.default_rng(2)
    first, last = rng.normal(size=(4, 2)), rng.normal(size=(3, 4))

    def decode_jacobian(z, theta):
        slope = 1 - np.tanh(z @ first.T) ** 2
        return np.einsum("xh,snh,hz->snxz", theta.reshape(3, 4), slope, first)

    def params_jacobian(z, theta):
        hidden = np.tanh(z @ first.T)
        return np.einsum("xy,snh->snxyh", np.eye(3), hidden).reshape(*z.shape[:2], 3, 12)

    return Decoder(
        decode=lambda z, theta: np.tanh(z @ first.T) @ theta.reshape(3, 4).T,
        noise_scale=0.7,
        latent_dim=2,
        decode_jacobian=decode_jacobian,
        params=last.ravel(),
        params_jacobian=params_jacobian,
    )


@dataclass
class StudentT:
    """A learner's own model, nonlinear and yet closed: z ~ Gamma, x | z ~ N(0, 1 / z)."""

    dof: float
    latent_dim = 1

    def sample_prior(self, n_draws, n_data, *, rng):
        return rng.gamma(self.dof / 2, 2 / self.dof, size=(n_draws, n_data, 1))

    def log_prior(self, z):
        return gamma.logpdf(z[:, :, 0], self.dof / 2, scale=2 / self.dof)

    def log_likelihood(self, x, z):
        z = z[:, :, 0]
        scale = np.where(z > 0, np.abs(z) + (z == 0), 1) ** -0.5
        return norm.logpdf(x[:, 0], 0, scale)


MODELS = {
    "linear-Gaussian": linear_gaussian(),
    "one-dimensional": linear_gaussian(1, 1),
    "mixture": mixture(),
    "sine": Decoder.sine(),
    "network": network(),
}


def data_and_latents(model, n_data=5, n_draws=4):
    """x (N, Dx) that the model made, and z (S, N, Dz) from its prior."""
    rng = np.random.default_rng(3)
    return model.sample(n_data, rng=rng)[1], model.sample_prior(n_draws, n_data, rng=rng)


def central_difference(function, at, step=1e-6):
    """The derivative of function(at), an array, in each entry of `at`, on a last axis."""
    at = np.asarray(at, dtype=np.float64)
    columns = []
    for i in range(at.size):
        shift = np.zeros(at.size)
        shift[i] = step
        shift = shift.reshape(at.shape)
        columns.append((function(at + shift) - function(at - shift)) / (2 * step))
    return np.stack(columns, axis=-1)
