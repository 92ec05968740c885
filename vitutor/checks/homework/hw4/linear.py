"""The latents that survive in a linear VAE."""

import numpy as np
from scipy import linalg

from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS


def linear_case(rng, data_dim=6, n=200):
    """Data (n, data_dim) that are not centred."""
    mix = rng.normal(size=(data_dim, data_dim)) * rng.uniform(0.3, 1.6, size=data_dim)
    return rng.normal(size=(n, data_dim)) @ mix + 2 * rng.normal(size=data_dim)


def rates(c):
    """Part 2.4."""
    noise, kept = c.pixel_noise, c.n_kept

    def largest(x, divisor, centre=True):
        x = x - x.mean(axis=0) * centre
        cov = x.T @ x / len(x)
        return linalg.eigh(cov, np.diag(divisor), eigvals_only=True)[::-1][:kept]

    def rate(ratio):
        return 0.5 * np.log(np.maximum(ratio, 1))

    def draw_case(rng):
        """A beta between two of the latents, so that some survive and some do not."""
        x = linear_case(rng)
        ratios = largest(x, noise)
        last = rng.integers(kept - 1)
        return x, float(np.sqrt(ratios[last] * ratios[last + 1]))

    def truth(x, beta):
        return rate(largest(x, noise) / beta)

    return Function(
        "`rates(x, beta)`: the KL of each latent at the optimum, largest first, (n_kept,).",
        truth=truth,
        draw_case=draw_case,
        tolerance=1e-7,
        because="Divide each pixel by its noise scale, and it is lesson 11 again, at level β.",
        mistakes=(
            Mistake(lambda x, beta: rate(largest(x, noise)), "β is not in it: the noise is βψ."),
            Mistake(
                lambda x, beta: beta * rate(largest(x, noise)),
                "β does not multiply the KL of a latent. It raises the noise against which the "
                "latent has to stand out.",
            ),
            Mistake(
                lambda x, beta: rate(beta * largest(x, noise)),
                "β stands on the wrong side: a dearer KL makes latents go, not come.",
            ),
            Mistake(
                lambda x, beta: rate(largest(x, np.full_like(noise, noise.mean())) / beta),
                "This takes the mean noise for all pixels. Each has its own, and a latent pays "
                "where the noise is small.",
            ),
            Mistake(
                lambda x, beta: rate(largest(x, np.ones_like(noise)) / beta),
                "The pixels' noise is not in it: β would be the noise variance only if every ψ "
                "were 1.",
            ),
            Mistake(lambda x, beta: rate(largest(x, noise**2) / beta), SAYS["variance-as-scale"]),
            Mistake(
                lambda x, beta: rate(largest(x, np.sqrt(noise)) / beta), SAYS["scale-as-variance"]
            ),
            Mistake(lambda x, beta: 2 * truth(x, beta), "The ½ is missing."),
            Mistake(
                lambda x, beta: 0.5 * np.log(largest(x, noise) / beta),
                "A KL cannot be negative: below the noise a latent is switched off, and its KL 0.",
            ),
            Mistake(
                lambda x, beta: rate(largest(x, noise, centre=False) / beta),
                "The data are not centred. The decoder's bias takes the mean; variances remain.",
            ),
        ),
        hint="Centre; divide pixel d by √ψ_d; eigenvalues λ of the covariance; ½ log max(λ/β, 1).",
    )
