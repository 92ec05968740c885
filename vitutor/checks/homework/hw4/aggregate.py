"""The rate in two: what a code says of x, and what q as a whole wastes."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw4.codes import codes_case


def aggregate_case(rng, n=6, latent_dim=2, n_draws=3):
    """Means and log-variances (n, latent_dim) and noise (n_draws, n, latent_dim)."""
    mean, logvar = codes_case(rng, n, latent_dim)
    return 1.5 * mean, logvar - 1, rng.normal(size=(n_draws, n, latent_dim))


def split_rate(c):
    """Part 3.3."""

    def split(tau=c.prior_scale, logs=False, own=True, width=0.5, log_n=True):
        def answer(mean, logvar, eps):
            n, scale = len(mean), np.exp(width * logvar)
            z = mean + scale * eps
            # log q(z | x_m) of the draw for datum n, at every m: (S, N, N)
            table = stats.norm.logpdf(z[:, :, None], mean, scale).sum(axis=3)
            log_own = np.diagonal(table, axis1=1, axis2=2)
            if not own:
                table = np.where(np.eye(n, dtype=bool), -np.inf, table)
            count = n if own else n - 1
            log_q = table.mean(axis=2) if logs else logsumexp(table, axis=2) - np.log(count) * log_n
            log_p = stats.norm.logpdf(z, 0, tau).sum(axis=2)
            return np.array([(log_own - log_q).mean(), (log_q - log_p).mean()])

        return answer

    return Function(
        "`split_rate(mean, logvar, eps)`: information and KL of the aggregate, nats (2,).",
        truth=split(),
        draw_case=aggregate_case,
        tolerance=1e-7,
        because="Their sum is the rate: what the code says of x, and what q as a whole wastes.",
        mistakes=(
            Mistake(
                split(logs=True),
                "The aggregate averages the *densities* q(z | x_m); you averaged their logs.",
            ),
            Mistake(
                split(log_n=False),
                "The aggregate is a sum over the data here; a density is their mean: - log N.",
            ),
            Mistake(
                split(own=False),
                "The datum's own q belongs to the aggregate as well: q(z) averages over all N.",
            ),
            Mistake(
                split(tau=1.0), "The prior is $\\mathcal N(0, \\tau^2 I)$, with `hw.prior_scale`."
            ),
            Mistake(split(width=1.0), OF_ELBOS["logvar-as-logstd"].says),
            Mistake(lambda *case: split()(*case)[::-1], "The two numbers have changed places."),
            Mistake(
                lambda m, v, e: split()(m, v, e) * len(e) * len(m),
                "A sum over draws and data; nats a datum are asked for.",
            ),
        ),
        hint="A table log q(z_n | x_m) over n and m; its diagonal, and its log-mean-exp over m.",
    )
