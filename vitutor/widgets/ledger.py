"""The evidence ledger: what q earns, what it pays, and what it still misses. (Lessons 00, 06, 07)

    log p(x) = ELBO + KL(q || p(z | x)),    ELBO = E_q[log p(x | z)] - KL(q || p(z))

Move and widen q over the sine model's posterior: the two sides of the first line stay equal to
rounding, at any x and for any q, and only their split moves.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from vitutor import evidence
from vitutor.families import MeanFieldGaussian
from vitutor.models import Decoder
from vitutor.plotting import ELBO, GAP, LIKELIHOOD, POSTERIOR, PRIOR, TRUTH, Q, bar, density, label
from vitutor.plotting import number as num
from vitutor.widgets.engine import LiveFigure, Slider

GRID = np.linspace(-8, 8, 801)
SEEN = np.abs(GRID) <= 4
STEPS = np.linspace(-8, 8, 401)  # q's own grid, in its standard deviations
LEFT, RIGHT = -8.0, 0.6  # nats
TOP = 2.5
ROWS = (
    ("reconstruction  $E_q[\\log p(x\\,|\\,z)]$", LIKELIHOOD),
    ("− KL( q ‖ prior )", PRIOR),
    ("= ELBO", ELBO),
    ("+ KL( q ‖ posterior )", GAP),
    ("= $\\log p(x)$", TRUTH),
)


@dataclass(frozen=True)
class Ledger:
    """All numbers in nats; densities on GRID."""

    x: float
    q_mean: float
    q_scale: float
    posterior: np.ndarray
    q: np.ndarray
    log_evidence: float
    reconstruction: float
    kl_to_prior: float
    kl_to_posterior: float

    @property
    def elbo(self):
        return self.reconstruction - self.kl_to_prior

    @property
    def residual(self):
        return self.log_evidence - self.elbo - self.kl_to_posterior


def compute(x, q_mean, q_scale, model):
    """Work out the ledger of a model with one latent dimension, everything by quadrature.

    log p(x) comes from evidence.quadrature, and the KL to the posterior from a posterior that is
    normalised on a finer grid, so the residual compares two computations.
    """
    datum = np.array([[x]])
    log_evidence = evidence.quadrature(model, datum).value[0]
    log_joint = model.log_joint(datum, GRID[:, None, None])[:, 0]
    log_normaliser = np.log(np.exp(log_joint).sum() * (GRID[1] - GRID[0]))

    q = MeanFieldGaussian([[q_mean]], [[q_scale]])
    z = (q_mean + q_scale * STEPS)[:, None, None]
    log_q = q.log_prob(z)[:, 0]
    weight = np.exp(log_q) * q_scale * (STEPS[1] - STEPS[0])
    log_prior, log_likelihood = model.log_prior(z)[:, 0], model.log_likelihood(datum, z)[:, 0]
    return Ledger(
        x=x,
        q_mean=q_mean,
        q_scale=q_scale,
        posterior=np.exp(log_joint - log_normaliser),
        q=np.exp(q.log_prob(GRID[:, None, None])[:, 0]),
        log_evidence=log_evidence,
        reconstruction=weight @ log_likelihood,
        kl_to_prior=-q.entropy()[0] - weight @ log_prior,
        kl_to_posterior=weight @ (log_q - log_prior - log_likelihood) + log_normaliser,
    )


def layout(figure):
    figure.set_layout_engine("none")
    beliefs = figure.add_axes((0.055, 0.535, 0.93, 0.445))
    beliefs.set(xlim=(-4, 4), ylim=(0, TOP), xlabel="z", yticks=(0, 1, 2), ylabel="density")
    z = GRID[SEEN]
    density(beliefs, z, np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi), PRIOR, flank="left")

    nats = figure.add_axes((0.285, 0.095, 0.615, 0.34))
    nats.set(xlim=(LEFT, RIGHT), ylim=(-0.6, 4.6), xlabel="nats")
    nats.set_yticks(range(4, -1, -1), [name for name, _ in ROWS])
    nats.tick_params(axis="y", length=0)
    for tick, (_, role) in zip(nats.get_yticklabels(), ROWS, strict=True):
        tick.set_color(role.color)
    nats.axvline(0, color="#8A8A8A", linewidth=0.8)
    nats.spines["left"].set_visible(False)
    return beliefs, nats


def draw(axes, ledger):
    beliefs, nats = axes
    z = GRID[SEEN]
    q_is_left = ledger.q_mean < GRID[np.argmax(ledger.posterior)]
    sides = ("right", "left") if q_is_left else ("left", "right")
    density(beliefs, z, ledger.posterior[SEEN], POSTERIOR, flank=sides[0], fill=True)
    density(beliefs, z, ledger.q[SEEN], Q, flank=sides[1])

    log_p, elbo, reconstruction = ledger.log_evidence, ledger.elbo, ledger.reconstruction
    nats.plot([log_p, log_p], [-0.6, 4.6], color=TRUTH.color, linewidth=1)
    entries = (  # from, to, amount
        (0, reconstruction, reconstruction),
        (reconstruction, elbo, -ledger.kl_to_prior),
        (0, elbo, elbo),
        (elbo, log_p, ledger.kl_to_posterior),
        (0, log_p, log_p),
    )
    column = nats.get_yaxis_transform()
    for row, (start, end, amount), (_, role) in zip(range(4, -1, -1), entries, ROWS, strict=True):
        bar(nats, row, start, end, role, solid=role in (ELBO, TRUTH))
        label(nats, 1.15, row, num(amount, 3), role.color, ha="right", transform=column)
    residual = f"residual {abs(ledger.residual):.0e}"
    label(nats, 1.15, -1.8, residual, ha="right", transform=column)


def sentence(ledger):
    residual = abs(ledger.residual)
    balance = "less than 1e-10" if residual < 1e-10 else f"{residual:.1e}"
    return (
        f"At x = {num(ledger.x)}, with q = N({num(ledger.q_mean)}, {num(ledger.q_scale)}²): "
        f"log p(x) = {num(ledger.log_evidence, 3)} nats is the ELBO, {num(ledger.elbo, 3)}, plus "
        f"KL(q‖posterior), {num(ledger.kl_to_posterior, 3)}; the ELBO is the reconstruction, "
        f"{num(ledger.reconstruction, 3)}, minus KL(q‖prior), {num(ledger.kl_to_prior, 3)}. "
        f"The two sides differ by {balance}."
    )


def evidence_ledger(model=None):
    """Show the ledger of the sine model, or of any model of one z and one x."""
    return LiveFigure(
        "The evidence ledger",
        controls=[
            Slider("x", "observed x", np.linspace(-2, 2, 81), start=1.2),
            Slider("q_mean", "mean of q", np.linspace(-3, 3, 121), start=0.3),
            Slider("q_scale", "scale of q", np.linspace(0.2, 1.5, 131), start=0.5),
        ],
        compute=partial(compute, model=model or Decoder.sine()),
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=4.8,
    )
