"""EM for counts, and the noise that a bound learns."""

import numpy as np
from scipy import optimize, stats

from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS


def mixture_case(rng, n=30, n_components=3):
    """Counts (n,), weights (K,) and rates an hour (K,)."""
    rates = np.sort(rng.uniform(0.5, 6, size=n_components)) + np.arange(n_components)
    x = rng.poisson(2.5 * rng.choice(rates, size=n))
    return x, rng.dirichlet(3 * np.ones(n_components)), rates


def em_sweep(c):
    """Part 4.1."""

    def responsibilities(x, weights, rates, exposure=c.exposure):
        joint = weights * stats.poisson.pmf(x[:, None], exposure * rates)
        return joint / joint.sum(axis=1, keepdims=True)

    def m_step(x, r, exposure=c.exposure):
        return np.stack([r.mean(axis=0), r.T @ x / r.sum(axis=0) / exposure])

    def truth(x, weights, rates):
        return m_step(x, responsibilities(x, weights, rates))

    def with_row(row, value):
        def answer(x, weights, rates):
            new = truth(x, weights, rates)
            new[row] = value(x, responsibilities(x, weights, rates), new)
            return new

        return answer

    def hard(x, weights, rates):
        r = responsibilities(x, weights, rates)
        return m_step(x, np.eye(len(weights))[r.argmax(axis=1)])

    return Function(
        "`em_sweep(x, weights, rates)`: the new weights and rates, (2, K).",
        truth=truth,
        draw_case=mixture_case,
        tolerance=1e-8,
        because="Bayes' rule, then weighted averages: EM for any exponential family looks so.",
        mistakes=(
            Mistake(
                lambda x, w, r: m_step(x, responsibilities(x, w, r, exposure=1.0), 1.0),
                "The exposure is not used: a count has the mean `hw.exposure` × rate.",
            ),
            Mistake(
                with_row(1, lambda x, r, new: new[1] * c.exposure),
                "These are mean counts. A rate is a mean count divided by the exposure.",
            ),
            Mistake(
                lambda x, w, r: m_step(x, responsibilities(x, w, r, exposure=1.0)),
                "The E-step compares the counts with rates an *hour*, not with mean counts.",
            ),
            Mistake(
                with_row(1, lambda x, r, new: r.T @ x / len(x) / c.exposure),
                "You divided by N. A weighted mean is divided by the sum of its own weights.",
            ),
            Mistake(
                with_row(0, lambda x, r, new: r.sum(axis=0)),
                "The first row holds counts; weights sum to one.",
            ),
            Mistake(hard, SAYS["hard-assignment"]),
            Mistake(
                lambda x, w, r: m_step(x, responsibilities(x, np.ones_like(w), r)),
                "The E-step is Bayes' rule: the mixture's weights are its prior, and are missing.",
            ),
        ),
        hint="r ∝ weights · Poisson(x; exposure · rates), normalised over components.",
    )


def causes_case(rng, loading, n_causes=(8, 13), noise=(0.5, 2.0)):
    """A mean of x² and a number of causes, more than any `hw.n_causes`; some of it is noise."""
    k = int(rng.integers(*n_causes))
    return k * loading**2 * (1 + rng.uniform(*noise)), k


def _noise_at_top(second_moment, n_causes, loading, mean_field=True):
    """The noise variance at the top of the ELBO, found by a search."""

    def loss(log_v):
        v = np.exp(log_v)
        total = n_causes * loading**2 + v
        log_p = -0.5 * np.log(2 * np.pi * total) - 0.5 * second_moment / total
        ratio = loading**2 / v
        gap = 0.5 * (n_causes * np.log1p(ratio) - np.log1p(n_causes * ratio))
        return gap * mean_field - log_p

    grid = np.linspace(-8, 5, 400)
    best = grid[np.argmin([loss(g) for g in grid])]
    bounds = (best - 0.1, best + 0.1)
    found = optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    return np.exp(found.x)


def learned_noise(c):
    """Part 4.2."""
    a = c.loading
    return Function(
        "`learned_noise(second_moment, n_causes)`: the noise variance that the ELBO prefers.",
        truth=lambda m, k: _noise_at_top(m, k, a),
        draw_case=lambda rng: causes_case(rng, a),
        tolerance=1e-5,
        because="Where EM with independent coordinates stands still; maximum likelihood is lower.",
        mistakes=(
            Mistake(
                lambda m, k: _noise_at_top(m, k, a, mean_field=False),
                "This is maximum likelihood. The ELBO with an independent q has its top elsewhere.",
            ),
            Mistake(
                lambda m, k: _noise_at_top(m, 2, a),
                "This is the answer for two causes; there are `n_causes`.",
            ),
            Mistake(
                lambda m, k: _noise_at_top(m, c.n_causes, a),
                "This is the answer for `hw.n_causes` causes; here their number is an argument.",
            ),
            Mistake(
                lambda m, k: _noise_at_top(m, k, 1.0),
                "This is the answer for loadings of 1; they are `hw.loading`.",
            ),
            Mistake(
                lambda m, k: _noise_at_top(m, k, np.sqrt(a)),
                "The loading enters the variance squared.",
            ),
            Mistake(
                lambda m, k: np.sqrt(_noise_at_top(m, k, a)),
                "This is the noise scale; its square, the variance, is asked for.",
            ),
        ),
        hint="Iterate v ← E_q[(x - a Σ z_j)²] until it stands still, with var_q(z_j) = 1/Λ_jj.",
    )
