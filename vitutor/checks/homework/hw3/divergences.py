"""KL to a Laplace density, and between two Gammas."""

import numpy as np
from scipy import stats
from scipy.special import gammaln

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS


def scales_case(rng, n=5, scales=(0.2, 1.5)):
    """A mean and a scale of q for each of n: two arrays."""
    return rng.normal(0, 1.2, size=n), rng.uniform(*scales, size=n)


def kl_to_laplace(c):
    """Part 2.1."""
    mu, b = c.laplace_loc, c.laplace_scale

    def distance(mean, scale):
        return stats.foldnorm(np.abs(mean - mu) / scale, scale=scale).mean()

    def of(mean_distance, b=b, entropy=1):
        def answer(mean, scale):
            cross = np.log(2 * b) + mean_distance(mean, scale) / b
            return cross - entropy * stats.norm(mean, scale).entropy()

        return answer

    def reverse(mean, scale):
        spread = 0.5 * (2 * b**2 + (mean - mu) ** 2) / scale**2
        return 0.5 * np.log(2 * np.pi) + np.log(scale) + spread - np.log(2 * b) - 1

    return Function(
        "`kl_to_laplace(mean, scale)`: KL(q ‖ Laplace), nats (N,).",
        truth=of(distance),
        draw_case=scales_case,
        tolerance=1e-7,
        because="A folded Gaussian's mean, and the entropy of q.",
        mistakes=(
            Mistake(
                of(lambda m, s: np.abs(m - mu)),
                "$E|z - \\mu|$ is not $|E z - \\mu|$: q is spread out, and $|\\cdot|$ bends.",
            ),
            Mistake(
                of(lambda m, s: np.abs(m - mu) + s * np.sqrt(2 / np.pi)),
                "$E|z - \\mu|$ is $s\\sqrt{2/\\pi}$ only if the mean of q is $\\mu$; the two do "
                "not simply add.",
            ),
            Mistake(of(distance, b=b / np.sqrt(2)), SAYS["laplace-scale-as-sd"]),
            Mistake(of(distance, entropy=0), SAYS["cross-entropy"]),
            Mistake(reverse, OF_ELBOS["kl-reversed"].says),
            Mistake(
                lambda m, s: kl_of_gaussians(m, s, mu, np.sqrt(2) * b),
                "This is the KL to the *Gaussian* with the Laplace's mean and variance.",
            ),
        ),
        hint="E_q[log q] - E_q[log p], where -log p = log 2b + |z - μ|/b.",
    )


def kl_of_gaussians(mean, scale, other_mean, other_scale):
    """KL(N(mean, scale²) ‖ N(other_mean, other_scale²)), nats."""
    ratio = scale / other_scale
    return 0.5 * (ratio**2 + ((mean - other_mean) / other_scale) ** 2 - 1) - np.log(ratio)


# Gammas are integrated over t = log z, far enough to the left for a shape of 0.2.
_T = np.linspace(-130, 12, 10001)[:, None]


def gamma_case(rng, n=5, shapes=(0.5, 6.0)):
    """Shape and rate of q for each of n: two arrays."""
    return rng.uniform(*shapes, size=n), rng.uniform(0.4, 3.0, size=n)


def kl_to_gamma(c):
    """Part 2.2."""

    def between(q, p):
        log_q, log_p = (stats.gamma.logpdf(np.exp(_T), a, scale=1 / b) for a, b in (q, p))
        integrand = np.exp(log_q + _T) * (log_q - log_p)
        return integrand.sum(axis=0) * (_T[1, 0] - _T[0, 0])

    prior = c.gamma_shape, c.gamma_rate

    def truth(shape, rate):
        return between((shape, rate), prior)

    def log_of_mean(shape, rate):
        wrong = np.log(shape / rate)
        right = (np.exp(stats.gamma.logpdf(np.exp(_T), shape, scale=1 / rate) + _T) * _T).sum(0)
        right = right * (_T[1, 0] - _T[0, 0])
        return truth(shape, rate) + (shape - c.gamma_shape) * (wrong - right)

    return Function(
        "`kl_to_gamma(shape, rate)`: KL of two Gamma densities, nats (N,).",
        truth=truth,
        draw_case=gamma_case,
        tolerance=1e-6,
        because="$E[z] = a/b$ and $E[\\log z] = \\psi(a) - \\log b$ are its two expectations.",
        mistakes=(
            Mistake(log_of_mean, SAYS["log-of-mean-for-mean-of-log"]),
            Mistake(lambda a, b: between(prior, (a, b)), OF_ELBOS["kl-reversed"].says),
            Mistake(
                lambda a, b: between((a, 1 / b), (prior[0], 1 / prior[1])),
                "The second parameter is a *rate*: the mean is shape / rate. You took it for a "
                "scale.",
            ),
            Mistake(
                lambda a, b: truth(a, b) + gammaln(a) - gammaln(c.gamma_shape),
                "The two $\\log\\Gamma$ are missing.",
            ),
            Mistake(
                lambda a, b: truth(a, b) + 2 * (gammaln(a) - gammaln(c.gamma_shape)),
                "The two $\\log\\Gamma$ have their signs turned.",
            ),
            Mistake(
                lambda a, b: truth(a, b) + 2 * stats.gamma(a, scale=1 / b).entropy(),
                "The entropy of q has the wrong sign: E_q[log q] is *minus* the entropy.",
            ),
        ),
        hint="Try it where you know it: at the prior's own shape and rate it is 0. Elsewhere hold "
        "it against the mean of log q - log p over draws of q: `stats.gamma.logpdf(z, a, "
        "scale=1/b)`.",
    )
