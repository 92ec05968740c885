"""EM by hand, where the ELBO can rise while log p(x) falls. (Lesson 09)

x = z1 + z2 + noise, and x² has mean 3 over the data; the noise variance is to be learnt. On the
left log p(x), the ELBO of the best q at each noise variance, and the ELBO of one q held still,
which was fitted at a noise variance of its own: the E-step moves that, the M-step the model. On
the right the posterior of the datum at the root of 3, and that q. Everything is a closed form.
"""

from dataclasses import dataclass

import numpy as np

from vitutor.families import FullRankGaussian
from vitutor.models import LinearGaussian
from vitutor.plotting import ELBO, GAP, POSTERIOR, TRUTH, Q, label, number
from vitutor.widgets.engine import Choice, LiveFigure, Slider

MEAN_SQUARE = 3.0
DATUM = np.sqrt([[MEAN_SQUARE]])
INDEPENDENT, ANY = "independent", "any Gaussian"
AT = np.linspace(0.3, 4.5, 211)  # noise variances
BEST = np.roots([1, 0, -3, -4]).real.max()  # where E- and M-step change nothing, independent q
LOW, HIGH = -2.36, -1.83  # nats
ANGLE = np.linspace(0, 2 * np.pi, 121)
CIRCLE = np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1)[:, None, :]


@dataclass(frozen=True)
class Landscape:
    """The noise variance of the model, the one that q was fitted at, and nats a datum."""

    noise_variance: float
    fitted_at: float
    family: str
    elbo: float
    elbo_of_q: np.ndarray

    @property
    def top(self):
        """The noise variance at which the ELBO of this q is highest: where the M-step goes."""
        share, variance_of_sum, _ = fitted_q(self.fitted_at, self.family)
        return (1 - share) ** 2 * MEAN_SQUARE + variance_of_sum


def log_evidence(noise_variance):
    """Mean log p(x) of the data, nats: they are N(0, 2 + noise variance)."""
    total = 2 + noise_variance
    return -0.5 * (np.log(2 * np.pi * total) + MEAN_SQUARE / total)


def fitted_q(noise_variance, family):
    """Return the best q's mean and variance of z1 + z2, a unit of x, and its mean KL to p(z)."""
    share = 2 / (2 + noise_variance)
    if family == INDEPENDENT:
        variance = noise_variance / (1 + noise_variance)  # one over the precision's diagonal
        variance_of_sum, log_det, trace = 2 * variance, 2 * np.log(variance), 2 * variance
    else:
        variance_of_sum = noise_variance * share
        log_det, trace = np.log(variance_of_sum / 2), 1 + variance_of_sum / 2
    return share, variance_of_sum, 0.5 * (share**2 / 2 * MEAN_SQUARE + trace - 2 - log_det)


def elbo(noise_variance, fitted_at, family):
    """Mean ELBO of the data, nats, with a q that is the best one at another noise variance."""
    share, variance_of_sum, to_prior = fitted_q(fitted_at, family)
    misfit = (1 - share) ** 2 * MEAN_SQUARE + variance_of_sum
    return -0.5 * (np.log(2 * np.pi * noise_variance) + misfit / noise_variance) - to_prior


def compute(noise_variance, fitted_at, family):
    """Work out the curve of q held still, and the place where we are on it."""
    return Landscape(
        noise_variance=noise_variance,
        fitted_at=fitted_at,
        family=family,
        elbo=elbo(noise_variance, fitted_at, family),
        elbo_of_q=elbo(AT, fitted_at, family),
    )


def layout(figure):
    hill, plan = figure.subplots(1, 2, width_ratios=(1.75, 1))
    hill.set(xlim=(0, 4.5), ylim=(LOW, HIGH), xlabel="noise variance", ylabel="nats a datum")
    hill.set(xticks=range(5), yticks=np.arange(-2.3, -1.89, 0.1))
    hill.plot(AT, log_evidence(AT), color=TRUTH.color)
    for at, value, height, name, role in (
        (1.0, log_evidence(1.0), -1.85, "log p(x)", TRUTH),
        (BEST, elbo(BEST, BEST, INDEPENDENT), -1.885, "ELBO of the best independent q", ELBO),
    ):
        hill.plot([at], [value], "o", color=role.color, markerfacecolor="white", markersize=9)
        label(hill, 4.45, height, f"{name}: top at {at:.3f}", role.color, ha="right")
    hill.plot(AT, elbo(AT, AT, INDEPENDENT), color=ELBO.color)
    plan.set(xlim=(-1.6, 2.9), ylim=(-1.6, 2.9), xlabel="z1", ylabel="z2", aspect="equal")
    label(plan, 2.8, 2.6, "p(z | x)", POSTERIOR.color, ha="right")
    label(plan, 2.8, 2.2, "q(z)", Q.color, ha="right")
    return hill, plan


def draw(axes, landscape):
    hill, plan = axes
    hill.plot(AT, landscape.elbo_of_q, color=Q.color, linestyle=Q.linestyle, linewidth=1.5)
    here, evidence = landscape.noise_variance, log_evidence(landscape.noise_variance)
    foot = max(landscape.elbo, LOW)
    gap = {"color": GAP.color, "linestyle": GAP.linestyle, "linewidth": 2.5}
    hill.plot([here, here], [evidence, foot], **gap)
    hill.plot([here], [evidence], "o", color=TRUTH.color)
    hill.plot([here], [foot], "o" if foot > LOW else "v", color=Q.color, clip_on=False)
    summit = elbo(landscape.top, landscape.fitted_at, landscape.family)
    hill.plot([landscape.top], [summit], "^", color=Q.color)
    text = f"ELBO of this q: top at {number(landscape.top)}"
    label(hill, 4.45, -1.92, text, Q.color, ha="right")
    posterior = LinearGaussian([[1.0, 1.0]], [0.0], [[here]]).posterior(DATUM)
    for n_sd, width in ((1, 2.0), (2, 1.2)):
        ring = posterior.transform(n_sd * CIRCLE)[:, 0]
        plan.plot(*ring.T, color=POSTERIOR.color, linewidth=width)
        ring = _ring_of_q(landscape, n_sd)
        plan.plot(*ring.T, color=Q.color, linestyle=Q.linestyle, linewidth=width)


def _ring_of_q(landscape, n_sd):
    at = LinearGaussian([[1.0, 1.0]], [0.0], [[landscape.fitted_at]]).posterior(DATUM)
    if landscape.family == INDEPENDENT:
        variance = landscape.fitted_at / (1 + landscape.fitted_at)
        at = FullRankGaussian(at.mean, variance * np.eye(2)[None])
    return at.transform(n_sd * CIRCLE)[:, 0]


def sentence(landscape):
    evidence = log_evidence(landscape.noise_variance)
    of_q = "with independent coordinates" if landscape.family == INDEPENDENT else "of any shape"
    return (
        f"Noise variance {number(landscape.noise_variance)}, q {of_q}, fitted at "
        f"{number(landscape.fitted_at)}: ELBO {number(landscape.elbo, 3)} nats a datum, log p(x) "
        f"{number(evidence, 3)}, gap {number(evidence - landscape.elbo, 3)}. With this q the ELBO "
        f"is highest at noise variance {number(landscape.top)}."
    )


def learning_landscape():
    """Show the ELBO and log p(x) against the noise variance of x = z1 + z2 + noise."""
    return LiveFigure(
        "The landscape of learning",
        controls=[
            Slider("noise_variance", "noise variance", np.linspace(0.4, 4, 181), start=1.0),
            Slider("fitted_at", "q fitted at", np.linspace(0.4, 4, 181), start=1.0),
            Choice("family", "q", (INDEPENDENT, ANY), start=INDEPENDENT),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=3.9,
    )
