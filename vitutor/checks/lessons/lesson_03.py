"""Bets and questions of lesson 3, naive Monte Carlo."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number

# E_prior[(posterior / prior)^2] of the lesson's toy in one dimension, in closed form: with
# posterior N(m, v), it is exp(m^2 / (2 - v)) / sqrt(v (2 - v)).
_VARIANCE = 0.5**2 / (1 + 0.5**2)
_MEAN = np.sqrt(1 + 0.5**2) / (1 + 0.5**2)
FACTOR = np.exp(_MEAN**2 / (2 - _VARIANCE)) / np.sqrt(_VARIANCE * (2 - _VARIANCE))

BETS = {
    "03.bias": Bet(
        "03.bias",
        "In 10 dimensions, with 10,000 draws, we estimate $\\log p(x)$ 200 times over. "
        "Where will the 200 answers lie?",
        {
            "a": ("Around the truth.", "$\\hat p$ is centred on the truth; its logarithm is not."),
            "b": ("Mostly above the truth.", "Jensen pushes the other way."),
            "c": (
                "Mostly below the truth.",
                "$\\hat p$ is unbiased, and a concave function of it is biased down.",
            ),
        },
        right="c",
    ),
    "03.twenty": Bet(
        "03.twenty",
        "How many draws does the toy need in **20** dimensions for an error of 10 % in $p(x)$?",
        {
            "a": ("About a hundred thousand.", "That would be enough for 7 dimensions."),
            "b": ("About a hundred million.", "That would be enough for 14 dimensions."),
            "c": ("About twenty billion.", "$2.599^{20} / 0.1^2 = 2 \\cdot 10^{10}$."),
        },
        right="c",
    ),
}


def _ess(log_w):
    w = np.exp(log_w - log_w.max(axis=0))
    return w.sum(axis=0) ** 2 / (w**2).sum(axis=0)


def _global_max(log_w):
    w = np.exp(log_w - log_w.max())
    with np.errstate(invalid="ignore"):
        return w.sum(axis=0) ** 2 / (w**2).sum(axis=0)


def _entropy_ess(log_w):
    w = np.exp(log_w - log_w.max(axis=0))
    w = w / w.sum(axis=0)
    return np.exp(-(w * np.log(w)).sum(axis=0))


QUESTIONS = {
    "03.1": Number(
        "**Question 1.** In the toy, $1+\\chi^2 = 2.599$ per dimension. How many draws are needed for "
        "a relative error of **1 %** in $p(x)$ in **3** dimensions? (Within 1 % of the exact count.)",
        truth=(FACTOR**3 - 1) / 0.01**2,
        tolerance=0.01 * (FACTOR**3 - 1) / 0.01**2,
        because="$S = (2.599^3 - 1)/0.01^2$. Ten times the precision costs a hundred times the draws.",
        mistakes=(
            Mistake(
                (FACTOR**3 - 1) / 0.01,
                "That is $\\chi^2/0.01$. The *variance* falls as $1/S$, so the relative error, its "
                "root, has to be squared: $\\chi^2/0.01^2$.",
            ),
            Mistake(
                3 * (FACTOR - 1) / 0.01**2,
                "You added the dimensions up. Independent factors multiply: $1+\\chi^2 = 2.599^3$.",
            ),
            Mistake(
                (FACTOR - 1) ** 3 / 0.01**2,
                "You cubed $\\chi^2$. What multiplies is $1+\\chi^2$; the 1 is taken off at the end.",
            ),
            Mistake(
                (FACTOR**3 - 1) / 0.0001**2,
                "You squared the 1 % twice: $0.01^2 = 0.0001$ is squared already.",
            ),
            Mistake(
                FACTOR**3 / 0.01**2,
                "Nearly: you took $1+\\chi^2$ for $\\chi^2$, the second moment for the variance.",
            ),
        ),
        hint="Solve $\\chi^2/S = 0.01^2$ for $S$, with $1+\\chi^2 = 2.599^3$.",
    ),
    "03.2": Choice(
        "**Question 2.** In 20 dimensions you run the estimator with 10,000 draws on 1000 machines, "
        "and each returns its $\\log \\hat p(x)$. What should you do with the 1000 numbers?",
        {
            "a": (
                "Average them: their mean converges to $\\log p(x)$.",
                "It converges to $E[\\log\\hat p]$, several nats too low; more machines make it more "
                "certain, not more true.",
            ),
            "b": (
                "Take the log of the mean of their exponentials.",
                "That is one estimate with ten million draws, and its bias falls with the draws. Ten million are "
                "still too few here: the law asks for twenty billion, and you will be about a nat too low.",
            ),
            "c": (
                "Take the largest, since all are too low.",
                "Too low *on average*. A single one may be too high, and the largest of many will be, "
                "once there are enough of them.",
            ),
        },
        right="b",
    ),
    "03.3": Function(
        "**Question 3.** Write `ess(log_w)`: from log weights of shape (S, N) to the effective sample "
        "size of each datum, shape (N,). The log weights may be as low as $-1000$.",
        truth=_ess,
        draw_case=lambda rng: (rng.normal([-1000, -3000, -1], 2, (50, 3)),),
        tolerance=1e-8,
        because="It depends on the *ratios* of the weights alone, so the largest can be taken out.",
        mistakes=(
            Mistake(
                lambda log_w: log_w.sum(axis=0) ** 2 / (log_w**2).sum(axis=0),
                "This treats the log weights as weights: exponentiate first.",
            ),
            Mistake(
                lambda log_w: 1 / _ess(log_w),
                "Upside down: this is $\\sum w^2 / (\\sum w)^2$, between $1/S$ and 1.",
            ),
            Mistake(
                lambda log_w: _ess(log_w) / len(log_w),
                "This is the share ESS / S. The effective *number* is wanted.",
            ),
            Mistake(
                lambda log_w: np.full(log_w.shape[1], _ess(log_w.ravel())),
                "You summed over data as well as draws. Each datum has weights of its own: `axis=0`.",
            ),
            Mistake(
                _global_max,
                "You took one largest weight out of all data together: a datum whose weights are all far "
                "smaller becomes 0/0. Each datum has a largest weight of its own, `log_w.max(axis=0)`.",
            ),
            Mistake(
                _entropy_ess,
                "This is the exponential of the weights' entropy: another, larger count. The one that "
                "sets the standard error is $(\\sum w)^2 / \\sum w^2$.",
            ),
        ),
        hint="If you see 0/0: subtract `log_w.max(axis=0)` before exponentiating.",
    ),
}
