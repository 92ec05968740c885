"""Turn what a caller passed into what the mathematics needs, or say exactly why not.

Each function takes the argument's name first, so that the error can name it.
"""

import numbers

import numpy as np

from vitutor.errors import ArgumentTypeError, DomainError, NonFiniteError, ShapeError


def real_array(name, value, shape):
    """Return `value` as a finite float64 array of the given shape.

    `shape` mixes numbers, which must match, and letters, which stand for any length of at least
    one: `("N", 2)` is N rows of two. Raises ArgumentTypeError for anything but real numbers,
    ShapeError for another shape, NonFiniteError for NaN or infinity.
    """
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(name, got="rows of unequal length", wanted=_spell(shape)) from None
    if array.dtype.kind not in "biuf":
        raise ArgumentTypeError(name, got=f"dtype {array.dtype}", wanted="real numbers")
    fits = array.ndim == len(shape) and all(
        have == want if isinstance(want, int) else have > 0
        for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise ShapeError(
            name, got=f"shape {array.shape}", wanted=_spell(shape), remedy=_remedy(array, shape)
        )
    array = np.asarray(array, dtype=np.float64)
    # One sum is finite only if every entry is: far cheaper than a mask, and an overflowing sum
    # of finite entries merely falls through to the mask.
    with np.errstate(over="ignore", invalid="ignore"):
        suspicious = not np.isfinite(array.sum())
    if suspicious and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise NonFiniteError(
            name,
            got=f"{array[where]} at index {where}",
            wanted="finite numbers",
            remedy="Look there in your data, and drop or mend it.",
        )
    return array


def latents(z, n_data, latent_dim):
    """Return `z` as draws (S, N, Dz), N being n_data, or 1 for draws that all data share."""
    z = real_array("z", z, ("S", "N", latent_dim))
    if z.shape[1] not in (1, n_data) and n_data != 1:
        raise ShapeError(
            "z",
            got=f"shape {z.shape}",
            wanted=f"shape (S, {n_data}, {latent_dim}), or (S, 1, {latent_dim}) to share the draws",
        )
    return z


def frozen(array):
    """Return a read-only copy, so that what was validated stays valid."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def positive(name, array):
    """Raise DomainError unless every entry of `array` is > 0; return it."""
    if not (array > 0).all():
        raise DomainError(
            name,
            got=f"a smallest entry of {array.min():.6g}",
            wanted="entries > 0",
            remedy="It is a standard deviation; a log scale has to be exponentiated first.",
        )
    return array


def cholesky(name, cov):
    """Return the lower Cholesky factors of `cov` (..., D, D); DomainError unless it is SPD."""
    largest = np.abs(cov).max()
    skew = np.abs(cov - np.swapaxes(cov, -1, -2)).max()
    if skew > 1e-10 * largest:
        raise DomainError(
            name,
            got=f"a matrix that differs from its transpose by {skew:.3g}",
            wanted="a symmetric positive definite covariance",
        )
    try:
        return np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        raise DomainError(
            name,
            got=f"a smallest eigenvalue of {np.linalg.eigvalsh(cov).min():.3g}",
            wanted="a symmetric positive definite covariance",
            remedy="Adding a small multiple of the identity makes it one, if that is your model.",
        ) from None


def count(name, value, at_least=1):
    """Return `value` as an int; ArgumentTypeError unless integral, DomainError if too small."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise ArgumentTypeError(
            name, got=f"{value!r} ({type(value).__name__})", wanted="a whole number"
        )
    if value < at_least:
        raise DomainError(name, got=str(value), wanted=f"at least {at_least}")
    return int(value)


def generator(rng):
    """Return `rng`, or raise ArgumentTypeError if it is not a numpy.random.Generator."""
    if not isinstance(rng, np.random.Generator):
        raise ArgumentTypeError(
            "rng",
            got=f"{rng!r} ({type(rng).__name__})",
            wanted="a numpy.random.Generator",
            remedy="Make one with rng = np.random.default_rng(0) and pass it on.",
        )
    return rng


def _spell(shape):
    return "shape (" + ", ".join(str(s) for s in shape) + ("," if len(shape) == 1 else "") + ")"


def _remedy(array, shape):
    if array.size == 0:
        return "It is empty."
    if array.ndim == len(shape) - 1 and len(shape) == 2:
        row_fits = not isinstance(shape[1], int) or array.shape == (shape[1],)
        return (
            "A single datum is a row: write value[None, :]."
            if row_fits
            else "Data of one dimension are a column: write value[:, None]."
        )
    return ""
