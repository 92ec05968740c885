"""q(z | x): a diagonal Gaussian for each datum, and a flow that can bend it. (Lessons 10, 12)"""

from dataclasses import dataclass

import torch
from torch import nn

from vitutor.vae.nets import mlp
from vitutor.vae.priors import LOG_2PI


@dataclass(frozen=True, eq=False)
class Posterior:
    """q(z | x) of N data: mean, scale, log_scale (N, Dz), and what a flow sees, features (N, F)."""

    mean: torch.Tensor
    scale: torch.Tensor
    log_scale: torch.Tensor
    features: torch.Tensor
    flow: nn.ModuleList

    def gaussian(self, eps):
        """Push noise eps (..., N, Dz) through the Gaussian alone: (..., N, Dz)."""
        return self.mean + self.scale * eps

    def draw(self, eps):
        """Push noise eps (..., N, Dz) through q: z, and log q(z | x) there (..., N)."""
        z = self.gaussian(eps)
        log_q = -0.5 * torch.linalg.vecdot(eps, eps) - self.log_scale.sum(-1)
        for coupling in self.flow:
            z, log_det = coupling(z, self.features)
            log_q = log_q - log_det
        return z, log_q - 0.5 * eps.shape[-1] * LOG_2PI

    def kl_to_standard_normal(self):
        """KL(q || N(0, I)) in closed form, nats (N,); for a Gaussian q, without a flow."""
        squares = self.mean * self.mean + self.scale * self.scale
        return (0.5 * squares - self.log_scale).sum(-1) - 0.5 * self.mean.shape[-1]


class Coupling(nn.Module):
    """Half of z moved and stretched by a net that sees the other half and the encoder's features.

    Its Jacobian is triangular, so the log-determinant is a sum. Reference: Dinh, Sohl-Dickstein &
    Bengio 2017, section 3.2.
    """

    def __init__(self, latent_dim, n_features, hidden, swap):
        super().__init__()
        self.sizes = (latent_dim // 2, latent_dim - latent_dim // 2)
        self.swap = swap
        kept, moved = reversed(self.sizes) if swap else self.sizes
        self.net = mlp((kept + n_features, hidden, 2 * moved))
        # Zero weights: an untrained flow is the identity, and q starts as the plain Gaussian.
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, z, features):
        """Return the new z (..., Dz) and the log-determinant of dz_new / dz (...)."""
        first, second = z.split(self.sizes, -1)
        kept, moved = (second, first) if self.swap else (first, second)
        features = features.expand(*kept.shape[:-1], features.shape[-1])
        shift, log_stretch = self.net(torch.cat([kept, features], -1)).chunk(2, -1)
        log_stretch = 2 * torch.tanh(log_stretch / 2)  # bounded: no single step can blow q up
        moved = moved * log_stretch.exp() + shift
        new = (moved, kept) if self.swap else (kept, moved)
        return torch.cat(new, -1), log_stretch.sum(-1)
