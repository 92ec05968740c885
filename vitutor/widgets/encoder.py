"""How large an encoder? One decoder, encoders of several widths, the gap of every image.

Left, the gaps of test and of training images at the width chosen, sorted; right, their means at
every width, above what the best q of the family would lose. (Lesson 10)
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from vitutor.plotting import GAP, Q, label, number
from vitutor.widgets.engine import LiveFigure, Slider

# Gaps that need no training: a family's part that all share, and an encoder's part with a tail.
TAIL = -np.log1p(-(np.arange(200) + 0.5) / 200)
MADE_UP = {width: 0.1 + (0.2 + 6 / width) * TAIL for width in (4, 16, 64, 256)}
FLOOR = 0.01  # nats; smaller gaps are drawn here


@dataclass(frozen=True)
class Encoder:
    """Sorted gaps of test and of training images at one width (N,), the family's mean, nats."""

    width: int
    test: np.ndarray
    training: np.ndarray
    family: float


def compute(width, test, training, family):
    return Encoder(width, np.sort(test[width]), np.sort(training[width]), family)


def layout(figure, test, training, family):
    images, means = figure.subplots(1, 2, width_ratios=(1.15, 1))
    widths = np.array(list(test))
    top = max(gap.max() for gap in (*test.values(), *training.values()))
    images.set(xlim=(0, 100), yscale="log", ylim=(FLOOR, 1.5 * top))
    images.set(xlabel="images by their gap, %", ylabel="log p(x) − ELBO, nats")
    images.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
    tallest = max(test[widths[0]].mean(), training[widths[0]].mean())
    means.set(xscale="log", xlim=(widths[0] / 1.6, widths[-1] * 1.6), ylim=(0, 1.12 * tallest))
    means.set(xlabel="hidden units of the encoder", ylabel="mean gap, nats")
    means.set_xticks(widths, [str(width) for width in widths])
    means.minorticks_off()
    means.axhspan(0, family, color=Q.color, alpha=0.25, linewidth=0)
    for gaps, style in ((test, "-"), (training, "--")):
        mean = [gaps[width].mean() for width in widths]
        means.plot(widths, mean, color=GAP.color, linestyle=style, linewidth=1.2)
    middle = np.sqrt(widths[0] * widths[-1])
    label(means, middle, 0.94 * means.get_ylim()[1], "solid: test   dashed: training", GAP.color)
    label(means, middle, family, "the family's part", Q.color, va="bottom")
    return images, means


def draw(axes, now):
    images, means = axes
    for name, gap, style, fill, height in (
        ("dashed: training", now.training, "--", "white", 0.84),
        ("solid: test", now.test, "-", GAP.color, 0.93),
    ):
        share = 100 * (np.arange(len(gap)) + 0.5) / len(gap)
        images.plot(share, gap.clip(FLOOR), color=GAP.color, linestyle=style)
        mean = gap.mean()
        means.plot(now.width, mean, "o", color=fill, markeredgecolor=GAP.color, markersize=7)
        text = f"{name}, mean {number(mean)}"
        label(images, 0.04, height, text, GAP.color, ha="left", transform=images.transAxes)


def sentence(now):
    test, training = now.test.mean(), now.training.mean()
    return (
        f"With {now.width} hidden units the encoder's q is on average {number(test, 1)} nats short "
        f"of log p(x) on a test image, and {number(training, 1)} on a training image. The best q "
        f"of the family would be {number(now.family, 1)} short."
    )


def encoder_width(test=MADE_UP, training=MADE_UP, family=0.1):
    """Show gaps log p(x) - ELBO, nats, {hidden units: (N,)}, of encoders made for one decoder.

    Widths ascend, the same in both; family is the mean approximation gap.
    """
    gaps = {"test": test, "training": training, "family": family}
    widths = tuple(test)
    return LiveFigure(
        "How large an encoder?",
        controls=[Slider("width", "hidden units of the encoder", widths, start=widths[0])],
        compute=partial(compute, **gaps),
        layout=partial(layout, **gaps),
        draw=draw,
        sentence=sentence,
        height=3.2,
    )
