"""Strips of pixels with one latent number, whose log p(x) is an integral."""

import numpy as np
from scipy import optimize, stats
from scipy.special import log_expit, logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw4.pixels import WHITE
from vitutor.checks.homework.integrals import line
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS

_MEANS = np.linspace(-5, 5, 61)  # of q, where a climb may start
_LOG_SCALES = np.linspace(-3, 0.6, 10)


class Strip:
    """Grey strips of five pixels, made by one latent number; truths by Gauss and Legendre."""

    def __init__(self, c, half_width=9.0):
        self.c = c
        self.z, self.weights = line(-half_width * c.prior_scale, half_width * c.prior_scale, 160)
        self._found = {}

    def mean(self, z):
        """The means of the pixels at z (G,): (G, 5)."""
        net = self.c.strip
        return np.tanh(z[:, None] @ net["A"].T + net["a"]) @ net["B"].T + net["b"]

    def log_likelihood(self, x, z):
        """(G, N)."""
        mean = self.mean(z)
        # The logistic's probability of a pixel, as the prose of part 1.2 writes it.
        up = log_expit((x + 0.5 - mean[:, None]) / self.c.pixel_scale)
        down = log_expit(-(x - 0.5 - mean[:, None]) / self.c.pixel_scale)
        both = up + down + np.log(-np.expm1(-1 / self.c.pixel_scale))
        return np.where(x == 0, up, np.where(x == WHITE, down, both)).sum(axis=2)

    def log_joint(self, x):
        return self.log_likelihood(x, self.z) + self.log_prior()[:, None]

    def log_prior(self):
        return stats.norm.logpdf(self.z, 0, self.c.prior_scale)

    def log_marginal(self, x):
        return logsumexp(self.log_joint(x), b=self.weights[:, None], axis=0)

    def elbo(self, log_joint, mean, log_scale):
        log_q = stats.norm.logpdf(self.z, mean, np.exp(log_scale))
        q = self.weights * np.exp(log_q)
        return q @ log_joint - q @ log_q

    def best(self, x):
        """The ELBO of the best Gaussian for each datum, from the top of each hill."""
        # The truth and every mistake ask for the same strips.
        key = x.tobytes()
        if key not in self._found:
            self._found = {key: self._climb(x), **dict(list(self._found.items())[:9])}
        return self._found[key]

    def _ridge(self, log_joint):
        """The largest ELBO at each of _MEANS, and the log scale that has it: (61, N) both."""
        height = np.array([[self.elbo(log_joint, m, v) for v in _LOG_SCALES] for m in _MEANS])
        return height.max(axis=1), _LOG_SCALES[height.argmax(axis=1)]

    def climb(self, log_joint, mean, log_scale):
        """The ELBO on the hill of one start, for one datum's log_joint (G,)."""
        # Beside the nodes, or narrower than they are dense, q has any ELBO.
        wide = [(self.z[0], self.z[-1]), (-4, 1)]
        start, loss = (mean, log_scale), lambda q: -self.elbo(log_joint, *q)
        return -optimize.minimize(loss, start, method="Nelder-Mead", bounds=wide).fun

    def _climb(self, x):
        log_joint = self.log_joint(x)
        ridge, log_scale = self._ridge(log_joint)
        above = np.diff(np.pad(ridge, ((1, 1), (0, 0)), constant_values=-np.inf), axis=0) > 0
        tops = above[:-1] & ~above[1:]
        return np.array(
            [
                max(self.climb(log_joint[:, n], _MEANS[i], log_scale[i, n]) for i in hills)
                for n, hills in enumerate(map(np.flatnonzero, tops.T))
            ]
        )

    def on_lower_hill(self, rng, n):
        """Strips (n, 5) with two hills, and the best q on the lower: means, log-variances (n,).

        It is the hill that a climb from the prior's mean comes to.
        """
        found = []
        while len(found) < n:
            x = self.sample(rng, 60)[1]
            ridges, log_scale = self._ridge(self.log_joint(x))
            for i, ridge in enumerate(ridges.T):
                low, top = uphill(ridge), ridge.argmax()
                valley = ridge[min(low, top) : max(low, top) + 1].min()
                if ridge[top] > ridge[low] + 0.05 and ridge[low] > valley + 0.1:
                    found.append((x[i], _MEANS[low], 2 * log_scale[low, i]))
        return tuple(map(np.array, zip(*found[:n], strict=True)))

    def sample(self, rng, n):
        """Latents (n,) and strips (n, 5)."""
        z = self.c.prior_scale * rng.normal(size=n)
        grey = self.mean(z) + self.c.pixel_scale * rng.logistic(size=(n, 5))
        return z, np.clip(np.round(grey), 0, WHITE).astype(int)


def uphill(ridge):
    """Where a walk from the middle of `ridge` stands still."""
    at = len(ridge) // 2
    while ridge[at - 1 : at + 2].argmax() != 1:
        at += ridge[at - 1 : at + 2].argmax() - 1
    return at


def log_marginal(c):
    """Part 2.2."""
    strip = Strip(c)

    def truth(x):
        return strip.log_marginal(x)

    def at_mean(x):
        return strip.log_likelihood(x, np.zeros(1))[0]

    def mean_of_logs(x):
        return (strip.weights * np.exp(strip.log_prior())) @ strip.log_likelihood(x, strip.z)

    def other_prior(x):
        scale = strip.log_likelihood(x, strip.z) + stats.norm.logpdf(strip.z)[:, None]
        return logsumexp(scale, b=strip.weights[:, None], axis=0)

    return Function(
        "`log_marginal(x)`: log p(x) of strips of pixels, exactly, nats (N,).",
        truth=truth,
        draw_case=lambda rng: (strip.sample(rng, 5)[1],),
        tolerance=1e-5,
        because="One latent, so a grid will do. Two would, too.",
        mistakes=(
            Mistake(mean_of_logs, SAYS["mean-of-logs"]),
            Mistake(at_mean, SAYS["plug-in"]),
            Mistake(
                other_prior, "The prior is $\\mathcal N(0, \\tau^2)$; this is $\\mathcal N(0, 1)$."
            ),
            Mistake(lambda x: strip.log_joint(x).max(axis=0), SAYS["best-latent"]),
            Mistake(
                lambda x: truth(x) + 0.5 * np.log(2 * np.pi * c.prior_scale**2),
                SAYS["normaliser-missing"],
            ),
        ),
        hint="logsumexp over a fine grid of [log p(x | z) + log p(z)], plus the log of its step.",
    )
