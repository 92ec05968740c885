"""How far is q from p? KL(q ‖ p) in closed form, or with a standard error. (Lessons 06, 07)

    from vitutor.divergences import kl, kl_monte_carlo

KL(q ‖ p) = E_q[log q - log p] >= 0, and it is not KL(p ‖ q). A pair with a closed form of its own
joins with four lines:

    @kl.register(Laplace, Laplace)
    def kl_laplace(q, p):
        return ...  # (N,), nats
"""

import numpy as np

from vitutor.distributions import Bernoulli, Categorical
from vitutor.errors import IntractableError, ShapeError
from vitutor.estimate import Estimate
from vitutor.families import FullRankGaussian, MeanFieldGaussian

_CLOSED_FORMS = {}


def kl(q, p):
    """KL(q ‖ p) in closed form, nats (N,), for two batches of N distributions, or N and 1.

    Infinite where q has mass that p has not. IntractableError for a pair nobody registered.
    """
    for type_q in type(q).__mro__:
        for type_p in type(p).__mro__:
            if (type_q, type_p) in _CLOSED_FORMS:
                return _CLOSED_FORMS[type_q, type_p](q, p)
    raise IntractableError(
        "kl(q, p)",
        got=f"a {type(q).__name__} and a {type(p).__name__}",
        wanted="a pair with a closed form",
        remedy="kl_monte_carlo(q, p, n_draws, rng=rng) estimates it; @kl.register adds a form.",
    )


def _register(type_q, type_p):
    """Return a decorator that makes a function of (q, p) the closed form for these types."""

    def keep(function):
        _CLOSED_FORMS[type_q, type_p] = function
        return function

    return keep


kl.register = _register


def kl_monte_carlo(q, p, n_draws, *, rng):
    """KL(q ‖ p) as the mean of log q(z) - log p(z), z drawn from q: an Estimate, nats (N,)."""
    z = q.sample(n_draws, rng=rng)
    return Estimate.from_draws(q.log_prob(z) - p.log_prob(z))


@kl.register(MeanFieldGaussian, MeanFieldGaussian)
def _kl_mean_field(q, p):
    _same_batch(q.mean, p.mean)
    ratio = q.scale / p.scale
    shift = (q.mean - p.mean) / p.scale
    return 0.5 * (ratio**2 + shift**2 - 1 - 2 * np.log(ratio)).sum(axis=1)


@kl.register(FullRankGaussian, FullRankGaussian)
@kl.register(FullRankGaussian, MeanFieldGaussian)
@kl.register(MeanFieldGaussian, FullRankGaussian)
def _kl_gaussian(q, p):
    _same_batch(q.mean, p.mean)
    # E_q[log p] is log p at q's mean, less what q's spread costs in p's metric.
    spread = np.trace(np.linalg.solve(p.cov, q.cov), axis1=1, axis2=2)
    return -q.entropy() - p.log_prob(q.mean[None])[0] + 0.5 * spread


@kl.register(Bernoulli, Bernoulli)
def _kl_bernoulli(q, p):
    _same_batch(q.logits, p.logits)
    probability = np.exp(-np.logaddexp(0.0, -q.logits))
    log_normalisers = np.logaddexp(0.0, p.logits) - np.logaddexp(0.0, q.logits)
    return (probability * (q.logits - p.logits) + log_normalisers).sum(axis=1)


@kl.register(Categorical, Categorical)
def _kl_categorical(q, p):
    _same_batch(q.log_weights, p.log_weights)
    possible = q.log_weights > -np.inf  # a choice that q never makes costs nothing
    log_ratio = np.zeros(np.broadcast_shapes(q.log_weights.shape, p.log_weights.shape))
    np.subtract(q.log_weights, p.log_weights, out=log_ratio, where=possible)
    return (np.exp(q.log_weights) * log_ratio).sum(axis=1)


def _same_batch(of_q, of_p):
    if of_q.shape[1] != of_p.shape[1] or len({len(of_q), len(of_p), 1}) > 2:
        raise ShapeError(
            "kl(q, p)",
            got=f"parameters of shape {of_q.shape} and {of_p.shape}",
            wanted="the same dimension, and as many distributions in each, or one in one of them",
            remedy="The closed forms pair the distributions row by row.",
        )
