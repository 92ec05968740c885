"""The temperature of a relaxed choice: noise against bias. (Lesson 12)

Draws of a choice among three, softened at a temperature: cold, they sit in the corners of the
triangle, and the gradient through them is wild; hot, they gather in the middle, and the gradient is
calm and wrong. The same two thousand Gumbel draws serve every temperature.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vitutor.estimate import Estimate
from vitutor.plotting import GAP, MONTE_CARLO, TRUTH, Q, band, dots, label, number
from vitutor.widgets.engine import LiveFigure, Slider

GUMBEL = np.random.default_rng(1).gumbel(size=(2000, 3))
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
LOG_JOINT = np.array([-1.2, -2.0, -4.0])  # log p(x, z = k), nats: the three choices of lesson 12
TEMPERATURES = np.geomspace(0.05, 5, 60)


@dataclass(frozen=True)
class Relaxed:
    """Relaxed draws (S, 3), the ELBO's gradient in the first logit by them, and the exact one."""

    temperature: float
    logit: float
    draws: np.ndarray
    gradient: Estimate
    exact: float
    bias: np.ndarray
    spread: np.ndarray


def at(logit):
    """The logits, the first of which is on a slider, and the probabilities of q: (3,) each."""
    logits = np.array([logit, 0.0, -0.3])
    return logits, np.exp(logits) / np.exp(logits).sum()


def relaxed_gradient(logit, temperature):
    """Relaxed choices (S, 3), and the ELBO's gradient in the first logit by each of them, (S,)."""
    logits, q = at(logit)
    scaled = (logits + GUMBEL) / temperature
    draws = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    draws /= draws.sum(axis=1, keepdims=True)
    entropy = q[0] * (q @ np.log(q) - np.log(q[0]))  # its part is exact
    return draws, draws[:, 0] * (LOG_JOINT[0] - draws @ LOG_JOINT) / temperature + entropy


def compute(temperature, logit):
    """Work out draws and gradient at one temperature, and bias and spread at all of them."""
    _, q = at(logit)
    earned = LOG_JOINT - np.log(q)
    exact = q[0] * (earned[0] - q @ earned)
    draws, gradient = relaxed_gradient(logit, temperature)
    mean, spread = along(logit)
    return Relaxed(
        temperature=temperature,
        logit=logit,
        draws=draws,
        gradient=Estimate.from_draws(gradient),
        exact=exact,
        bias=mean - exact,
        spread=spread,
    )


@lru_cache(maxsize=64)
def along(logit):
    """Mean and spread of the gradient at every temperature; kept while the temperature is moved."""
    every = [relaxed_gradient(logit, t)[1] for t in TEMPERATURES]
    return np.mean(every, axis=1), np.std(every, axis=1, ddof=1)


def layout(figure):
    simplex, curves = figure.subplots(1, 2, width_ratios=(1, 1.5))
    simplex.set(xlim=(-0.15, 1.15), ylim=(-0.15, 1.0), aspect="equal")
    simplex.axis("off")
    outline = np.vstack([CORNERS, CORNERS[:1]])
    simplex.plot(*outline.T, color="#8A8A8A", linewidth=1)
    for corner, name in zip(CORNERS, ("choice 1", "choice 2", "choice 3"), strict=True):
        below = corner[1] == 0
        simplex.text(
            corner[0],
            corner[1] + (-0.05 if below else 0.05),
            name,
            ha="center",
            va="top" if below else "bottom",
        )
    curves.set(xscale="log", xlim=(0.05, 5), ylim=(-0.55, 1.8), xlabel="temperature")
    curves.set_ylabel("gradient: sd and bias, nats")
    curves.set_xticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
    curves.minorticks_off()
    curves.axhline(0, color=TRUTH.color, linewidth=1)
    return simplex, curves


def draw(axes, relaxed):
    simplex, curves = axes
    dots(simplex, *(relaxed.draws[:400] @ CORNERS).T, Q)
    curves.plot(TEMPERATURES, relaxed.spread, color=MONTE_CARLO.color, linestyle="-")
    twice = 2 * relaxed.spread / np.sqrt(len(GUMBEL))
    band(curves, TEMPERATURES, relaxed.bias - twice, relaxed.bias + twice, GAP)
    curves.plot(TEMPERATURES, relaxed.bias, color=GAP.color, linestyle="--")
    curves.axvline(relaxed.temperature, color="#8A8A8A", linewidth=1)
    label(curves, 0.6, 1.45, "solid: sd of one draw", MONTE_CARLO.color, ha="left")
    label(curves, 0.6, -0.46, "dashed: bias, ± 2 s.e.", GAP.color, ha="left")


def sentence(relaxed):
    g, error = relaxed.gradient.value, relaxed.gradient.std_error
    return (
        f"At temperature {number(relaxed.temperature)} and logit {number(relaxed.logit)}: the mean "
        f"gradient of {len(GUMBEL):,} relaxed draws is {number(g, 3)} ± {number(error, 3)}, the "
        f"exact one is {number(relaxed.exact, 3)}; one draw has a standard deviation of "
        f"{number(error * np.sqrt(len(GUMBEL)), 2)}."
    )


def relaxed_choice():
    """Show relaxed draws of a choice among three, and what the temperature does to the gradient."""
    return LiveFigure(
        "A relaxed choice",
        controls=[
            Slider("temperature", "temperature", np.geomspace(0.05, 5, 41), start=0.5),
            Slider("logit", "logit of choice 1", np.linspace(-2, 2, 41), start=0.2),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=3.4,
    )
