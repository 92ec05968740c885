"""Break the bound: a published formula for the ELBO, and what q makes of it. (Lesson 07)

The ELBO is the reconstruction less KL(q ‖ prior), and stays below log p(x) wherever q goes. With
the KL to the posterior in its place, as the formula has been published, it does not. Sine model,
x = 1.2; every number by quadrature.
"""

from dataclasses import dataclass

import numpy as np

from vitutor.divergences import kl
from vitutor.families import MeanFieldGaussian
from vitutor.grid import GridPosterior, noise_grid
from vitutor.models import Decoder
from vitutor.plotting import ELBO, GAP, POSTERIOR, PRIOR, TRUTH, Q, bar, density, label, number
from vitutor.widgets.engine import LiveFigure, Slider

MODEL, DATUM = Decoder.sine(), np.array([[1.2]])
POSTERIOR_ON_GRID = GridPosterior(MODEL, DATUM, n_points=801)
LOG_EVIDENCE = POSTERIOR_ON_GRID.log_evidence.value[0]
Z = POSTERIOR_ON_GRID.points[:, None]
SEEN = np.abs(Z[:, 0, 0]) <= 3.5
NOISE, WEIGHT = noise_grid(1)
PRIOR_OF_Z = MeanFieldGaussian.standard(1, 1)
LEFT, RIGHT = -5.0, 0.5


@dataclass(frozen=True)
class Broken:
    """The terms, nats, and q on the grid."""

    q_mean: float
    q_scale: float
    q: np.ndarray
    reconstruction: float
    kl_to_prior: float
    kl_to_posterior: float

    @property
    def elbo(self):
        return self.reconstruction - self.kl_to_prior

    @property
    def published(self):
        return self.reconstruction - self.kl_to_posterior


def compute(q_mean, q_scale):
    """Work out both formulas at one q."""
    q = MeanFieldGaussian([[q_mean]], [[q_scale]])
    return Broken(
        q_mean=q_mean,
        q_scale=q_scale,
        q=np.exp(q.log_prob(Z)[:, 0]),
        reconstruction=WEIGHT @ MODEL.log_likelihood(DATUM, q.transform(NOISE))[:, 0],
        kl_to_prior=kl(q, PRIOR_OF_Z)[0],
        kl_to_posterior=kl(q, POSTERIOR_ON_GRID)[0],
    )


def layout(figure):
    figure.set_layout_engine("none")
    beliefs = figure.add_axes((0.06, 0.52, 0.92, 0.46))
    z = Z[SEEN, 0, 0]
    beliefs.set(xlim=(-3.5, 3.5), ylim=(0, 2.1), xlabel="z", ylabel="density", yticks=(0, 1, 2))
    density(beliefs, z, np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi), PRIOR, flank="left")
    posterior = POSTERIOR_ON_GRID.log_prob(Z[SEEN])[:, 0]
    density(beliefs, z, np.exp(posterior), POSTERIOR, fill=True)
    label(beliefs, 1.45, 0.62, "p(z | x)", POSTERIOR.color, ha="left")

    nats = figure.add_axes((0.36, 0.13, 0.52, 0.25))
    nats.set(xlim=(LEFT, RIGHT), ylim=(-0.6, 1.6), xlabel="nats")
    nats.set_yticks([1, 0], ["ELBO, with KL( q ‖ p(z) )", "published, with KL( q ‖ p(z|x) )"])
    nats.tick_params(axis="y", length=0)
    for tick, role in zip(nats.get_yticklabels(), (ELBO, GAP), strict=True):
        tick.set_color(role.color)
    nats.spines["left"].set_visible(False)
    nats.axvline(LOG_EVIDENCE, color=TRUTH.color, linewidth=1.2)
    label(nats, LOG_EVIDENCE, 1.85, "log p(x)", TRUTH.color)
    return beliefs, nats


def draw(axes, broken):
    beliefs, nats = axes
    density(beliefs, Z[SEEN, 0, 0], broken.q[SEEN], Q, flank="left")
    column = nats.get_yaxis_transform()
    for row, value, role in ((1, broken.elbo, ELBO), (0, broken.published, GAP)):
        bar(nats, row, LEFT, value, role, solid=role is ELBO, height=0.5)
        label(nats, 1.2, row, number(value, 3), role.color, ha="right", transform=column)


def sentence(broken):
    excess = broken.published - LOG_EVIDENCE
    verdict = (
        f"{number(excess, 3)} nats above it: no lower bound"
        if excess > 0
        else f"{number(-excess, 3)} nats below it"
    )
    return (
        f"With q = N({number(broken.q_mean)}, {number(broken.q_scale)}²) the ELBO is "
        f"{number(broken.elbo, 3)}, below log p(x) = {number(LOG_EVIDENCE, 3)}; the published "
        f"formula gives {number(broken.published, 3)}, {verdict}."
    )


def broken_bound():
    """Show the ELBO and the published formula for a Gaussian q of the learner's choice."""
    return LiveFigure(
        "Break the bound",
        controls=[
            Slider("q_mean", "mean of q", np.linspace(-0.5, 2, 51), start=0.75),
            Slider("q_scale", "scale of q", np.linspace(0.1, 1, 91), start=0.45),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
    )
