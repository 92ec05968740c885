"""The tail of the weights, before any draw."""

import numpy as np
from scipy import stats

from vitutor.checks import Function, Mistake


def pareto_k(c):
    """Part 2.4."""
    nu = c["tail_dof"]

    def slope(q_dof):
        """How fast log w grows with minus the log of the chance to exceed it, far out."""
        z = np.array([1e4, 1e5])
        log_w = stats.t.logpdf(z, nu) - stats.t.logpdf(z, q_dof)
        return np.diff(log_w)[0] / -np.diff(stats.t.logsf(z, q_dof))[0]

    def truth(q_dof):
        return np.array([max(slope(d), 0.0) for d in q_dof])

    return Function(
        "**2.4** `pareto_k(q_dof)`: (B,) to the tail shape of the weights, (B,).",
        truth=truth,
        draw_case=lambda rng: (nu * np.append(rng.uniform(1.05, 8, 4), rng.uniform(0.3, 0.9)),),
        tolerance=1e-4,
        because="The variance is finite while $\\kappa < 2\\nu$: tails of $q$ may be lighter than "
        "the posterior's, but not by much.",
        mistakes=(
            Mistake(
                lambda q_dof: 1 - nu / q_dof,
                "Right for $\\kappa > \\nu$. With $\\kappa \\le \\nu$ the weights are bounded: "
                "write 0.",
            ),
            Mistake(
                lambda q_dof: np.maximum(q_dof / nu - 1, 0),
                "$w$ grows as $z^{\\kappa - \\nu}$, and draws beyond $z$ come with chance "
                "$z^{-\\kappa}$: $k$ is the quotient of these exponents, over $\\kappa$.",
            ),
            Mistake(
                lambda q_dof: np.maximum(1 - q_dof / nu, 0),
                "The two degrees of freedom have changed places. It is a *light* $q$ that is "
                "dangerous.",
            ),
            Mistake(
                lambda q_dof: np.maximum(q_dof - nu, 0) / (q_dof + 1),
                "The *density* falls as $z^{-(\\kappa+1)}$; the chance to lie beyond $z$ falls as "
                "$z^{-\\kappa}$.",
            ),
            Mistake(
                lambda q_dof: np.maximum(1 - (nu / q_dof) ** 2, 0),
                "There is no square: that was the law of two Gaussians.",
            ),
        ),
        hint="If $w \\sim z^a$ and $P(Z > z) \\sim z^{-b}$ then $P(w > t) \\sim t^{-b/a}$, and "
        "$k = a/b$.",
    )
