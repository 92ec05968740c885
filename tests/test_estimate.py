"""Estimate: its statistics, its words, and that it cannot be made wrong."""

import numpy as np
import pytest
from refusals import bad_arrays, refusals, refused
from scipy.special import logsumexp

from vitutor.errors import ArgumentTypeError, DomainError, ShapeError
from vitutor.estimate import Estimate

NAN = float("nan")
RNG = np.random.default_rng(0)
LOG_W = RNG.normal(size=(1000, 3))


def test_from_draws_is_mean_and_standard_error():
    draws = RNG.normal(size=(50, 4, 2))
    e = Estimate.from_draws(draws)
    assert np.allclose(e.value, draws.mean(axis=0), rtol=1e-14)
    assert np.allclose(e.std_error**2, draws.var(axis=0, ddof=1) / 50, rtol=1e-12)
    assert (e.bias, e.n_draws, e.ess, e.pareto_k, e.reliable) == ("none", 50, None, None, True)


def test_from_draws_takes_a_plain_series():
    e = Estimate.from_draws([1, 2, 3, 6])
    assert e.value.shape == () and e.value == 3
    assert e.std_error == pytest.approx(np.std([1, 2, 3, 6], ddof=1) / 2)


def test_one_draw_says_nothing_about_its_error():
    assert Estimate.from_draws([[2.0, 3.0]]).std_error.tolist() == [np.inf, np.inf]
    assert Estimate.from_log_weights([[2.0, 3.0]]).std_error.tolist() == [np.inf, np.inf]
    assert not Estimate.from_log_weights([[2.0]]).reliable


def test_a_draw_of_log_zero_makes_the_average_log_zero():
    e = Estimate.from_draws([[0.0, 1.0], [-np.inf, 1.0]])
    assert e.value.tolist() == [-np.inf, 1.0]
    assert e.std_error.tolist() == [np.inf, 0.0]


def test_from_log_weights_is_log_mean_with_delta_method():
    e, w = Estimate.from_log_weights(LOG_W), np.exp(LOG_W)
    assert np.allclose(e.value, logsumexp(LOG_W, axis=0) - np.log(1000), rtol=1e-13)
    assert np.allclose(e.std_error, w.std(axis=0, ddof=1) / w.mean(axis=0) / 1000**0.5, rtol=1e-10)
    assert np.allclose(e.ess, w.sum(axis=0) ** 2 / (w**2).sum(axis=0), rtol=1e-12)
    assert (e.bias, e.n_draws) == ("down", 1000)


def test_zero_weights_count_as_draws():
    half = np.where(np.arange(1000)[:, None] % 2, LOG_W, -np.inf)
    kept = Estimate.from_log_weights(LOG_W[1::2])
    assert np.allclose(Estimate.from_log_weights(half).value, kept.value - np.log(2), rtol=1e-12)
    assert np.allclose(Estimate.from_log_weights(half).ess, kept.ess, rtol=1e-12)


def test_all_weights_zero_is_log_zero_and_not_to_be_relied_on():
    e = Estimate.from_log_weights(np.full((100, 1), -np.inf))
    assert (e.value, e.std_error, e.ess, e.pareto_k) == (-np.inf, np.inf, 0, np.inf)
    assert not e.reliable
    assert str(e) == "-inf ± inf  (ESS 0 of 100)  unreliable: Pareto k inf"


def test_equal_weights_are_exact():
    e = Estimate.from_log_weights(np.full((100, 1), -3.0))
    assert (e.value, e.std_error, e.ess, e.reliable) == (-3, 0, 100, True)


@pytest.mark.parametrize(
    ("n_draws", "k", "reliable"),
    [
        (1000, [0.1, 0.49], True),
        (1000, [0.1, 0.5], False),
        (1000, [0.7, 0.1], False),
        (30, [0.2, 0.3], True),
        (30, [0.2, 0.4], False),
        (1000, [0.1, np.inf], False),
        (1000, [-np.inf, -np.inf], True),
        (1, [-np.inf, -np.inf], False),
    ],
)
def test_reliable_if_every_k_is_below_the_threshold(n_draws, k, reliable):
    e = Estimate([0.0, 0.0], [0.1, 0.1], "down", n_draws, ess=[9.0, 9.0], pareto_k=k)
    assert e.reliable is reliable


def test_sum_adds_values_and_variances_and_keeps_the_worst():
    e = Estimate([1.0, 2.0], [3.0, 4.0], "down", 100, ess=[50.0, 7.0], pareto_k=[0.1, 0.8])
    total = e.sum()
    assert (total.value, total.std_error, total.ess, total.pareto_k) == (3, 5, 7, 0.8)
    assert (total.bias, total.n_draws, total.reliable) == ("down", 100, False)
    grid = Estimate([1.0, 2.0], [0.0, 0.0], grid_change=[1e-3, -1e-3]).sum()
    assert grid.grid_change == 2e-3 and grid.pareto_k is None and grid.ess is None


def test_the_sum_of_independent_errors_is_calibrated():
    draws = np.random.default_rng(1).normal(size=(100, 2000, 5))
    totals = [Estimate.from_draws(draws[:, i]).sum() for i in range(2000)]
    scores = np.array([total.value / total.std_error for total in totals])
    assert abs(scores.std() - 1) < 0.1 and abs(scores.mean()) < 5 / 2000**0.5


def test_within_counts_standard_errors():
    e = Estimate([1.0, 2.0], [0.1, 0.1], n_draws=10)
    assert e.within([1.49, 1.51]) and not e.within([1.51, 2.0]) and not e.within([1.0, 1.49])
    assert e.within([1.1, 2.1], n_se=1.01) and not e.within([1.1, 2.1], n_se=0.99)
    assert Estimate([1.0, 1.0], [0.1, 0.1], n_draws=10).within(1.2)


def test_within_allows_exact_values_their_rounding_and_grids_their_change():
    assert Estimate.exact([100.0]).within([100 + 5e-11])
    assert not Estimate.exact([100.0]).within([100 + 5e-10])
    grid = Estimate([1.0], [0.0], grid_change=[-1e-3])
    assert grid.within([1.0009]) and not grid.within([1.0011])


def test_float_of_one_value_only():
    assert float(Estimate.exact(2.5)) == float(Estimate.exact([[2.5]])) == 2.5
    refused(lambda: float(Estimate.exact([1.0, 2.0])), ShapeError, "estimate")


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (
            Estimate(-5.1081, 0.0052, "down", 1000, ess=986.2, pareto_k=0.1),
            "-5.108 ± 0.005  (ESS 986 of 1000)",
        ),
        (
            Estimate(-5.1081, 0.0152, "down", 1000, ess=9.6, pareto_k=0.812),
            "-5.108 ± 0.015  (ESS 10 of 1000)  unreliable: Pareto k 0.81",
        ),
        (Estimate(-5.1081, 0.25, n_draws=7), "-5.1 ± 0.2  (7 draws)"),
        (Estimate(12345.6, 123.4, n_draws=7), "12346 ± 123  (7 draws)"),
        (Estimate(1.23456, 0.0, n_draws=7), "1.234560 ± 0.000000  (7 draws)"),
        (Estimate(1.23456, np.inf, n_draws=1), "1.23 ± inf  (1 draws)"),
        (Estimate.exact(-1.0046259), "-1.004626 (exact)"),
        (
            Estimate(-1.0046259, 0.0, grid_change=-7e-5),
            "-1.004626 (quadrature; half the grid changes it by 7e-05)",
        ),
        (
            Estimate(-1.0046259, 0.0, grid_change=7e-15),
            "-1.004626 (quadrature; half the grid changes it by less than 1e-10)",
        ),
        (Estimate.exact([1.0, 2.0]), "1.000000 (exact)\n2.000000 (exact)"),
    ],
)
def test_printed_form(estimate, text):
    assert str(estimate) == repr(estimate) == text


def test_a_long_estimate_is_cut_short():
    lines = str(Estimate.exact(np.zeros((4, 5)))).splitlines()
    assert len(lines) == 7 and lines[-1] == "... 14 more"


def test_it_cannot_be_changed_from_outside_or_inside():
    value = np.zeros(2)
    e = Estimate(value, value)
    value[0] = 7
    assert e.value[0] == 0
    for name in ("value", "std_error"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(e, name)[0] = 1
    with pytest.raises(AttributeError):
        e.value = value


def test_lists_numbers_integers_and_float32_are_taken():
    for value in ([1, 2], (1.0, 2.0), np.array([1, 2], np.float32)):
        e = Estimate(value, [0, 0])
        assert e.value.dtype == np.float64 and e.value.tolist() == [1, 2]
    assert Estimate(1, 0).value.shape == ()


ENTRIES = bad_arrays([1.0, 2.0], infinities=[-np.inf, np.inf])
OPTIONAL = [case for case in ENTRIES if case[0] != "nothing"]
VALUES = bad_arrays([1.0, 2.0], infinities=[-np.inf, np.inf], any_length=True)


@pytest.mark.parametrize(
    ("call", "kind", "argument"),
    refusals(
        ("Estimate", "value", lambda v: Estimate(v, [0, 0]), VALUES),
        ("exact", "value", Estimate.exact, VALUES),
        ("Estimate", "std_error", lambda v: Estimate([0, 0], v), ENTRIES),
        ("Estimate", "ess", lambda v: Estimate([0, 0], [0, 0], ess=v), OPTIONAL),
        ("Estimate", "pareto_k", lambda v: Estimate([0, 0], [0, 0], pareto_k=v), OPTIONAL),
        ("Estimate", "grid_change", lambda v: Estimate([0, 0], [0, 0], grid_change=v), OPTIONAL),
        (
            "Estimate",
            "std_error",
            lambda v: Estimate([0, 0], v),
            [("negative", [1.0, -1.0], DomainError)],
        ),
        (
            "Estimate",
            "bias",
            lambda v: Estimate(0, 0, v),
            [(repr(v), v, DomainError) for v in ("low", None, 1, ["down"], np.zeros(3))],
        ),
        (
            "Estimate",
            "n_draws",
            lambda v: Estimate(0, 0, n_draws=v),
            [("-1", -1, DomainError), ("1.0", 1.0, ArgumentTypeError)],
        ),
        (
            "from_draws",
            "draws",
            Estimate.from_draws,
            [
                *bad_arrays([[1.0], [2.0]], infinities=[-np.inf], any_length=True),
                ("a number", 1.0, ShapeError),
            ],
        ),
        (
            "from_log_weights",
            "log_w",
            Estimate.from_log_weights,
            bad_arrays(LOG_W, infinities=[-np.inf]),
        ),
        (
            "within",
            "truth",
            Estimate.exact([1.0, 2.0]).within,
            [
                *bad_arrays([1.0, 2.0], any_length=True),
                ("a column", [[1.0], [2.0]], ShapeError),
                ("too many", [1.0, 2.0, 3.0], ShapeError),
                ("an Estimate", Estimate.exact([1.0, 2.0]), ArgumentTypeError),
            ],
        ),
        (
            "within",
            "n_se",
            lambda v: Estimate.exact(1.0).within(1.0, v),
            [*bad_arrays(1.0), ("zero", 0.0, DomainError), ("negative", -5, DomainError)],
        ),
    ),
)
def test_refusals(call, kind, argument):
    refused(call, kind, argument)
