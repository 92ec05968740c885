"""Detectors that count what one cause sends them: to draw the counts, and their density."""

import numpy as np
from scipy import stats
from scipy.special import gammaincc, gammaln

from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS


def prior_of(c):
    """The law of the cause."""
    return getattr(stats, c["prior"])(0, c["prior_scale"])


def rate_of(link, eta):
    """The mean count that a link makes of a line."""
    return np.exp(eta) if link == "exp" else np.logaddexp(0, eta)


def other_link(link):
    return "softplus" if link == "exp" else "exp"


def _counts_from_uniform(c, u, *, link=None, prior=None, scale=None):
    centred, scale = 2 * u[:, :1] - 1, scale or c["prior_scale"]
    if (prior or c["prior"]) == "laplace":
        z = -scale * np.sign(centred) * np.log1p(-np.abs(centred))
    elif prior == "norm":
        z = stats.norm.ppf(u[:, :1])
    else:
        z = scale * (np.log(u[:, :1]) - np.log1p(-u[:, :1]))
    rate = rate_of(link or c["link"], z * c["slope"] + c["offset"])
    # The smallest count whose cumulative probability, an incomplete Gamma function, reaches u.
    below, count = np.full(rate.shape, -1.0), np.full(rate.shape, 2.0**40)
    while (count - below > 1).any():
        middle = np.floor((below + count) / 2)
        reached = gammaincc(middle + 1, rate) >= u[:, 1:]
        below, count = np.where(reached, below, middle), np.where(reached, middle, count)
    return count


def draw_counts(c):
    """Part 1.1."""

    def same_cause(u):
        return _counts_from_uniform(c, np.column_stack([np.full(len(u), u[0, 0]), u[:, 1:]]))

    def rates(u):
        z = prior_of(c).ppf(u[:, :1])
        return rate_of(c["link"], z * c["slope"] + c["offset"])

    return Function(
        "**1.1** `draw_counts(u)`: from uniform numbers (n, 1 + Dx) to counts (n, Dx).",
        truth=lambda u: _counts_from_uniform(c, u),
        draw_case=lambda rng: (rng.uniform(0.02, 0.98, (12, 1 + len(c["slope"]))),),
        tolerance=1e-8,
        because="Ancestors first: a quantile of the prior, then quantiles of what that cause "
        "makes.",
        mistakes=(
            Mistake(
                lambda u: _counts_from_uniform(c, u, link=other_link(c["link"])),
                MISCONCEPTIONS["wrong-link"],
            ),
            Mistake(
                lambda u: _counts_from_uniform(c, u, prior="norm"), MISCONCEPTIONS["normal-prior"]
            ),
            Mistake(
                lambda u: _counts_from_uniform(c, u, scale=1.0),
                "The prior's scale is left out: this $z$ has scale 1.",
            ),
            Mistake(
                rates,
                "These are the rates, the means of the counts. A count is drawn, too: the quantile "
                "of a Poisson.",
            ),
            Mistake(
                same_cause,
                "All data share the first cause. Each row of `u` has its own $z$, in column 0.",
            ),
        ),
        hint="Try a row of `u` that is 0.5 throughout. Its $z$ is the median of the prior; which "
        "rates does that make, and is each count the median of its Poisson? Then try two rows: "
        "each has one $z$ of its own, for all its detectors.",
    )


def log_poisson(c, x, z, link=None):
    """log p(x_d | z) for each detector: (S, N, Dx)."""
    return stats.poisson.logpmf(x, rate_of(link or c["link"], z * c["slope"] + c["offset"]))


def decoder_case(c, rng, n_draws=4, n_data=3):
    """Counts (N, Dx), and a draw of the cause for each (S, N, 1)."""
    x = rng.poisson(4, (n_data, len(c["slope"])))
    return x, rng.normal(0, 1, (n_draws, n_data, 1))


def log_likelihood(c):
    """Part 1.2."""

    def no_link(x, z):
        return stats.poisson.logpmf(x, z * c["slope"] + c["offset"]).sum(axis=2)

    return Function(
        "**1.2** `log_likelihood(x, z)`: counts (N, Dx) and draws (S, N, 1) to (S, N).",
        truth=lambda x, z: log_poisson(c, x, z).sum(axis=2),
        draw_case=lambda rng: decoder_case(c, rng),
        tolerance=1e-8,
        because="Independent given $z$, so the detectors' log densities add up, constants "
        "included.",
        mistakes=(
            Mistake(
                lambda x, z: log_poisson(c, x, z, other_link(c["link"])).sum(axis=2),
                MISCONCEPTIONS["wrong-link"],
            ),
            Mistake(
                lambda x, z: (log_poisson(c, x, z) + gammaln(x + 1)).sum(axis=2),
                MISCONCEPTIONS["normaliser-missing"] + " It is $-\\log x!$.",
            ),
            Mistake(
                lambda x, z: np.exp(log_poisson(c, x, z).sum(axis=2)),
                MISCONCEPTIONS["density-not-log"],
            ),
            Mistake(
                lambda x, z: log_poisson(c, x, z).mean(axis=2), MISCONCEPTIONS["mean-over-event"]
            ),
            Mistake(
                no_link, "The line $az + b$ is used as the rate. The link makes a rate out of it."
            ),
        ),
        hint="The rate is (S, N, Dx) by broadcasting: `z * hw.slope + hw.offset`, through the "
        "link. The log density is $x\\log\\lambda - \\lambda - \\log x!$, and for $\\log\\lambda$ "
        "no number may be rounded to zero first.",
    )
