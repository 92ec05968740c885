"""The two discrete distributions of the course: pixels and labels. (Lessons 01, 02, 10, 12)

Gaussians live in vitutor.families, where they serve as prior, posterior and q alike.
"""

from dataclasses import dataclass

import numpy as np

from vitutor import validation
from vitutor.errors import DomainError


@dataclass(frozen=True, eq=False)
class Bernoulli:
    """N vectors of independent coin flips with logits (N, D): p = 1 / (1 + exp(-logits))."""

    logits: np.ndarray

    def __post_init__(self):
        logits = validation.real_array("logits", self.logits, ("N", "D"))
        object.__setattr__(self, "logits", validation.frozen(logits))

    def sample(self, n_draws, *, rng):
        """Draw zeros and ones (S, N, D)."""
        n_draws = validation.count("n_draws", n_draws)
        uniform = validation.generator(rng).random((n_draws, *self.logits.shape))
        return (uniform < np.exp(-np.logaddexp(0.0, -self.logits))).astype(np.float64)

    def log_prob(self, x):
        """Log probability of x (S, N, D), zeros and ones, nats: (S, N)."""
        x = validation.real_array("x", x, ("S", *self.logits.shape))
        if not ((x == 0) | (x == 1)).all():
            raise DomainError(
                "x",
                got=f"values between {x.min():.6g} and {x.max():.6g}",
                wanted="zeros and ones",
                remedy="Grey values have no Bernoulli likelihood: binarise them.",
            )
        return (x * self.logits - np.logaddexp(0.0, self.logits)).sum(axis=2)

    def entropy(self):
        """Entropy, nats: (N,)."""
        probability = np.exp(-np.logaddexp(0.0, -self.logits))
        return (np.logaddexp(0.0, self.logits) - probability * self.logits).sum(axis=1)


@dataclass(frozen=True, eq=False)
class Categorical:
    """N choices among K with log probabilities log_weights (N, K), each row summing to one.

    A draw is the number of the choice, as an event of length one: z (S, N, 1).
    """

    log_weights: np.ndarray

    def __post_init__(self):
        log_weights = normalised("log_weights", self.log_weights, ("N", "K"))
        object.__setattr__(self, "log_weights", validation.frozen(log_weights))

    def sample(self, n_draws, *, rng):
        """Draw choices z (S, N, 1)."""
        n_draws = validation.count("n_draws", n_draws)
        cumulative = np.exp(self.log_weights).cumsum(axis=1)
        uniform = validation.generator(rng).random((n_draws, len(cumulative), 1))
        # Against the last cumulative sum, which rounding may leave below one.
        choice = (uniform * cumulative[:, -1:] >= cumulative).sum(axis=2, keepdims=True)
        return choice.astype(np.float64)

    def log_prob(self, z):
        """Log probability of the choices z (S, N, 1), nats: (S, N)."""
        n_data, n_choices = self.log_weights.shape
        return self.log_weights[np.arange(n_data), choices(z, n_choices, n_data)]

    def entropy(self):
        """Entropy, nats: (N,)."""
        return -(np.exp(self.log_weights) * np.maximum(self.log_weights, -1e300)).sum(axis=1)


def choices(z, n_choices, n_data=1):
    """Return the choices z (S, N, 1) as indices (S, N); DomainError unless 0, 1, ..., K - 1."""
    z = validation.latents("z", z, 1, n_data)[:, :, 0]
    if (z < 0).any() or (z >= n_choices).any() or (z != np.floor(z)).any():
        raise DomainError(
            "z",
            got=f"values between {z.min():.6g} and {z.max():.6g}",
            wanted=f"whole numbers from 0 to {n_choices - 1}",
            remedy="It is the number of a choice; evidence.exact sums over all of them.",
        )
    return z.astype(np.intp)


def normalised(name, log_weights, shape):
    """Return log_weights (..., K) as an array; DomainError unless each row's weights sum to one.

    A choice may be impossible: its log weight is -inf.
    """
    log_weights = validation.real_array(name, log_weights, shape, allow=(-np.inf,))
    with np.errstate(over="ignore"):
        total = np.exp(log_weights).sum(axis=-1)
    off = np.abs(total - 1)
    if (off > 1e-8).any():
        raise DomainError(
            name,
            got=f"probabilities that sum to {total.flat[off.argmax()]:.6g}",
            wanted="log probabilities whose exponentials sum to one",
            remedy="Subtract scipy.special.logsumexp(log_weights, axis=-1, keepdims=True).",
        )
    return log_weights
