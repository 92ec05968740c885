"""Errors say what, where and what to do, survive a process boundary, and are Python's own kinds."""

import pickle

import pytest

from vitutor import errors

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type)]
BUILTINS = {
    errors.ShapeError: ValueError,
    errors.DomainError: ValueError,
    errors.NonFiniteError: ValueError,
    errors.ArgumentTypeError: TypeError,
    errors.IntractableError: NotImplementedError,
}


@pytest.mark.parametrize("kind", KINDS)
def test_message_names_argument_value_wish_and_remedy(kind):
    error = kind("scale", got="-1", wanted="entries > 0", remedy="Exponentiate it.")
    assert str(error) == "scale: got -1; wanted entries > 0. Exponentiate it."
    assert str(kind("scale", got="-1", wanted="more")) == "scale: got -1; wanted more."


@pytest.mark.parametrize("kind", KINDS)
def test_one_base_catches_them_all(kind):
    assert issubclass(kind, errors.VitutorError)


@pytest.mark.parametrize(("kind", "builtin"), BUILTINS.items())
def test_who_expects_pythons_own_errors_gets_them(kind, builtin):
    assert issubclass(kind, builtin)


@pytest.mark.parametrize("kind", KINDS)
def test_pickles(kind):
    error = kind("scale", got="-1", wanted="entries > 0", remedy="Exponentiate it.")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind and str(copy) == str(error) and vars(copy) == vars(error)
