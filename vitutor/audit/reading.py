"""From the formula of a loss to findings: what it means that a factor is 2, or a power is -1."""

from vitutor.audit.diagnosis import Finding, spell, spell_factor
from vitutor.audit.noise import infer
from vitutor.audit.solve import SAME, near

RECON, KL, BOTH = "the reconstruction term", "the KL term", "both terms"


def read(explanation, *, noise_scale, per_datum, grey):
    """All findings of an Explanation; `grey` says that the data are not all 0 or 1."""
    pixels, kl = explanation.pixels, explanation.kl
    noise = _noise(explanation, noise_scale)
    findings = [
        *missing(pixels, kl),
        *signs(pixels.factor, kl.factor),
        *batch(pixels, kl, per_datum),
        *_sizes(pixels, kl),
        *_likelihood(explanation.reconstruction, grey),
        *divergences(explanation.divergence, explanation.follows_x),
        *_weights(explanation, noise),
        *_constants(explanation, noise),
    ]
    return findings


def _noise(explanation, noise_scale):
    kind, constant = explanation.reconstruction.kind, explanation.constant
    if kind is None or kind.family != "gaussian":
        return None
    told = None if noise_scale is None else noise_scale**2
    pixel = constant.pixel if constant.known else None
    return infer(abs(explanation.pixels.factor), pixel, abs(explanation.kl.factor), told)


def missing(recon, kl):
    """Terms with amplitude zero."""
    if recon.factor == 0:
        yield Finding.of("recon-missing", "the whole")
    if kl.factor == 0:
        yield Finding.of("kl-missing", "the whole")


def signs(recon, kl, names=(RECON, KL)):
    """Signs of the two factors, wanted positive."""
    if recon < 0:
        yield Finding.of("sign", names[0] if kl > 0 else "the whole")
    elif kl < 0:
        yield Finding.of("kl-sign", names[1])


def batch(recon, kl, per_datum, names=(RECON, KL)):
    """Over the batch: a sum, a mean, a mean of a mean, or not the same for both."""
    amplitudes = zip(names, (recon, kl), strict=True)
    powers = {where: a.powers[0] for where, a in amplitudes if a.factor}
    twice = [where for where, power in powers.items() if power <= -2]
    if twice:
        yield Finding.of("batch-mean-twice", " and ".join(twice))
    once = {max(power, -1) for power in powers.values()}
    if len(once) > 1:
        yield Finding.of("batch-reductions-differ", BOTH)
    elif not twice and powers:
        kind = "per-datum" if per_datum else {0: "batch-sum", -1: "batch-mean"}.get(once.pop())
        yield Finding.of(kind or "batch-reductions-differ", "the whole")


def _sizes(pixels, kl):
    """Over pixels and latents: what counts is how the KL's power differs from the other's."""
    (_, data_recon, latent_recon), (_, data_kl, latent_kl) = pixels.powers, kl.powers
    data, latent = data_kl - data_recon, latent_kl - latent_recon
    if data == 1:
        yield Finding.of("recon-mean-over-pixels", RECON)
    if latent == -1:
        yield Finding.of("kl-mean-over-latents", KL)
    other = (0, data if data != 1 else 0, latent if latent != -1 else 0)
    if any(other):
        yield Finding.of("beta", KL, f"the KL has weight {spell_factor(1, other)}")
    common = (0, data_kl if data == 0 else min(data_kl, 0), latent_recon)
    if any(common):
        yield Finding.of("scaled", BOTH, spell_factor(1, common))


def _likelihood(reconstruction, grey):
    kind = reconstruction.kind
    if kind is None:
        return
    a, b = reconstruction.a, reconstruction.b
    if kind.swapped:
        yield Finding.of("single-argument-order", RECON, "recon and x")
    target = f"the target is {spell(a)} + {spell(b)}·x"
    moved = abs(a) > 1e-6 or not near(b, 1.0)
    if moved and kind.family == "gaussian":
        yield Finding.of("rescaled-target", RECON, target)
    elif moved:
        yield Finding.of("grey-bernoulli", RECON, target)
    elif grey and kind.family == "bernoulli":
        yield Finding.of("grey-bernoulli", RECON, "your data are not all 0 or 1")


_COUNTED = {1: "it is counted D times a pixel", -1: "it is counted once, not for each pixel"}
_PARTS = ("the mu² of the KL", "the variance of the KL", "the log-variance of the KL")
_RATIOS = {0.0: "kl-missing", 2.0: "kl-half-missing", -1.0: "kl-sign", 0.5: "std-as-variance"}
_POWERS = {2.0: "logvar-as-logstd", 0.5: "std-as-variance"}


def divergences(divergence, follows_x=False, parts=_PARTS):
    """What is odd about a KL, its three parts under the given names."""
    space = divergence.space
    if space is None:
        return
    if space.reverse:
        yield Finding.of("kl-reversed", KL)
    if space.swapped:
        yield Finding.of("single-argument-order", KL, "mu and logvar")
    if follows_x:
        yield Finding.of("kl-to-posterior", KL, "its target moves with x")
    elif not divergence.standard:
        yield Finding.of("other-prior", KL)
    square, spread, log = divergence.ratios
    odd = [(parts[0], _RATIOS.get(square)), (parts[1], _RATIOS.get(spread))]
    odd += [(parts[1], _POWERS.get(space.power))]
    odd += [(parts[2], {**_RATIOS, **_POWERS}.get(log))]
    for kind in dict.fromkeys(kind for _, kind in odd if kind):
        where = dict.fromkeys(part for part, its_kind in odd if its_kind == kind)
        yield Finding.of(kind, " and ".join(where))


def _weights(explanation, noise):
    """Plain numbers before the terms, and the constants beside them."""
    pixels, kl = abs(explanation.pixels.factor), abs(explanation.kl.factor)
    common = noise.factor if noise else pixels or 1.0
    if noise is None and pixels and near(kl, 1.0) and not near(pixels, 1.0):
        yield Finding.of("beta", RECON, f"it has weight {spell(pixels)}")
        return
    if near(kl, 2 * common):
        yield Finding.of("kl-half-missing", KL)
    elif kl and not near(kl, common):
        yield Finding.of("beta", KL, f"its weight is {spell(kl / common)}")
    if not near(common, 1.0):
        yield Finding.of("scaled", BOTH, spell(common))


def _constants(explanation, noise):
    constant = explanation.constant
    if noise:
        yield from noise.findings()
        if constant.pixel_power:
            yield Finding.of("normaliser-wrong", RECON, _COUNTED[constant.pixel_power])
    elif explanation.reconstruction.kind and not abs(constant.pixel) < SAME:
        yield Finding.of("normaliser-wrong", RECON, "a Bernoulli has none")
    if near(constant.latent, 0.5):
        yield Finding.of("normaliser-missing", KL, "the −1, so that q = prior costs ½ a latent")
    elif not abs(constant.latent) < SAME:
        yield Finding.of("normaliser-wrong", KL)
    if not constant.known and (explanation.pixels.factor or explanation.kl.factor):
        yield Finding.of("normaliser-wrong", "the whole", "it belongs to no term")
