"""Push a family through invertible steps: the density is divided by how they stretch space."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from vitutor import validation
from vitutor.errors import ShapeError


@dataclass(frozen=True, eq=False)
class Flow:
    """N densities: draws of `base`, a Gaussian family, moved by each of `steps` in turn.

        log q(z) = log base(z_0) - sum of log |det| of the steps,  z = step_K(... step_1(z_0))

    ShapeError for a step that was made for other data or another dimension.
    """

    base: Any
    steps: tuple

    def __post_init__(self):
        object.__setattr__(self, "steps", tuple(self.steps))
        for k, step in enumerate(self.steps):
            if step.shape != self.base.mean.shape:
                raise ShapeError(
                    f"steps[{k}]",
                    got=f"a step for data and dimension {step.shape}",
                    wanted=f"{self.base.mean.shape}, as the base has",
                    remedy="Make it with identity(n_data, latent_dim, ...).",
                )

    def sample(self, n_draws, *, rng):
        """Draw z (S, N, Dz)."""
        return self.sample_and_log_prob(n_draws, rng=rng)[0]

    def sample_and_log_prob(self, n_draws, *, rng):
        """Draw z (S, N, Dz) with its log density (S, N), nats, without inverting anything."""
        z, log_q = self.base.sample_and_log_prob(n_draws, rng=rng)
        for step in self.steps:
            z, log_det = step.forward(z)
            log_q = log_q - log_det
        return z, log_q

    def log_prob(self, z):
        """Log density of z (S, N, Dz), nats: (S, N)."""
        path = self._backwards(z)
        log_q = self.base.log_prob(path[0])
        for step, below in zip(self.steps, path, strict=False):
            log_q = log_q - step.forward(below)[1]
        return log_q

    @property
    def params(self):
        """Unconstrained parameters (N, P): the base's, then each step's."""
        return np.concatenate([self.base.params, *(step.params for step in self.steps)], axis=1)

    def with_params(self, params):
        """Return the flow with these parameters (N, P)."""
        params = validation.real_array("params", params, self.params.shape)
        parts = [self.base, *self.steps]
        ends = np.cumsum([part.params.shape[1] for part in parts])[:-1]
        base, *steps = (
            part.with_params(own)
            for part, own in zip(parts, np.split(params, ends, axis=1), strict=True)
        )
        return Flow(base, steps)

    def transform(self, eps):
        """Turn standard normal noise (S, N, Dz) into draws of q."""
        return self._forwards(eps)[-1]

    def pull_back(self, eps, grad_z):
        """Chain a gradient at z = transform(eps) (S, N, Dz) back to the parameters (S, N, P)."""
        return self._back(eps, grad_z, volume=0.0)

    def grad_log_det(self, eps):
        """Gradient of log |det| of transform at eps (S, N, Dz) in the parameters: (S, N, P)."""
        return self._back(eps, np.zeros((len(eps), *self.base.mean.shape)), volume=1.0)

    def score(self, z):
        """Gradient of log_prob in the parameters at a fixed z: (S, N, P)."""
        path, grads = self._gradients(z)
        own = [self.base.score(path[0])]
        for step, below, grad in zip(self.steps, path, grads[1:], strict=False):
            # The step's input moves against its parameters, since its output z is held still.
            own.append(-step.pull_back(below, grad, 1.0)[1])
        return np.concatenate(own, axis=2)

    def grad_z_log_prob(self, z):
        """Gradient of log_prob in z: (S, N, Dz)."""
        return self._gradients(z)[1][-1]

    def _forwards(self, eps):
        path = [self.base.transform(eps)]
        for step in self.steps:
            path.append(step.forward(path[-1])[0])
        return path

    def _backwards(self, z):
        n_data, latent_dim = self.base.mean.shape
        z = validation.latents("z", z, latent_dim, n_data)
        path = [np.broadcast_to(z, np.broadcast_shapes(z.shape, (n_data, latent_dim)))]
        for step in reversed(self.steps):
            path.insert(0, step.inverse(path[0]))
        return path

    def _back(self, eps, grad, volume):
        own = []
        for step, z in zip(self.steps[::-1], self._forwards(eps)[-2::-1], strict=True):
            grad, grad_params = step.pull_back(z, grad, volume)
            own.insert(0, grad_params)
        of_base = self.base.pull_back(eps, grad) + volume * self.base.grad_log_det(eps)
        return np.concatenate([of_base, *own], axis=2)

    def _gradients(self, z):
        """Where z came from, and the gradient of the log density there, from the base up to z."""
        path = self._backwards(z)
        grads = [self.base.grad_z_log_prob(path[0])]
        for step, below in zip(self.steps, path, strict=False):
            units = np.eye(below.shape[2])[:, None, None] * np.ones(below.shape)
            jacobian = np.stack([step.pull_back(below, e, 0.0)[0] for e in units], axis=-1)
            of_volume = step.pull_back(below, np.zeros(below.shape), 1.0)[0]
            grads.append(np.linalg.solve(jacobian, (grads[-1] - of_volume)[..., None])[..., 0])
        return path, grads
