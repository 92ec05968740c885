"""Steps uphill: what to do with a gradient. (Lesson 08)

    state = optimiser.init(params)
    params, state = optimiser.ascend(params, gradient, state)

The objective is maximised, so every step goes along the gradient. An optimiser is frozen: what it
remembers from one step to the next is the `state`, which the caller keeps, and can keep for later.
Parameters may have any shape; each entry is treated by itself.
"""

from dataclasses import dataclass

import numpy as np

from vitutor import validation
from vitutor.errors import DomainError


@dataclass(frozen=True)
class GradientAscent:
    """params + learning_rate * gradient; DomainError unless learning_rate > 0."""

    learning_rate: float

    def __post_init__(self):
        _check_learning_rate(self.learning_rate)

    def init(self, params):
        """Remember nothing."""
        return ()

    def ascend(self, params, gradient, state):
        """Return the next parameters and the next state."""
        return params + self.learning_rate * gradient, state


@dataclass(frozen=True)
class Momentum:
    """Gradient ascent with a velocity: v = decay * v + gradient, params + learning_rate * v.

    DomainError unless learning_rate > 0 and 0 <= decay < 1.
    Reference: Polyak 1964, "Some methods of speeding up the convergence of iteration methods".
    """

    learning_rate: float
    decay: float = 0.9

    def __post_init__(self):
        _check_learning_rate(self.learning_rate)
        _check_decay("decay", self.decay)

    def init(self, params):
        """Start at rest: the state is the velocity."""
        return np.zeros_like(params)

    def ascend(self, params, gradient, state):
        """Return the next parameters and the next state."""
        velocity = self.decay * state + gradient
        return params + self.learning_rate * velocity, velocity


@dataclass(frozen=True)
class Adam:
    """Steps of about learning_rate, whatever the gradient's size: its mean over its size.

    Both are running averages, with memories of 1 / (1 - decay) steps, freed of their start at
    zero. DomainError unless learning_rate > 0 and 0 <= decay_mean, decay_square < 1.
    Reference: Kingma & Ba 2015, algorithm 1.
    """

    learning_rate: float
    decay_mean: float = 0.9
    decay_square: float = 0.999

    def __post_init__(self):
        _check_learning_rate(self.learning_rate)
        _check_decay("decay_mean", self.decay_mean)
        _check_decay("decay_square", self.decay_square)

    def init(self, params):
        """Start both averages at zero: the state is (steps taken, mean, mean square)."""
        return 0, np.zeros_like(params), np.zeros_like(params)

    def ascend(self, params, gradient, state):
        """Return the next parameters and the next state."""
        n_steps, mean, square = state
        n_steps += 1
        mean = mean + (1 - self.decay_mean) * (gradient - mean)
        square = square + (1 - self.decay_square) * (gradient * gradient - square)
        step_size = self.learning_rate / (1 - self.decay_mean**n_steps)
        size = np.sqrt(square / (1 - self.decay_square**n_steps))
        # Kingma & Ba's 1e-8 keeps a gradient of zero from becoming 0 / 0.
        return params + step_size * mean / (size + 1e-8), (n_steps, mean, square)


def _check_learning_rate(value):
    validation.positive(
        "learning_rate",
        validation.real_array("learning_rate", value, ()),
        remedy="Objectives are maximised here: a step along the gradient is already uphill.",
    )


def _check_decay(name, value):
    if not 0 <= validation.real_array(name, value, ()) < 1:
        raise DomainError(
            name,
            got=f"{value:.6g}",
            wanted="a number from 0, which forgets at once, to below 1",
        )
