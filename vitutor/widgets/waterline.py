"""The water level of a linear VAE: which latents it keeps, and what they cost. (Lesson 11)

Decoder x = W z + noise of variance σ², trained to maximise E[log p(x | z)] - β KL(q || p(z)). Only
the product βσ² decides W and q: it is a water level. A principal direction of the data whose
variance is above it gets a latent, one below gets none. All of it is a closed form.

Reference: Tipping & Bishop 1999, appendix A; Cover & Thomas 2006, section 10.3.3, for the rate.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from vitutor.plotting import ELBO, LIKELIHOOD, POSTERIOR, PRIOR, label, number
from vitutor.widgets.engine import LiveFigure, Slider

SPECTRUM = 0.7 * 0.85 ** np.arange(32)
FLOOR, TOP = 0.01, 3.0  # variances below the floor are not drawn
N_DRAWN = 24
LOST = "#B4B4B4"


@dataclass(frozen=True)
class Waterline:
    """The variances of the data's principal directions (D,), and where the water stands."""

    variances: np.ndarray
    noise_variance: float
    beta: float

    @property
    def level(self):
        return self.beta * self.noise_variance

    @property
    def n_kept(self):
        return int((self.variances > self.level).sum())

    @property
    def rate(self):
        return rate(self.variances, self.level)

    @property
    def squared_error(self):
        return squared_error(self.variances, self.level)

    @property
    def elbo(self):
        """Reconstruction minus KL, mean over the data, nats: at any beta."""
        constant = len(self.variances) * np.log(2 * np.pi * self.noise_variance)
        return -0.5 * (constant + self.squared_error / self.noise_variance) - self.rate


def rate(variances, level):
    """Mean KL from q to the prior, nats: half the log of how far each variance is above water."""
    above = variances[variances > level]
    return 0.5 * np.log(above / level).sum()


def squared_error(variances, level):
    """Mean squared error of an image decoded from a draw of q."""
    return np.minimum(variances, level).sum()


def compute(noise_variance, beta, variances):
    return Waterline(variances, noise_variance, beta)


def layout(figure, variances):
    spectrum, curve = figure.subplots(1, 2, width_ratios=(1.25, 1))
    figure.get_layout_engine().set(wspace=0.06)
    spectrum.set(xlim=(0.3, N_DRAWN + 0.7), ylim=(FLOOR, TOP), yscale="log")
    spectrum.set(xlabel="principal direction of the data", ylabel="its variance")
    spectrum.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
    spectrum.set_xticks([1, 6, 12, 18, 24])
    levels = np.geomspace(FLOOR / 2, variances.max(), 300)
    rates = [rate(variances, level) for level in levels]
    errors = [squared_error(variances, level) for level in levels]
    curve.plot(rates, errors, color=LIKELIHOOD.color)
    top = 1.12 * errors[-1]
    curve.set(xlim=(-0.02 * rates[0], rates[0]), ylim=(0, top))
    curve.set(xlabel="rate: KL to the prior, nats", ylabel="squared error of an image")
    return spectrum, curve


def draw(axes, water):
    spectrum, curve = axes
    shown = water.variances[:N_DRAWN]
    at = np.arange(1, len(shown) + 1)
    colors = np.where(shown > water.level, POSTERIOR.color, LOST)
    spectrum.vlines(at, FLOOR / 2, np.maximum(shown, FLOOR), color=colors, linewidth=7)
    spectrum.axhspan(FLOOR / 2, water.level, color=ELBO.color, alpha=0.13, linewidth=0)
    spectrum.axhline(water.level, color=ELBO.color, linewidth=1.5)
    text = f"water level βσ² = {number(water.level, 3)}"
    label(spectrum, N_DRAWN + 0.5, 0.9 * TOP, text, ELBO.color, ha="right", va="top")
    right, top = curve.get_xlim()[1], curve.get_ylim()[1]
    ends = np.array([-right, 2 * right])
    tangent = water.squared_error - 2 * water.level * (ends - water.rate)
    curve.plot(ends, tangent, color=ELBO.color, linewidth=1.2, linestyle=PRIOR.linestyle)
    is_cut = water.rate > right
    look = {"color": ELBO.color, "markersize": 9, "clip_on": False}
    here = min(water.rate, 0.98 * right)
    curve.plot([here], [water.squared_error], ">" if is_cut else "o", **look)
    label(curve, 0.97 * right, 0.9 * top, "dashed: slope −2βσ²", ELBO.color, ha="right")


def sentence(water):
    honest = Waterline(water.variances, water.noise_variance, 1.0).elbo
    compared = "" if water.beta == 1 else f"; with β 1 it would be {number(honest)}"
    return (
        f"Noise variance {number(water.noise_variance, 3)}, β {number(water.beta)}: the water "
        f"stands at {number(water.level, 3)}. {water.n_kept} of {len(water.variances)} directions "
        f"have a latent; together they carry {number(water.rate)} nats an image, and leave a "
        f"squared error of {number(water.squared_error, 3)}. The ELBO is {number(water.elbo)} "
        f"nats{compared}."
    )


def water_level(variances=SPECTRUM):
    """Show which latents a linear VAE keeps, given the variances (D,) of principal directions."""
    variances = np.sort(np.asarray(variances, dtype=float))[::-1]
    return LiveFigure(
        "The water level of a linear VAE",
        controls=[
            Slider(
                "noise_variance",
                "noise variance σ²",
                np.geomspace(0.01, 1, 81),
                start=0.1,
                decimals=3,
            ),
            Slider("beta", "β", np.geomspace(0.1, 10, 81), start=1.0),
        ],
        compute=partial(compute, variances=variances),
        layout=partial(layout, variances=variances),
        draw=draw,
        sentence=sentence,
        height=3.6,
    )
