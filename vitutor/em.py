"""Expectation-maximisation: learn the model by coordinate ascent on the ELBO. (Lesson 09)

    from vitutor.em import fit_em

    model, trace = fit_em(model, x, n_sweeps=100)

The E-step maximises the ELBO over q, the model held still; the M-step maximises it over the model,
q held still. After an exact E-step the ELBO touches log p(x), so raising the one raises the other.
With any other q the ELBO still rises, and log p(x) may fall.

Reference: Dempster, Laird & Rubin 1977; as ascent on the ELBO, Neal & Hinton 1998.
"""

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from vitutor import elbo, evidence, validation
from vitutor.coordinate_ascent import assert_rise
from vitutor.errors import DomainError, IntractableError, NonFiniteError
from vitutor.grid import exact_posterior
from vitutor.models import GaussianMixture, LinearGaussian


@dataclass(frozen=True, eq=False)
class EMTrace:
    """Where expectation-maximisation went: exact numbers, in nats, of all data together.

    Attributes
    ----------
    models : the n_sweeps + 1 models, the first being the start.
    log_marginal : log p(x) under each of them (n_sweeps + 1,).
    elbo : the bound after each E-step, and after the M-step that followed (n_sweeps, 2).
    """

    models: tuple
    log_marginal: np.ndarray
    elbo: np.ndarray


@singledispatch
def maximise(model, x, q):
    """The M-step: the model that maximises the ELBO of data x (N, Dx), given their q.

    `@maximise.register(YourModel)` adds one; IntractableError for a model that has none.
    """
    raise IntractableError(
        "model",
        got=f"a {type(model).__name__}",
        wanted="a model with an M-step in closed form",
        remedy="@maximise.register adds one.",
    )


@maximise.register
def _maximise_mixture(model: GaussianMixture, x, q):
    r = np.exp(q.log_weights)
    counts = r.sum(axis=0)
    if (counts == 0).any():
        raise DomainError(
            "log_weights", got="a component without data", wanted="some datum in each"
        )
    means = r.T @ x / counts[:, None]
    residual = x - means[:, None, :]
    covs = np.swapaxes(residual * r.T[:, :, None], 1, 2) @ residual / counts[:, None, None]
    return GaussianMixture(np.log(counts / len(x)), means, (covs + np.swapaxes(covs, 1, 2)) / 2)


@maximise.register
def _maximise_linear_gaussian(model: LinearGaussian, x, q):
    """Noise that was independent, its noise_cov diagonal, stays so: that is factor analysis."""
    n_data, latent_dim = q.mean.shape
    spread = q.cov.sum(axis=0)
    # Regression of x on (z, 1), of which only the first two moments are known.
    z1 = np.column_stack([q.mean, np.ones(n_data)])
    moments = z1.T @ z1
    moments[:latent_dim, :latent_dim] += spread
    coefficients = np.linalg.solve(moments, z1.T @ x).T
    weight, bias = coefficients[:, :latent_dim], coefficients[:, latent_dim]
    residual = x - z1 @ coefficients.T
    noise_cov = (residual.T @ residual + weight @ spread @ weight.T) / n_data
    if np.array_equal(model.noise_cov, np.diag(np.diag(model.noise_cov))):
        noise_cov = np.diag(np.diag(noise_cov))
    return LinearGaussian(weight, bias, (noise_cov + noise_cov.T) / 2)


def fit_em(model, x, n_sweeps, *, e_step=exact_posterior, m_step=maximise):
    """Maximise log p(x) of data x (N, Dx) over the model by n_sweeps: return (model, trace).

    `e_step(model, x)` returns a q, and `m_step(model, x, q)` a model: GaussianMixture and
    LinearGaussian have theirs here; a LinearGaussian's noise_cov stays diagonal if it is.
    DomainError, naming the sweep, where the likelihood has no maximum and the model runs for it;
    AssertionError if a step lowers the ELBO: it is then not a maximiser.
    """
    x = validation.real_array("x", x, ("N", "Dx"))
    n_sweeps = validation.count("n_sweeps", n_sweeps)
    models, bounds = [model], []
    for sweep in range(1, n_sweeps + 1):
        q = e_step(model, x)
        before = elbo.evidence_minus_gap(model, x, q).value.sum()
        if bounds:
            assert_rise("The ELBO", bounds[-1][1], before, f"the E-step of sweep {sweep}")
        try:
            model = m_step(model, x, q)
        except (DomainError, NonFiniteError) as error:
            raise DomainError(
                f"{error.argument} at sweep {sweep}",
                got=error.got,
                wanted=error.wanted,
                remedy="The likelihood is unbounded where noise can vanish or a component can sit "
                "on one datum: start elsewhere, or take fewer components or latent dimensions.",
            ) from error
        after = elbo.evidence_minus_gap(model, x, q).value.sum()
        assert_rise("The ELBO", before, after, f"the M-step of sweep {sweep}")
        models.append(model)
        bounds.append((before, after))
    known = evidence.exact if hasattr(model, "log_marginal") else evidence.quadrature
    log_marginal = [known(each, x).value.sum() for each in models]
    return model, EMTrace(tuple(models), np.array(log_marginal), np.array(bounds))
