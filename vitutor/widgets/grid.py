"""The grid dial: what exactness costs, in dimensions. (Lesson 02)

d independent coordinates, each z ~ N(0, 1), x | z ~ N(sin 2z + z/2, noise_scale^2), x = 1.2. On n
points an axis the rectangle rule in d dimensions is the product of d rules in one, so its error in
log p(x) is d times theirs, and can be shown where nobody could run it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vitutor import evidence
from vitutor.models import Decoder
from vitutor.plotting import INK, MONTE_CARLO, label, number
from vitutor.widgets.engine import LiveFigure, Slider

DIMENSIONS = np.arange(1, 21)
POINTS = np.arange(6, 151)
REFERENCE_POINTS = 1201
X = [[1.2]]
# What is summed, its line, and on which side of the line's end its name stands.
COSTS = (
    ("grid", "-", None),
    ("chain", (0, (5, 2)), "bottom"),
    ("independent", (0, (1, 1.5)), "top"),
)
LANDMARKS = (
    (1e9, "a second"),
    (3.2e16, "a year"),
    (4.3e26, "age of universe"),
)
FLOOR = 1e-12  # nats: below this lies rounding


@dataclass(frozen=True)
class Grid:
    """Evaluations at every dimension, a row for each of COSTS; errors in nats at every n."""

    dimension: int
    n_points: int
    noise_scale: float
    cost: np.ndarray
    error: np.ndarray

    @property
    def at(self):
        """The costs at this dimension, and the error at this n."""
        return self.cost[:, self.dimension - 1], self.error[self.n_points - POINTS[0]]


@lru_cache(maxsize=32)
def error_of_one_axis(noise_scale):
    """|error| of log p(x) in one dimension, nats, at each of POINTS."""
    model = Decoder.sine(noise_scale=noise_scale)
    truth = float(evidence.quadrature(model, X, n_points=REFERENCE_POINTS))
    rules = [float(evidence.quadrature(model, X, n_points=int(n))) for n in POINTS]
    return np.abs(np.array(rules) - truth)


def compute(dimension, n_points, noise_scale):
    d = DIMENSIONS.astype(float)
    return Grid(
        dimension=dimension,
        n_points=n_points,
        noise_scale=noise_scale,
        cost=np.array([n_points**d, n_points + (d - 1) * n_points**2, d * n_points]),
        error=dimension * error_of_one_axis(noise_scale),
    )


def layout(figure):
    cost, error = figure.subplots(1, 2, width_ratios=(1.4, 1))
    cost.set(xlim=(0.5, 29.5), ylim=(1, 1e32), yscale="log", xlabel="dimension of z")
    cost.set(ylabel="evaluations of p(x, z)", xticks=(1, 5, 10, 15, 20))
    cost.set_yticks([10.0**k for k in range(0, 33, 8)])
    for evaluations, name in LANDMARKS:
        cost.axhline(evaluations, color="#B8B8B8", linewidth=0.8)
        cost.text(20.4, evaluations, name, va="bottom", color="#6E6E6E", size=9)
    cost.text(29.5, 1e32, "at a billion a second:", ha="right", color="#6E6E6E", size=9)
    error.set(xlim=(0, 155), ylim=(FLOOR, 1e3), yscale="log", xlabel="points per axis, n")
    error.set(ylabel="error of log p(x), nats")
    error.text(3, 2 * FLOOR, "below: rounding", va="bottom", color="#6E6E6E", size=9)
    return cost, error


def draw(axes, grid):
    cost, error = axes
    spent, missed = grid.at
    for line, now, (name, linestyle, va) in zip(grid.cost, spent, COSTS, strict=True):
        cost.plot(DIMENSIONS, line, color=INK, linestyle=linestyle, linewidth=1.4)
        cost.plot(grid.dimension, now, "o", color=MONTE_CARLO.color, markersize=7)
        if va:
            label(cost, 20.4, line[-1], name, ha="left", va=va)
    error.plot(POINTS, np.maximum(grid.error, FLOOR), color=INK, linewidth=1.4)
    at = (grid.n_points, max(missed, FLOOR))
    error.plot(*at, "o", color=MONTE_CARLO.color, markersize=7, clip_on=False)


def sentence(grid):
    spent, missed = grid.at
    evaluations, chain, independent = spent
    return (
        f"In {grid.dimension} dimensions with {grid.n_points} points an axis and noise scale "
        f"{number(grid.noise_scale)}, a grid takes {power(evaluations)} evaluations, which fill "
        f"{power(8 * evaluations)} bytes, and misses log p(x) by {missed:.1g} nats. If each "
        f"coordinate touched only the one before, {number(chain, 0)} evaluations would give the "
        f"same answer; independent as they are here, {number(independent, 0)}."
    )


def power(value):
    """Write a large number as 1.2 × 10^5, a small one in full."""
    if value < 1e5:
        return number(value, 0)
    exponent = int(np.floor(np.log10(value)))
    return f"{value / 10.0**exponent:.1f} × 10^{exponent}"


def grid_dial():
    """Show what a grid costs in 1 to 20 dimensions, and how exact it is."""
    return LiveFigure(
        "The grid dial",
        controls=[
            Slider("dimension", "dimension", range(1, 21), start=3),
            Slider("n_points", "points per axis", range(6, 151), start=60),
            Slider("noise_scale", "noise scale", np.linspace(0.1, 1, 19), start=0.3),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=3.6,
    )
