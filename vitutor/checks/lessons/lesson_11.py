"""Bets and questions of lesson 11, how a VAE is judged."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number

BETS = {
    "11.duel": Bet(
        "11.duel",
        "On the test images the mixture's $\\log p(x)$ is higher than the VAE's ELBO, by about half a nat, several "
        "standard errors. Which model has the higher $\\log p(x)$?",
        {
            "a": (
                "The mixture.",
                "A lower bound was compared with the thing itself; the gap was larger than the lead.",
            ),
            "b": ("The VAE.", "Its $\\log p(x)$ is at least a nat above its ELBO."),
            "c": ("They are equal, within the error.", "They differ by several standard errors."),
        },
        right="b",
    ),
    "11.prior": Bet(
        "11.prior",
        "The VAE with two latents. Which comes nearer to its $\\log p(x)$, on average over images: **one** draw of the "
        "encoder's $q$ (the ELBO), or the log of an average over **1000** draws of the prior?",
        {
            "a": (
                "One draw of $q$.",
                "With two latents a thousand draws of the prior cover the plane; the ELBO stays a whole KL short.",
            ),
            "b": (
                "A thousand draws of the prior.",
                "In two dimensions they cover the plane. In eight they do not.",
            ),
        },
        right="b",
    ),
    "11.miss": Bet(
        "11.miss",
        "$\\log p(x) = -1.477$. A bound made of $K = 10$ draws of $q$ stands at −1.82. Where will it stand with "
        "$K = 1000$?",
        {
            "a": (
                "At −1.48: with so many draws it is tight.",
                "The bound tightens on what $q$ can see, and there it was tight already.",
            ),
            "b": (
                "At about −1.65.",
                "Nothing moves it: none of the draws reaches the other hills.",
            ),
            "c": (
                "At −1.82, with a smaller error bar.",
                "It converges, and to the wrong number: $\\log p(x) + \\log(1 - m)$.",
            ),
        },
        right="c",
    ),
    "11.published": Bet(
        "11.published",
        "Take the first published loss to our digits: 64 pixels, and a linear VAE with 5 latents. How many of the "
        "five will it use, at its optimum?",
        {
            "a": (
                "All five.",
                "The water level is 0.64, and only one direction has more variance than that.",
            ),
            "b": ("Three.", "The third direction has a variance of 0.55, below the level of 0.64."),
            "c": (
                "One.",
                "The first direction, with a variance of 0.69. The others drown at 0.64.",
            ),
            "d": (
                "None.",
                "At 7.84 none. But the noise variance is 0.05·D/K, and D is 64 here: 0.64.",
            ),
        },
        right="c",
    ),
    "11.beta": Bet(
        "11.beta",
        "Seven VAEs, trained with $\\beta$ from 0.1 to 8 on the same images; of the ELBOs on these that of $\\beta = 1$ is the "
        "highest. Which has the highest importance-weighted bound on $\\log p(x)$?",
        {
            "a": (
                "$\\beta = 1$: it was trained on a bound on $\\log p(x)$, the others were not.",
                "It was trained for the highest ELBO. How far below $\\log p(x)$ that lies differs from model to model.",
            ),
            "b": (
                "A $\\beta$ below 1.",
                "A cheaper KL lets $q$ be narrow; the decoder learns more, and importance weights make good what $q$ loses.",
            ),
            "c": (
                "A $\\beta$ above 1: its $q$ is nearest to the prior.",
                "A $q$ near the prior tells little of the image, and the decoder has little to go by.",
            ),
        },
        right="b",
    ),
}


def _kl(variances, noise_scale, beta):
    return 0.5 * np.log(np.maximum(variances / (beta * noise_scale**2), 1))


def _draw_case(rng):
    noise_scale, beta = rng.uniform(0.2, 0.8), rng.uniform(1.5, 4)
    height = np.append(rng.uniform(1.1, 4, size=4), rng.uniform(0.3, 0.9, size=2))  # two drown
    return beta * noise_scale**2 * height, noise_scale, beta


_LOG_P, _STALL = -91.4, -91.9

QUESTIONS = {
    "11.1": Function(
        "**Question 1.** Write `kl(variances, noise_scale, beta)`: the KL of each latent of a linear VAE at its optimum (D,), "
        "given the variances of the data's principal directions (D,), the decoder's noise **scale**, and $\\beta$.",
        truth=_kl,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="Half the log of the height above the water, $\\beta\\sigma^2$; zero for those below.",
        mistakes=(
            Mistake(
                lambda variances, noise_scale, beta: _kl(variances, noise_scale, 1),
                "You left $\\beta$ out. It multiplies the noise variance.",
            ),
            Mistake(
                lambda variances, noise_scale, beta: _kl(variances, np.sqrt(noise_scale), beta),
                "Variances are compared with a variance: square the scale.",
            ),
            Mistake(
                lambda variances, noise_scale, beta: _kl(variances, noise_scale, beta**2),
                "The squared scale is multiplied by $\\beta$, not by $\\beta^2$.",
            ),
            Mistake(
                lambda variances, noise_scale, beta: _kl(variances, noise_scale, 1 / beta),
                "Upside down: a larger $\\beta$ drowns more. It multiplies the noise variance.",
            ),
            Mistake(
                lambda variances, noise_scale, beta: beta * _kl(variances, noise_scale, beta),
                "The KL itself is wanted, not the KL as it stands in the loss, times $\\beta$.",
            ),
            Mistake(
                lambda variances, noise_scale, beta: (
                    0.5 * np.log1p(variances / (beta * noise_scale**2))
                ),
                "No 1 is added: the direction's variance, noise included, is $\\lambda_i$ already.",
            ),
            Mistake(
                lambda variances, noise_scale, beta: 2 * _kl(variances, noise_scale, beta),
                "The ½ is missing: a latent's KL is *half* the log of a ratio of variances.",
            ),
            Mistake(
                lambda variances, noise_scale, beta: (
                    0.5 * np.log(variances / (beta * noise_scale**2))
                ),
                "Some of your KLs are negative. A direction below the water gets no latent: zero.",
            ),
        ),
        hint="`np.maximum(variances / level, 1)`, and the level is $\\beta$ times the noise variance.",
    ),
    "11.2": Number(
        f"**Question 2.** For one image $\\log p(x) = {_LOG_P}$ is known, and the bound has stalled at ${_STALL}$: more draws do "
        "not move it. Suppose that $q$ fits all of the posterior that it sees. What mass does it miss? (Within 0.005.)",
        truth=1 - np.exp(_STALL - _LOG_P),
        tolerance=0.005,
        because="$\\log(1 - m) = -0.5$, so $m = 1 - e^{-0.5}$.",
        mistakes=(
            Mistake(np.exp(_STALL - _LOG_P), "This is $1 - m$, the mass that $q$ sees."),
            Mistake(
                _LOG_P - _STALL, "This is the loss in nats, $-\\log(1 - m)$. Solve it for $m$."
            ),
            Mistake(
                np.exp(_LOG_P - _STALL) - 1,
                "The sign in the exponent: $1 - m = e^{-0.5}$.",
            ),
        ),
        hint="The bound stalls at $\\log p(x) + \\log(1 - m)$.",
    ),
    "11.3": Choice(
        "**Question 3.** Model A: ELBO −90.1, IWAE with $K = 5000$ −87.3. Model B: ELBO −88.9, IWAE −88.2. Same test "
        "images; paired errors of the differences 0.1; no sign of heavy tails. What may you say?",
        {
            "a": (
                "B is better: its ELBO is higher.",
                "The ELBO mixes two things, how good $p$ is and how good $q$ is. B's $q$ fits better.",
            ),
            "b": (
                "A is better: its IWAE bound is higher.",
                "Two lower bounds. B's $q$ may miss a mode, and B's $\\log p(x)$ lie anywhere above −88.2.",
            ),
            "c": (
                "A's $\\log p(x)$ is at least about −87.3. To say that B's is lower takes an upper bound.",
                "To win, a lower bound is enough; to lose, an upper one is needed. AIS, a witness without B's $q$, could raise "
                "its bound, and cannot close the case: it is a lower one too.",
            ),
            "d": (
                "Nothing: all four numbers are bounds.",
                "A lower bound does say something: from −87.3 on there is no way down.",
            ),
        },
        right="c",
    ),
}
