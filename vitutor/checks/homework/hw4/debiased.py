"""A bound with less bias, from all weights of a group but one."""

import numpy as np
from scipy.special import logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS


def weights_case(rng, n_importance, n_groups=3, n=2, level=-900.0, spread=1.5):
    """Log weights (n_groups * n_importance, n)."""
    return (level + rng.normal(0, spread, size=(n_groups * n_importance, n)),)


def jackknife(c):
    """Part 2.1."""
    k = c.n_importance

    def log_mean(log_w):
        return logsumexp(log_w, axis=0) - np.log(len(log_w))

    def of_group(group, others=None):
        kept = [log_mean(np.delete(group, i, axis=0)) for i in range(len(group))]
        n = len(group) if others is None else others
        return n * log_mean(group) - (n - 1) * np.mean(kept, axis=0)

    def by_group(reduce, size=k):
        def answer(log_w):
            groups = log_w.reshape(-1, size or len(log_w), log_w.shape[1])
            return np.mean([reduce(group) for group in groups], axis=0)

        return answer

    def every_so_many(log_w):
        groups = log_w.reshape(k, -1, log_w.shape[1]).swapaxes(0, 1)
        return by_group(of_group)(groups.reshape(log_w.shape))

    def careless(group):
        w = np.exp(group)
        kept = [np.log(np.delete(w, i, axis=0).mean(axis=0)) for i in range(k)]
        return k * np.log(w.mean(axis=0)) - (k - 1) * np.mean(kept, axis=0)

    return Function(
        "`jackknife(log_w)`: log weights (S, N), groups of `hw.n_importance`; nats (N,).",
        truth=by_group(of_group),
        draw_case=lambda rng: weights_case(rng, k),
        tolerance=1e-7,
        because="The bias of a log-mean goes as 1/K, and two sizes of group tell how large it is.",
        mistakes=(
            Mistake(by_group(log_mean), "This is IWAE-K itself, before its bias was estimated."),
            Mistake(by_group(careless), SAYS["underflow"]),
            Mistake(lambda log_w: log_w.mean(axis=0), "This is the ELBO, the bound with K = 1."),
            Mistake(
                by_group(of_group, size=None),
                "All draws went into one group. Groups of `hw.n_importance`, one after another, "
                "are asked for; then the mean over groups.",
            ),
            Mistake(
                every_so_many,
                "These groups take every so-many-th row. They stand one after another: "
                "`log_w.reshape(-1, K, N)`.",
            ),
            Mistake(
                by_group(lambda g: of_group(g, others=len(g) + 1)),
                "The factors are K and K - 1; yours are one too large.",
            ),
            Mistake(
                by_group(lambda g: 2 * log_mean(g) - of_group(g)),
                "The correction has the wrong sign: it makes the bias double.",
            ),
            Mistake(
                by_group(lambda g: of_group(g) + k * np.log(k) - (k - 1) * np.log(k - 1)),
                SAYS["log-of-sum"],
            ),
        ),
        hint="In each group: K · L - (K - 1) · mean of the L without one; L is a log-mean-exp.",
    )
