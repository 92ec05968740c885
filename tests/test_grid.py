"""The posterior on a grid against closed forms, and against equations.md's sine model."""

import numpy as np
import pytest

from vitutor import evidence
from vitutor.divergences import kl, kl_monte_carlo
from vitutor.errors import ArgumentTypeError, DomainError, IntractableError
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.grid import GridPosterior, exact_posterior, noise_grid
from vitutor.models import Decoder, LinearGaussian


def linear_gaussian(latent_dim):
    weight = np.array([[1.0, 0.5], [-0.3, 0.8]])[:, :latent_dim]
    return LinearGaussian(weight, [0.2, -0.1], [[0.5, 0.1], [0.1, 0.4]])


X = np.array([[0.7, -0.4], [-1.2, 0.3], [2.0, 1.0]])


@pytest.fixture(params=[1, 2])
def pair(request):
    """The same posterior twice: on a grid, and in closed form."""
    model = linear_gaussian(request.param)
    return GridPosterior(model, X, n_points=200), model.posterior(X)


def test_density_and_moments_are_the_closed_forms(pair):
    on_grid, closed = pair
    z = closed.sample(7, rng=np.random.default_rng(0))
    np.testing.assert_allclose(on_grid.log_prob(z), closed.log_prob(z), rtol=1e-10)
    np.testing.assert_allclose(on_grid.mean, closed.mean, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(on_grid.cov, closed.cov, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(on_grid.entropy(), closed.entropy(), rtol=1e-10)


def test_kl_both_ways_is_the_closed_form(pair):
    on_grid, closed = pair
    q = MeanFieldGaussian(closed.mean + 0.3, np.full(closed.mean.shape, 0.4))
    np.testing.assert_allclose(kl(q, on_grid), kl(q, closed), rtol=1e-10)
    np.testing.assert_allclose(kl(on_grid, q), kl(closed, q), rtol=1e-10)
    np.testing.assert_allclose(kl(on_grid, on_grid), 0, atol=1e-12)


def test_draws_have_the_moments(pair):
    # Five standard errors; a grid that is one cell off would be ten.
    on_grid, closed = pair
    n_draws = 40_000
    z = on_grid.sample(n_draws, rng=np.random.default_rng(1))
    assert z.shape == (n_draws, *closed.mean.shape)
    scale = np.sqrt(np.diagonal(closed.cov, axis1=1, axis2=2))
    standardised = (z - closed.mean) / scale
    assert (np.abs(standardised.mean(axis=0)) < 5 / np.sqrt(n_draws)).all()
    assert (np.abs((standardised**2).mean(axis=0) - 1) < 5 * np.sqrt(2 / n_draws)).all()
    correlation = (standardised[..., 0] * standardised[..., -1]).mean(axis=0)
    truth = closed.cov[:, 0, -1] / (scale[:, 0] * scale[:, -1])
    assert (np.abs(correlation - truth) < 5 * np.sqrt(2 / n_draws)).all()


def test_sample_and_log_prob_belong_together(pair):
    on_grid, closed = pair
    z, log_q = on_grid.sample_and_log_prob(5, rng=np.random.default_rng(2))
    np.testing.assert_allclose(log_q, closed.log_prob(z), rtol=1e-9)


def test_the_sine_posterior_is_the_seeds():
    model, x = Decoder.sine(), np.array([[1.2]])
    posterior = GridPosterior(model, x)
    q = MeanFieldGaussian([[0.871]], [[0.317]])
    assert str(posterior.log_evidence) == str(evidence.quadrature(model, x))
    np.testing.assert_allclose(kl(q, posterior), 0.1223, atol=5e-5)
    np.testing.assert_allclose(kl(posterior, model.prior(1)), 1.0299, atol=5e-5)
    assert kl_monte_carlo(posterior, model.prior(1), 20_000, rng=np.random.default_rng(5)).within(
        kl(posterior, model.prior(1))
    )
    # d log p(x) / d amplitude: the posterior's mean of d log p(x | z), and not times p(z).
    gradient = posterior.expect(lambda z: model.grad_params_log_joint(x, z))
    np.testing.assert_allclose(gradient, -0.356731, atol=5e-7)
    stray = posterior.expect(
        lambda z: model.grad_params_log_joint(x, z) * np.exp(model.log_prior(z))[..., None]
    )
    np.testing.assert_allclose(stray, -0.051310, atol=5e-7)


def test_the_models_own_posterior_comes_first():
    assert isinstance(exact_posterior(linear_gaussian(2), X), FullRankGaussian)
    assert isinstance(exact_posterior(Decoder.sine(), [[1.2]]), GridPosterior)
    model = Decoder(lambda z: z, noise_scale=1.0, latent_dim=3)
    with pytest.raises(IntractableError, match=r"Decoder of latent_dim 3 .*prior_sampling"):
        exact_posterior(model, np.zeros((1, 3)))


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_noise_grid_integrates(latent_dim):
    eps, weight = noise_grid(latent_dim)
    q = FullRankGaussian(np.full((2, latent_dim), 0.3), np.stack([2 * np.eye(latent_dim)] * 2))
    z = q.transform(eps)
    np.testing.assert_allclose(weight.sum(), 1, rtol=1e-12)
    np.testing.assert_allclose(weight @ z[:, 0], q.mean[0], rtol=1e-12)
    np.testing.assert_allclose(weight @ (z[:, 1] - q.mean[1]) ** 2, 2, rtol=1e-10)
    np.testing.assert_allclose(-weight @ q.log_prob(z), q.entropy(), rtol=1e-10)


def test_the_elbo_by_noise_and_the_kl_by_posterior_add_up():
    # Two grids that share no point: one over q's noise, one over z.
    model, x = Decoder.sine(), np.array([[1.2], [-0.4]])
    q = MeanFieldGaussian([[0.9], [-0.2]], [[0.3], [0.6]])
    eps, weight = noise_grid(1)
    reconstruction = weight @ model.log_likelihood(x, q.transform(eps))
    posterior = GridPosterior(model, x)
    np.testing.assert_allclose(
        reconstruction - kl(q, model.prior(2)) + kl(q, posterior),
        posterior.log_evidence.value,
        rtol=1e-10,
    )


@pytest.mark.parametrize(
    "q", [MeanFieldGaussian([[0.9]], [[0.01]]), MeanFieldGaussian([[7.9]], [[0.5]])]
)
def test_a_q_that_the_grid_cannot_hold(q):
    with pytest.raises(DomainError, match="half_width or n_points"):
        kl(q, GridPosterior(Decoder.sine(), [[1.2]]))


def test_bad_arguments():
    with pytest.raises(ArgumentTypeError, match="n_points"):
        GridPosterior(Decoder.sine(), [[1.2]], n_points=400.0)
    with pytest.raises(DomainError, match="half_width"):
        GridPosterior(Decoder.sine(), [[1.2]], half_width=1.0)
    posterior = GridPosterior(Decoder.sine(), [[1.2]])
    with pytest.raises(ArgumentTypeError, match="rng"):
        posterior.sample(10, rng=0)
    with pytest.raises(DomainError, match="n_draws"):
        posterior.sample(0, rng=np.random.default_rng(0))
