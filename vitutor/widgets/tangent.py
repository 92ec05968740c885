"""The gradient of log p(x), as a slope and as a posterior mean. (Lesson 04)

Below, log p(x) against the sine model's amplitude, with its tangent; above, what Fisher's identity
averages at that amplitude: the posterior, and the posterior times the score d log p(x | z) / d
amplitude, whose signed area is the slope. All by quadrature.
"""

from dataclasses import dataclass

import numpy as np

from vitutor.grid import GridPosterior
from vitutor.models import Decoder
from vitutor.plotting import GAP, LIKELIHOOD, POSTERIOR, TRUTH, density, label, number
from vitutor.widgets.engine import LiveFigure, Slider

AMPLITUDES = np.linspace(-2, 2, 161)
STEP = 1e-4
POINTS = 1200


@dataclass(frozen=True)
class Tangent:
    """log p(x) along the amplitudes, nats; the summand on z; the slope three ways."""

    amplitude: float
    x: float
    log_evidence: np.ndarray
    here: float
    difference: float
    z: np.ndarray
    posterior: np.ndarray
    score: np.ndarray
    fisher: float
    stray: float


def compute(amplitude, x):
    """Work out slope and posterior mean at one amplitude."""
    model, datum = Decoder.sine(amplitude), np.array([[x]])
    posterior = GridPosterior(model, datum, n_points=POINTS)
    z = posterior.points[:, None]
    density_at = np.exp(posterior.log_prob(z))[:, 0]
    prior = np.exp(model.log_prior(z))[:, 0]
    score = model.grad_params_log_joint(datum, z)[:, 0, 0]
    up, down = (_log_evidence(np.array([amplitude + h]), datum, z)[0] for h in (STEP, -STEP))
    return Tangent(
        amplitude=amplitude,
        x=x,
        log_evidence=_log_evidence(AMPLITUDES, datum, z),
        here=posterior.log_evidence.value[0],
        difference=(up - down) / (2 * STEP),
        z=z[:, 0, 0],
        posterior=density_at,
        score=score,
        fisher=posterior.mass[:, 0] @ score,
        stray=(posterior.mass[:, 0] * prior) @ score,
    )


def _log_evidence(amplitudes, datum, z):
    """log p(x) at each amplitude (A,), on the grid z (G, 1, 1)."""
    model = Decoder.sine()
    curve = (datum[0, 0] - z[:, 0] / 2 - amplitudes * np.sin(2 * z[:, 0])) / model.noise_scale
    log_joint = -0.5 * curve**2 + model.log_prior(z)
    log_joint -= np.log(model.noise_scale) + 0.5 * np.log(2 * np.pi)
    peak = log_joint.max(axis=0)
    cell = z[1, 0, 0] - z[0, 0, 0]
    return peak + np.log(np.exp(log_joint - peak).sum(axis=0) * cell)


def layout(figure):
    summand, slope = figure.subplots(2, 1, height_ratios=(1.15, 1))
    summand.set(xlim=(-4, 4), ylim=(-3, 4.4), xlabel="z")
    summand.axhline(0, color="#8A8A8A", linewidth=0.8)
    slope.set(xlim=(-2, 2), ylim=(-3.6, 0.4), xlabel="amplitude", ylabel="log p(x), nats")
    return summand, slope


def draw(axes, tangent):
    summand, slope = axes
    z, product = tangent.z, tangent.posterior * tangent.score
    density(summand, z, tangent.posterior, POSTERIOR)
    above = min(max(tangent.posterior.max(), product.max()) + 0.5, 3.9)
    label(summand, z[tangent.posterior.argmax()], above, "p(z | x)", POSTERIOR.color)
    summand.fill_between(
        z, product, color=LIKELIHOOD.color, alpha=0.25, linewidth=0, clip_on=True, interpolate=True
    )
    summand.plot(z, product, color=LIKELIHOOD.color, linestyle="-", linewidth=1.3)
    text = f"p(z | x) × score: its area is {number(tangent.fisher, 3)}"
    label(summand, -3.9, -2.6, text, LIKELIHOOD.color, ha="left")

    slope.plot(AMPLITUDES, tangent.log_evidence, color=TRUTH.color)
    reach = np.array([-0.45, 0.45])
    at = tangent.amplitude + reach
    slope.plot(at, tangent.here + tangent.fisher * reach, color=LIKELIHOOD.color, linewidth=3)
    slope.plot(at, tangent.here + tangent.stray * reach, color=GAP.color, linestyle="--")
    slope.plot([tangent.amplitude], [tangent.here], "o", color=TRUTH.color)
    label(slope, -1.95, -3.3, "solid: that area as a slope", LIKELIHOOD.color, ha="left")
    label(slope, -0.4, -3.3, "dashed: with a stray p(z)", GAP.color, ha="left")


def sentence(tangent):
    return (
        f"At amplitude {number(tangent.amplitude)} and x = {number(tangent.x)}: log p(x) = "
        f"{number(tangent.here, 3)} nats, and its slope in the amplitude is "
        f"{number(tangent.difference, 4)} by finite differences, "
        f"{number(tangent.fisher, 4)} as the posterior mean of the score, and "
        f"{number(tangent.stray, 4)} if a stray p(z) is left in."
    )


def gradient_tangent():
    """Show the gradient of log p(x) in the sine model's amplitude, as a slope and as an area."""
    return LiveFigure(
        "The gradient, as a slope and as an area",
        controls=[
            Slider("amplitude", "amplitude", np.linspace(0, 1.5, 31), start=1.0),
            Slider("x", "observed x", np.linspace(-1.2, 1.2, 49), start=1.2),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=4.6,
    )
