"""A covariance as unconstrained numbers: its Cholesky factor by rows, the diagonal in logs.

Any real vector is then a covariance, and the same one always has the same vector.
"""

from functools import cache

import numpy as np

from vitutor import validation


def pack(factor):
    """Return lower factors (..., D, D) as vectors (..., D (D + 1) / 2)."""
    rows, columns, on_diagonal = _places(factor.shape[-1])
    packed = factor[..., rows, columns]
    packed[..., on_diagonal] = np.log(packed[..., on_diagonal])
    return packed


def unpack(name, packed, dim):
    """Return the factor and its covariance, both (..., D, D), that packed stands for."""
    rows, columns, _ = _places(dim)
    factor = np.zeros((*packed.shape[:-1], dim, dim))
    factor[..., rows, columns] = packed
    diagonal = factor.reshape(*packed.shape[:-1], -1)[..., :: dim + 1]  # a view
    diagonal[...] = validation.exponentiated(name, diagonal)
    return factor, factor @ factor.mT


def gradient(factor, left, right, *, log_density=False):
    """Gradient in the packed factor where that in L_ij is left_i right_j: (S, N, D (D + 1) / 2).

    That of a log density has -log |L| besides, which is minus the sum of the log diagonal.
    """
    rows, columns, on_diagonal = _places(factor.shape[-1])
    by_log = np.where(on_diagonal, factor[..., rows, columns], 1.0)
    packed = left.take(rows, axis=-1) * right.take(columns, axis=-1) * by_log
    return packed - on_diagonal if log_density else packed


def grad_log_det(dim):
    """Gradient of log |L| in the packed factor (D (D + 1) / 2,): one on the diagonal, in logs."""
    return _places(dim)[2]


@cache
def _places(dim):
    """Rows and columns of a packed factor's entries, and whether they are on the diagonal."""
    rows, columns = np.tril_indices(dim)
    return rows, columns, rows == columns
