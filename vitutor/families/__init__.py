"""Distributions q(z | x) to approximate a posterior with: one family, one file. (Lessons 06, 08)

    from vitutor.families import MeanFieldGaussian, FullRankGaussian

A family is a batch of N distributions, one a datum. It samples, knows its log density, and can be
moved: `params` (N, P) are unconstrained, `with_params` makes the distribution that has them.
`transform` makes a draw out of standard normal noise; `pull_back` takes a gradient at that draw
back to the parameters (reparameterisation), `score` is the gradient of the log density at a fixed
draw. vitutor.gradients needs nothing else.
"""

from vitutor.families.full_rank import FullRankGaussian
from vitutor.families.mean_field import MeanFieldGaussian

__all__ = ["FullRankGaussian", "MeanFieldGaussian"]
