"""log p(x) of a VAE from below and from above, with no help from its encoder. (Lesson 11)

Annealed importance sampling walks from the prior to the posterior through the densities
f_t(z) = p(z) p(x | z)^t, t from 0 to 1, by Hamiltonian Monte Carlo. Forward, its weights average
to p(x). Backward from an exact posterior draw, which a model's own sample (z, x) is, they average
to 1 / p(x). So the truth lies between.

References: Neal 2001; Wu, Burda, Salakhutdinov & Grosse 2017; Grosse, Ghahramani & Adams 2015.
"""

import numpy as np
import torch

from vitutor.errors import ShapeError
from vitutor.estimate import Estimate
from vitutor.vae.progress import watched
from vitutor.vae.randomness import generator
from vitutor.validation import count, real_array

N_LEAPFROG = 8
ACCEPTANCE = 0.65  # where Hamiltonian Monte Carlo is about most efficient (Neal 2011)
N_PILOT = 4


def ais(model, x, n_draws, *, n_temperatures, seed, progress=None):
    """log p(x), nats (N,), biased down: n_draws annealed chains a datum, prior to posterior.

    A pilot run of its own tunes the step sizes, so the weights of the chains are unbiased.
    """
    x, walk = model.data(x), _Walk(model, n_temperatures, seed)
    n_draws = count("n_draws", n_draws)
    steps = walk.tune(x)
    log_w = walk.forward(x, n_draws, steps, progress)
    return Estimate.from_log_weights(log_w.double().cpu().numpy())


def reverse_ais(model, x, z_exact, *, n_temperatures, seed, progress=None):
    """log p(x), nats (N,), biased up: one chain a datum, from z_exact (N, Dz) to the prior.

    z_exact must come from the posterior: `z_exact, x = model.sample(n, seed=...)`. A single
    chain knows no error of its own, so std_error is infinite: average over data.
    """
    x, walk = model.data(x), _Walk(model, n_temperatures, seed)
    z = real_array("z_exact", z_exact, ("N", model.latent_dim))
    if len(z) != len(x):
        raise ShapeError("z_exact", got=f"{len(z)} rows", wanted=f"one for each of {len(x)} data")
    z = torch.tensor(z, device=x.device, dtype=x.dtype)[None]
    log_w = walk.backward(x, z, walk.tune(x), progress)
    upper = -log_w.double().cpu().numpy()[0]
    return Estimate(upper, np.full(len(x), np.inf), bias="up", n_draws=1)


class _Walk:
    """Chains z (S, N, Dz) between p(z), where t = 0, and p(z | x), where t = 1."""

    def __init__(self, model, n_temperatures, seed):
        self.model = model
        self.n = count("n_temperatures", n_temperatures)
        self.rng = generator(model.device, count("seed", seed, at_least=0))
        # Denser at both ends, where the densities change fastest (Wu et al. 2017, section 4).
        s = torch.sigmoid(torch.linspace(-4, 4, self.n + 1, dtype=torch.float64))
        self.t = ((s - s[0]) / (s[-1] - s[0])).tolist()

    def tune(self, x):
        """Step sizes for every temperature and datum, from a few chains that are thrown away."""
        z, step, steps = self._prior(x, N_PILOT), x.new_full((len(x),), 0.5), []
        for t in self.t[1:]:
            steps.append(step)
            z, accepted = self._move(x, z, t, step)
            step = step * torch.exp(0.2 * (accepted.mean(0) - ACCEPTANCE))
        return steps

    def forward(self, x, n_draws, steps, progress):
        z = self._prior(x, n_draws)
        log_w = torch.zeros(z.shape[:2], device=x.device, dtype=torch.float64)
        for i in watched(range(self.n), progress):
            log_w += (self.t[i + 1] - self.t[i]) * self._log_likelihood(x, z)
            z, _ = self._move(x, z, self.t[i + 1], steps[i])
        return log_w

    def backward(self, x, z, steps, progress):
        log_w = torch.zeros(z.shape[:2], device=x.device, dtype=torch.float64)
        for j in watched(range(self.n), progress):
            i = self.n - 1 - j
            z, _ = self._move(x, z, self.t[i + 1], steps[i])
            log_w -= (self.t[i + 1] - self.t[i]) * self._log_likelihood(x, z)
        return log_w

    @torch.no_grad()
    def _prior(self, x, n_draws):
        return self.model.prior.sample((n_draws, len(x)), self.rng)

    @torch.no_grad()
    def _log_likelihood(self, x, z):
        return self.model.log_likelihood(x, z).double()

    def _energy(self, x, z, t):
        """Minus log f_t (S, N), and its gradient in z."""
        z = z.detach().requires_grad_()
        energy = -self.model.log_prior(z) - t * self.model.log_likelihood(x, z)
        return energy.detach(), torch.autograd.grad(energy.sum(), z)[0]

    def _move(self, x, z, t, step):
        """One Hamiltonian trajectory that leaves f_t invariant; and whether each was accepted."""
        step = step[:, None]
        momentum = torch.empty_like(z).normal_(generator=self.rng)
        energy, gradient = self._energy(x, z, t)
        start = energy + 0.5 * momentum.square().sum(-1)
        new = z
        for _ in range(N_LEAPFROG):
            momentum = momentum - 0.5 * step * gradient
            new = new + step * momentum
            energy, gradient = self._energy(x, new, t)
            momentum = momentum - 0.5 * step * gradient
        end = energy + 0.5 * momentum.square().sum(-1)
        uniform = torch.empty_like(end).uniform_(generator=self.rng)
        accepted = uniform.log() < start - end  # False for a trajectory that ended in NaN
        return torch.where(accepted[..., None], new, z), accepted.to(z.dtype)
