"""A trained VAE as a model of the NumPy course, so that lessons 02 to 07 apply to it. (Lesson 11)

model = vae.NumpyView(trained)
evidence.naive_monte_carlo(model, x, 10_000, rng=rng)
evidence.importance(model, x, MeanFieldGaussian(*model.encode(x)), 1000, rng=rng)
"""

import numpy as np
import torch

from vitutor.validation import count, generator, latents


class NumpyView:
    """The densities of a torch VAE, from arrays to arrays, in the precision of its weights.

    It is a LatentVariable of vitutor.models. vae.evaluate and vae.ais are quicker.
    """

    def __init__(self, model):
        self._model = model
        self.latent_dim = model.latent_dim

    @torch.no_grad()
    def encode(self, x):
        """Mean and scale of q(z | x)'s Gaussian for data x (N, D): two of (N, Dz)."""
        q = self._model.posterior(self._model.data(x))
        return _array(q.mean), _array(q.scale)

    @torch.no_grad()
    def sample_prior(self, n_draws, n_data, *, rng):
        """Draw z (S, N, Dz) from p(z)."""
        seed = generator(rng).integers(2**63)
        shape = (count("n_draws", n_draws), count("n_data", n_data))
        draws = torch.Generator(self._model.device).manual_seed(int(seed))
        return _array(self._model.prior.sample(shape, draws))

    @torch.no_grad()
    def log_prior(self, z):
        """log p(z) of z (S, N, Dz), nats: (S, N)."""
        return _array(self._model.log_prior(self._latents(z, np.shape(z)[1])))

    @torch.no_grad()
    def log_likelihood(self, x, z):
        """log p(x | z) of x (N, D) given z (S, N, Dz) or (S, 1, Dz), nats: (S, N)."""
        x = self._model.data(x)
        return _array(self._model.log_likelihood(x, self._latents(z, len(x))))

    def grad_z_log_joint(self, x, z):
        """Gradient in z of log p(x, z): (S, N, Dz)."""
        x = self._model.data(x)
        z = self._latents(z, len(x)).expand(-1, len(x), -1).clone().requires_grad_()
        log_joint = self._model.log_prior(z) + self._model.log_likelihood(x, z)
        return _array(torch.autograd.grad(log_joint.sum(), z)[0])

    def _latents(self, z, n_data):
        z = latents("z", z, self.latent_dim, n_data)
        return torch.tensor(z, device=self._model.device, dtype=self._model.dtype)


def _array(tensor):
    return tensor.double().cpu().numpy()
