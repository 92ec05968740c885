"""An outlier by draws, with one of its two latents summed out."""

import numpy as np
from scipy import stats

from vitutor.checks import Draws, Mistake
from vitutor.checks.homework.hw1.detectors import prior_of
from vitutor.checks.homework.hw1.marginal import on_line
from vitutor.checks.misconceptions import MISCONCEPTIONS


def outlier_weights(c):
    """Part 3.1."""
    prior, dof, scale, n_draws = prior_of(c), c["dof"], c["noise_scale"], 20_000
    z, weights = on_line(c)
    mass, decoded = weights * prior.pdf(z), z + c["bend"] * np.sin(2 * z)

    def density(x, scale=scale):
        return stats.t.pdf((x - decoded) / scale, dof) / scale

    def largest_se(x):
        mean = mass @ density(x)
        return 1.3 * np.sqrt((mass @ density(x) ** 2 - mean**2) / n_draws)

    return Draws(
        "**3.1** `outlier_weights(x, *, n_draws, rng)`: draws (n_draws,) whose mean is $p(x)$.",
        truth=lambda x: mass @ density(x),
        draw_case=lambda rng: (float(rng.choice([-1, 1]) * rng.uniform(8, 11)),),
        because="One latent variable summed out exactly, the other by draws, and the draws are "
        "worth hundreds of times more (Rao and Blackwell).",
        mistakes=(
            Mistake(
                lambda x: mass @ stats.norm.pdf(x, decoded, scale),
                "This noise is Gaussian, and holds the outlier for impossible. The width of the "
                "noise was drawn, too.",
            ),
            Mistake(
                lambda x: mass @ density(x, scale**2),
                MISCONCEPTIONS["variance-as-scale"],
            ),
            Mistake(
                lambda x: mass @ density(x, scale**0.5),
                MISCONCEPTIONS["scale-as-variance"],
            ),
            Mistake(
                lambda x: mass @ np.log(density(x)),
                "The mean of these draws is $E[\\log p(x \\mid z)]$. "
                + MISCONCEPTIONS["mean-of-logs"],
            ),
            Mistake(
                lambda x: scale * (mass @ density(x)),
                "The density of $x$ lacks the factor $1/s$ of its scale.",
            ),
            Mistake(lambda x: density(x)[len(z) // 2], MISCONCEPTIONS["plug-in"]),
        ),
        hint="Draw `z` from `hw.prior` with scale `hw.prior_scale`; return the Student-t density "
        "of `x` with its `loc` at decode(z), and its `scale`.",
        largest_se=largest_se,
        too_noisy="The mean is right, and the draws are far noisier than they need be: for an "
        "outlier nearly all the weight comes from the few draws whose $\\lambda$ happens to be "
        "small. Given $z$ the integral over $\\lambda$ has a closed form; lesson 2 met it. Draw "
        "$z$ only.",
        n_draws=n_draws,
    )
