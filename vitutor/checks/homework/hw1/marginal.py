"""The marginal of the detectors' counts, an integral over their cause."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw1.detectors import log_poisson, prior_of
from vitutor.checks.homework.integrals import line
from vitutor.checks.misconceptions import MISCONCEPTIONS


def on_line(c):
    """Nodes and weights (G,) for an integral over the cause."""
    return line(-60 * c["prior_scale"], 60 * c["prior_scale"])  # a panel ends at the corner, 0


def _log_marginal(c, x, log_prior):
    z, weights = on_line(c)
    log_joint = log_prior(z)[:, None] + log_poisson(c, x, z[:, None, None]).sum(axis=2)
    return logsumexp(log_joint, b=weights[:, None], axis=0)


def log_marginal(c):
    """Part 1.3."""

    def mean_of_logs(x):
        z, weights = on_line(c)
        log_likelihood = log_poisson(c, x, z[:, None, None]).sum(axis=2)
        return (weights * prior_of(c).pdf(z)) @ log_likelihood

    def best(x):
        z = np.linspace(-40, 40, 40_001) * c["prior_scale"]
        return log_poisson(c, x, z[:, None, None]).sum(axis=2).max(axis=0)

    def with_prior(log_prior):
        return lambda x: _log_marginal(c, x, log_prior)

    narrow = getattr(stats, c["prior"])(0, c["prior_scale"] ** 2)
    return Function(
        "**1.3** `log_marginal(x)`: counts (N, Dx) to $\\log p(x_i)$, shape (N,).",
        truth=with_prior(prior_of(c).logpdf),
        draw_case=lambda rng: (1 + rng.poisson(3, (4, len(c["slope"]))),),
        tolerance=1e-4,
        because="One latent number: any prior and any link are as easy as the Gaussian.",
        mistakes=(
            Mistake(with_prior(lambda z: 0 * z), MISCONCEPTIONS["prior-missing"]),
            Mistake(with_prior(stats.norm.logpdf), MISCONCEPTIONS["normal-prior"]),
            Mistake(
                with_prior(stats.norm(0, c["prior_scale"]).logpdf), MISCONCEPTIONS["normal-prior"]
            ),
            Mistake(with_prior(narrow.logpdf), MISCONCEPTIONS["variance-as-scale"]),
            Mistake(mean_of_logs, MISCONCEPTIONS["mean-of-logs"]),
            Mistake(best, MISCONCEPTIONS["best-latent"]),
            Mistake(
                lambda x: log_poisson(c, x, np.zeros((1, 1, 1))).sum(axis=2)[0],
                MISCONCEPTIONS["plug-in"],
            ),
            Mistake(
                lambda x: np.exp(_log_marginal(c, x, prior_of(c).logpdf)),
                MISCONCEPTIONS["density-not-log"],
            ),
        ),
        hint="The sum over the grid of $p(z)\\,p(x \\mid z)$, times the spacing. Is the spacing "
        "there? Is the grid wide enough, and fine enough, for a count of `hw.largest_count`?",
    )
