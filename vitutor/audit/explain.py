"""From values at several shapes to one formula, with factor · N^i D^j K^k before each term.

The base shape says which terms they are. At every other shape the same terms must explain the
values again; how their amplitudes change says over what they were averaged. What is left over at
the base points is a constant, explained by the terms' normalisers or not at all.
"""

from dataclasses import dataclass

import numpy as np

from vitutor.audit import latents, reconstruction
from vitutor.audit.calling import Broken
from vitutor.audit.scaling import Amplitude, amplitude
from vitutor.audit.solve import SAME, TOLERANCE, tolerance

# Which constants are tried, the simplest first: stray powers of D, a pixel's, a latent's.
_CONSTANTS = ((0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 1, 0), (-1, 1, 0))


@dataclass(frozen=True)
class Constant:
    """Nats added for each pixel and each latent, under the same reduction as the term beside.

    `pixel_power` counts stray factors of D; `known` is False if no such constant explains.
    """

    pixel: float = 0.0
    latent: float = 0.0
    pixel_power: int = 0
    known: bool = True


@dataclass(frozen=True)
class Explanation:
    """Two terms at the base shape, how they scale, what constant goes with them."""

    reconstruction: reconstruction.Reconstruction
    divergence: latents.Divergence
    pixels: Amplitude
    kl: Amplitude
    constant: Constant
    follows_x: bool
    residual: float


def explain(measured, epsilon):
    """The Explanation of a list of Measured, base shape first; Broken if there is none."""
    first = _terms(measured[0], epsilon)
    terms = [first, *(_terms(m, epsilon, *first) for m in measured[1:])]
    reconstructions, divergences = zip(*terms, strict=True)
    shapes = [m.shape for m in measured]
    pixels = amplitude([r.amplitude for r in reconstructions], shapes, "the reconstruction term")
    kl = amplitude([d.weight for d in divergences], shapes, "the KL term")
    follows_x = _follows_x(measured[0], divergences[0], epsilon)
    misses = [
        _check_sum(m, r, d, follows_x, epsilon)
        for m, r, d in zip(measured, reconstructions, divergences, strict=True)
    ]
    at_base = [
        (r.value(m.base), d.value(m.base))
        for m, r, d in zip(measured, reconstructions, divergences, strict=True)
    ]
    values = np.array([m.value for m in measured])
    return Explanation(
        reconstructions[0],
        divergences[0],
        pixels,
        kl,
        _constant(values, np.array(at_base), shapes, pixels, kl),
        follows_x,
        max(*misses, *(r.residual for r in reconstructions), *(d.residual for d in divergences)),
    )


def _terms(measured, epsilon, like=None, divergence=None):
    """Both terms at one shape; of the same kinds as those given, if any are."""
    found, failures = [], []
    for module, known in (
        (reconstruction, like and like.kind),
        (latents, divergence and divergence.space),
    ):
        try:
            found.append(module.recognise(measured, epsilon, known))
        except Broken as broken:
            failures.append(broken)
    if failures:
        failures[0].findings = [finding for broken in failures for finding in broken.findings]
        raise failures[0]
    if like is None:
        return found
    same = (
        np.allclose((found[0].a, found[0].b), (like.a, like.b), rtol=SAME, atol=SAME)
        and (found[0].kind, found[1].space) == (like.kind, divergence.space)
        and (found[1].ratios, found[1].standard) == (divergence.ratios, divergence.standard)
    )
    if not same:
        n, d, k = measured.shape
        raise Broken(
            "unexplained", f"its formula is another one at N = {n}, D = {d}, K = {k}", "a term"
        )
    return found


def _follows_x(measured, divergence, epsilon):
    """Whether the target of the KL is another one for other data."""
    if divergence.space is None or divergence.standard:
        return False
    other = latents.recognise_targets(
        measured, epsilon, (divergence.space,), start=measured.other_x()
    )
    if other is None:
        raise Broken("unexplained", "with other data it is no KL to Gaussians", "the KL term")
    same = np.allclose(other.mean, divergence.mean, rtol=SAME, atol=SAME)
    return not (same and np.allclose(other.variance, divergence.variance, rtol=SAME))


def _check_sum(measured, recon, divergence, follows_x, epsilon):
    """The error of the two terms' sum where all arguments move; Broken if it is no rounding."""
    misses, roles = [], ("recon", "mu", "logvar")
    for moved in (roles,) if follows_x else (roles, (*roles, "x")):
        moves = measured.move(2, *moved)
        predicted = np.array([recon.value(p) + divergence.value(p) for p in moves.points])
        error = moves.values - predicted
        misses.append(np.ptp(error) / max(moves.spread, 1e-300))
        if misses[-1] > 10 * tolerance(moves, epsilon):
            raise Broken(
                "unexplained",
                "each term is known, but when all arguments move their sum misses by "
                f"{100 * misses[-1]:.2g} %: something couples them",
                "the sum of the terms",
            )
    return max(misses)


def _constant(values, terms, shapes, pixels, kl):
    """Explain what the terms leave of the values at the base points (M,) by two normalisers."""
    sizes = np.array(shapes, dtype=float)
    n, d, k = sizes.T
    # A term that is missing may have left its constant behind, reduced over the batch alone.
    batch = kl.powers[0] if pixels.factor == 0 else 0
    pixel = n * d * n**batch * np.prod(sizes**pixels.powers, axis=1) * (np.sign(pixels.factor) or 1)
    latent = n * k * np.prod(sizes**kl.powers, axis=1) * kl.factor
    left = values - terms.sum(axis=1)
    slack = 10 * TOLERANCE * np.abs(terms).max(axis=1)
    for power, with_pixel, with_latent in _CONSTANTS:
        design = np.column_stack([pixel * d**power * with_pixel, latent * with_latent])
        constants = np.linalg.lstsq(design, left)[0]
        if (np.abs(left - design @ constants) <= slack).all():
            return Constant(*constants.tolist(), power)
    return Constant(known=False)
