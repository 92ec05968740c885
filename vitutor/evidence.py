"""log p(x): exactly where that can be done, on a grid, and by Monte Carlo. (Lessons 02, 03, 05)

Every function takes a model and data x (N, Dx), and returns an Estimate of log p(x), nats (N,).
All but `exact` work in blocks and keep only sums, so memory grows neither with n_draws nor with
the number of points.
"""

import numpy as np

from vitutor import validation
from vitutor.errors import (
    ArgumentTypeError,
    DomainError,
    IntractableError,
    NonFiniteError,
    ShapeError,
)
from vitutor.estimate import Estimate
from vitutor.models.protocol import checked
from vitutor.numerics import WeightStream, logmeanexp

# A block of draws has about this many doubles, so that it stays in the processor's cache, and the
# allocator hands the same memory out again.
BLOCK = 2**16
# But not fewer draws x data, or what is done once a block costs more than the draws.
FEWEST = 2**12


def exact(model, x):
    """log p(x) in closed form; IntractableError for a model that has none."""
    x = validation.real_array("x", x, ("N", "Dx"))
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
    away at the edge. `grid_change` says how much every second point alone would have moved it:
    far more than the error, once the spacing is finer than the posterior is wide.
    IntractableError for latent_dim > 2; DomainError if the integrand is alive at the edge.
    """
    latent_dim, x = checked(model, x)
    n_points = validation.count("n_points", n_points, at_least=4)
    half_width = validation.real_array("half_width", half_width, ())
    validation.positive("half_width", half_width, remedy="8 prior scales are usual.")
    if latent_dim > 2:
        raise IntractableError(
            "latent_dim",
            got=str(latent_dim),
            wanted="1 or 2",
            remedy=f"A grid would need {n_points}^{latent_dim} points: use evidence.importance.",
        )
    # Zero is a point of the grid. Half way between two it would leave every second point of a
    # symmetric integrand the mirror image of the rest: no change, however coarse the grid.
    step, middle = 2 * half_width / (n_points - 1), n_points // 2
    n_grid, rows = n_points**latent_dim, _block_rows(latent_dim, x)
    peak = edge = np.full(len(x), -np.inf)
    sums = np.zeros((2, len(x)))  # over all points, over every second one; relative to the peak
    for start in range(0, n_grid, rows):
        points = np.arange(start, min(start + rows, n_grid))
        index = np.stack(np.unravel_index(points, (n_points,) * latent_dim), axis=1)
        log_f = _log_joint(model, x, step * (index[:, None, :] - middle))
        old_peak, peak = peak, np.maximum(peak, log_f.max(axis=0))
        _check_peak(peak < np.inf, peak)
        shift = np.where(peak == -np.inf, 0.0, peak)
        every_second = ((index - middle) % 2 == 0).all(axis=1)
        f = np.exp(log_f - shift)
        sums = sums * np.exp(old_peak - shift) + np.stack([f.sum(axis=0), every_second @ f])
        on_edge = ((index == 0) | (index == n_points - 1)).any(axis=1)
        edge = np.maximum(edge, log_f[on_edge].max(axis=0, initial=-np.inf))
    _check_peak(peak > -np.inf, peak)
    _check_edge(np.exp(edge - peak).max(), half_width)
    with np.errstate(divide="ignore"):  # a peak that falls between every second point
        log_sums = np.log(sums)
    value = peak + log_sums[0] + latent_dim * np.log(step)
    return Estimate(
        value,
        np.zeros(len(x)),
        grid_change=log_sums[0] - log_sums[1] - latent_dim * np.log(2),
    )


def naive_monte_carlo(model, x, n_draws, *, rng):
    """log of the mean of p(x | z_s), z_s drawn from the prior, independently for each datum."""
    latent_dim, x = checked(model, x)
    validation.generator(rng)

    def weigh(size):
        shape = (size, len(x))
        z = model.sample_prior(*shape, rng=rng)
        _check_shape("sample_prior(n_draws, n_data)", z, (*shape, latent_dim))
        log_w = model.log_likelihood(x, z)
        _check_shape("log_likelihood(x, z)", log_w, shape)
        return log_w

    return _stream(weigh, latent_dim, x, n_draws)


def importance(model, x, q, n_draws, *, rng):
    """log of the mean of p(x, z_s) / q(z_s | x), z_s drawn from q, a family with N = len(x).

    Consistent only if q > 0 wherever p(x, z) > 0, and to be believed only if `reliable`.
    Reference: Owen 2013, Monte Carlo theory, methods and examples, section 9.1.
    """
    latent_dim, x = checked(model, x)
    _check_family(q)
    validation.generator(rng)
    return _stream(lambda size: _log_w(model, x, q, size, rng), latent_dim, x, n_draws)


def iwae_bound(model, x, q, n_importance, n_draws, *, rng):
    """Expected log of the mean of n_importance weights: a lower bound on log p(x).

    n_draws independent such means are averaged; std_error is theirs. One importance draw makes it
    the ELBO, and more make it tighter. Reference: Burda, Grosse & Salakhutdinov 2016, eq. 8.
    """
    latent_dim, x = checked(model, x)
    _check_family(q)
    n_importance = validation.count("n_importance", n_importance)
    n_draws = validation.count("n_draws", n_draws)
    validation.generator(rng)
    rows = _block_rows(latent_dim, x)
    bounds = np.full((n_draws, len(x)), -np.inf)
    together = max(1, rows // n_importance)
    for start in range(0, n_draws, together):
        bound = bounds[start : start + together]
        for done in range(0, n_importance, rows):
            size = min(rows, n_importance - done)
            log_w = _log_w(model, x, q, len(bound) * size, rng).reshape(len(bound), size, -1)
            np.logaddexp(bound, logmeanexp(log_w.swapaxes(0, 1)) + np.log(size), out=bound)
    averaged = Estimate.from_draws(bounds - np.log(n_importance))
    return Estimate(averaged.value, averaged.std_error, bias="down", n_draws=n_draws)


def _log_w(model, x, q, size, rng):
    if hasattr(q, "sample_and_log_prob"):
        z, log_q = q.sample_and_log_prob(size, rng=rng)
    else:
        z = q.sample(size, rng=rng)
        log_q = q.log_prob(z)
    if z.shape != (size, len(x), model.latent_dim):
        raise ShapeError(
            "q",
            got=f"draws of shape {z.shape}",
            wanted=f"shape {(size, len(x), model.latent_dim)}",
            remedy="A family holds one distribution over the latents for each datum of x.",
        )
    log_w = _log_joint(model, x, z)
    log_w -= log_q
    return log_w


def _log_joint(model, x, z):
    log_prior, log_likelihood = model.log_prior(z), model.log_likelihood(x, z)
    _check_shape("log_prior(z)", log_prior, z.shape[:2])
    _check_shape("log_likelihood(x, z)", log_likelihood, (len(z), len(x)))
    return log_prior + log_likelihood


def _stream(weigh, latent_dim, x, n_draws):
    n_draws = validation.count("n_draws", n_draws)
    stream = WeightStream(n_draws, len(x))
    rows = _block_rows(latent_dim, x)
    for start in range(0, n_draws, rows):
        stream.add(weigh(min(rows, n_draws - start)))
    return Estimate.from_stream(stream, n_draws)


def _block_rows(latent_dim, x):
    return max(1, FEWEST // len(x), BLOCK // (len(x) * max(latent_dim, x.shape[1])))


def _check_family(q):
    if not (hasattr(q, "sample") and hasattr(q, "log_prob")):
        raise ArgumentTypeError(
            "q",
            got=f"a {type(q).__name__} without sample or log_prob",
            wanted="a distribution over the latents",
            remedy="vitutor.families has some; model.posterior(x), where it exists, is the best.",
        )


def _check_shape(name, array, shape):
    if np.shape(array) != shape:
        raise ShapeError(
            f"model.{name}",
            got=f"shape {np.shape(array)}",
            wanted=f"shape {shape}: draws, data, event",
            remedy="check_model(model, x) tells what else is amiss.",
        )


def _check_peak(good, peak):
    if not good.all():
        raise NonFiniteError(
            "log p(x, z)",
            got=f"a largest value of {peak[~good][0]} on the grid",
            wanted="finite numbers somewhere, and no NaN",
            remedy="check_model(model, x) tells which density returned it.",
        )


def _check_edge(alive, half_width):
    if alive > 1e-6:
        raise DomainError(
            "half_width",
            got=f"{half_width:.6g}, where p(x, z) is still {alive:.1e} of its peak",
            wanted="a grid that holds all of the integrand",
            remedy="Raise half_width, and n_points with it.",
        )
