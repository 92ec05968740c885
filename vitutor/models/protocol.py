"""What a model is: four things, and a function that says which of them is wrong. (Lesson 01)"""

from typing import Protocol

import numpy as np


class LatentVariable(Protocol):
    """A joint density p(z) p(x | z). Draws come first, data second, the event last.

    A model may know more: `log_marginal(x) -> (N,)` and `posterior(x)` where they have a closed
    form, `grad_z_log_joint` and `grad_params_log_joint` where gradients are wanted.
    """

    latent_dim: int

    def sample_prior(self, n_draws, n_data, *, rng):
        """Draw z (S, N, Dz) from p(z), independently for each draw and datum."""

    def log_prior(self, z):
        """log p(z) of z (S, N, Dz), nats: (S, N)."""

    def log_likelihood(self, x, z):
        """log p(x | z) of x (N, Dx) given z (S, N, Dz) or (S, 1, Dz), nats: (S, N)."""


def check_model(model, x):
    """Try `model` on data x (N, Dx), and return a list of sentences: what it gets wrong.

    An empty list means that the model keeps its protocol: names, shapes, axes, finite numbers,
    draws that do not look at each other, and, where it has them, gradients that agree with finite
    differences.
    """
    missing = [
        f"{name} is missing."
        for name in ("latent_dim", "sample_prior", "log_prior", "log_likelihood")
        if not hasattr(model, name)
    ]
    if missing:
        return missing
    x = np.asarray(x, dtype=np.float64)
    n_draws, n_data, rng = 4, len(x), np.random.default_rng(0)
    z = model.sample_prior(n_draws, n_data, rng=rng)
    if np.shape(z) != (n_draws, n_data, model.latent_dim):
        return [
            f"sample_prior({n_draws}, {n_data}) has shape {np.shape(z)}, not "
            f"{(n_draws, n_data, model.latent_dim)}: draws, data, latent_dim."
        ]
    densities = {
        "log_prior": lambda z, x: model.log_prior(z),
        "log_likelihood": lambda z, x: model.log_likelihood(x, z),
    }
    wrong = []
    for name, density in densities.items():
        wrong += _check_density(name, density, z, x)
    if not wrong:
        wrong += _check_gradient(model, x, z)
    return wrong


def _check_density(name, density, z, x):
    value = density(z, x)
    if np.shape(value) != z.shape[:2]:
        return [
            f"{name} has shape {np.shape(value)}, not {z.shape[:2]}: one number a draw and datum."
        ]
    if not np.isfinite(value).all():
        return [f"{name} is not finite at draws from the prior."]
    wrong = []
    if not np.allclose(density(z[1:2], x), value[1:2]):
        wrong.append(f"{name} of one draw depends on the other draws.")
    if not np.allclose(density(z[:, 1:2], x[1:2]), value[:, 1:2]):
        wrong.append(f"{name} of one datum depends on the other data.")
    shared = np.broadcast_to(z[:, :1], z.shape)
    if not np.allclose(density(z[:, :1], x), density(shared, x)):
        wrong.append(f"{name} does not broadcast z of shape (S, 1, Dz) over the data.")
    return wrong


def _check_gradient(model, x, z):
    if not hasattr(model, "grad_z_log_joint"):
        return []
    step = 1e-6
    numeric = np.empty(z.shape)
    for d in range(z.shape[2]):
        shift = step * (np.arange(z.shape[2]) == d)
        up, down = (
            model.log_prior(moved) + model.log_likelihood(x, moved)
            for moved in (z + shift, z - shift)
        )
        numeric[:, :, d] = (up - down) / (2 * step)
    gradient = model.grad_z_log_joint(x, z)
    if np.shape(gradient) != z.shape:
        return [f"grad_z_log_joint has shape {np.shape(gradient)}, not that of z, {z.shape}."]
    if not np.allclose(gradient, numeric, rtol=1e-4, atol=1e-4 * np.abs(numeric).max()):
        return ["grad_z_log_joint is not the derivative of log_prior + log_likelihood."]
    return []
