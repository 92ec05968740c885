"""The relaxed choice of lesson 12: its gradient is a derivative, and its bias is there."""

import numpy as np
import pytest

from vitutor.widgets.gumbel import GUMBEL, LOG_JOINT, at, compute, relaxed_gradient

UP, DOWN = 0.3 + 1e-6, 0.3 - 1e-6


def softmax(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def entropy(logit):
    return -(at(logit)[1] @ np.log(at(logit)[1]))


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_gradient_is_the_derivative_of_the_relaxed_elbo(temperature):
    draws, gradient = relaxed_gradient(0.3, temperature)
    np.testing.assert_allclose(draws, softmax((at(0.3)[0] + GUMBEL) / temperature))
    up, down = (
        softmax((at(logit)[0] + GUMBEL) / temperature) @ LOG_JOINT + entropy(logit)
        for logit in (UP, DOWN)
    )
    np.testing.assert_allclose(gradient, (up - down) / 2e-6, atol=1e-7)


def test_the_exact_gradient_is_that_of_the_elbo():
    up, down = (softmax(at(logit)[0]) @ LOG_JOINT + entropy(logit) for logit in (UP, DOWN))
    assert compute(1.0, 0.3).exact == pytest.approx((up - down) / 2e-6, abs=1e-8)


def test_cold_draws_are_choices_with_little_bias_and_hot_ones_are_biased():
    cold, hot = compute(0.1, 0.3), compute(4.0, 0.3)
    chosen = cold.draws.argmax(axis=1)
    shares = np.bincount(chosen, minlength=3) / len(chosen)
    error = np.sqrt(at(0.3)[1] * (1 - at(0.3)[1]) / len(chosen))
    assert (np.abs(shares - at(0.3)[1]) < 5 * error).all()
    assert cold.gradient.within(cold.exact)
    assert not hot.gradient.within(hot.exact, n_se=50)
    assert hot.gradient.std_error < cold.gradient.std_error / 10
