"""What is not explained is not guessed at, and nothing an audited function does is a crash."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from vitutor.audit import audit_elbo, audit_loss
from vitutor.errors import ArgumentTypeError, DomainError, VitutorError


def bce(recon, x):
    return -(x * np.log(recon) + (1 - x) * np.log(1 - recon))


def kl(mu, logvar):
    return 0.5 * (mu**2 + np.exp(logvar) - logvar - 1)


def right(recon, x, mu, logvar):
    return bce(recon, x).sum() + kl(mu, logvar).sum()


def huber(recon, x):
    error = np.abs(x - recon)
    return np.where(error < 0.3, error**2 / 2, 0.3 * (error - 0.15))


NEVER_GUESSED = {
    "absolute error": lambda r, x, m, v: np.abs(x - r).sum() + kl(m, v).sum(),
    "root of the squared error": lambda r, x, m, v: ((x - r) ** 2).sum() ** 0.5 + kl(m, v).sum(),
    "Huber": lambda r, x, m, v: huber(r, x).sum() + kl(m, v).sum(),
    "half a cross-entropy": lambda r, x, m, v: -(x * np.log(r)).sum() + kl(m, v).sum(),
    "a pixel masked": lambda r, x, m, v: bce(r, x)[:, 1:].sum() + kl(m, v).sum(),
    "a datum weighted": lambda r, x, m, v: bce(r, x).sum(1)[0] + kl(m, v).sum(),
    "both likelihoods": lambda r, x, m, v: (bce(r, x) + (x - r) ** 2).sum() + kl(m, v).sum(),
    "free bits": lambda r, x, m, v: bce(r, x).sum() + np.maximum(kl(m, v), 0.5).sum(),
    "a latent left out": lambda r, x, m, v: bce(r, x).sum() + (kl(m, v)[:, 1:]).sum(),
    "mu² alone": lambda r, x, m, v: bce(r, x).sum() + (m**2).sum(),
    "|mu|": lambda r, x, m, v: bce(r, x).sum() + (np.abs(m) + kl(m, v)).sum(),
    "a product": lambda r, x, m, v: bce(r, x).sum() * kl(m, v).sum(),
    "a coupling": lambda r, x, m, v: right(r, x, m, v) + 0.01 * r.sum() * m.sum(),
    "a term of x alone": lambda r, x, m, v: right(r, x, m, v) + (x**3).sum(),
    "root of N": lambda r, x, m, v: right(r, x, m, v) / len(m) ** 0.5,
    "another formula when N = 3": lambda r, x, m, v: right(r, x, m, v * (2 if len(m) == 3 else 1)),
    "latents of one datum": lambda r, x, m, v: bce(r, x).sum() + kl(m, v)[0].sum(),
}


@pytest.mark.parametrize("name", NEVER_GUESSED)
def test_what_is_not_explained_is_not_guessed_at(name):
    diagnosis = audit_loss(NEVER_GUESSED[name])
    assert not diagnosis.ok
    assert diagnosis.kinds == {"unexplained"}
    assert (diagnosis.explains, diagnosis.implied) == ("", None)
    assert str(diagnosis).startswith("Not explained")


def test_a_formula_that_is_none_of_them_is_told():
    def classes_weighted(recon, x, mu, logvar):
        pixels = -(x * np.log(recon) + 0.25 * (1 - x) * np.log(1 - recon))
        return pixels.sum() + kl(mu, logvar).sum()

    said = audit_loss(classes_weighted).findings[0].says
    assert "Σ [−0.25·log(1-recon) − x·log recon + 0.25·x·log(1-recon)], which is none" in said


def test_the_residual_is_told():
    """The error of the nearest formula, in percent of how far the values move."""
    said = audit_loss(NEVER_GUESSED["Huber"]).findings[0].says
    assert "when only the entries of recon change" in said
    assert "% of how far the values move" in said


def raises(recon, x, mu, logvar):
    raise KeyError("beta")


def raises_for_three(recon, x, mu, logvar):
    if len(mu) == 3:
        raise ValueError("a batch of 2 only")
    return right(recon, x, mu, logvar)


def exits(recon, x, mu, logvar):
    sys.exit(1)


def writes(recon, x, mu, logvar):
    value = right(recon, x, mu, logvar)
    mu *= 2
    return value


def writes_tensors(recon, x, mu, logvar):
    value = torch.nn.functional.binary_cross_entropy(recon, x, reduction="sum")
    value = value + 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum()
    logvar.zero_()
    return value


def noisy(recon, x, mu, logvar):
    return right(recon, x, mu, logvar) + np.random.default_rng().normal()


def single_draw_kl(recon, x, mu, logvar):
    z = mu + (logvar / 2).exp() * torch.randn_like(mu)
    q, p = torch.distributions.Normal(mu, (logvar / 2).exp()), torch.distributions.Normal(0.0, 1.0)
    return ((x - recon) ** 2).sum() / 2 + (q.log_prob(z) - p.log_prob(z)).sum()


class Warming:
    """A weight that rises from call to call."""

    calls = 0

    def __call__(self, recon, x, mu, logvar):
        self.calls += 1
        return bce(recon, x).sum() + self.calls / 1000 * kl(mu, logvar).sum()


class Stuck(torch.autograd.Function):
    @staticmethod
    def forward(context, t):
        return t.clone()

    @staticmethod
    def backward(context, gradient):
        raise RuntimeError("no way back")


def no_way_back(recon, x, mu, logvar):
    return Stuck.apply((x - recon) ** 2).sum() / 2 + 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum()


HOSTILE = [
    (raises, {"raises"}, "KeyError: 'beta'"),
    (raises_for_three, {"raises"}, "(3, 5)"),
    (exits, {"raises"}, "SystemExit: 1"),
    (writes, {"changes-inputs"}, "it writes to mu"),
    (writes_tensors, {"changes-inputs"}, "it writes to logvar"),
    (noisy, {"not-deterministic"}, "two values"),
    (single_draw_kl, {"not-deterministic"}, "closed form of the KL"),
    (Warming(), {"not-deterministic"}, "two values"),
    (no_way_back, {"raises"}, "in its gradient: RuntimeError: no way back"),
    (lambda r, x, m, v: None, {"wrong-output"}, "NoneType"),
    (lambda r, x, m, v: "0.3", {"wrong-output"}, "str"),
    (lambda r, x, m, v: {"loss": 1.0}, {"wrong-output"}, "dict"),
    (lambda r, x, m, v: (right(r, x, m, v), r), {"wrong-output"}, "tuple"),
    (lambda r, x, m, v: right(r, x, m, v) + 0j, {"wrong-output"}, "complex"),
    (lambda r, x, m, v: bce(r, x), {"wrong-output"}, "shape (2, 5) for 2 data"),
    (lambda r, x, m, v: kl(m, v).sum(0), {"wrong-output"}, "shape (3,) for 2 data"),
    (lambda r, x, m, v: np.nan, {"not-finite"}, "nan"),
    (lambda r, x, m, v: np.log(v).sum(), {"not-finite"}, "nan"),
    (lambda r, x, m, v: np.inf * r.sum(), {"not-finite"}, "inf"),
    (lambda r, x: 0.0, {"raises"}, "TypeError"),
    (lambda r, x, m, v: 1, {"recon-missing", "kl-missing"}, "a constant"),
]


@pytest.mark.parametrize(("loss", "mistakes", "words"), HOSTILE)
def test_bad_behaviour_is_a_finding(loss, mistakes, words):
    diagnosis = audit_loss(loss)
    assert diagnosis.kinds == mistakes, diagnosis
    assert words in " ".join(str(diagnosis).split())


def test_a_mistake_is_found_beside_bad_behaviour():
    def loss(recon, x, mu, logvar):
        value = bce(recon, x).mean(1).sum() + kl(mu, logvar).sum()
        x += 1
        return value

    assert audit_loss(loss).kinds == {"changes-inputs", "recon-mean-over-pixels"}


def test_the_callers_random_numbers_stay_as_they_are():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    audit_loss(no_way_back)
    assert torch.rand(1) == expected


def test_gradients_are_looked_at_where_the_caller_wants_none():
    def loss(recon, x, mu, logvar):
        return ((x - recon) ** 2).sum() / 2 + 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum()

    with torch.no_grad():
        assert audit_loss(loss).ok


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"arguments": ("recon", "x", "mu")}, DomainError),
        ({"arguments": ("recon", "x", "mu", "sigma")}, DomainError),
        ({"arguments": ("recon", "x", "mu", "mu")}, DomainError),
        ({"arguments": "recon"}, DomainError),
        ({"noise_scale": 0.0}, VitutorError),
        ({"noise_scale": "0.3"}, VitutorError),
        ({"data_shape": 0}, VitutorError),
        ({"data_shape": 2.5}, VitutorError),
    ],
)
def test_bad_options_are_errors(options, error):
    with pytest.raises(error):
        audit_loss(right, **options)


@pytest.mark.parametrize("audit", [audit_loss, audit_elbo])
def test_what_is_no_function_is_an_error(audit):
    with pytest.raises(ArgumentTypeError, match="wanted a function"):
        audit(3.0)


HOSTILE_ELBOS = [
    (lambda lj, q, z: 1 / 0, {"raises"}, "ZeroDivisionError"),
    (lambda lj, q, z: lj(z[:, :, 0]).mean(0), {"raises"}, "wanted shape (S, N, Dz)"),
    (lambda lj, q, z: lj(z), {"wrong-output"}, "shape (4, 2) for 2 data"),
    (lambda lj, q, z: lj(z).mean(1), {"wrong-output"}, "shape (4,) for 2 data"),
    (lambda lj, q, z: np.log(q.mean).sum(1), {"not-finite"}, "nan"),
    (lambda lj, q, z: np.abs(lj(z)).mean(0) ** 0.5, {"unexplained"}, "nor log E[w]"),
    (lambda lj, q, z: (lj(z) ** 2).mean(0) + q.entropy(), {"unexplained"}, "nor log E[w]"),
    (lambda lj, q, z: lj(z).max(0) + q.entropy(), {"unexplained"}, "nor log E[w]"),
    (lambda lj, q, z: 1.0, {"recon-missing", "kl-missing"}, "a constant"),
    (
        lambda lj, q, z: lj(q.sample(3, rng=np.random.default_rng())).mean(0) + q.entropy(),
        {"not-deterministic"},
        "two values",
    ),
    (
        lambda lj, q, z: (lj(z - 0) + q.entropy() + z.__imul__(2).sum(-1) * 0).mean(0),
        {"changes-inputs"},
        "it writes to z",
    ),
    (
        lambda lj, q, z: (
            lj(np.random.default_rng(0).standard_normal(z.shape)).mean(0) + q.entropy()
        ),
        {"detached-sample"},
        "as q moves",
    ),
]


@pytest.mark.parametrize(("elbo_fn", "mistakes", "words"), HOSTILE_ELBOS)
def test_bad_behaviour_of_an_elbo_is_a_finding(elbo_fn, mistakes, words):
    diagnosis = audit_elbo(elbo_fn)
    assert diagnosis.kinds == mistakes, diagnosis
    assert words in " ".join(str(diagnosis).split())


def test_numpy_losses_need_no_torch():
    code = """
import sys
sys.modules["torch"] = None
import numpy as np
from vitutor.audit import audit_loss
diagnosis = audit_loss(lambda r, x, m, v: ((x - r) ** 2).sum() / 2 + (m**2 + np.exp(v) - v).sum())
assert diagnosis.kinds == {"kl-half-missing"}, diagnosis
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
