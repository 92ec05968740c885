"""The Bayesian mixture against closed forms, enumeration, scikit-learn and its own definition."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import gammaln, logsumexp
from sklearn.mixture import BayesianGaussianMixture

from vitutor import data
from vitutor.errors import (
    ArgumentTypeError,
    DomainError,
    IntractableError,
    NonFiniteError,
    ShapeError,
)
from vitutor.fit import fit_coordinate_ascent
from vitutor.models import Decoder, LinearGaussian
from vitutor.variational_mixture import BayesianMixture, MixturePosterior

PRIOR = {
    "concentration": 0.7,
    "mean": np.array([0.3, -0.2]),
    "mean_precision": 0.5,
    "cov": np.array([[0.8, 0.2], [0.2, 0.5]]),
    "degrees_of_freedom": 3.5,
}


def clusters(n, seed=0, distance=6.0):
    """n data around each of two centres, (2 n, 2)."""
    rng = np.random.default_rng(seed)
    centres = np.array([[0.0, 0.0], [distance, distance]])
    return (rng.standard_normal((n, 2, 2)) + centres).reshape(-1, 2)


def log_evidence_of_one(model, x):
    """log p(x) if all of x came from one component: a chain of multivariate t (Murphy 2007, 258).

    Each datum is predicted from those before it, so no formula of the package is used.
    """
    n_data, data_dim = x.shape
    total = 0.0
    for n in range(n_data):
        seen = x[:n]
        kappa, nu = model.mean_precision + n, model.degrees_of_freedom + n
        mean = (model.mean_precision * model.mean + seen.sum(axis=0)) / kappa
        scatter = model.degrees_of_freedom * model.cov
        if n:
            centred = seen - seen.mean(axis=0)
            shift = seen.mean(axis=0) - model.mean
            scatter = scatter + centred.T @ centred
            scatter = scatter + model.mean_precision * n / kappa * np.outer(shift, shift)
        freedom = nu - data_dim + 1
        shape = scatter * (kappa + 1) / (kappa * freedom)
        total += stats.multivariate_t(mean, shape, freedom).logpdf(x[n])
    return total


def log_evidence(model, x):
    """log p(x) by the sum over all K^N labellings."""
    a, k = model.concentration, model.n_components
    terms = []
    for labels in itertools.product(range(k), repeat=len(x)):
        labels = np.array(labels)
        counts = np.bincount(labels, minlength=k)
        term = gammaln(k * a) - gammaln(k * a + len(x)) + (gammaln(a + counts) - gammaln(a)).sum()
        terms.append(
            term + sum(log_evidence_of_one(model, x[labels == j]) for j in range(k) if counts[j])
        )
    return logsumexp(terms)


def test_with_one_component_the_bound_is_the_evidence():
    # q then has the form of the posterior, so nothing may be missing: not even a constant.
    model, x = BayesianMixture(1, **PRIOR), clusters(4)
    q = model.start(x, rng=np.random.default_rng(0))
    assert model.elbo(x, q) == pytest.approx(log_evidence_of_one(model, x), abs=1e-9)


@pytest.mark.parametrize("distance", [1.0, 3.0, 1e4])
def test_the_bound_is_below_the_enumerated_evidence(distance):
    model, x = BayesianMixture(2, **PRIOR), clusters(4, distance=distance)
    _, trace = fit_coordinate_ascent(model, x, 50, q=model.start(x, rng=np.random.default_rng(1)))
    gap = log_evidence(model, x) - trace.elbo.value
    assert (gap > 0).all()
    if distance == 1e4:
        # Nobody doubts a label, but q has chosen one of the two ways of numbering the clusters.
        assert gap[-1] == pytest.approx(np.log(2), abs=0.001)


def test_the_bound_is_the_mean_of_log_p_minus_log_q():
    # In one dimension a Wishart is a gamma; the test above has seen the matrices.
    rng = np.random.default_rng(3)
    x = clusters(5, distance=2.0)[:, :1]
    model = BayesianMixture(2, 0.7, [0.3], 0.5, [[0.8]], 1.5)
    q, _ = fit_coordinate_ascent(model, x, 2, q=model.start(x, rng=rng))
    n_draws = 50_000

    def gamma(cov, nu):
        return stats.gamma(nu / 2, scale=2 / (nu * cov))

    dirichlet = stats.dirichlet(q.concentrations)
    weights = dirichlet.rvs(n_draws, random_state=rng)
    log_w = stats.dirichlet([0.7, 0.7]).logpdf(weights.T) - dirichlet.logpdf(weights.T)
    labels = (rng.random((n_draws, len(x))) > q.responsibilities[:, 0]).astype(int)
    log_w -= np.log(q.responsibilities[np.arange(len(x)), labels]).sum(axis=1)
    log_w += np.log(np.take_along_axis(weights, labels, axis=1)).sum(axis=1)
    for k in range(2):
        here = gamma(q.covs[k, 0, 0], q.degrees_of_freedom[k])
        precision = here.rvs(n_draws, random_state=rng)
        log_w += gamma(0.8, 1.5).logpdf(precision) - here.logpdf(precision)
        here = stats.norm(q.means[k, 0], 1 / np.sqrt(q.mean_precisions[k] * precision))
        mean = here.rvs(n_draws, random_state=rng)
        log_w += stats.norm(0.3, 1 / np.sqrt(0.5 * precision)).logpdf(mean) - here.logpdf(mean)
        of_x = stats.norm(mean[:, None], 1 / np.sqrt(precision)[:, None]).logpdf(x[:, 0])
        log_w += (of_x * (labels == k)).sum(axis=1)
    std_error = log_w.std(ddof=1) / np.sqrt(n_draws)
    assert std_error < 0.02  # so that a fifth of a nat is ten standard errors
    assert abs(log_w.mean() - model.elbo(x, q)) < 5 * std_error


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    data_dim=st.integers(1, 3),
    n_components=st.integers(1, 5),
    concentration=st.floats(1e-3, 10),
)
def test_no_sweep_lowers_the_bound(seed, data_dim, n_components, concentration):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((12, data_dim)) * rng.lognormal(size=(12, 1))
    model = BayesianMixture.vague(x, n_components, concentration)
    _, trace = fit_coordinate_ascent(model, x, 15, q=model.start(x, rng=rng))
    rise = np.diff(trace.elbo.value)
    assert trace.elbo.value.shape == (16,)
    assert (rise > -1e-9 * np.abs(trace.elbo.value[:-1])).all()


def test_each_factor_is_a_maximum_of_the_bound():
    rng = np.random.default_rng(5)
    model, x = BayesianMixture(2, **PRIOR), clusters(10, distance=2.0)
    q, trace = fit_coordinate_ascent(model, x, 300, q=model.start(x, rng=rng))
    top = trace.elbo.value[-1]
    for name in ("concentrations", "means", "mean_precisions", "covs", "degrees_of_freedom"):
        for factor in (0.98, 1.02):
            moved = {**vars(q), name: getattr(q, name) * factor}
            assert model.elbo(x, MixturePosterior(**moved)) < top - 1e-7, name
    r = 0.98 * q.responsibilities + 0.01
    assert model.elbo(x, MixturePosterior(**{**vars(q), "responsibilities": r})) < top - 1e-7


class FromResponsibilities(BayesianGaussianMixture):
    """scikit-learn's, started from given responsibilities instead of its own."""

    def _initialize_parameters(self, x, random_state, xp=None):
        self._initialize(x, self.responsibilities)


def test_takes_the_sweeps_that_scikit_learn_takes_on_the_digits():
    grey, _ = data.digits(binarize=False)
    grey = data.dequantise(grey, rng=np.random.default_rng(0))
    x = LinearGaussian.fit(grey, 2).posterior(grey).mean
    model = BayesianMixture(12, 0.01, x.mean(axis=0), 1.0, np.cov(x.T), 2.0)
    start = model.start(x, rng=np.random.default_rng(2))
    q, _ = fit_coordinate_ascent(model, x, 40, q=start)
    peer = FromResponsibilities(
        n_components=12,
        weight_concentration_prior_type="dirichlet_distribution",
        weight_concentration_prior=0.01,
        mean_precision_prior=1.0,
        mean_prior=x.mean(axis=0),
        degrees_of_freedom_prior=2.0,
        covariance_prior=2 * np.cov(x.T),
        reg_covar=0,
        tol=0,
        max_iter=40,
    )
    peer.responsibilities = start.responsibilities
    with pytest.warns(match="did not converge"):
        peer.fit(x)
    np.testing.assert_allclose(q.means, peer.means_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(q.covs, peer.covariances_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(q.concentrations, peer.weight_concentration_, rtol=1e-8)
    np.testing.assert_allclose(q.degrees_of_freedom, peer.degrees_of_freedom_, rtol=1e-8)
    np.testing.assert_allclose(q.mean_precisions, peer.mean_precision_, rtol=1e-8)
    np.testing.assert_allclose(q.weights, peer.weights_, rtol=1e-8)


def test_leaves_over_the_clusters_it_does_not_need():
    x = clusters(100)
    model = BayesianMixture.vague(x, 8, 0.01)
    bounds, used = [], []
    for seed in range(5):
        start = model.start(x, rng=np.random.default_rng(seed))
        q, trace = fit_coordinate_ascent(model, x, 200, q=start)
        bounds.append(trace.elbo.value[-1])
        used.append((q.weights > 0.01).sum())
    best = np.argmax(bounds)
    assert used[best] == 2


def test_an_unused_component_is_the_prior():
    model, x = BayesianMixture(3, **PRIOR), clusters(5)
    q = model.posterior_given(x, np.eye(3)[np.arange(10) % 2])
    np.testing.assert_allclose(q.means[2], model.mean)
    np.testing.assert_allclose(q.covs[2], model.cov)
    assert q.degrees_of_freedom[2] == model.degrees_of_freedom
    assert q.weights[2] == pytest.approx(0.7 / (2.1 + 10))


def test_a_start_gives_each_datum_to_the_nearest_of_the_picked():
    x = np.random.default_rng(0).standard_normal((40, 1))
    q = BayesianMixture.vague(x, 6, 1.0).start(x, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(q.responsibilities, axis=1)[:, -2:], [[0, 1]] * 40)
    # The nearest of six points on a line: six intervals.
    labels = q.responsibilities.argmax(axis=1)[x[:, 0].argsort()]
    assert np.count_nonzero(np.diff(labels)) == 5 and len(set(labels)) == 6


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"n_components": 0}, DomainError),
        ({"n_components": 2.0}, ArgumentTypeError),
        ({"concentration": 0.0}, DomainError),
        ({"concentration": np.nan}, NonFiniteError),
        ({"mean": np.zeros((2, 1))}, ShapeError),
        ({"cov": np.eye(3)}, ShapeError),
        ({"mean_precision": -1.0}, DomainError),
        ({"cov": np.ones((2, 2))}, DomainError),
        ({"degrees_of_freedom": 1.0}, DomainError),
    ],
)
def test_a_prior_that_is_none(change, error):
    with pytest.raises(error, match=next(iter(change))):
        BayesianMixture(**{"n_components": 2, **PRIOR, **change})


def test_arguments_that_do_not_fit():
    model, x = BayesianMixture(2, **PRIOR), clusters(3)
    with pytest.raises(DomainError, match="n_components"):
        BayesianMixture(9, **PRIOR).start(x, rng=np.random.default_rng(0))
    with pytest.raises(DomainError, match="responsibilities"):
        model.posterior_given(x, np.full((6, 2), 0.4))
    with pytest.raises(ShapeError, match="responsibilities"):
        model.posterior_given(x, np.full((6, 3), 1 / 3))
    with pytest.raises(NonFiniteError, match="x"):
        model.start(np.array([[np.nan, 0.0]]), rng=np.random.default_rng(0))
    with pytest.raises(ArgumentTypeError, match="rng"):
        model.start(x, rng=0)
    with pytest.raises(ArgumentTypeError, match=r"model\.start"):
        fit_coordinate_ascent(model, x, 3)
    with pytest.raises(IntractableError, match="Decoder"):
        fit_coordinate_ascent(Decoder.sine(), [[1.2]], 3)
    with pytest.raises(DomainError, match="n_sweeps"):
        fit_coordinate_ascent(model, x, 0, q=model.start(x, rng=np.random.default_rng(0)))


@pytest.mark.one_seed
def test_an_update_that_lowers_the_bound_is_caught():
    class Wrong(BayesianMixture):
        def sweep(self, x, q):
            q = super().sweep(x, q)
            return MixturePosterior(**{**vars(q), "means": 0.5 * q.means})

    x = clusters(10)
    model = Wrong.vague(x, 2, 1.0)
    with pytest.raises(AssertionError, match="in sweep 1"):
        fit_coordinate_ascent(model, x, 3, q=model.start(x, rng=np.random.default_rng(0)))
