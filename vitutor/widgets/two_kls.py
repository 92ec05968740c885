"""Two ways to be close: KL(q ‖ p) and KL(p ‖ q) for a posterior with two modes. (Lesson 07)

The reverse KL, KL(q ‖ p), is the gap of the ELBO, and forbids q to be where p is not. The forward
one forbids q to be absent where p is. Sine model; both by quadrature.
"""

from dataclasses import dataclass

import numpy as np

from vitutor.divergences import kl
from vitutor.families import MeanFieldGaussian
from vitutor.grid import GridPosterior
from vitutor.models import Decoder
from vitutor.plotting import GAP, POSTERIOR, Q, bar, density, label, number
from vitutor.widgets.engine import LiveFigure, Slider

TOP = 8.0  # nats
ROWS = (("KL( q ‖ p ), the gap", GAP), ("KL( p ‖ q )", POSTERIOR))


@dataclass(frozen=True)
class TwoKls:
    """Densities on the grid z (G,), and both divergences, nats."""

    x: float
    q_mean: float
    q_scale: float
    z: np.ndarray
    posterior: np.ndarray
    q: np.ndarray
    reverse: float
    forward: float


def compute(x, q_mean, q_scale):
    """Work out both divergences between q and the posterior at x."""
    posterior = GridPosterior(Decoder.sine(), [[x]], n_points=801)
    q = MeanFieldGaussian([[q_mean]], [[q_scale]])
    seen = posterior.points[np.abs(posterior.points[:, 0]) <= 3.5][:, None]
    return TwoKls(
        x=x,
        q_mean=q_mean,
        q_scale=q_scale,
        z=seen[:, 0, 0],
        posterior=np.exp(posterior.log_prob(seen)[:, 0]),
        q=np.exp(q.log_prob(seen)[:, 0]),
        reverse=kl(q, posterior)[0],
        forward=kl(posterior, q)[0],
    )


def layout(figure):
    figure.set_layout_engine("none")
    beliefs = figure.add_axes((0.06, 0.48, 0.92, 0.5))
    beliefs.set(xlim=(-3.5, 3.5), ylim=(0, 3.3), xlabel="z", ylabel="density", yticks=(0, 1, 2, 3))
    nats = figure.add_axes((0.26, 0.13, 0.6, 0.22))
    nats.set(xlim=(0, TOP), ylim=(-0.6, 1.6), xlabel="nats")
    nats.set_yticks([1, 0], [name for name, _ in ROWS])
    nats.tick_params(axis="y", length=0)
    for tick, (_, role) in zip(nats.get_yticklabels(), ROWS, strict=True):
        tick.set_color(role.color)
    return beliefs, nats


def draw(axes, two):
    beliefs, nats = axes
    q_is_left = two.q_mean < two.z[two.posterior.argmax()]
    sides = ("right", "left") if q_is_left else ("left", "right")
    density(beliefs, two.z, two.posterior, POSTERIOR, flank=sides[0], fill=True)
    density(beliefs, two.z, two.q, Q, flank=sides[1])
    column = nats.get_yaxis_transform()
    for row, value, (_, role) in ((1, two.reverse, ROWS[0]), (0, two.forward, ROWS[1])):
        bar(nats, row, 0, value, role, solid=False, height=0.5)
        label(nats, 1.2, row, number(value, 3), role.color, ha="right", transform=column)


def sentence(two):
    return (
        f"At x = {number(two.x)}, with q = N({number(two.q_mean)}, {number(two.q_scale)}²): the "
        f"reverse KL(q‖posterior), which is the gap of the ELBO, is {number(two.reverse, 3)} nats; "
        f"the forward KL(posterior‖q) is {number(two.forward, 3)}."
    )


def two_kls():
    """Show both KL divergences between a Gaussian q and the sine model's posterior."""
    return LiveFigure(
        "Two ways to be close",
        controls=[
            Slider("x", "observed x", np.linspace(-1.2, 1.2, 49), start=0.4),
            Slider("q_mean", "mean of q", np.linspace(-2, 2.5, 91), start=1.0),
            Slider("q_scale", "scale of q", np.linspace(0.1, 1.1, 101), start=0.4),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
    )
