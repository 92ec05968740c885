"""Each model against scipy.stats, Bayes' rule and scikit-learn; check_model against mistakes.

What all models keep is in test_contracts.py.
"""

import numpy as np
import pytest
from examples import MODELS, StudentT, data_and_latents, linear_gaussian
from refusals import bad_arrays, refusals, refused
from scipy import stats
from sklearn.decomposition import PCA

from vitutor import data
from vitutor.errors import ArgumentTypeError, DomainError, IntractableError, ShapeError
from vitutor.families import FullRankGaussian
from vitutor.models import Decoder, GaussianMixture, LinearGaussian, check_model

RNG = np.random.default_rng(0)
LG, MIXTURE = MODELS["linear-Gaussian"], MODELS["mixture"]


# The linear-Gaussian model


def test_linear_gaussian_densities_are_scipys():
    x, z = data_and_latents(LG)
    marginal = stats.multivariate_normal(LG.bias, LG.weight @ LG.weight.T + LG.noise_cov)
    assert np.allclose(LG.log_marginal(x), marginal.logpdf(x), rtol=1e-12)
    assert np.allclose(LG.log_prior(z), stats.norm.logpdf(z).sum(axis=2), rtol=1e-12)
    noise = stats.multivariate_normal(np.zeros(3), LG.noise_cov)
    residual = x - z @ LG.weight.T - LG.bias
    assert np.allclose(LG.log_likelihood(x, z), noise.logpdf(residual), rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (2, 3), (10, 10)])
def test_linear_gaussian_obeys_bayes_rule_at_every_z(shape):
    model = linear_gaussian(*shape, seed=1)
    x, z = data_and_latents(model)
    by_bayes = model.log_joint(x, z) - model.posterior(x).log_prob(z)
    assert np.allclose(by_bayes, model.log_marginal(x), rtol=0, atol=1e-9)


def test_linear_gaussian_samples_have_its_moments():
    z, x = LG.sample(100_000, rng=np.random.default_rng(0))
    both = np.hstack([z, x - LG.bias])
    cross = np.vstack([np.eye(2), LG.weight])
    truth = cross @ cross.T
    truth[2:, 2:] += LG.noise_cov
    for moment, expected in (
        (both, np.zeros(5)),
        (np.einsum("si,sj->sij", both, both), truth),
    ):
        error = moment.std(axis=0, ddof=1) / 100_000**0.5
        assert (np.abs(moment.mean(axis=0) - expected) < 5 * error).all()


def test_params_are_weight_bias_and_log_cholesky_of_the_noise():
    factor = np.linalg.cholesky(LG.noise_cov)
    rows = factor[np.tril_indices(3)]
    rows[[0, 2, 5]] = np.log(rows[[0, 2, 5]])
    assert np.allclose(LG.params, np.concatenate([LG.weight.ravel(), LG.bias, rows]), rtol=1e-12)


@pytest.fixture(scope="module")
def digits():
    rng = np.random.default_rng(0)
    return [data.dequantise(grey, rng=rng) for grey in data.digits(binarize=False)]


@pytest.mark.parametrize("latent_dim", [1, 8, 63])
def test_fit_is_scikit_learns_probabilistic_pca(digits, latent_dim):
    train, test = digits
    model = LinearGaussian.fit(train, latent_dim)
    pca = PCA(latent_dim, svd_solver="full").fit(train)
    # scikit-learn divides by N - 1, maximum likelihood by N.
    pca.explained_variance_ *= 1 - 1 / len(train)
    pca.noise_variance_ *= 1 - 1 / len(train)
    for x in (train, test):
        assert model.log_marginal(x).mean() == pytest.approx(pca.score(x), abs=1e-8)
    assert np.allclose(model.weight @ model.weight.T + model.noise_cov, pca.get_covariance())


def test_fit_is_a_fixed_point_of_em_and_the_maximum_of_the_likelihood(digits):
    train = digits[0][:, 20:28]
    model = LinearGaussian.fit(train, 2)
    posterior, centred = model.posterior(train), train - train.mean(axis=0)
    moments = posterior.cov.sum(axis=0) + posterior.mean.T @ posterior.mean
    weight = centred.T @ posterior.mean @ np.linalg.inv(moments)
    explained = np.einsum("nx,xz,nz->", centred, weight, posterior.mean)
    assert np.allclose(model.bias, train.mean(axis=0), rtol=1e-12)
    assert np.allclose(model.weight, weight, rtol=1e-9)
    variance = ((centred**2).sum() - explained) / train.size
    assert np.allclose(model.noise_cov, variance * np.eye(8), rtol=1e-9)
    best = model.log_marginal(train).sum()
    for scale in (0.97, 1.03):
        for changed in (
            LinearGaussian(model.weight * scale, model.bias, model.noise_cov),
            LinearGaussian(model.weight, model.bias * scale, model.noise_cov),
            LinearGaussian(model.weight, model.bias, model.noise_cov * scale),
        ):
            assert changed.log_marginal(train).sum() < best


def test_fit_orders_and_signs_its_directions(digits):
    weight = LinearGaussian.fit(digits[0], 5).weight
    length = np.linalg.norm(weight, axis=0)
    assert (np.diff(length) < 0).all()
    assert (weight[np.abs(weight).argmax(axis=0), range(5)] > 0).all()


def test_fit_of_data_that_spread_equally_in_all_directions():
    for size in np.linspace(0.1, 3, 60):  # in some of which rounding makes a negative variance
        x = size * np.vstack([np.eye(7), -np.eye(7)])
        model = LinearGaussian.fit(x, 1)
        assert np.allclose(model.weight, 0, atol=1e-6)
        assert np.allclose(model.noise_cov, size**2 / 7 * np.eye(7))


# The mixture


def test_mixture_densities_are_scipys():
    x, z = data_and_latents(MIXTURE)
    components = [
        stats.multivariate_normal(mean, cov)
        for mean, cov in zip(MIXTURE.means, MIXTURE.covs, strict=True)
    ]
    likelihood = np.stack([component.pdf(x) for component in components], axis=1)
    joint = likelihood * np.exp(MIXTURE.log_weights)
    assert np.allclose(MIXTURE.log_marginal(x), np.log(joint.sum(axis=1)), rtol=1e-12)
    posterior = joint / joint.sum(axis=1, keepdims=True)
    assert np.allclose(np.exp(MIXTURE.posterior(x).log_weights), posterior, rtol=1e-10)
    k = z[:, :, 0].astype(int)
    assert np.allclose(np.exp(MIXTURE.log_likelihood(x, z)), likelihood[np.arange(len(x)), k])
    assert np.allclose(MIXTURE.log_prior(z), MIXTURE.log_weights[k])


def test_mixture_obeys_bayes_rule_at_every_z():
    x, _ = data_and_latents(MIXTURE)
    z = np.broadcast_to(np.arange(3.0)[:, None, None], (3, len(x), 1))
    by_bayes = MIXTURE.log_joint(x, z) - MIXTURE.posterior(x).log_prob(z)
    assert np.allclose(by_bayes, MIXTURE.log_marginal(x), rtol=0, atol=1e-12)


def test_mixture_samples_have_its_moments():
    z, x = MIXTURE.sample(100_000, rng=np.random.default_rng(0))
    for k in range(3):
        mine = x[z[:, 0] == k]
        weight = np.exp(MIXTURE.log_weights[k])
        assert abs(len(mine) / 1e5 - weight) < 5 * np.sqrt(weight * (1 - weight) / 1e5)
        centred = mine - MIXTURE.means[k]
        for moment, truth in (
            (centred, np.zeros(2)),
            (np.einsum("si,sj->sij", centred, centred), MIXTURE.covs[k]),
        ):
            error = moment.std(axis=0, ddof=1) / len(mine) ** 0.5
            assert (np.abs(moment.mean(axis=0) - truth) < 5 * error).all()


def test_a_component_of_weight_zero_changes_nothing():
    x, _ = data_and_latents(MIXTURE)
    more = GaussianMixture(
        np.append(MIXTURE.log_weights, -np.inf),
        np.vstack([MIXTURE.means, x[:1]]),
        np.concatenate([MIXTURE.covs, np.eye(2)[None] * 1e-6]),
    )
    assert np.allclose(more.log_marginal(x), MIXTURE.log_marginal(x), rtol=1e-14)
    assert (more.posterior(x).log_weights[:, 3] == -np.inf).all()
    assert more.sample(1000, rng=np.random.default_rng(0))[0].max() == 2


def test_a_datum_far_from_every_component():
    far = np.array([[1e4, -1e4]])
    assert MIXTURE.log_marginal(far) < -1e6
    assert np.exp(MIXTURE.posterior(far).log_weights).sum() == pytest.approx(1)


# Decoders


def test_decoder_densities_are_scipys():
    model = MODELS["network"]
    x, z = data_and_latents(model)
    mean = model.decode(z, model.params)
    assert np.array_equal(model.mean(z), mean)
    truth = stats.norm.logpdf(x, mean, 0.7).sum(axis=2)
    assert np.allclose(model.log_likelihood(x, z), truth, rtol=1e-12)


def test_decoder_samples_have_its_moments():
    model = MODELS["network"]
    z, x = model.sample(100_000, rng=np.random.default_rng(0))
    noise = (x - model.mean(z[None])[0]) / 0.7
    for drawn in (z, noise):
        dim = drawn.shape[1]
        for moment, truth in (
            (drawn, np.zeros(dim)),
            (np.einsum("si,sj->sij", drawn, drawn), np.eye(dim)),
        ):
            error = moment.std(axis=0, ddof=1) / 100_000**0.5
            assert (np.abs(moment.mean(axis=0) - truth) < 5 * error).all()


def test_sine_is_the_toy_of_the_course():
    z = np.linspace(-3, 3, 7)[:, None, None]
    mean = 2 * np.sin(2 * z) + z / 2
    assert np.allclose(Decoder.sine(amplitude=2).mean(z), mean, rtol=1e-14)
    log_likelihood = Decoder.sine(amplitude=2, noise_scale=0.5).log_likelihood([[1.2]], z)
    assert np.allclose(log_likelihood, stats.norm.logpdf(1.2, mean[:, :, 0], 0.5), rtol=1e-12)
    assert Decoder.sine().params.tolist() == [1.0] and Decoder.sine().noise_scale == 0.3


def test_a_decoder_without_parameters_is_called_with_z_alone():
    model = Decoder(lambda z: z**2, 0.5, 1, decode_jacobian=lambda z: 2 * z[..., None])
    assert check_model(model, [[1.0], [2.0]]) == []
    assert np.allclose(model.mean([[[3.0]]]), 9)


def test_a_mean_that_overflows_has_likelihood_zero():
    model = Decoder(lambda z: np.where(z > 1, np.inf, z), 1.0, 1)
    assert model.log_likelihood([[0.0]], [[[2.0]], [[0.0]]])[0] == -np.inf


def test_a_free_noise_scale_makes_the_likelihood_unbounded():
    x = np.array([[0.0, 0.0]])
    densities = [
        Decoder(lambda z: np.concatenate([z, z**2], axis=2), s, 1).log_likelihood(x, [[[0.0]]])
        for s in (1, 0.1, 0.01)
    ]
    assert np.all(np.diff(np.ravel(densities)) > 4)


# A learner's own model


class Own:
    """z ~ N(0, 1), x | z ~ N(z, 1): right. Each subclass below gets one thing wrong."""

    latent_dim = 1

    def sample_prior(self, n_draws, n_data, *, rng):
        return rng.standard_normal((n_draws, n_data, 1))

    def log_prior(self, z):
        return stats.norm.logpdf(z[:, :, 0])

    def log_likelihood(self, x, z):
        return stats.norm.logpdf(x[:, 0], z[:, :, 0])

    def grad_z_log_joint(self, x, z):
        return x - 2 * z


def own(**changes):
    return type("Changed", (Own,), changes)()


def draw_data_first(self, n_draws, n_data, *, rng):
    return rng.standard_normal((n_data, n_draws, 1))


def draw_without_rng(self, n_draws, n_data, *, rng):
    return np.random.default_rng().standard_normal((n_draws, n_data, 1))


class WithParams(Own):
    params = np.array([0.5, 2.0])

    def with_params(self, params):
        moved = WithParams()
        moved.params = params
        return moved

    def log_likelihood(self, x, z):
        return stats.norm.logpdf(x[:, 0], self.params[0] + self.params[1] * z[:, :, 0])

    grad_z_log_joint = property()

    def grad_params_log_joint(self, x, z):
        residual = x - self.params[0] - self.params[1] * z
        return np.concatenate([residual, residual * z], axis=2)


class WrongInOneParam(WithParams):
    def grad_params_log_joint(self, x, z):
        return super().grad_params_log_joint(x, z) * [1, 1.01]


X = np.array([[0.3], [-1.0], [2.0]])


def raises(*args):
    raise KeyError("no such thing")


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (object(), "latent_dim is missing."),
        (own(latent_dim=1.0), "latent_dim is 1.0, not a whole number."),
        (own(latent_dim=2), "sample_prior has shape (4, 3, 1), not (4, 3, 2)"),
        (own(sample_prior=draw_data_first), "sample_prior has shape (3, 4, 1), not (4, 3, 1)"),
        (own(sample_prior=draw_without_rng), "sample_prior answers one rng with different draws"),
        (own(sample_prior=lambda self, n, m: 0), "sample_prior raised TypeError: "),
        (
            own(sample_prior=lambda self, n, m, rng: None),
            "sample_prior has shape (), not (4, 3, 1)",
        ),
        (own(log_prior=lambda self, z: -(z**2) / 2), "log_prior has shape (4, 3, 1), not (4, 3)"),
        (own(log_prior=lambda self, z: -(z**2).sum() / 2), "log_prior has shape (), not (4, 3)"),
        (
            own(log_prior=lambda self, z: stats.norm.logpdf(z[:, :, 0]) - np.log(z.sum() ** 2)),
            "log_prior of one draw depends on the other draws.",
        ),
        (own(log_prior=lambda self, z: np.full(z.shape[:2], np.nan)), "log_prior is not finite"),
        (own(log_prior=lambda self, z: np.full(z.shape[:2], -np.inf)), "log_prior is not finite"),
        (own(log_prior=raises), "log_prior raised KeyError: 'no such thing'"),
        (own(log_likelihood=raises), "log_likelihood raised KeyError: 'no such thing'"),
        (own(grad_z_log_joint=raises), "grad_z_log_joint raised KeyError: 'no such thing'"),
        (
            own(log_likelihood=lambda self, x, z: stats.norm.logpdf(x[:, 0], z[0, :, 0])),
            "log_likelihood has shape (3,), not (4, 3)",
        ),
        (
            own(log_likelihood=lambda self, x, z: np.full((len(z), len(x)), np.inf)),
            "log_likelihood is not finite",
        ),
        (
            own(
                log_likelihood=lambda self, x, z: stats.norm.logpdf(
                    x[:, 0], z[:1, :, 0] + 0 * z[:, :, 0]
                )
            ),
            "log_likelihood of one draw depends on the other draws.",
        ),
        (
            own(log_likelihood=lambda self, x, z: stats.norm.logpdf(x.mean(), z[:, :, 0])),
            "log_likelihood of one datum depends on the other data.",
        ),
        (
            own(
                log_likelihood=lambda self, x, z: stats.norm.logpdf(x[: z.shape[1], 0], z[:, :, 0])
            ),
            "log_likelihood does not broadcast z of shape (S, 1, Dz) over the data.",
        ),
        (own(grad_z_log_joint=lambda self, x, z: x - z), "grad_z_log_joint is not the derivative"),
        (
            own(grad_z_log_joint=lambda self, x, z: (x - 2 * z)[:, :, 0]),
            "grad_z_log_joint has shape (4, 3), not (4, 3, 1)",
        ),
        (WrongInOneParam(), "grad_params_log_joint is not the derivative"),
    ],
)
def test_check_model_names_the_mistake(model, sentence):
    found = check_model(model, X)
    assert any(sentence in mistake for mistake in found), found


@pytest.mark.parametrize("model", [Own(), WithParams(), StudentT(5.0)])
def test_check_model_finds_nothing_wrong_with_what_is_right(model):
    assert check_model(model, X) == []


def test_check_model_takes_a_datum_that_a_latent_cannot_have_made():
    def log_likelihood(self, x, z):  # uniform noise
        return np.where(np.abs(x[:, 0] - z[:, :, 0]) < 1, -np.log(2), -np.inf)

    changed = own(log_likelihood=log_likelihood, grad_z_log_joint=property())
    assert check_model(changed, X) == []


# What is refused


def sine_with(**changes):
    return Decoder(**{"decode": np.sin, "noise_scale": 0.3, "latent_dim": 1} | changes)


WEIGHT, BIAS, COV = LG.weight, LG.bias, LG.noise_cov
NOT_A_FUNCTION = [("a number", 3.0, ArgumentTypeError), ("an array", BIAS, ArgumentTypeError)]
NOT_SPD = [
    ("indefinite", COV - 10 * np.eye(3), DomainError),
    ("skew", COV + np.triu(np.ones((3, 3)), 1), DomainError),
    ("standard deviations", np.ones(3), ShapeError),
]
TRAIN = RNG.normal(size=(20, 3))
MEANS, COVS, LOG_WEIGHTS = MIXTURE.means, MIXTURE.covs, MIXTURE.log_weights
Z = np.zeros((4, 5, 1))


@pytest.mark.parametrize(
    ("call", "kind", "argument"),
    refusals(
        ("LinearGaussian", "weight", lambda v: LinearGaussian(v, BIAS, COV), bad_arrays(WEIGHT)),
        ("LinearGaussian", "bias", lambda v: LinearGaussian(WEIGHT, v, COV), bad_arrays(BIAS)),
        (
            "LinearGaussian",
            "noise_cov",
            lambda v: LinearGaussian(WEIGHT, BIAS, v),
            bad_arrays(COV) + NOT_SPD,
        ),
        (
            "fit",
            "x",
            lambda v: LinearGaussian.fit(v, 2),
            [
                *bad_arrays(TRAIN),
                ("one datum", TRAIN[:1], DomainError),
                ("constant", np.ones((9, 3)), DomainError),
                ("of rank two", TRAIN * [1, 1, 0], DomainError),
            ],
        ),
        (
            "fit",
            "latent_dim",
            lambda v: LinearGaussian.fit(TRAIN, v),
            [("all", 3, DomainError), ("none", 0, DomainError), ("2.0", 2.0, ArgumentTypeError)],
        ),
        (
            "GaussianMixture",
            "log_weights",
            lambda v: GaussianMixture(v, MEANS, COVS),
            [
                *bad_arrays(LOG_WEIGHTS, infinities=[-np.inf]),
                ("weights", np.exp(LOG_WEIGHTS), DomainError),
                ("huge", LOG_WEIGHTS + 1e3, DomainError),
                ("too few", LOG_WEIGHTS[:2], ShapeError),
            ],
        ),
        (
            "GaussianMixture",
            "means",
            lambda v: GaussianMixture(LOG_WEIGHTS, v, COVS),
            bad_arrays(MEANS),
        ),
        (
            "GaussianMixture",
            "covs",
            lambda v: GaussianMixture(LOG_WEIGHTS, MEANS, v),
            [
                *bad_arrays(COVS),
                ("one", COVS[:1], ShapeError),
                ("indefinite", COVS - 10 * np.eye(2), DomainError),
            ],
        ),
        (
            "GaussianMixture.log_prior",
            "z",
            MIXTURE.log_prior,
            [("3", Z + 3, DomainError), ("0.5", Z + 0.5, DomainError), ("-1", Z - 1, DomainError)],
        ),
        (
            "Decoder",
            "decode",
            lambda v: sine_with(decode=v),
            [*NOT_A_FUNCTION, ("None", None, ArgumentTypeError)],
        ),
        ("Decoder", "decode_jacobian", lambda v: sine_with(decode_jacobian=v), NOT_A_FUNCTION),
        ("Decoder", "params_jacobian", lambda v: sine_with(params_jacobian=v), NOT_A_FUNCTION),
        (
            "Decoder",
            "noise_scale",
            lambda v: sine_with(noise_scale=v),
            [*bad_arrays(0.3), ("zero", 0, DomainError), ("negative", -0.3, DomainError)],
        ),
        (
            "Decoder",
            "latent_dim",
            lambda v: sine_with(latent_dim=v),
            [("zero", 0, DomainError), ("1.0", 1.0, ArgumentTypeError)],
        ),
        (
            "Decoder",
            "params",
            lambda v: sine_with(params=v),
            [case for case in bad_arrays([1.0]) if case[0] != "nothing"],
        ),
        ("sine", "amplitude", lambda v: Decoder.sine(amplitude=v), bad_arrays(1.0)),
        ("sine", "noise_scale", lambda v: Decoder.sine(noise_scale=v), bad_arrays(0.3)),
        (
            "with_params of none",
            "params",
            lambda v: sine_with().with_params(v),
            [("any", [1.0], IntractableError)],
        ),
        (
            "decode",
            "decode(z)",
            lambda v: sine_with(decode=lambda z: v).mean(Z),
            [
                ("no data axis", np.zeros((4, 1)), ShapeError),
                ("data first", np.zeros((5, 4, 1)), ShapeError),
                ("no event", np.zeros((4, 5)), ShapeError),
                ("NaN", Z * np.nan, bad_arrays(0)[0][2]),
                ("nothing", None, ArgumentTypeError),
            ],
        ),
        (
            "decode_jacobian",
            "decode_jacobian(z)",
            lambda v: sine_with(decode_jacobian=lambda z: v).grad_z_log_joint(np.zeros((5, 1)), Z),
            [("no event", Z, ShapeError), ("another Dz", np.zeros((4, 5, 1, 2)), ShapeError)],
        ),
        (
            "grad_z without Jacobian",
            "decode_jacobian",
            lambda z: sine_with().grad_z_log_joint(np.zeros((5, 1)), z),
            [("any", Z, IntractableError)],
        ),
        (
            "grad_params without Jacobian",
            "params_jacobian",
            lambda z: sine_with().grad_params_log_joint(np.zeros((5, 1)), z),
            [("any", Z, IntractableError)],
        ),
        ("check_model", "x", lambda v: check_model(Own(), v), bad_arrays(X)),
    ),
)
def test_refusals(call, kind, argument):
    refused(call, kind, argument)


def test_a_latent_dim_of_numpys_integer_type_is_still_checked():
    model = sine_with(latent_dim=np.int64(1))
    assert type(model.latent_dim) is int
    refused(lambda: model.log_prior(np.zeros((4, 5, 2))), ShapeError, "z")


def test_the_posterior_is_a_family_with_one_member_a_datum():
    x, _ = data_and_latents(LG)
    posterior = LG.posterior(x)
    assert isinstance(posterior, FullRankGaussian) and posterior.mean.shape == (5, 2)
    assert np.allclose(LG.posterior(x[1:2]).mean, posterior.mean[1:2])
