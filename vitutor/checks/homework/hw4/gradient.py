"""The gradient of a small VAE's ELBO, back through its net by hand."""

import numpy as np
from scipy.special import expit

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.homework.derivatives import complex_step
from vitutor.checks.homework.hw4.codes import codes_case
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS


def binary_case(rng, n=4):
    """Pixels (n, 4), means and log-variances (n, 2), and noise (n, 2)."""
    mean, logvar = codes_case(rng, n, 2)
    return rng.integers(0, 2, size=(n, 4)).astype(float), mean, logvar, rng.normal(size=(n, 2))


def elbo_gradient(c):
    """Part 1.3."""
    net, tau = c.net, c.prior_scale

    def elbo(x, q, eps):
        mean, logvar = q[:, :2], q[:, 2:]
        z = mean + np.exp(0.5 * logvar) * eps
        logits = np.tanh(z @ net["A"].T + net["a"]) @ net["B"].T + net["b"]
        log_p = (x * logits - np.log(1 + np.exp(logits))).sum(axis=1)
        of_kl = (mean**2 + np.exp(logvar)) / tau**2 - 1 - logvar + np.log(tau**2)
        return log_p - 0.5 * of_kl.sum(axis=1)

    def truth(x, mean, logvar, eps):
        return complex_step(lambda q: elbo(x, q, eps), np.concatenate([mean, logvar], axis=1))

    def of_kl(mean, logvar, tau=tau):
        return np.concatenate([-mean / tau**2, -0.5 * (np.exp(logvar) / tau**2 - 1)], axis=1)

    def by_hand(slope=None, path=None, kl_part=of_kl, residual=1):
        def answer(x, mean, logvar, eps):
            scale = np.exp(0.5 * logvar)
            h = np.tanh((mean + scale * eps) @ net["A"].T + net["a"])
            of_pixels = residual * (x - expit(h @ net["B"].T + net["b"]))
            g = (of_pixels @ net["B"] * (slope or (lambda h: 1 - h**2))(h)) @ net["A"]
            to_logvar = (path or (lambda s: 0.5 * s))(scale) * eps
            return np.concatenate([g, g * to_logvar], axis=1) + kl_part(mean, logvar)

        return answer

    def in_log_scale(mean, logvar):
        return of_kl(mean, logvar) * [1, 1, 2, 2]

    def likelihood_only(mean, logvar):
        return 0 * np.concatenate([mean, logvar], axis=1)

    return Function(
        "`elbo_gradient(x, mean, logvar, eps)`: in mean and logvar, (N, 4).",
        truth=truth,
        draw_case=binary_case,
        tolerance=1e-8,
        because="Back through pixels, tanh and the draw; the KL's own slope is added at the end.",
        mistakes=(
            Mistake(
                lambda x, m, v, e: of_kl(m, v),
                "Nothing comes back from the decoder: " + OF_ELBOS["detached-sample"].says,
            ),
            Mistake(
                by_hand(path=lambda s: s),
                "The draw's derivative in the log-*variance* is ½ s ε; you took the log scale's, "
                "s ε.",
            ),
            Mistake(
                by_hand(path=lambda s: s, kl_part=in_log_scale),
                "These are the derivatives in the log *scale*, as in lesson 10. logvar is twice "
                "that, so each of the last two columns is half as large.",
            ),
            Mistake(
                by_hand(kl_part=in_log_scale),
                "The KL's slope in the log-*variance* is ½ (exp(logvar)/τ² - 1); you took the log "
                "scale's.",
            ),
            Mistake(
                by_hand(path=lambda s: np.ones_like(s)),
                "The draw's derivative in logvar is ½ s ε: the scale has been forgotten.",
            ),
            Mistake(by_hand(kl_part=likelihood_only), OF_ELBOS["kl-missing"].says),
            Mistake(
                by_hand(kl_part=lambda m, v: of_kl(m, v, 1.0)),
                "The KL's slope is the one to $\\mathcal N(0, I)$. The prior's scale is τ.",
            ),
            Mistake(by_hand(kl_part=lambda m, v: -of_kl(m, v)), OF_ELBOS["kl-sign"].says),
            Mistake(
                by_hand(slope=np.ones_like),
                "The derivative of tanh, 1 - h², is missing on the way back.",
            ),
            Mistake(
                by_hand(residual=-1),
                "The slope of the Bernoulli log-likelihood in a logit is x - σ(logit); yours has "
                "the sign of the loss.",
            ),
            Mistake(lambda *case: -truth(*case), SAYS["sign"]),
        ),
        hint="r = x - σ(logits); back through B, (1 - h²), A gives g; then mean gets g, logvar "
        "½ g s ε; add the KL's slopes.",
    )
