"""What an ELBO function is handed: a model whose joint is known, a q, draws; and what it sees.

The model is linear-Gaussian and made anew for each probe, so that E[log p(x, z)], E[log q] and the
parts of a KL to the prior all move on their own. Its log_joint remembers which z it was asked for.
"""

from dataclasses import dataclass

import numpy as np

from vitutor.audit.calling import Broken, as_numbers, quote
from vitutor.audit.probes import Moves
from vitutor.audit.solve import solve
from vitutor.errors import ShapeError
from vitutor.families import MeanFieldGaussian
from vitutor.numerics import logmeanexp

LOG_2PI = np.log(2 * np.pi)

# Number of data, draws, latents: a base, each changed alone, all changed.
SIZES = ((2, 4, 2), (3, 4, 2), (2, 6, 2), (2, 4, 3), (3, 5, 1))
_N_PROBES, _DATA_DIM, _NOISE_SCALE = 14, 3, 0.7


@dataclass
class Probe:
    """One call's worth: log_joint(z), q and z (S, N, Dz), with a record of what z was asked for."""

    q: MeanFieldGaussian
    z: np.ndarray
    weight: np.ndarray
    x: np.ndarray

    @classmethod
    def draw(cls, size, rng):
        n_data, n_draws, latent_dim = size
        shape = (n_data, latent_dim)
        q = MeanFieldGaussian(rng.uniform(-1, 1, shape), rng.uniform(0.3, 1.6, shape))
        z = q.transform(rng.standard_normal((n_draws, *shape)))
        weight = rng.standard_normal((_DATA_DIM, latent_dim))
        return cls(q, z, weight, rng.standard_normal((n_data, _DATA_DIM)))

    def log_joint(self, z):
        """log p(x, z), nats, of z (..., N, Dz): (..., N)."""
        rest = (self.x - z @ self.weight.T) / _NOISE_SCALE
        constant = (z.shape[-1] + _DATA_DIM) / 2 * LOG_2PI + _DATA_DIM * np.log(_NOISE_SCALE)
        return -((z**2).sum(-1) + (rest**2).sum(-1)) / 2 - constant

    def moved(self):
        """The same with another q, and z moved along with it."""
        q = self.q.with_params(self.q.params + 0.1)
        return Probe(q, q.transform((self.z - self.q.mean) / self.q.scale), self.weight, self.x)


class Asked:
    """A function's values at one size, with the draws that each of them was made of."""

    def __init__(self, elbo_fn, size):
        rng = np.random.default_rng(size)
        self.size, self.changed, self.detached = size, False, False
        self.probes = [Probe.draw(size, rng) for _ in range(_N_PROBES)]
        self.values, self.draws = [], []
        for probe in self.probes:
            value, asked, changed = _ask(elbo_fn, probe)
            self.changed |= changed
            self.values.append(value)
            self.draws.append(probe.z if _were_given(probe, asked) else asked)
        self._watch(elbo_fn)

    @property
    def per_datum(self):
        return self.values[0].ndim == 1

    @property
    def own_draws(self):
        return self.draws[0] is not self.probes[0].z

    @property
    def n_latents(self):
        """How many latents one value is summed over."""
        n_data, _, latent_dim = self.size
        return latent_dim if self.per_datum else n_data * latent_dim

    def fit(self, columns, epsilon):
        """Solve for the coefficients of columns(probe, z) (J, N): a Fit, and the constant."""
        terms = [columns(*pair) for pair in zip(self.probes, self.draws, strict=True)]
        design = np.concatenate([t.T if self.per_datum else t.sum(1)[None] for t in terms])
        values = np.concatenate([np.atleast_1d(value) for value in self.values])
        fit = solve(design, Moves([], values), epsilon)
        return fit, float((values - design @ fit.coefficients).mean())

    def _watch(self, elbo_fn):
        """Call again with the same, then with another q."""
        first, again = self.values[0], _ask(elbo_fn, self.probes[0])[0]
        if not np.allclose(first, again, rtol=1e-12, atol=0):
            raise Broken("not-deterministic", f"{first} and {again}")
        if self.own_draws:
            moved = _ask(elbo_fn, self.probes[0].moved())[1]
            self.detached = np.array_equal(moved, self.draws[0])


def _ask(elbo_fn, probe):
    """The value, the draws (S, N, Dz) that log_joint was asked for, and whether z was changed."""
    z, asked = probe.z.copy(), [probe.z[:0]]

    def log_joint(at):
        at = np.asarray(at, dtype=np.float64)
        if at.shape[-2:] != z.shape[1:]:
            raise ShapeError(
                "z", got=f"shape {at.shape}", wanted=f"shape (S, N, Dz), here {z.shape}"
            )
        asked.append(at.reshape(-1, *probe.z.shape[1:]))
        return probe.log_joint(at)

    try:
        result = elbo_fn(log_joint, probe.q, z)
    except (Exception, SystemExit) as error:
        raise Broken("raises", quote(error)) from error
    value = as_numbers(result, probe.z.shape[1])
    return value, np.concatenate(asked), not np.array_equal(z, probe.z)


def _were_given(probe, asked):
    return (asked[:, None] == probe.z).all(axis=(2, 3)).any(axis=1).all()


def features(probe, z, draws, space):
    """What an ELBO is made of, as means over some draws: six sums over latents (6, N).

    log p(x, z); ½ |z|²; ½ |z - m|² / v; log s; ½ m² and ½ v, or, in a reversed space, ½ m²/v and
    ½ 1/v; with v = s^(2 power), s being q's standard deviation.
    """
    z, mean, log_scale = z[draws], probe.q.mean, np.log(probe.q.scale)
    v = np.exp(2 * space.power * log_scale)
    closed = (mean**2 / v, 1 / v) if space.reverse else (mean**2, v)
    return np.stack(
        [
            probe.log_joint(z).mean(0),
            (z**2).sum(2).mean(0) / 2,
            ((z - mean) ** 2 / v).sum(2).mean(0) / 2,
            log_scale.sum(1),
            *(part.sum(1) / 2 for part in closed),
        ]
    )


def log_mean_weight(probe, z):
    """log mean exp(log p(x, z) - log q(z)) over the draws, nats: (1, N)."""
    return logmeanexp(probe.log_joint(z) - probe.q.log_prob(z))[None]
