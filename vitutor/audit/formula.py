"""An explanation as a formula to read, and as what its weights say about the model."""

from vitutor.audit.diagnosis import Implied, spell, spell_terms
from vitutor.audit.solve import SAME, near


def write(explanation):
    """The formula, minus signs and constants included."""
    pixels, kl, constant = explanation.pixels, explanation.kl, explanation.constant
    terms = []
    if pixels.factor:
        formula = f"Σ {_reconstruction(explanation.reconstruction)}"
        terms.append((pixels.factor, pixels.powers, formula))
    if kl.factor:
        terms.append((kl.factor, kl.powers, _divergence(explanation)))
    for nats, of in ((constant.pixel, "pixel"), (constant.latent, "latent")):
        if abs(nats) > SAME:
            terms.append((1.0, (0, 0, 0), f"{spell(nats)} a {of}"))
    return spell_terms(terms) or "a constant"


def implied(explanation):
    """The weight between two terms as a noise variance, or as a beta if it is not 1; else None."""
    pixels, kl = explanation.pixels, explanation.kl
    if not (pixels.factor and kl.factor):
        return None
    ratio = abs(kl.factor / pixels.factor)
    powers = [k - p for k, p in zip(kl.powers, pixels.powers, strict=True)]
    if explanation.reconstruction.kind.family == "gaussian":
        return Implied("noise variance", ratio / 2, *powers)
    if any(powers) or not near(ratio, 1.0):
        return Implied("weight of the KL", ratio, *powers)
    return None


def _reconstruction(reconstruction):
    a, b = reconstruction.a, reconstruction.b
    formula = reconstruction.kind.formula
    if abs(a) < 1e-6 and abs(b - 1) < 1e-6:
        return formula
    return formula.replace("x", f"[{spell(a)} + {spell(b)} x]", 1)


def _divergence(explanation):
    divergence = explanation.divergence
    space = divergence.space
    if space.power != 1 or divergence.ratios != (1, 1, 1):
        return space.spell(divergence.ratios)
    target = "N(0, I)"
    if not divergence.standard:
        target = "N(m(x), s²(x))" if explanation.follows_x else "N(m, s²)"
    pair = f"{target}‖q" if space.reverse else f"q‖{target}"
    return f"Σ KL({pair})" + (" with mu and logvar swapped" if space.swapped else "")
