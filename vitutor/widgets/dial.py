"""The dimension dial: how naive Monte Carlo dies, predicted before it runs. (Lesson 03)

The model is z ~ N(0, I), x | z ~ N(z, noise_scale^2 I), the datum a typical one, sqrt(1 +
noise_scale^2) in every coordinate. Weights of prior draws obey Var(p_hat) / p^2 = chi2 / S, and
1 + chi2(posterior || prior) is one number a dimension, to the power of the dimension. Both lines
are that law, drawn for every dimension; the dots are runs of evidence.naive_monte_carlo.
"""

from dataclasses import dataclass

import numpy as np

from vitutor import evidence
from vitutor.estimate import Estimate
from vitutor.models import LinearGaussian
from vitutor.plotting import INK, MONTE_CARLO, TRUTH, band, dots, label, number
from vitutor.widgets.engine import LiveFigure, Slider

LAW_AT = np.arange(0.5, 20.75, 0.25)
N_RUNS = 20
BESIDE = np.linspace(-0.32, 0.32, N_RUNS)  # the runs stand side by side
LOW, HIGH, TOP = -6.0, 2.8, 4.6  # nats


@dataclass(frozen=True)
class Dial:
    """The runs, an Estimate (N_RUNS,), the truth in nats, and the law at the dimensions LAW_AT."""

    dimension: int
    noise_scale: float
    n_draws: int
    exact: float
    runs: Estimate
    law_relative_error: np.ndarray
    law_ess: np.ndarray

    @property
    def error(self):
        return self.runs.value - self.exact


def one_plus_chi2(noise_scale):
    """1 + chi2(posterior || prior) of one coordinate: E[p(x | z)^2] / p(x)^2 under the prior."""
    noise, marginal = noise_scale**2, 1 + noise_scale**2
    x2 = marginal  # a typical datum
    mean_square = np.exp(-x2 / (2 + noise)) / (2 * np.pi * noise_scale * np.sqrt(2 + noise))
    square_mean = np.exp(-x2 / marginal) / (2 * np.pi * marginal)
    return mean_square / square_mean


def compute(dimension, noise_scale, n_draws):
    """Run naive Monte Carlo N_RUNS times, always from the same seed."""
    eye = np.eye(dimension)
    model = LinearGaussian(eye, np.zeros(dimension), noise_scale**2 * eye)
    x = np.full((N_RUNS, dimension), np.sqrt(1 + noise_scale**2))  # one datum, N_RUNS times
    rng = np.random.default_rng(0)
    runs = evidence.naive_monte_carlo(model, x, n_draws, rng=rng)
    exact = evidence.exact(model, x[:1]).value[0]
    unevenness = one_plus_chi2(noise_scale) ** LAW_AT
    return Dial(
        dimension=dimension,
        noise_scale=noise_scale,
        n_draws=n_draws,
        exact=exact,
        runs=runs,
        law_relative_error=np.sqrt((unevenness - 1) / n_draws),
        law_ess=n_draws / unevenness,
    )


def layout(figure):
    error, ess = figure.subplots(2, 1, sharex=True, height_ratios=(1.6, 1))
    error.set(xlim=(0.4, 20.6), ylim=(LOW, TOP), ylabel="log p̂(x) − log p(x), nats")
    error.axhline(0, color=TRUTH.color, linewidth=1.2)
    error.set_yticks([-6, -4, -2, 0, 2], ["−6", "−4", "−2", "exact", "2"])
    error.text(0.6, 4.5, "shaded: one standard error, by the law", va="top")
    dots_are = f"dots: {N_RUNS} runs, the first with its own ± standard error"
    error.text(0.6, 3.7, dots_are, va="top", color=MONTE_CARLO.color)
    ess.set(ylim=(0.6, 2e4), yscale="log", xlabel="dimension of z and x", ylabel="ESS")
    ess.set_xticks([1, 5, 10, 15, 20])
    ess.set_yticks([1, 100, 10000], ["1", "100", "10,000"])
    ess.minorticks_off()
    ess.axhline(1, color="#8A8A8A", linewidth=0.8)
    ess.text(20.5, 1.5e4, "dashed: the law, S / (1 + χ²)", ha="right", va="top")
    return error, ess


def draw(axes, dial):
    error, ess = axes
    spread = dial.law_relative_error
    with np.errstate(invalid="ignore", divide="ignore"):
        lower = np.where(spread < 1, np.log1p(-spread), -np.inf)
    band(error, LAW_AT, np.maximum(lower, LOW - 1), np.minimum(np.log1p(spread), HIGH), TRUTH)
    ess.plot(LAW_AT, dial.law_ess, color=INK, linestyle=(0, (4, 2)), linewidth=1.3)

    at = dial.dimension + BESIDE
    first, own = dial.error[0], dial.runs.std_error[0]
    error.plot([at[0]] * 2, [first - own, first + own], color=MONTE_CARLO.color, linewidth=1.2)
    below, above = dial.error < LOW, dial.error > HIGH
    inside = ~(below | above)
    dots(error, at[inside], dial.error[inside])
    for cut, edge, marker, text in (
        (below, LOW + 0.25, "v", f"below, down to {number(dial.error.min(), 0)}"),
        (above, HIGH - 0.2, "^", f"above, up to {number(dial.error.max(), 1)}"),
    ):
        if cut.any():
            dots(error, at[cut], np.full(cut.sum(), edge), marker=marker)
            end, side = (0, "right") if dial.dimension > 10 else (-1, "left")
            text = f"   {cut.sum()} of {N_RUNS} {text}   "
            label(error, at[end], edge, text, MONTE_CARLO.color, ha=side)
    dots(ess, at, dial.runs.ess)


def sentence(dial):
    here = np.searchsorted(LAW_AT, dial.dimension)
    law_ess = two_digits(dial.law_ess[here]) if dial.law_ess[here] >= 1 else "less than 1"
    trust = "" if dial.runs.reliable else " Pareto k says not to trust these standard errors."
    return (
        f"Dimension {dial.dimension}, noise scale {number(dial.noise_scale)}, "
        f"{number(dial.n_draws, 0)} draws: the law predicts a relative error of "
        f"{two_digits(dial.law_relative_error[here])} and an ESS of {law_ess}. "
        f"The first run answers log p(x) = {number(dial.runs.value[0])} ± "
        f"{number(dial.runs.std_error[0])}, the exact value is {number(dial.exact)}; "
        f"{N_RUNS} runs are off by {number(dial.error.mean())} nats on average, with a mean ESS "
        f"of {two_digits(dial.runs.ess.mean())}.{trust}"
    )


def two_digits(value):
    return f"{float(f'{value:.2g}'):,.10g}"


def dimension_dial():
    """Show naive Monte Carlo in 1 to 20 dimensions beside the chi-square law."""
    return LiveFigure(
        "The dimension dial",
        controls=[
            Slider("dimension", "dimension", range(1, 21), start=5),
            Slider("noise_scale", "noise scale", np.linspace(0.2, 2, 37), start=0.5),
            Slider("n_draws", "draws", (10, 30, 100, 300, 1000, 3000, 10000), start=1000),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=4.6,
    )
