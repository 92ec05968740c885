"""Many VAEs trained at once as one batched program: the rate-distortion curve. (Lesson 11)

One small VAE leaves a GPU idle; a stack of them, one for each beta and seed, fills it. Each model
is the one that `train` would have made alone: same weights to begin with, same batches and noise.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from vitutor.errors import DomainError, NonFiniteError
from vitutor.estimate import Estimate
from vitutor.vae.model import VAE, build
from vitutor.vae.progress import watched
from vitutor.vae.randomness import generator
from vitutor.vae.step import Step
from vitutor.validation import count, positive, real_array


class StackedLinear(nn.Module):
    """M linear layers as one batched matrix product: inputs (M, B, n_in), outputs (M, B, n_out)."""

    def __init__(self, layers):
        super().__init__()
        self.weight = nn.Parameter(torch.stack([layer.weight.detach() for layer in layers]))
        self.bias = nn.Parameter(torch.stack([layer.bias.detach() for layer in layers]))

    def forward(self, x):
        return torch.baddbmm(self.bias[:, None], x, self.weight.mT)


@dataclass(frozen=True, eq=False)
class Sweep:
    """Trained models, one for each of betas (B,) and seeds (C,), and their ELBOs by epoch.

    elbo is (E, B, C), nats a datum: reconstruction - KL, at any beta.
    """

    betas: np.ndarray
    seeds: tuple
    elbo: np.ndarray
    stack: VAE

    def model(self, i, j):
        """The VAE trained with betas[i] and seeds[j]."""
        k = range(len(self.betas))[i] * len(self.seeds) + range(len(self.seeds))[j]
        model = build(**self.stack.config, seed=0, device=str(self.stack.device))
        state = {name: weight[k].clone() for name, weight in self.stack.state_dict().items()}
        model.to(self.stack.dtype).load_state_dict(state)
        return model

    @torch.no_grad()
    def rate_distortion(self, x, *, n_draws, seed):
        """Rate KL(q || p(z)) and distortion -E[log p(x | z)], means over x: two of (B, C), nats.

        The rate is a closed form; the distortion is averaged over n_draws of z.
        """
        x, shape = self.stack.data(x), (len(self.betas), len(self.seeds))
        rng = generator(x.device, count("seed", seed, at_least=0))
        x = x.expand(shape[0] * shape[1], *x.shape)
        distortion = []
        for _ in range(count("n_draws", n_draws)):
            # The same noise for every model: their differences are then known much better.
            eps = torch.empty(x.shape[1], self.stack.latent_dim, device=x.device, dtype=x.dtype)
            reconstruction, kl = self.stack(x, eps.normal_(generator=rng))
            distortion.append(-reconstruction.mean(1).double().cpu().numpy().reshape(shape))
        rate = kl.mean(1).double().cpu().numpy().reshape(shape)
        return Estimate.exact(rate), Estimate.from_draws(np.stack(distortion))


def sweep(
    x,
    *,
    betas,
    seeds,
    latent_dim,
    hidden,
    n_epochs,
    batch_size=128,
    learning_rate=1e-3,
    device="auto",
    progress=None,
):
    """Train a VAE of Bernoulli pixels x (N, D) for every beta and seed, all at once: a Sweep.

    Arguments are those of `build` and `train`. NonFiniteError names the model that failed.
    """
    betas = real_array("betas", betas, ("B",))
    seeds = tuple(count(f"seeds[{i}]", seed, at_least=0) for i, seed in enumerate(seeds))
    if not seeds:
        raise DomainError("seeds", got="none", wanted="at least one")
    n_epochs, batch_size = count("n_epochs", n_epochs), count("batch_size", batch_size)
    learning_rate = float(positive("learning_rate", real_array("learning_rate", learning_rate, ())))
    models = [
        build(np.shape(x)[-1], latent_dim, hidden=hidden, seed=seed, device=device)
        for seed in seeds
    ]
    x = models[0].data(x)
    stack = _stacked(models * len(betas))
    price = torch.tensor(betas, device=x.device, dtype=x.dtype).repeat_interleave(len(seeds))
    step = Step(stack, learning_rate, beta=price[:, None], batch_size=batch_size)
    elbo = np.empty((n_epochs, len(betas), len(seeds)))
    for epoch in watched(range(n_epochs), progress):
        terms = [_tiled_step(step, *batch, len(betas)) for batch in _batches(step, x, seeds, epoch)]
        mean = (torch.cat(terms, 1).sum(1) / len(x)).double().cpu().numpy()
        elbo[epoch] = mean.reshape(elbo.shape[1:])
        _check(elbo[epoch], betas, seeds, epoch)
    return Sweep(betas, seeds, elbo, stack)


def _stacked(models):
    stack = copy.deepcopy(models[0])
    for name, layer in models[0].named_modules():
        if isinstance(layer, nn.Linear):
            stack.set_submodule(name, StackedLinear([m.get_submodule(name) for m in models]))
    return stack


def _batches(step, x, seeds, epoch):
    """Batches (C, b, D) and noise (C, b, Dz): for each seed those that `train` would draw."""
    rngs = [generator(x.device, seed, epoch) for seed in seeds]
    order = torch.stack([torch.randperm(len(x), generator=g, device=x.device) for g in rngs])
    shape = (len(x), step.latent_dim)
    eps = torch.stack([x.new_empty(shape).normal_(generator=g) for g in rngs])
    size = step.batch_size
    for indices, noise in zip(order.split(size, 1), eps.split(size, 1), strict=True):
        yield x[indices], noise


def _tiled_step(step, x, eps, n_betas):
    reconstruction, kl = step(x.repeat(n_betas, 1, 1), eps.repeat(n_betas, 1, 1))
    return reconstruction - kl


def _check(elbo, betas, seeds, epoch):
    if not np.isfinite(elbo).all():
        i, j = np.argwhere(~np.isfinite(elbo))[0]
        raise NonFiniteError(
            "ELBO",
            got=f"NaN or infinity in epoch {epoch + 1}, with beta {betas[i]:g} and seed {seeds[j]}",
            wanted="finite numbers",
            remedy="A smaller learning_rate usually helps.",
        )
