"""The numbers, sizes and data of homework 1."""

import numpy as np

from vitutor.checks.homework.hw1.detectors import prior_of, rate_of
from vitutor.checks.homework.hw1.flicker import draw_sequence


def constants(seed):
    """Return the numbers, sizes and data of one variant."""
    rng = np.random.default_rng(seed)
    n_detectors, n_states = 2 + seed % 3, 3 + seed % 2
    move = 0.1 * rng.dirichlet(np.ones(n_states), n_states) + 0.06 / n_states
    move += 0.84 * np.eye(n_states)
    c = {
        "prior": ("logistic", "laplace")[seed // 2 % 2],
        "prior_scale": round(rng.uniform(0.25, 0.35), 3),
        "link": ("exp", "softplus")[seed % 2],
        "slope": rng.uniform(1.0, 2.2, n_detectors).round(2),
        "offset": rng.uniform(0.3, 1.6, n_detectors).round(2),
        "largest_count": (400, 20)[seed % 2],
        "closed": round(rng.uniform(0.08, 0.25), 2),
        "shape": round(rng.uniform(1.5, 4.0), 2),
        "rate": round(rng.uniform(0.5, 0.9), 2),
        "start": rng.dirichlet(4 * np.ones(n_states)).round(2),
        "move": move.round(2),
        "emission": np.cumsum(rng.uniform(2.0, 5.0, n_states)).round(1),
        "dof": int(rng.integers(2, 4)),
        "noise_scale": round(rng.uniform(0.3, 0.5), 2),
        "bend": round(rng.uniform(0.2, 0.5), 2),
        "n_draws": int(rng.integers(5, 20)) * 100,
    }
    # Rounding may leave a row of probabilities a hundredth from one.
    c["start"][0] += 1 - c["start"].sum()
    c["move"][:, 0] += 1 - c["move"].sum(axis=1)
    cause = prior_of(c).rvs(size=(200, 1), random_state=rng)
    counts = rng.poisson(rate_of(c["link"], cause * c["slope"] + c["offset"]))
    c["counts"] = counts * (rng.random(counts.shape) > c["closed"])
    c["sequence"] = draw_sequence(c, 80, rng)
    return c
