"""Reductions of log weights, against scipy, against the definitions, and cut into any blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from refusals import bad_arrays, refusals, refused
from scipy.special import logsumexp

from vitutor.errors import NonFiniteError, ShapeError
from vitutor.numerics import WeightStream, effective_sample_size, logmeanexp, pareto_k

log_weights = arrays(
    float,
    st.tuples(st.integers(1, 40), st.integers(1, 3)),
    elements=st.floats(-50, 50) | st.just(-np.inf),
)


def stream(*blocks):
    blocks = [np.asarray(block, dtype=float) for block in blocks]
    made = WeightStream(sum(map(len, blocks)), blocks[0].shape[1])
    for block in blocks:
        made.add(block)
    return made


def summary(made):
    return np.stack([made.log_mean(), made.std_error(), made.ess(), made.pareto_k()])


@given(log_weights)
def test_logmeanexp_is_scipys(log_w):
    assert np.allclose(logmeanexp(log_w), logsumexp(log_w, axis=0) - np.log(len(log_w)), rtol=1e-13)


@given(log_weights, st.floats(-1e6, 1e6))
def test_logmeanexp_moves_with_its_argument(log_w, shift):
    assert np.allclose(logmeanexp(log_w + shift), logmeanexp(log_w) + shift, rtol=0, atol=1e-8)


def test_logmeanexp_neither_overflows_nor_underflows():
    assert logmeanexp([1e300, 1e300]) == 1e300
    assert logmeanexp([-1e5, -1e5 + np.log(3)]) == pytest.approx(-1e5 + np.log(2), abs=1e-10)
    assert logmeanexp([-np.inf, 0.0]) == pytest.approx(-np.log(2), abs=1e-15)
    assert logmeanexp([-np.inf, -np.inf]) == -np.inf


def test_logmeanexp_averages_over_the_first_axis_of_any_array():
    log_w = np.random.default_rng(0).normal(size=(7, 3, 2))
    assert np.allclose(logmeanexp(log_w), np.log(np.exp(log_w).mean(axis=0)), rtol=1e-13)


@given(log_weights)
def test_ess_is_its_definition_and_between_one_and_s(log_w):
    ess = effective_sample_size(log_w)
    for n, column in enumerate(log_w.T):
        if column.max() == -np.inf:
            assert ess[n] == 0
        else:
            w = np.exp(column - column.max())
            assert ess[n] == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)
            assert 1 - 1e-12 <= ess[n] <= len(w) * (1 + 1e-12)


def test_ess_of_equal_weights_is_their_number_and_of_one_weight_one():
    log_w = np.full((50, 2), -700.0)
    log_w[1:, 1] = -np.inf
    assert effective_sample_size(log_w).tolist() == [50, 1]


@given(log_weights)
def test_std_error_is_the_delta_method(log_w):
    w = np.exp(log_w - np.maximum(log_w.max(axis=0), -1e9))
    some = w.sum(axis=0) > 0
    error = stream(log_w).std_error()
    assert (error[~some] == np.inf).all()
    if len(w) == 1:
        assert (error == np.inf).all()
    else:
        w = w[:, some]
        expected = w.std(axis=0, ddof=1) / np.sqrt(len(w)) / w.mean(axis=0)
        # Where weights are nearly equal their variance is a difference of equal numbers.
        assert np.allclose(error[some], expected, rtol=1e-9, atol=1e-7)


@given(log_weights, st.lists(st.integers(1, 39), max_size=5), st.randoms())
def test_blocks_and_order_change_nothing(log_w, cuts, random):
    whole = summary(stream(log_w))
    order = list(range(len(log_w)))
    random.shuffle(order)
    cuts = sorted({cut for cut in cuts if cut < len(log_w)})
    # Equal weights have equal ESS and S, whose difference is rounding.
    close = {"rtol": 1e-9, "atol": 1e-7}
    assert np.allclose(summary(stream(*np.split(log_w, cuts))), whole, **close)
    assert np.allclose(summary(stream(*np.split(log_w[order], cuts))), whole, **close)


def test_many_small_blocks_keep_the_tail():
    log_w = np.random.default_rng(0).standard_t(2, size=(20_000, 3))
    whole, cut = summary(stream(log_w)), summary(stream(*np.split(log_w, 500)))
    assert np.allclose(cut, whole, rtol=1e-10)
    assert np.array_equal(cut[3], whole[3])  # the very same tail
    assert np.array_equal(pareto_k(log_w), whole[3])


def test_data_do_not_look_at_each_other():
    log_w = np.random.default_rng(0).standard_t(2, size=(5000, 4)) * [1, 100, 0.01, 1]
    alone = [summary(stream(*np.split(log_w[:, n : n + 1], 10)))[:, 0] for n in range(4)]
    assert np.allclose(summary(stream(*np.split(log_w, 10))), np.transpose(alone), rtol=1e-12)


def test_a_stream_does_not_hold_on_to_the_callers_block():
    blocks = np.random.default_rng(0).normal(size=(3, 100, 2))
    expected = summary(stream(*blocks))
    buffer, made = np.empty((100, 2)), WeightStream(300, 2)
    for block in blocks:
        buffer[:] = block
        made.add(buffer)
    assert np.array_equal(summary(made), expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_density_that_went_wrong_is_told_from_a_weight_of_zero(bad):
    block = np.array([[0.0, -np.inf], [0.0, bad]])
    refused(lambda: stream(block), NonFiniteError, "log_w")
    refused(lambda: stream(np.full((2, 2), -np.inf), block), NonFiniteError, "log_w")


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3), (5, 2, 1)])
def test_a_block_of_another_shape_is_not_broadcast(shape):
    refused(lambda: WeightStream(5, 2).add(np.zeros(shape)), ShapeError, "log_w")


GOOD = np.zeros((10, 2))


@pytest.mark.parametrize(
    ("call", "kind", "argument"),
    refusals(
        ("logmeanexp", "log_w", logmeanexp, bad_arrays(GOOD, infinities=[-np.inf], any_length=1)),
        ("ess", "log_w", effective_sample_size, bad_arrays(GOOD, infinities=[-np.inf])),
        ("pareto_k", "log_w", pareto_k, bad_arrays(GOOD, infinities=[-np.inf])),
    ),
)
def test_refusals(call, kind, argument):
    refused(call, kind, argument)


def test_integers_and_float32_are_taken():
    whole = np.arange(60).reshape(30, 2) % 7
    for function in (logmeanexp, effective_sample_size, pareto_k):
        assert np.array_equal(function(whole), function(whole.astype(float)))
        assert function(whole.astype(np.float32)).dtype == np.float64
