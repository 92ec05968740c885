"""The importance-sampling bench: choose q, see what it costs. (Lesson 05)

Twenty runs of evidence.importance on the linear-Gaussian toy in one dimension, each with the
standard error it claims, beside the exact value and beside the spread that the chi-square law
grants. A q with less than half of the posterior's variance makes the law's integral diverge: there
is no spread to speak of, and the claimed errors mean nothing.
"""

from dataclasses import dataclass

import numpy as np

from vitutor import evidence
from vitutor.estimate import Estimate
from vitutor.families import MeanFieldGaussian
from vitutor.models import LinearGaussian
from vitutor.pareto import k_threshold
from vitutor.plotting import MONTE_CARLO, POSTERIOR, TRUTH, Q, band, density, label, number
from vitutor.widgets.engine import LiveFigure, Slider

N_RUNS = 20
LOW, HIGH = -0.8, 0.5  # nats
MODEL = LinearGaussian([[1.0]], [0.0], [[0.25]])
DATA = np.full((N_RUNS, 1), np.sqrt(1.25))  # one datum, N_RUNS times
EXACT = MODEL.log_marginal(DATA[:1])[0]
MEAN = MODEL.posterior(DATA[:1]).mean[0, 0]
VARIANCE = MODEL.posterior(DATA[:1]).cov[0, 0, 0]
Z = np.linspace(-2, 4, 481)


@dataclass(frozen=True)
class Bench:
    """Twenty runs, an Estimate (N_RUNS,), and chi2(posterior ‖ q)."""

    q_mean: float
    q_scale: float
    n_draws: int
    q: np.ndarray
    runs: Estimate
    chi2: float

    @property
    def error(self):
        return self.runs.value - EXACT

    @property
    def trusted(self):
        return self.runs.pareto_k < k_threshold(self.n_draws)


def compute(q_mean, q_scale, n_draws):
    """Run importance sampling N_RUNS times, always from the same seed."""
    q = MeanFieldGaussian(np.full((N_RUNS, 1), q_mean), np.full((N_RUNS, 1), q_scale))
    runs = evidence.importance(MODEL, DATA, q, n_draws, rng=np.random.default_rng(0))
    return Bench(
        q_mean=q_mean,
        q_scale=q_scale,
        n_draws=n_draws,
        q=_normal(q_mean, q_scale**2),
        runs=runs,
        chi2=chi_square(q_mean, q_scale),
    )


def chi_square(q_mean, q_scale):
    """chi2(posterior ‖ q) of two Gaussians: infinite unless q has half the posterior's variance."""
    excess = 2 * q_scale**2 - VARIANCE
    if excess <= 0:
        return np.inf
    with np.errstate(over="ignore"):  # a q far away: infinite for every practical purpose
        return q_scale**2 * np.exp((MEAN - q_mean) ** 2 / excess) / np.sqrt(VARIANCE * excess) - 1


def _normal(mean, variance):
    return np.exp(-0.5 * (Z - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)


def layout(figure):
    beliefs, answers = figure.subplots(2, 1)
    beliefs.set(xlim=(-2, 4), ylim=(0, 2.05), xlabel="z", ylabel="density", yticks=(0, 1, 2))
    density(beliefs, Z, _normal(MEAN, VARIANCE), POSTERIOR, fill=True)
    label(beliefs, MEAN, 1.0, "p(z | x)", POSTERIOR.color)
    answers.set(xlim=(-0.5, N_RUNS - 0.5), ylim=(LOW, HIGH + 0.25), ylabel="error, nats")
    answers.set_xticks([0, 4, 9, 14, 19], ["run 1", "5", "10", "15", "20"])
    answers.axhline(0, color=TRUTH.color, linewidth=1.2)
    answers.set_yticks([-0.5, 0, 0.5], ["−0.5", "exact", "0.5"])
    return beliefs, answers


def draw(axes, bench):
    beliefs, answers = axes
    density(beliefs, Z, bench.q, Q, flank="left" if bench.q_mean < MEAN else "right")
    ends = np.array([-0.5, N_RUNS - 0.5])
    if np.isfinite(bench.chi2):
        spread = np.sqrt(bench.chi2 / bench.n_draws)
        band(answers, ends, np.full(2, max(-spread, LOW)), np.full(2, min(spread, HIGH)), TRUTH)
    run = np.arange(N_RUNS)
    for mark, which in (("o", bench.trusted), ("x", ~bench.trusted)):
        here = np.clip(bench.error, LOW + 0.06, HIGH - 0.06)
        kwargs = {"color": MONTE_CARLO.color, "linestyle": "none", "markersize": 3.5}
        answers.plot(run[which], here[which], mark, **kwargs)
    low = np.clip(bench.error - bench.runs.std_error, LOW, HIGH)
    high = np.clip(bench.error + bench.runs.std_error, LOW, HIGH)
    answers.vlines(run, low, high, color=MONTE_CARLO.color, linewidth=1)
    wild = (bench.error < LOW).sum() + (bench.error > HIGH).sum()
    if wild:
        label(
            answers,
            0,
            LOW + 0.3,
            f"{wild} of {N_RUNS} beyond the edge",
            MONTE_CARLO.color,
            ha="left",
        )
    untrusted = N_RUNS - bench.trusted.sum()
    label(
        answers,
        0,
        HIGH + 0.12,
        f"crosses: {untrusted} of {N_RUNS} unreliable by Pareto k",
        MONTE_CARLO.color,
        ha="left",
    )


def sentence(bench):
    if np.isfinite(bench.chi2):
        ess = bench.n_draws / (1 + bench.chi2)
        count = f"{ess:,.0f}" if ess >= 1 else "less than 1"
        law = f"the law grants an ESS of {count} of {bench.n_draws:,}"
    else:
        law = "the weights' variance is infinite"
    first, its_error = bench.runs.value[0], bench.runs.std_error[0]
    covered = (np.abs(bench.error) <= 2 * bench.runs.std_error).sum()
    return (
        f"With q = N({number(bench.q_mean)}, {number(bench.q_scale)}²), {law}. The first run "
        f"answers log p(x) = {number(first, 3)} ± {number(its_error, 3)}, the exact value is "
        f"{number(EXACT, 3)}. {covered} of {N_RUNS} runs are within two of their own standard "
        f"errors of it, and Pareto k calls {N_RUNS - bench.trusted.sum()} of them unreliable."
    )


def importance_bench():
    """Show importance sampling of a Gaussian posterior under a Gaussian q of one's choice."""
    return LiveFigure(
        "The importance-sampling bench",
        controls=[
            Slider("q_mean", "mean of q", np.linspace(-1.5, 3.5, 101), start=0.0),
            Slider("q_scale", "scale of q", np.linspace(0.2, 2, 91), start=1.0),
            Slider("n_draws", "draws", (100, 300, 1000, 3000), start=1000),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=4.6,
    )
