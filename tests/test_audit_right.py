"""Losses as people write them: the right ones are left alone, the famous wrong ones are named."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import distributions as td

from vitutor.audit import audit_loss


def kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)


def np_kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum(1)


def pytorch_examples(recon, x, mu, logvar):
    bce = F.binary_cross_entropy(recon, x.view(-1, 784), reduction="sum")
    return bce - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


def with_logits(recon, x, mu, logvar):
    return (
        F.binary_cross_entropy_with_logits(recon, x, reduction="none").sum(1) + kl(mu, logvar)
    ).mean()


def torch_distributions(recon, x, mu, logvar):
    q, p = td.Normal(mu, (logvar / 2).exp()), td.Normal(0.0, 1.0)
    log_lik = td.Bernoulli(probs=recon).log_prob(x)  # refuses grey pixels
    return td.kl_divergence(q, p).sum() - log_lik.sum()


def gaussian_with_constants(recon, x, mu, logvar):
    return (kl(mu, logvar) - td.Normal(recon, 0.3).log_prob(x).sum(1)).mean()


def gaussian_nll_loss(recon, x, mu, logvar):
    variance = torch.full_like(recon, 0.5)
    nll = F.gaussian_nll_loss(recon, x, variance, full=True, reduction="sum")
    return nll + kl(mu, logvar).sum()


def unit_gaussian_without_constants(recon, x, mu, logvar):
    return (0.5 * ((x - recon) ** 2).sum(1) + np_kl(mu, logvar)).mean()


def numpy_stabilised(recon, x, mu, logvar):
    bce = -(x * np.log(recon + 1e-8) + (1 - x) * np.log(1 - recon + 1e-8))
    return float((bce.sum(1) + np_kl(mu, logvar)).mean())


def numpy_per_datum(recon, x, mu, logvar):
    r = np.clip(recon, 1e-6, 1 - 1e-6)
    return np_kl(mu, logvar) - (x * np.log(r) + (1 - x) * np.log1p(-r)).sum(1)


def mean_times_pixels(recon, x, mu, logvar):
    return F.binary_cross_entropy(recon, x) * x.shape[1] + kl(mu, logvar).mean()


def a_pixel(recon, x, mu, logvar):
    return F.binary_cross_entropy(recon, x) + kl(mu, logvar).mean() / x.shape[1]


def keras_a_pixel(recon, x, mu, logvar):
    """The number of pixels written out, as it often is."""
    return F.binary_cross_entropy(recon, x) + kl(mu, logvar).mean() / 784


def log_std(x, recon, mu, logstd):
    nll = ((x - recon) ** 2 / 2 + np.log(2 * np.pi) / 2).sum(1)
    return (nll + (mu**2 / 2 + np.exp(2 * logstd) / 2 - logstd - 0.5).sum(1)).sum()


def std(mu, std, x, recon):
    q = td.Independent(td.Normal(mu, std), 1)
    p = td.Independent(td.Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    nll = F.binary_cross_entropy(recon, x, reduction="none").sum(1)
    return (nll + td.kl_divergence(q, p)).mean()


def images(recon, x, mu, logvar):
    return (
        F.binary_cross_entropy(recon, x, reduction="none").sum((1, 2, 3)) + kl(mu, logvar)
    ).sum()


def continuous_bernoulli(recon, x, mu, logvar):
    return (kl(mu, logvar) - td.ContinuousBernoulli(probs=recon).log_prob(x).sum(1)).mean()


def binarises(recon, x, mu, logvar):
    x = (x > 0.5).double()
    return F.binary_cross_entropy(recon, x, reduction="sum") + kl(mu, logvar).sum()


def float32_only(recon, x, mu, logvar):
    if recon.dtype != torch.float32:
        raise RuntimeError("expected Float but found Double")
    return F.binary_cross_entropy(recon, x, reduction="sum") + kl(mu, logvar).sum()


RIGHT = [
    (pytorch_examples, {"data_shape": 784}, {"batch-sum"}),
    (with_logits, {}, {"batch-mean"}),
    (torch_distributions, {}, {"batch-sum", "binary-only"}),
    (gaussian_with_constants, {}, {"batch-mean"}),
    (gaussian_with_constants, {"noise_scale": 0.3}, {"batch-mean"}),
    (gaussian_nll_loss, {}, {"batch-sum"}),
    (unit_gaussian_without_constants, {}, {"batch-mean", "normaliser-missing"}),
    (numpy_stabilised, {}, {"batch-mean"}),
    (numpy_per_datum, {}, {"per-datum"}),
    (mean_times_pixels, {}, {"batch-mean"}),
    (a_pixel, {}, {"batch-mean", "scaled"}),
    (keras_a_pixel, {"data_shape": 784}, {"batch-mean", "scaled"}),
    (log_std, {"arguments": ("x", "recon", "mu", "logstd")}, {"batch-sum"}),
    (std, {"arguments": ("mu", "std", "x", "recon")}, {"batch-mean"}),
    (images, {"data_shape": (1, 3, 4)}, {"batch-sum"}),
    (continuous_bernoulli, {"data": [[0.3, 0.8]]}, {"batch-mean"}),
    (binarises, {}, {"batch-sum", "binary-only"}),
    (float32_only, {}, {"batch-sum"}),
    (with_logits, {"data": [[0, 1]]}, {"batch-mean"}),
]


@pytest.mark.parametrize(("loss", "options", "notes"), RIGHT)
def test_a_right_loss_is_left_alone(loss, options, notes):
    diagnosis = audit_loss(loss, **options)
    assert diagnosis.ok, diagnosis
    assert {finding.kind for finding in diagnosis.findings} == notes
    assert str(diagnosis).startswith("Right")


def mean_bce_sum_kl(recon, x, mu, logvar):
    return F.binary_cross_entropy(recon, x) + kl(mu, logvar).sum()


def everything_mean(recon, x, mu, logvar):
    return F.mse_loss(recon, x) + 0.1 * torch.mean(-0.5 * (1 + logvar - mu**2 - logvar.exp()))


def tiny_weight(recon, x, mu, logvar):
    return F.mse_loss(recon, x) + 0.00025 * kl(mu, logvar).mean()


def sum_bce_mean_kl(recon, x, mu, logvar):
    bce = F.binary_cross_entropy(recon, x, reduction="sum")
    return bce - 0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())


def negative_elbo_called_elbo(recon, x, mu, logvar):
    return -(F.binary_cross_entropy(recon, x, reduction="sum") + kl(mu, logvar).sum())


def likelihood_added(recon, x, mu, logvar):
    return ((x * np.log(recon) + (1 - x) * np.log(1 - recon)).sum(1) + np_kl(mu, logvar)).mean()


def half_log_sigma(recon, x, mu, logvar):
    return (0.5 * (x - recon) ** 2).sum() - 0.5 * (1 + logvar / 2 - mu**2 - np.exp(logvar)).sum()


def log_std_without_a_half(recon, x, mu, logvar):
    latents = mu**2 + 0.5 * np.exp(2 * logvar) - logvar - 0.5
    return (0.5 * (x - recon) ** 2).sum() + latents.sum()


def plus_logvar(recon, x, mu, logvar):
    return (0.5 * (x - recon) ** 2).sum() - 0.5 * (1 - logvar - mu**2 - np.exp(logvar)).sum()


def swapped_bce(recon, x, mu, logvar):
    return F.binary_cross_entropy(x, recon, reduction="sum") + kl(mu, logvar).sum()


def swapped_logits(recon, x, mu, logvar):
    bce = F.binary_cross_entropy_with_logits(x, recon, reduction="sum")
    return bce + kl(mu, logvar).sum()


def item_kl(recon, x, mu, logvar):
    return F.binary_cross_entropy(recon, x, reduction="sum") + kl(mu, logvar).sum().item()


def numpy_inside(recon, x, mu, logvar):
    return torch.tensor(float((0.5 * (x - recon) ** 2).sum() + kl(mu, logvar).sum()))


def part_detached(recon, x, mu, logvar):
    latents = -0.5 * (1 + logvar - mu**2 - logvar.exp().detach())
    return F.binary_cross_entropy(recon, x, reduction="sum") + latents.sum()


def normaliser_for_each_pixel_twice(recon, x, mu, logvar):
    nll = (x - recon) ** 2 / 2 + x.shape[1] * np.log(2 * np.pi) / 2
    return (nll.sum(1) + np_kl(mu, logvar)).mean()


def normaliser_once(recon, x, mu, logvar):
    nll = ((x - recon) ** 2 / 2).sum(1) + np.log(2 * np.pi) / 2
    return (nll + np_kl(mu, logvar)).mean()


def normaliser_without_its_half(recon, x, mu, logvar):
    nll = (x - recon) ** 2 / 2 + np.log(2 * np.pi)
    return (nll.sum(1) + np_kl(mu, logvar)).mean()


def normaliser_of_another_noise(recon, x, mu, logvar):
    nll = (x - recon) ** 2 / 2 + np.log(2 * np.pi * 0.37) / 2
    return (nll.sum(1) + np_kl(mu, logvar)).mean()


def no_minus_one(recon, x, mu, logvar):
    bce = -(x * np.log(recon) + (1 - x) * np.log(1 - recon))
    return (bce.sum(1) + 0.5 * (mu**2 + np.exp(logvar) - logvar).sum(1)).mean()


def narrow_prior(recon, x, mu, logvar):
    q, p = td.Normal(mu, (logvar / 2).exp()), td.Normal(0.5, 0.2)
    return (F.binary_cross_entropy(recon, x, reduction="sum") + td.kl_divergence(q, p).sum()) / len(
        x
    )


def shifted_pixels(recon, x, mu, logvar):
    return (0.5 * (2 * x - 1 - recon) ** 2).sum() + np_kl(mu, logvar).sum()


def smoothed_labels(recon, x, mu, logvar):
    bce = F.binary_cross_entropy(recon, 0.05 + 0.9 * x, reduction="sum")
    return bce + kl(mu, logvar).sum()


def half_weight(recon, x, mu, logvar):
    return 0.5 * F.binary_cross_entropy(recon, x, reduction="sum") + kl(mu, logvar).sum()


FAMOUS = [
    (mean_bce_sum_kl, {}, {"recon-mean-over-pixels", "batch-reductions-differ"}),
    (
        everything_mean,
        {},
        {
            "recon-mean-over-pixels",
            "kl-mean-over-latents",
            "beta",
            "squared-error-without-noise",
        },
    ),
    (tiny_weight, {}, {"recon-mean-over-pixels", "beta", "squared-error-without-noise"}),
    (sum_bce_mean_kl, {}, {"kl-mean-over-latents", "batch-reductions-differ"}),
    (negative_elbo_called_elbo, {}, {"sign"}),
    (likelihood_added, {}, {"sign"}),
    (half_log_sigma, {}, {"std-as-variance"}),
    (log_std_without_a_half, {}, {"kl-half-missing", "logvar-as-logstd"}),
    (plus_logvar, {}, {"kl-sign"}),
    (swapped_bce, {}, {"single-argument-order"}),
    (swapped_logits, {}, {"single-argument-order"}),
    (pytorch_examples, {}, {"raises"}),
    (item_kl, {}, {"detached-sample"}),
    (numpy_inside, {}, {"detached-sample"}),
    (part_detached, {}, {"detached-sample"}),
    (normaliser_for_each_pixel_twice, {}, {"normaliser-wrong"}),
    (normaliser_once, {}, {"normaliser-wrong"}),
    (normaliser_without_its_half, {}, {"normaliser-wrong"}),
    (normaliser_of_another_noise, {}, {"normaliser-wrong"}),
    (smoothed_labels, {}, {"grey-bernoulli"}),
    (with_logits, {"data": [[0.0, 0.7]]}, {"grey-bernoulli"}),
    (half_weight, {}, {"beta"}),
    (unit_gaussian_without_constants, {"noise_scale": 0.3}, {"beta"}),
]


@pytest.mark.parametrize(("loss", "options", "mistakes"), FAMOUS)
def test_a_famous_mistake_is_named(loss, options, mistakes):
    diagnosis = audit_loss(loss, **options)
    assert diagnosis.kinds == mistakes, diagnosis


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (normaliser_for_each_pixel_twice, "it is counted D times a pixel"),
        (normaliser_once, "it is counted once, not for each pixel"),
        (normaliser_without_its_half, "its ½ is missing"),
        (tiny_weight, "its weight is 0.00025"),
        (half_weight, "it has weight 0.5"),
        (item_kl, "the gradient does not reach mu, logvar"),
        (smoothed_labels, "the target is 0.05 + 0.9·x"),
    ],
)
def test_what_is_special_is_said(loss, words):
    assert words in " ".join(str(audit_loss(loss)).split())


@pytest.mark.parametrize(
    ("loss", "note"),
    [
        (no_minus_one, "normaliser-missing"),
        (narrow_prior, "other-prior"),
        (shifted_pixels, "rescaled-target"),
    ],
)
def test_what_is_legal_and_odd_is_noted(loss, note):
    diagnosis = audit_loss(loss)
    assert diagnosis.ok
    assert note in {finding.kind for finding in diagnosis.findings}


LOG_2PI = np.log(2 * np.pi)
V = 0.37  # a noise variance that no formula prefers


@pytest.mark.parametrize(
    ("square", "constant", "weight", "told", "mistakes", "notes"),
    [
        (1 / (2 * V), (LOG_2PI + np.log(V)) / 2, 1, None, set(), set()),
        (1 / (2 * V), np.log(V) / 2, 1, None, set(), {"normaliser-missing"}),
        (1 / (2 * V), 0.0, 1, None, set(), {"normaliser-missing"}),
        (1 / V, (LOG_2PI + np.log(V)) / 2, 1, None, {"recon-half-missing"}, set()),
        (1 / V, np.log(V) / 2, 1, None, {"recon-half-missing"}, {"normaliser-missing"}),
        (1 / (2 * V), LOG_2PI + np.log(V), 1, None, {"normaliser-wrong"}, set()),
        (3 / (2 * V), 3 * (LOG_2PI + np.log(V)) / 2, 3, None, set(), {"scaled"}),
        (3 / (2 * V), 3 * np.log(V) / 2, 3, None, set(), {"scaled", "normaliser-missing"}),
        (1.5, 0.0, 3, None, set(), {"scaled", "normaliser-missing"}),
        (1 / (2 * V), (LOG_2PI + np.log(V)) / 2, 3, None, {"beta"}, set()),
        (1 / (2 * V), np.log(V) / 2, 3, None, {"beta"}, {"normaliser-missing"}),
        (1.0, 0.0, 1, None, {"squared-error-without-noise"}, {"normaliser-missing"}),
        # What no value shows has to be told: a missing ½, or a weight, or another noise.
        (1 / V, 0.0, 1, None, set(), {"normaliser-missing"}),
        (1 / V, 0.0, 1, V, {"recon-half-missing"}, {"normaliser-missing"}),
        (3 / (2 * V), 0.0, 3, V, set(), {"scaled", "normaliser-missing"}),
        (3 / (2 * V), 0.0, 1, V, {"beta"}, {"normaliser-missing"}),
        (1.0, 0.0, 1, V, {"squared-error-without-noise"}, {"normaliser-missing"}),
        (1.0, (LOG_2PI + np.log(V)) / 2, 1, V, {"beta"}, set()),
    ],
)
def test_a_gaussian_is_read(square, constant, weight, told, mistakes, notes):
    """square · (x - recon)² + constant a pixel, and weight · KL; `told` the noise variance."""

    def loss(recon, x, mu, logvar):
        pixels = square * (x - recon) ** 2 + constant
        return pixels.sum() + weight * np_kl(mu, logvar).sum()

    diagnosis = audit_loss(loss, noise_scale=None if told is None else told**0.5)
    assert diagnosis.kinds == mistakes, diagnosis
    assert {f.kind for f in diagnosis.findings if f.legal} == notes | {"batch-sum"}
    assert diagnosis.implied() == pytest.approx(weight / (2 * square))


def test_a_published_loss_stands_for_a_noise_variance():
    """784 · 0.1 / (2 · 5) = 7.84: mean squared error and a tenth of a mean KL."""
    implied = audit_loss(everything_mean).implied
    assert implied(data_dim=784, latent_dim=5) == pytest.approx(784 * 0.1 / (2 * 5))
    assert str(implied) == "noise variance 0.05·D/K"


@pytest.mark.parametrize(
    ("loss", "sizes", "weight"),
    [
        (gaussian_with_constants, {}, 0.09),
        (tiny_weight, {"data_dim": 784}, 784 * 0.00025 / 2),
        (mean_bce_sum_kl, {"data_dim": 784, "batch_size": 128}, 784 * 128),
        (sum_bce_mean_kl, {"latent_dim": 20, "batch_size": 128}, 1 / (20 * 128)),
    ],
)
def test_the_weight_is_decoded(loss, sizes, weight):
    assert audit_loss(loss).implied(**sizes) == pytest.approx(weight)


def test_an_implied_noise_has_the_same_gradient():
    """The ELBO of a Gaussian with that noise variance is the published loss, up to a factor."""
    rng = np.random.default_rng(0)
    n, d, k = 4, 11, 3
    inputs = [torch.tensor(rng.uniform(0.1, 0.9, s)) for s in ((n, d), (n, d), (n, k), (n, k))]
    recon, x, mu, logvar = (tensor.requires_grad_() for tensor in inputs)
    variance = audit_loss(everything_mean).implied(data_dim=d, latent_dim=k)
    elbo = -((x - recon) ** 2).sum() / (2 * variance) - kl(mu, logvar).sum()
    published = torch.autograd.grad(everything_mean(recon, x, mu, logvar), (recon, mu, logvar))
    implied = torch.autograd.grad(-elbo, (recon, mu, logvar))
    ratios = torch.cat([(a / b).ravel() for a, b in zip(published, implied, strict=True)])
    np.testing.assert_allclose(ratios.numpy(), ratios[0].item(), rtol=1e-10)


def test_what_is_printed():
    said = str(audit_loss(everything_mean))
    assert "1/(N·D) · Σ (x - recon)² + 0.1/(N·K) · Σ KL(q‖N(0, I))" in said
    assert said.startswith("4 mistakes found.")
    assert max(map(len, said.splitlines())) <= 88
