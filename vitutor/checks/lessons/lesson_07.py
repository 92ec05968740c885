"""Bets and questions of lesson 7, the KL divergence that is the ELBO's gap."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number

BETS = {
    "07.forms": Bet(
        "07.forms",
        "We estimate one ELBO three ways from the **same** 1000 draws of a well-fitted $q$. Which form has the "
        "smallest standard error?",
        {
            "a": (
                "Everything drawn: $\\log p(x,z) - \\log q(z)$.",
                "Near the posterior the noise of the two terms cancels; a closed form takes the noise of one "
                "away and leaves that of the other.",
            ),
            "b": (
                "Entropy in closed form.",
                "One source of noise less, but it was the one that cancelled the other.",
            ),
            "c": (
                "KL to the prior in closed form.",
                "A closed form for a part need not calm the whole.",
            ),
        },
        right="a",
    ),
    "07.published": Bet(
        "07.published",
        "At our well-fitted $q$ the true ELBO is −1.127, and $\\log p(x)$ is −1.005. What does the published "
        "formula give?",
        {
            "a": (
                "Less than the ELBO.",
                "The KL to the posterior is smaller than the one to the prior here.",
            ),
            "b": (
                "Between the ELBO and $\\log p(x)$: a tighter bound.",
                "It would be nice. Nothing keeps it below.",
            ),
            "c": (
                "More than $\\log p(x)$.",
                "It subtracts 0.122, the KL to the posterior, where 1.078, the KL to the prior, is due.",
            ),
        },
        right="c",
    ),
    "07.hills": Bet(
        "07.hills",
        "Which Gaussian $q$ has the smallest $\\mathrm{KL}(q \\,\\|\\, p)$, and so the largest ELBO?",
        {
            "a": (
                "A wide one, over both hills.",
                "It would have much mass where $\\log p$ is very negative, in the valley and left of the tall hill, and "
                "the average is taken under $q$.",
            ),
            "b": (
                "A narrow one, on the tall hill.",
                "$q$ pays for being where $p$ is not, and little for staying away from where $p$ is.",
            ),
            "c": (
                "One in the valley, between the hills.",
                "There $p$ is small, and $q$ pays for being there.",
            ),
        },
        right="b",
    ),
}


def _kl(mean_q, scale_q, mean_p, scale_p):
    ratio = scale_q / scale_p
    return 0.5 * (ratio**2 + ((mean_q - mean_p) / scale_p) ** 2 - 1) - np.log(ratio)


def _reversed(mean_q, scale_q, mean_p, scale_p):
    return _kl(mean_p, scale_p, mean_q, scale_q)


def _without_half(mean_q, scale_q, mean_p, scale_p):
    return 2 * _kl(mean_q, scale_q, mean_p, scale_p)


def _scales_as_variances(mean_q, scale_q, mean_p, scale_p):
    return _kl(mean_q, np.sqrt(scale_q), mean_p, np.sqrt(scale_p))


def _half_log(mean_q, scale_q, mean_p, scale_p):
    return _kl(mean_q, scale_q, mean_p, scale_p) + 0.5 * np.log(scale_q / scale_p)


def _minus_log_missing(mean_q, scale_q, mean_p, scale_p):
    return _kl(mean_q, scale_q, mean_p, scale_p) + np.log(scale_q / scale_p)


def _draw_case(rng):
    return rng.normal(), rng.uniform(0.3, 0.9), rng.normal(), rng.uniform(1.2, 2.0)


_RECONSTRUCTION, _TO_PRIOR, _TO_POSTERIOR = -3.2, 1.7, 0.4

QUESTIONS = {
    "07.1": Number(
        "**Question 1.** For some $q$, $E_q[\\log p(x \\mid z)] = -3.2$, $\\mathrm{KL}(q \\,\\|\\, p(z)) = 1.7$ and "
        "$\\mathrm{KL}(q \\,\\|\\, p(z \\mid x)) = 0.4$. What is $\\log p(x)$, in nats?",
        truth=_RECONSTRUCTION - _TO_PRIOR + _TO_POSTERIOR,
        tolerance=1e-6,
        because="ELBO $= -3.2 - 1.7 = -4.9$, and the gap of 0.4 goes on top.",
        mistakes=(
            Mistake(
                _RECONSTRUCTION - _TO_PRIOR,
                "This is the ELBO. $\\log p(x)$ lies above it by $\\mathrm{KL}(q \\,\\|\\, p(z \\mid x))$.",
            ),
            Mistake(
                _RECONSTRUCTION - _TO_PRIOR - _TO_POSTERIOR,
                "You subtracted the gap. The ELBO is a *lower* bound: add it.",
            ),
            Mistake(
                _RECONSTRUCTION - _TO_POSTERIOR,
                "This is the published formula, with the KL to the posterior inside the ELBO.",
            ),
            Mistake(
                _RECONSTRUCTION - _TO_POSTERIOR + _TO_PRIOR,
                "The two KLs have changed places: the one to the *prior* is subtracted.",
            ),
            Mistake(
                _RECONSTRUCTION + _TO_PRIOR + _TO_POSTERIOR,
                "The KL to the prior is a cost: subtract it from the reconstruction.",
            ),
        ),
        hint="$\\log p(x) = E_q[\\log p(x \\mid z)] - \\mathrm{KL}(q \\,\\|\\, p(z)) + "
        "\\mathrm{KL}(q \\,\\|\\, p(z \\mid x))$.",
    ),
    "07.2": Choice(
        "**Question 2.** A posterior has two well separated modes with masses 0.7 and 0.3. A flexible $q$, fitted by the "
        "ELBO, has settled perfectly on the *smaller* one. How large is its gap?",
        {
            "a": (
                "$-\\log 0.7 = 0.36$ nats.",
                "That is the gap of a $q$ on the mode that holds 0.7.",
            ),
            "b": ("$-\\log 0.3 = 1.20$ nats.", "It misses $m = 0.7$, and pays $-\\log(1 - m)$."),
            "c": ("Infinite.", "That is the *forward* KL, which averages where $q$ is zero."),
            "d": (
                "Zero: it fits perfectly.",
                "Perfectly up to its normalisation: $q = p/0.3$ on that mode.",
            ),
        },
        right="b",
    ),
    "07.3": Function(
        "**Question 3.** Write `kl_gaussians(mean_q, scale_q, mean_p, scale_p)`: the divergence "
        "$\\mathrm{KL}(q \\,\\|\\, p)$ of two one-dimensional Gaussians, given their means and standard deviations.",
        truth=_kl,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="With $r = s_q/s_p$ and $d = (m_q - m_p)/s_p$: $\\tfrac12(r^2 + d^2 - 1) - \\log r$.",
        mistakes=(
            Mistake(
                _reversed,
                "This is $\\mathrm{KL}(p \\,\\|\\, q)$: the roles of $q$ and $p$ are exchanged.",
            ),
            Mistake(_without_half, "The ½ is missing."),
            Mistake(_scales_as_variances, "You treated the standard deviations as variances."),
            Mistake(
                _half_log,
                "You took $\\tfrac12\\log$ of the ratio of *scales*; it is $\\log$ of that ratio, or "
                "$\\tfrac12\\log$ of the ratio of variances.",
            ),
            Mistake(
                _minus_log_missing,
                "The term $-\\log(s_q/s_p)$ is missing: this is only the quadratic part.",
            ),
            Mistake(
                lambda *case: -_kl(*case),
                "The sign: a KL divergence is never negative.",
            ),
        ),
        hint="Average $\\log q(z) - \\log p(z)$ under $q$, with $E_q[(z - m_p)^2] = s_q^2 + (m_q - m_p)^2$. It must be "
        "zero if the two are equal.",
    ),
}
