"""What evaluate and the grid say, against a VAE whose log p(x) is known in closed form."""

import math
import resource
import sys

import numpy as np
import pytest
import torch
from scipy import stats

from vitutor import data, vae
from vitutor.errors import ArgumentTypeError, DomainError, IntractableError
from vitutor.estimate import Estimate
from vitutor.vae.randomness import generator

# By name: in the package, the function stands where its module stood.
EVALUATE = sys.modules["vitutor.vae.evaluate"]
DIGITS = data.digits()[1][:12]


def linear(latent_dim=2, exact_q=True):
    """A linear VAE, x ~ N(b, W Wᵀ + 0.25 I), its q, and data it drew: W has orthogonal columns."""
    rng = np.random.default_rng(3)
    model = vae.build(
        4, latent_dim, hidden=(), likelihood="gaussian", noise_scale=0.5, seed=0, device="cpu"
    ).double()
    basis = np.linalg.qr(rng.standard_normal((4, latent_dim)))[0]
    weight, bias = basis * np.linspace(1, 0.6, latent_dim), rng.standard_normal(4)
    # The posterior of z is N(V Wᵀ (x - b) / 0.25, V), V = (I + Wᵀ W / 0.25)^-1, here diagonal.
    variance = 1 / (1 + (weight**2).sum(0) / 0.25)
    to_mean = variance[:, None] * weight.T / 0.25
    with torch.no_grad():
        model.likelihood.log_noise_scale.fill_(math.log(0.5))  # which float32 had rounded
        layer, head = model.decoder[0], model.head
        layer.weight.copy_(torch.tensor(weight)), layer.bias.copy_(torch.tensor(bias))
        head.weight.zero_(), head.weight[:latent_dim].copy_(torch.tensor(to_mean))
        log_scale = 0.5 * np.log(variance) + (0.0 if exact_q else 0.4)
        head.bias.copy_(torch.tensor(np.concatenate([-to_mean @ bias, log_scale])))
    x = model.sample(9, seed=1)[1]
    truth = stats.multivariate_normal(bias, weight @ weight.T + 0.25 * np.eye(4)).logpdf(x)
    return model, x, truth


def test_with_the_posterior_as_q_every_draw_is_the_truth():
    model, x, truth = linear()
    for estimate in (
        vae.elbo(model, x, n_draws=3, seed=0),
        vae.evaluate(model, x, n_importance=3, seed=0),
    ):
        np.testing.assert_allclose(estimate.value, truth, rtol=1e-10)
        assert estimate.std_error.max() < 1e-9


def test_bounds_are_below_and_climb_to_the_truth():
    model, x, truth = linear(3, exact_q=False)
    elbo = vae.elbo(model, x, n_draws=4000, seed=0)
    # KL between N(m, e^0.8 v) and N(m, v) in three dimensions, whatever x.
    gap = 3 * (0.5 * (math.exp(0.8) - 1) - 0.4)
    assert elbo.within(truth - gap) and not elbo.within(truth)
    bound = vae.evaluate(model, x, n_importance=20_000, seed=0)
    assert bound.within(truth) and bound.std_error.max() < 0.01
    assert bound.bias == "down" and bound.reliable and bound.n_draws == 20_000


def test_a_stream_of_blocks_is_the_whole(monkeypatch):
    model, x, _ = linear(exact_q=False)
    monkeypatch.setitem(EVALUATE.ROWS, "cpu", 9 * 7)
    parts = vae.evaluate(model, x, n_importance=500, seed=2)
    blocks = list(EVALUATE._log_weights(model, model.data(x), 500, 2))
    assert [len(block) for block in blocks] == [8 * 7] * 8 + [500 - 8 * 8 * 7]
    eps = torch.empty(8 * 7, 9, model.latent_dim, dtype=model.dtype)
    at_once = model.log_weights(model.data(x), eps.normal_(generator=generator("cpu", 2)))
    np.testing.assert_allclose(blocks[0], at_once.detach().numpy(), rtol=1e-12)
    whole = Estimate.from_log_weights(np.concatenate(blocks))
    for name in ("value", "std_error", "ess", "pareto_k"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-9)


def test_the_bound_training_watches_is_evaluates():
    model, x, _ = linear(exact_q=False)
    watched = EVALUATE.mean_bound(model, model.data(x), 64, 3)
    np.testing.assert_allclose(
        watched, vae.evaluate(model, x, n_importance=64, seed=3).value.mean()
    )


def test_memory_does_not_grow_with_draws():
    model, x, _ = linear(exact_q=False)
    vae.evaluate(model, x, n_importance=1000, seed=0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    vae.evaluate(model, x, n_importance=300_000, seed=0)  # 300 000 x 9 x 4 doubles: 86 MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KiB


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_grid_is_the_closed_form(latent_dim):
    model, x, truth = linear(latent_dim)
    exact = vae.exact_log_marginal(model, x, n_points=200)
    np.testing.assert_allclose(exact.value, truth, atol=1e-10)
    assert np.abs(exact.grid_change).max() < 1e-8
    coarse = vae.exact_log_marginal(model, x, n_points=24)
    assert (np.abs(coarse.value - truth) < np.abs(coarse.grid_change)).all()


@pytest.mark.parametrize("n_points", [28, 29, 46])
def test_a_coarse_grid_shows_it_where_the_integrand_is_symmetric(n_points):
    model, x, _ = linear(1)
    with torch.no_grad():
        model.decoder[0].weight.mul_(4), model.decoder[0].bias.zero_()
        weight = model.decoder[0].weight.numpy()
    truth = stats.multivariate_normal(np.zeros(4), weight @ weight.T + 0.25 * np.eye(4))
    coarse = vae.exact_log_marginal(model, 0 * x[:1], n_points=n_points)
    error = np.abs(coarse.value - truth.logpdf(np.zeros(4)))
    assert error > 0.02 and np.abs(coarse.grid_change) > error


@pytest.mark.parametrize("more", [{}, {"n_components": 4}, {"n_couplings": 2}], ids=str)
def test_grid_and_importance_agree_on_digits(more):
    model = vae.build(64, 2, hidden=16, seed=0, device="cpu", **more)
    vae.train(model, data.digits()[0][:300], n_epochs=20, learning_rate=5e-3, seed=0)
    exact = vae.exact_log_marginal(model, DIGITS, n_points=150)
    bound = vae.evaluate(model, DIGITS, n_importance=30_000, seed=0)
    assert bound.within(exact.value + 1e-4)
    assert (vae.elbo(model, DIGITS, n_draws=200, seed=0).value < exact.value).all()


def test_a_model_is_normalised():
    model = vae.build(4, 2, hidden=5, seed=0, device="cpu")
    every_x = np.array(list(np.ndindex(2, 2, 2, 2)), dtype=float)
    total = np.exp(vae.exact_log_marginal(model, every_x).value).sum()
    np.testing.assert_allclose(total, 1, rtol=1e-7)


def test_refusals():
    model, x, _ = linear(3)
    with pytest.raises(IntractableError, match=r"500\^3 points: use vae\.evaluate"):
        vae.exact_log_marginal(model, x)
    model, x, _ = linear(2)
    with pytest.raises(DomainError, match="reach"):
        vae.exact_log_marginal(model, x, reach=1.0)
    with pytest.raises(DomainError, match="n_importance"):
        vae.evaluate(model, x, n_importance=0, seed=0)
    with pytest.raises(ArgumentTypeError, match="seed"):
        vae.evaluate(model, x, n_importance=1, seed=0.5)
    with pytest.raises(ArgumentTypeError, match="n_draws"):
        vae.elbo(model, x, n_draws=2.0, seed=0)
