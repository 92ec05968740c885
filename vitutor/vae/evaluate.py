"""How good is a trained VAE? Bounds on log p(x) from draws of q(z | x). (Lessons 10, 11)

Draws come in blocks that leave only running sums behind, so memory does not grow with
their number; a block is decoded in pieces that fit a cache.
"""

import numpy as np
import torch

from vitutor.estimate import Estimate
from vitutor.numerics import WeightStream
from vitutor.vae.randomness import generator
from vitutor.validation import count

# Pictures decoded at once: their pixels fit a core's cache; a GPU takes many more.
ROWS = {"cpu": 2**12, "mps": 2**16, "cuda": 2**18}
PIECES = 8  # in a block


def evaluate(model, x, *, n_importance, seed):
    """Importance-weighted bound on log p(x), nats (N,), from n_importance draws of q(z | x).

    Its bias is down and shrinks as draws are added; `reliable` says whether they were enough.
    Reference: Burda, Grosse & Salakhutdinov 2016, eq. 8.
    """
    n_importance = count("n_importance", n_importance)
    x = model.data(x)
    stream = WeightStream(n_importance, len(x))
    for log_w in _log_weights(model, x, n_importance, seed):
        stream.add(log_w)
    return Estimate.from_stream(stream, n_importance)


def elbo(model, x, *, n_draws, seed):
    """The ELBO of each datum, nats (N,): the mean of log p(x, z) - log q(z | x) over draws of q."""
    n_draws = count("n_draws", n_draws)
    return Estimate.from_draws(
        np.concatenate(list(_log_weights(model, model.data(x), n_draws, seed)))
    )


def mean_bound(model, x, n_draws, seed):
    """The importance-weighted bound averaged over checked data x, nats, and nothing else."""
    total = np.full(len(x), -np.inf)
    for log_w in _log_weights(model, x, n_draws, seed):
        total = np.logaddexp(total, np.logaddexp.reduce(log_w))
    return float(total.mean() - np.log(n_draws))


@torch.inference_mode()
def _log_weights(model, x, n_draws, seed):
    """Yield log p(x, z) - log q(z | x), z drawn from q, in blocks of draws (B, N), as arrays."""
    rng = generator(model.device, count("seed", seed, at_least=0))
    q = model.posterior(x)
    piece = max(1, ROWS[model.device.type] // len(x))
    for start in range(0, n_draws, PIECES * piece):
        shape = (min(PIECES * piece, n_draws - start), len(x), model.latent_dim)
        z, log_q = q.draw(torch.empty(shape, device=x.device, dtype=x.dtype).normal_(generator=rng))
        log_likelihood = torch.cat([model.log_likelihood(x, part) for part in z.split(piece)])
        log_w = log_likelihood + model.log_prior(z) - log_q
        yield log_w.double().cpu().numpy()
