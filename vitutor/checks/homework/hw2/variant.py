"""The numbers, sizes and data of homework 2."""

import numpy as np

from vitutor.checks.homework.hw2.sensor import full_scale, log_joint, reading


def constants(seed):
    """Return the numbers, sizes and data of one variant."""
    rng = np.random.default_rng(seed)
    c = {
        "sensor": ("tanh", "arctan")[seed % 2],
        "reach": round(rng.uniform(2.0, 3.0), 2),
        "dof": int(rng.integers(3, 6)),
        "prior_mean": round(rng.uniform(-0.5, 0.5), 2),
        "prior_scale": round(rng.uniform(1.15, 1.5), 2),
        "noise_scale": round(rng.uniform(0.10, 0.15), 3),
        "dim": int(rng.integers(3, 8)),
        "tail_dof": round(rng.uniform(2.0, 6.0), 1),
        "q_dof": round(rng.uniform(1.5, 2.9), 1),
        "defence": round(rng.uniform(0.1, 0.3), 2),
    }
    c["theta"] = np.array(
        [c["prior_mean"], np.log(c["prior_scale"]), np.log(c["noise_scale"])]
    ).round(4)
    n = 100
    z = c["prior_mean"] + c["prior_scale"] * rng.standard_normal(n)
    noise = c["noise_scale"] * rng.standard_t(c["dof"], n)
    c["readings"] = (reading(c, z) + noise).round(3)
    c["datum"] = round(0.45 * full_scale(c), 2)
    c["q_mean"], c["q_scale"] = _laplace(c, c["datum"], c["theta"])
    return c


def _laplace(c, x, theta):
    """The mode of p(z | x), and the scale of a Gaussian as curved there."""
    z, h = np.linspace(-4, 4, 80_001), 1e-3
    mode = z[log_joint(c, x, z, theta).argmax()]
    below, at, above = log_joint(c, x, mode + h * np.array([-1, 0, 1]), theta)
    return round(float(mode), 3), round(float(h / np.sqrt(2 * at - below - above)), 3)
