"""Homework 3: the ELBO, KL, fitting and learning, on counts instead of measurements.

Truths go another way than a solution does: quadrature for closed forms, complex steps for
gradients, the package's own densities for the rest.
"""

from types import SimpleNamespace

import numpy as np
from scipy import optimize, stats
from scipy.special import expit, gammaln, logit, logsumexp, xlogy

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS
from vitutor.checks.questions import Function, Mistake
from vitutor.divergences import kl
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.models import LinearGaussian


def constants(seed):
    """Return the numbers of variant `seed`."""
    rng = np.random.default_rng([3, seed])

    def between(low, high):
        return round(float(rng.uniform(low, high)), 3)

    numbers = {
        "intercept": between(0.6, 1.3),
        "slope": between(0.5, 0.9),
        "prior_scale": between(1.15, 1.6),
        "off_probability": between(0.15, 0.4),
        "laplace_loc": between(-0.8, 0.8),
        "laplace_scale": between(0.4, 0.8),
        "gamma_shape": between(1.5, 4.0),
        "gamma_rate": between(0.5, 0.9),
        "alpha": between(0.25, 0.45) + 0.3 * int(rng.integers(2)),
        "prior_mean": between(-1.0, 1.0),
        "prior_counts": between(0.5, 3.0),
        "precision_shape": between(1.2, 3.0),
        "precision_rate": between(0.5, 2.0),
        "noise_scale": between(0.4, 0.8),
        "weight_scale": between(1.3, 2.5),
        "exposure": between(1.5, 4.0),
        "n_causes": int(rng.integers(3, 8)),
        "loading": between(0.6, 0.9),
    }
    z = numbers["prior_scale"] * rng.standard_normal(12)
    counts = rng.poisson(np.exp(numbers["intercept"] + numbers["slope"] * z))
    numbers["counts"] = counts * (rng.random(12) > numbers["off_probability"])
    return numbers


def parts(constants):
    """Return the questions of this variant, by part."""
    c = SimpleNamespace(**constants)
    makers = {
        "1.1": _reconstruction,
        "1.2": _elbo,
        "1.3": _zero_inflated,
        "1.4": _best_off,
        "2.1": _kl_laplace,
        "2.2": _kl_gamma,
        "2.3": _gap,
        "2.4": _renyi,
        "3.1": _logistic,
        "3.2": _leave_one_out,
        "3.3": _sweep,
        "3.4": _mean_field_gap,
        "4.1": _em,
        "4.2": _learned_noise,
    }
    return {part: make(c) for part, make in makers.items()}


# The grid of all expectations under a Gaussian: twelve standard deviations on either side.
_EPS = np.linspace(-12, 12, 2401)[:, None]
_WEIGHT = stats.norm.pdf(_EPS) * (_EPS[1] - _EPS[0])


def _average(f, mean, scale):
    return (_WEIGHT * f(mean + scale * _EPS)).sum(axis=0)


def _log_poisson(c, x, z):
    return stats.poisson.logpmf(x, np.exp(c.intercept + c.slope * z))


def _expected_log_poisson(c, x, mean, scale):
    return _average(lambda z: _log_poisson(c, x, z), mean, scale)


def _plug_in(c, x, mean, scale):
    return _log_poisson(c, x, mean)


def _kl_gaussian(c, mean, scale):
    """KL(q ‖ prior) by quadrature."""
    return _average(
        lambda z: stats.norm.logpdf(z, mean, scale) - stats.norm.logpdf(z, 0, c.prior_scale),
        mean,
        scale,
    )


def counts_case(rng, n=5, largest=12, scales=(0.2, 0.9)):
    """Counts x, and a mean and a scale of q for each: three arrays (n,)."""
    x = rng.integers(0, largest, size=n)
    x[0] = 0
    return x, rng.normal(size=n), rng.uniform(*scales, size=n)


def _reconstruction(c):
    def variant(power):
        """E_q[log p(x | z)] with another exponent in the mean of the rate."""

        def answer(x, mean, scale):
            at_mean = _plug_in(c, x, mean, scale)
            rate = np.exp(c.intercept + c.slope * mean)
            return at_mean + rate - rate * np.exp(power(scale))

        return answer

    def truth(x, mean, scale):
        return _expected_log_poisson(c, x, mean, scale)

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


def _kl_variant(c, ratio=1.0, half=0.5, prior_scale=None):
    tau = c.prior_scale if prior_scale is None else prior_scale

    def answer(mean, scale):
        square = ((scale**2) ** ratio + mean**2) / (tau**2) ** ratio
        return half * (square - 1 - 2 * np.log(scale / tau))

    return answer


def _elbo(c):
    def of(kl_term, sign=-1):
        def answer(x, mean, scale):
            return _expected_log_poisson(c, x, mean, scale) + sign * kl_term(mean, scale)

        return answer

    tau = c.prior_scale
    return Function(
        "`elbo(x, mean, scale)`: the ELBO of each count, nats (N,).",
        truth=of(lambda mean, scale: _kl_gaussian(c, mean, scale)),
        draw_case=counts_case,
        tolerance=1e-7,
        because="Reconstruction, less the KL to *this* prior, whose scale is not 1.",
        mistakes=(
            Mistake(
                of(_kl_variant(c, prior_scale=1.0)),
                "This KL is to $\\mathcal N(0, 1)$. The prior here has the scale `hw.prior_scale`.",
            ),
            Mistake(of(_kl_variant(c), sign=+1), OF_ELBOS["kl-sign"].says),
            Mistake(
                of(lambda m, s: 0.5 * ((tau**2 + m**2) / s**2 - 1) + np.log(s / tau)),
                OF_ELBOS["kl-reversed"].says,
            ),
            Mistake(of(_kl_variant(c, half=1.0)), OF_ELBOS["kl-half-missing"].says),
            Mistake(of(lambda m, s: 0 * m), OF_ELBOS["kl-missing"].says),
            Mistake(
                of(lambda m, s: 0.5 * (s / tau + m**2 / tau - 1 - np.log(s / tau))),
                SAYS["scale-as-variance"],
            ),
            Mistake(
                lambda x, m, s: _plug_in(c, x, m, s) - _kl_gaussian(c, m, s), SAYS["plug-in-mean"]
            ),
        ),
        hint="Part 1.1, less ½ ((s² + m²)/τ² - 1) - log(s/τ).",
    )


def off_case(rng, **options):
    """A counts_case, and a probability of being off for each count."""
    x, mean, scale = counts_case(rng, **options)
    x[rng.random(len(x)) < 0.4] = 0
    x[-1] = max(x[-1], 1)
    return x, mean, scale, rng.uniform(0.05, 0.95, size=len(x))


def _zero_inflated(c):
    pi = c.off_probability

    def on(x, mean, scale):
        return np.log1p(-pi) + _expected_log_poisson(c, x, mean, scale)

    def bound(x, mean, scale, off, entropy=1):
        of_choice = entropy * (xlogy(off, off) + xlogy(1 - off, 1 - off))
        together = off * np.log(pi) + (1 - off) * on(x, mean, scale)
        return together - of_choice - _kl_gaussian(c, mean, scale)

    def truth(x, mean, scale, off):
        return bound(x, mean, scale, np.where(x == 0, off, 0.0))

    def at_best(x, mean, scale, off):
        both = np.logaddexp(np.log(pi), on(x, mean, scale))
        return np.where(x == 0, both, on(x, mean, scale)) - _kl_gaussian(c, mean, scale)

    return Function(
        "`elbo_off(x, mean, scale, off)`: the ELBO with both latents, nats (N,).",
        truth=truth,
        draw_case=off_case,
        tolerance=1e-7,
        because="A sum over the switch, an integral over z, and an entropy for each.",
        mistakes=(
            Mistake(
                lambda x, m, s, off: bound(x, m, s, np.where(x == 0, off, 0.0), entropy=0),
                "The entropy of the switch is missing: $q$ has two factors, and each has its own.",
            ),
            Mistake(
                lambda x, m, s, off: bound(x, m, s, off),
                "A counter that is off cannot show $x > 0$: there the probability of off is 0, "
                "whatever `off` says.",
            ),
            Mistake(
                lambda x, m, s, off: truth(x, m, s, off) - np.where(x > 0, np.log1p(-pi), 0),
                "$\\log(1 - \\pi)$ is missing where $x > 0$: to be on was not certain beforehand.",
            ),
            Mistake(
                at_best,
                "This is the ELBO at the *best* probability of off (part 1.4). `off` is given.",
            ),
            Mistake(
                lambda x, m, s, off: bound(x, m, s, np.where(x == 0, 1 - off, 0.0)),
                "`off` is the probability of being off, not of being on.",
            ),
        ),
        hint="Write q(off) = r where x = 0 and 0 elsewhere; then E_q[log p - log q], choice by "
        "choice.",
    )


def _best_off(c):
    def odds(log_rate):
        def answer(x, mean, scale):
            r = expit(logit(c.off_probability) - log_rate(x, mean, scale))
            return np.where(x == 0, r, 0.0)

        return answer

    def expected(x, mean, scale):
        return _expected_log_poisson(c, 0 * x, mean, scale)

    def log_of_mean(x, mean, scale):
        return np.log(_average(lambda z: np.exp(_log_poisson(c, 0 * x, z)), mean, scale))

    return Function(
        "`best_off(x, mean, scale)`: the probability of off that maximises the ELBO, (N,).",
        truth=odds(expected),
        draw_case=lambda rng: off_case(rng)[:3],
        tolerance=1e-7,
        because="$r \\propto \\exp E_q[\\log p]$: lesson 8's rule, with a choice for a coordinate.",
        mistakes=(
            Mistake(odds(log_of_mean), SAYS["mean-of-probabilities"]),
            Mistake(odds(lambda x, m, s: _plug_in(c, 0 * x, m, s)), SAYS["plug-in-mean"]),
            Mistake(
                lambda x, m, s: expit(logit(c.off_probability) - expected(x, m, s)),
                "Where $x > 0$ the counter was on, for certain.",
            ),
            Mistake(
                lambda x, m, s: np.where(x == 0, 1 - odds(expected)(x, m, s), 0.0),
                "This is the probability of being *on*.",
            ),
            Mistake(
                lambda x, m, s: np.where(x == 0, expit(-expected(x, m, s)), 0.0),
                "The prior probability of off, `hw.off_probability`, has been forgotten.",
            ),
        ),
        hint="At x = 0 maximise r log(π/r) + (1 - r)(log((1 - π)/(1 - r)) + E_q[log p(0 | z)]).",
    )


def scales_case(rng, n=5, scales=(0.2, 1.5)):
    """A mean and a scale of q for each of n: two arrays."""
    return rng.normal(0, 1.2, size=n), rng.uniform(*scales, size=n)


def _kl_laplace(c):
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


def _kl_gamma(c):
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
        hint="log q - log p = (a - a₀) log z - (b - b₀) z + a log b - a₀ log b₀ - log Γ(a) + "
        "log Γ(a₀).",
    )


def _gap(c):
    z = np.linspace(-14, 14, 20001)[:, None]
    step = z[1, 0] - z[0, 0]

    def log_posterior(x):
        log_joint = _log_poisson(c, x, z) + stats.norm.logpdf(z, 0, c.prior_scale)
        return log_joint - logsumexp(log_joint, axis=0) - np.log(step)

    def between(log_q, log_p):
        return (np.exp(log_q) * (log_q - log_p)).sum(axis=0) * step

    def log_q(mean, scale):
        return stats.norm.logpdf(z, mean, scale)

    def truth(x, mean, scale):
        return between(log_q(mean, scale), log_posterior(x))

    return Function(
        "`gap(x, mean, scale)`: log p(x) - ELBO, nats (N,).",
        truth=truth,
        draw_case=counts_case,
        tolerance=1e-6,
        because="It equals KL(q ‖ posterior), by which it was checked: another integral.",
        mistakes=(
            Mistake(lambda x, m, s: -truth(x, m, s), "The sign: the ELBO lies *below* log p(x)."),
            Mistake(
                lambda x, m, s: between(log_posterior(x), log_q(m, s)), SAYS["kl-forward-as-gap"]
            ),
            Mistake(
                lambda x, m, s: kl_of_gaussians(m, s, 0, c.prior_scale),
                "This is the KL to the *prior*, one of the ELBO's two terms. The gap is the KL to "
                "the posterior.",
            ),
            Mistake(
                lambda x, m, s: truth(x, m, s) + kl_of_gaussians(m, s, 0, c.prior_scale),
                "The KL to the prior has been taken off twice, or log p(x) lacks its prior.",
            ),
            Mistake(
                lambda x, m, s: truth(x, m, s) + np.log(np.sqrt(2 * np.pi) * c.prior_scale),
                "The prior in your integral lacks its normaliser.",
            ),
        ),
        hint="log p(x) = log Σ p(x | z) p(z) Δz on a fine grid; the ELBO you have in closed form.",
    )


def weights_case(rng, n_draws=40, n=4, level=-6000.0):
    """Log weights (n_draws, n), about `level`."""
    return (level + rng.normal(0, 1.5, size=(n_draws, n)) + rng.normal(size=n),)


def _renyi(c):
    def bound(power, factor):
        def answer(log_w):
            return (logsumexp(power * log_w, axis=0) - np.log(len(log_w))) / factor

        return answer

    a = c.alpha
    return Function(
        "`renyi_bound(log_w)`: the bound of order `hw.alpha`, nats (N,).",
        truth=bound(1 - a, 1 - a),
        draw_case=weights_case,
        tolerance=1e-8,
        because="A power inside, its inverse outside; the largest taken out before `exp`.",
        mistakes=(
            Mistake(
                lambda log_w: np.log(np.exp((1 - a) * log_w).mean(axis=0)) / (1 - a),
                SAYS["underflow"],
            ),
            Mistake(bound(1 - a, 1.0), "The factor $1/(1 - \\alpha)$ outside the log is missing."),
            Mistake(bound(a, a), "The power is $1 - \\alpha$; you used $\\alpha$."),
            Mistake(
                lambda log_w: log_w.mean(axis=0),
                "This is the ELBO, the bound of order 1; here the order is `hw.alpha`.",
            ),
            Mistake(bound(1, 1), OF_ELBOS["log-of-mean"].says),
            Mistake(
                lambda log_w: logsumexp((1 - a) * log_w, axis=0) / (1 - a),
                "Sum where a mean is wanted: log S, divided by $1 - \\alpha$, is too much.",
            ),
        ),
        hint="`(1 - alpha) * log_w`, its log-mean-exp over the draws, divided by 1 - alpha.",
    )


def _slope(c, x, z):
    return c.slope * (x - np.exp(c.intercept + c.slope * z)) - z / c.prior_scale**2


def _log_joint(c, x, z):
    """log p(x, z) up to a constant; for complex z too."""
    log_rate = c.intercept + c.slope * z
    return x * log_rate - np.exp(log_rate) - 0.5 * (z / c.prior_scale) ** 2


def _complex_step(f, point):
    """The derivatives of f in each coordinate of `point`, as columns: exact to rounding."""
    steps = 1e-30j * np.eye(len(point))
    return np.stack([f(*(point + step)).imag / 1e-30 for step in steps], axis=1)


def fit_case(rng, n_draws=6):
    """One count, a mean and a log scale of q, and uniform numbers (n_draws,)."""
    x, mean, log_scale = int(rng.integers(0, 10)), rng.normal(0, 0.7), rng.uniform(-1.5, -0.2)
    return x, mean, log_scale, rng.uniform(0.02, 0.98, size=n_draws)


def _logistic(c):
    def truth(x, mean, log_scale, u):
        def draws(mean, log_scale):
            return _log_joint(c, x, mean + np.exp(log_scale) * logit(u)) + log_scale

        return _complex_step(draws, np.array([mean, log_scale]))

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


def _leave_one_out(c):
    def f(x, mean, log_scale, eps, entropy=1):
        z = mean + np.exp(log_scale) * eps
        log_p = stats.norm.logpdf(z, 0, c.prior_scale) + _log_poisson(c, x, z)
        return log_p - entropy * stats.norm.logpdf(z, mean, np.exp(log_scale))

    def score(mean, log_scale, eps):
        z = mean + np.exp(log_scale) * eps

        def log_q(mean, log_scale):
            return -0.5 * ((z - mean) * np.exp(-log_scale)) ** 2 - log_scale

        return _complex_step(log_q, np.array([mean, log_scale]))

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


def sample_case(rng, n=8):
    """Data (n,) and the current mean of the precision."""
    return rng.normal(rng.normal(), rng.uniform(0.5, 2), size=n), rng.uniform(0.3, 3.0)


def _sweep(c):
    m0, k0, a0, b0 = c.prior_mean, c.prior_counts, c.precision_shape, c.precision_rate
    # E_q[log p(x, mu, tau)] is a parabola in mu, and (shape - 1) log tau - rate tau in tau: a few
    # values of it tell its coefficients.
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(8)

    def log_joint(x, mu, tau, log_tau):
        square = ((x[:, None] - mu) ** 2).sum(axis=0) + k0 * (mu - m0) ** 2
        return (0.5 * (len(x) + 1) + a0 - 1) * log_tau - tau * (b0 + 0.5 * square)

    def truth(x, expected_precision):
        mu = np.array([-1.0, 0.0, 1.0])
        curve, line, _ = np.polyfit(mu, log_joint(x, mu, expected_precision, 0.0), 2)
        mean, variance = -0.5 * line / curve, -0.5 / curve
        draws = mean + np.sqrt(variance) * nodes
        weights = node_weights / node_weights.sum()
        tau = np.array([0.5, 1.0, 2.0])
        values = [weights @ log_joint(x, draws, t, np.log(t)) for t in tau]
        design = np.stack([np.log(tau), -tau, np.ones(3)], axis=1)
        shape, rate, _ = np.linalg.solve(design, values)
        return np.array([mean, variance, shape + 1, rate])

    def variant(variance=None, shape=None, rate=None):
        def answer(x, expected_precision):
            right = truth(x, expected_precision)
            changes = zip((None, variance, shape, rate), right, strict=True)
            return np.array(
                [row if f is None else f(x, expected_precision, right) for f, row in changes]
            )

        return answer

    def at_mean(x, _, right):
        square = ((x - right[0]) ** 2).sum() + k0 * (right[0] - m0) ** 2
        return b0 + 0.5 * square

    def without_prior_of_mean(x, _, right):
        return b0 + 0.5 * (((x - right[0]) ** 2).sum() + len(x) * right[1])

    def half_missing(x, _, right):
        return b0 + 2 * (right[3] - b0)

    return Function(
        "`sweep(x, expected_precision)`: mean, variance, shape, rate, (4,).",
        truth=truth,
        draw_case=sample_case,
        tolerance=1e-7,
        because="Average the log joint over the other factor, and read off a Gaussian or a Gamma.",
        mistakes=(
            Mistake(variant(rate=at_mean), SAYS["plug-in-mean"]),
            Mistake(
                variant(shape=lambda x, _, right: a0 + 0.5 * len(x)),
                "The prior of $\\mu$ has a $\\tau^{1/2}$ in it too: the shape gains (N + 1)/2.",
            ),
            Mistake(
                variant(rate=without_prior_of_mean),
                "The rate lacks the prior of $\\mu$: $\\tfrac12 \\kappa_0 E[(\\mu - m_0)^2]$.",
            ),
            Mistake(
                variant(rate=without_prior_of_mean, shape=lambda x, _, right: a0 + 0.5 * len(x)),
                "The prior of $\\mu$ depends on $\\tau$ as well, and has been left out of q(τ).",
            ),
            Mistake(
                variant(variance=lambda x, t, right: 1 / right[1]),
                "The second number is a precision; a variance is asked for.",
            ),
            Mistake(
                variant(variance=lambda x, t, right: np.sqrt(right[1])),
                "The second number is a standard deviation; a variance is asked for.",
            ),
            Mistake(
                variant(variance=lambda x, t, right: right[1] * t),
                "The variance of $\\mu$ does not contain the precision $E[\\tau]$ of the data.",
            ),
            Mistake(variant(rate=half_missing), "The ½ before the squares is missing in the rate."),
        ),
        hint="q(μ) from E[τ]; then q(τ) from E[(x - μ)²] = (x - m)² + v, with the *new* m and v.",
    )


def design_case(rng, n_rows=12, n_weights=3):
    """A design matrix (n_rows, n_weights) with correlated columns."""
    common = rng.normal(size=(n_rows, 1))
    return (0.5 * rng.normal(size=(n_rows, n_weights)) + rng.uniform(0.2, 0.8) * common,)


def _mean_field_gap(c):
    def posterior(features, noise_scale=c.noise_scale, weight_scale=c.weight_scale):
        """Of weights in units of their prior scale, which changes no KL."""
        n = len(features)
        model = LinearGaussian(weight_scale * features, np.zeros(n), noise_scale**2 * np.eye(n))
        return model.posterior(np.zeros((1, n)))

    def truth(features, **options):
        p = posterior(features, **options)
        precision = np.linalg.inv(p.cov[0])
        return kl(MeanFieldGaussian(p.mean, np.diag(precision)[None] ** -0.5), p)[0]

    def marginals(features, forward=False):
        p = posterior(features)
        q = MeanFieldGaussian(p.mean, np.sqrt(np.diag(p.cov[0]))[None])
        full = FullRankGaussian(q.mean, q.cov)
        return kl(p, full)[0] if forward else kl(full, p)[0]

    return Function(
        "`mean_field_gap(features)`: what independent coordinates cost at least, nats.",
        truth=truth,
        draw_case=design_case,
        tolerance=1e-7,
        because="½ (Σ log Λ_jj - log det Λ): no data y in it, only the design.",
        mistakes=(
            Mistake(lambda f: 2 * truth(f), "The ½ is missing."),
            Mistake(
                marginals,
                "This q has the posterior's own variances; the ELBO's best has $1/\\Lambda_{jj}$.",
            ),
            Mistake(lambda f: marginals(f, forward=True), OF_ELBOS["kl-reversed"].says),
            Mistake(
                lambda f: truth(f, noise_scale=np.sqrt(c.noise_scale)), SAYS["scale-as-variance"]
            ),
            Mistake(
                lambda f: truth(f, weight_scale=1.0),
                "The prior's precision is $1/\\tau^2$ with $\\tau$ = `hw.weight_scale`, not 1.",
            ),
            Mistake(
                lambda f: truth(f, weight_scale=1e6),
                "The prior is missing from the precision: $I/\\tau^2$.",
            ),
            Mistake(lambda f: -truth(f), "The sign: this is negative, and a KL cannot be."),
        ),
        hint="Λ = I/τ² + XᵀX/σ².",
    )


def mixture_case(rng, n=30, n_components=3):
    """Counts (n,), weights (K,) and rates an hour (K,)."""
    rates = np.sort(rng.uniform(0.5, 6, size=n_components)) + np.arange(n_components)
    x = rng.poisson(2.5 * rng.choice(rates, size=n))
    return x, rng.dirichlet(3 * np.ones(n_components)), rates


def _em(c):
    def responsibilities(x, weights, rates, exposure=c.exposure):
        joint = weights * stats.poisson.pmf(x[:, None], exposure * rates)
        return joint / joint.sum(axis=1, keepdims=True)

    def m_step(x, r, exposure=c.exposure):
        return np.stack([r.mean(axis=0), r.T @ x / r.sum(axis=0) / exposure])

    def truth(x, weights, rates):
        return m_step(x, responsibilities(x, weights, rates))

    def with_row(row, value):
        def answer(x, weights, rates):
            new = truth(x, weights, rates)
            new[row] = value(x, responsibilities(x, weights, rates), new)
            return new

        return answer

    def hard(x, weights, rates):
        r = responsibilities(x, weights, rates)
        return m_step(x, np.eye(len(weights))[r.argmax(axis=1)])

    return Function(
        "`em_sweep(x, weights, rates)`: the new weights and rates, (2, K).",
        truth=truth,
        draw_case=mixture_case,
        tolerance=1e-8,
        because="Bayes' rule, then weighted averages: EM for any exponential family looks so.",
        mistakes=(
            Mistake(
                lambda x, w, r: m_step(x, responsibilities(x, w, r, exposure=1.0), 1.0),
                "The exposure is not used: a count has the mean `hw.exposure` × rate.",
            ),
            Mistake(
                with_row(1, lambda x, r, new: new[1] * c.exposure),
                "These are mean counts. A rate is a mean count divided by the exposure.",
            ),
            Mistake(
                lambda x, w, r: m_step(x, responsibilities(x, w, r, exposure=1.0)),
                "The E-step compares the counts with rates an *hour*, not with mean counts.",
            ),
            Mistake(
                with_row(1, lambda x, r, new: r.T @ x / len(x) / c.exposure),
                "You divided by N. A weighted mean is divided by the sum of its own weights.",
            ),
            Mistake(
                with_row(0, lambda x, r, new: r.sum(axis=0)),
                "The first row holds counts; weights sum to one.",
            ),
            Mistake(hard, SAYS["hard-assignment"]),
            Mistake(
                lambda x, w, r: m_step(x, responsibilities(x, np.ones_like(w), r)),
                "The E-step is Bayes' rule: the mixture's weights are its prior, and are missing.",
            ),
        ),
        hint="r ∝ weights · Poisson(x; exposure · rates), normalised over components.",
    )


def learned_noise(second_moment, n_causes, loading, mean_field=True):
    """The noise variance at the top of the ELBO, found by a search."""

    def loss(log_v):
        v = np.exp(log_v)
        total = n_causes * loading**2 + v
        log_p = -0.5 * np.log(2 * np.pi * total) - 0.5 * second_moment / total
        ratio = loading**2 / v
        gap = 0.5 * (n_causes * np.log1p(ratio) - np.log1p(n_causes * ratio))
        return gap * mean_field - log_p

    grid = np.linspace(-8, 5, 400)
    best = grid[np.argmin([loss(g) for g in grid])]
    bounds = (best - 0.1, best + 0.1)
    found = optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    return np.exp(found.x)


def _learned_noise(c):
    k, a = c.n_causes, c.loading
    return Function(
        "`learned_noise(second_moment)`: the noise variance that the ELBO prefers.",
        truth=lambda m: learned_noise(m, k, a),
        draw_case=lambda rng: (k * a**2 * rng.uniform(1.5, 3.0),),
        tolerance=1e-5,
        because="Where EM with independent coordinates stands still; maximum likelihood is lower.",
        mistakes=(
            Mistake(
                lambda m: learned_noise(m, k, a, mean_field=False),
                "This is maximum likelihood. The ELBO with an independent q has its top elsewhere.",
            ),
            Mistake(
                lambda m: learned_noise(m, 2, a),
                "This is the answer for two causes; there are `hw.n_causes`.",
            ),
            Mistake(
                lambda m: learned_noise(m, k, 1.0),
                "This is the answer for loadings of 1; they are `hw.loading`.",
            ),
            Mistake(
                lambda m: learned_noise(m, k, np.sqrt(a)),
                "The loading enters the variance squared.",
            ),
            Mistake(
                lambda m: np.sqrt(learned_noise(m, k, a)),
                "This is the noise scale; its square, the variance, is asked for.",
            ),
        ),
        hint="Iterate v ← E_q[(x - a Σ z_j)²] until it stands still, with var_q(z_j) = 1/Λ_jj.",
    )
