"""The digits are the ones that were promised."""

import numpy as np
import pytest
from refusals import BAD_RNGS, bad_arrays, refusals, refused
from sklearn.datasets import load_digits

from vitutor import data
from vitutor.errors import DomainError


def test_digits_are_split_in_their_order_not_at_random():
    train, test = data.digits(binarize=False)
    assert np.array_equal(np.vstack([train, test]), load_digits().data)
    assert train.shape == (1437, 64) and test.shape == (360, 64)
    assert train.dtype == np.float64 and train.min() == 0 and train.max() == 16


def test_one_hand_is_on_both_sides_of_the_split():
    """Each writer begins with the same sheet: the hand at the cut began 22 images before it."""
    labels, cut = load_digits().target, len(data.digits()[0])
    begins = [i for i in range(1700) if np.array_equal(labels[i : i + 60], labels[:60])]
    assert max(i for i in begins if i < cut) == cut - 22
    assert [i for i in begins if i >= cut] == [1667]


def test_binarised_digits_are_ink_from_grey_eight():
    for grey, binary in zip(data.digits(binarize=False), data.digits(), strict=True):
        assert binary.dtype == np.float64
        assert np.array_equal(binary == 1, grey >= 8) and np.array_equal(binary == 0, grey < 8)


def test_digits_are_the_callers_own_copy():
    data.digits()[0][:] = 7
    data.digits(binarize=False)[0][:] = 7
    assert data.digits()[0].max() == 1 and data.digits(binarize=False)[0].max() == 16


def test_dequantised_greys_fill_the_unit_interval_and_can_be_taken_back():
    grey = data.digits(binarize=False)[0]
    x = data.dequantise(grey, rng=np.random.default_rng(0))
    assert x.min() >= 0 and x.max() < 1
    assert np.array_equal(np.floor(17 * x), grey)
    within = 17 * x - grey  # uniform: mean 1/2, variance 1/12
    assert abs(within.mean() - 0.5) < 5 * np.sqrt(1 / 12 / within.size)
    assert abs(within.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / within.size)


def test_a_density_of_dequantised_greys_bounds_their_probability():
    # Density 2y on (0, 1): the value v has probability (2v + 1) / 17^2.
    grey = np.arange(17.0)[:, None]
    rng = np.random.default_rng(0)
    log_density = [np.log(2 * data.dequantise(grey, rng=rng)[:, 0]) for _ in range(2000)]
    error = np.std(log_density, axis=0, ddof=1) / 2000**0.5
    bound = np.mean(log_density, axis=0) - np.log(17)
    truth = np.log((2 * grey[:, 0] + 1) / 17**2)
    assert (bound < truth + 5 * error).all()
    assert bound[1:] == pytest.approx(truth[1:], abs=0.06)


GREY = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("call", "kind", "argument"),
    refusals(
        (
            "dequantise",
            "grey",
            lambda v: data.dequantise(v, rng=np.random.default_rng(0)),
            [
                *bad_arrays(GREY),
                ("17", GREY + 12, DomainError),
                ("negative", GREY - 1, DomainError),
                ("already dequantised", GREY / 17, DomainError),
            ],
        ),
        ("dequantise", "rng", lambda v: data.dequantise(GREY, rng=v), BAD_RNGS),
    ),
)
def test_refusals(call, kind, argument):
    refused(call, kind, argument)
