"""Jensen's inequality as a picture: weights on the log curve, and the gap beneath it. (Lesson 06)

Forty quantiles of q become weights w = p(x, z) / q(z), shown relative to p(x), which
is their mean. They sit on the curve of the logarithm; their mean point sits below it, and how far
below is the gap between log p(x) and the ELBO. Both means are by quadrature, not from the draws.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from vitutor.divergences import kl
from vitutor.families import MeanFieldGaussian
from vitutor.grid import GridPosterior
from vitutor.models import Decoder
from vitutor.plotting import (
    ELBO,
    GAP,
    MONTE_CARLO,
    POSTERIOR,
    TRUTH,
    Q,
    density,
    dots,
    label,
    number,
)
from vitutor.widgets.engine import LiveFigure, Slider

POSTERIOR_ON_GRID = GridPosterior(Decoder.sine(), [[1.2]], n_points=801)
LOG_EVIDENCE = POSTERIOR_ON_GRID.log_evidence.value[0]
Z = POSTERIOR_ON_GRID.points[:, None]
SEEN = np.abs(Z[:, 0, 0]) <= 3.5
N_DRAWS = 40
QUANTILES = ndtri((np.arange(N_DRAWS) + 0.5) / N_DRAWS)
RIGHT, LOW, HIGH = 4.0, -4.5, 1.7


@dataclass(frozen=True)
class Jensen:
    """Forty draws z and their log w - log p(x), nats; q on the grid; the gap, nats."""

    q_mean: float
    q_scale: float
    q: np.ndarray
    z: np.ndarray
    log_ratio: np.ndarray
    gap: float


def compute(q_mean, q_scale):
    """Work out the weights of q's quantiles, and the gap by quadrature."""
    q = MeanFieldGaussian([[q_mean]], [[q_scale]])
    z = q.transform(QUANTILES[:, None, None])
    return Jensen(
        q_mean=q_mean,
        q_scale=q_scale,
        q=np.exp(q.log_prob(Z)[:, 0]),
        z=z[:, 0, 0],
        log_ratio=(POSTERIOR_ON_GRID.log_prob(z) - q.log_prob(z))[:, 0],
        gap=kl(q, POSTERIOR_ON_GRID)[0],
    )


def layout(figure):
    beliefs, curve = figure.subplots(2, 1, height_ratios=(1, 1.9))
    posterior = POSTERIOR_ON_GRID.log_prob(Z[SEEN])[:, 0]
    beliefs.set(xlim=(-3.5, 3.5), ylim=(-0.1, 2.1), xlabel="z", ylabel="density", yticks=(0, 1, 2))
    density(beliefs, Z[SEEN, 0, 0], np.exp(posterior), POSTERIOR, fill=True)
    label(beliefs, 1.45, 0.62, "p(z | x)", POSTERIOR.color, ha="left")
    ratio = np.linspace(0.001, RIGHT, 800)
    curve.plot(ratio, np.log(ratio), color="#8A8A8A", linewidth=1.2)
    curve.set(xlim=(0, RIGHT), ylim=(LOW, HIGH))
    curve.set(xlabel="weight w, in units of its mean p(x)", ylabel="log w − log p(x), nats")
    curve.axhline(0, color=TRUTH.color, linewidth=0.8)
    label(curve, RIGHT - 0.05, 0.35, "log of the mean: log p(x)", TRUTH.color, ha="right")
    return beliefs, curve


def draw(axes, jensen):
    beliefs, curve = axes
    density(beliefs, Z[SEEN, 0, 0], jensen.q[SEEN], Q, flank="left")
    dots(beliefs, jensen.z, np.zeros(N_DRAWS), MONTE_CARLO)

    ratio = np.exp(np.minimum(jensen.log_ratio, 10))
    inside = (ratio <= RIGHT) & (jensen.log_ratio >= LOW)
    dots(curve, ratio[inside], jensen.log_ratio[inside], MONTE_CARLO)
    below, beyond = (jensen.log_ratio < LOW).sum(), (ratio > RIGHT).sum()
    if below:
        label(
            curve,
            0.08,
            LOW + 0.45,
            f"{below} of {N_DRAWS} below",
            MONTE_CARLO.color,
            ha="left",
        )
    if beyond:
        text = f"{beyond} of {N_DRAWS} to the right"
        label(curve, RIGHT - 0.05, HIGH - 0.35, text, MONTE_CARLO.color, ha="right")
    foot = max(-jensen.gap, LOW + 0.15)
    curve.plot([1, 1], [0, foot], color=GAP.color, linestyle=GAP.linestyle, linewidth=2.5)
    curve.plot([1], [0], "o", color=TRUTH.color, markersize=7)
    curve.plot([1], [foot], "o" if foot == -jensen.gap else "v", color=ELBO.color, markersize=8)
    label(curve, 1.1, foot / 2 - 0.35, f"gap {number(jensen.gap, 3)}", GAP.color, ha="left")
    label(
        curve,
        1.1,
        max(min(foot - 0.1, -1.1), LOW + 0.4),
        "mean of the logs: ELBO",
        ELBO.color,
        ha="left",
    )


def sentence(jensen):
    spread = np.exp(np.minimum(jensen.log_ratio, 700))
    return (
        f"With q = N({number(jensen.q_mean)}, {number(jensen.q_scale)}²) the weights of {N_DRAWS} "
        f"quantiles lie between {spread.min():.2g} and {spread.max():.2g} times their mean. "
        f"The log of the mean is log p(x) = {number(LOG_EVIDENCE, 3)} nats; "
        f"the mean of the logs is the ELBO, {number(LOG_EVIDENCE - jensen.gap, 3)}; "
        f"the gap is {number(jensen.gap, 3)}."
    )


def jensen_picture():
    """Show the weights of a Gaussian q on the log curve, for the sine model at x = 1.2."""
    return LiveFigure(
        "Jensen's inequality",
        controls=[
            Slider("q_mean", "mean of q", np.linspace(-0.5, 2, 51), start=0.85),
            Slider("q_scale", "scale of q", np.linspace(0.1, 1, 91), start=0.6),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=4.8,
    )
