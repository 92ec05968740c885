"""The prior N(0, I), which the models with a continuous latent share."""

import numpy as np

from vitutor import validation

LOG_2PI = np.log(2 * np.pi)


def sample(n_draws, n_data, latent_dim, *, rng):
    """Draw z (S, N, Dz)."""
    shape = (validation.count("n_draws", n_draws), validation.count("n_data", n_data), latent_dim)
    return validation.generator(rng).standard_normal(shape)


def log_prob(z, latent_dim):
    """Log density at z (S, N, Dz), nats: (S, N)."""
    z = validation.latents("z", z, latent_dim)
    return -0.5 * np.einsum("snd,snd->sn", z, z) - 0.5 * latent_dim * LOG_2PI
