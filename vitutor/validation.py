"""Turn what a caller passed into what the mathematics needs, or say exactly why not.

Each function takes the argument's name first, so that the error can name it.
"""

import numbers
from functools import lru_cache

import numpy as np

from vitutor.errors import ArgumentTypeError, DomainError, NonFiniteError, ShapeError

FLOAT64 = np.dtype(np.float64)

# Half of what exp can take, so that squares of scales and their reciprocals are numbers too.
LARGEST_LOG_SCALE = 300.0


def real_array(name, value, shape, allow=(), remedy="Look there, and drop or mend it."):
    """Return `value` as a finite float64 array of the given shape.

    `shape` mixes numbers, which must match, and letters, which stand for any length of at least
    one: `("N", 2)` is N rows of two, `("S", ...)` any array that is not empty. Integers, booleans
    and float32 are numbers. `allow` lists infinities that have a meaning: -inf is the log of zero.
    Raises ArgumentTypeError for anything but real numbers, ShapeError for another shape,
    NonFiniteError for NaN or infinity.
    """
    array = _shaped(name, value, shape)
    # Counted, for on the few numbers of a step of a fit .all() takes thrice as long; and not by
    # way of np.vdot, for BLAS would start threads, and on a busy machine wait for them.
    good = np.isfinite(array)
    if np.count_nonzero(good) < array.size:
        for infinity in allow:
            good |= array == infinity
        if not good.all():
            where = tuple(int(i) for i in np.argwhere(~good)[0])
            raise NonFiniteError(
                name,
                got=f"{array[where]} at index {where}" if where else f"{array}",
                wanted=" or ".join(["finite numbers", *map(str, allow)]),
                remedy=remedy,
            )
    return array


def latents(name, z, latent_dim, n_data=1):
    """Return `z` as draws (S, N, Dz): N is n_data, or 1 for draws that all data share.

    One datum is compared with whatever draws there are, so n_data = 1 allows any N.
    """
    z = real_array(name, z, ("S", "N", latent_dim))
    if n_data != 1 and z.shape[1] not in (1, n_data):
        raise ShapeError(
            name,
            got=f"shape {z.shape}",
            wanted=f"shape (S, {n_data}, {latent_dim}), or (S, 1, {latent_dim}) to share the draws",
            remedy="Draws come first, data second, the event last.",
        )
    return z


def frozen(array):
    """Return a read-only copy, so that what was validated stays valid."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def positive(name, array, remedy="A log scale has to be exponentiated first."):
    """Raise DomainError unless every entry of `array` is > 0; return it."""
    if not (array > 0).all():
        raise DomainError(
            name, got=f"a smallest entry of {array.min():.6g}", wanted="entries > 0", remedy=remedy
        )
    return array


def exponentiated(name, log_scale):
    """Return exp(log_scale), or raise DomainError where it or its square would not be a number."""
    size = np.abs(log_scale)
    if np.count_nonzero(size > LARGEST_LOG_SCALE):  # counted: see real_array
        raise DomainError(
            name,
            got=f"a log scale of magnitude {size.max():.6g}",
            wanted=f"log scales between -{LARGEST_LOG_SCALE:.0f} and {LARGEST_LOG_SCALE:.0f}",
            remedy="An optimiser that got here has diverged: lower its learning rate.",
        )
    return np.exp(log_scale)


def cholesky(name, cov):
    """Return the lower Cholesky factors of `cov` (..., D, D); DomainError unless it is SPD."""
    wanted = "a symmetric positive definite covariance"
    skew = np.abs(cov - np.swapaxes(cov, -1, -2)).max(axis=(-1, -2))
    if (skew > 1e-10 * np.abs(cov).max(axis=(-1, -2))).any():
        raise DomainError(
            name,
            got=f"a matrix that differs from its transpose by {skew.max():.3g}",
            wanted=wanted,
            remedy=f"If that is rounding, pass ({name} + {name}.T) / 2.",
        )
    try:
        return np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        raise DomainError(
            name,
            got=f"a smallest eigenvalue of {np.linalg.eigvalsh(cov).min():.3g}",
            wanted=wanted,
            remedy="Adding a small multiple of the identity makes it one, if that is your model.",
        ) from None


def count(name, value, at_least=1):
    """Return `value` as an int; ArgumentTypeError unless integral, DomainError if too small."""
    if type(value) is not int and not _is_whole(value):
        raise ArgumentTypeError(
            name,
            got=f"{value!r} ({type(value).__name__})",
            wanted="a whole number",
            remedy="An int such as 1000, or 10**6 for 1e6.",
        )
    if value < at_least:
        raise DomainError(
            name, got=str(value), wanted=f"at least {at_least}", remedy=f"Raise {name}."
        )
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


def function(name, value):
    """Return `value`, or raise ArgumentTypeError if it cannot be called."""
    if not callable(value):
        raise ArgumentTypeError(
            name,
            got=f"{value!r} ({type(value).__name__})",
            wanted="a function",
            remedy="Pass the function itself, without calling it.",
        )
    return value


def _is_whole(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))


def _shaped(name, value, shape):
    # What a step of a fit passes, ten times: nothing to convert, and nothing to say.
    if type(value) is np.ndarray and value.dtype is FLOAT64 and _fits(value.shape, shape):
        return value
    try:
        array = np.asarray(value)
    except ValueError:
        raise ShapeError(
            name,
            got="rows of unequal length",
            wanted=_spell(shape),
            remedy="An array has as many numbers in every row.",
        ) from None
    except (TypeError, RuntimeError) as error:  # a torch tensor on a GPU, or one with a gradient
        raise ArgumentTypeError(
            name,
            got=f"{type(value).__name__} that NumPy cannot read: {error}",
            wanted="real numbers",
            remedy="A tensor is read after .detach().cpu().numpy().",
        ) from None
    if array.dtype.kind not in "biuf" or isinstance(value, np.ma.MaskedArray):
        raise ArgumentTypeError(
            name,
            got=f"{type(value).__name__} of dtype {array.dtype}",
            wanted="real numbers",
            remedy="Pass an array of floats or integers, with nothing missing.",
        )
    if not _fits(array.shape, shape):
        raise ShapeError(
            name,
            got=f"shape {array.shape}",
            wanted=_spell(shape),
            remedy=_remedy(name, array, shape),
        )
    return np.asarray(array, dtype=np.float64)


@lru_cache(maxsize=1024)
def _fits(have, want):
    if 0 in have:
        return False
    if want and want[-1] is ...:
        want = want[:-1]
        have = have[: len(want)]
    if len(have) != len(want):
        return False
    return all(
        length == wanted or isinstance(wanted, str)
        for length, wanted in zip(have, want, strict=True)
    )


def _spell(shape):
    if shape == ():
        return "one number"
    lengths = ["..." if length is ... else str(length) for length in shape]
    return "shape (" + ", ".join(lengths) + ("," if len(shape) == 1 else "") + ")"


def _remedy(name, array, shape):
    if array.size == 0:
        return "It is empty."
    if array.ndim == 1 and len(shape) == 2:
        row, column = f"a row, {name}[None, :]", f"a column, {name}[:, None]"
        if shape[1] == array.size and shape[1] != 1:
            return f"One datum is {row}."
        return f"Data of one dimension are {column}; one datum is {row}."
    return f"Compare {name}.shape with what the docstring says of each axis."
