"""A VAE that the student trains."""

from vitutor import data
from vitutor.checks.homework.trained import Trained


def train(c):
    """Part 3.2."""
    x_train, x_test = data.digits()
    return Trained(
        "`train(x, seed)`: the weights of a VAE, by name.",
        x_train=x_train,
        x_test=x_test,
        hidden=c.hidden,
        latent_dim=c.latent_dim,
        prior_scale=c.prior_scale,
        pass_mark=c.pass_mark,
    )
