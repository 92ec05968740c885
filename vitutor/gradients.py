"""Gradients that are expectations, as their draws: (S, N, ...), not their mean. (Lessons 04, 08)

    d log p(x) / d theta = E_p(z|x)[d log p(x, z) / d theta]      fisher_identity, prior_sampling
    d ELBO / d phi, an expectation under the q that moves          score_function, reparameterised

Of the model it is theta that moves, `model.params` (M,); of q it is phi, `q.params` (N, P). Every
estimator of d ELBO / d phi is unbiased, and they differ in variance by orders of magnitude: hand
the draws to Estimate.from_draws for the mean with its standard error, and look at them first.
"""

import numpy as np

from vitutor import validation
from vitutor.errors import ArgumentTypeError, IntractableError, ShapeError
from vitutor.estimate import Estimate
from vitutor.grid import exact_posterior
from vitutor.models.protocol import checked
from vitutor.numerics import WeightStream


def fisher_identity(model, x, n_draws, *, rng):
    """d log p(x, z) / d theta at exact draws z of the posterior: (S, N, M), nats per unit of theta.

    Its expectation is the gradient of log p(x); no p(z) multiplies it, for the posterior has it
    inside. The posterior is the model's own or, with latent_dim <= 2, that of a grid; else
    IntractableError. Reference: Cappé, Moulines & Rydén 2005, section 10.1.
    """
    _, x = checked(model, x)
    _needs(model, "grad_params_log_joint")
    z = exact_posterior(model, x).sample(n_draws, rng=rng)
    return model.grad_params_log_joint(x, z)


def prior_sampling(model, x, n_draws, *, rng):
    """The gradient of log p(x) in theta from prior draws weighted by p(x | z): an Estimate (N, M).

    Self-normalised importance sampling. Consistent, with a bias of order 1 / S whose sign nobody
    knows; `std_error` is by the delta method, and ESS and Pareto k are those of the weights, which
    fail exactly where those of evidence.naive_monte_carlo do. Reference: Owen 2013, section 9.2.
    """
    _, x = checked(model, x)
    n_draws = validation.count("n_draws", n_draws)
    _needs(model, "grad_params_log_joint")
    z = model.sample_prior(n_draws, len(x), rng=rng)
    log_w = model.log_likelihood(x, z)
    draws = model.grad_params_log_joint(x, z)
    stream = WeightStream.of(log_w)
    share = np.exp(log_w - log_w.max(axis=0))
    share /= share.sum(axis=0)
    value = np.einsum("sn,snm->nm", share, draws)
    if n_draws == 1:
        std_error = np.full_like(value, np.inf)
    else:
        std_error = np.sqrt(np.einsum("sn,snm->nm", share**2, (draws - value) ** 2))
    ess, pareto_k = (
        np.broadcast_to(each[:, None], value.shape) for each in (stream.ess(), stream.pareto_k())
    )
    return Estimate(value, std_error, n_draws=n_draws, ess=ess, pareto_k=pareto_k)


def score_function(model, x, q, n_draws, *, rng, baseline=0.0):
    """d ELBO / d phi as (log p(x, z) - log q(z) - baseline) d log q(z) / d phi: (S, N, P).

    Asks for densities only, so z may be discrete. Since the score has mean zero, a baseline, one
    number or one a datum (N,), takes away noise and no bias, as long as it does not know the draw
    that it is subtracted from: "leave-one-out" is the mean over all other draws, of which there
    must be one. Reference: Kool, van Hoof & Welling 2019, "Buy 4 REINFORCE samples, get
    a baseline for free!".
    """
    _, x = checked(model, x)
    _check_batch(q, x)
    n_draws = validation.count("n_draws", n_draws)
    if isinstance(baseline, str):
        if baseline != "leave-one-out":
            raise ArgumentTypeError(
                "baseline",
                got=repr(baseline),
                wanted='a number, numbers (N,) or "leave-one-out"',
                remedy="Zero is none.",
            )
        validation.count("n_draws", n_draws, at_least=2)
    else:
        shape = () if np.ndim(baseline) == 0 else (len(x),)
        baseline = validation.real_array("baseline", baseline, shape)
    z = q.sample(n_draws, rng=rng)
    learned = model.log_prior(z) + model.log_likelihood(x, z) - q.log_prob(z)
    if isinstance(baseline, str):
        baseline = (learned.sum(axis=0) - learned) / (n_draws - 1)
    return (learned - baseline)[:, :, None] * q.score(z)


def reparameterised(model, x, q, n_draws, *, rng, sticking_the_landing=False):
    """d ELBO / d phi through z = q.transform(eps), eps ~ N(0, I): (S, N, P).

    log p(x, z) - log q(z) moves with phi because z does, and because q's own formula does. Both
    together move -log q(z) as transform's log |det| moves, whose mean is the entropy. The second
    alone has mean zero: `sticking_the_landing` drops it, and at q = posterior what is left is zero
    in every draw. References: Kingma & Welling 2014; Roeder, Wu & Duvenaud 2017.
    """
    latent_dim, x = checked(model, x)
    _check_batch(q, x)
    n_draws = validation.count("n_draws", n_draws)
    _needs(model, "grad_z_log_joint", " Or take score_function, which needs none.")
    eps = validation.generator(rng).standard_normal((n_draws, len(x), latent_dim))
    z = q.transform(eps)
    grad_z = model.grad_z_log_joint(x, z)
    if sticking_the_landing:
        return q.pull_back(eps, grad_z - q.grad_z_log_prob(z))
    return q.pull_back(eps, grad_z) + q.grad_log_det(eps)


def _check_batch(q, x):
    if q.params.ndim == 2 and len(q.params) != len(x):
        raise ShapeError(
            "q",
            got=f"a batch of {len(q.params)} distributions",
            wanted=f"one for each of the {len(x)} data",
            remedy="A family holds one distribution over the latents for each datum of x.",
        )


def _needs(model, name, or_else=""):
    if not hasattr(model, name):
        raise IntractableError(
            "model",
            got=f"a {type(model).__name__} without {name}",
            wanted="a model that knows this gradient",
            remedy=f"Write the method; check_model tries it.{or_else}",
        )
