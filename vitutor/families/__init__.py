"""Distributions q(z | x) to approximate a posterior with: one family, one file. (Lessons 06, 08)

    from vitutor.families import MeanFieldGaussian, FullRankGaussian

A family is a batch of N distributions, one a datum. It samples, knows its log density, and can be
moved: `params` (N, P) are unconstrained, `with_params` makes the distribution that has them.
`transform` makes a draw out of standard normal noise. Along it, `pull_back` takes a gradient at the
draw back to the parameters, and `grad_log_det` is the gradient of its log |det|, which is all of
the entropy that moves. At a fixed draw, `score` is the gradient of the log density in the
parameters, and `grad_z_log_prob` in the draw. vitutor.gradients needs nothing else.
"""

from vitutor.families.full_rank import FullRankGaussian
from vitutor.families.mean_field import MeanFieldGaussian

__all__ = ["FullRankGaussian", "MeanFieldGaussian"]
