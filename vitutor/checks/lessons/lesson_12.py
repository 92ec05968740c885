"""Bets and questions of lesson 12, flows and choices."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number

BETS = {
    "12.full": Bet(
        "12.full",
        "The mean-field Gaussian leaves a gap. How much of it will a Gaussian with **any** covariance close?",
        {
            "a": (
                "Nearly all: the posterior's coordinates depend on each other strongly.",
                "They do, but on the left $z_2$ falls as it does on the right: no one tilt fits both.",
            ),
            "b": ("About half.", "A tilt wins along one arm what it loses along the other."),
            "c": (
                "Nothing.",
                "Here the best ellipse is upright: tilted along one arm it would lose the other. A covariance can say *tilted*, not *bent*.",
            ),
        },
        right="c",
    ),
    "12.baseline": Bet(
        "12.baseline",
        "We subtract the ELBO itself as a baseline, about −1 here. What happens to the estimated gradient?",
        {
            "a": (
                "Its mean shifts by the baseline.",
                "The score has mean zero, so a constant times it has too.",
            ),
            "b": (
                "Its mean stays, and its spread shrinks.",
                "What is left, $f_k - b$, is how much *better than usual* the draw was.",
            ),
            "c": ("Its mean stays, and its spread grows.", "That takes a bad baseline."),
        },
        right="b",
    ),
}


def _log_q(log_q0, log_det):
    return log_q0 - log_det


def _reinforce(earned, score, baseline):
    return ((earned - baseline)[:, None] * score).mean(axis=0)


def _draw_case(rng):
    return rng.normal(-3, 1, 6), rng.normal(size=(6, 3)), rng.normal()


_SCALE = np.array([0.5, 3.0])

QUESTIONS = {
    "12.1": Number(
        "**Question 1.** A draw $\\varepsilon$ of $\\mathcal N(0, I)$ in two dimensions has $\\log q_0(\\varepsilon) = -2.5$. It is pushed "
        "through $z = (0.5\\,\\varepsilon_1 + 1,\\; 3\\,\\varepsilon_2)$. What is $\\log q(z)$, in nats, to three decimals?",
        truth=-2.5 - np.log(_SCALE).sum(),
        tolerance=1e-3,
        because="$-2.5 - \\log(0.5 \\cdot 3)$: boxes grow by 1.5, so the density falls. The shift does not matter.",
        mistakes=(
            Mistake(
                -2.5 + np.log(_SCALE).sum(),
                "The sign: where boxes grow, the same probability is spread thinner. *Subtract* $\\log|\\det J|$.",
            ),
            Mistake(
                -2.5, "The determinant is missing: the map stretches space by a factor of 1.5."
            ),
            Mistake(-2.5 - np.log(3), "Only the second coordinate's stretch is counted."),
            Mistake(
                -2.5 - np.log(_SCALE.sum()),
                "The factors of a determinant multiply; you added them.",
            ),
            Mistake(-2.5 - 1.5, "Subtract the *log* of the determinant."),
        ),
        hint="$\\log q(z) = \\log q_0(\\varepsilon) - \\log|\\det J|$, and $J$ is diagonal.",
    ),
    "12.2": Choice(
        "**Question 2.** A model has one latent choice among 50. How would you compute the gradient of its ELBO?",
        {
            "a": (
                "By REINFORCE with a baseline.",
                "Unbiased, but noisy, and 50 terms can be added up exactly.",
            ),
            "b": (
                "By the exact sum over the 50 choices.",
                "No noise and no bias, for 50 evaluations of $\\log p(x, z)$.",
            ),
            "c": (
                "With a relaxed choice at temperature 0.5.",
                "That gradient is of another function.",
            ),
        },
        right="b",
    ),
    "12.3": Function(
        "**Question 3.** Write `reinforce(earned, score, baseline)`: from what each of S draws earned, shape (S,), its score "
        "$\\nabla\\log\\pi$, shape (S, K), and a number, the mean gradient, shape (K,).",
        truth=_reinforce,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="The same two factors as in lesson 8: how good, and which way.",
        mistakes=(
            Mistake(
                lambda earned, score, baseline: (earned[:, None] * score).mean(axis=0),
                "The baseline is not used. Unbiased, but noisier than it has to be.",
            ),
            Mistake(
                lambda earned, score, baseline: (earned[:, None] * score).mean(axis=0) - baseline,
                "You subtracted the baseline from the *gradient*. It belongs to what was earned, before the score "
                "multiplies it; here it shifts the mean.",
            ),
            Mistake(
                lambda earned, score, baseline: ((earned + baseline)[:, None] * score).mean(axis=0),
                "The baseline has the wrong sign.",
            ),
            Mistake(
                lambda earned, score, baseline: ((earned - baseline)[:, None] * score).sum(axis=0),
                "You summed over the draws; the expectation is their mean.",
            ),
            Mistake(
                lambda earned, score, baseline: (earned - baseline).mean() * score.mean(axis=0),
                "You averaged the two factors separately. The mean score is zero, and so would this be: the product "
                "has to be averaged.",
            ),
        ),
        hint="`(earned - baseline)[:, None] * score`, then the mean over the draws.",
    ),
}
