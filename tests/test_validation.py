"""What is accepted, what is refused, and that the refusal is of use."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from refusals import BAD_COUNTS, BAD_RNGS, bad_arrays, refusals, refused

from vitutor import validation
from vitutor.errors import ArgumentTypeError, DomainError, NonFiniteError, ShapeError
from vitutor.validation import real_array

GRID = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "value",
    [
        GRID,
        GRID.astype(np.float32),
        GRID.astype(np.float16),
        GRID.astype(int),
        GRID.astype(np.uint8),
        GRID.tolist(),
        np.asfortranarray(GRID),
        np.repeat(GRID, 2, axis=1)[:, ::2],
    ],
    ids=["float64", "float32", "float16", "int", "uint8", "list", "fortran", "strided"],
)
def test_numbers_of_any_kind_become_float64(value):
    array = real_array("x", value, ("N", 3))
    assert type(array) is np.ndarray and array.dtype == np.float64
    assert np.array_equal(array, GRID)


def test_booleans_are_zeros_and_ones():
    assert real_array("x", GRID > 2, ("N", 3)).tolist() == [[0, 0, 0], [1, 1, 1]]


def test_a_sum_that_overflows_is_no_infinity():
    largest = np.full(4, np.finfo(float).max)
    for signs in ([1, 1, 1, 1], [1, 1, -1, -1], [-1, 1, -1, 1]):
        assert np.array_equal(real_array("x", largest * signs, ("N",)), largest * signs)


@given(
    arrays(float, (3, 4), elements=st.floats(-1e300, 1e300)),
    st.integers(0, 11),
    st.sampled_from([np.nan, np.inf, -np.inf]),
)
def test_one_bad_entry_is_found_wherever_it_is(array, at, bad):
    array.flat[at] = bad
    with pytest.raises(NonFiniteError, match=r"^x: got (nan|inf|-inf) at index") as info:
        real_array("x", array, ("N", "D"))
    assert f"{bad} at index ({at // 4}, {at % 4})" in info.value.got


def test_only_the_infinities_that_were_allowed_pass():
    assert real_array("log_w", [0.0, -np.inf], ("S",), allow=[-np.inf])[1] == -np.inf
    for bad in (np.inf, np.nan):
        refused(
            lambda bad=bad: real_array("log_w", [-np.inf, bad], ("S",), allow=[-np.inf]),
            NonFiniteError,
            "log_w",
        )


FITS = [
    ((2, 3), (2, 3)),
    ((2, 3), ("N", 3)),
    ((2, 3), ("N", np.int64(3))),
    ((2, 3), ("N", "D")),
    ((2, 3), (...,)),
    ((2, 3), ("S", ...)),
    ((2, 3), (2, 3, ...)),
    ((), ()),
    ((), (...,)),
]
MISFITS = [
    ((2, 3), (3, 3)),
    ((2, 3), ("N", 2)),
    ((2, 3), ("N", np.int64(2))),
    ((2, 3), ("N",)),
    ((2, 3), ("S", "N", 3)),
    ((2, 3), ()),
    ((), ("N",)),
    ((), ("S", ...)),
    ((2, 3), (3, ...)),
    ((0, 3), ("N", 3)),
    ((2, 0), ("N", "D")),
    ((0,), (...,)),
    ((2, 0), ("N", ...)),
]


@pytest.mark.parametrize(("shape", "wanted"), FITS)
def test_shapes_that_fit(shape, wanted):
    assert real_array("x", np.zeros(shape), wanted).shape == shape


@pytest.mark.parametrize(("shape", "wanted"), MISFITS)
def test_shapes_that_do_not_fit(shape, wanted):
    refused(lambda: real_array("x", np.zeros(shape), wanted), ShapeError, "x")


@pytest.mark.parametrize(
    ("call", "kind", "argument"),
    refusals(
        ("real_array", "x", lambda x: real_array("x", x, ("N", 3)), bad_arrays(GRID)),
        ("number", "a", lambda a: real_array("a", a, ()), bad_arrays(1.0)),
        ("count", "n", lambda n: validation.count("n", n), BAD_COUNTS),
        ("generator", "rng", validation.generator, BAD_RNGS),
        (
            "function",
            "f",
            lambda f: validation.function("f", f),
            [("a number", 3, ArgumentTypeError), ("nothing", None, ArgumentTypeError)],
        ),
    ),
)
def test_refusals(call, kind, argument):
    refused(call, kind, argument)


def test_a_vector_is_told_whether_it_is_a_row_or_a_column():
    with pytest.raises(ShapeError, match=r"One datum is a row, x\[None, :\]\.$"):
        real_array("x", [1.0, 2.0, 3.0], ("N", 3))
    with pytest.raises(ShapeError, match=r"a column, x\[:, None\]; one datum is a row"):
        real_array("x", [1.0, 2.0, 3.0], ("N", 1))
    with pytest.raises(ShapeError, match=r"column.*row"):
        real_array("x", [1.0, 2.0, 3.0], ("N", "D"))


class Tensor:
    """What a torch tensor with a gradient, or one on a GPU, does when NumPy reads it."""

    def __init__(self, error):
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("it requires grad"), TypeError("it is on cuda")])
def test_a_tensor_that_numpy_cannot_read(error):
    refused(lambda: real_array("x", Tensor(error), ("N", "D")), ArgumentTypeError, "x")
    with pytest.raises(ArgumentTypeError, match=rf"{error}.*detach\(\)\.cpu\(\)"):
        real_array("x", Tensor(error), ("N", "D"))


def test_latents_match_the_data_or_are_shared_by_them():
    for n_data, z_data in ((5, 5), (5, 1), (1, 5), (1, 1)):
        assert validation.latents("z", np.zeros((2, z_data, 3)), 3, n_data).shape[1] == z_data
    for shape in ((2, 4, 3), (2, 5, 2), (5, 3), (2, 2, 5, 3)):
        refused(lambda shape=shape: validation.latents("z", np.zeros(shape), 3, 5), ShapeError, "z")


def test_frozen_is_a_copy_that_cannot_be_written():
    array = np.zeros(3)
    copy = validation.frozen(array)
    array[0] = 1
    assert copy[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        copy[0] = 1


@pytest.mark.parametrize("bad", [0.0, -1.0, -1e-300])
def test_positive(bad):
    refused(lambda: validation.positive("scale", np.array([1.0, bad])), DomainError, "scale")
    tiny = np.array([5e-324, 1.0])
    assert validation.positive("scale", tiny) is tiny


def test_exponentiated_stops_before_overflow_and_underflow():
    assert np.array_equal(
        validation.exponentiated("params", np.array([0.0, -300, 300])), np.exp([0.0, -300, 300])
    )
    for bad in (301.0, -301.0):
        refused(
            lambda bad=bad: validation.exponentiated("params", np.array([0, bad])),
            DomainError,
            "params",
        )


def test_cholesky_factors_what_is_a_covariance():
    cov = np.array([[[4.0, 2.0], [2.0, 5.0]], [[1.0, 0.0], [0.0, 1e-12]]])
    factor = validation.cholesky("cov", cov)
    assert np.allclose(factor @ factor.transpose(0, 2, 1), cov, rtol=1e-14)
    assert (np.triu(factor, 1) == 0).all()


@pytest.mark.parametrize(
    "bad",
    [
        [[1.0, 2.0], [2.0, 1.0]],
        [[1.0, 1.0], [1.0, 1.0]],
        [[0.0, 0.0], [0.0, 0.0]],
        [[-1.0, 0.0], [0.0, 1.0]],
        [[1.0, 0.1], [0.0, 1.0]],
        [[1.0, 0.1], [0.1 + 1e-8, 1.0]],
    ],
    ids=["indefinite", "singular", "zero", "negative", "triangular", "skew"],
)
def test_cholesky_refuses_what_is_not(bad):
    refused(lambda: validation.cholesky("cov", np.array(bad)), DomainError, "cov")
    # Beside a matrix so large that what is wrong with this one looks like rounding.
    pair = np.array([1e12 * np.eye(2), bad])
    refused(lambda: validation.cholesky("cov", pair), DomainError, "cov")


@pytest.mark.parametrize("n", [1, np.int64(7), np.uint8(7), 10**6])
def test_counts(n):
    assert validation.count("n", n) == n and type(validation.count("n", n)) is int


def test_a_count_from_scientific_notation_is_told_how_to_write_it():
    with pytest.raises(ArgumentTypeError, match=r"n_draws: got 1000000.0 \(float\).*10\*\*6"):
        validation.count("n_draws", 1e6)


def test_a_seed_is_told_how_to_become_a_generator():
    with pytest.raises(ArgumentTypeError, match=r"rng: got 0 \(int\).*np.random.default_rng\(0\)"):
        validation.generator(0)
