"""The NumPy VAE and the torch VAE are each other's oracle."""

import numpy as np
import pytest
import torch

from vitutor import data, vae
from vitutor.vae import reference

SIZE = (64, 24, 5)
X = data.digits()[0][:50]


def torch_side(dtype):
    model = vae.build(SIZE[0], SIZE[2], hidden=SIZE[1], seed=2, device="cpu").to(dtype)
    theta = torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy().copy()
    return model, theta


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-10)])
def test_gradient_by_hand_is_autograds(dtype, tolerance):
    model, theta = torch_side(getattr(torch, np.dtype(dtype).name))
    x, eps = X.astype(dtype), np.random.default_rng(0).standard_normal((50, 5)).astype(dtype)
    theta *= 2  # larger logits and scales than an untrained net's
    torch.nn.utils.vector_to_parameters(torch.tensor(theta), model.parameters())
    gradient = np.full_like(theta, np.nan)
    elbo = reference.elbo_and_gradient(
        reference.weights(theta, *SIZE), x, eps, reference.weights(gradient, *SIZE)
    )
    torch_elbo = model.elbo(torch.tensor(x), torch.tensor(eps))
    torch_elbo.mean().backward()
    autograd = torch.cat([p.grad.flatten() for p in model.parameters()]).numpy()
    np.testing.assert_allclose(elbo, torch_elbo.detach(), rtol=tolerance)
    assert np.abs(autograd).max() > 0.1
    np.testing.assert_allclose(gradient, autograd, rtol=tolerance, atol=tolerance)


def test_adam_is_torchs():
    rng = np.random.default_rng(1)
    theta = rng.standard_normal(7)
    twin = torch.nn.Parameter(torch.tensor(theta))
    optimiser = torch.optim.Adam([twin], 0.01, maximize=True, fused=True)
    ascent = reference.Adam(theta, 0.01)
    for _ in range(5):
        gradient = rng.standard_normal(7)
        twin.grad = torch.tensor(gradient)
        optimiser.step()
        ascent.step(gradient)
    np.testing.assert_allclose(theta, twin.detach(), rtol=1e-12)


@pytest.mark.one_seed  # from seed to seed the rise is 14 to 17 nats
def test_it_learns_as_the_torch_vae_does():
    theta, trace = reference.train(
        X, hidden=24, latent_dim=5, n_epochs=60, batch_size=25, rng=np.random.default_rng(3)
    )
    model, _ = torch_side(torch.float32)
    history = vae.train(model, X, n_epochs=60, batch_size=25, seed=3)
    assert trace[-1] > trace[0] + 15
    assert abs(trace[-10:].mean() - history.elbo[-10:].mean()) < 1.0
    assert theta.shape == (sum(p.numel() for p in model.parameters()),)


def test_the_same_generator_gives_the_same_weights():
    runs = [
        reference.train(X, hidden=4, latent_dim=2, n_epochs=2, rng=np.random.default_rng(3))[0]
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*runs)
