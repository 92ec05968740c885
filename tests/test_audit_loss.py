"""Every mistake, alone and in pairs, in Bernoulli and Gaussian losses, in NumPy and in torch."""

from itertools import combinations

import audit_plants as plants
import pytest

from vitutor.audit import MISCONCEPTIONS, audit_loss

VARIANTS = [(lik, lib) for lik in ("bernoulli", "gaussian") for lib in ("numpy", "torch")]

# Two mistakes that give, number for number, what other words say in fewer.
SAME_NUMBERS = {
    frozenset({"kl-half-missing", "beta"}): {"beta"},
    frozenset({"sign", "kl-sign"}): {"sign"},
    frozenset({"recon-missing", "sign"}): {"recon-missing", "kl-sign"},
}
NO_CONSTANT = {"normaliser-missing", "squared-error-without-noise"}


def cases(size):
    for likelihood, library in VARIANTS:
        for mistakes in combinations(plants.slugs(likelihood, library), size):
            if size == 1 or not plants.contradict(*mistakes, likelihood):
                yield likelihood, library, mistakes


def named(likelihood, library, mistakes):
    """(mistakes found, notes found) by the audit of a planted loss."""
    # Without a normaliser, a noise the loss does not name has to be told.
    told = plants.NOISE_SCALE if len(mistakes) == 2 and NO_CONSTANT & {*mistakes} else None
    diagnosis = audit_loss(plants.plant(likelihood, library, mistakes), noise_scale=told)
    return diagnosis.kinds, {f.kind for f in diagnosis.findings} - diagnosis.kinds


@pytest.mark.parametrize(("likelihood", "library"), VARIANTS)
def test_nothing_planted_nothing_found(likelihood, library):
    assert named(likelihood, library, ()) == (set(), {"batch-mean"})


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize(("likelihood", "library"), VARIANTS)
def test_what_is_planted_is_named(likelihood, library, size):
    """All of it and nothing else; a note where a note was planted."""
    wrong = {}
    count = 0
    for lik, lib, mistakes in cases(size):
        if (lik, lib) != (likelihood, library):
            continue
        count += 1
        found, notes = named(lik, lib, mistakes)
        expected = SAME_NUMBERS.get(frozenset(mistakes), set(mistakes))
        legal = {kind for kind in expected if MISCONCEPTIONS[kind].legal}
        if found != expected - legal or not legal <= notes:
            wrong[mistakes] = found, notes
    assert count >= (14 if size == 1 else 70)
    assert wrong == {}
