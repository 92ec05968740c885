"""Draws of the ELBO's gradient: through logistic noise, and with a baseline."""

import numpy as np
from scipy import stats
from scipy.special import logit

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.derivatives import complex_step
from vitutor.checks.homework.hw3.counter import log_poisson
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS


def _slope(c, x, z):
    return c.slope * (x - np.exp(c.intercept + c.slope * z)) - z / c.prior_scale**2


def _log_joint(c, x, z):
    """log p(x, z) up to a constant; for complex z too."""
    log_rate = c.intercept + c.slope * z
    return x * log_rate - np.exp(log_rate) - 0.5 * (z / c.prior_scale) ** 2


def fit_case(rng, n_draws=6):
    """One count, a mean and a log scale of q, and uniform numbers (n_draws,)."""
    x, mean, log_scale = int(rng.integers(0, 10)), rng.normal(0, 0.7), rng.uniform(-1.5, -0.2)
    return x, mean, log_scale, rng.uniform(0.02, 0.98, size=n_draws)


def logistic_gradient(c):
    """Part 3.1."""

    def truth(x, mean, log_scale, u):
        def draws(q):
            mean, log_scale = q
            return _log_joint(c, x, mean + np.exp(log_scale) * logit(u)) + log_scale

        return complex_step(draws, np.array([mean, log_scale]))

    def variant(noise=logit, entropy=1.0, chain=lambda s: s, slope=_slope, scale=np.exp):
        def answer(x, mean, log_scale, u):
            s, eps = scale(log_scale), noise(u)
            g = slope(c, x, mean + s * eps)
            return np.stack([g, g * chain(s) * eps + entropy], axis=1)

        return answer

    def likelihood_only(c, x, z):
        return c.slope * (x - np.exp(c.intercept + c.slope * z))

    return Function(
        "`logistic_gradient(x, mean, log_scale, u)`: draws of the ELBO's gradient, (S, 2).",
        truth=truth,
        draw_case=fit_case,
        tolerance=1e-8,
        because="Any location-scale family has the same two derivatives; only the noise is new.",
        mistakes=(
            Mistake(
                variant(entropy=0.0),
                "The entropy, $\\log s + 2$, is missing: its derivative in $\\log s$ is 1.",
            ),
            Mistake(
                variant(noise=stats.norm.ppf),
                "This is Gaussian noise. A logistic draw is $\\log(u/(1-u))$.",
            ),
            Mistake(variant(chain=np.ones_like), SAYS["not-in-log-scale"]),
            Mistake(
                lambda x, m, log_s, u: truth(x, m, log_s, u) / np.array([1, np.exp(log_s)]),
                SAYS["not-in-log-scale"],
            ),
            Mistake(
                variant(slope=likelihood_only),
                "The prior is missing: $\\log p(x, z)$ has $-z^2/2\\tau^2$ in it.",
            ),
            Mistake(
                variant(slope=lambda c, x, z: likelihood_only(c, x, z) - z / c.prior_scale),
                SAYS["scale-as-variance"],
            ),
            Mistake(variant(noise=lambda u: u), "u is uniform: it is not yet a draw of the noise."),
            Mistake(variant(scale=lambda v: v), "The log scale has been used as the scale."),
        ),
        hint="z = mean + s·log(u/(1-u)); slope of log p(x, z) at z; chain rule; + 1 for the "
        "entropy.",
    )


def noise_case(rng, n_draws=6):
    """One count, a mean and a log scale of q, and standard normal noise (n_draws,)."""
    return *fit_case(rng)[:3], rng.normal(size=n_draws)


def leave_one_out(c):
    """Part 3.2."""

    def f(x, mean, log_scale, eps, entropy=1):
        z = mean + np.exp(log_scale) * eps
        log_p = stats.norm.logpdf(z, 0, c.prior_scale) + log_poisson(c, x, z)
        return log_p - entropy * stats.norm.logpdf(z, mean, np.exp(log_scale))

    def score(mean, log_scale, eps):
        z = mean + np.exp(log_scale) * eps

        def log_q(q):
            mean, log_scale = q
            return -0.5 * ((z - mean) * np.exp(-log_scale)) ** 2 - log_scale

        return complex_step(log_q, np.array([mean, log_scale]))

    def others(f):
        return np.array([np.delete(f, s).mean() for s in range(len(f))])

    def variant(baseline=others, entropy=1, change=lambda s, log_scale: s):
        def answer(x, mean, log_scale, eps):
            values = f(x, mean, log_scale, eps, entropy)
            centred = (values - baseline(values))[:, None]
            return centred * change(score(mean, log_scale, eps), log_scale)

        return answer

    return Function(
        "`leave_one_out(x, mean, log_scale, eps)`: draws of the gradient, (S, 2).",
        truth=variant(),
        draw_case=noise_case,
        tolerance=1e-7,
        because="A baseline made of the *other* draws knows nothing of this one: the mean stays.",
        mistakes=(
            Mistake(
                variant(baseline=np.mean),
                "Your baseline contains the draw itself: the gradient is then too small, by the "
                "factor $1 - 1/S$, and no longer unbiased.",
            ),
            Mistake(variant(baseline=lambda f: 0), "There is no baseline in it."),
            Mistake(
                variant(entropy=0),
                "$f$ is $\\log p(x, z) - \\log q(z)$; $-\\log q$ is missing, and q will collapse.",
            ),
            Mistake(
                variant(change=lambda s, log_scale: s / np.array([1, np.exp(log_scale)])),
                SAYS["not-in-log-scale"],
            ),
            Mistake(
                variant(change=lambda s, log_scale: -s),
                "The score has its sign turned: q would walk downhill.",
            ),
            Mistake(
                variant(baseline=lambda f: (f.sum() - f) / len(f)),
                "The other draws are S - 1, not S.",
            ),
        ),
        hint="f = log p(x, z) - log q(z); baseline (f.sum() - f)/(S - 1); the score is "
        "(ε/s, ε² - 1).",
    )
