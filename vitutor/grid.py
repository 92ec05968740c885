"""The posterior where the model hides it: on a grid, to all digits. (Lessons 04, 05, 06, 07)

    from vitutor.grid import GridPosterior, exact_posterior, noise_grid

With one or two latent dimensions p(z | x) is p(x, z) / p(x) at every point of a grid, and the
rectangle rule, exact to rounding for smooth functions that die away, takes expectations under it.
So the KL to a posterior without a closed form is known as well: `kl(q, GridPosterior(model, x))`.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vitutor import evidence, validation
from vitutor.divergences import kl
from vitutor.errors import DomainError, IntractableError
from vitutor.estimate import Estimate
from vitutor.models.protocol import checked


def exact_posterior(model, x):
    """p(z | x) of data x (N, Dx): in closed form where the model has one, else on a grid.

    IntractableError where there is neither.
    """
    latent_dim, x = checked(model, x)
    if hasattr(model, "posterior"):
        return model.posterior(x)
    if latent_dim > 2:
        raise IntractableError(
            "model",
            got=f"a {type(model).__name__} of latent_dim {latent_dim} without posterior(x)",
            wanted="a model that knows its posterior, or has latent_dim 1 or 2",
            remedy="Fit a q to it, or weight draws from the prior: gradients.prior_sampling.",
        )
    return GridPosterior(model, x)


@dataclass(frozen=True, eq=False)
class GridPosterior:
    """p(z | x) of data x (N, Dx), latent_dim <= 2, on n_points a dimension within half_width.

    `points` (G, Dz) are shared by all data, `mass` (G, N) is the probability of each, and
    `log_evidence` the Estimate of log p(x). It samples and knows its density like the families
    do, but has no parameters. Errors are those of evidence.quadrature.
    """

    model: Any
    x: np.ndarray
    n_points: int = 400
    half_width: float = 8.0
    points: np.ndarray = field(init=False, repr=False)
    mass: np.ndarray = field(init=False, repr=False)
    log_evidence: Estimate = field(init=False, repr=False)

    def __post_init__(self):
        log_evidence = evidence.quadrature(self.model, self.x, self.n_points, self.half_width)
        points, cell = _rectangles(self.model.latent_dim, self.n_points, self.half_width)
        x = validation.frozen(np.asarray(self.x, dtype=np.float64))
        derived = {"x": x, "log_evidence": log_evidence, "points": validation.frozen(points)}
        for name, entry in derived.items():
            object.__setattr__(self, name, entry)
        n_blocks = points.size * x.size // evidence.BLOCK + 1
        log_density = [self.log_prob(z) for z in np.array_split(points[:, None], n_blocks)]
        mass = cell * np.exp(np.concatenate(log_density))
        object.__setattr__(self, "mass", validation.frozen(mass))

    @property
    def cell(self):
        """Volume of the cell around a point."""
        return (2 * self.half_width / (self.n_points - 1)) ** self.model.latent_dim

    @property
    def mean(self):
        """Posterior means (N, Dz)."""
        return self.expect(lambda z: z)

    @property
    def cov(self):
        """Posterior covariances (N, Dz, Dz)."""
        second = self.expect(lambda z: z[..., :, None] * z[..., None, :])
        return second - self.mean[:, :, None] * self.mean[:, None, :]

    def expect(self, f):
        """Posterior expectation (N, ...) of a function f of z (G, 1, Dz) with values (G, N, ...).

        `lambda z: model.grad_params_log_joint(x, z)` makes it the gradient of log p(x).
        """
        values = f(self.points[:, None])
        values = np.broadcast_to(values, (*self.mass.shape, *values.shape[2:]))
        return np.einsum("gn,gn...->n...", self.mass, values)

    def log_prob(self, z):
        """Log density at any z (S, N, Dz), on the grid or off it, nats: (S, N)."""
        log_joint = self.model.log_prior(z) + self.model.log_likelihood(self.x, z)
        return log_joint - self.log_evidence.value

    def sample(self, n_draws, *, rng):
        """Draw z (S, N, Dz) among the grid's points.

        So a mean of draws has no bias but the quadrature's, while a histogram with bins as narrow
        as the grid shows its teeth: raise n_points for a picture.
        """
        n_draws = validation.count("n_draws", n_draws)
        uniform = validation.generator(rng).random((n_draws, len(self.x)))
        cumulative = self.mass.cumsum(axis=0)
        # Against the last cumulative sum, which rounding may leave below one.
        index = [
            np.searchsorted(column, u * column[-1], side="right")
            for column, u in zip(cumulative.T, uniform.T, strict=True)
        ]
        return self.points[np.stack(index, axis=1)]

    def sample_and_log_prob(self, n_draws, *, rng):
        """Draw z (S, N, Dz) with its log density (S, N), nats."""
        z = self.sample(n_draws, rng=rng)
        return z, self.log_prob(z)

    def entropy(self):
        """Differential entropy, nats: (N,)."""
        return -self.expect(self.log_prob)


def noise_grid(latent_dim, n_points=400, half_width=8.0):
    """Return eps (G, 1, Dz) and weight (G,): E[f(eps)] = weight @ f(eps) for eps ~ N(0, I).

    With z = q.transform(eps), `weight @ model.log_likelihood(x, z)` is E_q[log p(x | z)], nats
    (N,), to all digits for a smooth integrand; latent_dim is 1 or 2.
    """
    points, cell = _rectangles(latent_dim, n_points, half_width)
    density = np.exp(-0.5 * np.einsum("gd,gd->g", points, points)) / (2 * np.pi) ** (latent_dim / 2)
    return points[:, None], cell * density


def _rectangles(latent_dim, n_points, half_width):
    """The points (G, Dz) of evidence.quadrature's grid, and the volume of the cell of each."""
    step = 2 * half_width / (n_points - 1)
    axis = step * (np.arange(n_points) - n_points // 2)
    points = np.stack(np.meshgrid(*[axis] * latent_dim, indexing="ij"), axis=-1)
    return points.reshape(-1, latent_dim), step**latent_dim


@kl.register(object, GridPosterior)
def _kl_to_grid(q, p):
    z = p.points[:, None]
    log_q = q.log_prob(z)
    mass = p.cell * np.exp(log_q)
    lost = np.abs(mass.sum(axis=0) - 1).max()
    if lost > 1e-6:
        raise DomainError(
            "q",
            got=f"a density whose sum over the posterior's grid is off one by {lost:.1e}",
            wanted="a q that the grid holds and resolves",
            remedy="Raise the GridPosterior's half_width or n_points.",
        )
    return _expected_difference(mass, log_q, p.log_prob(z))


@kl.register(GridPosterior, object)
def _kl_from_grid(q, p):
    z = q.points[:, None]
    return _expected_difference(q.mass, q.log_prob(z), p.log_prob(z))


def _expected_difference(mass, log_q, log_p):
    difference = np.zeros(np.broadcast_shapes(log_q.shape, log_p.shape))
    np.subtract(log_q, log_p, out=difference, where=mass > 0)
    return (mass * difference).sum(axis=0)
