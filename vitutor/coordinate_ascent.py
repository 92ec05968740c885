"""Maximise the ELBO exactly in one factor of q, then in the next, and round again. (Lesson 08)

Where the best factor, the others held still, is known in closed form, there is no step size and
no noise, and the ELBO cannot fall.

Reference: Bishop 2006, section 10.1.
"""

from dataclasses import dataclass

import numpy as np

from vitutor import elbo, validation
from vitutor.errors import ArgumentTypeError, IntractableError
from vitutor.estimate import Estimate
from vitutor.families import MeanFieldGaussian
from vitutor.models import LinearGaussian


@dataclass(frozen=True, eq=False)
class SweepTrace:
    """Where coordinate ascent went: the start, then an entry a sweep.

    Attributes
    ----------
    path : the distributions q.
    elbo : their exact ELBOs, an Estimate (n_sweeps + 1, N), or (n_sweeps + 1,) where all data
        share one q, nats.
    """

    path: tuple
    elbo: Estimate


def fit_coordinate_ascent(model, x, n_sweeps, *, q=None):
    """Maximise the ELBO by n_sweeps of coordinate ascent: return (q, trace), both exact.

    Parameters
    ----------
    model : a LinearGaussian, whose q is a MeanFieldGaussian; or a model with the methods
        sweep(x, q) -> q and elbo(x, q) -> nats, such as a BayesianMixture.
    x : data (N, Dx).
    q : where to start. A LinearGaussian can do without: it then starts at the prior.

    IntractableError for a model that can do neither. AssertionError if a sweep lowers the ELBO:
    its update is then not what maximises it.
    """
    x = validation.real_array("x", x, ("N", "Dx"))
    n_sweeps = validation.count("n_sweeps", n_sweeps)
    if isinstance(model, LinearGaussian):
        model = _MeanFieldSweeps(model)
        q = MeanFieldGaussian.standard(len(x), model.latent_dim) if q is None else q
    elif not hasattr(model, "sweep"):
        raise IntractableError(
            "model",
            got=f"a {type(model).__name__}, which has no sweep",
            wanted="a model whose best factors have closed forms",
            remedy="vitutor.fit.fit follows gradients instead.",
        )
    if q is None:
        raise ArgumentTypeError(
            "q", got="None", wanted="where to start", remedy="q=model.start(x, rng=rng) is one."
        )
    path, bounds = [q], [model.elbo(x, q)]
    for sweep in range(1, n_sweeps + 1):
        path.append(model.sweep(x, path[-1]))
        bounds.append(model.elbo(x, path[-1]))
        assert_rise("The ELBO", bounds[-2], bounds[-1], f"sweep {sweep}")
    return path[-1], SweepTrace(tuple(path), Estimate.exact(np.array(bounds)))


def assert_rise(what, before, after, when):
    """Fail if `what`, in nats, fell by more than rounding: an update did not maximise it."""
    before, after = np.asarray(before), np.asarray(after)
    fall = before - after
    assert (fall <= 1e-9 * np.maximum(1.0, np.abs(before))).all(), (
        f"{what} fell by {fall.max():.3g} nats in {when}: an update does not maximise it."
    )


class _MeanFieldSweeps:
    """A LinearGaussian, to be fitted by a MeanFieldGaussian one latent coordinate at a time."""

    def __init__(self, model):
        self.model, self.latent_dim = model, model.latent_dim
        self._white_weight = np.linalg.solve(model.noise_cov, model.weight)
        self._precision = np.eye(model.latent_dim) + model.weight.T @ self._white_weight

    def sweep(self, x, q):
        # log p(x, z) is quadratic in z, so the best factor of z_d is the Gaussian with its
        # curvature and its peak, the other coordinates at their means (Bishop 2006, 10.13).
        linear = (x - self.model.bias) @ self._white_weight
        curvature = np.diagonal(self._precision)
        mean = q.mean.copy()
        for d in range(self.latent_dim):
            slope = linear[:, d] - mean @ self._precision[:, d]
            mean[:, d] += slope / curvature[d]
        return MeanFieldGaussian(mean, np.broadcast_to(1 / np.sqrt(curvature), mean.shape))

    def elbo(self, x, q):
        return elbo.evidence_minus_gap(self.model, x, q).value
