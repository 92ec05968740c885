"""What must be refused, and what a refusal must say: for the tests of every module."""

import numpy as np
import pytest

from vitutor.errors import ArgumentTypeError, DomainError, NonFiniteError, ShapeError, VitutorError


def refused(call, kind, argument):
    """Assert that call() raises `kind`, and that it says what, where and what to do about it."""
    with pytest.raises(VitutorError) as info:
        call()
    error = info.value
    assert type(error) is kind, error
    assert error.argument == argument, error
    assert error.got and error.wanted and error.remedy, error
    for part in (argument, error.got, error.wanted, error.remedy):
        assert part in str(error)
    assert info.value.__cause__ is None


def spoiled(good, value):
    """A copy of `good` with its last entry replaced."""
    bad = np.array(good, dtype=np.float64)
    bad.flat[-1] = value
    return bad


def bad_arrays(good, *, infinities=(), any_length=False):
    """Return (what, array, kind of error) for every way in which `good` can be no real array.

    `infinities` are allowed; with any_length a number of axes other than good's is too.
    """
    good = np.asarray(good, dtype=np.float64)
    bad = [
        ("NaN", spoiled(good, np.nan), NonFiniteError),
        ("inf", spoiled(good, np.inf), NonFiniteError),
        ("-inf", spoiled(good, -np.inf), NonFiniteError),
        ("text", "twelve", ArgumentTypeError),
        ("digits as text", good.astype(str), ArgumentTypeError),
        ("complex", good + 0j, ArgumentTypeError),
        ("objects", good.astype(object), ArgumentTypeError),
        ("masked", np.ma.masked_greater(good, good.min()), ArgumentTypeError),
        ("nothing", None, ArgumentTypeError),
        ("a function", np.sin, ArgumentTypeError),
        ("dates", np.zeros(good.shape, "M8[s]"), ArgumentTypeError),
        ("ragged", [[1.0, 2.0], [3.0]], ShapeError),
        ("empty", np.empty((0, *good.shape[1:])), ShapeError),
    ]
    if not any_length:
        bad.append(("an axis more", good[None], ShapeError))
        if good.ndim:
            bad.append(("an axis fewer", good[0], ShapeError))
            bad.append(("a number", 1.0, ShapeError))
    allowed = {str(infinity) for infinity in infinities}
    return [case for case in bad if case[0] not in allowed]


BAD_COUNTS = [
    ("zero", 0, DomainError),
    ("negative", -3, DomainError),
    ("a float", 10.0, ArgumentTypeError),
    ("a bool", True, ArgumentTypeError),
    ("text", "10", ArgumentTypeError),
    ("nothing", None, ArgumentTypeError),
    ("an array", np.array([10]), ArgumentTypeError),
]

BAD_RNGS = [
    ("a seed", 0, ArgumentTypeError),
    ("nothing", None, ArgumentTypeError),
    ("NumPy's old generator", np.random.RandomState(0), ArgumentTypeError),
    ("NumPy's global one", np.random, ArgumentTypeError),
]


def refusals(*arguments):
    """Parameters (call, kind, argument) for pytest, from (where, argument, call, bad inputs)."""
    return [
        pytest.param(lambda call=call, bad=bad: call(bad), kind, argument, id=f"{where}-{what}")
        for where, argument, call, inputs in arguments
        for what, bad, kind in inputs
    ]
