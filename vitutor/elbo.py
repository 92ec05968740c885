"""The evidence lower bound, in its forms: one number, and very different noise. (Lessons 06, 07)

    ELBO = E_q[log p(x, z) - log q(z)]               joint_minus_log_q
         = E_q[log p(x, z)] + H(q)                   energy_plus_entropy
         = E_q[log p(x | z)] - KL(q ‖ p(z))          reconstruction_minus_kl
         = log p(x) - KL(q ‖ p(z | x))               evidence_minus_gap

The first three average over draws z (S, N, Dz) of q, given as an argument so that forms can be
compared on the same draws. Each is an unbiased Estimate of the ELBO, nats (N,), and the ELBO is a
lower bound on log p(x).

On one draw they differ, by terms whose mean is zero: the first has -log q(z) where the second has
its mean, H(q), for a Gaussian (|eps|² - Dz) / 2 less; the second has log p(z) where the third has
its mean. Hence at q = posterior the first has no noise at all, each draw being log p(x), while the
others have; and at q = prior the first and the third are the same, draw by draw.
"""

import dataclasses

from vitutor import evidence
from vitutor.divergences import kl
from vitutor.errors import IntractableError
from vitutor.estimate import Estimate
from vitutor.grid import exact_posterior
from vitutor.models.protocol import checked


def joint_minus_log_q(model, x, q, z):
    """Mean of log p(x, z) - log q(z): an Estimate of the ELBO, nats (N,). It needs no closed form.

    At q = posterior each draw is log p(x) itself.
    """
    _, x = checked(model, x)
    log_joint = model.log_prior(z) + model.log_likelihood(x, z)
    return Estimate.from_draws(log_joint - q.log_prob(z))


def energy_plus_entropy(model, x, q, z):
    """Mean of log p(x, z), plus H(q) in closed form: an Estimate of the ELBO, nats (N,)."""
    _, x = checked(model, x)
    if not hasattr(q, "entropy"):
        raise _no_closed_form("q", q, "an entropy in closed form")
    log_joint = model.log_prior(z) + model.log_likelihood(x, z)
    return Estimate.from_draws(log_joint + q.entropy())


def reconstruction_minus_kl(model, x, q, z):
    """Mean of log p(x | z), less KL(q ‖ p(z)) in closed form: an Estimate of the ELBO, nats (N,).

    The KL is to the prior, and outside the expectation. Reference: Kingma & Welling 2014, eq. 7.
    """
    _, x = checked(model, x)
    if not hasattr(model, "prior"):
        raise _no_closed_form("model", model, "its prior as a distribution, prior(n_data)")
    to_prior = kl(q, model.prior(len(x)))
    return Estimate.from_draws(model.log_likelihood(x, z) - to_prior)


def evidence_minus_gap(model, x, q):
    """log p(x) - KL(q ‖ p(z | x)): the ELBO without any draw, an Estimate, nats (N,).

    In closed form where the model has one, by quadrature for one or two latent dimensions, else
    IntractableError.
    """
    _, x = checked(model, x)
    posterior = exact_posterior(model, x)
    if hasattr(model, "log_marginal"):
        log_evidence = evidence.exact(model, x)
    else:
        log_evidence = evidence.quadrature(model, x)
    return dataclasses.replace(log_evidence, value=log_evidence.value - kl(q, posterior))


def _no_closed_form(argument, owner, wanted):
    return IntractableError(
        argument,
        got=f"a {type(owner).__name__} without it",
        wanted=wanted,
        remedy="elbo.joint_minus_log_q needs none.",
    )
