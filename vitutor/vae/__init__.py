"""The variational autoencoder, judged beside the truth. (Lessons 10, 11; needs torch)

    from vitutor import data, vae

    x, x_test = data.digits()
    model = vae.build(64, 2, hidden=128, seed=0)
    history = vae.train(model, x, n_epochs=100, seed=0)
    vae.evaluate(model, x_test, n_importance=1000, seed=0)      # a bound on log p(x), by image
    vae.exact_log_marginal(model, x_test)                       # log p(x) itself, by grid

A model is three densities, model.log_prior(z), model.log_likelihood(x, z) and model.posterior(x);
what is computed of it are reductions of model.log_weights(x, eps). `vae.reference` is the same
model and its gradient in plain NumPy.
"""

from vitutor.vae import reference
from vitutor.vae.annealing import ais, reverse_ais
from vitutor.vae.evaluate import elbo, evaluate
from vitutor.vae.files import load, save
from vitutor.vae.grid import exact_log_marginal
from vitutor.vae.model import VAE, build
from vitutor.vae.run import History
from vitutor.vae.sweep import Sweep, sweep
from vitutor.vae.train import train
from vitutor.vae.view import NumpyView

__all__ = [
    "VAE",
    "History",
    "NumpyView",
    "Sweep",
    "ais",
    "build",
    "elbo",
    "evaluate",
    "exact_log_marginal",
    "load",
    "reference",
    "reverse_ais",
    "save",
    "sweep",
    "train",
]
