"""Families of any shape: a Gaussian's draws, moved by invertible steps. (Lesson 12)

    from vitutor.flows import AffineCoupling, Flow, PlanarFlow

    steps = [AffineCoupling.identity(n_data, latent_dim, n_hidden=8, flip=k % 2, rng=rng)
             for k in range(4)]
    q = Flow(MeanFieldGaussian.standard(n_data, latent_dim), steps)

A Flow is a family like those of vitutor.families, but for the entropy, which has no closed form.
A step is one invertible map, with parameters of its own for each datum:

    forward(z) -> z, log |det|         inverse(z) -> z
    pull_back(z, grad, volume) -> the gradients, in z and in the step's parameters, of
                                  grad · forward(z) + volume * log |det|

Reference: Papamakarios et al. 2021, "Normalizing flows for probabilistic modeling and inference".
"""

from vitutor.flows.coupling import AffineCoupling
from vitutor.flows.flow import Flow
from vitutor.flows.planar import PlanarFlow

__all__ = ["AffineCoupling", "Flow", "PlanarFlow"]
