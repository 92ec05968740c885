"""Fit q by hand, then let gradients do it: a map of q and the ELBO's climb. (Lesson 08)

x = z1 + z2 + noise, so the posterior knows the sum of its latents much better than either of them.
On the left its ellipse and q's, with the path of q's mean; on the right the ELBO along that path,
in closed form, beside log p(x) and beside the best that independent coordinates can do. A step
follows the mean of ten draws of the gradient, always from the same seed.
"""

from dataclasses import dataclass
from functools import cache, lru_cache, partial

import numpy as np

from vitutor.divergences import kl
from vitutor.families import MeanFieldGaussian
from vitutor.fit import fit_coordinate_ascent
from vitutor.gradients import reparameterised, score_function
from vitutor.models import LinearGaussian
from vitutor.optim import Adam
from vitutor.plotting import ELBO, MONTE_CARLO, POSTERIOR, TRUTH, Q, label, number
from vitutor.widgets.engine import Choice, LiveFigure, Slider

MODEL, X = LinearGaussian([[1.0, 1.0]], [0.0], [[0.25]]), np.array([[2.25]])
EXACT_POSTERIOR = MODEL.posterior(X)
LOG_EVIDENCE = MODEL.log_marginal(X)[0]
N_STEPS, N_DRAWS, OPTIMISER = 100, 10, Adam(0.08)
ANGLE = np.linspace(0, 2 * np.pi, 121)
CIRCLE = np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1)[:, None, :]
LOW, HIGH = -12.0, -1.8  # nats


def detached(model, x, q, n_draws, *, rng):
    """The mistake: z is drawn and held still, and only the formula of -log q moves."""
    return -q.score(q.sample(n_draws, rng=rng))


GRADIENTS = {
    "detached": detached,
    "score function": score_function,
    "score, baseline": partial(score_function, baseline="leave-one-out"),
    "reparameterised": reparameterised,
    "sticking the landing": partial(reparameterised, sticking_the_landing=True),
}


@dataclass(frozen=True)
class Climb:
    """The distributions q from the start to now, one a row of a batch, and their ELBOs, nats."""

    gradient: str
    q: MeanFieldGaussian
    elbo: np.ndarray


@cache
def ceiling():
    """The ELBO of the best q with independent coordinates, nats."""
    _, trace = fit_coordinate_ascent(MODEL, X, 100)
    return trace.elbo.value[-1, 0]


def compute(q_mean_1, q_mean_2, q_scale, gradient, steps):
    """Start from the q that the sliders say, and follow the gradient for so many steps."""
    start = MeanFieldGaussian([[q_mean_1, q_mean_2]], [[q_scale, q_scale]])
    path = _path(tuple(start.params[0]), gradient)[: steps + 1] if steps else start.params
    q = MeanFieldGaussian(path[:, :2], np.exp(path[:, 2:]))
    return Climb(gradient, q, LOG_EVIDENCE - kl(q, EXACT_POSTERIOR))


@lru_cache(maxsize=200)
def _path(params, gradient):
    rng = np.random.default_rng(0)
    path = [np.array([params])]
    q, state = MeanFieldGaussian.standard(1, 2), OPTIMISER.init(path[0])
    for _ in range(N_STEPS):
        draws = GRADIENTS[gradient](MODEL, X, q.with_params(path[-1]), N_DRAWS, rng=rng)
        params, state = OPTIMISER.ascend(path[-1], draws.mean(axis=0), state)
        path.append(params)
    return np.concatenate(path)


def layout(figure):
    plan, climb = figure.subplots(1, 2, width_ratios=(1, 1.25))
    plan.set(xlim=(-2, 4), ylim=(-2, 4), xlabel="z1", ylabel="z2", aspect="equal")
    plan.set(xticks=range(-2, 5, 2), yticks=range(-2, 5, 2))
    for n_sd in (1, 2):
        ring = EXACT_POSTERIOR.transform(n_sd * CIRCLE)[:, 0]
        plan.fill(*ring.T, facecolor=POSTERIOR.color, alpha=0.13)
        plan.plot(*ring.T, color=POSTERIOR.color, linewidth=1.2)
    label(plan, 2.4, -1.35, "p(z | x)", POSTERIOR.color, ha="left")
    climb.set(xlim=(0, 1.25 * N_STEPS), ylim=(LOW, HIGH), xlabel="steps", ylabel="ELBO, nats")
    climb.set_xticks(range(0, N_STEPS + 1, 20))
    for level, role, name, lift in (
        (LOG_EVIDENCE, TRUTH, "log p(x)", 0.1),
        (ceiling(), Q, "best q", -0.1),
    ):
        ends = [level, level]
        climb.plot([0, N_STEPS], ends, color=role.color, linestyle=role.linestyle, linewidth=1.2)
        label(climb, 1.03 * N_STEPS, level + lift, name, role.color, ha="left")
    return plan, climb


def draw(axes, climb):
    plan, rise = axes
    now = climb.q.with_params(climb.q.params)
    for n_sd, width in ((1, 2.0), (2, 1.2)):
        ring = climb.q.mean[-1] + n_sd * climb.q.scale[-1] * CIRCLE[:, 0]
        plan.plot(*ring.T, color=Q.color, linestyle=Q.linestyle, linewidth=width)
    plan.plot(*now.mean.T, color=MONTE_CARLO.color, linewidth=1)
    plan.plot(*now.mean[0], "o", color=MONTE_CARLO.color, markersize=4)
    plan.plot(*now.mean[-1], "o", color=Q.color, markersize=6)
    rise.plot(np.arange(len(climb.elbo)), climb.elbo, color=ELBO.color)
    steps, height = len(climb.elbo) - 1, max(climb.elbo[-1], LOW + 0.25)
    is_below = climb.elbo[-1] < LOW
    rise.plot([steps], [height], "v" if is_below else "o", color=ELBO.color, clip_on=False)
    if is_below:
        label(rise, steps + 3, height + 0.1, number(climb.elbo[-1], 1), ELBO.color, ha="left")


def sentence(climb):
    steps, gap = len(climb.elbo) - 1, LOG_EVIDENCE - climb.elbo[-1]
    (m1, m2), (s1, s2) = climb.q.mean[-1], climb.q.scale[-1]
    return (
        f"After {steps} steps of the {climb.gradient} gradient, q has means {number(m1)} and "
        f"{number(m2)} and scales {number(s1)} and {number(s2)}. Its ELBO is "
        f"{number(climb.elbo[-1], 3)} nats, {number(gap, 3)} below log p(x) = "
        f"{number(LOG_EVIDENCE, 3)}; the best q with independent coordinates is "
        f"{number(LOG_EVIDENCE - ceiling(), 3)} below."
    )


def elbo_climb():
    """Show a fit of independent Gaussians to a correlated posterior in two dimensions."""
    return LiveFigure(
        "Fit q by hand, then press on",
        controls=[
            Slider("q_mean_1", "mean of q, z1", np.linspace(-1.5, 3.5, 51), start=-0.5),
            Slider("q_mean_2", "mean of q, z2", np.linspace(-1.5, 3.5, 51), start=2.8),
            Slider("q_scale", "both scales of q", np.linspace(0.1, 1.5, 71), start=1.0),
            Choice("gradient", "gradient", tuple(GRADIENTS), start="reparameterised"),
            Slider("steps", "steps", range(N_STEPS + 1), start=40),
        ],
        compute=compute,
        layout=layout,
        draw=draw,
        sentence=sentence,
        height=3.9,
    )
