"""Functions of draws, as lessons 06-08 write them: right forms, mistakes alone and in pairs."""

from itertools import combinations

import numpy as np
import pytest

from vitutor import elbo
from vitutor.audit import audit_elbo
from vitutor.families import MeanFieldGaussian
from vitutor.numerics import logmeanexp

LOG_2PI = np.log(2 * np.pi)


def log_prior(z):
    return -(z**2).sum(-1) / 2 - z.shape[-1] / 2 * LOG_2PI


def kl(q):
    return (q.mean**2 + q.scale**2 - 2 * np.log(q.scale) - 1).sum(1) / 2


def joint(log_joint, q, z):
    return (log_joint(z) - q.log_prob(z)).mean(0)


def energy(log_joint, q, z):
    return log_joint(z).mean(0) + q.entropy()


def reconstruction(log_joint, q, z):
    return (log_joint(z) - log_prior(z)).mean(0) - kl(q)


def draw_by_draw(log_joint, q, z):
    return sum(log_joint(z[s]) - q.log_prob(z[s : s + 1])[0] for s in range(len(z))) / len(z)


RIGHT = [
    (joint, {"per-datum"}),
    (energy, {"per-datum"}),
    (reconstruction, {"per-datum"}),
    (draw_by_draw, {"per-datum"}),
    (lambda lj, q, z: joint(lj, q, z).sum(), {"batch-sum"}),
    (lambda lj, q, z: float(energy(lj, q, z).mean()), {"batch-mean"}),
    (lambda lj, q, z: (lj(z) - q.log_prob(z)).mean(), {"batch-mean"}),
    (lambda lj, q, z: joint(lj, q, z[:1]), {"per-datum", "one-draw"}),
    (
        lambda lj, q, z: joint(lj, q, q.sample(9, rng=np.random.default_rng(0))),
        {"per-datum", "own-draws"},
    ),
]


@pytest.mark.parametrize(("elbo_fn", "notes"), RIGHT)
def test_a_right_elbo_is_left_alone(elbo_fn, notes):
    diagnosis = audit_elbo(elbo_fn)
    assert diagnosis.ok, diagnosis
    assert {finding.kind for finding in diagnosis.findings} == notes


class Handed:
    """A model that knows nothing but the log_joint it was handed."""

    def __init__(self, log_joint, latent_dim):
        self.log_joint, self.latent_dim = log_joint, latent_dim

    def prior(self, n_data):
        return MeanFieldGaussian.standard(n_data, self.latent_dim)

    def sample_prior(self, n_draws, n_data, *, rng):
        return self.prior(n_data).sample(n_draws, rng=rng)

    def log_prior(self, z):
        return log_prior(z)

    def log_likelihood(self, x, z):
        return self.log_joint(z) - log_prior(z)


@pytest.mark.parametrize(
    "form", [elbo.joint_minus_log_q, elbo.energy_plus_entropy, elbo.reconstruction_minus_kl]
)
def test_the_package_own_forms_are_right(form):
    def elbo_fn(log_joint, q, z):
        n_data, latent_dim = q.mean.shape
        return form(Handed(log_joint, latent_dim), np.zeros((n_data, 1)), q, z)

    diagnosis = audit_elbo(elbo_fn)
    assert diagnosis.ok, diagnosis


def log_of_sum(log_joint, q, z):
    return log_mean(log_joint, q, z) + np.log(len(z))


def seeds_formula(log_joint, q, z):
    """E[log p(x|z)] - KL(q‖posterior), with log p(x, z) standing for the posterior."""
    return 2 * log_joint(z).mean(0) - (log_prior(z) + q.log_prob(z)).mean(0)


def log_mean(log_joint, q, z):
    return logmeanexp(log_joint(z) - q.log_prob(z))


@pytest.mark.parametrize(
    ("elbo_fn", "mistakes"),
    [
        (log_mean, {"log-of-mean"}),
        (log_of_sum, {"log-of-mean", "draws-not-averaged"}),
        (lambda lj, q, z: -log_mean(lj, q, z).mean(), {"log-of-mean", "sign"}),
        (lambda lj, q, z: 3 * log_mean(lj, q, z), {"log-of-mean", "scaled"}),
        (lambda lj, q, z: 3 * joint(lj, q, z), {"scaled"}),
        (lambda lj, q, z: energy(lj, q, z) + 0.1, {"normaliser-wrong"}),
        # log q with the log of the scale dropped, or of the wrong sign.
        (lambda lj, q, z: joint(lj, q, z) - np.log(q.scale).sum(1), {"kl-missing"}),
        (lambda lj, q, z: joint(lj, q, z) - 2 * np.log(q.scale).sum(1), {"kl-sign"}),
        # log p(x | z) for log p(x, z).
        (lambda lj, q, z: joint(lj, q, z) - log_prior(z).mean(0), {"kl-missing"}),
        (seeds_formula, {"kl-to-posterior"}),
    ],
)
def test_a_famous_mistake_is_named(elbo_fn, mistakes):
    diagnosis = audit_elbo(elbo_fn)
    assert diagnosis.kinds == mistakes, diagnosis


def test_what_is_printed():
    said = str(audit_elbo(lambda lj, q, z: -reconstruction(lj, q, z).mean()))
    assert "−1/N · E[log p(x|z)] + 1/N · KL(q‖N(0, I))" in said
    assert said.startswith("1 mistake found.")


COMMON = (
    "sign",
    "kl-sign",
    "beta",
    "kl-missing",
    "recon-missing",
    "normaliser-missing",
    "batch-mean-twice",
    "draws-not-averaged",
    "kl-mean-over-latents",
    "std-as-variance",
    "logvar-as-logstd",
)
MISTAKES = {
    "joint": (*COMMON, "kl-half-missing", "kl-to-posterior"),
    "entropy": COMMON,
    "kl": (*COMMON, "kl-half-missing", "kl-reversed", "prior-twice"),
}
OF_Q = {
    "kl-sign",
    "beta",
    "kl-mean-over-latents",
    "std-as-variance",
    "logvar-as-logstd",
    "kl-half-missing",
    "kl-reversed",
    "kl-to-posterior",
    "prior-twice",
}
# Two mistakes that give, number for number, what other words say in fewer.
SAME_NUMBERS = {
    frozenset({"sign", "kl-sign"}): {"sign"},
    frozenset({"recon-missing", "sign"}): {"recon-missing", "kl-sign"},
}


def plant(form, mistakes):
    """An ELBO of draws with these mistakes, from the definitions."""
    has = frozenset(mistakes).__contains__

    def elbo_fn(log_joint, q, z):
        log_v = 2 * np.log(q.scale) * (2 if has("logvar-as-logstd") else 1)
        v = np.exp(log_v)
        if has("std-as-variance"):
            v = q.scale
            log_v = log_v if has("logvar-as-logstd") else np.log(q.scale)
        log_2pi = 0.0 if has("normaliser-missing") else LOG_2PI
        half = 1.0 if has("kl-half-missing") else 0.5
        over = np.mean if has("kl-mean-over-latents") else np.sum
        first = log_joint(z)
        if form == "joint":
            of_q = over(half * (z - q.mean) ** 2 / v + log_v / 2 + log_2pi / 2, axis=-1)
        elif form == "entropy":
            of_q = over(log_v / 2 + (1 + log_2pi) / 2, axis=-1)
        elif has("kl-reversed"):
            of_q = -half * over((q.mean**2 + 1) / v + log_v - 1, axis=-1)
        else:
            of_q = -half * over(q.mean**2 + v - log_v - 1, axis=-1)
        if form == "kl" and not has("prior-twice"):
            first = first + ((z**2).sum(-1) + z.shape[-1] * log_2pi) / 2
        if has("kl-to-posterior"):
            of_q = of_q + log_joint(z)
        weight = (4 if has("beta") else 1) * (-1 if has("kl-sign") else 1)
        each = (not has("recon-missing")) * first + (not has("kl-missing")) * weight * of_q
        value = each.sum(0) if has("draws-not-averaged") else each.mean(0)
        if has("batch-mean-twice"):
            value = value.mean() / len(value)
        return -value if has("sign") else value

    return elbo_fn


def contradict(a, b, form):
    """Whether no function can hold both: one is about a part that the other leaves out."""
    pair = {a, b}
    of_q = OF_Q if form == "kl" else {*OF_Q, "normaliser-missing"}
    of_recon = {"kl-to-posterior", "prior-twice", *({"normaliser-missing"} if form == "kl" else ())}
    return (
        ("kl-missing" in pair and bool(pair & of_q))
        or ("recon-missing" in pair and bool(pair & of_recon))
        or pair == {"kl-missing", "recon-missing"}
        or pair == {"prior-twice", "normaliser-missing"}
        # An entropy has one place for either.
        or (form == "entropy" and pair == {"std-as-variance", "logvar-as-logstd"})
        # log p(x, z) - [-log q + log p(x, z)] has no log p(x, z) left.
        or pair == {"kl-to-posterior", "kl-sign"}
    )


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("form", MISTAKES)
def test_what_is_planted_is_named(form, size):
    """All of it and nothing else."""
    wrong, count = {}, 0
    for mistakes in combinations(MISTAKES[form], size):
        if size == 2 and contradict(*mistakes, form):
            continue
        count += 1
        found = audit_elbo(plant(form, mistakes)).kinds
        expected = SAME_NUMBERS.get(frozenset(mistakes), set(mistakes))
        if form == "kl" and expected == {"kl-half-missing", "beta"}:
            expected = {"beta"}  # of 8; in log q only the square has a ½
        if found != expected:
            wrong[mistakes] = found
    assert count >= (11 if size == 1 else 45)
    assert wrong == {}
