"""Independent coordinates: a sweep over a mean and a precision, and what they cost."""

import numpy as np

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS
from vitutor.divergences import kl
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.models import LinearGaussian


def sample_case(rng, n=8):
    """Data (n,) and the current mean of the precision."""
    return rng.normal(rng.normal(), rng.uniform(0.5, 2), size=n), rng.uniform(0.3, 3.0)


def sweep(c):
    """Part 3.3."""
    m0, k0, a0, b0 = c.prior_mean, c.prior_counts, c.precision_shape, c.precision_rate
    # E_q[log p(x, mu, gamma)] is a parabola in the mean mu, and (shape - 1) log gamma - rate gamma
    # in the precision gamma: a few values of it tell its coefficients.
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(8)

    def log_joint(x, mu, gamma, log_gamma):
        square = ((x[:, None] - mu) ** 2).sum(axis=0) + k0 * (mu - m0) ** 2
        return (0.5 * (len(x) + 1) + a0 - 1) * log_gamma - gamma * (b0 + 0.5 * square)

    def truth(x, expected_precision):
        mu = np.array([-1.0, 0.0, 1.0])
        curve, line, _ = np.polyfit(mu, log_joint(x, mu, expected_precision, 0.0), 2)
        mean, variance = -0.5 * line / curve, -0.5 / curve
        draws = mean + np.sqrt(variance) * nodes
        weights = node_weights / node_weights.sum()
        gamma = np.array([0.5, 1.0, 2.0])
        values = [weights @ log_joint(x, draws, g, np.log(g)) for g in gamma]
        design = np.stack([np.log(gamma), -gamma, np.ones(3)], axis=1)
        shape, rate, _ = np.linalg.solve(design, values)
        return np.array([mean, variance, shape + 1, rate])

    def variant(variance=None, shape=None, rate=None):
        def answer(x, expected_precision):
            right = truth(x, expected_precision)
            changes = zip((None, variance, shape, rate), right, strict=True)
            return np.array(
                [row if f is None else f(x, expected_precision, right) for f, row in changes]
            )

        return answer

    def at_mean(x, _, right):
        square = ((x - right[0]) ** 2).sum() + k0 * (right[0] - m0) ** 2
        return b0 + 0.5 * square

    def without_prior_of_mean(x, _, right):
        return b0 + 0.5 * (((x - right[0]) ** 2).sum() + len(x) * right[1])

    def half_missing(x, _, right):
        return b0 + 2 * (right[3] - b0)

    return Function(
        "`sweep(x, expected_precision)`: mean, variance, shape, rate, (4,).",
        truth=truth,
        draw_case=sample_case,
        tolerance=1e-7,
        because="Average the log joint over the other factor, and read off a Gaussian or a Gamma.",
        mistakes=(
            Mistake(variant(rate=at_mean), SAYS["plug-in-mean"]),
            Mistake(
                variant(shape=lambda x, _, right: a0 + 0.5 * len(x)),
                "The prior of $\\mu$ has a $\\gamma^{1/2}$ in it too: the shape gains (N + 1)/2.",
            ),
            Mistake(
                variant(rate=without_prior_of_mean),
                "The rate lacks the prior of $\\mu$: $\\tfrac12 \\kappa_0 E[(\\mu - m_0)^2]$.",
            ),
            Mistake(
                variant(rate=without_prior_of_mean, shape=lambda x, _, right: a0 + 0.5 * len(x)),
                "The prior of $\\mu$ depends on $\\gamma$ as well, and has been left out of q(γ).",
            ),
            Mistake(
                variant(variance=lambda x, t, right: 1 / right[1]),
                "The second number is a precision; a variance is asked for.",
            ),
            Mistake(
                variant(variance=lambda x, t, right: np.sqrt(right[1])),
                "The second number is a standard deviation; a variance is asked for.",
            ),
            Mistake(
                variant(variance=lambda x, precision, right: right[1] * precision),
                "The variance of $\\mu$ does not contain the precision $E[\\gamma]$ of the data.",
            ),
            Mistake(variant(rate=half_missing), "The ½ before the squares is missing in the rate."),
        ),
        hint="q(μ) from E[γ]; then q(γ) from E[(x - μ)²] = (x - m)² + v, with the *new* m and v.",
    )


def design_case(rng, n_rows=12, n_weights=3):
    """A design matrix (n_rows, n_weights) with correlated columns."""
    common = rng.normal(size=(n_rows, 1))
    return (0.5 * rng.normal(size=(n_rows, n_weights)) + rng.uniform(0.2, 0.8) * common,)


def mean_field_gap(c):
    """Part 3.4."""

    def posterior(features, noise_scale=c.noise_scale, weight_scale=c.weight_scale):
        """Of weights in units of their prior scale, which changes no KL."""
        n = len(features)
        model = LinearGaussian(weight_scale * features, np.zeros(n), noise_scale**2 * np.eye(n))
        return model.posterior(np.zeros((1, n)))

    def truth(features, **options):
        p = posterior(features, **options)
        precision = np.linalg.inv(p.cov[0])
        return kl(MeanFieldGaussian(p.mean, np.diag(precision)[None] ** -0.5), p)[0]

    def marginals(features, forward=False):
        p = posterior(features)
        q = MeanFieldGaussian(p.mean, np.sqrt(np.diag(p.cov[0]))[None])
        full = FullRankGaussian(q.mean, q.cov)
        return kl(p, full)[0] if forward else kl(full, p)[0]

    return Function(
        "`mean_field_gap(features)`: what independent coordinates cost at least, nats.",
        truth=truth,
        draw_case=design_case,
        tolerance=1e-7,
        because="½ (Σ log Λ_jj - log det Λ): no data y in it, only the design.",
        mistakes=(
            Mistake(lambda f: 2 * truth(f), "The ½ is missing."),
            Mistake(
                marginals,
                "This q has the posterior's own variances; the ELBO's best has $1/\\Lambda_{jj}$.",
            ),
            Mistake(lambda f: marginals(f, forward=True), OF_ELBOS["kl-reversed"].says),
            Mistake(
                lambda f: truth(f, noise_scale=np.sqrt(c.noise_scale)), SAYS["scale-as-variance"]
            ),
            Mistake(
                lambda f: truth(f, weight_scale=1.0),
                "The prior's precision is $1/\\sigma_w^2$, with `hw.weight_scale`, not 1.",
            ),
            Mistake(
                lambda f: truth(f, weight_scale=1e6),
                "The prior is missing from the precision: $I/\\sigma_w^2$.",
            ),
            Mistake(lambda f: -truth(f), "The sign: this is negative, and a KL cannot be."),
        ),
        hint="Λ = I/σ_w² + XᵀX/σ².",
    )
