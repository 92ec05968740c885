"""Annealing against exact evidence: unbiased weights, bounds on their own sides, sandwiches."""

import numpy as np
import pytest

from vitutor import annealing, evidence
from vitutor.annealing import ais, reverse_ais
from vitutor.errors import ArgumentTypeError, DomainError, ShapeError
from vitutor.grid import exact_posterior
from vitutor.models import Decoder, GaussianMixture, LinearGaussian
from vitutor.numerics import logmeanexp

LINEAR = LinearGaussian(
    [[1.0, 0.5], [-0.3, 0.8], [0.4, -1.1]],
    [0.2, -0.1, 0.0],
    [[0.2, 0.05, 0.0], [0.05, 0.1, 0.0], [0.0, 0.0, 0.3]],
)
LINEAR_X = np.array([[0.7, -0.4, 1.0], [-1.2, 0.3, 0.1]])
SINE, SINE_X = Decoder.sine(), np.array([[1.2], [-0.5]])
# The same model, that does not know its gradient.
BLIND = Decoder(lambda z: np.sin(2 * z) + z / 2, noise_scale=0.3, latent_dim=1)
CASES = {"linear": (LINEAR, LINEAR_X), "sine": (SINE, SINE_X), "blind": (BLIND, SINE_X)}
every_case = pytest.mark.parametrize(("model", "x"), CASES.values(), ids=CASES)


def truth(model, x):
    known = evidence.exact if hasattr(model, "log_marginal") else evidence.quadrature
    return known(model, x).value


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.one_seed
@every_case
def test_a_sandwich_closes_on_the_truth(model, x):
    # A move that does not leave f_b as it is shifts these by many standard errors.
    up = ais(model, x, 1000, n_temperatures=200, rng=rng(1))
    z = exact_posterior(model, x).sample(1000, rng=rng(2))
    down = reverse_ais(model, x, z, n_temperatures=200, rng=rng(3))
    assert (up.bias, down.bias) == ("down", "up")
    assert up.n_draws == down.n_draws == 1000
    for estimate in (up, down):
        assert (estimate.std_error < 0.03).all()
        assert (estimate.ess < 1000).all() and estimate.pareto_k.shape == (len(x),)
        assert estimate.within(truth(model, x))
    assert (np.abs(down.value - up.value) < 0.15).all()


@every_case
def test_one_chain_at_a_time_lies_on_its_own_side(model, x):
    # N copies of a datum are N runs of one chain, whose bias is largest.
    copies = np.repeat(x[:1], 300, axis=0)
    exact = truth(model, x[:1])
    gaps = []
    for n_temperatures in (8, 32):
        up = ais(model, copies, 1, n_temperatures=n_temperatures, rng=rng(4)).value
        z = exact_posterior(model, x[:1]).sample(300, rng=rng(5)).swapaxes(0, 1)
        down = reverse_ais(model, copies, z, n_temperatures=n_temperatures, rng=rng(6)).value
        for runs, side in ((up, -1), (down, 1)):
            error = side * (runs.mean() - exact)
            assert error > 5 * runs.std() / np.sqrt(300)
        gaps.append(down.mean() - up.mean())
    # The sandwich's height falls with the number of temperatures.
    assert gaps[1] < 0.6 * gaps[0]


@pytest.mark.one_seed
def test_twenty_dimensions_where_naive_monte_carlo_is_lost():
    generator = rng(10)
    model = LinearGaussian(np.eye(20), np.zeros(20), 0.05 * np.eye(20))
    z, x = model.sample(2, rng=generator)
    exact = model.log_marginal(x)
    naive = evidence.naive_monte_carlo(model, x, 20_000, rng=generator)
    assert (naive.value < exact - 5).all()
    up = ais(model, x, 100, n_temperatures=200, rng=generator)
    # A model's own sample brings one exact draw of the posterior: a bound without an error bar.
    down = reverse_ais(model, x, z[None], n_temperatures=200, rng=generator)
    assert np.isposinf(down.std_error).all()
    assert up.within(exact) and (np.abs(up.value - exact) < 1.5).all()
    assert (np.abs(down.value - exact) < 6).all()


def test_the_gradient_helps():
    sighted = LinearGaussian(np.eye(10), np.zeros(10), 0.1 * np.eye(10))
    blind = Decoder(lambda z: z, noise_scale=np.sqrt(0.1), latent_dim=10)
    _, x = sighted.sample(1, rng=rng(11))
    ess = [
        ais(model, x, 500, n_temperatures=100, rng=rng(12)).ess.item() for model in (sighted, blind)
    ]
    assert ess[0] > 3 * ess[1]


def test_the_drift_is_the_gradient_of_what_is_walked():
    # A wrong drift only wastes moves, which the bounds would not show.
    walk = annealing._Walk(SINE, SINE_X, 2, rng(16))
    z, b, step = rng(17).standard_normal((5, 2, 1)), 0.3, 1e-6
    numeric = walk._look(z + step).log_density(b) - walk._look(z - step).log_density(b)
    np.testing.assert_allclose(
        walk._look(z).gradient(b)[:, :, 0], numeric / (2 * step), rtol=1e-5, atol=1e-6
    )


def test_one_temperature_is_naive_monte_carlo():
    generator = rng(13)
    SINE.sample_prior(annealing.N_PILOT, 2, rng=generator)
    z = SINE.sample_prior(100, 2, rng=generator)
    estimate = ais(SINE, SINE_X, 100, n_temperatures=1, rng=rng(13))
    np.testing.assert_allclose(estimate.value, logmeanexp(SINE.log_likelihood(SINE_X, z)))


def test_the_same_seed_gives_the_same_estimate():
    one, other = (ais(SINE, SINE_X, 20, n_temperatures=5, rng=rng(14)) for _ in range(2))
    np.testing.assert_array_equal(one.value, other.value)


def test_a_likelihood_of_zero_is_a_weight_of_zero():
    class Window:
        """x | z is uniform within one half of z, so most places are impossible."""

        latent_dim = 1
        sample_prior, log_prior = SINE.sample_prior, SINE.log_prior

        def log_likelihood(self, x, z):
            return np.where(np.abs(x - z)[:, :, 0] < 0.5, 0.0, -np.inf)

    # p(x) is the normal probability of the window. At any b the likelihood is zero or one, so
    # annealing can do no better than naive Monte Carlo, and must do no worse.
    estimate = ais(Window(), [[0.0]], 20_000, n_temperatures=3, rng=rng(15))
    assert estimate.within(np.log([0.3829249]))


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"n_temperatures": 0}, DomainError, "n_temperatures"),
        ({"n_temperatures": 10.0}, ArgumentTypeError, "n_temperatures"),
        ({"rng": 0}, ArgumentTypeError, "rng"),
        ({"x": [1.2]}, ShapeError, "x"),
    ],
)
def test_bad_arguments(changed, error, name):
    good = {"x": SINE_X, "n_temperatures": 5, "rng": rng()} | changed
    with pytest.raises(error, match=name):
        ais(SINE, n_draws=10, **good)
    with pytest.raises(error, match=name):
        reverse_ais(SINE, z_exact=np.zeros((3, 2, 1)), **good)


def test_more_bad_arguments():
    with pytest.raises(DomainError, match="n_draws"):
        ais(SINE, SINE_X, 0, n_temperatures=5, rng=rng())
    for shape in [(3, 1, 1), (2, 1), (3, 2, 2)]:
        with pytest.raises(ShapeError, match="z_exact"):
            reverse_ais(SINE, SINE_X, np.zeros(shape), n_temperatures=5, rng=rng())
    with pytest.raises(ArgumentTypeError, match="model: got a object without latent_dim"):
        ais(object(), SINE_X, 10, n_temperatures=5, rng=rng())
    mixture = GaussianMixture(np.log([0.5, 0.5]), [[0.0], [1.0]], np.ones((2, 1, 1)))
    with pytest.raises(DomainError, match=r"evidence\.exact"):
        ais(mixture, SINE_X, 10, n_temperatures=5, rng=rng())
