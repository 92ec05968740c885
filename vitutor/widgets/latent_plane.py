"""The latent plane: a point z among the codes of images, and the image that it decodes to.

(Lesson 10)
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from vitutor.plotting import LIKELIHOOD, POSTERIOR, number
from vitutor.widgets.engine import LiveFigure, Slider

REACH = 3.0
PIXELS = np.stack(np.meshgrid(np.linspace(-REACH, REACH, 8), np.linspace(REACH, -REACH, 8)), -1)
CORNERS = np.array([[-2.0, -2.0], [-2.0, 2.0], [2.0, -2.0], [2.0, 2.0]])


@dataclass(frozen=True)
class Place:
    """A point (2,), its image (side, side), and the label and distance of the nearest code."""

    z: np.ndarray
    image: np.ndarray
    label: int
    distance: float


def blob(z):
    """Paint a spot at z (2,), as 64 pixels: a decoder that needs no training."""
    return np.exp(-((PIXELS - z) ** 2).sum(-1) / 2).ravel()


def compute(z1, z2, decode, codes, labels):
    z = np.array([z1, z2])
    image = np.asarray(decode(z))
    side = round(np.sqrt(image.size))
    distance = np.linalg.norm(codes - z, axis=1)
    nearest = distance.argmin()
    return Place(z, image.reshape(side, side), int(labels[nearest]), distance[nearest])


def layout(figure, codes, labels):
    plane, picture = figure.subplots(1, 2, width_ratios=(1.35, 1))
    plane.set(xlim=(-3.4, 3.4), ylim=(-3.4, 3.4), aspect="equal", xlabel="$z_1$", ylabel="$z_2$")
    for digit in np.unique(labels):
        at = codes[labels == digit]
        look = {"markersize": 6, "color": POSTERIOR.color, "markeredgewidth": 0, "alpha": 0.75}
        plane.plot(*at.T, linestyle="none", marker=f"${digit}$", **look)
    picture.set(xlim=(-0.5, 7.5), ylim=(7.5, -0.5), aspect="equal", xticks=(), yticks=())
    picture.set_title("p(pixel is on | z)")
    return plane, picture


def draw(axes, place):
    plane, picture = axes
    plane.plot(*place.z, "o", color="white", markersize=13, markeredgecolor=LIKELIHOOD.color)
    plane.plot(*place.z, "o", color=LIKELIHOOD.color, markersize=7)
    edges = (-0.5, 7.5, 7.5, -0.5)
    picture.imshow(place.image, cmap="gray_r", vmin=0, vmax=1, extent=edges)


def sentence(place):
    z1, z2 = map(number, place.z)
    return (
        f"At z = ({z1}, {z2}) the decoder expects {number(place.image.sum(), 1)} pixels to be on. "
        f"The nearest code of an image is {number(place.distance)} away, and that image is a "
        f"{place.label}."
    )


def latent_plane(decode=blob, codes=CORNERS, labels=(0, 1, 2, 3)):
    """Show `decode`, from z (2,) to a square image's pixels, beside codes (N, 2) and their labels.

    With a VAE `model`: decode is `model.decode`, and the codes are the means of q(z | x).
    """
    codes, labels = np.asarray(codes), np.asarray(labels)
    values = np.linspace(-REACH, REACH, 121)
    return LiveFigure(
        "The latent plane",
        controls=[
            Slider("z1", "latent z₁", values, start=0.5),
            Slider("z2", "latent z₂", values, start=0.5),
        ],
        compute=partial(compute, decode=decode, codes=codes, labels=labels),
        layout=partial(layout, codes=codes, labels=labels),
        draw=draw,
        sentence=sentence,
        height=3.9,
    )
