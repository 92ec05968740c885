"""The forms of an ELBO, recognised from values by the coefficients that six sums have.

    log p(x, z) - log q(z)           square 1, log scale 1
    log p(x, z) + H(q)               log scale 1
    log p(x | z) - KL(q ‖ N(0, I))   prior 1, mean² -1, variance -1, log scale 1

each with its own constant a latent, by which a normaliser left out is seen.
"""

from dataclasses import dataclass

from vitutor.audit.elbo_probes import LOG_2PI, features, log_mean_weight
from vitutor.audit.latents import RATIOS, Space, read
from vitutor.audit.solve import clean, near

JOINT, ENTROPY, KL, LOG_OF_MEAN = "joint", "entropy", "kl", "log of mean"
SPACES = tuple(Space(power, reverse) for reverse in (False, True) for power in (1.0, 2.0, 0.5))


@dataclass(frozen=True)
class Form:
    """energy · E[log p(x, z)] - prior · E[log p(z)] + weight · what q adds, at one size.

    `ratios` multiply the three parts of what q adds, as in latents. `constant` is what was found,
    `constants` what it should be, and that without any log 2π.
    """

    name: str
    space: Space
    energy: float
    prior: float
    weight: float
    ratios: tuple
    constant: float
    constants: tuple
    residual: float


def recognise(asked, epsilon):
    """The Forms of one name that explain the values at every size, and whether of one draw only.

    None if there are none.
    """
    for draws in (slice(None), slice(1)):
        for space in SPACES:
            forms = [_form(a, space, draws, epsilon) for a in asked]
            if None not in forms and len({(f.name, f.ratios) for f in forms}) == 1:
                return forms, draws == slice(1)
    return None


def recognise_log_of_mean(asked, epsilon):
    """(factor, constant, residual) of factor · log mean exp(log w) at every size, or None."""
    fits = [a.fit(log_mean_weight, epsilon) for a in asked]
    if not all(fit.explains for fit, _ in fits):
        return None
    return [(float(fit.coefficients[0]), constant, fit.residual) for fit, constant in fits]


def _form(asked, space, draws, epsilon):
    """The Form at one size, or None."""
    fit, constant = asked.fit(lambda probe, z: features(probe, z[draws], space), epsilon)
    if not fit.explains:
        return None
    energy, prior, square, log, mean, variance = clean(fit.coefficients)
    if mean or variance:
        name, of_q, with_2pi = KL, 0.5, 0.0
        parts = read((-mean, -variance, -log if space.reverse else log), space.power)
    elif square:
        name, of_q, with_2pi = JOINT, 0.0, 0.5 * LOG_2PI
        parts = _read_log_q(square, log, space.power, energy)
    else:
        name, of_q, with_2pi = ENTROPY, 0.5, 0.5 * LOG_2PI
        parts = _read_entropy(log, constant / asked.n_latents / (of_q + with_2pi))
    if parts is None:
        return None
    weight, ratios = parts
    without = weight * of_q * asked.n_latents
    expected = without + (weight * with_2pi + prior * 0.5 * LOG_2PI) * asked.n_latents
    return Form(
        name, space, energy, prior, weight, ratios, constant, (expected, without), fit.residual
    )


def _read_log_q(square, log, power, energy):
    """(weight, ratios) of -log q's two parts, with the fewest oddities; None if there are none."""
    found = []
    for of_log in RATIOS[2]:
        weight = log / of_log if of_log else square
        of_square = next((r for r in RATIOS[0] if near(square, r * weight)), None)
        if of_square is not None and near(log, of_log * weight):
            odd = (of_square != 1) + (of_log not in (1.0, power)) + (not near(weight, energy))
            found.append((odd, of_log != 1.0, weight, (of_square, of_square, of_log)))
    return min(found)[2:] if found else None


def _read_entropy(log, weight_of_constant):
    """(weight, ratios) of an entropy's log scale, seen beside its constant."""
    if not log:
        return 0.0, (1.0, 1.0, 1.0)
    for ratio in (2.0, 0.5):
        if near(log, ratio * weight_of_constant):
            return weight_of_constant, (1.0, 1.0, ratio)
    return log, (1.0, 1.0, 1.0)
