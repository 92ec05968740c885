"""What the water level shows beside a linear-Gaussian model that has those latents."""

import numpy as np
import pytest

from vitutor import divergences
from vitutor.families import FullRankGaussian
from vitutor.models import LinearGaussian
from vitutor.widgets import waterline

VARIANCES = np.array([2.0, 0.7, 0.3, 0.1])
# Eight data whose covariance is diagonal, with exactly these variances.
X = np.concatenate([np.diag(np.sqrt(4 * VARIANCES)), -np.diag(np.sqrt(4 * VARIANCES))])


def trained(level):
    weight = np.diag(np.sqrt(np.maximum(VARIANCES - level, 0)))
    return LinearGaussian(weight, np.zeros(4), level * np.eye(4))


@pytest.mark.parametrize("level", [0.05, 0.2, 0.5, 3.0])
def test_rate_and_error_are_those_of_the_model_at_that_noise(level):
    model = trained(level)
    q = model.posterior(X)
    shown = waterline.compute(level, 1.0, VARIANCES)
    prior = FullRankGaussian(np.zeros((8, 4)), np.tile(np.eye(4), (8, 1, 1)))
    assert shown.rate == pytest.approx(divergences.kl(q, prior).mean(), abs=1e-12)
    misfit = (X - q.mean @ model.weight.T) ** 2
    spread = np.einsum("ij,njk,ik->n", model.weight, q.cov, model.weight)
    assert shown.squared_error == pytest.approx(misfit.sum(1).mean() + spread.mean(), abs=1e-12)
    assert shown.elbo == pytest.approx(model.log_marginal(X).mean(), abs=1e-12)


@pytest.mark.parametrize("level", [0.05, 0.2, 0.5])
def test_no_other_weight_has_a_larger_evidence(level):
    """A lost latent is one that log p(x) does not want."""
    model = trained(level)
    best = model.log_marginal(X).mean()
    for i in range(4):
        for step in (-0.05, 0.05):
            weight = model.weight.copy()
            weight[i, i] += step
            moved = LinearGaussian(weight, model.bias, model.noise_cov)
            assert moved.log_marginal(X).mean() < best


def test_only_the_product_of_noise_and_beta_counts():
    ours, theirs = (waterline.compute(*at, VARIANCES) for at in ((0.1, 4.0), (0.4, 1.0)))
    assert (
        (ours.n_kept, ours.rate)
        == (theirs.n_kept, theirs.rate)
        == (2, pytest.approx(1.0846, abs=1e-4))
    )
    assert ours.elbo < waterline.compute(0.1, 1.0, VARIANCES).elbo


@pytest.mark.parametrize("level", [0.05, 0.2, 0.5])
def test_the_curve_falls_by_twice_the_level(level):
    near = level * np.array([0.999, 1.001])
    errors, rates = (
        [f(VARIANCES, a) for a in near] for f in (waterline.squared_error, waterline.rate)
    )
    assert np.diff(errors) / np.diff(rates) == pytest.approx(-2 * level, rel=1e-5)
