"""The ELBO's gap to the last digit, and a family of bounds."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw3.counter import counts_case, log_poisson
from vitutor.checks.homework.hw3.divergences import kl_of_gaussians
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS


def gap(c):
    """Part 2.3."""
    z = np.linspace(-14, 14, 20001)[:, None]
    step = z[1, 0] - z[0, 0]

    def log_posterior(x):
        log_joint = log_poisson(c, x, z) + stats.norm.logpdf(z, 0, c.prior_scale)
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


def renyi_bound(c):
    """Part 2.4."""

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
