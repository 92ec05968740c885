"""Bets and questions of lesson 8, fitting q."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number

# The lesson's posterior: x = z1 + z2 + noise of standard deviation 1/2.
_PRECISION = np.eye(2) + np.ones((2, 2)) / 0.5**2
_SCALE = np.sqrt(np.linalg.inv(_PRECISION)[0, 0])
_MEAN_FIELD = 1 / np.sqrt(_PRECISION[0, 0])
_WIDTH = np.sqrt(0.5**2 / (1 + 0.5**2))  # of the toy's posterior, and q is off by 0.3


def _draws_worth_one(dim):
    """Score-function draws that average to the error of one reparameterised draw."""
    c = 0.3 / _WIDTH
    bound = dim * (-0.5 * np.log(2 * np.pi * 1.25) - 0.5 - 0.5 * c**2)
    return bound**2 + c**2 * (dim + 1)


BETS = {
    "08.narrow": Bet(
        "08.narrow",
        f"Of $z_1$ the posterior has the scale {_SCALE:.3f}. Which scale will $q_1$ have, if $q$ is the best, by the "
        "ELBO, of all $q$ with independent coordinates?",
        {
            "a": (
                f"{_SCALE:.3f}: a good $q$ gets each coordinate by itself right.",
                "So does the $q$ with the smallest KL($p$ ‖ $q$). The ELBO's KL is the other one.",
            ),
            "b": (
                "A larger one, so that it covers the tilted ellipse.",
                "Covering is what KL($p$ ‖ $q$) rewards. The ELBO punishes every place where $q$ is and the "
                "posterior is not.",
            ),
            "c": (
                "A smaller one.",
                f"It is {_MEAN_FIELD:.3f}. The ellipse's long side leans away from the axes, and a wider $q$ would stick "
                "out of it even further.",
            ),
        },
        right="c",
    ),
    "08.detached": Bet(
        "08.detached",
        "Ten thousand draws of $z$; for each, differentiate $\\log p(x, z) - \\log q_\\phi(z)$ in $\\phi$, $z$ being a "
        "number; average. The exact derivative in the mean is $-2.52$. What comes out?",
        {
            "a": ("About $-2.5$.", "That needs the draws to move with $\\phi$, and these do not."),
            "b": (
                "Something else, but with the right sign.",
                "It would at least go somewhere. This one does not know the model.",
            ),
            "c": (
                "About 0.",
                "With $z$ held still only $-\\log q_\\phi(z)$ has $\\phi$ in it, and the mean of $\\nabla \\log q$ "
                "under $q$ is zero.",
            ),
        },
        right="c",
    ),
    "08.dims": Bet(
        "08.dims",
        f"In one dimension {_draws_worth_one(1):.0f} draws of the score function are worth one reparameterised draw, "
        "in the toy of lesson 3 with a $q$ that is a little off. How many are in **100** dimensions?",
        {
            "a": (
                f"{_draws_worth_one(1):.0f}, as before.",
                "The factor $\\log w$ is a sum over all coordinates: it grows with the dimension.",
            ),
            "b": (
                "About 400.",
                "$\\log w$ grows with the dimension, so the *standard deviation* does; the draws grow as its "
                "square.",
            ),
            "c": (
                f"About {round(_draws_worth_one(100), -3):,.0f}.",
                "The standard deviation grows with the dimension, and the draws with its square. Most of it is a constant, "
                "which a baseline takes away.",
            ),
        },
        right="c",
    ),
}

_RHO = 0.9


def _reparameterised(mean, log_scale, noise, slope):
    scale = np.exp(log_scale)
    g = slope(mean + scale * noise)
    return np.stack([g, g * scale * noise + 1], axis=1)


def _variant(in_mean, in_log_scale, at=lambda mean, scale, noise: mean + scale * noise):
    def answer(mean, log_scale, noise, slope):
        scale = np.exp(log_scale)
        g = slope(at(mean, scale, noise))
        pair = in_mean(g, scale, noise), in_log_scale(g, scale, noise)
        return np.stack(pair, axis=1)

    return answer


def _draw_case(rng):
    centre, width = rng.normal(), rng.uniform(0.5, 2)

    def slope(z):
        return -np.tanh(z - centre) / width - z

    return rng.normal(), rng.normal(), rng.normal(size=6), slope


QUESTIONS = {
    "08.1": Number(
        f"**Question 1.** A Gaussian posterior has covariance $\\begin{{pmatrix}}1 & {_RHO}\\\\ {_RHO} & 1\\end{{pmatrix}}$. "
        "What is the **scale** (standard deviation) of $z_1$ under the best $q$ with independent coordinates?",
        truth=np.sqrt(1 - _RHO**2),
        tolerance=2e-3,
        because="$1/\\sqrt{\\Lambda_{11}} = \\sqrt{1 - \\rho^2}$: less than half of the posterior's scale, 1.",
        mistakes=(
            Mistake(
                1.0,
                "That is the posterior's own scale, a diagonal entry of the covariance. Invert the matrix first, "
                "then take the diagonal entry.",
            ),
            Mistake(
                1 - _RHO**2,
                "That is the variance, $1/\\Lambda_{11}$. The scale is its square root.",
            ),
            Mistake(
                1 / (1 - _RHO**2),
                "That is the precision $\\Lambda_{11}$. Its inverse is the variance.",
            ),
            Mistake(
                1 / np.sqrt(1 - _RHO**2),
                "Upside down: you took the root of the precision. A $q$ fitted by the ELBO is too narrow, not "
                "too wide.",
            ),
            Mistake(
                np.sqrt(1 - _RHO),
                "That is the posterior's scale across its narrow side. The best $q$ sticks out there.",
            ),
        ),
        hint="Its variance is $1/\\Lambda_{11}$, with the precision matrix $\\Lambda$, the inverse of the covariance.",
    ),
    "08.2": Choice(
        "**Question 2.** A training run: the parameters of $q$ move at every step, the gradients are of ordinary size, nothing "
        "is NaN. The ELBO goes up and down and after 10,000 steps is where it began. Halving the step and taking ten times the "
        "draws make it wander less far, but not up. What is the first thing to check?",
        {
            "a": (
                "Whether the family is rich enough.",
                "A poor family climbs to *its* best member and stays there. This run does not climb at all.",
            ),
            "b": (
                "Whether the gradient flows through the draws of $z$.",
                "A detached draw leaves a gradient with mean zero: noise of ordinary size, and no direction. More draws "
                "average it towards zero.",
            ),
            "c": (
                "Whether the ELBO has its sign turned.",
                "Then it would fall steadily. A walk without direction has no sign.",
            ),
            "d": (
                "Whether the score function should have a baseline.",
                "A noisy gradient climbs once enough draws are averaged. This one did not.",
            ),
        },
        right="b",
    ),
    "08.3": Function(
        "**Question 3.** Write `gradient(mean, log_scale, noise, slope)` for one Gaussian $q$ in one dimension: `noise` (S,) is "
        "standard normal, `slope(z)` returns $d \\log p(x, z)/dz$ at z (S,). Return the reparameterised draws of the ELBO's "
        "gradient in mean and log scale, shape (S, 2), the entropy in closed form.",
        truth=_reparameterised,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="The slope times $dz/dm = 1$ and $dz/d\\log s = s\\,\\varepsilon$, and 1 from the entropy.",
        mistakes=(
            Mistake(
                _variant(lambda g, s, e: g, lambda g, s, e: g * s * e),
                "The entropy $\\log s + \\text{const}$ is missing: its derivative in $\\log s$ is 1. Without it $q$ "
                "collapses onto a point.",
            ),
            Mistake(
                _variant(lambda g, s, e: g, lambda g, s, e: g * e + 1 / s),
                "That is the derivative in the scale. In the *log* scale it is $s$ times as large.",
            ),
            Mistake(
                _variant(lambda g, s, e: g, lambda g, s, e: g * e + 1),
                "$dz/d\\log s$ is $s\\,\\varepsilon$, not $\\varepsilon$.",
            ),
            Mistake(
                _variant(lambda g, s, e: g + e / s, lambda g, s, e: (g + e / s) * s * e),
                "This is sticking the landing: right on average, but the entropy is not in closed form here.",
            ),
            Mistake(
                _variant(lambda g, s, e: -e / s, lambda g, s, e: 1 - e**2),
                "This is the detached gradient: the slope of the model is not in it, and its mean is zero.",
            ),
            Mistake(
                _variant(lambda g, s, e: e / s, lambda g, s, e: e**2 - 1),
                "This is the score of $q$. Without the model in it, its mean is zero.",
            ),
            Mistake(
                _variant(
                    lambda g, s, e: g,
                    lambda g, s, e: g * s * e + 1,
                    at=lambda mean, scale, noise: (mean + noise) * scale,
                ),
                "The draw is $m + s\\,\\varepsilon$; you wrote $(m + \\varepsilon)\\, s$.",
            ),
            Mistake(
                _variant(
                    lambda g, s, e: g,
                    lambda g, s, e: g * np.log(s) * e + 1,
                    at=lambda mean, scale, noise: mean + np.log(scale) * noise,
                ),
                "You took the log scale for the scale: exponentiate it first.",
            ),
        ),
        hint="`z = mean + np.exp(log_scale) * noise`, then the chain rule from z to mean and to log scale.",
    ),
}
