"""The decoder walk: a latent z runs along a line, and the mean of x along a curve. (Lesson 01)

z ~ N(0, 1), x | z ~ N(curve(z), noise_scale^2 I) in the plane. Under the curve lies p(x), averaged
over each pixel; beside it log p(x) at the curve's own points, which grows without bound as the
noise is made small.
"""

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Circle
from scipy.special import ndtr

from vitutor import evidence
from vitutor.models import Decoder
from vitutor.plotting import INK, LIKELIHOOD, PRIOR, TRUTH, density, label, number
from vitutor.widgets.engine import Choice, LiveFigure, Slider

CURVES = {
    "line": lambda z: np.concatenate([0.9 * z, 0.5 * z + 0.7], axis=-1),
    "parabola": lambda z: np.concatenate([z, z**2], axis=-1),
}
Z = np.linspace(-3, 3, 121)
EDGES = np.linspace(-3, 3, 121), np.linspace(-1.6, 3, 93)  # of the pixels, across and up
LOW, HIGH = -8.0, 3.0  # nats
SHADE = LinearSegmentedColormap.from_list("p(x)", ["#FFFFFF", "#7F97A3"])


@dataclass(frozen=True)
class Walk:
    """The mean (2,) and log p(x) there; curve (121, 2), log p(x) on it, p(x) by pixel (92, 120)."""

    name: str
    z: float
    noise_scale: float
    mean: np.ndarray
    log_p: float
    curve: np.ndarray
    log_p_on_curve: np.ndarray
    marginal: np.ndarray


def compute(curve, z, noise_scale, curves):
    path, log_p_on_curve, marginal = along(curves[curve], noise_scale)
    return Walk(
        name=curve,
        z=z,
        noise_scale=noise_scale,
        mean=curves[curve](np.array([z])),
        log_p=np.interp(z, Z, log_p_on_curve),
        curve=path,
        log_p_on_curve=log_p_on_curve,
        marginal=marginal,
    )


@lru_cache(maxsize=64)
def along(decode, noise_scale):
    """Work out what does not depend on z; it is kept while z is dragged."""
    path = decode(Z[:, None])
    # As a function of z the integrand is as wide as the noise over the curve's speed.
    speed = np.linalg.norm(np.diff(path, axis=0), axis=1).max() / (Z[1] - Z[0])
    n_points = 200 + int(16 * speed / noise_scale)
    log_p = evidence.quadrature(Decoder(decode, noise_scale, 1), path, n_points=n_points).value
    return path, log_p, average_over_pixels(decode, noise_scale, n_points)


def average_over_pixels(decode, noise_scale, n_points):
    """Return p(x) averaged over each pixel: given z, the two coordinates are independent."""
    z = np.linspace(-8, 8, n_points)
    weight = np.exp(-0.5 * z**2) / np.exp(-0.5 * z**2).sum()
    mean = decode(z[:, None])
    across, up = (
        np.diff(ndtr((edges - mean[:, [axis]]) / noise_scale), axis=1) / (edges[1] - edges[0])
        for axis, edges in enumerate(EDGES)
    )
    return (up * weight[:, None]).T @ across


def layout(figure):
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1.75), height_ratios=(1, 1.5))
    latent, evidence_, plane = (
        figure.add_subplot(grid[at]) for at in ((0, 0), (1, 0), (slice(2), 1))
    )
    latent.set(xlim=(-3, 3), ylim=(0, 0.45), yticks=(), xticklabels=())
    density(latent, Z, np.exp(-0.5 * Z**2) / np.sqrt(2 * np.pi), PRIOR, flank="left")
    evidence_.set(xlim=(-3, 3), ylim=(LOW, HIGH), xlabel="z", ylabel="log p(x) at the mean, nats")
    plane.set(xlim=EDGES[0][[0, -1]], ylim=EDGES[1][[0, -1]], aspect="equal")
    plane.set(xlabel="$x_1$", ylabel="$x_2$")
    return latent, evidence_, plane


def draw(axes, walk):
    latent, evidence_, plane = axes
    look = {"color": LIKELIHOOD.color, "markersize": 7}
    height = np.exp(-0.5 * walk.z**2) / np.sqrt(2 * np.pi)
    latent.plot([walk.z, walk.z], [0, height], color=LIKELIHOOD.color, linewidth=1.2)
    latent.plot(walk.z, height, "o", **look)

    evidence_.plot(Z, walk.log_p_on_curve, color=TRUTH.color)
    evidence_.plot(walk.z, walk.log_p, "o", clip_on=False, **look)

    extent = (*EDGES[0][[0, -1]], *EDGES[1][[0, -1]])
    shade = SHADE(walk.marginal / walk.marginal.max(), bytes=True)  # before it is enlarged: faster
    plane.imshow(shade, extent=extent, origin="lower", interpolation="bilinear")
    plane.plot(*walk.curve.T, color=INK, linewidth=1)
    for n_scales in (1, 2):
        plane.add_artist(
            Circle(walk.mean, n_scales * walk.noise_scale, fill=False, color=LIKELIHOOD.color)
        )
    plane.plot(*walk.mean, "o", **look)
    for across, up in spots_beside(walk):
        side = "left" if across > walk.mean[0] else "right"
        label(plane, across, up, LIKELIHOOD.name, LIKELIHOOD.color, ha=side)


def spots_beside(walk):
    """Return where the mean is named, off the curve and outside it: one place, if there is room."""
    at = np.abs(Z - walk.z).argmin()
    along_x, along_y = np.gradient(walk.curve, axis=0)[at]
    normal = np.array([-along_y, along_x]) / (np.hypot(along_x, along_y) + 1e-12)
    if normal @ (walk.mean - walk.curve.mean(axis=0)) < 0:
        normal = -normal
    step = (2 * walk.noise_scale + 0.15) * normal
    spots = (walk.mean + step, walk.mean - step)
    return [spot for spot in spots if has_room(spot) and has_room(walk.mean, margin=0)][:1]


def has_room(point, margin=0.8):
    """Whether a point is on the plane shown, this far from its left and right edges at least."""
    (left, right), (low, high) = EDGES[0][[0, -1]], EDGES[1][[0, -1]]
    return left + margin < point[0] < right - margin and low < point[1] < high


def sentence(walk):
    across, up = map(number, walk.mean)
    return (
        f"On the {walk.name}, at z = {number(walk.z)}, the mean of x is ({across}, {up}), and the "
        f"noise has standard deviation {number(walk.noise_scale)} in each coordinate. At that mean "
        f"log p(x) = {number(walk.log_p)} nats; p(x) is an average over every z."
    )


def decoder_walk(curves=None):
    """Show a mean that runs along a curve; `curves` names decoders from (..., 1) to (..., 2)."""
    curves = curves or CURVES
    return LiveFigure(
        "The decoder walk",
        controls=[
            Choice("curve", "decoder", [*curves], start=[*curves][-1]),
            Slider("z", "latent z", np.linspace(-3, 3, 121), start=0.5),
            Slider("noise_scale", "noise scale", (0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8), start=0.2),
        ],
        compute=partial(compute, curves=curves),
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=4.0,
    )
