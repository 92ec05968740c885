"""The ELBO of a count whose log rate is a line in z."""

import numpy as np
from scipy import stats

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw3.divergences import kl_of_gaussians
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS

# The grid of all expectations under a Gaussian: twelve standard deviations on either side.
_EPS = np.linspace(-12, 12, 2401)[:, None]
_WEIGHT = stats.norm.pdf(_EPS) * (_EPS[1] - _EPS[0])


def average(f, mean, scale):
    """E_q[f(z)] for each mean and scale (N,) of q."""
    return (_WEIGHT * f(mean + scale * _EPS)).sum(axis=0)


def log_poisson(c, x, z):
    return stats.poisson.logpmf(x, np.exp(c.intercept + c.slope * z))


def expected_log_poisson(c, x, mean, scale):
    return average(lambda z: log_poisson(c, x, z), mean, scale)


def plug_in(c, x, mean, scale):
    """log p(x | z) at the mean of q, which a mistake takes for its mean."""
    return log_poisson(c, x, mean)


def kl_gaussian(c, mean, scale):
    """KL(q ‖ prior) by quadrature."""
    return average(
        lambda z: stats.norm.logpdf(z, mean, scale) - stats.norm.logpdf(z, 0, c.prior_scale),
        mean,
        scale,
    )


def counts_case(rng, n=5, largest=12, scales=(0.2, 0.9)):
    """Counts x, and a mean and a scale of q for each: three arrays (n,)."""
    x = rng.integers(0, largest, size=n)
    x[0] = 0
    return x, rng.normal(size=n), rng.uniform(*scales, size=n)


def reconstruction(c):
    """Part 1.1."""

    def variant(power):
        """E_q[log p(x | z)] with another exponent in the mean of the rate."""

        def answer(x, mean, scale):
            at_mean = plug_in(c, x, mean, scale)
            rate = np.exp(c.intercept + c.slope * mean)
            return at_mean + rate - rate * np.exp(power(scale))

        return answer

    def truth(x, mean, scale):
        return expected_log_poisson(c, x, mean, scale)

    return Function(
        "`reconstruction(x, mean, scale)`: the mean of log p(x | z) under q, nats (N,).",
        truth=truth,
        draw_case=counts_case,
        tolerance=1e-7,
        because="The mean of a lognormal, $e^{b + am + a^2 s^2 / 2}$, is all it takes.",
        mistakes=(
            Mistake(variant(lambda s: 0), SAYS["plug-in-mean"]),
            Mistake(
                variant(lambda s: c.slope**2 * s**2),
                "The ½ is missing from the exponent: $E[e^{az}] = e^{am + a^2 s^2 / 2}$.",
            ),
            Mistake(variant(lambda s: 0.5 * c.slope**2 * s), SAYS["scale-as-variance"]),
            Mistake(
                variant(lambda s: 0.5 * c.slope * s**2),
                "It is $az$ that has variance $a^2 s^2$: the slope is squared too.",
            ),
            Mistake(
                lambda x, mean, scale: truth(x, mean, scale) + stats.poisson.logpmf(x, 1) + 1,
                "$\\log x!$ is counted twice.",
            ),
            Mistake(
                lambda x, mean, scale: truth(x, mean, scale) - stats.poisson.logpmf(x, 1) - 1,
                "$\\log x!$ is missing. The gradients do not need it; the value, in nats, does.",
            ),
        ),
        hint="$E_q[x\\,(b + az) - e^{b + az} - \\log x!]$, term by term.",
    )


def elbo(c):
    """Part 1.2."""

    def of(kl_term, sign=-1):
        def answer(x, mean, scale):
            return expected_log_poisson(c, x, mean, scale) + sign * kl_term(mean, scale)

        return answer

    tau = c.prior_scale
    return Function(
        "`elbo(x, mean, scale)`: the ELBO of each count, nats (N,).",
        truth=of(lambda mean, scale: kl_gaussian(c, mean, scale)),
        draw_case=counts_case,
        tolerance=1e-7,
        because="Reconstruction, less the KL to *this* prior, whose scale is not 1.",
        mistakes=(
            Mistake(
                of(lambda m, s: kl_of_gaussians(m, s, 0, 1.0)),
                "This KL is to $\\mathcal N(0, 1)$. The prior here has the scale `hw.prior_scale`.",
            ),
            Mistake(
                of(lambda m, s: kl_of_gaussians(m, s, 0, tau), sign=+1), OF_ELBOS["kl-sign"].says
            ),
            Mistake(
                of(lambda m, s: kl_of_gaussians(0, tau, m, s)),
                OF_ELBOS["kl-reversed"].says,
            ),
            Mistake(
                of(lambda m, s: 2 * kl_of_gaussians(m, s, 0, tau)), OF_ELBOS["kl-half-missing"].says
            ),
            Mistake(of(lambda m, s: 0 * m), OF_ELBOS["kl-missing"].says),
            Mistake(
                of(lambda m, s: 0.5 * (s / tau + m**2 / tau - 1 - np.log(s / tau))),
                SAYS["scale-as-variance"],
            ),
            Mistake(
                lambda x, m, s: plug_in(c, x, m, s) - kl_gaussian(c, m, s), SAYS["plug-in-mean"]
            ),
        ),
        hint="Try it where you know it: with the prior itself for q (mean 0, scale τ) the KL is 0, "
        "and part 1.1 is left. One prior scale away (mean τ, scale τ) the KL is ½.",
    )
