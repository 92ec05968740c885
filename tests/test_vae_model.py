"""The VAE's densities against scipy and quadrature, and what build refuses."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import expit

from vitutor import vae
from vitutor.errors import (
    ArgumentTypeError,
    DeviceError,
    DomainError,
    NonFiniteError,
    ShapeError,
)

RNG = np.random.default_rng(5)
PIXELS = {
    "bernoulli": (RNG.random((6, 70)) < 0.4).astype(float),
    "categorical": RNG.integers(0, 5, (6, 70)).astype(float),
    "discretised_gaussian": RNG.integers(0, 5, (6, 70)).astype(float),
    "gaussian": RNG.standard_normal((6, 70)),
}


@pytest.fixture(autouse=True)
def one_stream():
    torch.manual_seed(0)


def small(likelihood="bernoulli", **more):
    grey = {"n_values": 5} if likelihood in ("categorical", "discretised_gaussian") else {}
    return vae.build(70, 3, hidden=8, likelihood=likelihood, seed=1, device="cpu", **grey, **more)


def double(model, *arrays):
    return model.double(), *(torch.as_tensor(a, dtype=torch.float64) for a in arrays)


def oracle(likelihood, x, outputs, scale):
    if likelihood == "bernoulli":
        return stats.bernoulli.logpmf(x, expit(outputs)).sum(1)
    if likelihood == "gaussian":
        return stats.norm.logpdf(x, outputs, scale).sum(1)
    values = np.arange(5)
    if likelihood == "categorical":
        weight = np.exp(outputs.reshape(len(x), -1, 5))
    else:
        weight = stats.norm.pdf(values, 4 * outputs[:, :, None], 4 * scale)
    table = np.log(weight / weight.sum(2, keepdims=True))
    return np.take_along_axis(table, x.astype(int)[:, :, None], 2)[:, :, 0].sum(1)


@pytest.mark.parametrize("likelihood", PIXELS)
def test_likelihood_is_the_density_it_says(likelihood):
    model, x = double(small(likelihood), PIXELS[likelihood])
    outputs = model.decoder(3 * torch.randn(6, 3, dtype=torch.float64)).detach()
    for parameter in model.likelihood.parameters():
        torch.nn.init.constant_(parameter, -0.7)  # a noise scale, away from 1
    scale = math.exp(getattr(model.likelihood, "log_noise_scale", torch.zeros(())).detach())
    truth = oracle(likelihood, PIXELS[likelihood], outputs.numpy(), scale)
    for trained in False, True:  # a Bernoulli without a gradient goes another way
        log_prob = model.likelihood.log_prob(x, outputs.requires_grad_(trained))
        np.testing.assert_allclose(log_prob.detach().numpy(), truth, rtol=1e-12)
    eta, log_normaliser = model.likelihood.natural(outputs)
    natural = (eta * model.likelihood.statistics(x)).sum(-1) - log_normaliser
    np.testing.assert_allclose(natural.detach().numpy(), truth, rtol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("likelihood", PIXELS)
def test_likelihood_samples_what_it_scores(likelihood):
    model = small(likelihood)
    outputs = model.decoder(torch.randn(1, 3)).expand(5000, -1)
    x = model.likelihood.sample(outputs, torch.Generator().manual_seed(0)).double().numpy()
    mean = model.likelihood.mean(outputs[:1]).double().numpy()[0]
    error = x.std(0, ddof=1) / math.sqrt(len(x))
    assert (np.abs(x.mean(0) - mean) < 5 * error).all()
    model.likelihood.check("x", x)


def test_bernoulli_is_finite_at_large_logits():
    model = small()
    x, outputs = torch.tensor([[1.0, 0.0] * 35]), torch.full((1, 70), 200.0)
    assert model.likelihood.log_prob(x, outputs) == -7000
    eta, log_normaliser = model.likelihood.natural(outputs)
    statistics = model.likelihood.statistics(x)
    assert (eta * statistics).sum() - log_normaliser == -7000


@pytest.mark.parametrize("logit", [-1.0, -1.1, -1.3, -2.0])
def test_bernoulli_is_right_where_a_product_of_probabilities_is_subnormal(logit):
    """From e^-84 to e^-136: float32 loses digits below e^-87, and all of them below e^-103."""
    x, outputs = torch.ones(1, 64), torch.full((1, 64), logit)
    truth = 64 * math.log(expit(logit))
    assert float(small().likelihood.log_prob(x, outputs)) == pytest.approx(truth, rel=1e-6)


def test_standard_normal_prior_and_posterior_are_gaussians():
    model, x = double(small(), PIXELS["bernoulli"])
    eps = torch.randn(4, 6, 3, dtype=torch.float64)
    q = model.posterior(x)
    z, log_q = q.draw(eps)
    mean, scale = q.mean.detach().numpy(), q.scale.detach().numpy()
    z_array = z.detach().numpy()
    np.testing.assert_allclose(z_array, mean + scale * eps.numpy(), rtol=1e-12)
    np.testing.assert_allclose(
        log_q.detach().numpy(), stats.norm.logpdf(z_array, mean, scale).sum(2), rtol=1e-12
    )
    np.testing.assert_allclose(
        model.log_prior(z).detach().numpy(), stats.norm.logpdf(z_array).sum(2), rtol=1e-12
    )


def test_mixture_prior_is_a_mixture():
    model, z = double(small(n_components=4), RNG.standard_normal((5, 3)))
    prior = model.prior
    torch.nn.init.normal_(prior.logits)
    torch.nn.init.normal_(prior.log_scales, std=0.5)
    weight, means, scales = (
        t.detach().numpy() for t in (prior.logits.softmax(0), prior.means, prior.log_scales.exp())
    )
    parts = stats.norm.pdf(z.numpy()[:, None], means, scales).prod(2)
    np.testing.assert_allclose(prior.log_prob(z).detach(), np.log(parts @ weight), rtol=1e-12)
    draws = prior.sample((100_000,), torch.Generator().manual_seed(0)).detach().numpy()
    error = draws.std(0, ddof=1) / math.sqrt(len(draws))
    assert (np.abs(draws.mean(0) - weight @ means) < 5 * error).all()
    second = weight @ (means**2 + scales**2)
    error = (draws**2).std(0, ddof=1) / math.sqrt(len(draws))
    assert (np.abs((draws**2).mean(0) - second) < 5 * error).all()


def test_flow_density_is_that_of_its_draws():
    model, x, eps = double(
        small(n_couplings=3), PIXELS["bernoulli"][:1], RNG.standard_normal((1, 3))
    )
    for coupling in model.flow:
        torch.nn.init.normal_(coupling.net[-1].weight, std=0.5)
    q = model.posterior(x)
    jacobian = torch.autograd.functional.jacobian(lambda e: q.draw(e[None])[0][0], eps[0])
    truth = stats.norm.logpdf(eps.numpy()).sum() - np.linalg.slogdet(jacobian.numpy())[1]
    np.testing.assert_allclose(q.draw(eps)[1].item(), truth, rtol=1e-12)


@pytest.mark.parametrize("more", [{}, {"n_components": 3}, {"n_couplings": 2}])
def test_elbo_is_the_mean_log_weight(more):
    model, x, eps = double(
        small(**more), PIXELS["bernoulli"][:1], RNG.standard_normal((4000, 1, 3))
    )
    with torch.no_grad():
        log_w = model.log_weights(x, eps).numpy()[:, 0]
        forms = model.elbo(x.expand(4000, -1), eps[:, 0]).numpy()
    difference = forms - log_w
    error = difference.std(ddof=1) / math.sqrt(4000)
    assert abs(difference.mean()) <= 5 * error + 1e-9
    # A Gaussian q and N(0, I) have a closed KL, anything else the very draw's own.
    assert (np.abs(difference).max() < 1e-9) == bool(more)


def test_building_is_reproducible_and_leaves_torch_alone():
    before = torch.random.get_rng_state()
    a, b = small(n_components=2), small(n_components=2)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(p, r) for p, r in zip(a.parameters(), b.parameters(), strict=True))
    z, x = a.sample(5, seed=3)
    assert z.shape == (5, 3) and x.shape == (5, 70)
    np.testing.assert_array_equal(x, b.sample(5, seed=3)[1])
    assert not np.array_equal(z, a.sample(5, seed=4)[0])
    assert torch.equal(torch.random.get_rng_state(), before)
    assert a.decode(z).shape == (5, 70)


def test_data_may_be_read_only_and_are_copied():
    model, x = small().double(), PIXELS["bernoulli"].copy()
    tensor = model.data(np.broadcast_to(x[:1], (3, 70)))
    model.data(x)[:] = 9
    assert tensor.shape == (3, 70) and x.max() == 1
    model.decode(np.broadcast_to(np.zeros(3), (2, 3)))


@pytest.mark.parametrize(
    ("likelihood", "spoilt", "error", "words"),
    [
        ("bernoulli", lambda x: x / 2, DomainError, "Binarise"),
        ("categorical", lambda x: x / 4, DomainError, "n_values"),
        ("categorical", lambda x: x + 1, DomainError, "from 0 to 4"),
        ("bernoulli", lambda x: x[:, 1:], ShapeError, r"\(6, 69\)"),
        ("bernoulli", lambda x: x[0], ShapeError, r"\(70,\)"),
        ("gaussian", lambda x: np.where(x > 1, np.nan, x), NonFiniteError, "nan"),
        ("gaussian", lambda x: np.where(x > 1, np.inf, x), NonFiniteError, "inf"),
        ("gaussian", lambda x: x.astype(str), ArgumentTypeError, "real numbers"),
        ("gaussian", lambda x: x[:0], ShapeError, "empty"),
    ],
)
def test_data_that_are_none(likelihood, spoilt, error, words):
    with pytest.raises(error, match=words):
        small(likelihood).data(spoilt(PIXELS[likelihood]))


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"likelihood": "poisson"}, DomainError, "bernoulli, categorical"),
        ({"likelihood": "categorical"}, ArgumentTypeError, "MNIST has 256"),
        ({"n_values": 4}, ArgumentTypeError, "n_values"),
        ({"noise_scale": 0.1}, ArgumentTypeError, "noise_scale"),
        ({"likelihood": "gaussian", "noise_scale": 0.0}, DomainError, "noise_scale"),
        ({"latent_dim": 0}, DomainError, "latent_dim"),
        ({"latent_dim": 1, "n_couplings": 2}, DomainError, "at least 2"),
        ({"hidden": 8.0}, ArgumentTypeError, "hidden"),
        ({"hidden": (8, "a")}, ArgumentTypeError, r"hidden\[1\]"),
        ({"n_components": 0}, DomainError, "n_components"),
        ({"seed": -1}, DomainError, "seed"),
        ({"seed": None}, ArgumentTypeError, "seed"),
        ({"device": "abacus"}, DeviceError, "'cpu'"),
        ({"device": "cuda:99"}, DeviceError, "auto"),
        (
            {"device": "mps" if not torch.backends.mps.is_available() else "cuda"},
            DeviceError,
            "one that is here",
        ),
    ],
)
def test_build_refuses(more, error, words):
    arguments = {"data_dim": 6, "latent_dim": 2, "hidden": 8, "seed": 0, "device": "cpu"}
    with pytest.raises(error, match=words):
        vae.build(**{**arguments, **more})
