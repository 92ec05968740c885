"""The relaxed choice of lesson 12: its gradient is a derivative, and its bias is there."""

import numpy as np
import pytest

from vitutor.widgets.gumbel import GUMBEL, REWARD, compute, relaxed_gradient

LOGITS = np.array([0.3, 0.0, 0.0])


def softmax(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_gradient_is_the_derivative_of_the_relaxed_reward(temperature):
    draws, gradient = relaxed_gradient(LOGITS, temperature)
    np.testing.assert_allclose(draws, softmax((LOGITS + GUMBEL) / temperature))
    step = 1e-6 * np.array([1.0, 0.0, 0.0])
    up, down = (
        softmax((logits + GUMBEL) / temperature) @ REWARD
        for logits in (LOGITS + step, LOGITS - step)
    )
    np.testing.assert_allclose(gradient, (up - down) / 2e-6, atol=1e-7)


def test_the_exact_gradient_is_that_of_the_expected_reward():
    step = 1e-6 * np.array([1.0, 0.0, 0.0])
    numeric = (softmax(LOGITS + step) - softmax(LOGITS - step)) @ REWARD / 2e-6
    assert compute(1.0, 0.3).exact == pytest.approx(numeric, abs=1e-8)


def test_cold_draws_are_choices_with_little_bias_and_hot_ones_are_biased():
    cold, hot = compute(0.1, 0.3), compute(4.0, 0.3)
    chosen = cold.draws.argmax(axis=1)
    shares = np.bincount(chosen, minlength=3) / len(chosen)
    error = np.sqrt(softmax(LOGITS) * (1 - softmax(LOGITS)) / len(chosen))
    assert (np.abs(shares - softmax(LOGITS)) < 5 * error).all()
    assert cold.gradient.within(cold.exact)
    assert not hot.gradient.within(hot.exact, n_se=50)
    assert hot.gradient.std_error < cold.gradient.std_error / 10
