"""log p(x): exactly where that can be done, on a grid, and by Monte Carlo. (Lessons 02, 03, 05)

Every function takes a model and data x (N, Dx), and returns an Estimate of log p(x), nats (N,).
The Monte Carlo ones draw in blocks and keep only sums, so memory does not grow with n_draws.
"""

import numpy as np

from vitutor import validation
from vitutor.errors import DomainError, IntractableError, NonFiniteError, ShapeError
from vitutor.estimate import Estimate
from vitutor.numerics import WeightStream, logmeanexp

# Doubles in one block of draws: 1 MiB fits a cache, and hides the cost of the loop.
BLOCK = 2**17


def exact(model, x):
    """log p(x) in closed form; IntractableError for a model that has none."""
    if not hasattr(model, "log_marginal"):
        raise IntractableError(
            "model",
            got=f"a {type(model).__name__}, which has no log_marginal",
            wanted="a model whose p(x) has a closed form",
            remedy="With latent_dim <= 2 use evidence.quadrature, else evidence.importance.",
        )
    return Estimate.exact(model.log_marginal(x))


def quadrature(model, x, n_points=400, half_width=8.0):
    """log p(x) on a grid of n_points per latent dimension over [-half_width, half_width].

    The rectangle rule, which converges faster than any power for a smooth integrand that has died
    away at the edge. `grid_change` says how much every second point alone would have moved it.
    IntractableError for latent_dim > 2; DomainError if the integrand is alive at the edge.
    """
    x = validation.real_array("x", x, ("N", "Dx"))
    n_points = validation.count("n_points", n_points, at_least=4)
    half_width = validation.real_array("half_width", half_width, ())
    validation.positive("half_width", half_width)
    if model.latent_dim > 2:
        raise IntractableError(
            "latent_dim",
            got=str(model.latent_dim),
            wanted="1 or 2",
            remedy=f"A grid would need {n_points}^{model.latent_dim} points: use importance.",
        )
    axis = np.linspace(-half_width, half_width, n_points)
    index = np.indices((n_points,) * model.latent_dim).reshape(model.latent_dim, -1).T
    coarse = (index % 2 == 0).all(axis=1)
    edge = ((index == 0) | (index == n_points - 1)).any(axis=1)
    log_volume = model.latent_dim * np.log(axis[1] - axis[0])
    fine, halved = np.empty(len(x)), np.empty(len(x))
    for n in range(len(x)):
        f, peak = _scaled_joint_on_grid(model, x[n : n + 1], axis[index][:, None, :])
        _check_edge(f[edge].max(), half_width)
        fine[n] = peak + log_volume + np.log(f.sum())
        halved[n] = peak + log_volume + np.log(f[coarse].sum()) + model.latent_dim * np.log(2)
    return Estimate(fine, np.zeros(len(x)), grid_change=fine - halved)


def naive_monte_carlo(model, x, n_draws, *, rng):
    """log of the mean of p(x | z_s), z_s drawn from the prior, independently for each datum."""
    x = validation.real_array("x", x, ("N", "Dx"))

    def weigh(size):
        return model.log_likelihood(x, model.sample_prior(size, len(x), rng=rng))

    return _stream(weigh, model.latent_dim, x, n_draws, rng)


def importance(model, x, q, n_draws, *, rng):
    """log of the mean of p(x, z_s) / q(z_s | x), z_s drawn from q, a family with N = len(x).

    Consistent only if q > 0 wherever p(x, z) > 0, and to be believed only if `reliable`.
    Reference: Owen 2013, Monte Carlo theory, methods and examples, section 9.1.
    """
    x = validation.real_array("x", x, ("N", "Dx"))
    return _stream(lambda size: _log_w(model, x, q, size, rng), model.latent_dim, x, n_draws, rng)


def iwae_bound(model, x, q, n_importance, n_draws, *, rng):
    """Expected log of the mean of n_importance weights: a lower bound on log p(x).

    n_draws independent such means are averaged; std_error is theirs. One importance draw makes it
    the ELBO, and more make it tighter. Reference: Burda, Grosse & Salakhutdinov 2016, eq. 8.
    """
    x = validation.real_array("x", x, ("N", "Dx"))
    n_importance = validation.count("n_importance", n_importance)
    n_draws = validation.count("n_draws", n_draws)
    bounds = np.empty((n_draws, len(x)))
    rows = _block_rows(model.latent_dim, x, n_importance)
    for start in range(0, n_draws, rows):
        size = min(rows, n_draws - start)
        log_w = _log_w(model, x, q, size * n_importance, rng)
        bounds[start : start + size] = logmeanexp(log_w.reshape(size, n_importance, -1), axis=1)
    averaged = Estimate.from_draws(bounds)
    return Estimate(averaged.value, averaged.std_error, bias="down", n_draws=n_draws)


def _log_w(model, x, q, size, rng):
    z, log_q = q.sample_and_log_prob(size, rng=rng)
    if log_q.shape[1] != len(x):
        raise ShapeError(
            "q",
            got=f"a batch of {log_q.shape[1]} distributions",
            wanted=f"one for each of the {len(x)} data",
        )
    log_w = model.log_prior(z) + model.log_likelihood(x, z)
    log_w -= log_q
    return log_w


def _stream(weigh, latent_dim, x, n_draws, rng):
    n_draws = validation.count("n_draws", n_draws)
    validation.generator(rng)
    stream = WeightStream(n_draws, len(x))
    rows = _block_rows(latent_dim, x)
    for start in range(0, n_draws, rows):
        stream.add(weigh(min(rows, n_draws - start)))
    return Estimate.from_stream(stream, n_draws)


def _block_rows(latent_dim, x, draws_a_row=1):
    return max(1, BLOCK // (draws_a_row * len(x) * max(latent_dim, x.shape[1])))


def _scaled_joint_on_grid(model, x, z):
    """p(x, z) on the grid z (G, 1, Dz), divided by its largest value: (G,), and that value's log."""
    rows = _block_rows(model.latent_dim, x)
    blocks = [z[start : start + rows] for start in range(0, len(z), rows)]
    log_f = np.concatenate(
        [(model.log_prior(block) + model.log_likelihood(x, block))[:, 0] for block in blocks]
    )
    peak = log_f.max()
    if not np.isfinite(peak):
        raise NonFiniteError(
            "log p(x, z)",
            got=f"{peak} on the grid",
            wanted="finite numbers somewhere, and no NaN",
            remedy="check_model(model, x) tells which density returned it.",
        )
    log_f -= peak
    return np.exp(log_f, out=log_f), peak


def _check_edge(alive, half_width):
    if alive > 1e-6:
        raise DomainError(
            "half_width",
            got=f"{half_width:.6g}, where p(x, z) is still {alive:.1e} of its peak",
            wanted="a grid that holds all of the integrand",
            remedy="Raise half_width, and n_points with it.",
        )
