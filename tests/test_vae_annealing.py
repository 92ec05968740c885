"""Annealing held against a model whose log p(x) and posterior are known."""

import numpy as np
import pytest
import torch

from vitutor import vae
from vitutor.errors import DomainError, ShapeError
from vitutor.vae import annealing

torch.set_num_threads(1)


def sampled(bend):
    """A small nonlinear VAE in float64 with samples (z, x) of its own and their exact log p(x)."""
    model = vae.build(12, 2, hidden=8, seed=1, device="cpu").double()
    with torch.no_grad():
        for p in model.decoder.parameters():
            p *= bend
    z, x = model.sample(30, seed=2)
    return model, z, x, vae.exact_log_marginal(model, x, n_points=300).value


@pytest.fixture(scope="module")
def bent():
    return sampled(4)


def test_forward_weights_are_unbiased_however_few_temperatures(bent):
    model, _, x, exact = bent
    crude = vae.ais(model, x, 4000, n_temperatures=3, seed=0)
    z_score = (crude.value - exact) / crude.std_error
    assert crude.std_error.max() < 0.1
    assert (np.abs(z_score) < 5).all() and abs(z_score.mean()) * np.sqrt(30) < 5


def test_backward_weights_are_unbiased_too():
    model, _, x, exact = sampled(2)  # little bent: the backward weights' tails are heavy
    # Exact posterior draws for each x, by resampling many draws of the prior.
    z = model.sample(20_000, seed=3)[0]
    with torch.no_grad():
        log_w = model.log_likelihood(torch.tensor(x), torch.tensor(z)[:, None]).numpy()
    rng = np.random.default_rng(4)
    p = np.exp(log_w - log_w.max(0))
    picked = [rng.choice(len(z), 300, p=column / column.sum()) for column in p.T]
    z_exact = z[np.array(picked)].reshape(-1, 2)
    high = vae.reverse_ais(model, x.repeat(300, 0), z_exact, n_temperatures=2, seed=0).value
    excess = high.reshape(30, 300) - exact[:, None]
    ratio = np.exp(-excess)
    error = ratio.std(1, ddof=1) / np.sqrt(300)
    assert (np.abs(ratio.mean(1) - 1) < 5 * error).all()
    pooled = np.sqrt((error**2).sum()) / 30
    assert abs(ratio.mean() - 1) < 5 * pooled < 0.1
    assert (excess.mean(1) > 0.1).mean() > 0.5  # and the upper bound is above: the test has teeth


def test_the_bracket_holds_the_truth_and_closes(bent):
    model, z, x, exact = bent
    widths = []
    for n_temperatures in (5, 100):
        low = vae.ais(model, x, 4, n_temperatures=n_temperatures, seed=0)
        high = vae.reverse_ais(model, x, z, n_temperatures=n_temperatures, seed=0)
        assert (low.bias, high.bias) == ("down", "up") and np.isinf(high.std_error).all()
        slack = 5 * (high.value - exact).std(ddof=1) / np.sqrt(30)
        assert (low.value - exact).mean() < slack and (high.value - exact).mean() > -slack
        widths.append((high.value - low.value).mean())
    assert 0 <= widths[1] < 0.2 * widths[0]


def test_a_walk_leaves_its_density_alone(bent):
    model, z, x, _ = bent
    walk = annealing._Walk(model, 4, 0)
    start = torch.tensor(z)[None]
    x = torch.tensor(x)
    moved, accepted = start.expand(400, -1, -1), []
    for _ in range(5):
        moved, a = walk._move(x, moved, 1.0, torch.full((30,), 0.3, dtype=torch.float64))
        accepted.append(a.mean().item())
    assert 0.3 < np.mean(accepted) < 0.97  # rejections happen, and matter
    # z was drawn from the posterior of each x: after any number of moves it still is.
    with torch.no_grad():
        drift = (model.log_prior(moved) - model.log_prior(start)).mean(0).numpy()
    assert abs(drift.mean()) < 5 * drift.std(ddof=1) / np.sqrt(30)


def test_refusals_and_reproducibility(bent):
    model, z, x, _ = bent
    with pytest.raises(ShapeError, match="z_exact"):
        vae.reverse_ais(model, x, z[:-1], n_temperatures=3, seed=0)
    with pytest.raises(DomainError, match="n_temperatures"):
        vae.ais(model, x, 2, n_temperatures=0, seed=0)
    with pytest.raises(DomainError, match="n_draws"):
        vae.ais(model, x, 0, n_temperatures=3, seed=0)
    before = torch.random.get_rng_state()
    first, second = (vae.ais(model, x, 2, n_temperatures=3, seed=7).value for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert torch.equal(torch.random.get_rng_state(), before)
