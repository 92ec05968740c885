"""p(z): a standard normal, or a learned mixture of Gaussians. (Lessons 10, 11)"""

import math

import torch
from torch import nn

LOG_2PI = math.log(2 * math.pi)


class StandardNormal(nn.Module):
    """N(0, I)."""

    def __init__(self, latent_dim):
        super().__init__()
        self.latent_dim = latent_dim
        self.register_buffer("origin", torch.zeros(()), persistent=False)

    def log_prob(self, z):
        """Log density at z (..., Dz), nats (...)."""
        return -0.5 * torch.linalg.vecdot(z, z) - 0.5 * self.latent_dim * LOG_2PI

    def box(self, reach):
        """Ends of the box that holds all within `reach` standard deviations: two of (Dz,)."""
        end = torch.full((self.latent_dim,), float(reach), dtype=self.origin.dtype)
        return -end, end

    def sample(self, shape, rng):
        """Draw (*shape, Dz)."""
        return torch.empty(
            (*shape, self.latent_dim), device=self.origin.device, dtype=self.origin.dtype
        ).normal_(generator=rng)


class MixtureOfGaussians(nn.Module):
    """K diagonal Gaussians with learned weights, means and scales.

    Where the aggregate posterior has clusters, as ten digits do, N(0, I) wastes mass between
    them. Reference: Tomczak & Welling 2018, section 3 (there with K learned pseudo-inputs).
    """

    def __init__(self, latent_dim, n_components):
        super().__init__()
        self.latent_dim = latent_dim
        self.logits = nn.Parameter(torch.zeros(n_components))
        self.means = nn.Parameter(torch.randn(n_components, latent_dim))
        self.log_scales = nn.Parameter(torch.zeros(n_components, latent_dim))

    def log_prob(self, z):
        """Log density at z (..., Dz), nats (...)."""
        # The squares by one matrix product: K x Dz numbers for each z would not fit a cache.
        precision = (-2 * self.log_scales).exp()
        weighted = precision * self.means
        squares = z**2 @ precision.T - 2 * (z @ weighted.T) + (weighted * self.means).sum(-1)
        constant = self.log_scales.sum(-1) + 0.5 * self.latent_dim * LOG_2PI
        return (self.logits.log_softmax(0) - constant - 0.5 * squares).logsumexp(-1)

    def box(self, reach):
        """Ends of the box within `reach` standard deviations of any component: two of (Dz,)."""
        half = reach * self.log_scales.exp()
        return (self.means - half).amin(0), (self.means + half).amax(0)

    def sample(self, shape, rng):
        """Draw (*shape, Dz)."""
        choice = torch.multinomial(
            self.logits.softmax(0), math.prod(shape), replacement=True, generator=rng
        )
        noise = torch.empty_like(self.means[choice]).normal_(generator=rng)
        z = self.means[choice] + self.log_scales[choice].exp() * noise
        return z.reshape(*shape, self.latent_dim)
