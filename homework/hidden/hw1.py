"""Homework 1's hidden cases: one datum, long sequences, extreme counts; truths by other ways."""

from dataclasses import replace

import numpy as np
from scipy import stats

from vitutor.checks.homework.hw1 import parts
from vitutor.checks.homework.hw1.flicker import MISSING


def hidden(constants):
    """Return a harder question for each part, with the visible one's mistakes."""
    c, questions = constants, parts(constants)
    changes = {
        "1.1": {"draw_case": lambda rng: _quantiles(c, rng)},
        "1.2": {"draw_case": lambda rng: _far_out(c, rng)},
        "1.3": {"draw_case": lambda rng: _large_counts(c, rng)},
        "1.4": {"draw_case": lambda rng: _far_out(c, rng)},
        "2.1": {"draw_case": _thousands, "truth": lambda x, t: _negative_binomial(c, x, t)},
        "2.2": {"draw_case": _one_lamp, "truth": lambda x, t: _one_after_another(c, x, t)},
        "2.3": {"draw_case": lambda rng: (_long(c, rng),), "truth": lambda x: _filter(c, x)},
        "2.4": {"draw_case": lambda rng: (_long(c, rng)[0],), "truth": lambda x: _by_slopes(c, x)},
        "3.1": {"draw_case": lambda rng: (float(rng.choice([0.1, 1.0, 30.0]) * rng.normal()),)},
        "3.2": {"draw_case": _surprising, "truth": lambda x, t: _predicted_again(c, x, t)},
        "3.3": {"draw_case": lambda rng: (rng.uniform(0.01, 40, rng.choice([1, 30])),)},
        "3.4": {"draw_case": _weights},
    }
    for part in ("2.3", "2.4"):  # their mistakes are computed on all paths: too many here
        changes[part]["mistakes"] = ()
    return {part: replace(questions[part], **change) for part, change in changes.items()}


def _quantiles(c, rng):
    """One datum, or a few, from the tails of the uniform."""
    n = rng.choice([1, 5])
    return (rng.uniform(0.001, 0.999, (n, 1 + len(c["slope"]))),)


def _far_out(c, rng):
    """One datum or one draw, and a linear part down to -40."""
    n, s = [(1, 3), (4, 1)][rng.integers(2)]
    x = rng.poisson(rng.choice([0.5, 30, 3000], (n, len(c["slope"]))))
    return x, rng.uniform(-40 / c["slope"].max(), 4, (s, n, 1))


def _large_counts(c, rng):
    """One datum, or two; up to the largest count that is promised."""
    shape = (rng.integers(1, 3), len(c["slope"]))
    return (rng.integers(c["largest_count"] // 2, c["largest_count"] + 1, shape),)


def _thousands(rng):
    n = rng.choice([1, 8])
    return rng.poisson(rng.choice([0.1, 30, 3000], n)), np.exp(rng.uniform(-3, 4, n))


def _negative_binomial(c, x, t):
    return stats.nbinom.logpmf(x, c["shape"], c["rate"] / (c["rate"] + t))


def _one_lamp(rng):
    """A single count, or very many."""
    n = rng.choice([1, 150])
    return rng.poisson(rng.choice([0.2, 20]), n), rng.uniform(0.1, 9.0, n)


def _one_after_another(c, x, t):
    """Each count is negative binomial, given those before."""
    counts_before, time_before = x.cumsum() - x, t.cumsum() - t
    rate = c["rate"] + time_before
    return stats.nbinom.logpmf(x, c["shape"] + counts_before, rate / (rate + t)).sum()


def _long(c, rng):
    """Hundreds of moments with gaps, the first and the last among them; or nothing seen."""
    x = rng.poisson(rng.choice(c["emission"], (2, 600)))  # p(x) is below the smallest float
    x[:, rng.random(600) < 0.3] = MISSING
    x[0, 0], x[:, -1] = MISSING, MISSING
    return x if rng.random() < 0.8 else np.full((2, 2), MISSING)


def _emitted(c, x):
    emitted = stats.poisson.pmf(np.maximum(x, 0)[..., None], c["emission"])
    emitted[x == MISSING] = 1
    return emitted


def _filter(c, x, emitted=None):
    """The product of one-step predictions: what is expected of each count, given those before."""
    emitted = _emitted(c, x) if emitted is None else emitted
    state, log_p = c["start"], 0.0
    for emit in np.moveaxis(emitted, 1, 0):
        joint = state * emit
        log_p = log_p + np.log(joint.sum(axis=1))
        state = joint / joint.sum(axis=1, keepdims=True) @ c["move"]
    return log_p


def _by_slopes(c, x):
    """The slope of log p(x) in a moment's log emission from a state: Fisher's identity."""
    emitted = _emitted(c, x).astype(complex)
    tiny, (length, n) = 1e-30, emitted.shape
    nudged = np.tile(emitted, (length * n, 1, 1))
    t, k = np.divmod(np.arange(length * n), n)
    nudged[np.arange(length * n), t, k] *= 1 + tiny * 1j
    return (_filter(c, x, nudged).imag / tiny).reshape(length, n)


def _surprising(rng):
    n = rng.choice([1, 6])
    return rng.choice([0, 3, 80, 500], n), rng.choice([0.2, 4.0, 20.0], n)


def _predicted_again(c, x, t):
    """1 + chi-square is p(the same count again | x) / p(x)."""
    rate = c["rate"] + t
    again = stats.nbinom.logpmf(x, c["shape"] + x, rate / (rate + t))
    return np.expm1(again - _negative_binomial(c, x, t))


def _weights(rng):
    """Two draws, or one datum; tiny, huge and uneven weights."""
    s, n = [(2, 4), (500, 1)][rng.integers(2)]
    return (rng.normal(rng.choice([-1e5, 0, 5000], n), rng.uniform(0.1, 30, n), (s, n)),)
