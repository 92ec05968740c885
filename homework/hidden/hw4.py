"""Homework 4's hidden cases: other sizes, distant pixels, one weight that outweighs the rest."""

from dataclasses import replace

from vitutor.checks.homework.hw4 import parts
from vitutor.checks.homework.hw4.aggregate import aggregate_case
from vitutor.checks.homework.hw4.bend import eps_case
from vitutor.checks.homework.hw4.codes import codes_case, draws_case
from vitutor.checks.homework.hw4.debiased import weights_case
from vitutor.checks.homework.hw4.gaps import encoded_case
from vitutor.checks.homework.hw4.gradient import binary_case
from vitutor.checks.homework.hw4.linear import linear_case
from vitutor.checks.homework.hw4.pixels import WHITE, grey_case
from vitutor.checks.homework.hw4.strip import Strip


def hidden(constants):
    """Return a harder question for each part, with the visible one's truth and mistakes."""
    c, questions = constants, parts(constants)
    strip = Strip(c)

    def lopsided(rng):
        """One weight of a group may be larger than the others by hundreds of nats."""
        (log_w,) = weights_case(rng, c.n_importance, n_groups=7, n=3, level=-20_000.0)
        log_w[2] += 400
        return (log_w,)

    def far_off(rng):
        """An encoder that is lost, or on the lower hill of nearly every strip."""
        return encoded_case(rng, strip, n_drawn=int(rng.integers(3)), n_low=3, off=1.5)

    cases = {
        **CASES,
        "2.1": lopsided,
        "2.2": lambda rng: (rng.integers(0, WHITE + 1, size=(int(rng.integers(1, 9)), 5)),),
        "2.3": far_off,
    }
    harder = {part: replace(questions[part], draw_case=case) for part, case in cases.items()}
    return questions | harder


def _codes(rng):
    mean, logvar = codes_case(rng, int(rng.integers(1, 40)), int(rng.integers(1, 20)))
    return 3 * mean, 4 * logvar


def _grey(rng):
    """Several images at several means each: any number of leading axes."""
    x, mean = grey_case(rng, n=3, data_dim=7, spread=60.0)
    return x, mean + rng.normal(size=(2, 1, 1))


def _binary(rng):
    x, mean, logvar, eps = binary_case(rng, n=int(rng.integers(1, 30)))
    return x, 3 * mean, logvar, eps


def _draws(rng):
    mean, logvar, eps = draws_case(rng, n_draws=int(rng.integers(1, 60)))
    return 8 * mean, 2 * logvar, eps


def _linear(rng):
    """All latents switched off, or none."""
    return linear_case(rng, n=60), (1e-4, 1.0, 1e4)[rng.integers(3)]


def _eps(rng):
    return (eps_case(rng, n_draws=40)[0] * 30,)


def _aggregate(rng):
    return aggregate_case(rng, n=int(rng.integers(1, 25)), latent_dim=5, n_draws=2)


CASES = {
    "1.1": _codes,
    "1.2": _grey,
    "1.3": _binary,
    "1.4": _draws,
    "2.4": _linear,
    "2.5": lambda rng: (int(rng.integers(1, 20_000)), int(rng.integers(1, 600))),
    "3.1": _eps,
    "3.3": _aggregate,
}
