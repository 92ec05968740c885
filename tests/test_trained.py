"""What a trained VAE is told, and how mistakes are named: homework 4's own kinds of question."""

from dataclasses import replace

import numpy as np
import pytest

from vitutor.checks.homework.trained import Trained
from vitutor.checks.named import Named

X = np.random.default_rng(0).integers(0, 2, size=(200, 1)).astype(float)
QUESTION = Trained("", X, X, hidden=2, latent_dim=1, prior_scale=1.0, pass_mark=-10.0)


def weights(gain=0.0, logvar=0.0, steep=0.0):
    """A VAE of one pixel: its mean is ±gain, and the slope of its logit is `steep`."""
    return {
        "features.weight": np.array([[1.0], [0.0]]),
        "features.bias": np.zeros(2),
        "mean.weight": np.array([[2 * gain, 0.0]]),
        "mean.bias": np.array([-gain]),
        "logvar.weight": np.zeros((1, 2)),
        "logvar.bias": np.array([logvar]),
        "hidden.weight": np.array([[1.0], [-1.0]]),
        "hidden.bias": np.zeros(2),
        "logits.weight": np.array([[steep, -steep]]),
        "logits.bias": np.zeros(1),
    }


def says(array_by_name, question=QUESTION):
    return question.judge(lambda x, seed: array_by_name, seed=1)


def test_a_fair_coin_costs_log_two():
    verdict = says(weights())
    assert verdict.right and "ELBO -0.69 nats, rate 0.00" in verdict.says
    assert says(weights(), replace(QUESTION, pass_mark=-0.6)).right is False


def test_the_elbo_is_that_of_the_formula():
    """With a decoder that looks at z, against quadrature."""
    z = np.linspace(-10, 10, 4001)
    q = np.exp(-0.5 * (z - 1) ** 2 / np.exp(-1)) / np.sqrt(2 * np.pi * np.exp(-1))
    distortion = (q * np.logaddexp(0, -2 * z)).sum() * (z[1] - z[0])
    rate = 0.5 * ((1 + np.exp(-1)) / 1.5**2 - 1 + 1 + 2 * np.log(1.5))
    wanted = -distortion - rate
    bills = replace(QUESTION, prior_scale=1.5)._bills(
        weights(1.0, -1.0, 2.0), np.random.default_rng(0)
    )
    draws = 20 * len(X)  # at most 1.3 nats of spread a draw
    assert abs(-sum(bills) - wanted) < 5 * 1.3 / np.sqrt(draws)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mean.weight": np.zeros((2, 1))}, "shape (1, 2) is wanted"),
        ({"mean.weight": np.full((1, 2), np.nan)}, "not finite"),
        ({"mean.weight": "none"}, "no array"),
    ],
)
def test_weights_that_cannot_be_used(change, words):
    assert words in says(weights() | change).says


def test_what_is_no_dictionary_of_weights():
    assert "a dictionary of arrays" in says([1, 2]).says
    assert (
        "no 'logits.bias'" in says({k: v for k, v in weights().items() if "logits.b" not in k}).says
    )
    assert "Pass the function itself" in QUESTION.judge(3).says

    def fails(x, seed):
        raise KeyError("mean")

    assert "stops with KeyError" in QUESTION.judge(fails).says


@pytest.mark.parametrize(
    ("net", "pass_mark", "words"),
    [
        (weights(), -0.5, "says nothing of the image"),
        (weights(6.0, -1.0, 9.0), -0.5, "KL is missing"),
        (weights(1.0, 0.0, -9.0), -0.5, "check the sign"),
        (weights(1.0, -1.5, 300.0), -1.7, "log of the standard deviation"),
    ],
)
def test_what_a_poor_training_is_told(net, pass_mark, words):
    assert words in says(net, replace(QUESTION, pass_mark=pass_mark)).says


def test_a_training_that_only_began(monkeypatch):
    monkeypatch.setattr(Trained, "_coins", lambda self: 9.0)
    verdict = says(weights(1.0, 0.0, 1.0), replace(QUESTION, pass_mark=-0.5))
    assert "-0.5 is wanted: more epochs" in verdict.says


LOSSES = Named(
    "Which?",
    right={"A": "sign", "B": "half"},
    options={"sign": ("It climbs.", "it would grow"), "half": ("A ½ is gone.", "it would double")},
    because="Both have shipped.",
)


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        ({"A": "sign", "B": "half"}, True, "Both have shipped"),
        ({"A": "half", "B": "half"}, False, "A: if `half` were its mistake, it would double"),
        ({"A": "sign", "B": "quarter"}, False, "B: the names are sign, half"),
        ({"A": "sign", "B": ["half"]}, False, "B: the names are sign, half"),
        ({"A": "sign"}, False, "keys A, B"),
        (["sign", "half"], False, "keys A, B"),
        (..., None, "- `half` A ½ is gone."),
    ],
)
def test_names(answer, right, words):
    verdict = LOSSES.judge(answer)
    assert verdict.right is right
    assert words in verdict.says


def test_a_name_that_lies_about_being_equal():
    class Liar(str):
        def __eq__(self, other):
            return True

        __hash__ = str.__hash__

    assert LOSSES.judge({"A": Liar("half"), "B": "half"}).right is False
