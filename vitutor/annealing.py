"""log p(x) between two bounds: walk from the prior to the posterior, and back. (Lesson 11)

    from vitutor.annealing import ais, reverse_ais

The walk goes through densities f_b(z) = p(z) p(x | z)^b, b from 0 to 1, and at each a Metropolis
move that leaves it as it is. Forward, from draws of the prior, the weights average to p(x), and the
log of their mean is biased down. Backward, from exact draws of the posterior, they average to
1 / p(x), and minus the log of their mean is biased up. The truth lies between: a sandwich.

References: Neal 2001, "Annealed importance sampling"; Grosse, Ghahramani & Adams 2015,
"Sandwiching the marginal likelihood using bidirectional Monte Carlo".
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from vitutor import validation
from vitutor.errors import IntractableError
from vitutor.estimate import Estimate
from vitutor.models.protocol import checked

POWER = 3  # b = (t / T)^3, because a sharp likelihood rules from small b on (Friel & Pettitt 2008)
N_PILOT = 50  # chains that find the step sizes
GAIN = 0.5  # of log step for an acceptance rate that is one off


def ais(model, x, n_draws, *, n_temperatures, rng):
    """log p(x) of data x (N, Dx), biased down: an Estimate from n_draws chains, nats (N,).

    n_temperatures is the number of steps from prior to posterior; with one it is naive Monte
    Carlo. A model that knows `prior(n_data)` and `grad_z_log_joint` is walked with Langevin moves,
    any other with a continuous z at random.
    """
    _, x = checked(model, x)
    n_draws = validation.count("n_draws", n_draws)
    walk = _Walk(model, x, n_temperatures, rng)
    return Estimate.from_log_weights(walk.up(n_draws))


def reverse_ais(model, x, z_exact, *, n_temperatures, rng):
    """log p(x) of data x (N, Dx), biased up: an Estimate from the chains z_exact, nats (N,).

    z_exact (S, N, Dz) must be exact draws of the posterior: of model.posterior(x), of a
    GridPosterior, or the one, z[None], that comes with x from `z, x = model.sample(n, rng=rng)`.
    """
    latent_dim, x = checked(model, x)
    z_exact = validation.real_array("z_exact", z_exact, ("S", len(x), latent_dim))
    walk = _Walk(model, x, n_temperatures, rng)
    inverse = Estimate.from_log_weights(walk.down(z_exact))
    return replace(inverse, value=-inverse.value, bias="up")


class _Walk:
    """Chains z (S, N, Dz) between p(z), where b = 0, and p(z | x), where b = 1."""

    def __init__(self, model, x, n_temperatures, rng):
        n_temperatures = validation.count("n_temperatures", n_temperatures)
        self.model, self.x, self.rng = model, x, validation.generator(rng)
        self.b = np.linspace(0.0, 1.0, n_temperatures + 1) ** POWER
        self.prior = model.prior(len(x)) if _knows_gradient(model, x) else None
        # Where a Langevin move and a random walk are about most efficient: Roberts & Rosenthal
        # 2001, and between their 0.234 and what one dimension wants.
        self.acceptance = 0.3 if self.prior is None else 0.574
        self.steps = self._tuned()

    def up(self, n_draws):
        """Log weights (S, N) of chains from the prior: their mean weight estimates p(x)."""
        here = self._look(self.model.sample_prior(n_draws, len(self.x), rng=self.rng))
        log_w = self.b[1] * here.log_likelihood
        for t in range(1, len(self.b) - 1):
            here, _ = self._move(here, self.b[t], self.steps[t])
            log_w = log_w + (self.b[t + 1] - self.b[t]) * here.log_likelihood
        return log_w

    def down(self, z):
        """Log weights (S, N) of chains from the posterior: their mean estimates 1 / p(x)."""
        here = self._look(z)
        log_w = np.zeros(here.log_likelihood.shape)
        for t in range(len(self.b) - 1, 0, -1):
            log_w = log_w - (self.b[t] - self.b[t - 1]) * here.log_likelihood
            if t > 1:
                here, _ = self._move(here, self.b[t - 1], self.steps[t - 1])
        return log_w

    def _tuned(self):
        """Step sizes (T, N) from chains that are thrown away: so the weights stay unbiased."""
        steps = np.ones((len(self.b) - 1, len(self.x)))
        here = self._look(self.model.sample_prior(N_PILOT, len(self.x), rng=self.rng))
        for t in range(1, len(steps)):
            here, accepted = self._move(here, self.b[t], steps[t - 1])
            steps[t] = steps[t - 1] * np.exp(GAIN * (accepted.mean(axis=0) - self.acceptance))
        return steps

    @np.errstate(all="ignore")  # what is not a number is not accepted
    def _move(self, here, b, step):
        """A Metropolis move that leaves f_b as it is; without a gradient, a random walk."""
        kick = self.rng.standard_normal(here.z.shape)
        step = step[:, None]
        speed = kick + 0.5 * step * here.gradient(b)
        there = self._look(here.z + step * speed)
        kick_back = speed + 0.5 * step * there.gradient(b)
        kinetic = 0.5 * (kick_back**2 - kick**2).sum(axis=2)
        log_ratio = there.log_density(b) - here.log_density(b) - kinetic
        accepted = np.log(self.rng.random(log_ratio.shape)) < log_ratio
        return here.where(accepted, there), accepted

    def _look(self, z):
        grads = np.zeros(z.shape), np.zeros(z.shape)
        if self.prior is not None:
            of_prior = self.prior.grad_z_log_prob(z)
            grads = of_prior, self.model.grad_z_log_joint(self.x, z) - of_prior
        log_likelihood = self.model.log_likelihood(self.x, z)
        return _Place(z, self.model.log_prior(z), log_likelihood, *grads)


@dataclass(frozen=True, eq=False)
class _Place:
    """Where the chains are, and the two terms of log f_b there, with their gradients."""

    z: np.ndarray
    log_prior: np.ndarray
    log_likelihood: np.ndarray
    grad_prior: np.ndarray
    grad_likelihood: np.ndarray

    def log_density(self, b):
        return self.log_prior + b * self.log_likelihood

    def gradient(self, b):
        return self.grad_prior + b * self.grad_likelihood

    def where(self, accepted, there):
        def choose(mine, other):
            return np.where(accepted if mine.ndim == 2 else accepted[:, :, None], other, mine)

        names = [field.name for field in fields(self)]
        return _Place(*(choose(getattr(self, name), getattr(there, name)) for name in names))


def _knows_gradient(model, x):
    if not (hasattr(model, "prior") and hasattr(model, "grad_z_log_joint")):
        return False
    try:
        model.grad_z_log_joint(x, np.zeros((1, len(x), model.latent_dim)))
    except IntractableError:  # a Decoder that was given no Jacobian
        return False
    return True
