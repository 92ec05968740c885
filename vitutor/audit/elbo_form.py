"""The forms of an ELBO, recognised from values by the coefficients that six sums have.

    log p(x, z) - log q(z)           square 1, log scale 1
    log p(x, z) + H(q)               log scale 1
    log p(x | z) - KL(q ‖ N(0, I))   prior 1, mean² -1, variance -1, log scale 1

each with its own constant a latent, by which a normaliser left out is seen.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from vitutor.audit.elbo_probes import LOG_2PI, features, log_mean_weight
from vitutor.audit.latents import RATIOS, Space, read
from vitutor.audit.scaling import amplitude
from vitutor.audit.solve import clean, near

JOINT, ENTROPY, KL = "joint", "entropy", "kl"
SPACES = tuple(Space(power, reverse) for reverse in (False, True) for power in (1.0, 2.0, 0.5))

# What a latent adds beside its log scale: without the log 2π, and because of it.
_CONSTANTS = {JOINT: (0.0, LOG_2PI / 2), ENTROPY: (0.5, LOG_2PI / 2), KL: (0.5, 0.0)}


@dataclass(frozen=True)
class Form:
    """energy · E[log p(x, z)] - prior · E[log p(z)] + weights · what q adds; arrays over sizes.

    `ratios` multiply the three parts of what q adds, as in latents. `constants` are those found,
    `expected` those of this form, `without_2pi` those without any log 2π.
    """

    name: str
    space: Space
    energy: np.ndarray
    prior: np.ndarray
    weights: np.ndarray
    ratios: tuple
    constants: np.ndarray
    expected: np.ndarray
    without_2pi: np.ndarray
    residual: float


def recognise(asked, epsilon):
    """The Form that explains the values at every size, and whether of one draw; or None."""
    for draws in (slice(None), slice(1)):
        for space in SPACES:
            fits = [a.fit(partial(features, draws=draws, space=space), epsilon) for a in asked]
            if not all(fit.explains for fit, _ in fits):
                continue
            coefficients = np.array([clean(fit.coefficients) for fit, _ in fits]).T
            constants = np.array([constant for _, constant in fits])
            form = _read(coefficients, constants, space, asked, max(f.residual for f, _ in fits))
            if form is not None:
                return form, draws == slice(1)
    return None


def recognise_log_of_mean(asked, epsilon):
    """(factor, constant, residual) of factor · log mean exp(log w) at every size, or None."""
    fits = [a.fit(log_mean_weight, epsilon) for a in asked]
    if not all(fit.explains for fit, _ in fits):
        return None
    return [(float(fit.coefficients[0]), constant, fit.residual) for fit, constant in fits]


def _read(coefficients, constants, space, asked, residual):
    energy, prior, square, log, mean, variance = coefficients
    n_latents = np.array([a.n_latents for a in asked])
    if mean.any() or variance.any():
        name, logs = KL, -log if space.reverse else log
        readings = [read(parts, space.power) for parts in zip(-mean, -variance, logs, strict=True)]
    elif square.any():
        name, readings = JOINT, _read_log_q(square, log, space.power, energy, asked)
    else:
        name, readings = ENTROPY, _read_entropy(log, constants / n_latents)
    if not readings or None in readings or len({ratios for _, ratios in readings}) > 1:
        return None
    weights = np.array([weight for weight, _ in readings])
    of_q, with_2pi = _CONSTANTS[name]
    without = n_latents * weights * of_q
    expected = without + n_latents * (weights * with_2pi + prior * LOG_2PI / 2)
    ratios = readings[0][1]
    return Form(name, space, energy, prior, weights, ratios, constants, expected, without, residual)


def _read_log_q(square, log, power, energy, asked):
    """(weight, ratios) of -log q's two parts at every size, with the fewest oddities."""
    sizes = [a.size for a in asked]
    whole = amplitude(energy.tolist(), sizes, "E[log p(x, z)]").factor
    found = []
    for of_log in RATIOS[2]:
        weights = log / of_log if of_log else square
        for of_square in RATIOS[0]:
            if _all_near(square, of_square * weights) and _all_near(log, of_log * weights):
                factor = amplitude(weights.tolist(), sizes, "log q(z)").factor
                # As much of log q as of log p; or one less, where log p is in both terms.
                fair = near(factor, whole) or near(factor, whole - np.sign(whole))
                odd = (of_square != 1) + (of_log not in (1.0, power)) + (not fair)
                ratios = (of_square, of_square, of_log)
                found.append((odd, of_log != power, [(w, ratios) for w in weights.tolist()]))
    return min(found)[2] if found else None


def _read_entropy(log, constant):
    """(weight, ratios) of an entropy at every size, its weight being one that its constant has."""
    of_q, with_2pi = _CONSTANTS[ENTROPY]
    for weights in (constant / (of_q + with_2pi), constant / of_q):
        for ratio in (1.0, 2.0, 0.5):
            if log.all() and _all_near(log, ratio * weights):
                return [(weight, (1.0, 1.0, ratio)) for weight in weights.tolist()]
    return [(weight, (1.0, 1.0, 1.0)) for weight in log.tolist()]


def _all_near(first, second):
    return all(near(a, b) for a, b in zip(first, second, strict=True))
