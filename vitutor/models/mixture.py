"""A mixture of Gaussians: the latent variable is a choice, and p(x) a sum. (Lessons 01, 02, 09)"""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import logsumexp

from vitutor import validation
from vitutor.distributions import Categorical, choices, normalised

LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """K Gaussians: log_weights (K,), means (K, Dx), covs (K, Dx, Dx).

    The latent z is the number of the component, an event of length one: (S, N, 1).
    ShapeError, DomainError or NonFiniteError for arguments that do not fit.
    """

    log_weights: np.ndarray
    means: np.ndarray
    covs: np.ndarray
    _factors: np.ndarray = field(init=False, repr=False)
    _whiteners: np.ndarray = field(init=False, repr=False)

    latent_dim = 1

    def __post_init__(self):
        means = validation.real_array("means", self.means, ("K", "Dx"))
        n_components, data_dim = means.shape
        covs = validation.real_array("covs", self.covs, (n_components, data_dim, data_dim))
        factors = validation.cholesky("covs", covs)
        derived = {
            "log_weights": normalised("log_weights", self.log_weights, (n_components,)),
            "means": means,
            "covs": covs,
            "_factors": factors,
            "_whiteners": np.linalg.inv(factors),
        }
        for name, array in derived.items():
            object.__setattr__(self, name, validation.frozen(array))

    def log_marginal(self, x):
        """log p(x) of data x (N, Dx), an exact sum over components, nats: (N,)."""
        return logsumexp(self._log_joint_by_component(x), axis=1)

    def posterior(self, x):
        """p(z | x) of data x (N, Dx), Bayes' rule on K numbers: a Categorical."""
        log_joint = self._log_joint_by_component(x)
        return Categorical(log_joint - logsumexp(log_joint, axis=1, keepdims=True))

    def sample(self, n, *, rng):
        """Draw n pairs by ancestral sampling: z (n, 1), then x (n, Dx) given z."""
        n = validation.count("n", n)
        z = self.sample_prior(1, n, rng=rng)[0]
        component = z[:, 0].astype(np.intp)
        noise = rng.standard_normal((n, self.means.shape[1]))
        return z, self.means[component] + np.einsum("nij,nj->ni", self._factors[component], noise)

    def prior(self, n_data):
        """p(z) as a distribution, once for each datum: a Categorical."""
        n_data = validation.count("n_data", n_data)
        return Categorical(np.broadcast_to(self.log_weights, (n_data, len(self.log_weights))))

    def sample_prior(self, n_draws, n_data, *, rng):
        """Draw component numbers z (S, N, 1)."""
        return self.prior(n_data).sample(n_draws, rng=rng)

    def log_prior(self, z):
        """Log probability of the components z (S, N, 1), nats: (S, N)."""
        return self.log_weights[choices(z, len(self.log_weights))]

    def log_likelihood(self, x, z):
        """log p(x | z) of data x (N, Dx) given z (S, N, 1), nats: (S, N)."""
        by_component = self._log_likelihood_by_component(x)
        component = choices(z, len(self.log_weights), len(by_component))
        return by_component[np.arange(len(by_component)), component]

    def log_joint(self, x, z):
        """log p(x, z), nats: (S, N)."""
        return self.log_prior(z) + self.log_likelihood(x, z)

    def _log_joint_by_component(self, x):
        return self.log_weights + self._log_likelihood_by_component(x)

    def _log_likelihood_by_component(self, x):
        x = validation.real_array("x", x, ("N", self.means.shape[1]))
        log_likelihood = np.empty((len(x), len(self.means)))
        for k, (mean, whitener) in enumerate(zip(self.means, self._whiteners, strict=True)):
            residual = (x - mean) @ whitener.T
            log_likelihood[:, k] = -0.5 * np.einsum("nd,nd->n", residual, residual)
        log_dets = np.log(np.diagonal(self._factors, axis1=1, axis2=2)).sum(axis=1)
        return log_likelihood - log_dets - 0.5 * x.shape[1] * LOG_2PI
