"""Variational Bayes for a mixture of Gaussians whose parameters are latent too. (Lesson 09)

    model = BayesianMixture.vague(x, n_components=10, concentration=0.01)
    q, trace = fit_coordinate_ascent(model, x, 100, q=model.start(x, rng=rng))

Weights ~ Dirichlet; for each component a precision matrix ~ Wishart and, given it, a mean ~
Gaussian; then the label of each datum, then the datum. q lets labels and parameters be
independent, and nothing else: the forms of its factors follow. A component that explains no datum
returns to its prior, so the bound itself leaves clusters over.

Reference: Bishop 2006, section 10.2; Attias 1999.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln, logsumexp, multigammaln, xlogy

from vitutor import validation
from vitutor.errors import DomainError

LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class MixturePosterior:
    """q(labels) q(weights) prod_k q(mean_k, precision_k) of a BayesianMixture with K components.

    Attributes
    ----------
    responsibilities : (N, K), q's probability that datum n belongs to component k.
    concentrations : (K,), of the Dirichlet over the weights.
    means : (K, Dx), of the components' means.
    mean_precisions : (K,), how many data each mean is known as well as from.
    covs : (K, Dx, Dx), the inverse of each precision matrix's expectation.
    degrees_of_freedom : (K,), of the Wishart over each precision matrix.
    """

    responsibilities: np.ndarray
    concentrations: np.ndarray
    means: np.ndarray
    mean_precisions: np.ndarray
    covs: np.ndarray
    degrees_of_freedom: np.ndarray

    def __post_init__(self):
        for name, array in vars(self).items():
            object.__setattr__(self, name, validation.frozen(array))

    @property
    def weights(self):
        """Expected mixture weights (K,)."""
        return self.concentrations / self.concentrations.sum()


@dataclass(frozen=True, eq=False)
class BayesianMixture:
    """K exchangeable Gaussians with conjugate priors.

    `concentration` of the symmetric Dirichlet: below one, few components are expected to be used.
    `mean` (Dx,) and `mean_precision`: a mean is known as from so many data lying there. `cov`
    (Dx, Dx) and `degrees_of_freedom` > Dx - 1: the inverse expected precision, known as from so
    many data. ShapeError, DomainError or NonFiniteError for arguments that do not fit.
    """

    n_components: int
    concentration: float
    mean: np.ndarray
    mean_precision: float
    cov: np.ndarray
    degrees_of_freedom: float

    def __post_init__(self):
        validation.count("n_components", self.n_components)
        mean = validation.real_array("mean", self.mean, ("Dx",))
        cov = validation.real_array("cov", self.cov, (len(mean), len(mean)))
        validation.cholesky("cov", cov)
        lower = {
            "concentration": 0,
            "mean_precision": 0,
            "degrees_of_freedom": len(mean) - 1,
        }
        for name, bound in lower.items():
            value = validation.real_array(name, getattr(self, name), ())
            if not value > bound:
                raise DomainError(name, got=f"{value:.6g}", wanted=f"a number > {bound}")
        object.__setattr__(self, "mean", validation.frozen(mean))
        object.__setattr__(self, "cov", validation.frozen(cov))

    @classmethod
    def vague(cls, x, n_components, concentration):
        """Return a mixture that expects each component to be about as wide as all data x (N, Dx).

        That prior is worth one datum for a mean, and Dx data for a covariance.
        """
        x = validation.real_array("x", x, ("N", "Dx"))
        cov = np.atleast_2d(np.cov(x.T, bias=True))
        return cls(n_components, concentration, x.mean(axis=0), 1.0, cov, x.shape[1])

    def start(self, x, *, rng):
        """Return a q in which each datum belongs to the nearest of K data picked at random.

        DomainError if there are fewer data than components. (Were all components alike at the
        start, they would stay so.)
        """
        x = self._data(x)
        if len(x) < self.n_components:
            raise DomainError(
                "n_components", got=str(self.n_components), wanted=f"at most the {len(x)} data"
            )
        picked = validation.generator(rng).choice(len(x), self.n_components, replace=False)
        nearest = ((x[:, None, :] - x[picked]) ** 2).sum(axis=2).argmin(axis=1)
        return self.posterior_given(x, np.eye(self.n_components)[nearest])

    def posterior_given(self, x, responsibilities):
        """Return the q with these responsibilities (N, K) and the parameters best for them."""
        x = self._data(x)
        r = validation.real_array("responsibilities", responsibilities, (len(x), self.n_components))
        if (r < 0).any() or (np.abs(r.sum(axis=1) - 1) > 1e-8).any():
            raise DomainError(
                "responsibilities",
                got=f"entries from {r.min():.6g}, rows with sums up to {r.sum(axis=1).max():.6g}",
                wanted="rows of probabilities that sum to one",
            )
        counts = r.sum(axis=0)
        mean_precisions = self.mean_precision + counts
        means = (self.mean_precision * self.mean + r.T @ x) / mean_precisions[:, None]
        degrees_of_freedom = self.degrees_of_freedom + counts
        # Around the new mean rather than the data's own, which nothing defines for an empty
        # component, Bishop's (10.62) becomes two sums of squares.
        residual = x - means[:, None, :]
        shift = means - self.mean
        scatter = np.swapaxes(residual * r.T[:, :, None], 1, 2) @ residual
        scatter += self.mean_precision * shift[:, :, None] * shift[:, None, :]
        scatter += self.degrees_of_freedom * self.cov
        covs = (scatter + np.swapaxes(scatter, 1, 2)) / (2 * degrees_of_freedom[:, None, None])
        concentrations = self.concentration + counts
        return MixturePosterior(r, concentrations, means, mean_precisions, covs, degrees_of_freedom)

    def sweep(self, x, q):
        """Return q after one sweep of coordinate ascent: the labels' factor, then the rest."""
        log_rho = self._expected_log_joint(self._data(x), q)
        r = np.exp(log_rho - logsumexp(log_rho, axis=1, keepdims=True))
        return self.posterior_given(x, r)

    def elbo(self, x, q):
        """The bound on log p(x) of all data x (N, Dx) together, in closed form, nats: a float."""
        r = q.responsibilities
        fit_of_labels = (r * self._expected_log_joint(self._data(x), q)).sum() - xlogy(r, r).sum()
        return float(fit_of_labels - self._kl_weights(q) - self._kl_components(q).sum())

    def _expected_log_joint(self, x, q):
        """E_q over the parameters of log p(label k, x_n | parameters): (N, K)."""
        white = (x - q.means[:, None, :]) @ np.swapaxes(_whiteners(q.covs), 1, 2)
        squares = np.einsum("knd,knd->nk", white, white) + x.shape[1] / q.mean_precisions
        log_weights = digamma(q.concentrations) - digamma(q.concentrations.sum())
        return log_weights + 0.5 * (_expected_log_det(q) - squares - x.shape[1] * LOG_2PI)

    def _kl_weights(self, q):
        a, a0 = q.concentrations, np.full(self.n_components, float(self.concentration))
        log_normaliser = gammaln(a.sum()) - gammaln(a).sum()
        log_normaliser -= gammaln(a0.sum()) - gammaln(a0).sum()
        return log_normaliser + (a - a0) @ (digamma(a) - digamma(a.sum()))

    def _kl_components(self, q):
        """KL of each component's Gaussian-Wishart to its prior (K,)."""
        data_dim, nu, nu0 = len(self.mean), q.degrees_of_freedom, float(self.degrees_of_freedom)
        whiteners = _whiteners(q.covs)
        shift = np.einsum("kij,kj->ki", whiteners, q.means - self.mean)
        ratio = self.mean_precision / q.mean_precisions
        kl_mean = 0.5 * (
            data_dim * (ratio - 1 - np.log(ratio)) + self.mean_precision * (shift**2).sum(axis=1)
        )
        trace = np.einsum("kij,jl,kil->k", whiteners, self.cov, whiteners)  # tr(cov_k^-1 cov)
        kl_precision = (
            _log_wishart_normaliser(q.covs, nu)
            - _log_wishart_normaliser(self.cov[None], np.array([nu0]))
            + 0.5 * (nu - nu0) * _expected_log_det(q)
            + 0.5 * (nu0 * trace - nu * data_dim)
        )
        return kl_mean + kl_precision

    def _data(self, x):
        return validation.real_array("x", x, ("N", len(self.mean)))


def _whiteners(covs):
    return np.linalg.inv(np.linalg.cholesky(covs))


def _expected_log_det(q):
    """E log |precision_k| under q's Wisharts (K,); Bishop 2006, (10.65)."""
    data_dim = q.means.shape[1]
    halves = 0.5 * (q.degrees_of_freedom[:, None] - np.arange(data_dim))
    log_det_scale = -np.linalg.slogdet(q.degrees_of_freedom[:, None, None] * q.covs)[1]
    return digamma(halves).sum(axis=1) + data_dim * np.log(2) + log_det_scale


def _log_wishart_normaliser(covs, nu):
    """log B of Wisharts with scale matrix (nu cov)^-1 (K,); Bishop 2006, (B.79)."""
    data_dim = covs.shape[-1]
    log_det = np.linalg.slogdet(nu[:, None, None] * covs)[1]
    return 0.5 * nu * (log_det - data_dim * np.log(2)) - multigammaln(0.5 * nu, data_dim)
