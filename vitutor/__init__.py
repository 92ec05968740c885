"""Variational inference for latent variable models, every claim computed beside the truth.

    from vitutor import Estimate, evidence, elbo, divergences, gradients, audit, data

Each module is imported by name; this package itself loads NumPy and SciPy alone.
"""

from vitutor.estimate import Estimate

__all__ = ["Estimate"]
__version__ = "0.1.0"
