"""KL against torch.distributions, against itself by Monte Carlo, and against what KL must be."""

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Categorical as TorchCategorical
from torch.distributions import MultivariateNormal, kl_divergence

from vitutor import divergences
from vitutor.distributions import Bernoulli, Categorical
from vitutor.divergences import kl, kl_monte_carlo
from vitutor.errors import ArgumentTypeError, DomainError, IntractableError, ShapeError
from vitutor.families import FullRankGaussian, MeanFieldGaussian

N_PAIRS, DIM = 200, 4


def mean_field(rng, n_data=N_PAIRS):
    shape = (n_data, DIM)
    return MeanFieldGaussian(rng.normal(size=shape), np.exp(rng.normal(size=shape)))


def full_rank(rng, n_data=N_PAIRS):
    factor = rng.normal(size=(n_data, DIM, DIM))
    cov = factor @ factor.transpose(0, 2, 1) + 0.05 * np.eye(DIM)
    return FullRankGaussian(rng.normal(size=(n_data, DIM)), cov)


def bernoulli(rng, n_data=N_PAIRS):
    return Bernoulli(3 * rng.normal(size=(n_data, DIM)))


def categorical(rng, n_data=N_PAIRS):
    return Categorical(np.log(rng.dirichlet(np.ones(DIM), size=n_data)))


def in_torch(distribution):
    if isinstance(distribution, Bernoulli):
        one = TorchBernoulli(logits=torch.tensor(distribution.logits))
        return torch.distributions.Independent(one, 1)
    if isinstance(distribution, Categorical):
        return TorchCategorical(logits=torch.tensor(distribution.log_weights))
    return MultivariateNormal(torch.tensor(distribution.mean), torch.tensor(distribution.cov))


PAIRS = [
    (mean_field, mean_field),
    (full_rank, full_rank),
    (full_rank, mean_field),
    (mean_field, full_rank),
    (bernoulli, bernoulli),
    (categorical, categorical),
]


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0].__name__}-{pair[1].__name__}")
def pair(request):
    rng = np.random.default_rng(7)
    make_q, make_p = request.param
    return make_q(rng), make_p(rng)


def test_closed_forms_equal_torch(pair):
    q, p = pair
    torchs = kl_divergence(in_torch(q), in_torch(p)).numpy()
    assert kl(q, p).shape == (N_PAIRS,)
    np.testing.assert_allclose(kl(q, p), torchs, rtol=1e-9, atol=1e-9)


def test_monte_carlo_brackets_the_closed_form(pair):
    q, p = pair
    # A half missing, or q and p exchanged, moves most of the 200 values by more than a nat.
    estimate = kl_monte_carlo(q, p, 2000, rng=np.random.default_rng(3))
    assert estimate.bias == "none" and estimate.n_draws == 2000
    assert estimate.within(kl(q, p))


def test_zero_of_itself_and_positive_otherwise(pair):
    q, p = pair
    np.testing.assert_allclose(kl(q, q), 0, atol=1e-12)
    assert (kl(q, p) > 0).all()


def test_one_distribution_stands_for_all(pair):
    q, p = pair
    np.testing.assert_allclose(kl(q, row(p)), kl(q, row(p, N_PAIRS)), rtol=1e-9)
    np.testing.assert_allclose(kl(row(q), p), kl(row(q, N_PAIRS), p), rtol=1e-9)


def row(batch, times=1):
    """The first distribution of a batch, a number of times."""
    return type(batch)(*(getattr(batch, name)[[0] * times] for name in batch.__match_args__))


def test_a_choice_that_q_never_makes_is_free_and_one_that_p_never_makes_is_infinite():
    fair = Categorical(np.log([[0.5, 0.5]]))
    with np.errstate(divide="ignore"):
        certain = Categorical(np.log([[1.0, 0.0]]))
    np.testing.assert_allclose(kl(certain, fair), np.log(2))
    assert kl(fair, certain) == np.inf
    assert kl(certain, certain) == 0


def test_extreme_logits_keep_their_digits():
    # KL(q || p) is about q's probability of one times p's surprise at it: 1 * 800 nats.
    np.testing.assert_allclose(kl(Bernoulli([[800.0]]), Bernoulli([[-800.0]])), 800)


def test_a_reader_adds_a_pair(monkeypatch):
    monkeypatch.setattr(divergences, "_CLOSED_FORMS", dict(divergences._CLOSED_FORMS))

    class Point:
        pass

    class Heavy(Point):
        pass

    @kl.register(Point, Point)
    def kl_point(q, p):
        return np.array([42.0])

    assert kl(Heavy(), Point()) == kl(Point(), Heavy()) == 42
    with pytest.raises(IntractableError, match=r"a Point and a Bernoulli.*kl_monte_carlo"):
        kl(Point(), Bernoulli([[0.0]]))


@pytest.mark.parametrize("shapes", [((2, 3), (2, 2)), ((2, 3), (3, 3))])
@pytest.mark.parametrize(
    "kind", [MeanFieldGaussian.standard, lambda n, d: Bernoulli(np.ones((n, d)))]
)
def test_batches_that_do_not_match(shapes, kind):
    with pytest.raises(ShapeError, match="parameters of shape"):
        kl(*(kind(*shape) for shape in shapes))


def test_bad_draws():
    q = MeanFieldGaussian.standard(1, 2)
    with pytest.raises(ArgumentTypeError, match="rng"):
        kl_monte_carlo(q, q, 10, rng=0)
    with pytest.raises(DomainError, match="n_draws"):
        kl_monte_carlo(q, q, 0, rng=np.random.default_rng(0))
