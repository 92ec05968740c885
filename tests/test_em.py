"""Expectation-maximisation: it climbs, it agrees with scikit-learn, and S19's other E-step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from sklearn import decomposition, mixture

from vitutor import data, elbo
from vitutor.em import fit_em, maximise
from vitutor.errors import DomainError, IntractableError, NonFiniteError, ShapeError
from vitutor.families import MeanFieldGaussian
from vitutor.fit import fit_coordinate_ascent
from vitutor.grid import exact_posterior
from vitutor.models import Decoder, GaussianMixture, LinearGaussian


@pytest.fixture(scope="module")
def digits():
    """The digits as densities see them, (1437, 64)."""
    grey, _ = data.digits(binarize=False)
    return data.dequantise(grey, rng=np.random.default_rng(0))


def random_mixture(rng, n_components, data_dim):
    weights = rng.dirichlet(np.ones(n_components))
    means = rng.standard_normal((n_components, data_dim))
    return GaussianMixture(
        np.log(weights), means, np.broadcast_to(np.eye(data_dim), (len(means), data_dim, data_dim))
    )


def random_linear_gaussian(rng, latent_dim, data_dim, full_noise):
    noise_cov = np.diag(rng.uniform(0.3, 2.0, data_dim))
    if full_noise:
        root = rng.standard_normal((data_dim, data_dim))
        noise_cov += root @ root.T
    weight = rng.standard_normal((data_dim, latent_dim))
    return LinearGaussian(weight, rng.standard_normal(data_dim), noise_cov)


def assert_climbs_and_touches(trace):
    """log p(x) rises with every sweep, and after each exact E-step the ELBO equals it."""
    slack = 1e-9 * np.abs(trace.log_marginal[:-1])
    assert (np.diff(trace.log_marginal) >= -slack).all()
    np.testing.assert_allclose(trace.elbo[:, 0], trace.log_marginal[:-1], rtol=1e-9, atol=1e-9)
    assert (trace.elbo[:, 1] <= trace.log_marginal[1:] + slack).all()
    assert trace.log_marginal[-1] > trace.log_marginal[0]


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), n_components=st.integers(1, 3), data_dim=st.integers(1, 2))
def test_a_mixture_climbs(seed, n_components, data_dim):
    rng = np.random.default_rng(seed)
    _, x = random_mixture(rng, n_components, data_dim).sample(80, rng=rng)
    start = random_mixture(rng, n_components, data_dim)
    model, trace = fit_em(start, x, 5)
    assert_climbs_and_touches(trace)
    assert trace.models[0] is start and trace.models[-1] is model
    assert trace.log_marginal.shape == (6,) and trace.elbo.shape == (5, 2)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10**6),
    latent_dim=st.integers(1, 3),
    data_dim=st.integers(1, 4),
    full_noise=st.booleans(),
)
def test_a_linear_gaussian_climbs(seed, latent_dim, data_dim, full_noise):
    rng = np.random.default_rng(seed)
    truth = random_linear_gaussian(rng, latent_dim, data_dim, full_noise)
    _, x = truth.sample(60, rng=rng)
    start = random_linear_gaussian(rng, latent_dim, data_dim, full_noise)
    model, trace = fit_em(start, x, 5)
    assert_climbs_and_touches(trace)
    is_diagonal = np.array_equal(model.noise_cov, np.diag(np.diag(model.noise_cov)))
    assert is_diagonal == (not full_noise or data_dim == 1)


@pytest.mark.parametrize("full_noise", [False, True])
def test_no_model_nearby_has_a_higher_bound_after_an_m_step(full_noise):
    rng = np.random.default_rng(1)
    _, x = random_linear_gaussian(rng, 2, 3, full_noise).sample(40, rng=rng)
    start = random_linear_gaussian(rng, 2, 3, full_noise)
    q = start.posterior(x)
    best = maximise(start, x, q)
    top = elbo.evidence_minus_gap(best, x, q).value.sum()
    n_mean = best.weight.size + best.bias.size
    off_diagonal = np.array([False, True, False, True, True, False])  # of the factor, by rows
    for i in range(len(best.params)):
        if not full_noise and i >= n_mean and off_diagonal[i - n_mean]:
            continue  # diagonal noise stays diagonal: this direction is not the M-step's
        for step in (-1e-3, 1e-3):
            moved = best.params + step * (np.arange(len(best.params)) == i)
            near = best.with_params(moved)
            assert elbo.evidence_minus_gap(near, x, q).value.sum() < top


def test_a_mixture_takes_the_sweeps_that_scikit_learn_takes(digits):
    x = LinearGaussian.fit(digits, 8).posterior(digits).mean
    means = x[np.random.default_rng(1).choice(len(x), 10, replace=False)]
    cov = np.cov(x.T)
    start = GaussianMixture(np.full(10, -np.log(10)), means, np.broadcast_to(cov, (10, 8, 8)))
    model, trace = fit_em(start, x, 15)
    peer = mixture.GaussianMixture(
        n_components=10,
        weights_init=np.full(10, 0.1),
        means_init=means,
        precisions_init=np.broadcast_to(np.linalg.inv(cov), (10, 8, 8)),
        reg_covar=0,
        tol=0,
        max_iter=15,
    )
    with pytest.warns(match="did not converge"):
        peer.fit(x)
    np.testing.assert_allclose(trace.log_marginal[:-1] / len(x), peer.lower_bounds_, atol=1e-10)
    np.testing.assert_allclose(model.means, peer.means_, atol=1e-10)
    np.testing.assert_allclose(model.covs, peer.covariances_, atol=1e-10)
    np.testing.assert_allclose(np.exp(model.log_weights), peer.weights_, atol=1e-12)


def test_factor_analysis_reaches_scikit_learns_optimum(digits):
    peer = decomposition.FactorAnalysis(8, tol=1e-8, max_iter=2000, svd_method="lapack")
    peer.fit(digits)
    theirs = LinearGaussian(peer.components_.T, peer.mean_, np.diag(peer.noise_variance_))
    best = theirs.log_marginal(digits).mean()
    assert best == pytest.approx(peer.score(digits), abs=1e-9)
    # Theirs is a fixed point here, and from elsewhere EM comes up to it: slowly, as EM does.
    _, trace = fit_em(theirs, digits, 2)
    assert np.ptp(trace.log_marginal) / len(digits) < 1e-8
    _, trace = fit_em(LinearGaussian.fit(digits, 8), digits, 20)
    gap = best - trace.log_marginal / len(digits)
    assert gap[0] > 20 and 0 < gap[-1] < 0.02


def test_full_noise_reaches_the_best_gaussian():
    # With any noise_cov the model is any Gaussian, whose maximum likelihood is known.
    rng = np.random.default_rng(2)
    _, x = random_linear_gaussian(rng, 1, 2, True).sample(200, rng=rng)
    model, trace = fit_em(random_linear_gaussian(rng, 1, 2, True), x, 200)
    log_det = np.linalg.slogdet(np.cov(x.T, bias=True))[1]
    assert trace.log_marginal[-1] == pytest.approx(-100 * (2 * np.log(2 * np.pi) + log_det + 2))
    np.testing.assert_allclose(model.bias, x.mean(axis=0), atol=1e-6)


def sum_of_two(noise_variance):
    """S19's model: x = z1 + z2 + eps."""
    return LinearGaussian([[1.0, 1.0]], [0.0], [[noise_variance]])


def best_mean_field(model, x):
    """The mean-field optimum in closed form: the posterior's mean, and its precision's diagonal."""
    posterior = model.posterior(x)
    curvature = np.diagonal(np.linalg.inv(posterior.cov), axis1=1, axis2=2)
    return MeanFieldGaussian(posterior.mean, 1 / np.sqrt(curvature))


def best_noise(model, x, q):
    """The M-step for the noise alone: E_q[(x - z1 - z2)^2]."""
    residual = x - q.mean @ model.weight.T
    variance = (residual**2).mean() + (model.weight @ q.cov.mean(axis=0) @ model.weight.T).item()
    return sum_of_two(variance)


X19 = np.array([[3**0.5], [-(3**0.5)]])  # two data with mean zero and variance three


def test_s19_an_exact_e_step_finds_the_maximum_of_the_likelihood():
    model, trace = fit_em(sum_of_two(2.5), X19, 200, m_step=best_noise)
    assert model.noise_cov.item() == pytest.approx(1.0, abs=1e-6)
    assert trace.log_marginal[-1] / 2 == pytest.approx(-0.5 * np.log(2 * np.pi * 3) - 0.5)
    assert_climbs_and_touches(trace)


def test_s19_a_mean_field_e_step_climbs_the_elbo_and_descends_the_likelihood():
    model, trace = fit_em(sum_of_two(1.0), X19, 200, e_step=best_mean_field, m_step=best_noise)
    assert model.noise_cov.item() == pytest.approx(2.196, abs=5e-4)
    assert trace.elbo[0, 0] / 2 == pytest.approx(-2.112, abs=5e-4)
    assert trace.elbo[-1, 1] / 2 == pytest.approx(-2.045, abs=5e-4)
    assert trace.log_marginal[0] / 2 == pytest.approx(-1.968, abs=5e-4)
    assert trace.log_marginal[-1] / 2 == pytest.approx(-1.993, abs=5e-4)
    staircase = trace.elbo.ravel()
    assert (np.diff(staircase) > -1e-12).all()
    assert (np.diff(trace.log_marginal) < 1e-12).all()


def test_s19_the_elbos_optimum_is_where_a_search_finds_it():
    def loss(variance):
        model = sum_of_two(variance)
        return -elbo.evidence_minus_gap(model, X19, best_mean_field(model, X19)).value.mean()

    found = optimize.minimize_scalar(loss, bounds=(0.5, 4), method="bounded")
    assert found.x == pytest.approx(2.196, abs=5e-4)
    assert found.fun == pytest.approx(2.045, abs=5e-4)


def test_coordinate_ascent_can_be_the_e_step():
    def e_step(model, x):
        return fit_coordinate_ascent(model, x, 30)[0]

    swept, _ = fit_em(sum_of_two(1.0), X19, 5, e_step=e_step, m_step=best_noise)
    solved, _ = fit_em(sum_of_two(1.0), X19, 5, e_step=best_mean_field, m_step=best_noise)
    assert swept.noise_cov.item() == pytest.approx(solved.noise_cov.item(), rel=1e-9)


def test_a_posterior_on_a_grid_will_do():
    # Given z, the sine model's amplitude is a regression coefficient.
    def m_step(model, x, q):
        z = q.points
        wave = np.sin(2 * z)
        up = (q.mass * wave * (x[:, 0] - z / 2)).sum()
        return model.with_params([up / (q.mass * wave**2).sum()])

    _, x = Decoder.sine(amplitude=1.5).sample(20, rng=np.random.default_rng(0))
    model, trace = fit_em(Decoder.sine(amplitude=0.5), x, 30, m_step=m_step)
    assert_climbs_and_touches(trace)
    slope = model.grad_params_log_joint(x, exact_posterior(model, x).points[:, None])[:, :, 0]
    fisher = (exact_posterior(model, x).mass * slope).sum()
    assert abs(fisher) < 1e-2 and model.params[0] == pytest.approx(1.5, abs=0.3)


def test_a_component_on_one_datum_has_no_maximum():
    x = np.array([[0.0], [1.0], [2.0], [100.0]])
    start = GaussianMixture(np.log([0.5, 0.5]), [[1.0], [100.0]], [[[1.0]], [[1.0]]])
    with pytest.raises(DomainError, match=r"covs at sweep 1.*unbounded"):
        fit_em(start, x, 10)


def test_a_component_without_data():
    start = GaussianMixture(np.log([0.5, 0.5]), [[0.0], [1e9]], [[[1.0]], [[1.0]]])
    with pytest.raises(DomainError, match="at sweep 1: got a component without data"):
        fit_em(start, np.array([[0.0], [1.0]]), 3)


def test_a_wrong_step_is_caught():
    def too_noisy(model, x, q):
        right = maximise(model, x, q)
        return LinearGaussian(right.weight, right.bias, 9 * right.noise_cov)

    def forgetful(model, x):
        return MeanFieldGaussian.standard(len(x), model.latent_dim)

    rng = np.random.default_rng(0)
    start = random_linear_gaussian(rng, 1, 2, False)
    _, x = start.sample(50, rng=rng)
    with pytest.raises(AssertionError, match="M-step of sweep 1"):
        fit_em(start, x, 3, m_step=too_noisy)
    steps = iter([exact_posterior, forgetful])
    with pytest.raises(AssertionError, match="E-step of sweep 2"):
        fit_em(start, x, 3, e_step=lambda model, x: next(steps)(model, x))


@pytest.mark.parametrize(
    ("model", "x", "n_sweeps", "error", "words"),
    [
        (Decoder.sine(), [[1.2]], 3, IntractableError, "M-step"),
        (sum_of_two(1.0), [1.2], 3, ShapeError, "x"),
        (sum_of_two(1.0), [[np.nan]], 3, NonFiniteError, "x"),
        (sum_of_two(1.0), [[1.2]], 0, DomainError, "n_sweeps"),
    ],
)
def test_arguments_that_do_not_fit(model, x, n_sweeps, error, words):
    with pytest.raises(error, match=words):
        fit_em(model, x, n_sweeps)


def test_a_model_without_an_m_step():
    with pytest.raises(IntractableError, match="M-step"):
        maximise(Decoder.sine(), np.array([[1.2]]), None)
