"""The ELBO's forms against each other, against log p(x), and against the seed's numbers."""

import numpy as np
import pytest

from vitutor import elbo, evidence
from vitutor.distributions import Categorical
from vitutor.divergences import kl
from vitutor.errors import ArgumentTypeError, IntractableError, ShapeError
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.grid import GridPosterior
from vitutor.models import Decoder, GaussianMixture, LinearGaussian

FORMS = [elbo.joint_minus_log_q, elbo.energy_plus_entropy, elbo.reconstruction_minus_kl]
N_DATA, DIM = 3, 2

MODEL = LinearGaussian(
    [[1.0, 0.5], [-0.3, 0.8], [0.4, -1.1]],
    [0.2, -0.1, 0.0],
    [[0.5, 0.1, 0.0], [0.1, 0.4, 0.2], [0.0, 0.2, 0.9]],
)
X = np.array([[0.7, -0.4, 1.0], [-1.2, 0.3, 0.1], [2.0, 1.0, -0.5]])
RNG = np.random.default_rng(11)
MEAN_FIELD = MeanFieldGaussian(RNG.normal(size=(N_DATA, DIM)), [[0.3, 0.8]] * N_DATA)
FULL_RANK = FullRankGaussian(RNG.normal(size=(N_DATA, DIM)), [[[0.4, -0.3], [-0.3, 0.5]]] * N_DATA)
SINE, SINE_X = Decoder.sine(), np.array([[1.2]])
Q_STAR = MeanFieldGaussian([[0.871]], [[0.317]])  # maximises the ELBO: equations.md, S18

either_q = pytest.mark.parametrize("q", [MEAN_FIELD, FULL_RANK], ids=["mean_field", "full_rank"])
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)


def with_exact_moments(n_draws, latent_dim, rng):
    """Noise (S, 1, Dz) whose mean is zero and covariance the identity to the last digit."""
    eps = rng.standard_normal((n_draws, latent_dim))
    eps -= eps.mean(axis=0)
    factor = np.linalg.cholesky(eps.T @ eps / n_draws)
    return (eps @ np.linalg.inv(factor).T)[:, None]


@either_q
@every_form
def test_all_forms_are_the_exact_elbo_on_draws_with_exact_moments(form, q):
    # Here every term is quadratic in z, so its mean over such draws is its expectation: what is
    # left is rounding, and any term too many, too few or halved shows.
    z = q.transform(with_exact_moments(20, DIM, np.random.default_rng(0)))
    exact = elbo.evidence_minus_gap(MODEL, X, q).value
    np.testing.assert_allclose(form(MODEL, X, q, z).value, exact, rtol=0, atol=1e-10)


@either_q
def test_the_forms_differ_draw_by_draw_in_terms_of_mean_zero(q):
    eps = np.random.default_rng(1).standard_normal((50, N_DATA, DIM))
    for one_eps in np.split(eps, 50):
        z = q.transform(one_eps)
        first, second, third = (form(MODEL, X, q, z).value for form in FORMS)
        surprise = (np.sum(one_eps[0] ** 2, axis=1) - DIM) / 2
        np.testing.assert_allclose(first - second, surprise, atol=1e-10)
        # E_q[log N(z; 0, I)] has only second moments in it.
        second_moment = (q.mean**2).sum(axis=1) + np.trace(q.cov, axis1=1, axis2=2)
        expected_log_prior = -0.5 * second_moment - DIM / 2 * np.log(2 * np.pi)
        np.testing.assert_allclose(
            second - third, MODEL.log_prior(z)[0] - expected_log_prior, atol=1e-10
        )


@either_q
@every_form
def test_the_standard_error_holds(form, q):
    # Missing the half in a KL of about 1 nat would be 50 standard errors.
    z = q.sample(20_000, rng=np.random.default_rng(2))
    estimate = form(MODEL, X, q, z)
    assert estimate.value.shape == (N_DATA,) and estimate.n_draws == 20_000
    assert estimate.bias == "none"
    assert estimate.within(elbo.evidence_minus_gap(MODEL, X, q).value)
    assert (estimate.value < MODEL.log_marginal(X)).all()


def test_at_the_posterior_every_draw_of_the_first_form_is_the_evidence():
    for model, x in [(MODEL, X), (SINE, SINE_X)]:
        q = model.posterior(x) if model is MODEL else GridPosterior(model, x)
        evidences = elbo.evidence_minus_gap(model, x, q).value
        for one_z in np.split(q.sample(10, rng=np.random.default_rng(3)), 10):
            first = elbo.joint_minus_log_q(model, x, q, one_z).value
            np.testing.assert_allclose(first, evidences, atol=1e-10)
    second = elbo.energy_plus_entropy(MODEL, X, MODEL.posterior(X), z=RNG.normal(size=(9, 3, 2)))
    assert (second.std_error > 0.1).all()


def test_at_the_prior_the_first_and_third_form_agree_draw_by_draw():
    q = MODEL.prior(N_DATA)
    for one_z in np.split(q.sample(10, rng=np.random.default_rng(4)), 10):
        np.testing.assert_allclose(
            elbo.joint_minus_log_q(MODEL, X, q, one_z).value,
            elbo.reconstruction_minus_kl(MODEL, X, q, one_z).value,
            atol=1e-10,
        )


@either_q
def test_evidence_is_elbo_plus_gap(q):
    bound = elbo.evidence_minus_gap(MODEL, X, q)
    assert "exact" in str(bound)
    np.testing.assert_allclose(
        bound.value + kl(q, MODEL.posterior(X)), MODEL.log_marginal(X), atol=1e-10
    )
    on_grid = kl(q, GridPosterior(MODEL, X))
    np.testing.assert_allclose(bound.value + on_grid, MODEL.log_marginal(X), atol=1e-10)


def test_the_seeds_numbers():
    bound = elbo.evidence_minus_gap(SINE, SINE_X, Q_STAR)
    assert "quadrature" in str(bound)
    np.testing.assert_allclose(bound.value, -1.1269, atol=5e-5)
    gap = kl(Q_STAR, GridPosterior(SINE, SINE_X))
    np.testing.assert_allclose(bound.value + gap, -1.004626, atol=5e-7)
    # With the KL to the posterior in the third form, the seed's formula is above log p(x).
    seeds = bound.value + kl(Q_STAR, SINE.prior(1)) - gap
    np.testing.assert_allclose(seeds, -0.1708, atol=5e-5)


@every_form
def test_the_sine_model_too(form):
    z = Q_STAR.sample(20_000, rng=np.random.default_rng(6))
    assert form(SINE, SINE_X, Q_STAR, z).within(elbo.evidence_minus_gap(SINE, SINE_X, Q_STAR).value)


def test_a_discrete_latent():
    model = GaussianMixture(
        np.log([0.2, 0.5, 0.3]), [[-1.0], [0.5], [2.0]], np.full((3, 1, 1), 0.3)
    )
    x = np.array([[0.3], [1.9]])
    q = Categorical(np.log([[0.3, 0.4, 0.3], [0.1, 0.2, 0.7]]))
    exact = elbo.evidence_minus_gap(model, x, q).value
    by_sum = np.zeros(2)
    for k in range(3):
        z = np.full((1, 2, 1), float(k))
        log_q = q.log_weights[:, k]
        by_sum += np.exp(log_q) * (model.log_joint(x, z)[0] - log_q)
    np.testing.assert_allclose(exact, by_sum, rtol=1e-12)
    z = q.sample(20_000, rng=np.random.default_rng(8))
    for form in FORMS:
        assert form(model, x, q, z).within(exact)


def test_one_importance_draw_is_the_elbo():
    bound = evidence.iwae_bound(
        SINE, SINE_X, Q_STAR, n_importance=1, n_draws=20_000, rng=np.random.default_rng(9)
    )
    assert bound.within(elbo.evidence_minus_gap(SINE, SINE_X, Q_STAR).value)


def test_what_has_no_closed_form_says_so():
    class Shapeless:
        log_prob = Q_STAR.log_prob

    class Priorless:
        latent_dim = 1
        sample_prior, log_prior = SINE.sample_prior, SINE.log_prior
        log_likelihood = SINE.log_likelihood

    z = np.zeros((2, 1, 1))
    with pytest.raises(IntractableError, match="joint_minus_log_q"):
        elbo.energy_plus_entropy(SINE, SINE_X, Shapeless(), z)
    with pytest.raises(IntractableError, match="kl_monte_carlo"):
        elbo.reconstruction_minus_kl(SINE, SINE_X, Shapeless(), z)
    with pytest.raises(IntractableError, match=r"prior\(n_data\)"):
        elbo.reconstruction_minus_kl(Priorless(), SINE_X, Q_STAR, z)
    wide = Decoder(lambda z: z, noise_scale=1.0, latent_dim=3)
    with pytest.raises(IntractableError, match="latent_dim 3"):
        elbo.evidence_minus_gap(wide, np.zeros((1, 3)), MeanFieldGaussian.standard(1, 3))


@every_form
def test_what_is_no_model(form):
    with pytest.raises(ArgumentTypeError, match="model: got a Categorical without latent_dim"):
        form(Categorical([[0.0]]), X, MEAN_FIELD, np.zeros((1, N_DATA, DIM)))


@every_form
@pytest.mark.parametrize("shape", [(5, 2, DIM), (5, N_DATA, DIM + 1), (N_DATA, DIM)])
def test_draws_of_the_wrong_shape(form, shape):
    with pytest.raises(ShapeError, match="z: got shape"):
        form(MODEL, X, MEAN_FIELD, np.zeros(shape))
