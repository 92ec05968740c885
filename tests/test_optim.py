"""Optimisers against torch's, and against what theory says of a quadratic."""

import numpy as np
import pytest
import torch

from vitutor.errors import ArgumentTypeError, DomainError, NonFiniteError
from vitutor.optim import Adam, GradientAscent, Momentum

CURVATURE = np.array([[1.0, 0.5, 0.1], [0.2, 0.02, 1.0]])  # of -sum(c p^2) / 2

TORCH = {
    GradientAscent(0.1): lambda p: torch.optim.SGD(p, lr=0.1, maximize=True),
    Momentum(0.1, 0.8): lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, maximize=True),
    Adam(0.1, 0.7, 0.95): lambda p: torch.optim.Adam(p, 0.1, (0.7, 0.95), maximize=True),
}
OPTIMISERS = (*TORCH, Momentum(0.1), Adam(0.1))


@pytest.mark.parametrize("optimiser", TORCH, ids=lambda o: type(o).__name__)
def test_takes_the_steps_that_torch_takes(optimiser):
    rng = np.random.default_rng(0)
    params = rng.standard_normal((4, 3))
    peer = torch.tensor(params, requires_grad=True)
    theirs = TORCH[optimiser]([peer])
    state = optimiser.init(params)
    for _ in range(50):
        gradient = rng.standard_normal(params.shape) - params
        peer.grad = torch.tensor(gradient)
        theirs.step()
        params, state = optimiser.ascend(params, gradient, state)
        np.testing.assert_allclose(params, peer.detach().numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=str)
def test_changes_nothing_it_was_given(optimiser):
    params, gradient = np.ones((2, 3)), np.full((2, 3), 0.5)
    state = optimiser.init(params)
    first, kept = optimiser.ascend(params, gradient, state)
    optimiser.ascend(first, gradient, kept)
    again, _ = optimiser.ascend(params, gradient, state)
    np.testing.assert_array_equal(first, again)
    assert (params == 1).all() and (gradient == 0.5).all()


def error_after(optimiser, n_steps):
    """Distance to the optimum of the quadratic, entry by entry, from one."""
    params = np.ones_like(CURVATURE)
    state = optimiser.init(params)
    for _ in range(n_steps):
        params, state = optimiser.ascend(params, -CURVATURE * params, state)
    return params


def test_gradient_ascent_shrinks_each_error_by_its_own_factor():
    np.testing.assert_allclose(
        error_after(GradientAscent(0.5), 40), (1 - 0.5 * CURVATURE) ** 40, rtol=1e-12
    )


def test_momentum_makes_the_flat_directions_fast():
    # Polyak: where the recursion oscillates, errors shrink by sqrt(decay), whatever the curvature.
    rate = np.log(np.abs(error_after(Momentum(0.5, 0.9), 400))).max() / 400
    assert rate == pytest.approx(np.log(0.9) / 2, abs=0.01)
    # The flattest direction would need 2000 steps of plain ascent to shrink by e^-20.
    assert np.abs(error_after(GradientAscent(0.5), 400)).max() > 0.01


def test_momentum_that_forgets_at_once_is_gradient_ascent():
    np.testing.assert_array_equal(
        error_after(Momentum(0.5, 0.0), 9), error_after(GradientAscent(0.5), 9)
    )


def test_adam_ignores_the_scale_of_the_objective():
    params, gradient = np.zeros(3), np.array([1e-3, -2.0, 1e6])
    adam = Adam(0.1)
    first, _ = adam.ascend(params, gradient, adam.init(params))
    np.testing.assert_allclose(first, [0.1, -0.1, 0.1], rtol=1e-4)


def test_adam_stays_where_there_is_no_slope():
    adam = Adam(0.1)
    still, _ = adam.ascend(np.ones(2), np.zeros(2), adam.init(np.ones(2)))
    np.testing.assert_array_equal(still, [1, 1])


@pytest.mark.parametrize("kind", [GradientAscent, Momentum, Adam])
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0.0, DomainError),
        (-0.1, DomainError),
        (np.nan, NonFiniteError),
        (np.inf, NonFiniteError),
        ("fast", ArgumentTypeError),
    ],
)
def test_a_learning_rate_that_is_none(kind, value, error):
    with pytest.raises(error, match="learning_rate"):
        kind(value)


@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5])
@pytest.mark.parametrize(
    ("kind", "name"), [(Momentum, "decay"), (Adam, "decay_mean"), (Adam, "decay_square")]
)
def test_a_memory_that_is_none(kind, name, value):
    with pytest.raises(DomainError, match=name):
        kind(0.1, **{name: value})
