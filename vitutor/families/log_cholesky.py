"""A covariance as unconstrained numbers: its Cholesky factor by rows, the diagonal in logs.

Any real vector is then a covariance, and the same one always has the same vector.
"""

import numpy as np

from vitutor import validation


def pack(factor):
    """Return lower factors (..., D, D) as vectors (..., D (D + 1) / 2)."""
    rows, columns = np.tril_indices(factor.shape[-1])
    packed = factor[..., rows, columns]
    packed[..., rows == columns] = np.log(packed[..., rows == columns])
    return packed


def unpack(name, packed, dim):
    """Return the factor and its covariance, both (..., D, D), that packed stands for."""
    rows, columns = np.tril_indices(dim)
    on_diagonal = rows == columns
    packed = packed.copy()
    packed[..., on_diagonal] = validation.exponentiated(name, packed[..., on_diagonal])
    factor = np.zeros((*packed.shape[:-1], dim, dim))
    factor[..., rows, columns] = packed
    return factor, factor @ np.swapaxes(factor, -1, -2)


def gradient(factor, left, right, *, log_density=False):
    """Gradient in the packed factor where that in L_ij is left_i right_j: (S, N, D (D + 1) / 2).

    That of a log density has -log |L| besides, which is minus the sum of the log diagonal.
    """
    rows, columns = np.tril_indices(factor.shape[-1])
    on_diagonal = rows == columns
    packed = left[..., rows] * right[..., columns]
    packed[..., on_diagonal] *= np.diagonal(factor, axis1=-2, axis2=-1)
    packed[..., on_diagonal] -= log_density
    return packed
