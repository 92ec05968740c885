"""What a model is: four things, and a function that says which of them is wrong. (Lesson 01)"""

import numbers
from typing import Protocol

import numpy as np

from vitutor.errors import ArgumentTypeError, IntractableError
from vitutor.validation import count, real_array


class LatentVariable(Protocol):
    """A joint density p(z) p(x | z). Draws come first, data second, the event last.

    A model may know more: `log_marginal(x) -> (N,)` and `posterior(x)` where they have a closed
    form, `prior(n_data)`, p(z) as a distribution, for its KL, and where gradients are wanted
    `grad_z_log_joint`, and `grad_params_log_joint` with `params` and `with_params`.
    """

    latent_dim: int

    def sample_prior(self, n_draws, n_data, *, rng):
        """Draw z (S, N, Dz) from p(z), independently for each draw and datum."""

    def log_prior(self, z):
        """log p(z) of z (S, N, Dz), nats: (S, N)."""

    def log_likelihood(self, x, z):
        """log p(x | z) of x (N, Dx) given z (S, N, Dz) or (S, 1, Dz), nats: (S, N)."""


def missing_parts(model):
    """Return the names of what `model` lacks to be a LatentVariable."""
    parts = ("latent_dim", "sample_prior", "log_prior", "log_likelihood")
    return [name for name in parts if not hasattr(model, name)]


def checked(model, x):
    """Return model.latent_dim and the data as an array (N, Dx), or say what is no model or data."""
    if missing := missing_parts(model):
        raise ArgumentTypeError(
            "model",
            got=f"a {type(model).__name__} without {', '.join(missing)}",
            wanted="a latent variable model",
            remedy="vitutor.models.LatentVariable lists what one has.",
        )
    return count("model.latent_dim", model.latent_dim), real_array("x", x, ("N", "Dx"))


def check_model(model, x):
    """Try `model` on data x (N, Dx), and return a list of sentences: what it gets wrong.

    An empty list means that the model keeps its protocol: names, shapes, axes, numbers, draws from
    rng that do not look at each other, and, where it has them, gradients that agree with finite
    differences. It does not mean that the densities are the ones you had in mind.
    """
    x = real_array("x", x, ("N", "Dx"))
    if missing := missing_parts(model):
        return [f"{name} is missing." for name in missing]
    if not isinstance(model.latent_dim, numbers.Integral):
        return [f"latent_dim is {model.latent_dim!r}, not a whole number."]
    try:
        return _check(model, x)
    except _RaisedError as finding:
        return [str(finding)]


class _RaisedError(Exception):
    """Something that a learner's own code raised: a finding, not a failure."""


def _ask(model, name, *args, **kwargs):
    try:
        return getattr(model, name)(*args, **kwargs)
    except IntractableError:
        raise
    except Exception as error:
        raise _RaisedError(f"{name} raised {type(error).__name__}: {error}") from error


def _check(model, x):
    shape = (4, len(x), model.latent_dim)
    z, again = (
        np.asarray(_ask(model, "sample_prior", *shape[:2], rng=np.random.default_rng(0)))
        for _ in range(2)
    )
    if z.shape != shape:
        return [f"sample_prior has shape {z.shape}, not {shape}: draws, data, latent_dim."]
    if not np.array_equal(z, again):
        return [
            "sample_prior answers one rng with different draws: all chance has to come from it."
        ]
    densities = {
        "log_prior": lambda z, x: _ask(model, "log_prior", z),
        "log_likelihood": lambda z, x: _ask(model, "log_likelihood", x, z),
    }
    wrong = []
    for name, density in densities.items():
        wrong += _check_density(name, density, z, x)
    return wrong or _check_gradients(model, z, x)


def _check_density(name, density, z, x):
    value = density(z, x)
    if np.shape(value) != z.shape[:2]:
        return [
            f"{name} has shape {np.shape(value)}, not {z.shape[:2]}: one number a draw and datum."
        ]
    # A datum that a latent cannot have made has log-likelihood -inf, but a draw has a density.
    if not (value < np.inf).all() or (name == "log_prior" and np.isinf(value).any()):
        return [f"{name} is not finite at draws from the prior."]
    wrong = []
    if not np.allclose(density(z[1:2], x), value[1:2]):
        wrong.append(f"{name} of one draw depends on the other draws.")
    if not np.allclose(density(z[:, -1:], x[-1:]), value[:, -1:]):
        wrong.append(f"{name} of one datum depends on the other data.")
    shared = np.broadcast_to(z[:, :1], z.shape)
    if not np.allclose(density(z[:, :1], x), density(shared, x)):
        wrong.append(f"{name} does not broadcast z of shape (S, 1, Dz) over the data.")
    return wrong


def _check_gradients(model, z, x):
    def log_joint(model, z):
        return _ask(model, "log_prior", z) + _ask(model, "log_likelihood", x, z)

    def moved_in_z(step):
        return log_joint(model, z + step)

    def moved_in_params(step):
        return log_joint(_ask(model, "with_params", model.params + step), z)

    wrong = []
    if hasattr(model, "grad_z_log_joint"):
        wrong += _check_gradient("grad_z_log_joint", model, z, x, moved_in_z, z.shape[2])
    if hasattr(model, "grad_params_log_joint") and getattr(model, "params", None) is not None:
        n_params = len(model.params)
        wrong += _check_gradient("grad_params_log_joint", model, z, x, moved_in_params, n_params)
    return wrong


def _check_gradient(name, model, z, x, log_joint_moved, dim):
    try:
        gradient = _ask(model, name, x, z)
    except IntractableError:  # a Decoder that was given no Jacobian
        return []
    shape = (*z.shape[:2], dim)
    if np.shape(gradient) != shape:
        return [f"{name} has shape {np.shape(gradient)}, not {shape}."]
    # Along one random direction an error in any one entry shows.
    direction = np.random.default_rng(1).standard_normal(dim)
    step = 1e-6 * direction
    numeric = (log_joint_moved(step) - log_joint_moved(-step)) / 2e-6
    if not np.allclose(gradient @ direction, numeric, rtol=1e-4, atol=1e-4 * np.abs(numeric).max()):
        return [f"{name} is not the derivative of log_prior + log_likelihood."]
    return []
