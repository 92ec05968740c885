"""Bets and questions of lesson 6, Jensen's inequality and the ELBO."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number
from vitutor.families import MeanFieldGaussian

BETS = {
    "06.width": Bet(
        "06.width",
        "The posterior is Gaussian. One $q$ has **twice** its scale, another **half** of it. Which of the two "
        "has the larger gap between ELBO and $\\log p(x)$?",
        {
            "a": (
                "The narrow one.",
                "So it is for importance sampling, which suffers from the draws that $q$ never makes. "
                "The ELBO looks only where $q$ goes.",
            ),
            "b": (
                "The wide one.",
                "It goes where the posterior is nearly zero, and there $\\log w$ is very negative: 0.81 "
                "nats against 0.32.",
            ),
            "c": ("They are equal.", "A ratio of scales and its inverse do not cost the same."),
        },
        right="b",
    ),
}

_W = np.array([1.0, 2.0, 6.0])
_LOG_P = np.log(_W.mean())
_ELBO = np.log(_W).mean()


def _elbo(log_joint, q, z):
    return (log_joint(z) - q.log_prob(z)).mean(axis=0)


def _importance(log_joint, q, z):
    return np.log(np.exp(log_joint(z) - q.log_prob(z)).mean(axis=0))


def _draw_case(rng):
    shift = rng.normal()
    q = MeanFieldGaussian(rng.normal(size=(3, 2)), rng.uniform(0.5, 2, (3, 2)))
    return (lambda z: -((z - shift) ** 2).sum(axis=2)), q, q.sample(4, rng=rng)


QUESTIONS = {
    "06.1": Number(
        "**Question 1.** An importance weight takes the values 1, 2 and 6, each with probability one third. "
        "How large is the gap $\\log p(x) - \\text{ELBO}$, in nats?",
        truth=_LOG_P - _ELBO,
        tolerance=2e-3,
        because="$\\log 3 - \\tfrac13 \\log 12$.",
        mistakes=(
            Mistake(
                _ELBO,
                "This is the ELBO, $\\tfrac13(\\log 1 + \\log 2 + \\log 6)$. The gap is asked for.",
            ),
            Mistake(_LOG_P, "This is $\\log p(x)$, the log of the mean weight. Subtract the ELBO."),
            Mistake(
                _ELBO - _LOG_P,
                "The sign: $\\log p(x)$ is the larger one, so the gap is positive.",
            ),
            Mistake(
                np.log(_W.sum()) - _ELBO,
                "You took the log of the *sum* of the weights. $p(x)$ is their mean.",
            ),
            Mistake((_LOG_P - _ELBO) / np.log(2), "This is in bits; the course counts in nats."),
        ),
        hint="$p(x)$ is the mean of the weights, the ELBO the mean of their logs.",
    ),
    "06.2": Choice(
        "**Question 2.** When is the ELBO equal to $\\log p(x)$?",
        {
            "a": (
                "When infinitely many draws are averaged.",
                "Then the *estimate* equals the ELBO. The gap between the ELBO and $\\log p(x)$ does not "
                "know of draws.",
            ),
            "b": (
                "When the weights $p(x, z)/q(z)$ are the same for every $z$.",
                "And that is when $q$ is the posterior.",
            ),
            "c": (
                "When $q$ integrates to one.",
                "Every $q$ does; nearly none has a gap of zero.",
            ),
            "d": (
                "When $q$ is the prior.",
                "Then the gap is what lesson 3 met: 64 nats in twenty dimensions.",
            ),
        },
        right="b",
    ),
    "06.3": Function(
        "**Question 3.** Write `elbo(log_joint, q, z)`: `log_joint(z)` and `q.log_prob(z)` return (S, N) for "
        "draws `z` of `q`. It returns the estimate of the ELBO, to be maximised, shape (N,).",
        truth=_elbo,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="`log_w.mean(axis=0)`: the mean of the logs.",
        mistakes=(
            Mistake(
                _importance,
                "This is the log of the mean: the importance estimate of $\\log p(x)$ itself. The ELBO is the "
                "mean of the logs.",
            ),
            Mistake(
                lambda log_joint, q, z: log_joint(z).mean(axis=0),
                "The entropy is missing: without $-\\log q$ this is no bound, and its best $q$ is a needle.",
            ),
            Mistake(
                lambda log_joint, q, z: (log_joint(z) + q.log_prob(z)).mean(axis=0),
                "The entropy has the wrong sign: subtract $\\log q$.",
            ),
            Mistake(
                lambda log_joint, q, z: -_elbo(log_joint, q, z),
                "This is the negative ELBO, a loss. What is called *elbo* in this course is maximised.",
            ),
            Mistake(
                lambda log_joint, q, z: (log_joint(z) - q.log_prob(z)).sum(axis=0),
                "You summed over the draws. An expectation is estimated by their mean.",
            ),
            Mistake(
                lambda log_joint, q, z: np.full(3, _elbo(log_joint, q, z).mean()),
                "You averaged over the data too. Each datum has an ELBO of its own.",
            ),
        ),
        hint="`log_w = log_joint(z) - q.log_prob(z)`; then one mean, over the draws.",
    ),
}
