"""What a code costs: its KL to a wide prior, and to a prior with hills."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS
from vitutor.divergences import kl
from vitutor.families import MeanFieldGaussian


def codes_case(rng, n=5, latent_dim=3):
    """Means and log-variances (n, latent_dim)."""
    return rng.normal(size=(n, latent_dim)), rng.uniform(-3, 0.5, size=(n, latent_dim))


def kl_to_prior(c):
    """Part 1.1."""

    def kl_to(scale, reverse=False):
        def answer(mean, logvar):
            p = MeanFieldGaussian(np.zeros_like(mean), np.full_like(mean, scale))
            q = MeanFieldGaussian(mean, np.exp(0.5 * logvar))
            return kl(p, q) if reverse else kl(q, p)

        return answer

    truth = kl_to(c.prior_scale)
    return Function(
        "`kl_to_prior(mean, logvar)`: KL(q ‖ N(0, τ² I)), nats (N,).",
        truth=truth,
        draw_case=codes_case,
        tolerance=1e-8,
        because="τ² divides both squares, and log τ² joins the log-variance.",
        mistakes=(
            Mistake(kl_to(1.0), "This KL is to $\\mathcal N(0, I)$. The prior's scale is τ."),
            Mistake(lambda m, v: truth(m, v) / m.shape[1], OF_ELBOS["kl-mean-over-latents"].says),
            Mistake(lambda m, v: 2 * truth(m, v), OF_ELBOS["kl-half-missing"].says),
            Mistake(lambda m, v: truth(m, 2 * v), OF_ELBOS["logvar-as-logstd"].says),
            Mistake(kl_to(c.prior_scale, reverse=True), OF_ELBOS["kl-reversed"].says),
            Mistake(kl_to(np.sqrt(c.prior_scale)), SAYS["scale-as-variance"]),
            Mistake(
                lambda m, v: truth(m, v) - m.shape[1] * np.log(c.prior_scale),
                "log τ is missing, the prior's own normaliser, once for each latent: without it a "
                "KL may come out negative.",
            ),
            Mistake(lambda m, v: -truth(m, v), SAYS["sign"]),
        ),
        hint="Try it where you know it: with the prior itself for q (mean 0, logvar log τ²) it is "
        "0, and ½ more for each mean that is then moved by τ.",
    )


def draws_case(rng, n_draws=6):
    """Mean and log-variance (2,) of one q, and noise (n_draws, 2), the last of it far out."""
    eps = rng.normal(size=(n_draws, 2))
    eps[-1] = 150.0  # where every hill is 0 to the machine
    return rng.normal(0, 1.2, size=2), rng.uniform(-2.5, 0, size=2), eps


def kl_draws(c):
    """Part 1.4."""
    prior = c.mixture

    def log_components(z, scales=prior["scales"]):
        return stats.norm.logpdf(z[:, None], prior["means"], scales).sum(axis=2)

    def log_prior(z):
        return logsumexp(log_components(z), b=prior["weights"], axis=1)

    def draws(log_prior=log_prior, width=lambda v: np.exp(0.5 * v), sign=1, log_q_too=True):
        def answer(mean, logvar, eps):
            scale = width(logvar)
            z = mean + scale * eps
            log_q = stats.norm.logpdf(z, mean, scale).sum(axis=1)
            return sign * (log_q * log_q_too - log_prior(z))

        return answer

    def added_up(z):
        return np.log(np.exp(log_components(z)) @ prior["weights"])

    def nearest(z):
        return (log_components(z) + np.log(prior["weights"])).max(axis=1)

    return Function(
        "`kl_draws(mean, logvar, eps)`: one draw of the KL for each row of eps, nats (S,).",
        truth=draws(),
        draw_case=draws_case,
        tolerance=1e-7,
        because="A mixture's log density is a log of a sum, so its KL has no closed form: draw it.",
        mistakes=(
            Mistake(
                draws(lambda z: log_components(z) @ prior["weights"]),
                "This averages the components' *log* densities. The prior averages their "
                "densities, and then takes the log; by Jensen, yours is too large a KL.",
            ),
            Mistake(
                draws(lambda z: logsumexp(log_components(z), axis=1)),
                "The weights of the components are missing.",
            ),
            Mistake(draws(added_up), SAYS["underflow"]),
            Mistake(draws(nearest), "Only the likeliest component is counted: add them up."),
            Mistake(draws(sign=-1), SAYS["sign"]),
            Mistake(draws(width=np.exp), OF_ELBOS["logvar-as-logstd"].says),
            Mistake(draws(log_q_too=False), SAYS["cross-entropy"]),
            Mistake(
                draws(lambda z: stats.norm.logpdf(z).sum(axis=1)),
                "This is the KL to $\\mathcal N(0, I)$. The prior of this part is the mixture.",
            ),
            Mistake(
                draws(
                    lambda z: logsumexp(
                        log_components(z, prior["scales"] ** 2), b=prior["weights"], axis=1
                    )
                ),
                SAYS["variance-as-scale"],
            ),
        ),
        hint="log q(z) - logsumexp over components of [log weight + Σ_j log N(z_j)].",
    )
