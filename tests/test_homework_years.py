"""What homework texts and model answers say in words holds in the variant of every year."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from homework.course import Course
from vitutor.checks.homework import Homework
from vitutor.checks.homework.hw1.detectors import log_poisson, prior_of
from vitutor.checks.homework.hw1.marginal import on_line
from vitutor.checks.homework.hw2.sensor import full_scale, log_evidence, log_joint, prior_line
from vitutor.checks.homework.hw4.strip import Strip
from vitutor.estimate import Estimate
from vitutor.numerics import effective_sample_size

YEARS = range(2024, 2035)


def questions(name, year):
    return Course().judging(name, year)[1]


@pytest.mark.parametrize("year", YEARS)
def test_some_zeros_speak_for_own_shutters_and_none_or_all_for_a_single_one(year):
    c = Homework("hw1", variant=year).constants
    z, weights = on_line(c)
    log_mass, x = np.log(weights) + prior_of(c).logpdf(z), c.counts
    shut, open_, dark = np.log(c.closed), np.log1p(-c.closed), (x == 0).all(axis=1)
    seen = log_poisson(c, x, z[:, None, None])
    either = np.logaddexp(np.where(x == 0, shut, -np.inf), open_ + seen)
    none, own = (logsumexp(log_mass[:, None] + f.sum(axis=2), axis=0) for f in (seen, either))
    gain = own - np.logaddexp(np.where(dark, shut, -np.inf), open_ + none)
    some = (x == 0).any(axis=1) & ~dark
    assert gain[some].sum() > 0
    assert gain[dark].sum() < 0 and gain[~some & ~dark].sum() < 0
    assert 0.3 < gain.mean() / stats.sem(gain) < 6.5


@pytest.mark.parametrize("year", YEARS)
def test_a_run_that_saw_nothing_of_the_posterior_is_not_repaired_by_the_correction(year):
    c, asked = Homework("hw1", variant=year).constants, questions("hw1", year)
    exposure = np.full(2, 4.0)
    mean = 4 * c.shape / c.rate
    counts = np.round([mean, mean + 10 * np.sqrt(mean + 16 * c.shape / c.rate**2)])
    chi = asked["3.2"].truth(counts, exposure)
    assert 75 < chi[0] / 0.1**2 < 110  # draws for an error of 10 %
    assert 11 < chi[1] / c.n_draws / 2 < 840  # the law of the bias
    z = np.random.default_rng(4).gamma(c.shape, 1 / c.rate, (c.n_draws, 500))
    log_w = stats.poisson.logpmf(counts[1], 4 * z)
    log_p, error, corrected = asked["3.4"].truth(log_w)
    missing = asked["2.1"].truth(counts, exposure)[1] - log_p.mean()
    assert 6 < missing < 23.5
    assert np.mean(corrected - log_p) < 0.5 and np.median(error) < 1
    assert np.median(effective_sample_size(log_w)) < 1.2


@pytest.mark.parametrize("year", YEARS)
def test_what_a_reading_tells_of_z(year):
    c, question = Homework("hw2", variant=year).constants, questions("hw2", year)["1.3"]
    shares = np.array([0.3, 0.97, 2.0, -0.97, -2.0])
    z, weights = prior_line(c.theta)
    log_p = log_joint(c, shares * full_scale(c), z[:, None], c.theta) + np.log(weights)[:, None]
    mass = np.exp(log_p - logsumexp(log_p, axis=0))
    mean = z @ mass
    width, away = np.sqrt(z**2 @ mass - mean**2), np.abs(mean - c.theta[0])
    assert width[0] < 0.2 < 0.5 < width[1] < width[2]
    assert away[2] < away[1] and away[4] < away[3]

    def information(*shares):
        x = np.array(shares)[:, None] * full_scale(c)
        return -question.truth(x, c.theta) * np.exp(2 * c.theta[1])

    assert information(-0.5, 0, 0.5).min() > 0.96
    ends = information(-1, 1)
    assert ((ends > 0.4) & (ends < 0.805)).all()
    assert (information(-4, 4) < ends - 0.2).all()


@pytest.mark.parametrize("year", YEARS)
def test_a_gaussian_at_the_peak_claims_an_error_that_half_of_its_runs_do_not_keep(year):
    c, rng = Homework("hw2", variant=year).constants, np.random.default_rng(5)
    z = rng.normal(c.q_mean, c.q_scale, (1000, 600))
    log_w = log_joint(c, c.datum, z, c.theta) - stats.norm.logpdf(z, c.q_mean, c.q_scale)
    runs = Estimate.from_log_weights(log_w)
    off = runs.value - log_evidence(c, np.array([c.datum]), c.theta)
    assert 0.4 < np.mean(np.abs(off) < 2 * runs.std_error) < 0.7
    assert np.mean(runs.pareto_k > 0.5) > 0.75 and off.mean() < 0


@pytest.mark.parametrize("year", YEARS)
def test_what_a_hint_lets_you_try_comes_out(year):
    c, hw3, _ = Course().judging("hw3", year)
    x, zero = np.arange(3), np.zeros(3)
    tau = np.full(3, c.prior_scale)
    rest = hw3["1.2"].truth(x, zero, tau) - hw3["1.1"].truth(x, zero, tau)
    assert rest == pytest.approx(zero, abs=1e-7)
    rest = hw3["1.2"].truth(x, tau, tau) - hw3["1.1"].truth(x, tau, tau)
    assert rest == pytest.approx(zero - 0.5)
    prior = np.array([c.gamma_shape]), np.array([c.gamma_rate])
    assert hw3["2.2"].truth(*prior) == pytest.approx(0, abs=1e-7)

    c, hw4, _ = Course().judging("hw4", year)
    tau = np.full((1, 3), c.prior_scale)
    assert hw4["1.1"].truth(0 * tau, np.log(tau**2)) == pytest.approx(0, abs=1e-9)
    assert hw4["1.1"].truth(tau, np.log(tau**2)) == pytest.approx(1.5)
    for mean in (-3.0, 8.0, 19.0, 200.0):
        log_p = hw4["1.2"].truth(np.arange(17)[:, None], np.full((17, 1), mean))
        assert np.isfinite(log_p).all()
        assert np.exp(log_p).sum() == pytest.approx(1)
    eps, h = np.linspace(-2, 2, 9), 1e-5
    bent = hw4["3.1"].truth
    slope = (bent(eps + h)[:, 0] - bent(eps - h)[:, 0]) / (2 * h)
    assert bent(eps)[:, 1] == pytest.approx(stats.norm.logpdf(eps) - np.log(slope))


@pytest.mark.parametrize("year", YEARS)
def test_a_climb_from_one_start_ends_on_the_lower_of_two_hills(year):
    c, visible, hidden = Course().judging("hw4", year)
    strip = Strip(c)
    x, mean, logvar = strip.on_lower_hill(np.random.default_rng(year), 4)
    best, log_joint = strip.best(x), strip.log_joint(x).T
    one = [strip.climb(*start) for start in zip(log_joint, mean, 0.5 * logvar, strict=True)]
    assert (best - one > 0.03).all()
    middle = [strip.climb(of_one, 0.0, -1.0) for of_one in log_joint]
    assert (best - middle > 0.03).any()
    many = [
        [strip.climb(of_one, m, log_scale) for m in np.linspace(-3, 3, 7) for log_scale in (-2, -1)]
        for of_one in log_joint
    ]
    assert np.max(many, axis=1) == pytest.approx(best, abs=1e-3)
    climb_once = visible["2.3"].mistakes[4]
    assert "lower of two hills" in climb_once.says
    for question in (visible["2.3"], hidden["2.3"]):
        assert climb_once.says in question.judge(climb_once.answer, seed=1).says
