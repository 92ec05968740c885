"""p(x | z): what the decoder's numbers mean for a pixel. (Lessons 10, 11)

Each likelihood is an exponential family in the pixels, log p(x | z) = eta(z) . T(x) - A(z). That
form, `natural` and `statistics`, scores every datum under every code of a grid by one matrix
product; `log_prob` scores each datum under codes of its own.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from vitutor.errors import DomainError


class Bernoulli(nn.Module):
    """Black and white pixels; the decoder gives a logit for each."""

    outputs_per_pixel = 1

    def check(self, name, x):
        if not ((x == 0) | (x == 1)).all():
            raise DomainError(
                name,
                got=f"grey values between {x.min():.6g} and {x.max():.6g}",
                wanted="zeros and ones",
                remedy="A Bernoulli likelihood of a grey value is no density: it does not sum to "
                'one, and an ELBO made of it bounds nothing. Binarise, or use "categorical".',
            )

    def encoder_input(self, x):
        return x

    def log_prob(self, x, outputs):
        """log p(x | z) of pixels x (..., D) given logits (..., D), nats (...)."""
        if not outputs.requires_grad:
            # One logarithm for 64 pixels: their product's, unless that underflows.
            p = ((2 * x - 1) * outputs).sigmoid_()
            products = torch.stack([part.prod(-1) for part in p.split(64, -1)])
            if (products > torch.finfo(p.dtype).tiny).all():
                return products.log_().sum(0)
        # torch's threshold of 20 would leave an error of 2e-9, more than float64 need have.
        return (x * outputs - F.softplus(outputs, threshold=40)).sum(-1)

    def statistics(self, x):
        return x

    def natural(self, outputs):
        return outputs, F.softplus(outputs, threshold=40).sum(-1)

    def mean(self, outputs):
        return outputs.sigmoid()

    def sample(self, outputs, rng):
        return torch.bernoulli(self.mean(outputs), generator=rng)


class Categorical(nn.Module):
    """Grey pixels 0, 1, ..., V - 1; the decoder gives V log weights for each."""

    def __init__(self, n_values):
        super().__init__()
        self.n_values = self.outputs_per_pixel = n_values

    def check(self, name, x):
        if not ((x >= 0) & (x < self.n_values) & (x % 1 == 0)).all():
            raise DomainError(
                name,
                got=f"values between {x.min():.6g} and {x.max():.6g}",
                wanted=f"whole numbers from 0 to {self.n_values - 1}",
                remedy="Set n_values to the number of grey values; do not divide by the largest.",
            )

    def encoder_input(self, x):
        return x / (self.n_values - 1)

    def log_table(self, outputs):
        """Log probability of every value of every pixel: (..., D, V)."""
        return outputs.unflatten(-1, (-1, self.n_values)).log_softmax(-1)

    def log_prob(self, x, outputs):
        """log p(x | z) of pixels x (..., D), nats (...)."""
        table = self.log_table(outputs)
        index = x.long().expand(table.shape[:-1])
        return table.gather(-1, index.unsqueeze(-1)).squeeze(-1).sum(-1)

    def statistics(self, x):
        return F.one_hot(x.long(), self.n_values).flatten(-2).to(x.dtype)

    def natural(self, outputs):
        eta = self.log_table(outputs).flatten(-2)
        return eta, eta.new_zeros(eta.shape[:-1])

    def mean(self, outputs):
        values = torch.arange(self.n_values, device=outputs.device, dtype=outputs.dtype)
        return self.log_table(outputs).exp() @ values

    def sample(self, outputs, rng):
        table = self.log_table(outputs)
        draws = torch.multinomial(table.exp().flatten(0, -2), 1, generator=rng)
        return draws.reshape(table.shape[:-1]).to(outputs.dtype)


class DiscretisedGaussian(Categorical):
    """Grey pixels 0, ..., V - 1 with probability proportional to N(value; mean, scale^2).

    The decoder gives the mean of each pixel in units of the largest value; the scale is learned,
    one for all pixels.
    """

    def __init__(self, n_values):
        super().__init__(n_values)
        self.outputs_per_pixel = 1
        self.log_noise_scale = nn.Parameter(torch.tensor(math.log(0.2)))

    def log_table(self, outputs):
        values = torch.linspace(0, 1, self.n_values, device=outputs.device, dtype=outputs.dtype)
        white = (values - outputs.unsqueeze(-1)) * (-self.log_noise_scale).exp()
        return (-0.5 * white**2).log_softmax(-1)


class Gaussian(nn.Module):
    """Real pixels x ~ N(mean, noise_scale^2); one noise scale, fixed, or learned if None."""

    outputs_per_pixel = 1

    def __init__(self, noise_scale=None):
        super().__init__()
        log_scale = torch.tensor(0.0 if noise_scale is None else math.log(noise_scale))
        self.log_noise_scale = nn.Parameter(log_scale, requires_grad=noise_scale is None)

    @property
    def noise_scale(self):
        return self.log_noise_scale.exp()

    def check(self, name, x):
        """Any finite number has a density."""

    def encoder_input(self, x):
        return x

    def log_prob(self, x, outputs):
        """log p(x | z) of pixels x (..., D) given their means (..., D), nats (...)."""
        white = (x - outputs) * (-self.log_noise_scale).exp()
        return -0.5 * (white**2).sum(-1) - outputs.shape[-1] * self._log_normaliser()

    def statistics(self, x):
        return torch.cat([x, (x**2).sum(-1, keepdim=True)], -1)

    def natural(self, outputs):
        precision = (-2 * self.log_noise_scale).exp()
        half = -0.5 * precision.expand(*outputs.shape[:-1], 1)
        squares = 0.5 * precision * (outputs**2).sum(-1)
        constant = outputs.shape[-1] * self._log_normaliser()
        return torch.cat([precision * outputs, half], -1), squares + constant

    def mean(self, outputs):
        return outputs

    def sample(self, outputs, rng):
        noise = torch.empty_like(outputs).normal_(generator=rng)
        return outputs + self.noise_scale * noise

    def _log_normaliser(self):
        return self.log_noise_scale + 0.5 * math.log(2 * math.pi)
