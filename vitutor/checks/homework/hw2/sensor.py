"""A sensor that saturates, read with Student-t noise: its densities, and cases to ask about."""

import numpy as np
from scipy.special import gammaln

from vitutor.checks.homework.integrals import line


def reading(c, z):
    """What the sensor shows of z, but for noise."""
    return c["reach"] * getattr(np, c["sensor"])(z)


def full_scale(c):
    """What the sensor shows of an infinite z."""
    return c["reach"] * (1.0 if c["sensor"] == "tanh" else np.pi / 2)


def log_prior(z, theta):
    """Log density of the learned prior, written for complex parameters too."""
    m, log_scale, _ = theta
    return -0.5 * ((z - m) / np.exp(log_scale)) ** 2 - log_scale - 0.5 * np.log(2 * np.pi)


def log_noise(c, x, z, theta):
    """Log density of Student's t, written for complex parameters too."""
    nu, r = c["dof"], (x - reading(c, z)) / np.exp(theta[2])
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
    return constant - theta[2] - 0.5 * (nu + 1) * np.log(1 + r**2 / nu)


def log_joint(c, x, z, theta):
    """At x (N,) and z (..., N) or (..., 1), log p(x, z)."""
    return log_prior(z, theta) + log_noise(c, x, z, theta)


def prior_line(theta):
    """Nodes and weights (G,) for an integral over z."""
    scale = np.exp(theta[1].real)
    return line(theta[0].real - 12 * scale, theta[0].real + 12 * scale, n_panels=300)


def log_evidence(c, x, theta):
    """log p(x) (N,), for complex parameters too."""
    z, weights = prior_line(theta)
    log_p = log_joint(c, x, z[:, None], theta)
    largest = log_p.real.max(axis=0)
    return largest + np.log(weights @ np.exp(log_p - largest))


def theta_case(c, rng):
    """Parameters (3,) about those of the variant."""
    return c["theta"] + rng.normal(0, 0.15, 3)


def readings_case(c, rng, n_data=4):
    """Readings (N,), a few beyond full scale."""
    return rng.uniform(-1.15, 1.15, n_data) * full_scale(c)
