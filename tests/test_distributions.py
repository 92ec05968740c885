"""Bernoulli and Categorical against scipy.stats, at ordinary and at extreme probabilities."""

import numpy as np
import pytest
from refusals import bad_arrays, refusals, refused
from scipy import stats

from vitutor.distributions import Bernoulli, Categorical
from vitutor.errors import ArgumentTypeError, DomainError, ShapeError

RNG = np.random.default_rng(0)
LOGITS = 3 * RNG.normal(size=(4, 6))
PROBABILITIES = RNG.dirichlet(np.ones(5), size=4)
LOG_WEIGHTS = np.log(PROBABILITIES)


def test_bernoulli_is_scipys():
    q, coin = Bernoulli(LOGITS), stats.bernoulli(1 / (1 + np.exp(-LOGITS)))
    x = RNG.integers(0, 2, size=(10, 4, 6))
    assert np.allclose(q.log_prob(x), coin.logpmf(x).sum(axis=2), rtol=1e-12)
    assert np.allclose(q.entropy(), coin.entropy().sum(axis=1), rtol=1e-12)


def test_bernoulli_draws_have_its_probabilities():
    draws = Bernoulli(LOGITS).sample(20_000, rng=np.random.default_rng(0))
    assert draws.dtype == np.float64 and set(np.unique(draws)) == {0, 1}
    p = 1 / (1 + np.exp(-LOGITS))
    assert (np.abs(draws.mean(axis=0) - p) < 5 * np.sqrt(p * (1 - p) / 20_000)).all()


def test_bernoulli_at_the_ends_of_the_line():
    q = Bernoulli([[-1e308, -800.0, 800.0, 1e308]])
    sure = [[[0, 0, 1, 1]]]
    assert q.log_prob(sure) == 0 and q.entropy() == 0
    assert q.log_prob([[[0, 1, 1, 1]]]) == -800
    assert (q.sample(100, rng=np.random.default_rng(0)) == sure).all()


def test_booleans_are_coins():
    x = RNG.random(size=(2, 4, 6)) < 0.5
    assert np.array_equal(Bernoulli(LOGITS).log_prob(x), Bernoulli(LOGITS).log_prob(x * 1.0))


def test_categorical_is_scipys():
    z = np.arange(5.0)[:, None, None] * np.ones((1, 4, 1))
    q = Categorical(LOG_WEIGHTS)
    assert np.allclose(q.log_prob(z), LOG_WEIGHTS.T)
    assert np.allclose(q.log_prob(z[:, :1]), LOG_WEIGHTS.T)
    assert np.allclose(q.entropy(), stats.entropy(PROBABILITIES, axis=1), rtol=1e-12)


def test_categorical_draws_have_its_probabilities():
    draws = Categorical(LOG_WEIGHTS).sample(20_000, rng=np.random.default_rng(0))
    assert draws.shape == (20_000, 4, 1) and draws.dtype == np.float64
    frequency = (draws == np.arange(5)).mean(axis=0)
    error = np.sqrt(PROBABILITIES * (1 - PROBABILITIES) / 20_000)
    assert (np.abs(frequency - PROBABILITIES) < 5 * error).all()


def test_an_impossible_choice_is_never_drawn():
    q = Categorical([[-np.inf, np.log(0.5), -np.inf, np.log(0.5), -np.inf]])
    draws = q.sample(10_000, rng=np.random.default_rng(0))
    assert set(np.unique(draws)) == {1, 3}
    assert q.log_prob([[[0]], [[1]]]).tolist() == [[-np.inf], [np.log(0.5)]]
    assert q.entropy() == pytest.approx(np.log(2))


class LargestUniform(np.random.Generator):
    """A generator whose every uniform number is the largest below one."""

    def random(self, size):
        return np.full(size, 1 - 2.0**-53)


def test_the_largest_uniform_number_still_draws_a_choice():
    rng = LargestUniform(np.random.PCG64(0))
    # Probabilities that sum, rounded, to anything near one.
    p = RNG.dirichlet(np.ones(10), size=2000) * RNG.choice([1 - 1e-9, 1, 1 + 1e-9], size=(2000, 1))
    assert Categorical(np.log(p)).sample(1, rng=rng).max() <= 9


GREY = np.zeros((1, 4, 6))
GREY[0, 3, 5] = 0.5
CHOICES = np.zeros((2, 4, 1))


def with_choice(value):
    z = CHOICES.copy()
    z[1, 2, 0] = value
    return z


@pytest.mark.parametrize(
    ("call", "kind", "argument"),
    refusals(
        ("Bernoulli", "logits", Bernoulli, bad_arrays(LOGITS)),
        (
            "Bernoulli.log_prob",
            "x",
            Bernoulli(LOGITS).log_prob,
            [
                ("grey", GREY, DomainError),
                ("minus one", GREY - 1, DomainError),
                ("other data", np.zeros((2, 3, 6)), ShapeError),
            ],
        ),
        ("Categorical", "log_weights", Categorical, bad_arrays(LOG_WEIGHTS, infinities=[-np.inf])),
        (
            "Categorical",
            "log_weights",
            Categorical,
            [
                ("probabilities", PROBABILITIES, DomainError),
                (
                    "one row that does not sum to one",
                    LOG_WEIGHTS - 1e-6 * np.eye(4, 5),
                    DomainError,
                ),
                ("huge", LOG_WEIGHTS + 1000, DomainError),
                ("nothing possible", np.full((1, 3), -np.inf), DomainError),
            ],
        ),
        (
            "Categorical.log_prob",
            "z",
            Categorical(LOG_WEIGHTS).log_prob,
            [
                ("a half", with_choice(0.5), DomainError),
                ("K", with_choice(5), DomainError),
                ("negative", with_choice(-1), DomainError),
                ("huge", with_choice(1e300), DomainError),
                ("other data", np.zeros((2, 3, 1)), ShapeError),
                ("two numbers", np.zeros((2, 4, 2)), ShapeError),
                ("text", np.array([[["1"]]]), ArgumentTypeError),
            ],
        ),
    ),
)
def test_refusals(call, kind, argument):
    refused(call, kind, argument)
