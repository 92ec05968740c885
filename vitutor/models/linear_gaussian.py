"""The model in which everything is known: z ~ N(0, I), x | z ~ N(A z + b, Sigma). (Lessons 01, 02)

Marginal and posterior are Gaussians in closed form, so every approximation in this package can be
measured against it.
"""

from dataclasses import dataclass, field

import numpy as np

from vitutor import validation
from vitutor.errors import DomainError
from vitutor.families import FullRankGaussian

LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class LinearGaussian:
    """Factor analysis with any noise: weight A (Dx, Dz), bias b (Dx,), noise_cov Sigma (Dx, Dx).

    ShapeError, DomainError or NonFiniteError for arguments that do not fit.
    Reference: Bishop 2006, sections 2.3.3 and 12.2.
    """

    weight: np.ndarray
    bias: np.ndarray
    noise_cov: np.ndarray
    _factor: np.ndarray = field(init=False, repr=False)
    _whitener: np.ndarray = field(init=False, repr=False)
    _white_weight: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        weight = validation.real_array("weight", self.weight, ("Dx", "Dz"))
        data_dim = len(weight)
        noise_cov = validation.real_array("noise_cov", self.noise_cov, (data_dim, data_dim))
        factor = validation.cholesky("noise_cov", noise_cov)
        whitener = np.linalg.inv(factor)
        derived = {
            "weight": weight,
            "bias": validation.real_array("bias", self.bias, (data_dim,)),
            "noise_cov": noise_cov,
            "_factor": factor,
            "_whitener": whitener,
            "_white_weight": whitener @ weight,
        }
        for name, array in derived.items():
            object.__setattr__(self, name, validation.frozen(array))

    @classmethod
    def fit(cls, x, latent_dim):
        """Return the maximum likelihood model with noise_cov = sigma^2 I for data x (N, Dx).

        Probabilistic PCA: weight = U (Lambda - sigma^2 I)^(1/2) from the leading eigenvectors of
        the data's covariance, sigma^2 the mean of the eigenvalues left over, in closed form.
        DomainError unless latent_dim < Dx and the left-over variance is positive.
        Reference: Tipping & Bishop 1999, section 3.2.
        """
        x = validation.real_array("x", x, ("N", "Dx"))
        latent_dim = validation.count("latent_dim", latent_dim)
        n_data, data_dim = x.shape
        if latent_dim >= data_dim:
            raise DomainError(
                "latent_dim", got=str(latent_dim), wanted=f"less than the data's {data_dim}"
            )
        bias = x.mean(axis=0)
        variances, directions = np.linalg.eigh((x - bias).T @ (x - bias) / n_data)
        left_over = variances[: data_dim - latent_dim].mean()
        if left_over <= 1e-12 * variances[-1]:
            raise DomainError(
                "x",
                got=f"data whose covariance has rank {latent_dim} or less",
                wanted=f"variance outside {latent_dim} directions",
                remedy="Take a smaller latent_dim, more data, or drop constant columns.",
            )
        gain = np.sqrt(variances[-latent_dim:] - left_over)
        return cls(directions[:, -latent_dim:] * gain, bias, left_over * np.eye(data_dim))

    @property
    def latent_dim(self):
        """Dz."""
        return self.weight.shape[1]

    @property
    def marginal(self):
        """p(x) = N(b, A A' + Sigma), as a FullRankGaussian with N = 1."""
        return FullRankGaussian(
            self.bias[None], (self.weight @ self.weight.T + self.noise_cov)[None]
        )

    def log_marginal(self, x):
        """log p(x) of data x (N, Dx), in closed form, nats: (N,)."""
        return self.marginal.log_prob(self._data(x)[:, None, :])[:, 0]

    def posterior(self, x):
        """p(z | x) of data x (N, Dx), in closed form: a FullRankGaussian (Bishop 2006, 2.116)."""
        whitened = (self._data(x) - self.bias) @ self._whitener.T
        precision = np.eye(self.latent_dim) + self._white_weight.T @ self._white_weight
        cov = np.linalg.inv(precision)
        cov = (cov + cov.T) / 2  # the inverse is symmetric up to rounding only
        mean = whitened @ self._white_weight @ cov
        return FullRankGaussian(mean, np.broadcast_to(cov, (len(mean), *cov.shape)))

    def sample(self, n, *, rng):
        """Draw n pairs by ancestral sampling: z (n, Dz), then x (n, Dx) given z."""
        n = validation.count("n", n)
        z = self.sample_prior(1, n, rng=rng)[0]
        noise = rng.standard_normal((n, len(self.bias)))
        return z, z @ self.weight.T + self.bias + noise @ self._factor.T

    def sample_prior(self, n_draws, n_data, *, rng):
        """Draw z (S, N, Dz) from N(0, I)."""
        return validation.generator(rng).standard_normal((n_draws, n_data, self.latent_dim))

    def log_prior(self, z):
        """Log density of N(0, I) at z (S, N, Dz), nats: (S, N)."""
        z = validation.latents(z, np.shape(z)[1], self.latent_dim)
        return -0.5 * np.einsum("snd,snd->sn", z, z) - 0.5 * self.latent_dim * LOG_2PI

    def log_likelihood(self, x, z):
        """log p(x | z) of data x (N, Dx) given z (S, N, Dz), nats: (S, N)."""
        residual = self._white_residual(x, z)
        constant = np.log(np.diagonal(self._factor)).sum() + 0.5 * len(self.bias) * LOG_2PI
        squares = np.einsum("dsn,dsn->sn", residual, residual)
        squares *= -0.5
        squares -= constant
        return squares

    def log_joint(self, x, z):
        """log p(x, z), nats: (S, N)."""
        return self.log_prior(z) + self.log_likelihood(x, z)

    def grad_z_log_joint(self, x, z):
        """Gradient of log p(x, z) in z: (S, N, Dz)."""
        residual = self._white_residual(x, z)
        return np.einsum("dsn,dk->snk", residual, self._white_weight) - z

    @property
    def params(self):
        """The parameters theta (M,): A by rows, b, then the noise's lower Cholesky factor by rows.

        The factor's diagonal is in logs, so that any theta is a model.
        """
        factor = self._factor.copy()
        np.fill_diagonal(factor, np.log(np.diagonal(factor)))
        return np.concatenate(
            [self.weight.ravel(), self.bias, factor[np.tril_indices(len(factor))]]
        )

    def with_params(self, params):
        """Return the model with parameters theta (M,)."""
        data_dim, n_weights = len(self.bias), self.weight.size
        n_params = n_weights + data_dim + data_dim * (data_dim + 1) // 2
        params = validation.real_array("params", params, (n_params,))
        factor = np.zeros((data_dim, data_dim))
        factor[np.tril_indices(data_dim)] = params[n_weights + data_dim :]
        with np.errstate(over="ignore"):  # an overflow is reported as the infinity it makes
            np.fill_diagonal(factor, np.exp(np.diagonal(factor)))
            noise_cov = factor @ factor.T
        return LinearGaussian(
            params[:n_weights].reshape(self.weight.shape),
            params[n_weights : n_weights + data_dim],
            noise_cov,
        )

    def grad_params_log_joint(self, x, z):
        """Gradient of log p(x, z) in theta at a fixed z (S, N, Dz): (S, N, M)."""
        white = np.moveaxis(self._white_residual(x, z), 0, 2)
        residual = white @ self._whitener  # Sigma^-1 (x - A z - b)
        z = np.broadcast_to(z, (*white.shape[:2], self.latent_dim))
        grad_weight = residual[:, :, :, None] * z[:, :, None, :]
        rows, columns = np.tril_indices(len(self.bias))
        grad_factor = residual[:, :, rows] * white[:, :, columns]
        on_diagonal = rows == columns
        grad_factor[:, :, on_diagonal] *= np.diagonal(self._factor)
        grad_factor[:, :, on_diagonal] -= 1
        flat_weight = grad_weight.reshape(*white.shape[:2], self.weight.size)
        return np.concatenate([flat_weight, residual, grad_factor], axis=2)

    def _data(self, x):
        return validation.real_array("x", x, ("N", len(self.bias)))

    def _white_residual(self, x, z):
        """L^-1 (x - b - A z), with Sigma = L L', the event first: (Dx, S, N).

        So NumPy's inner loops run over the draws, which are many, and not over the event.
        """
        x = self._data(x)
        z = validation.latents(z, len(x), self.latent_dim)
        mean = self._white_weight @ z.reshape(-1, self.latent_dim).T
        mean = mean.reshape(len(mean), *z.shape[:2])
        centred = (self._whitener @ (x - self.bias).T)[:, None, :]
        return np.subtract(centred, mean, out=mean if mean.shape[2] == len(x) else None)
