"""The Gaussian families against scipy.stats; what both keep is in test_contracts.py."""

import numpy as np
import pytest
from examples import covariance
from refusals import bad_arrays, refusals, refused
from scipy import stats

from vitutor.errors import DomainError, ShapeError
from vitutor.families import FullRankGaussian, MeanFieldGaussian

RNG = np.random.default_rng(0)
MEAN, SCALE = RNG.normal(size=(3, 2)), np.exp(RNG.normal(size=(3, 2)))
COV = np.array([covariance(RNG, 2) for _ in range(3)])
MEAN_FIELD, FULL_RANK = MeanFieldGaussian(MEAN, SCALE), FullRankGaussian(MEAN, COV)


@pytest.mark.parametrize("q", [MEAN_FIELD, FULL_RANK], ids=["mean field", "full rank"])
def test_density_and_entropy_are_scipys(q):
    z = RNG.normal(size=(10, 3, 2))
    for n in range(3):
        truth = stats.multivariate_normal(MEAN[n], q.cov[n])
        assert np.allclose(q.log_prob(z)[:, n], truth.logpdf(z[:, n]), rtol=1e-10)
        assert q.entropy()[n] == pytest.approx(truth.entropy(), rel=1e-12)


def test_scale_is_a_standard_deviation_and_cov_a_covariance():
    z = np.array([[[0.2]]])
    assert MeanFieldGaussian([[0]], [[0.1]]).log_prob(z) == pytest.approx(-0.6163535598)
    assert FullRankGaussian([[0]], [[[0.1]]]).log_prob(z) == pytest.approx(0.0323540133)
    assert np.allclose(MEAN_FIELD.cov, [np.diag(s**2) for s in SCALE], rtol=1e-14)


def test_params_are_mean_then_log_scale():
    assert np.allclose(MEAN_FIELD.params, np.hstack([MEAN, np.log(SCALE)]), rtol=1e-14)


def test_params_are_mean_then_cholesky_rows_with_log_diagonal():
    factor = np.linalg.cholesky(COV)
    rows = np.stack([np.log(factor[:, 0, 0]), factor[:, 1, 0], np.log(factor[:, 1, 1])], axis=1)
    assert np.allclose(FULL_RANK.params, np.hstack([MEAN, rows]), rtol=1e-12)


def test_with_params_keeps_digits_that_a_covariance_loses():
    params = np.array([[0.0, 0.0, -20.0, 1.0, -20.0]])
    q = FULL_RANK.with_params(np.repeat(params, 3, axis=0))
    assert np.array_equal(q.params[:1], params)
    assert q.entropy()[0] == pytest.approx(-40 + 1 + np.log(2 * np.pi), rel=1e-14)


def test_standard():
    q = MeanFieldGaussian.standard(2, 3)
    assert q.mean.shape == (2, 3) and (q.mean == 0).all() and (q.scale == 1).all()


def test_transform_is_mean_plus_factor_times_noise():
    eps = RNG.normal(size=(4, 3, 2))
    assert np.allclose(MEAN_FIELD.transform(eps), MEAN + SCALE * eps, rtol=1e-14)
    factor = np.linalg.cholesky(COV)
    assert np.allclose(
        FULL_RANK.transform(eps), MEAN + np.einsum("nij,snj->sni", factor, eps), rtol=1e-12
    )


def test_the_diagonal_case_of_both_is_the_same_distribution():
    diagonal = FullRankGaussian(MEAN, MEAN_FIELD.cov)
    z = RNG.normal(size=(5, 3, 2))
    assert np.allclose(diagonal.log_prob(z), MEAN_FIELD.log_prob(z), rtol=1e-12)
    assert np.allclose(diagonal.score(z)[:, :, [0, 1, 2, 4]], MEAN_FIELD.score(z), rtol=1e-12)


def test_a_nearly_singular_covariance():
    cov = np.array([[[1.0, 1 - 1e-12], [1 - 1e-12, 1.0]]])
    q = FullRankGaussian([[0.0, 0.0]], cov)
    z = q.sample(1000, rng=np.random.default_rng(0))
    # Two thirds of the draws' log density is known: the mean of -eps.eps / 2 is -1.
    log_prob = q.log_prob(z)
    error = log_prob.std(ddof=1) / 1000**0.5
    assert abs(log_prob.mean() + q.entropy()) < 5 * error + 1e-3


NOT_SPD = [
    ("not symmetric", COV + np.triu(np.ones((2, 2)), 1), DomainError),
    ("indefinite", COV - 10 * np.eye(2), DomainError),
    ("singular", np.ones((3, 2, 2)), DomainError),
    ("zero", np.zeros((3, 2, 2)), DomainError),
    ("for one datum", COV[:1], ShapeError),
    ("not square", COV[:, :, :1], ShapeError),
    ("scales", SCALE, ShapeError),
]


@pytest.mark.parametrize(
    ("call", "kind", "argument"),
    refusals(
        ("MeanField", "mean", lambda v: MeanFieldGaussian(v, SCALE), bad_arrays(MEAN)),
        ("MeanField", "scale", lambda v: MeanFieldGaussian(MEAN, v), bad_arrays(SCALE)),
        (
            "MeanField",
            "scale",
            lambda v: MeanFieldGaussian(MEAN, v),
            [
                ("zero", 0 * SCALE, DomainError),
                ("negative", -SCALE, DomainError),
                ("one row", SCALE[:1], ShapeError),
                ("covariances", COV, ShapeError),
            ],
        ),
        ("FullRank", "mean", lambda v: FullRankGaussian(v, COV), bad_arrays(MEAN)),
        ("FullRank", "cov", lambda v: FullRankGaussian(MEAN, v), bad_arrays(COV) + NOT_SPD),
        (
            "standard",
            "n_data",
            lambda v: MeanFieldGaussian.standard(v, 2),
            [("zero", 0, DomainError)],
        ),
        (
            "standard",
            "latent_dim",
            lambda v: MeanFieldGaussian.standard(2, v),
            [("negative", -1, DomainError)],
        ),
    ),
)
def test_refusals(call, kind, argument):
    refused(call, kind, argument)
