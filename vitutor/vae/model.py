"""The variational autoencoder as its three densities: p(z), p(x | z), q(z | x). (Lesson 10)

The array everything else reduces is log_weights(x, eps) = log p(x, z) - log q(z | x), (S, N).
References: Kingma & Welling 2014; Rezende, Mohamed & Wierstra 2014.
"""

import numpy as np
import torch
from torch import nn

from vitutor.errors import ArgumentTypeError, DomainError
from vitutor.vae import likelihoods, priors
from vitutor.vae.nets import mlp
from vitutor.vae.posterior import Coupling, Posterior
from vitutor.vae.randomness import generator, pick_device, seeded
from vitutor.validation import count, positive, real_array

LIKELIHOODS = ("bernoulli", "categorical", "discretised_gaussian", "gaussian")


class VAE(nn.Module):
    """A VAE; make one with `build`. `config` is what build was told, and all that a file needs."""

    def __init__(self, config):
        super().__init__()
        self.config = dict(config)
        self.data_dim, self.latent_dim = config["data_dim"], config["latent_dim"]
        hidden, encoder_hidden = config["hidden"], config["encoder_hidden"]
        self.likelihood = _likelihood(config)
        self.features = mlp((self.data_dim, *encoder_hidden), rectified_end=True)
        n_features = (self.data_dim, *encoder_hidden)[-1]
        self.head = nn.Linear(n_features, 2 * self.latent_dim)
        n_outputs = self.data_dim * self.likelihood.outputs_per_pixel
        self.decoder = mlp((self.latent_dim, *reversed(hidden), n_outputs))
        if config["n_components"] == 1:
            self.prior = priors.StandardNormal(self.latent_dim)
        else:
            self.prior = priors.MixtureOfGaussians(self.latent_dim, config["n_components"])
        self.flow = nn.ModuleList(
            Coupling(self.latent_dim, n_features, n_features, swap=i % 2 == 1)
            for i in range(config["n_couplings"])
        )

    def posterior(self, x):
        """q(z | x) for pixels x (N, D)."""
        features = self.features(self.likelihood.encoder_input(x))
        mean, log_scale = self.head(features).chunk(2, -1)
        return Posterior(mean, log_scale.exp(), log_scale, features, self.flow)

    def log_prior(self, z):
        """log p(z) at z (..., Dz), nats (...)."""
        return self.prior.log_prob(z)

    def log_likelihood(self, x, z):
        """log p(x | z) of pixels x (N, D) given z (..., N, Dz), nats (..., N)."""
        return self.likelihood.log_prob(x, self.decoder(z))

    def log_weights(self, x, eps):
        """log p(x, z) - log q(z | x) at z drawn from q by noise eps (S, N, Dz), nats (S, N)."""
        z, log_q = self.posterior(x).draw(eps)
        return self.log_prior(z) + self.log_likelihood(x, z) - log_q

    def forward(self, x, eps):
        """Reconstruction and KL, whose difference is the ELBO: two of (..., N), nats.

        The reconstruction is log p(x | z) at the draw eps (..., N, Dz). The KL from q to the prior
        is in closed form for one draw (N, Dz) of a Gaussian q and for N(0, I); else it is the very
        draw's log q(z | x) - log p(z), which makes the difference its log weight.
        """
        q = self.posterior(x)
        if eps.ndim > x.ndim or self.flow or self.config["n_components"] > 1:
            z, log_q = q.draw(eps)
            kl = log_q - self.log_prior(z)
        else:
            z, kl = q.gaussian(eps), q.kl_to_standard_normal()
        return self.log_likelihood(x, z), kl

    def elbo(self, x, eps):
        """The ELBO of each datum at noise eps (N, Dz), nats (N,)."""
        reconstruction, kl = self(x, eps)
        return reconstruction - kl

    @torch.no_grad()
    def decode(self, z):
        """Mean picture for codes z (..., Dz), as an array (..., D)."""
        z = torch.tensor(np.asarray(z), device=self.device, dtype=self.dtype)
        return self.likelihood.mean(self.decoder(z)).cpu().numpy()

    @torch.no_grad()
    def sample(self, n, *, seed):
        """Draw n pairs by ancestral sampling: arrays z (n, Dz), then x (n, D) given z."""
        rng = generator(self.device, count("seed", seed, at_least=0))
        z = self.prior.sample((count("n", n),), rng)
        x = self.likelihood.sample(self.decoder(z), rng)
        return z.double().cpu().numpy(), x.double().cpu().numpy()

    @property
    def device(self):
        return self.head.weight.device

    @property
    def dtype(self):
        return self.head.weight.dtype

    def data(self, x, name="x"):
        """Check data x (N, D) against the likelihood, and return it as this model's tensor."""
        if isinstance(x, torch.Tensor):
            x = x.detach().cpu().numpy()
        x = real_array(name, x, ("N", self.data_dim))
        self.likelihood.check(name, x)
        return torch.tensor(x, device=self.device, dtype=self.dtype)


def build(
    data_dim,
    latent_dim,
    *,
    hidden,
    likelihood="bernoulli",
    n_values=None,
    noise_scale=None,
    n_components=1,
    n_couplings=0,
    encoder_hidden=None,
    seed,
    device="auto",
):
    """Return an untrained VAE whose encoder and decoder are nets with rectifiers.

    Parameters
    ----------
    data_dim, latent_dim : int, D and Dz.
    hidden : int or ints, the layers' widths from data to code; () makes both nets linear.
    likelihood : "bernoulli" (zeros and ones), "categorical" or "discretised_gaussian" (grey
        values 0 ... n_values - 1), "gaussian" (real numbers; its noise_scale is learned if None).
    n_components : int. 1 is the prior N(0, I), more a learned mixture of so many Gaussians.
    n_couplings : int, affine couplings of a flow on top of q's diagonal Gaussian.
    encoder_hidden : like hidden, for an encoder that differs from the decoder.
    seed : int, for the weights. device : "auto" (cuda, else mps, else cpu) or a device's name.
    """
    if likelihood not in LIKELIHOODS:
        raise DomainError(
            "likelihood", got=repr(likelihood), wanted=f"one of {', '.join(LIKELIHOODS)}"
        )
    hidden = _widths("hidden", hidden)
    config = {
        "data_dim": count("data_dim", data_dim),
        "latent_dim": count("latent_dim", latent_dim, at_least=2 if n_couplings else 1),
        "hidden": hidden,
        "encoder_hidden": (
            hidden if encoder_hidden is None else _widths("encoder_hidden", encoder_hidden)
        ),
        "likelihood": likelihood,
        "n_values": _n_values(likelihood, n_values),
        "noise_scale": _noise_scale(likelihood, noise_scale),
        "n_components": count("n_components", n_components),
        "n_couplings": count("n_couplings", n_couplings, at_least=0),
    }
    device = pick_device(device)
    with seeded(seed):
        return VAE(config).to(device)


def _likelihood(config):
    kind = config["likelihood"]
    if kind == "bernoulli":
        return likelihoods.Bernoulli()
    if kind == "gaussian":
        return likelihoods.Gaussian(config["noise_scale"])
    discrete = {
        "categorical": likelihoods.Categorical,
        "discretised_gaussian": likelihoods.DiscretisedGaussian,
    }
    return discrete[kind](config["n_values"])


def _widths(name, hidden):
    if isinstance(hidden, (tuple, list)):
        return tuple(count(f"{name}[{i}]", width) for i, width in enumerate(hidden))
    return (count(name, hidden),)


def _n_values(likelihood, n_values):
    if likelihood in ("categorical", "discretised_gaussian"):
        if n_values is None:
            raise ArgumentTypeError(
                "n_values",
                got="nothing",
                wanted=f'the number of grey values, for likelihood="{likelihood}"',
                remedy="The 8 x 8 digits have 17, MNIST has 256.",
            )
        return count("n_values", n_values, at_least=2)
    return _unused("n_values", n_values, likelihood)


def _noise_scale(likelihood, noise_scale):
    if likelihood != "gaussian" or noise_scale is None:
        return _unused("noise_scale", noise_scale, likelihood)
    return float(positive("noise_scale", real_array("noise_scale", noise_scale, ())))


def _unused(name, value, likelihood):
    if value is not None:
        raise ArgumentTypeError(
            name, got=repr(value), wanted=f'nothing, for likelihood="{likelihood}"'
        )
    return None
