"""Strips of pixels with one latent number, whose log p(x) is an integral."""

import numpy as np
from scipy import optimize, stats
from scipy.special import log_expit, logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw4.pixels import WHITE
from vitutor.checks.homework.integrals import line
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS


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
        """The ELBO of the best Gaussian for each datum, from the best of many starts."""
        # The truth and every mistake ask for the same strips.
        key = x.tobytes()
        if key not in self._found:
            self._found = {key: self._climb(x), **dict(list(self._found.items())[:9])}
        return self._found[key]

    def _climb(self, x):
        log_joint = self.log_joint(x)
        wide = [(None, None), (-4, 2)]  # narrower than the nodes are dense, q has any ELBO
        starts = [(m, v) for m in np.linspace(-5, 5, 61) for v in (-3, -2.2, -1.5, -0.9, -0.3, 0.2)]
        height = np.array([self.elbo(log_joint, *start) for start in starts])
        best = []
        for n in range(len(x)):
            tops = [starts[i] for i in np.argsort(-height[:, n])[:12:4]]
            climbs = [
                optimize.minimize(
                    lambda p, n=n: -self.elbo(log_joint[:, n], *p),
                    top,
                    method="Nelder-Mead",
                    bounds=wide,
                )
                for top in tops
            ]
            best.append(-min(climb.fun for climb in climbs))
        return np.array(best)

    def sample(self, rng, n):
        """Latents (n,) and strips (n, 5)."""
        z = self.c.prior_scale * rng.normal(size=n)
        grey = self.mean(z) + self.c.pixel_scale * rng.logistic(size=(n, 5))
        return z, np.clip(np.round(grey), 0, WHITE).astype(int)


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
