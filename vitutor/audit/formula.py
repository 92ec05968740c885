"""An explanation as a formula to read, and as what its weights say about the model."""

from vitutor.audit.diagnosis import Implied, spell, spell_factor
from vitutor.audit.solve import near


def write(explanation):
    """The formula, minus signs and constants included."""
    terms = []
    if explanation.pixels.factor:
        terms.append((explanation.pixels, f"Σ {_reconstruction(explanation.reconstruction)}"))
    if explanation.kl.factor:
        terms.append((explanation.kl, _divergence(explanation)))
    text = " + ".join(_scaled(amplitude, formula) for amplitude, formula in terms)
    constant = explanation.constant
    for nats, name in ((constant.pixel, "a pixel"), (constant.latent, "a latent")):
        if abs(nats) > 1e-3:
            text += f" + {spell(nats)} {name}"
    return (text or "a constant").replace("+ −", "− ")


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


def _scaled(amplitude, formula):
    factor = spell_factor(amplitude.factor, amplitude.powers)
    return formula if factor == "1" else f"{factor} · {formula}"


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
