"""log p(x) of a VAE with one or two latent dimensions: no bound, no sampling, a sum. (Lesson 10)"""

import copy

import numpy as np
import torch

from vitutor.errors import DomainError, IntractableError
from vitutor.estimate import Estimate
from vitutor.validation import count, positive, real_array

ROWS = 2**12  # grid points at once


@torch.no_grad()
def exact_log_marginal(model, x, *, n_points=500, reach=6.0):
    """log p(x), nats (N,), by the rectangle rule on n_points a dimension.

    The grid spans `reach` standard deviations of the prior on each side. The sum is in float64 on
    the CPU, whatever the model's own precision. `grid_change` says how much every second point
    alone would have moved it. IntractableError for latent_dim > 2; DomainError if p(x, z) is
    still alive at the edge of the grid.
    """
    n_dim = model.latent_dim
    if n_dim > 2:
        raise IntractableError(
            "latent_dim",
            got=str(n_dim),
            wanted="1 or 2",
            remedy=f"A grid would need {n_points}^{n_dim} points: use vae.evaluate.",
        )
    n_points = count("n_points", n_points, at_least=4)
    reach = float(positive("reach", real_array("reach", reach, ())))
    statistics = model.likelihood.statistics(model.data(x).cpu().double())
    model = copy.deepcopy(model).cpu().double()
    low, high = model.prior.box(reach)
    # The box's middle is a point of the grid. Half way between two it would leave every second
    # point of a symmetric integrand the mirror image of the rest: no change, however coarse.
    middle, spacing = n_points // 2, (high - low) / (n_points - 1)
    index = torch.cartesian_prod(*[torch.arange(n_points)] * n_dim).reshape(-1, n_dim)
    fine, halved, edge, peak = (torch.full((len(x),), -torch.inf).double() for _ in range(4))
    for i in index.split(ROWS):
        z = (low + high) / 2 + spacing * (i - middle)
        eta, log_normaliser = model.likelihood.natural(model.decoder(z))
        log_joint = eta @ statistics.T + (model.log_prior(z) - log_normaliser)[:, None]
        fine = torch.logaddexp(fine, log_joint.logsumexp(0))
        halved = torch.logaddexp(halved, log_joint[((i - middle) % 2 == 0).all(1)].logsumexp(0))
        peak = torch.maximum(peak, log_joint.amax(0))
        at_edge = log_joint[((i == 0) | (i == n_points - 1)).any(1)]
        edge = torch.maximum(edge, _largest(at_edge))
    _check_edge(float((edge - peak).max().exp()), reach)
    log_volume = float(spacing.log().sum())
    fine = (fine + log_volume).numpy()
    halved = (halved + log_volume).numpy() + n_dim * np.log(2)
    return Estimate(fine, np.zeros(len(fine)), grid_change=fine - halved)


def _largest(rows):
    return rows.amax(0) if len(rows) else torch.full(rows.shape[1:], -torch.inf).double()


def _check_edge(alive, reach):
    if alive > 1e-6:
        raise DomainError(
            "reach",
            got=f"{reach:.6g}, where p(x, z) is still {alive:.1e} of its peak",
            wanted="a grid that holds all of the integrand",
            remedy="Raise reach, and n_points with it.",
        )
