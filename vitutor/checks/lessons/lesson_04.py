"""Bets and questions of lesson 4, Fisher's identity."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number
from vitutor.grid import GridPosterior
from vitutor.models import Decoder

BETS = {
    "04.line": Bet(
        "04.line",
        "The first three lines gave −0.356731. What will line 4 give?",
        {
            "a": ("The same.", "Count the factors $p(z)$ in lines 3 and 4."),
            "b": (
                "Something else.",
                "The posterior $p(x \\mid z)\\,p(z)/p(x)$ has taken the only $p(z)$ of line 3 with it. "
                "The one behind the score is a stray: it weights the positive and negative contributions "
                "anew, and here leaves −0.05 of −0.36.",
            ),
        },
        right="b",
    ),
    "04.worth": Bet(
        "04.worth",
        "In **20** dimensions, how many draws from the *posterior* would give as good an estimate of this one "
        "component as 10,000 weighted draws from the prior?",
        {
            "a": (
                "About 7000.",
                "That would be so in one dimension.",
            ),
            "b": (
                "About 150.",
                "That would be so in five dimensions.",
            ),
            "c": (
                "Not even one.",
                "One prior draw holds most of the weight, and it is not even a fair draw from the posterior.",
            ),
        },
        right="c",
    ),
}


def _slopes(amplitude, x):
    """The gradient in the amplitude by the right formula, and by four wrong ones."""
    model, datum = Decoder.sine(amplitude), np.array([[x]])
    posterior = GridPosterior(model, datum)
    z = posterior.points[:, None]
    mass = posterior.mass[:, 0]
    score = model.grad_params_log_joint(datum, z)[:, 0, 0]
    prior = np.exp(model.log_prior(z))[:, 0]
    return {
        "right": mass @ score,
        "stray": mass @ (prior * score),
        "unweighted": posterior.cell * prior @ score,
        "of p": np.exp(posterior.log_evidence.value[0]) * (mass @ score),
        "at the mode": score[mass.argmax()],
    }


def _mixed(posterior_of, score_of):
    """What comes of a posterior and a score from two different settings (amplitude, x)."""
    (a, x), (b, y) = posterior_of, score_of
    posterior = GridPosterior(Decoder.sine(a), [[x]])
    score = Decoder.sine(b).grad_params_log_joint(np.array([[y]]), posterior.points[:, None])
    return posterior.mass[:, 0] @ score[:, 0, 0]


_STALE = "The {} is still the lesson's: compute it anew with amplitude 0.6 and x = −0.8."
_AT = _slopes(0.6, -0.8)


def _weighted_mean(log_w, values):
    w = np.exp(log_w - log_w.max(axis=0))
    return (w * values).sum(axis=0) / w.sum(axis=0)


def _draw_case(rng):
    return rng.normal(-1000, 2, (40, 3)), rng.normal(2, 1, (40, 3))


QUESTIONS = {
    "04.1": Number(
        "**Question 1.** For the sine model with amplitude 0.6 and the datum $x = -0.8$: what is "
        "$d \\log p(x) / da$? (To three decimals. Everything you need is in the lesson; mind which "
        "names still hold the *old* amplitude and datum.)",
        truth=_AT["right"],
        tolerance=2e-3,
        because="The posterior mean of the score, or a finite difference of the evidence: the same.",
        mistakes=(
            Mistake(
                _AT["stray"], "The stray $p(z)$ has come back: the posterior contains it already."
            ),
            Mistake(
                _AT["unweighted"],
                "You averaged the score over the *prior*. Fisher's identity averages over the "
                "posterior.",
            ),
            Mistake(
                _AT["of p"],
                "This is the derivative of $p(x)$, not of its logarithm: divide by $p(x)$.",
            ),
            Mistake(
                _AT["at the mode"],
                "This is the score at the posterior's highest point. The mean over the whole posterior "
                "is wanted.",
            ),
            Mistake(
                _slopes(1.0, 1.2)["right"],
                "This is the lesson's old answer: `model` and `x` still have amplitude 1 and 1.2.",
            ),
            Mistake(
                _slopes(1.0, -0.8)["right"],
                "Right datum, old amplitude: `model` still has amplitude 1.",
            ),
            Mistake(_slopes(0.6, 1.2)["right"], "Right amplitude, old datum: `x` is still 1.2."),
            Mistake(_mixed((1.0, 1.2), (0.6, -0.8)), _STALE.format("posterior")),
            Mistake(_mixed((0.6, -0.8), (1.0, 1.2)), _STALE.format("score")),
            Mistake(-_AT["right"], "The sign is wrong."),
        ),
        hint="Shortest: `h = 1e-4`, and a central difference of `evidence.quadrature(Decoder.sine(a), "
        "[[-0.8]])` at `a = 0.6`.",
    ),
    "04.2": Choice(
        "**Question 2.** In 20 dimensions, 10,000 weighted prior draws gave a gradient no better than one "
        "posterior draw. What is the reason?",
        {
            "a": (
                "Prior draws are not posterior draws, so the estimate converges to the wrong value.",
                "It converges to the right one. It only takes $10^{10}$ draws or so to get there.",
            ),
            "b": (
                "The weights are so uneven that one draw has most of the weight.",
                "The effective sample size is close to 1, as the $\\chi^2$ law of lesson 3 foretells.",
            ),
            "c": (
                "The score's own variance grows with the dimension.",
                "The score of the *first* bias looks at one coordinate: its variance under the "
                "posterior is the same in every dimension.",
            ),
        },
        right="b",
    ),
    "04.3": Function(
        "**Question 3.** Write `weighted_mean(log_w, values)`: the self-normalised estimate "
        "$\\sum_s w_s f_s / \\sum_s w_s$ for log weights and values of shape (S, N); it returns (N,).",
        truth=_weighted_mean,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="The same two lines serve for any posterior expectation.",
        mistakes=(
            Mistake(
                lambda log_w, values: (np.exp(log_w) * values).mean(axis=0),
                "The weights do not sum to one: you averaged $w f$ without dividing by the mean of "
                "$w$. (And $\\exp(-1000)$ is zero to the machine: take the largest out first.)",
            ),
            Mistake(
                lambda log_w, values: np.full(3, np.nan),
                "0/0: $\\exp(-1000)$ is zero to the machine. Subtract `log_w.max(axis=0)` first; the ratio "
                "does not notice.",
            ),
            Mistake(
                lambda log_w, values: values.mean(axis=0),
                "The weights are not used: this is the mean under the distribution drawn from.",
            ),
            Mistake(
                lambda log_w, values: (log_w * values).sum(axis=0) / log_w.sum(axis=0),
                "You weighted by the *log* weights.",
            ),
            Mistake(
                lambda log_w, values: np.full(3, _weighted_mean(log_w.ravel(), values.ravel())),
                "You normalised over all data together. Each datum has weights of its own.",
            ),
            Mistake(
                lambda log_w, values: _weighted_mean(log_w, values) / len(log_w),
                "You divided by the number of draws once too often: normalised weights are shares.",
            ),
        ),
        hint="Exponentiate `log_w - log_w.max(axis=0)`, and divide by the sum over `axis=0`.",
    ),
}
