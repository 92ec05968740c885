"""The model in which everything is known: z ~ N(0, I), x | z ~ N(A z + b, Sigma). (Lessons 01, 02)

Marginal and posterior are Gaussians in closed form, so every approximation in this package can be
measured against it.
"""

from dataclasses import dataclass, field

import numpy as np

from vitutor import validation
from vitutor.errors import DomainError
from vitutor.families import FullRankGaussian, MeanFieldGaussian, log_cholesky
from vitutor.models import standard_normal

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
        the data's covariance, largest first, sigma^2 the mean of the eigenvalues left over.
        DomainError unless latent_dim < Dx and the left-over variance is positive.
        Reference: Tipping & Bishop 1999, section 3.2.
        """
        x = validation.real_array("x", x, ("N", "Dx"))
        latent_dim = validation.count("latent_dim", latent_dim)
        n_data, data_dim = x.shape
        if latent_dim >= data_dim:
            raise DomainError(
                "latent_dim",
                got=str(latent_dim),
                wanted=f"less than the data's {data_dim}",
                remedy="What the latent variables leave over is the noise.",
            )
        bias = x.mean(axis=0)
        variances, directions = np.linalg.eigh((x - bias).T @ (x - bias) / n_data)
        variances, directions = variances[::-1], directions[:, ::-1]
        left_over = variances[latent_dim:].mean()
        if left_over <= 1e-12 * variances[0]:
            raise DomainError(
                "x",
                got=f"data whose covariance has rank {latent_dim} or less",
                wanted=f"variance outside {latent_dim} directions",
                remedy="Take a smaller latent_dim, more data, or drop constant columns.",
            )
        # Where all variances are equal, their mean may be rounded above them.
        gain = np.sqrt(np.maximum(variances[:latent_dim] - left_over, 0.0))
        weight = directions[:, :latent_dim] * gain
        # An eigenvector's sign is chance; with one rule every machine draws the same samples.
        weight *= np.where(weight[np.abs(weight).argmax(axis=0), range(latent_dim)] < 0, -1, 1)
        return cls(weight, bias, left_over * np.eye(data_dim))

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
        pull = residual.reshape(len(residual), -1).T @ self._white_weight
        return pull.reshape(*residual.shape[1:], self.latent_dim) - np.asarray(z)

    @property
    def params(self):
        """The parameters theta (M,): A by rows, b, then the noise's lower Cholesky factor by rows.

        The factor's diagonal is in logs, so that any theta is a model.
        """
        return np.concatenate([self.weight.ravel(), self.bias, log_cholesky.pack(self._factor)])

    def with_params(self, params):
        """Return the model with parameters theta (M,)."""
        params = validation.real_array("params", params, self.params.shape)
        ends = np.cumsum([self.weight.size, self.bias.size])
        weight, bias, packed = np.split(params, ends)
        _, noise_cov = log_cholesky.unpack("params", packed, len(bias))
        return LinearGaussian(weight.reshape(self.weight.shape), bias, noise_cov)

    def grad_params_log_joint(self, x, z):
        """Gradient of log p(x, z) in theta at a fixed z (S, N, Dz): (S, N, M)."""
        white = np.moveaxis(self._white_residual(x, z), 0, 2)
        residual = white @ self._whitener  # Sigma^-1 (x - A z - b)
        z = np.broadcast_to(z, (*white.shape[:2], self.latent_dim))
        grad_weight = residual[:, :, :, None] * z[:, :, None, :]
        grad_weight = grad_weight.reshape(*white.shape[:2], self.weight.size)
        grad_factor = log_cholesky.gradient(self._factor, residual, white, log_density=True)
        return np.concatenate([grad_weight, residual, grad_factor], axis=2)

    def _data(self, x):
        return validation.real_array("x", x, ("N", len(self.bias)))

    def _white_residual(self, x, z):
        """L^-1 (x - b - A z), with Sigma = L L', the event first: (Dx, S, N).

        So NumPy's inner loops run over the draws, which are many, and not over the event.
        """
        x = self._data(x)
        z = validation.latents("z", z, self.latent_dim, len(x))
        mean = self._white_weight @ z.reshape(-1, self.latent_dim).T
        mean = mean.reshape(len(mean), *z.shape[:2])
        centred = (self._whitener @ (x - self.bias).T)[:, None, :]
        return np.subtract(centred, mean, out=mean if mean.shape[2] == len(x) else None)
