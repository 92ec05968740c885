"""A sweep is many trainings in one: each of its models is the one `train` makes alone."""

import numpy as np
import pytest
import torch

from vitutor import data, vae
from vitutor.errors import ArgumentTypeError, DomainError, NonFiniteError

X, X_TEST = data.digits()[0][:150], data.digits()[1][:100]
SETTINGS = {"latent_dim": 3, "hidden": 16, "batch_size": 32, "learning_rate": 5e-3}


@pytest.fixture(scope="module")
def swept():
    return vae.sweep(X, betas=[0.2, 1.0, 6.0], seeds=[4, 9], n_epochs=30, device="cpu", **SETTINGS)


@pytest.mark.parametrize(("i", "j"), [(0, 0), (1, 1), (2, 0)])
def test_each_model_is_the_one_trained_alone(swept, i, j):
    seed, beta = swept.seeds[j], swept.betas[i]
    alone = vae.build(64, 3, hidden=16, seed=seed, device="cpu")
    history = vae.train(
        alone, X, n_epochs=30, batch_size=32, learning_rate=5e-3, beta=beta, seed=seed
    )
    np.testing.assert_allclose(swept.elbo[:, i, j], history.elbo, rtol=1e-4)
    for ours, theirs in zip(swept.model(i, j).parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-3)


def test_rate_and_distortion_are_those_of_the_models(swept):
    rate, distortion = swept.rate_distortion(X_TEST, n_draws=40, seed=0)
    for i, j in np.ndindex(3, 2):
        elbo = vae.elbo(swept.model(i, j), X_TEST, n_draws=40, seed=1)
        mean = elbo.value.mean()
        error = np.hypot(distortion.std_error[i, j], np.sqrt((elbo.std_error**2).sum()) / 100)
        assert abs(-rate.value[i, j] - distortion.value[i, j] - mean) < 5 * error < 0.6
    assert (np.diff(rate.value, axis=0) < 0).all()  # a dearer KL buys less of it
    assert (np.diff(distortion.value, axis=0) > 0).all()


def test_refusals():
    arguments = {"betas": [1.0], "seeds": [0], "n_epochs": 1, "device": "cpu", **SETTINGS}
    for changed, error, words in [
        ({"betas": []}, Exception, "betas"),
        ({"betas": [np.nan]}, NonFiniteError, "betas"),
        ({"seeds": [0.5]}, ArgumentTypeError, r"seeds\[0\]"),
        ({"seeds": []}, DomainError, "seeds"),
        ({"n_epochs": 0}, DomainError, "n_epochs"),
    ]:
        with pytest.raises(error, match=words):
            vae.sweep(X, **{**arguments, **changed})
    with pytest.raises(DomainError, match="Binarise"):
        vae.sweep(X / 2, **arguments)
    with pytest.raises(NonFiniteError, match="epoch 1, with beta 1 and seed 0"):
        vae.sweep(X, **{**arguments, "learning_rate": 1e30})
