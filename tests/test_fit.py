"""The loop: exact optima reached from bad starts, and nothing hidden about how it got there."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitutor import elbo
from vitutor import fit as fit_module
from vitutor.divergences import kl
from vitutor.errors import ArgumentTypeError, DomainError, NonFiniteError, ShapeError
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.fit import fit, fit_coordinate_ascent
from vitutor.gradients import reparameterised, score_function
from vitutor.models import Decoder, LinearGaussian
from vitutor.optim import Adam, GradientAscent, Momentum

MODEL = LinearGaussian(
    weight=[[1.0, 0.5], [0.3, -1.2], [0.8, 0.7]],
    bias=[0.1, -0.2, 0.3],
    noise_cov=[[0.5, 0.1, 0.0], [0.1, 0.4, 0.05], [0.0, 0.05, 0.6]],
)
X = np.array([[1.2, -0.7, 0.4], [-2.0, 0.3, 1.1]])
STICKING = partial(reparameterised, sticking_the_landing=True)


def best_mean_field(model, x):
    """The mean-field optimum in closed form: the posterior's mean, and its precision's diagonal."""
    posterior = model.posterior(x)
    curvature = np.diagonal(np.linalg.inv(posterior.cov), axis1=1, axis2=2)
    return MeanFieldGaussian(posterior.mean, 1 / np.sqrt(curvature))


# Far off, too wide in one direction and too narrow in the other.
BAD = {
    "mean-field": MeanFieldGaussian([[5.0, -4.0], [0.0, 7.0]], [[3.0, 0.1], [0.1, 3.0]]),
    "full-rank": FullRankGaussian(
        [[5.0, -4.0], [0.0, 7.0]], [[[9.0, 0.2], [0.2, 0.01]], [[0.01, 0.0], [0.0, 9.0]]]
    ),
}
OPTIMUM = {"mean-field": best_mean_field(MODEL, X), "full-rank": MODEL.posterior(X)}


def climb(family="mean-field", *, x=X, **changes):
    """A short run, or with changes another."""
    arguments = {
        "gradient": reparameterised,
        "optimiser": Adam(0.05),
        "n_steps": 200,
        "n_draws": 5,
        "rng": np.random.default_rng(0),
    }
    return fit(MODEL, x, BAD[family], **(arguments | changes))


@pytest.mark.parametrize("gradient", [reparameterised, STICKING], ids=["plain", "sticking"])
@pytest.mark.parametrize("family", BAD)
def test_reaches_the_exact_optimum_from_a_bad_start(family, gradient):
    q, trace = climb(family, gradient=gradient, n_steps=5000, n_draws=100, tolerance=5e-3)
    best, posterior = OPTIMUM[family], MODEL.posterior(X)
    assert trace.settled
    np.testing.assert_allclose(q.mean, best.mean, atol=1e-2)
    np.testing.assert_allclose(q.cov, best.cov, atol=1e-2)
    lost = kl(q, posterior) - kl(best, posterior)
    assert (lost > -1e-12).all() and (lost < 1e-3).all()
    if family == "full-rank":
        assert (kl(q, posterior) < 1e-3).all()


@pytest.mark.parametrize("optimiser", [GradientAscent(0.02), Momentum(0.004)], ids=str)
def test_reaches_it_by_any_optimiser(optimiser):
    q, _ = climb(gradient=STICKING, optimiser=optimiser, n_steps=5000, tolerance=5e-3)
    np.testing.assert_allclose(q.mean, OPTIMUM["mean-field"].mean, atol=2e-2)
    np.testing.assert_allclose(q.cov, OPTIMUM["mean-field"].cov, atol=2e-2)


def test_reaches_it_by_the_score_function():
    posterior = MODEL.posterior(X)
    gradient = partial(score_function, baseline=MODEL.log_marginal(X))
    start = MeanFieldGaussian.standard(2, 2)
    q, _ = fit(
        MODEL,
        X,
        start,
        gradient=gradient,
        optimiser=Adam(0.02),
        n_steps=10_000,
        n_draws=20,
        rng=np.random.default_rng(0),
        tolerance=1e-2,
    )
    best = OPTIMUM["mean-field"]
    assert (kl(q, posterior) - kl(best, posterior) < 5e-3).all()
    assert (kl(start, posterior) - kl(best, posterior) > 0.5).all()


def test_reaches_the_best_gaussian_of_the_sine_model():
    # S18's q*, found there by quadrature: N(0.871, 0.317^2), with an ELBO of -1.1269.
    q, trace = fit(
        Decoder.sine(),
        [[1.2]],
        MeanFieldGaussian([[0.5]], [[0.5]]),
        gradient=reparameterised,
        optimiser=Adam(0.02),
        n_steps=5000,
        n_draws=300,
        rng=np.random.default_rng(0),
        tolerance=2e-3,
    )
    assert trace.settled
    assert q.mean.item() == pytest.approx(0.871, abs=5e-3)
    assert q.scale.item() == pytest.approx(0.317, abs=5e-3)
    z = q.sample(200_000, rng=np.random.default_rng(1))
    bound = elbo.joint_minus_log_q(Decoder.sine(), np.array([[1.2]]), q, z)
    assert bound.within(-1.1269) and bound.std_error.item() < 0.005


@dataclass(frozen=True, eq=False)
class LinearEncoder:
    """An amortised family: mean = V x + c and one log scale, parameters that all data share."""

    x: np.ndarray
    params: np.ndarray

    @property
    def q(self):
        latent_dim = 2
        gain, offset, log_scale = np.split(self.params, [6, 8])
        mean = self.x @ gain.reshape(latent_dim, 3).T + offset
        return MeanFieldGaussian(mean, np.broadcast_to(np.exp(log_scale), mean.shape))

    def with_params(self, params):
        return LinearEncoder(self.x, params)

    def __getattr__(self, name):
        return getattr(self.q, name)

    def pull_back(self, eps, grad_z):
        grad_mean, grad_log_scale = np.split(self.q.pull_back(eps, grad_z), 2, axis=2)
        grad_gain = grad_mean[:, :, :, None] * self.x[:, None, :]
        flat = grad_gain.reshape(*eps.shape[:2], -1)
        return np.concatenate([flat, grad_mean, grad_log_scale], axis=2)

    def grad_log_det(self, eps):
        return np.repeat([0.0, 1.0], [8, 2])


def test_parameters_that_all_data_share_move_by_the_sum_over_data():
    # S22: the mean-field optimum of this model is linear in x, so a linear encoder loses nothing.
    rng = np.random.default_rng(0)
    _, x = MODEL.sample(30, rng=rng)
    start = LinearEncoder(x, np.zeros(10))
    q, trace = fit(
        MODEL,
        x,
        start,
        gradient=STICKING,
        optimiser=Adam(0.02),
        n_steps=5000,
        n_draws=5,
        rng=rng,
        tolerance=2e-3,
    )
    best = best_mean_field(MODEL, x)
    np.testing.assert_allclose(q.mean, best.mean, atol=1e-2)
    np.testing.assert_allclose(q.scale, best.scale, atol=1e-2)
    assert trace.params.shape[1:] == (10,) and trace.elbo.value.shape[1] == 30


def test_one_step_for_all_data_is_the_sum_of_a_step_for_each():
    start = LinearEncoder(X, np.linspace(-0.3, 0.4, 10))
    draws = reparameterised(MODEL, X, start.q, 5, rng=np.random.default_rng(0))
    of_mean, of_log_scale = np.split(draws.mean(axis=0), 2, axis=1)
    expected = [*(of_mean.T @ X).ravel(), *of_mean.sum(axis=0), *of_log_scale.sum(axis=0)]
    _, trace = fit(
        MODEL,
        X,
        start,
        gradient=reparameterised,
        optimiser=GradientAscent(0.01),
        n_steps=1,
        n_draws=5,
        rng=np.random.default_rng(0),
    )
    np.testing.assert_allclose((trace.params[1] - trace.params[0]) / 0.01, expected, rtol=1e-9)


def by_hand(q, optimiser, n_steps, n_draws, rng):
    """The same loop, with the gradient of each draw written out for the mean-field family."""
    params, state = q.params, optimiser.init(q.params)
    precision = np.linalg.inv(MODEL.noise_cov)
    for _ in range(n_steps):
        mean, scale = params[:, :2], np.exp(params[:, 2:])
        eps = rng.standard_normal((n_draws, 2, 2))
        z = mean + scale * eps
        residual = X - MODEL.bias - z @ MODEL.weight.T
        grad_z = residual @ precision @ MODEL.weight - z
        # The entropy's share of the gradient, 1 in each log scale, is known without draws.
        draws = np.concatenate([grad_z, grad_z * scale * eps + 1], axis=2)
        params, state = optimiser.ascend(params, draws.mean(axis=0), state)
    return params


def test_takes_the_steps_that_a_loop_by_hand_takes():
    q, trace = climb(n_steps=57)
    expected = by_hand(BAD["mean-field"], Adam(0.05), 57, 5, np.random.default_rng(0))
    np.testing.assert_allclose(q.params, expected, rtol=1e-9)
    np.testing.assert_array_equal(trace.steps, [0, 10, 20, 30, 40, 50, 57])
    np.testing.assert_array_equal(trace.params[0], BAD["mean-field"].params)
    np.testing.assert_allclose(trace.params[-1], q.params)
    assert not trace.settled


def test_resumes_where_it_ended():
    whole, of_whole = climb("full-rank", n_steps=200)
    rng = np.random.default_rng(0)
    _, first = climb("full-rank", n_steps=83, rng=rng)
    resumed, trace = climb("full-rank", n_steps=117, rng=rng, resume=first)
    np.testing.assert_array_equal(resumed.params, whole.params)
    np.testing.assert_array_equal(trace.steps, sorted([*of_whole.steps, 83]))
    np.testing.assert_array_equal(trace.params[[0, 8, -1]], of_whole.params[[0, 8, -1]])
    assert trace.elbo.value.shape == (22, 2)
    np.testing.assert_array_equal(trace.elbo.value[:10], first.elbo.value)


def test_the_trace_estimates_the_bound_along_its_path():
    _, trace = climb("full-rank", n_steps=400, n_draws=200)
    exact = np.array([elbo.evidence_minus_gap(MODEL, X, q).value for q in trace.path])
    z_scores = (trace.elbo.value - exact) / trace.elbo.std_error
    assert trace.elbo.n_draws == 200
    assert np.abs(z_scores).max() < 5
    assert 0.7 < z_scores.std() < 1.3
    assert (exact[-1] - exact[0] > 50).all()


def test_does_not_call_a_drift_settled():
    # Too slow to have arrived anywhere: over a quarter of the path it moves by 0.1 and more.
    _, trace = climb(optimiser=Adam(0.001), n_steps=1500, tolerance=0.05)
    assert not trace.settled and trace.steps[-1] == 1500


def test_a_settled_run_returns_the_mean_of_the_half_that_settled():
    q, trace = climb(n_steps=5000, tolerance=0.05)
    quarter = len(trace.steps) // 4
    assert trace.settled and trace.steps[-1] < 5000 and trace.steps[-1] % 100 == 0
    np.testing.assert_allclose(q.params, trace.params[-2 * quarter :].mean(axis=0), rtol=1e-12)
    moved = trace.params[-quarter:].mean(axis=0) - trace.params[-2 * quarter : -quarter].mean(
        axis=0
    )
    assert np.abs(moved).max() <= 0.05


def test_a_run_that_diverges_names_its_step():
    with pytest.raises(NonFiniteError, match=r"at step \d+.*learning_rate") as caught:
        climb(optimiser=GradientAscent(0.3))
    step = int(caught.value.argument.rpartition(" ")[2])
    assert 1 < step < 20
    # One step less, and it was still alive.
    _, trace = climb(optimiser=GradientAscent(0.3), n_steps=step - 1)
    assert np.isfinite(trace.params).all() and np.abs(trace.params[-1]).max() > 20


def test_a_gradient_that_is_not_finite_names_its_step():
    calls = iter(range(1, 100))

    def spoiled(model, x, q, n_draws, *, rng):
        draws = reparameterised(model, x, q, n_draws, rng=rng)
        draws[2, 1, 3] = np.nan if next(calls) == 13 else 0.0
        return draws

    with pytest.raises(NonFiniteError, match=r"^gradient at step 13: got nan at index \(1, 3\)"):
        climb(gradient=spoiled)


def test_short_runs_are_silent_and_long_ones_show_a_bar(capsys, monkeypatch):
    climb()
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(fit_module, "PATIENCE", -1.0)
    q, _ = climb()
    out, err = capsys.readouterr()
    assert out == "" and "200/200" in err
    np.testing.assert_array_equal(q.params, climb()[0].params)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"x": X * np.nan}, NonFiniteError, "x: got nan"),
        ({"x": X[0]}, ShapeError, "x"),
        ({"x": X[:1]}, ShapeError, "one for each of the 1 data"),
        ({"n_steps": 0}, DomainError, "n_steps"),
        ({"n_steps": 2.5}, ArgumentTypeError, "n_steps"),
        ({"n_draws": 0}, DomainError, "n_draws"),
        ({"rng": 3}, ArgumentTypeError, "default_rng"),
        ({"tolerance": 0.0}, DomainError, "tolerance"),
        ({"gradient": "score"}, ArgumentTypeError, "gradient"),
        ({"resume": BAD["mean-field"]}, ArgumentTypeError, "resume"),
        ({"tolerance": np.nan}, NonFiniteError, "tolerance"),
        (
            {"gradient": lambda *args, **kwargs: reparameterised(*args, **kwargs).mean(axis=0)},
            ShapeError,
            "not their mean",
        ),
    ],
)
def test_arguments_that_do_not_fit(changes, error, words):
    with pytest.raises(error, match=words):
        climb(**changes)


# Coordinate ascent


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), latent_dim=st.integers(1, 3))
def test_no_sweep_lowers_the_bound_and_the_last_is_the_optimum(seed, latent_dim):
    rng = np.random.default_rng(seed)
    model = LinearGaussian(
        rng.standard_normal((3, latent_dim)), rng.standard_normal(3), np.diag(rng.uniform(1, 2, 3))
    )
    x = 3 * rng.standard_normal((5, 3))
    start = MeanFieldGaussian(
        5 * rng.standard_normal((5, latent_dim)), rng.lognormal(size=(5, latent_dim))
    )
    q, trace = fit_coordinate_ascent(model, x, 150, q=start)
    assert trace.path[0] is start and trace.path[-1] is q
    assert trace.elbo.value.shape == (151, 5) and (trace.elbo.std_error == 0).all()
    assert (np.diff(trace.elbo.value, axis=0) > -1e-9).all()
    best = best_mean_field(model, x)
    np.testing.assert_allclose(q.scale, best.scale, rtol=1e-10)
    np.testing.assert_allclose(q.mean, best.mean, atol=1e-6)


def test_each_sweep_shrinks_the_error_by_the_squared_correlation():
    _, trace = fit_coordinate_ascent(MODEL, X, 6)
    precision = np.linalg.inv(MODEL.posterior(X).cov[0])
    rate = precision[0, 1] ** 2 / (precision[0, 0] * precision[1, 1])
    error = np.array([q.mean for q in trace.path]) - MODEL.posterior(X).mean
    np.testing.assert_allclose(error[2:] / error[1:-1], rate, rtol=1e-6)


def test_starts_at_the_prior_unless_told_otherwise():
    _, trace = fit_coordinate_ascent(MODEL, X, 1)
    np.testing.assert_array_equal(trace.path[0].mean, 0)
    np.testing.assert_array_equal(trace.path[0].scale, 1)


def test_under_dispersion_is_the_posteriors_correlation():
    # Mean-field variance over posterior variance is 1 - rho^2 in two dimensions.
    q, _ = fit_coordinate_ascent(MODEL, X, 50)
    cov = MODEL.posterior(X).cov[0]
    rho_squared = cov[0, 1] ** 2 / (cov[0, 0] * cov[1, 1])
    np.testing.assert_allclose(q.scale[0] ** 2 / np.diag(cov), 1 - rho_squared, rtol=1e-10)
