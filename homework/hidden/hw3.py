"""Homework 3's hidden cases: one datum, many, empty counters, large counts, extreme weights."""

from dataclasses import replace

import numpy as np

from vitutor.checks.homework.hw3 import parts
from vitutor.checks.homework.hw3.bounds import weights_case
from vitutor.checks.homework.hw3.counter import counts_case
from vitutor.checks.homework.hw3.divergences import gamma_case
from vitutor.checks.homework.hw3.gradients import fit_case
from vitutor.checks.homework.hw3.learning import causes_case, mixture_case
from vitutor.checks.homework.hw3.mean_field import design_case, sample_case
from vitutor.checks.homework.hw3.switch import off_case


def hidden(constants):
    """Return a harder question for each part, with the visible one's truth and mistakes."""
    questions = parts(constants)

    def causes(rng):
        """One cause, for which an independent q is exact, or a dozen; little noise, or a lot."""
        return causes_case(rng, constants["loading"], n_causes=(1, 13), noise=(0.25, 7.0))

    cases = {**CASES, "4.2": causes}
    return {part: replace(questions[part], draw_case=case) for part, case in cases.items()}


def _counts(rng):
    """One count, or many, with a wide q; a few hundred people in an hour."""
    n, largest = [(1, 30), (40, 12), (6, 300)][rng.integers(3)]
    x, mean, scale = counts_case(rng, n=n, largest=largest, scales=(0.05, 1.3))
    x[-1] = rng.integers(largest)
    return x, mean, scale


def _off(rng):
    """All counters at zero, none of them, or a belief close to certainty."""
    x, mean, scale, off = off_case(rng, n=int(rng.integers(2, 30)), scales=(0.05, 1.2))
    kind = rng.integers(3)
    x = [np.zeros_like(x), np.maximum(x, 1), x][kind]
    off = [off, off, off**12][kind]
    return x, mean, scale, off


def _centred(rng):
    """q at any distance from the kink of the Laplace density, and at any scale."""
    n = int(rng.integers(1, 20))
    return rng.normal(0, 4, size=n), np.exp(rng.uniform(-4, 2, size=n))


def _gammas(rng):
    return gamma_case(rng, n=int(rng.integers(1, 12)), shapes=(0.25, 20.0))


def _weights(rng):
    """Weights no floating point number can hold, large or small, few or many draws."""
    level = (-30_000.0, 25_000.0, 0.0)[rng.integers(3)]
    return weights_case(rng, n_draws=int(rng.integers(2, 200)), n=1, level=level)


def _uniforms(rng):
    x, mean, log_scale, _ = fit_case(rng)
    return x * 4, mean, log_scale, rng.uniform(1e-5, 1 - 1e-5, size=int(rng.integers(1, 50)))


def _noise(rng):
    x, mean, log_scale, _ = fit_case(rng)
    return x * 4, mean, log_scale, rng.normal(size=int(rng.integers(2, 50)))


def _sample(rng):
    return sample_case(rng, n=int(rng.integers(1, 60)))


def _design(rng):
    """Fewer data than weights, a single weight, or ten."""
    n_rows, n_weights = [(3, 5), (8, 1), (60, 10)][rng.integers(3)]
    return design_case(rng, n_rows=n_rows, n_weights=n_weights)


def _mixture(rng):
    return mixture_case(rng, n=int(rng.integers(20, 200)), n_components=rng.integers(2, 6))


CASES = {
    "1.1": _counts,
    "1.2": _counts,
    "1.3": _off,
    "1.4": lambda rng: _off(rng)[:3],
    "2.1": _centred,
    "2.2": _gammas,
    "2.3": _counts,
    "2.4": _weights,
    "3.1": _uniforms,
    "3.2": _noise,
    "3.3": _sample,
    "3.4": _design,
    "4.1": _mixture,
}
