"""Bets and questions of lesson 1, latent variable models."""

import numpy as np
from scipy.stats import norm

from vitutor.checks import Bet, Choice, Function, Mistake, Number

BETS = {
    "01.humps": Bet(
        "01.humps",
        "The prior of $z$ has one hump, and so has the noise. We draw 5000 pairs $(z, x)$ with "
        "$x \\mid z \\sim \\mathcal N(\\sin 2z + z/2,\\ 0.3^2)$ and make a histogram of the $x$. How many "
        "humps has it?",
        {
            "a": (
                "One, widened by the noise.",
                "That is what a straight decoder makes; this one bends.",
            ),
            "b": ("Two.", "One for each turn of the decoder that the prior reaches often."),
            "c": (
                "Three or more: a sine turns again and again.",
                "It does, but the prior hardly gets to the turns beyond $|z| = 2$, and the noise blurs what is left.",
            ),
        },
        right="b",
    ),
    "01.noise": Bet(
        "01.noise",
        "The decoder is the parabola $(z, z^2)$, and there is one datum, $x = (0.5,\\ 0.25)$, which lies "
        "exactly on it. We make the noise scale smaller and smaller. What does $\\log p(x)$ do?",
        {
            "a": (
                "It rises, reaches a maximum, and falls.",
                "For a datum *beside* the curve it does. This one is on it.",
            ),
            "b": (
                "It falls: ever fewer $z$ can explain the datum.",
                "Fewer, but each explains it better, and in two coordinates the second wins.",
            ),
            "c": (
                "It rises without bound.",
                "$\\log p(x)$ gains $\\log 10$ each time the noise falls tenfold.",
            ),
        },
        right="c",
    ),
    "01.digits": Bet(
        "01.digits",
        "On images it has never seen, which model gives the higher mean $\\log p(x)$: the diagonal Gaussian, "
        "or PPCA with 8 latent numbers?",
        {
            "a": (
                "PPCA, by far: it knows which pixels go together.",
                "It does know. But look at what it pays for its single noise scale.",
            ),
            "b": (
                "PPCA, by a little.",
                "What it knows of how pixels go together is worth less than what it pays.",
            ),
            "c": (
                "The diagonal Gaussian, which knows each pixel by itself alone.",
                "It has a noise scale for each pixel, and some pixels hardly ever change.",
            ),
        },
        right="c",
    ),
}

_X = np.array([0.3, -0.6])
_DENSITY = norm(np.array([[-1.0], [1.0]]), 0.5).pdf(_X)  # (2 causes, 2 data)
_AS_VARIANCE = norm(np.array([[-1.0], [1.0]]), np.sqrt(0.5)).pdf(_X)


def _draw_x(z, eps):
    return np.concatenate([z, z**2], axis=1) + np.array([0.2, 0.3]) * eps


QUESTIONS = {
    "01.1": Number(
        "**Question 1.** A cause $z$ is $-1$ or $+1$, with probability ½ each, and "
        "$x \\mid z \\sim \\mathcal N(z,\\ 0.5^2)$. The data set is $x_1 = 0.3$, $x_2 = -0.6$. What is its "
        "log-likelihood, in nats? (To 0.01.)",
        truth=np.log(_DENSITY.mean(axis=0)).sum(),
        tolerance=0.01,
        because="For each datum average over its own $z_i$; then take logs; then add.",
        mistakes=(
            Mistake(
                np.log(_DENSITY.prod(axis=1).mean()),
                "You let both data share one $z$: one average, over products. Each datum has its own "
                "cause, and so its own average.",
            ),
            Mistake(
                np.log(_DENSITY.max(axis=0)).sum(),
                "You took for each datum the cause that fits best, and forgot that it might have been "
                "the other, and that it had to be drawn: with probability ½.",
            ),
            Mistake(
                np.log(_DENSITY.max(axis=0) / 2).sum(),
                "That is $\\log p(x_i, z_i)$ at the best cause. The other cause contributes, too: 0.3 may "
                "come from $-1$, if less often.",
            ),
            Mistake(
                np.log(_DENSITY.sum(axis=0)).sum(),
                "You added $p(x_i \\mid z)$ over the two causes without the prior's ½ for each.",
            ),
            Mistake(
                np.log(_AS_VARIANCE.mean(axis=0)).sum(),
                "You took 0.5 for the variance. It is the standard deviation: $\\mathcal N(z, 0.5^2)$.",
            ),
            Mistake(
                np.log(_DENSITY).mean(axis=0).sum(),
                "You averaged the *logs* over the causes. The average of densities comes first.",
            ),
        ),
        hint="$\\sum_i \\log\\big(\\tfrac12 p(x_i \\mid -1) + \\tfrac12 p(x_i \\mid +1)\\big)$, with the normal "
        "density's standard deviation 0.5.",
    ),
    "01.2": Choice(
        "**Question 2.** A network decoder with a noise scale *learned for each pixel* is fitted to raw "
        "images whose border is always 0. $\\log p(x)$ rises and rises, day after day. What happens?",
        {
            "a": (
                "It overfits; more images of the same kind would stop it.",
                "More images bring more borders of zeros. Every one of them rewards a smaller noise.",
            ),
            "b": (
                "Border pixels are met exactly, and their noise scales go to zero.",
                "The likelihood has no maximum there. Bound the noise from below, or spread the pixels "
                "by dequantisation.",
            ),
            "c": (
                "It learns better and better images; let it run.",
                "The rise comes from pixels that hold no information. The images need not change at all.",
            ),
        },
        right="b",
    ),
    "01.3": Function(
        "**Question 3.** Write `draw_x(z, eps)`: the second step of the story for the model "
        "$x \\mid z \\sim \\mathcal N\\big((z, z^2),\\ \\Sigma\\big)$ with $\\Sigma = \\mathrm{diag}(0.04,\\ 0.09)$. "
        "It takes causes `z` (n, 1) and standard normal noise `eps` (n, 2), and returns data (n, 2).",
        truth=_draw_x,
        draw_case=lambda rng: (rng.standard_normal((6, 1)), rng.standard_normal((6, 2))),
        tolerance=1e-8,
        because="The mean, plus standard normal noise times the standard deviations 0.2 and 0.3.",
        mistakes=(
            Mistake(
                lambda z, eps: np.concatenate([z, z**2], axis=1) + np.array([0.04, 0.09]) * eps,
                "You multiplied the noise by the variances. Multiply by their roots: `cov` is a "
                "covariance, a scale is a standard deviation.",
            ),
            Mistake(
                lambda z, eps: np.concatenate([z, z**2], axis=1),
                "You returned the mean of $x$ given $z$. A datum is the mean and its noise.",
            ),
            Mistake(
                lambda z, eps: (
                    np.concatenate([z, z**2], axis=1) + np.array([0.2, 0.3]) * eps[:, :1]
                ),
                "Both coordinates got the same noise. $\\Sigma$ is diagonal: each has its own.",
            ),
            Mistake(
                lambda z, eps: _draw_x(z[:1] + 0 * z, eps),
                "All data share the first cause. Each row of `x` has its own row of `z`.",
            ),
            Mistake(
                lambda z, eps: np.concatenate([z, z], axis=1) + np.array([0.2, 0.3]) * eps,
                "The second coordinate's mean is $z^2$.",
            ),
        ),
        hint="`np.concatenate([z, z**2], axis=1)` is the mean, of shape (n, 2).",
    ),
}
