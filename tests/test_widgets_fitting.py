"""What the ELBO's climb and the landscape of learning show beside what the package computes."""

import numpy as np
import pytest

from vitutor import elbo
from vitutor.em import fit_em
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.models import LinearGaussian
from vitutor.widgets import climb, landscape

X = np.sqrt([[3.0], [3.0]]) * [[1], [-1]]


def test_climb_stops_where_independence_does():
    rho = -0.8  # precision 5 on the diagonal, 4 beside it
    assert climb.LOG_EVIDENCE - climb.ceiling() == pytest.approx(-0.5 * np.log(1 - rho**2))


@pytest.mark.parametrize("gradient", climb.GRADIENTS)
def test_climb_learns_unless_detached(gradient):
    shown = climb.compute(-0.5, 2.8, 1.0, gradient, climb.N_STEPS)
    assert len(shown.elbo) == climb.N_STEPS + 1
    assert shown.elbo[0] == pytest.approx(-8.276, abs=1e-3)
    assert (shown.elbo <= climb.ceiling() + 1e-9).all()
    assert (shown.elbo[-30:].mean() > climb.ceiling() - 0.7) == (gradient != "detached")


def test_climb_shows_a_prefix_of_one_path():
    whole = climb.compute(1.0, -1.0, 0.5, "reparameterised", 60)
    part = climb.compute(1.0, -1.0, 0.5, "reparameterised", 20)
    np.testing.assert_array_equal(part.q.params, whole.q.params[:21])


def independent(model, x):
    posterior = model.posterior(x)
    variance = 1 / np.diagonal(np.linalg.inv(posterior.cov), axis1=1, axis2=2)
    return MeanFieldGaussian(posterior.mean, np.sqrt(variance))


def any_gaussian(model, x):
    posterior = model.posterior(x)
    return FullRankGaussian(posterior.mean, posterior.cov)


BEST_Q = {landscape.INDEPENDENT: independent, landscape.ANY: any_gaussian}


def model(noise_variance):
    return LinearGaussian([[1.0, 1.0]], [0.0], [[noise_variance]])


@pytest.mark.parametrize("family", BEST_Q)
@pytest.mark.parametrize("noise_variance", [0.4, 1.0, 4.0])
@pytest.mark.parametrize("fitted_at", [0.5, 1.0, 3.0])
def test_landscape_is_the_elbo(family, noise_variance, fitted_at):
    here = model(noise_variance)
    wanted = elbo.evidence_minus_gap(here, X, BEST_Q[family](model(fitted_at), X)).value.mean()
    assert landscape.elbo(noise_variance, fitted_at, family) == pytest.approx(wanted, abs=1e-12)
    assert landscape.log_evidence(noise_variance) == pytest.approx(here.log_marginal(X)[0])


@pytest.mark.parametrize("family", BEST_Q)
@pytest.mark.parametrize("fitted_at", [0.5, 1.0, 3.0])
def test_landscape_marks_the_top_of_the_curve(family, fitted_at):
    shown = landscape.compute(1.0, fitted_at, family)
    nearby = landscape.elbo(shown.top + np.array([-1e-3, 0, 1e-3]), fitted_at, family)
    assert nearby.argmax() == 1


def test_landscape_knows_both_optima():
    at = np.linspace(0.5, 4, 350_001)
    assert at[landscape.log_evidence(at).argmax()] == pytest.approx(1, abs=1e-4)
    best = at[landscape.elbo(at, at, landscape.INDEPENDENT).argmax()]
    assert landscape.BEST == pytest.approx(best, abs=1e-4) == pytest.approx(2.196, abs=1e-3)


def test_landscape_sweeps_as_em_does():
    def noise_only(here, x, q):
        misfit = (x - q.mean.sum(axis=1, keepdims=True)) ** 2
        return model(misfit.mean() + q.cov[0].sum())

    _, trace = fit_em(model(1.0), X, 3, e_step=independent, m_step=noise_only)
    at = 1.0
    for learnt in trace.models[1:]:
        at = landscape.compute(at, at, landscape.INDEPENDENT).top
        assert learnt.noise_cov[0, 0] == pytest.approx(at, abs=1e-12)
