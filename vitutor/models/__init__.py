"""Latent variable models p(x, z) = p(z) p(x | z): one model, one file. (Lessons 01, 02)

    from vitutor.models import LinearGaussian, GaussianMixture, Decoder, check_model

What every function of this package asks of a model is four things, the protocol LatentVariable:
`latent_dim`, `sample_prior`, `log_prior` and `log_likelihood`. A class of ten lines that has them
is a model; `check_model` says what it gets wrong.
"""

from vitutor.models.decoder import Decoder
from vitutor.models.linear_gaussian import LinearGaussian
from vitutor.models.mixture import GaussianMixture
from vitutor.models.protocol import LatentVariable, check_model

__all__ = ["Decoder", "GaussianMixture", "LatentVariable", "LinearGaussian", "check_model"]
