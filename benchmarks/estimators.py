"""Estimators of log p(x): time and memory, beside the least that the arithmetic costs.

Run with `make bench`. One thread. A ratio is ours / other, the median of paired rounds with its
quartiles; the targets are the project's own.
"""

import numpy as np
from _timing import Table, paired, peak_mib
from scipy.special import logsumexp
from scipy.stats import norm
from threadpoolctl import threadpool_limits

from vitutor import data, evidence
from vitutor.models import Decoder, LinearGaussian

RNG = np.random.default_rng(0)


def naive_monte_carlo(table, d, n_draws=10**6):
    """Against drawing the same normals in blocks into one buffer, and multiplying them by A."""
    model = LinearGaussian(np.eye(d), np.zeros(d), 0.25 * np.eye(d))
    x = np.full((1, d), np.sqrt(1.25))

    def ours():
        evidence.naive_monte_carlo(model, x, n_draws, rng=RNG)

    def bound():
        z, mean = np.empty((8192, d)), np.empty((8192, d))
        for _ in range(n_draws // len(z)):
            RNG.standard_normal(out=z)
            np.matmul(z, model.weight, out=mean)

    claim = f"naive Monte Carlo, 1e6 draws, d = {d} / normals"
    table.add(claim, "<= 1.5, <= 16 MiB", *paired(ours, bound), peak_mib(ours))


def quadrature(table, n_data=20):
    """Against one call of scipy.stats a grid point, each for all data at once."""
    model = Decoder.sine()
    x = model.sample(n_data, rng=RNG)[1]

    def ours():
        return evidence.quadrature(model, x).value

    def loop():
        axis = np.linspace(-8, 8, 400)
        log_f = [
            norm.logpdf(z) + norm.logpdf(x[:, 0], np.sin(2 * z) + z / 2, model.noise_scale)
            for z in axis
        ]
        return logsumexp(log_f, axis=0) + np.log(axis[1] - axis[0])

    assert np.allclose(ours(), loop(), rtol=0, atol=1e-12)
    table.add(f"quadrature, {n_data} data / scipy a point", "<= 0.033", *paired(ours, loop))


def iwae(table, n_importance=5000, latent_dim=8):
    """On the 360 test digits, against drawing the normals and the matrix product."""
    train, test = (data.dequantise(part, rng=RNG) for part in data.digits(binarize=False))
    model = LinearGaussian.fit(train, latent_dim)
    q = model.posterior(test)

    def ours():
        evidence.iwae_bound(model, test, q, n_importance, 1, rng=RNG)

    def bound():
        z, mean = np.empty((4096, latent_dim)), np.empty((4096, test.shape[1]))
        for _ in range(n_importance * len(test) // len(z)):
            RNG.standard_normal(out=z)
            np.matmul(z, model.weight.T, out=mean)

    claim = "IWAE-5000, 360 digits, 8 latents / normals"
    table.add(claim, "ours <= 1 s", *paired(ours, bound, 5), peak_mib(ours))


if __name__ == "__main__":
    table = Table("estimators")
    with threadpool_limits(1):
        for d in (2, 8, 64):
            naive_monte_carlo(table, d)
        quadrature(table)
        iwae(table)
    table.keep()
