"""Gradients against finite differences of what they differentiate, and torch autograd."""

import numpy as np
import pytest
import torch

from vitutor import elbo, evidence, gradients
from vitutor.errors import ArgumentTypeError, DomainError, IntractableError, ShapeError
from vitutor.estimate import Estimate
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.models import Decoder, GaussianMixture, LinearGaussian

N_DATA, DIM = 2, 2
SHARED_X = np.array([[1.2], [-0.4], [0.3]])
LINEAR = LinearGaussian(
    [[1.0, 0.5], [-0.3, 0.8], [0.4, -1.1]],
    [0.2, -0.1, 0.0],
    [[0.5, 0.1, 0.0], [0.1, 0.4, 0.2], [0.0, 0.2, 0.9]],
)
LINEAR_X = np.array([[0.7, -0.4, 1.0], [-1.2, 0.3, 0.1]])
SINE, SINE_X = Decoder.sine(), np.array([[1.2]])
SINE_Q = MeanFieldGaussian([[1.171]], [[0.317]])  # 0.3 to the right of the optimum

# q a little off the posterior, so that no gradient is zero.
POSTERIOR = LINEAR.posterior(LINEAR_X)
MEAN_FIELD = MeanFieldGaussian(POSTERIOR.mean + 0.3, [[0.5, 0.7]] * N_DATA)
FULL_RANK = FullRankGaussian(POSTERIOR.mean - 0.2, [[[0.4, -0.3], [-0.3, 0.5]]] * N_DATA)

CASES = {
    "linear-mean_field": (LINEAR, LINEAR_X, MEAN_FIELD),
    "linear-full_rank": (LINEAR, LINEAR_X, FULL_RANK),
    "sine-mean_field": (SINE, SINE_X, SINE_Q),
}
ESTIMATORS = {
    "score": gradients.score_function,
    "score-baseline": lambda *a, **k: gradients.score_function(*a, **k, baseline=-3.0),
    "score-baselines": lambda m, x, *a, **k: gradients.score_function(
        m, x, *a, **k, baseline=np.arange(len(x)) - 4.0
    ),
    "score-leave-one-out": lambda *a, **k: gradients.score_function(
        *a, **k, baseline="leave-one-out"
    ),
    "reparameterised": gradients.reparameterised,
    "sticking-the-landing": lambda *a, **k: gradients.reparameterised(
        *a, **k, sticking_the_landing=True
    ),
}
every_case = pytest.mark.parametrize(("model", "x", "q"), CASES.values(), ids=CASES)
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)


def rng(seed=0):
    return np.random.default_rng(seed)


def finite_difference(f, params, step=1e-4):
    """d f / d params[..., i] in the last place, error O(step^4)."""
    columns = []
    for i in range(params.shape[-1]):
        shift = step * (np.arange(params.shape[-1]) == i)
        near = f(params + shift) - f(params - shift)
        far = f(params + 2 * shift) - f(params - 2 * shift)
        columns.append((8 * near - far) / (12 * step))
    return np.stack(columns, axis=-1)


def exact_gradient_of_log_marginal(model, x):
    def log_marginal(params):
        moved = model.with_params(params)
        known = evidence.exact if hasattr(model, "log_marginal") else evidence.quadrature
        return known(moved, x).value

    return finite_difference(log_marginal, model.params)


def exact_gradient_of_elbo(model, x, q):
    def bound(params):
        return elbo.evidence_minus_gap(model, x, q.with_params(params)).value

    return finite_difference(bound, q.params)


models = pytest.mark.parametrize(
    ("model", "x"), [(LINEAR, LINEAR_X), (SINE, SINE_X)], ids=["linear", "sine"]
)


@models
def test_fisher_identity_is_the_gradient_of_log_p(model, x):
    # A stray p(z) would move the sine's by 0.305: over 25 standard errors.
    draws = gradients.fisher_identity(model, x, 20_000, rng=rng(1))
    assert draws.shape == (20_000, len(x), len(model.params))
    assert Estimate.from_draws(draws).within(exact_gradient_of_log_marginal(model, x))


@pytest.mark.one_seed
def test_the_seeds_gradient():
    truth = exact_gradient_of_log_marginal(SINE, SINE_X)
    np.testing.assert_allclose(truth, -0.356731, atol=5e-7)
    fisher = Estimate.from_draws(gradients.fisher_identity(SINE, SINE_X, 20_000, rng=rng(2)))
    assert fisher.within(truth) and not fisher.within(-0.051310, n_se=20)
    prior = gradients.prior_sampling(SINE, SINE_X, 10_000, rng=rng(3))
    assert prior.within(truth) and prior.reliable
    np.testing.assert_allclose(prior.std_error, 0.022, rtol=0.1)


@models
def test_prior_sampling_and_its_standard_error(model, x):
    # Over 200 runs the z-scores have standard deviation one; it is known to 5 %.
    truth = exact_gradient_of_log_marginal(model, x)
    one_rng, z_scores = rng(4), []
    for _ in range(200):
        estimate = gradients.prior_sampling(model, x, 2000, rng=one_rng)
        z_scores.append((estimate.value - truth) / estimate.std_error)
    assert estimate.value.shape == (len(x), len(model.params))
    assert estimate.ess.shape == estimate.pareto_k.shape == estimate.value.shape
    assert (np.abs(np.mean(z_scores, axis=0)) < 5 / np.sqrt(200)).all()
    np.testing.assert_allclose(np.std(z_scores, axis=0), 1, atol=0.25)


def test_prior_sampling_in_twenty_dimensions_says_that_it_failed():
    model = LinearGaussian(np.eye(20), np.zeros(20), 0.25 * np.eye(20))
    x = np.full((1, 20), 1.118)
    estimate = gradients.prior_sampling(model, x, 2000, rng=rng(5))
    assert not estimate.reliable and estimate.ess.max() < 20


def test_one_prior_draw_knows_no_error():
    estimate = gradients.prior_sampling(SINE, SINE_X, 1, rng=rng())
    assert np.isposinf(estimate.std_error).all()


@every_case
@every_estimator
def test_the_mean_is_the_gradient_of_the_elbo(estimator, model, x, q):
    draws = estimator(model, x, q, 20_000, rng=rng(6))
    assert draws.shape == (20_000, *q.params.shape)
    assert Estimate.from_draws(draws).within(exact_gradient_of_elbo(model, x, q))


def in_torch(model, q, x):
    """log p(x, z), log q(z; phi) and z(eps; phi) of the same model and family, for autograd."""
    normal = torch.distributions.MultivariateNormal
    x = torch.tensor(x)

    def log_joint(z):
        prior = normal(torch.zeros(z.shape[-1]).double(), torch.eye(z.shape[-1]).double())
        if model is SINE:
            noise = torch.distributions.Normal(torch.sin(2 * z) + z / 2, 0.3)
            return prior.log_prob(z) + noise.log_prob(x).sum(-1)
        mean = z @ torch.tensor(model.weight.T) + torch.tensor(model.bias)
        return prior.log_prob(z) + normal(mean, torch.tensor(model.noise_cov)).log_prob(x)

    def moments(phi):
        dim = q.mean.shape[1]
        if isinstance(q, MeanFieldGaussian):
            return phi[:, :dim], torch.diag_embed(phi[:, dim:].exp())
        factor = torch.zeros(len(phi), dim, dim).double()
        rows, columns = np.tril_indices(dim)
        factor[:, rows, columns] = phi[:, dim:]
        diagonal = torch.diagonal(factor, dim1=1, dim2=2)
        return phi[:, :dim], factor.tril(-1) + torch.diag_embed(diagonal.exp())

    def log_q(phi, z):
        mean, factor = moments(phi)
        return normal(mean, scale_tril=factor).log_prob(z)

    def transform(phi, eps):
        mean, factor = moments(phi)
        return mean + torch.einsum("nij,snj->sni", factor, eps)

    return log_joint, log_q, transform


def autograd(f, phi, n_draws):
    """Gradient in phi (N, P) of each of f(phi) (S, N), which has datum n's phi in column n only."""
    return np.stack([torch.autograd.grad(f(phi)[s].sum(), phi)[0].numpy() for s in range(n_draws)])


@every_case
@pytest.mark.parametrize("sticking_the_landing", [False, True])
def test_reparameterised_draws_are_torchs(model, x, q, sticking_the_landing):
    n_draws = 5
    draws = gradients.reparameterised(
        model, x, q, n_draws, rng=rng(7), sticking_the_landing=sticking_the_landing
    )
    eps = torch.tensor(rng(7).standard_normal((n_draws, *q.mean.shape)))
    log_joint, log_q, transform = in_torch(model, q, x)

    def learned(phi):
        z = transform(phi, eps)
        return log_joint(z) - log_q(phi.detach() if sticking_the_landing else phi, z)

    phi = torch.tensor(q.params, requires_grad=True)
    np.testing.assert_allclose(draws, autograd(learned, phi, n_draws), rtol=1e-9, atol=1e-10)


@every_case
def test_score_function_draws_are_torchs(model, x, q):
    n_draws, baseline = 5, np.linspace(-2.0, 1.0, len(x))
    draws = gradients.score_function(model, x, q, n_draws, rng=rng(8), baseline=baseline)
    z = torch.tensor(q.sample(n_draws, rng=rng(8)))
    log_joint, log_q, _ = in_torch(model, q, x)

    def surrogate(phi):
        learned = log_joint(z) - log_q(phi, z) - torch.tensor(baseline)
        return learned.detach() * log_q(phi, z)

    phi = torch.tensor(q.params, requires_grad=True)
    np.testing.assert_allclose(draws, autograd(surrogate, phi, n_draws), rtol=1e-9, atol=1e-10)


@pytest.mark.one_seed
def test_the_tug_of_war():
    # equations.md, S16: d ELBO / d mean by each estimator, and its standard deviation a draw.
    truth = exact_gradient_of_elbo(SINE, SINE_X, SINE_Q)[0, 0]
    np.testing.assert_allclose(truth, -2.521, atol=2e-3)
    draws = {
        name: estimator(SINE, SINE_X, SINE_Q, 20_000, rng=rng(9))[:, 0, 0]
        for name, estimator in ESTIMATORS.items()
    }
    np.testing.assert_allclose(draws["reparameterised"].std(), 3.7, rtol=0.02)
    np.testing.assert_allclose(draws["score"].std(), 6.7, rtol=0.02)
    assert draws["score-leave-one-out"].std() < 0.95 * draws["score"].std()
    # Detached samples leave the derivative of -log q at a fixed z: it has mean zero.
    detached = Estimate.from_draws(-SINE_Q.score(SINE_Q.sample(20_000, rng=rng(10)))[:, 0, 0])
    assert detached.within(0.0) and not detached.within(truth, n_se=50)


def test_leave_one_out_leaves_one_out():
    q, n_draws = MEAN_FIELD, 4
    draws = gradients.score_function(
        LINEAR, LINEAR_X, q, n_draws, rng=rng(11), baseline="leave-one-out"
    )
    z = q.sample(n_draws, rng=rng(11))
    learned = LINEAR.log_joint(LINEAR_X, z) - q.log_prob(z)
    for s in range(n_draws):
        others = np.delete(learned, s, axis=0).mean(axis=0)
        expected = (learned[s] - others)[:, None] * q.score(z)[s]
        np.testing.assert_allclose(draws[s], expected, rtol=1e-12)


def test_at_the_posterior_only_sticking_the_landing_is_still():
    still = ESTIMATORS["sticking-the-landing"](LINEAR, LINEAR_X, POSTERIOR, 50, rng=rng(12))
    np.testing.assert_allclose(still, 0, atol=1e-10)
    noisy = gradients.reparameterised(LINEAR, LINEAR_X, POSTERIOR, 50, rng=rng(12))
    assert noisy.std() > 0.1
    # The score function's weight is then constant, and a baseline of it takes all the noise.
    draws = gradients.score_function(
        LINEAR, LINEAR_X, POSTERIOR, 50, rng=rng(12), baseline=LINEAR.log_marginal(LINEAR_X)
    )
    np.testing.assert_allclose(draws, 0, atol=1e-10)


def test_parameters_that_all_data_share():
    # An amortised q: datum n's mean is weight * x_n, and every datum pulls at weight, log_scale.
    class Encoder:
        def __init__(self, params):
            self.params = np.asarray(params)

        def transform(self, eps):
            return self.params[0] * SHARED_X + np.exp(self.params[1]) * eps

        def pull_back(self, eps, grad_z):
            by_scale = grad_z * np.exp(self.params[1]) * eps
            return np.concatenate([grad_z * SHARED_X, by_scale], axis=2)

        def grad_log_det(self, eps):
            return np.concatenate([np.zeros(eps.shape), np.ones(eps.shape)], axis=2)

    draws = gradients.reparameterised(SINE, SHARED_X, Encoder([0.5, -1.0]), 20_000, rng=rng(13))
    assert draws.shape == (20_000, 3, 2)

    def total(params):
        q = MeanFieldGaussian(params[0] * SHARED_X, np.full((3, 1), np.exp(params[1])))
        return elbo.evidence_minus_gap(SINE, SHARED_X, q).sum().value

    truth = finite_difference(total, np.array([0.5, -1.0]))
    assert Estimate.from_draws(draws.sum(axis=1)).within(truth)


@every_estimator
def test_a_q_for_other_data(estimator):
    with pytest.raises(ShapeError, match="q: got a batch of 1 distributions"):
        estimator(SINE, [[1.2], [0.3]], SINE_Q, 10, rng=rng())


@every_estimator
@pytest.mark.parametrize(
    ("n_draws", "generator", "error", "name"),
    [
        (0, rng(), DomainError, "n_draws"),
        (10.0, rng(), ArgumentTypeError, "n_draws"),
        (10, 0, ArgumentTypeError, "rng"),
    ],
)
def test_bad_draws(estimator, n_draws, generator, error, name):
    with pytest.raises(error, match=name):
        estimator(SINE, SINE_X, SINE_Q, n_draws, rng=generator)
    for of_log_p in (gradients.fisher_identity, gradients.prior_sampling):
        with pytest.raises(error, match=name):
            of_log_p(SINE, SINE_X, n_draws, rng=generator)


def test_bad_baselines():
    def score(baseline, n_draws=10):
        gradients.score_function(SINE, SINE_X, SINE_Q, n_draws, rng=rng(), baseline=baseline)

    with pytest.raises(ArgumentTypeError, match="leave-one-out"):
        score("mean")
    with pytest.raises(ShapeError, match="baseline"):
        score([1.0, 2.0])
    with pytest.raises(DomainError, match="n_draws: got 1; wanted at least 2"):
        score("leave-one-out", n_draws=1)


def test_a_model_without_the_gradient():
    class Bare:
        latent_dim = 1
        sample_prior, log_prior = SINE.sample_prior, SINE.log_prior
        log_likelihood = SINE.log_likelihood

    with pytest.raises(IntractableError, match=r"Bare without grad_z_log_joint.*score_function"):
        gradients.reparameterised(Bare(), SINE_X, SINE_Q, 10, rng=rng())
    for estimator in (gradients.reparameterised, gradients.score_function):
        with pytest.raises(ArgumentTypeError, match="model: got a object without latent_dim"):
            estimator(object(), SINE_X, SINE_Q, 10, rng=rng())
    mixture = GaussianMixture([0.0], [[0.0]], [[[1.0]]])
    for of_log_p in (gradients.fisher_identity, gradients.prior_sampling):
        with pytest.raises(IntractableError, match="GaussianMixture without grad_params_log_joint"):
            of_log_p(mixture, SINE_X, 10, rng=rng())
    wide = Decoder(lambda z: z, 1.0, 3, params=None, params_jacobian=None)
    with pytest.raises(IntractableError):
        gradients.fisher_identity(wide, np.zeros((1, 3)), 10, rng=rng())
