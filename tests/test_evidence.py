"""log p(x) four ways, against each other, against scipy, and in its statistics."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from examples import MODELS, StudentT, data_and_latents, linear_gaussian
from refusals import BAD_COUNTS, BAD_RNGS, bad_arrays, refusals, refused
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import approx_fprime

from vitutor import evidence
from vitutor.distributions import Categorical
from vitutor.errors import (
    ArgumentTypeError,
    DomainError,
    IntractableError,
    NonFiniteError,
    ShapeError,
)
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.models import Decoder, LinearGaussian

SINE = Decoder.sine()
LG = MODELS["linear-Gaussian"]
X = data_and_latents(LG)[0]
TRUTH = LG.log_marginal(X)


def rng(seed=0):
    return np.random.default_rng(seed)


def scaled(q, scale):
    """The Gaussian q with its standard deviations multiplied."""
    return FullRankGaussian(q.mean, q.cov * scale**2)


def independent_dimensions(d, noise_scale=0.5):
    """d copies of z ~ N(0, 1), x ~ N(z, noise_scale^2), at the x of equations S7 and S13."""
    model = LinearGaussian(np.eye(d), np.zeros(d), noise_scale**2 * np.eye(d))
    return model, np.full((1, d), np.sqrt(1 + noise_scale**2))


# Exact


@pytest.mark.parametrize("name", ["linear-Gaussian", "mixture"])
def test_exact_is_the_models_closed_form(name):
    model = MODELS[name]
    x = data_and_latents(model)[0]
    e = evidence.exact(model, x)
    assert np.array_equal(e.value, model.log_marginal(x)) and (e.std_error == 0).all()
    assert (e.bias, e.n_draws, e.reliable) == ("none", 0, True)


# Quadrature


def test_the_number_of_the_course():
    e = evidence.quadrature(SINE, [[1.2]])
    assert round(float(e), 6) == -1.004626
    integral, _ = quad(
        lambda z: stats.norm.pdf(z) * stats.norm.pdf(1.2, np.sin(2 * z) + z / 2, 0.3),
        *(-10, 10),
        epsabs=1e-13,
        limit=500,
    )
    assert float(e) == pytest.approx(np.log(integral), abs=1e-11)
    assert np.abs(e.grid_change) < 1e-12 and (e.n_draws, e.std_error) == (0, 0)


@pytest.mark.parametrize("name", ["linear-Gaussian", "one-dimensional"])
def test_quadrature_is_exact_where_that_is_known(name):
    model = MODELS[name]
    x = data_and_latents(model)[0]
    e = evidence.quadrature(model, x)
    assert np.allclose(e.value, model.log_marginal(x), rtol=0, atol=1e-10)
    assert (np.abs(e.grid_change) < 1e-10).all()


def test_a_learners_nonlinear_model_has_a_closed_form_all_the_same():
    x = np.array([[0.0], [1.2], [-3.0]])
    e = evidence.quadrature(StudentT(5.0), x, n_points=4000, half_width=12)
    assert e.within(stats.t.logpdf(x[:, 0], 5)) and (np.abs(e.grid_change) < 1e-4).all()


@pytest.mark.parametrize("n_points", [64, 81, 100, 150])
def test_the_change_is_larger_than_the_error(n_points):
    x = np.linspace(-2, 2, 41)[:, None]
    coarse, fine = (evidence.quadrature(SINE, x, n) for n in (n_points, 1000))
    error = np.abs(coarse.value - fine.value)
    assert (error < np.abs(coarse.grid_change)).all() and error.max() > 1e-9
    assert coarse.within(fine.value)


@pytest.mark.parametrize("n_points", [20, 21, 22, 23, 400, 401])
def test_the_change_shows_even_where_the_integrand_is_symmetric(n_points):
    # A grid without zero has mirror images for halves: it was wrong by ten nats, its change zero.
    precise = Decoder.sine(noise_scale=0.01)
    coarse, fine = (evidence.quadrature(precise, [[0.0]], n) for n in (n_points, 20_001))
    assert abs(coarse.value - fine.value) > 0.3 and np.abs(coarse.grid_change) > 0.3


def test_posteriors_that_fit_between_two_points_show():
    narrow = LinearGaussian([[1.0]], [0.0], [[1e-8]])
    with np.errstate(all="raise", under="ignore"):
        e = evidence.quadrature(narrow, np.linspace(-1, 1, 21)[:, None])
    assert (np.abs(e.grid_change) > 0.6).all() and not np.isnan(e.value).any()


def test_a_grid_that_is_too_small_is_refused_and_a_larger_one_taken():
    model, x = LinearGaussian([[1.0]], [0.0], [[0.04]]), [[0.1], [10.0]]
    refused(lambda: evidence.quadrature(model, x), DomainError, "half_width")
    e = evidence.quadrature(model, x, n_points=1000, half_width=20)
    assert e.value == pytest.approx(model.log_marginal(x), abs=1e-10)
    # The far datum alone, and an integrand alive at the left edge.
    for bad in ([[10.0]], [[-10.0]]):
        refused(lambda bad=bad: evidence.quadrature(model, bad), DomainError, "half_width")


def test_an_integrand_alive_on_the_edge_of_a_plane_is_refused():
    model = LinearGaussian(np.eye(2), np.zeros(2), 0.04 * np.eye(2))
    for bad in ([[0.0, 9.0]], [[-9.0, 0.0]]):
        refused(lambda bad=bad: evidence.quadrature(model, bad), DomainError, "half_width")


def test_three_latents_have_no_affordable_grid():
    model = linear_gaussian(2, 3)
    refused(lambda: evidence.quadrature(model, [[0.0, 0.0]]), IntractableError, "latent_dim")


# Blocks, memory and chance

WIDE = scaled(LG.posterior(X), 1.3)
MONTE_CARLO = {
    "naive": lambda seed: evidence.naive_monte_carlo(LG, X, 1000, rng=rng(seed)),
    "naive mixture": lambda seed: evidence.naive_monte_carlo(
        MODELS["mixture"], X[:, :2], 1000, rng=rng(seed)
    ),
    "importance": lambda seed: evidence.importance(LG, X, WIDE, 1000, rng=rng(seed)),
    "IWAE of few": lambda seed: evidence.iwae_bound(LG, X, WIDE, 7, 150, rng=rng(seed)),
    "IWAE of many": lambda seed: evidence.iwae_bound(LG, X, WIDE, 1000, 2, rng=rng(seed)),
}
by_monte_carlo = pytest.mark.parametrize("run", MONTE_CARLO.values(), ids=MONTE_CARLO)


def fields(estimate):
    names = ("value", "std_error", "ess", "pareto_k", "grid_change")
    return [getattr(estimate, n) for n in names if getattr(estimate, n) is not None]


@pytest.mark.parametrize(("block", "fewest"), [(1, 1), (200, 1), (1, 200), (10**9, 1)])
@by_monte_carlo
def test_blocks_change_nothing(run, block, fewest, monkeypatch):
    usual = run(0)
    monkeypatch.setattr(evidence, "BLOCK", block)
    monkeypatch.setattr(evidence, "FEWEST", fewest)
    for field, expected in zip(fields(run(0)), fields(usual), strict=True):
        assert np.allclose(field, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("block", "fewest"), [(1, 1), (200, 1), (10**9, 1)])
def test_blocks_change_nothing_of_quadrature(block, fewest, monkeypatch):
    def run():
        return evidence.quadrature(LG, X, n_points=30)

    usual = run()
    monkeypatch.setattr(evidence, "BLOCK", block)
    monkeypatch.setattr(evidence, "FEWEST", fewest)
    for field, expected in zip(fields(run()), fields(usual), strict=True):
        assert np.allclose(field, expected, rtol=1e-9, atol=1e-12)


@by_monte_carlo
def test_chance_comes_from_rng_alone(run):
    _, keys, *rest = np.random.get_state()  # noqa: NPY002
    first, again, other = run(0), run(0), run(1)
    _, keys_after, *rest_after = np.random.get_state()  # noqa: NPY002
    assert keys.tolist() == keys_after.tolist() and rest == rest_after
    assert np.array_equal(first.value, again.value) and not (first.value == other.value).any()


@by_monte_carlo
def test_every_estimate_says_that_it_is_low(run):
    assert run(0).bias == "down"


def wide_importance(d, n_draws):
    model, x = independent_dimensions(d)
    q = scaled(model.posterior(x), 1.1)
    return lambda: evidence.importance(model, x, q, n_draws, rng=rng())


def naive(d, n_draws):
    model, x = independent_dimensions(d)
    return lambda: evidence.naive_monte_carlo(model, x, n_draws, rng=rng())


def iwae(n_importance, n_draws):
    q = FullRankGaussian(np.repeat(WIDE.mean, 20, axis=0), np.repeat(WIDE.cov, 20, axis=0))
    x = np.repeat(X, 20, axis=0)
    return lambda: evidence.iwae_bound(LG, x, q, n_importance, n_draws, rng=rng())


@pytest.mark.parametrize(
    "run",
    [
        naive(2, 10**6),
        naive(64, 10**5),
        wide_importance(64, 10**5),
        iwae(10_000, 1),
        iwae(10, 1000),
        lambda: evidence.quadrature(LG, X, n_points=1000),
    ],
    ids=["naive 2", "naive 64", "importance 64", "IWAE of 10000", "IWAE of 10", "quadrature"],
)
def test_sixteen_mebibytes_are_enough(run):
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 2**20


# Naive Monte Carlo


@pytest.mark.parametrize("name", ["linear-Gaussian", "one-dimensional", "mixture"])
def test_naive_monte_carlo_finds_the_closed_form(name):
    model = MODELS[name]
    x = data_and_latents(model)[0]
    e = evidence.naive_monte_carlo(model, x, 40_000, rng=rng())
    assert (e.std_error < 0.05).all() and e.within(model.log_marginal(x))
    assert (e.ess > 0).all() and e.n_draws == 40_000


@pytest.mark.parametrize("model", [SINE, StudentT(5.0)], ids=["sine", "Student-t"])
def test_naive_monte_carlo_finds_the_grids_answer(model):
    x = np.array([[0.0], [1.2], [-1.5]])
    truth = evidence.quadrature(model, x, n_points=4000, half_width=12).value
    e = evidence.naive_monte_carlo(model, x, 40_000, rng=rng())
    assert (e.std_error < 0.05).all() and e.within(truth)


@pytest.mark.parametrize(
    ("d", "n_repeats", "bias"), [(1, 300, 0.0), (5, 300, -0.0059), (10, 300, -0.393)]
)
def test_p_is_unbiased_and_its_log_is_low(d, n_repeats, bias):
    model, x = independent_dimensions(d)
    truth = model.log_marginal(x)[0]
    e = evidence.naive_monte_carlo(model, np.repeat(x, n_repeats, axis=0), 10_000, rng=rng())
    ratio, off = np.exp(e.value - truth), e.value - truth
    assert abs(ratio.mean() - 1) < 5 * ratio.std(ddof=1) / n_repeats**0.5
    assert abs(off.mean() - bias) < 5 * off.std(ddof=1) / n_repeats**0.5
    if d == 10:
        assert off.mean() < -5 * off.std(ddof=1) / n_repeats**0.5


def test_the_chi_squared_law_of_one_dimension():
    model, x = independent_dimensions(1)
    e = evidence.naive_monte_carlo(model, np.repeat(x, 2000, axis=0), 1000, rng=rng())
    relative = np.exp(e.value - model.log_marginal(x)[0])
    # Var(p_hat) / p^2 = chi^2 / M, with 1 + chi^2 = 2.599; the sample variance of 2000 Gaussians
    # has a relative error of sqrt(2 / 2000).
    assert relative.var(ddof=1) * 1000 == pytest.approx(1.599, rel=5 * np.sqrt(2 / 2000))
    assert e.ess.mean() == pytest.approx(1000 / 2.599, rel=0.01)


def test_the_error_falls_as_one_over_the_root_of_the_number_of_draws():
    n_draws = 500 * 2 ** np.arange(6)
    x = np.full((50, 1), 1.2)
    errors = [evidence.naive_monte_carlo(SINE, x, n, rng=rng()).std_error.mean() for n in n_draws]
    slope, _ = np.polyfit(np.log(n_draws), np.log(errors), 1)
    assert slope == pytest.approx(-0.5, abs=0.02)


# Importance sampling


@pytest.mark.parametrize("name", ["linear-Gaussian", "one-dimensional", "mixture"])
def test_the_posterior_as_q_has_equal_weights(name):
    model = MODELS[name]
    x = data_and_latents(model)[0]
    e = evidence.importance(model, x, model.posterior(x), 200, rng=rng())
    assert np.allclose(e.value, model.log_marginal(x), rtol=0, atol=1e-10)
    assert np.allclose(e.ess, 200, rtol=1e-9) and (e.std_error < 1e-6).all() and e.reliable


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.3), (1.5, 0.0), (2.0, 0.5)])
def test_importance_sampling_finds_the_closed_form(scale, shift):
    q = scaled(LG.posterior(X), scale)
    q = FullRankGaussian(q.mean + shift * np.sqrt(np.diagonal(q.cov, axis1=1, axis2=2)), q.cov)
    e = evidence.importance(LG, X, q, 20_000, rng=rng())
    assert (e.std_error < 0.02).all() and e.within(TRUTH)


def test_importance_sampling_finds_the_grids_answer_where_there_is_no_closed_form():
    x = np.array([[1.2], [0.0]])
    q = MeanFieldGaussian([[0.9], [0.0]], [[1.2], [1.2]])
    e = evidence.importance(SINE, x, q, 40_000, rng=rng())
    assert (e.std_error < 0.01).all() and e.within(evidence.quadrature(SINE, x).value)


def z_scores(scale, n_seeds=2000, n_draws=1000):
    q, truth = scaled(LG.posterior(X[:1]), scale), TRUTH[0]
    estimates = [
        evidence.importance(LG, X[:1], q, n_draws, rng=rng(seed)) for seed in range(n_seeds)
    ]
    scores = np.array([(e.value[0] - truth) / e.std_error[0] for e in estimates])
    return scores, np.array([e.reliable for e in estimates])


def test_standard_errors_of_a_wide_q_are_calibrated():
    scores, reliable = z_scores(1.5)
    assert scores.std() == pytest.approx(1.0, abs=0.1)
    assert abs(scores.mean()) < 5 / len(scores) ** 0.5
    assert reliable.mean() > 0.99


def test_a_narrow_q_is_unreliable_and_its_standard_error_lies():
    scores, reliable = z_scores(0.4, n_seeds=200, n_draws=4000)  # k = 0.84: no variance
    assert reliable.mean() < 0.02
    assert abs(scores.mean()) > 0.5  # while a calibrated error has 0 here


@pytest.mark.parametrize("scale", [0.4, 0.6, 0.8])
def test_pareto_k_of_a_narrow_gaussian(scale):
    # In two dimensions log w is exponential under q, so w is Pareto with shape 1 - scale^2.
    n_data, n_draws = 200, 10_000
    x = np.repeat(X[:1], n_data, axis=0)
    e = evidence.importance(LG, x, scaled(LG.posterior(x), scale), n_draws, rng=rng())
    k, n_tail = 1 - scale**2, 300
    expected = (n_tail * k + 5) / (n_tail + 10)  # the weak prior of the fit
    error = e.pareto_k.std(ddof=1) / n_data**0.5
    assert error < 0.01
    assert abs(e.pareto_k.mean() - expected) < 5 * error + 2 / n_tail
    assert e.reliable is False


def test_a_q_without_support_where_the_posterior_has_it_misses_that_mass():
    model = MODELS["mixture"]
    x = data_and_latents(model)[0]
    log_posterior = np.array(model.posterior(x).log_weights)
    missed = np.exp(log_posterior[:, 0])
    log_posterior[:, 0] = -np.inf
    log_posterior -= np.log1p(-missed)[:, None]
    e = evidence.importance(model, x, Categorical(log_posterior), 500, rng=rng())
    assert np.allclose(e.value, model.log_marginal(x) + np.log1p(-missed), rtol=0, atol=1e-12)


class OwnQ:
    """A learner's own q knows how to sample, and its log density; nothing else is needed."""

    def __init__(self, q):
        self.sample, self.log_prob = q.sample, q.log_prob


def test_a_learners_own_q():
    for run in (
        lambda q: evidence.importance(LG, X, q, 500, rng=rng()),
        lambda q: evidence.iwae_bound(LG, X, q, 10, 50, rng=rng()),
    ):
        assert np.allclose(run(OwnQ(WIDE)).value, run(WIDE).value, rtol=1e-10)


def test_errors_of_different_data_are_independent():
    x = np.repeat(X[:1], 4, axis=0)
    q, truth = scaled(LG.posterior(x), 1.5), 4 * TRUTH[0]
    for run in (
        lambda seed: evidence.importance(LG, x, q, 500, rng=rng(seed)),
        lambda seed: evidence.naive_monte_carlo(SINE, np.full((4, 1), 1.2), 500, rng=rng(seed)),
    ):
        totals = [run(seed).sum() for seed in range(500)]
        middle = np.mean([t.value for t in totals])
        scores = [(t.value - middle) / t.std_error for t in totals]
        # Draws that the data shared would make it 2.
        assert np.std(scores) == pytest.approx(1, abs=0.17)
    assert evidence.importance(LG, x, q, 10_000, rng=rng()).sum().within(truth)


# The importance-weighted bound


def gaussian_kl(q, p):
    """KL(q | p) of two families of Gaussians, (N,)."""
    precision, shift = np.linalg.inv(p.cov), p.mean - q.mean
    log_det = np.linalg.slogdet(p.cov)[1] - np.linalg.slogdet(q.cov)[1]
    trace = np.einsum("nij,nji->n", precision, q.cov)
    distance = np.einsum("ni,nij,nj->n", shift, precision, shift)
    return 0.5 * (trace + distance - q.mean.shape[1] + log_det)


def test_one_importance_draw_makes_it_the_elbo():
    e = evidence.iwae_bound(LG, X, WIDE, 1, 20_000, rng=rng())
    assert (e.std_error < 0.01).all() and e.within(TRUTH - gaussian_kl(WIDE, LG.posterior(X)))
    assert e.n_draws == 20_000 and e.ess is None


def test_the_bound_rises_with_k_towards_the_evidence():
    q = scaled(LG.posterior(X), 1.6)
    bounds = [evidence.iwae_bound(LG, X, q, k, 4000, rng=rng()) for k in (1, 2, 5, 20)]
    for lower, higher in pairwise(bounds):
        error = np.hypot(lower.std_error, higher.std_error)
        assert (higher.value - lower.value > 5 * error).all()
    assert (bounds[-1].value < TRUTH + 5 * bounds[-1].std_error).all()
    assert (TRUTH - bounds[-1].value < 0.05).all()


def test_the_posterior_makes_the_bound_tight_at_any_k():
    for k in (1, 10):
        e = evidence.iwae_bound(LG, X, LG.posterior(X), k, 5, rng=rng())
        assert np.allclose(e.value, TRUTH, rtol=0, atol=1e-10)


def test_the_bound_of_k_draws_is_the_expected_answer_of_importance_sampling_with_k():
    k, n_draws = 10, 4000
    bound = evidence.iwae_bound(LG, X[:1], WIDE_ONE, k, n_draws, rng=rng(0))
    repeats = np.repeat(X[:1], n_draws, axis=0)
    q = FullRankGaussian(
        np.repeat(WIDE_ONE.mean, n_draws, axis=0), np.repeat(WIDE_ONE.cov, n_draws, axis=0)
    )
    single = evidence.importance(LG, repeats, q, k, rng=rng(1)).value
    error = np.hypot(bound.std_error[0], single.std(ddof=1) / n_draws**0.5)
    assert abs(bound.value[0] - single.mean()) < 5 * error
    # std_error is that of the average of n_draws bounds.
    assert bound.std_error[0] == pytest.approx(single.std(ddof=1) / n_draws**0.5, rel=0.1)


WIDE_ONE = scaled(LG.posterior(X[:1]), 1.3)


# Weights of zero


class UniformNoise:
    """z ~ N(0, 1), x | z uniform within one of z: most draws have weight zero."""

    latent_dim = 1

    def sample_prior(self, n_draws, n_data, *, rng):
        return rng.standard_normal((n_draws, n_data, 1))

    def log_prior(self, z):
        return stats.norm.logpdf(z[:, :, 0])

    def log_likelihood(self, x, z):
        return np.where(np.abs(x[:, 0] - z[:, :, 0]) < 1, -np.log(2), -np.inf)


def test_weights_of_zero_count():
    x = np.array([[0.0], [2.5]])
    truth = np.log((stats.norm.cdf(x + 1) - stats.norm.cdf(x - 1)) / 2)[:, 0]
    q = MeanFieldGaussian.standard(2, 1)
    with np.errstate(all="raise", under="ignore"):
        by_prior = evidence.naive_monte_carlo(UniformNoise(), x, 20_000, rng=rng())
        by_q = evidence.importance(UniformNoise(), x, q, 20_000, rng=rng())
    for e in (by_prior, by_q):
        assert (e.std_error < 0.05).all() and e.within(truth)
        assert e.reliable  # a weight is one half or zero
        assert np.allclose(e.ess, 2 * np.exp(truth) * 20_000, rtol=0.1)


def test_nothing_but_weights_of_zero():
    x, q = np.array([[0.0], [100.0]]), MeanFieldGaussian.standard(2, 1)
    with np.errstate(all="raise", under="ignore"):
        e = evidence.naive_monte_carlo(UniformNoise(), x, 1000, rng=rng())
        bound = evidence.iwae_bound(UniformNoise(), x, q, 100, 20, rng=rng())
    assert (e.value[1], e.std_error[1], e.ess[1], e.pareto_k[1]) == (-np.inf, np.inf, 0, np.inf)
    assert np.isfinite(e.value[0]) and not e.reliable
    assert (bound.value[1], bound.std_error[1]) == (-np.inf, np.inf)
    assert np.isfinite(bound.value[0])


def test_a_grid_on_which_nothing_lives():
    refused(
        lambda: evidence.quadrature(UniformNoise(), [[0.0], [100.0]]),
        NonFiniteError,
        "log p(x, z)",
    )


def test_a_grid_that_begins_where_nothing_lives():
    # The blocks of the left half hold only weights of zero.
    e = evidence.quadrature(StudentT(5.0), [[1.0]], n_points=100_001)
    assert float(e) == pytest.approx(stats.t.logpdf(1.0, 5), abs=1e-7)


# What is refused


class Broken(UniformNoise):
    def __init__(self, name, answer):
        setattr(self, name, answer)


def broken(name, answer):
    return Broken(name, lambda *args, **kwargs: answer)


Q1 = MeanFieldGaussian.standard(2, 1)
X1 = np.array([[0.0], [1.0]])
RUNS = {
    "quadrature": lambda model, x, q: evidence.quadrature(model, x),
    "naive_monte_carlo": lambda model, x, q: evidence.naive_monte_carlo(model, x, 10, rng=rng()),
    "importance": lambda model, x, q: evidence.importance(model, x, q, 10, rng=rng()),
    "iwae_bound": lambda model, x, q: evidence.iwae_bound(model, x, q, 5, 2, rng=rng()),
}
NOT_A_MODEL = [
    ("nothing", None, ArgumentTypeError),
    ("a function", np.sin, ArgumentTypeError),
    ("a class", object, ArgumentTypeError),
    ("a family", Q1, ArgumentTypeError),
]
NOT_A_Q = [
    ("nothing", None, ArgumentTypeError),
    ("a model", SINE, ArgumentTypeError),
    ("an array", np.zeros((2, 1)), ArgumentTypeError),
    ("for one datum", MeanFieldGaussian.standard(1, 1), ShapeError),
    ("for other data", MeanFieldGaussian.standard(3, 1), ShapeError),
    ("of other latents", MeanFieldGaussian.standard(2, 2), ShapeError),
]
BAD_X = [*bad_arrays(X1), ("another Dx", np.zeros((2, 3)), ShapeError)]


def evidence_refusals():
    yield "exact", "x", lambda x: evidence.exact(LG, x), bad_arrays(X)
    bad = [("sine", SINE, IntractableError), ("nothing", None, IntractableError)]
    yield "exact", "model", lambda model: evidence.exact(model, X1), bad
    for name, run in RUNS.items():
        yield name, "model", lambda model, run=run: run(model, X1, Q1), NOT_A_MODEL
        yield name, "x", lambda x, run=run: run(SINE, x, Q1), BAD_X
        if name in ("importance", "iwae_bound"):
            yield name, "q", lambda q, run=run: run(SINE, X1, q), NOT_A_Q
        half = [("1.5", broken("latent_dim", 0), ArgumentTypeError)]
        yield name, "model.latent_dim", lambda model, run=run: run(model, X1, Q1), half
        wrong = [
            (f"shape {np.shape(answer)}", broken("log_likelihood", answer), ShapeError)
            for answer in (0.0, np.zeros(2), np.zeros((10, 1)), np.zeros((10, 2, 1)))
        ]
        argument = "model.log_likelihood(x, z)"
        yield name, argument, lambda model, run=run: run(model, X1, Q1), wrong
        if name != "naive_monte_carlo":
            wrong = [
                (f"shape {np.shape(answer)}", broken("log_prior", answer), ShapeError)
                for answer in (0.0, np.zeros(2), np.zeros((10, 2, 1)))
            ]
            yield name, "model.log_prior(z)", lambda model, run=run: run(model, X1, Q1), wrong
    wrong = [
        (f"shape {np.shape(answer)}", broken("sample_prior", answer), ShapeError)
        for answer in (np.zeros((10, 2)), np.zeros((2, 10, 1)), np.zeros((10, 1, 1)))
    ]
    argument = "model.sample_prior(n_draws, n_data)"
    yield "naive", argument, lambda model: RUNS["naive_monte_carlo"](model, X1, None), wrong

    for count, call in {
        "n_draws": lambda n, r: evidence.naive_monte_carlo(SINE, X1, n, rng=r),
        "n_draws ": lambda n, r: evidence.importance(SINE, X1, Q1, n, rng=r),
        "n_draws  ": lambda n, r: evidence.iwae_bound(SINE, X1, Q1, 5, n, rng=r),
        "n_importance": lambda n, r: evidence.iwae_bound(SINE, X1, Q1, n, 5, rng=r),
    }.items():
        yield "Monte Carlo", count.strip(), lambda n, call=call: call(n, rng()), BAD_COUNTS
        yield "Monte Carlo", "rng", lambda r, call=call: call(5, r), BAD_RNGS

    too_few = [("three", 3, DomainError), *BAD_COUNTS]
    yield "quadrature", "n_points", lambda n: evidence.quadrature(SINE, X1, n), too_few
    bad = [*bad_arrays(8.0), ("zero", 0, DomainError), ("negative", -8, DomainError)]
    yield "quadrature", "half_width", lambda w: evidence.quadrature(SINE, X1, 100, w), bad


@pytest.mark.parametrize(("call", "kind", "argument"), refusals(*evidence_refusals()))
def test_refusals(call, kind, argument):
    refused(call, kind, argument)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_density_that_is_no_number_is_found(run, bad):
    class Wrong(UniformNoise):
        def log_likelihood(self, x, z):
            return np.where(z[:, :, 0] > -0.5, bad, 0.0) + 0 * x[:, 0]

    with pytest.raises(NonFiniteError, match="check_model"):
        run(Wrong(), X1, Q1)


def test_refused_before_a_single_draw():
    generator = rng()
    before = generator.bit_generator.state
    for n_draws, q in ((0, Q1), (10, None)):
        with pytest.raises((DomainError, ArgumentTypeError)):
            evidence.importance(SINE, X1, q, n_draws, rng=generator)
        with pytest.raises((DomainError, ArgumentTypeError)):
            evidence.iwae_bound(SINE, X1, q, 5, n_draws, rng=generator)
    with pytest.raises(DomainError):
        evidence.naive_monte_carlo(SINE, X1, 0, rng=generator)
    assert generator.bit_generator.state == before


def test_the_grid_is_smooth_in_theta():
    # What lesson 04 differentiates: d log p / d amplitude of equation S11.
    slope = approx_fprime(
        [1.0], lambda theta: float(evidence.quadrature(Decoder.sine(theta[0]), [[1.2]])), 1e-6
    )
    assert slope == pytest.approx(-0.356731, abs=1e-5)
