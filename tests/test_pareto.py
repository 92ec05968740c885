"""The tail's shape, against another implementation and against laws whose shape is known."""

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy.stats import genpareto

from vitutor.numerics import pareto_k
from vitutor.pareto import k_threshold, tail_length, tail_shape


@pytest.mark.parametrize("n_draws", [2500, 10_000, 40_000])  # where both cut the same tail
@pytest.mark.parametrize("scale", [0.01, 1.0, 3.0, 30.0])
def test_arviz_finds_the_same_k(n_draws, scale):
    log_w = scale * np.random.default_rng(0).normal(size=(n_draws, 3)) - 1000
    _, k = array_stats.psislw(-log_w, axis=0)
    assert np.allclose(pareto_k(log_w), k, rtol=1e-9)


@pytest.mark.one_seed
@pytest.mark.parametrize("k", [-0.5, 0.0, 0.3, 0.5, 0.7, 1.2])
def test_exact_generalised_pareto_tails_have_their_own_k(k):
    n_data, n_tail = 400, 3000
    draws = genpareto.rvs(k, size=(n_data, n_tail), random_state=np.random.default_rng(0))
    log_w = np.log1p(np.sort(np.column_stack([np.zeros(n_data), draws])))
    found = np.array([tail_shape(row) for row in log_w])
    # The prior of weight ten draws pulls k towards a half. Beyond that the fit's own bias is of
    # the order of 1 / n_tail, which is what the last term allows.
    expected = (n_tail * k + 5) / (n_tail + 10)
    error = found.std(ddof=1) / np.sqrt(n_data)
    assert error < 0.002
    assert abs(found.mean() - expected) < 5 * error + 2 / n_tail


@pytest.mark.parametrize("k", [0.2, 0.5, 0.9])
def test_k_is_read_off_all_weights_as_off_their_tail(k):
    # The k-th power of 1 / U is Pareto with shape k, far beyond any cut-off.
    log_w = -k * np.log(np.random.default_rng(0).random((40_000, 200)))
    found = pareto_k(log_w)
    n_tail = tail_length(len(log_w))
    expected = (n_tail * k + 5) / (n_tail + 10)
    error = found.std(ddof=1) / np.sqrt(found.size)
    assert abs(found.mean() - expected) < 5 * error + 2 / n_tail


def test_k_does_not_depend_on_the_weights_scale():
    log_w = np.random.default_rng(0).normal(size=(1000, 1))
    for shift in (-1e4, 700.0, 1e4):
        assert pareto_k(log_w + shift) == pytest.approx(pareto_k(log_w), abs=1e-9)


def test_tail_length_is_a_fifth_or_three_roots():
    assert [tail_length(n) for n in (1, 5, 20, 100, 225, 10_000, 10**6)] == [
        *(1, 1, 4, 20, 45, 300, 3000)
    ]
    assert tail_length(101) == 21 and tail_length(10_001) == 301  # rounded up


def test_threshold_is_a_half_from_a_hundred_draws_and_stricter_below():
    assert [k_threshold(n) for n in (100, 101, 10**6)] == [0.5, 0.5, 0.5]
    assert k_threshold(50) == pytest.approx(1 - 1 / np.log10(50))
    assert k_threshold(10) == pytest.approx(0.0)
    assert k_threshold(2) < -1 and k_threshold(1) == -np.inf


def test_weights_that_reach_a_bound_have_no_tail():
    rng = np.random.default_rng(0)
    assert pareto_k(np.zeros((1000, 1))) == -np.inf  # q is the posterior
    two_values = np.where(rng.random((1000, 1)) < 0.1, 5.0, 0.0)
    assert pareto_k(two_values) == -np.inf


def test_a_few_draws_that_hold_the_rest_are_no_bound():
    log_w = np.zeros((1000, 1))
    log_w[:3] = 5.0
    assert pareto_k(log_w) == np.inf


def test_too_few_draws_or_no_weight_at_all_say_nothing():
    rng = np.random.default_rng(0)
    assert pareto_k(rng.normal(size=(20, 1))) == np.inf
    assert np.isfinite(pareto_k(rng.normal(size=(21, 1)))).all()
    assert pareto_k(np.zeros((1, 1))) == np.inf
    assert pareto_k(np.full((1000, 1), -np.inf)) == np.inf


def test_zero_weights_below_the_cut_off_do_not_matter():
    log_w = np.random.default_rng(0).normal(size=(1000, 1))
    thinned = np.where(np.argsort(np.argsort(log_w, axis=0), axis=0) < 500, -np.inf, log_w)
    assert np.isneginf(thinned).sum() == 500
    assert np.array_equal(pareto_k(thinned), pareto_k(log_w))


def test_mostly_zero_weights_are_a_few_draws_that_hold_the_rest():
    log_w = np.full((1000, 1), -np.inf)
    log_w[:30] = np.random.default_rng(0).normal(size=(30, 1))
    assert pareto_k(log_w) == np.inf
