"""Which form of the ELBO a function of draws computes, and what is wrong with it. (Lesson 13)"""

from dataclasses import replace

import numpy as np

from vitutor.audit import elbo_form, reading
from vitutor.audit.calling import Broken, quietly
from vitutor.audit.diagnosis import Diagnosis, Finding, spell, spell_factor, spell_terms
from vitutor.audit.elbo_probes import SIZES, Asked
from vitutor.audit.latents import Divergence
from vitutor.audit.scaling import Amplitude, amplitude
from vitutor.audit.solve import SAME, near
from vitutor.errors import ArgumentTypeError

ENERGY, OF_Q, WHOLE = "E[log p(x, z)]", "the part with q", "the whole"
_SIZES = "NSK"  # data, draws, latents
_PARTS = {
    elbo_form.JOINT: ("the square in log q", "the square in log q", "the log scale in log q"),
    elbo_form.ENTROPY: ("the entropy",) * 3,
    elbo_form.KL: ("the mean² of the KL", "the variance of the KL", "the log scale of the KL"),
}
_FORMULAS = {
    elbo_form.JOINT: (-1, "E[log q(z)]"),
    elbo_form.ENTROPY: (1, "H(q)"),
    elbo_form.KL: (-1, "KL(q‖N(0, I))"),
}


def audit_elbo(elbo_fn):
    """Find which form of the ELBO explains every value of a function of draws, and what is wrong.

    Parameters
    ----------
    elbo_fn : function of log_joint, q and z, to be maximised, in nats, returning (N,), one value
        for each datum, or their sum or mean. log_joint maps z (S, N, Dz) to log p(x, z) (S, N),
        the prior being N(0, I); q is a MeanFieldGaussian; z (S, N, Dz) are draws from it.

    Returns a Diagnosis. Joint minus log q, energy plus entropy, and reconstruction minus KL are
    recognised. Here a constant or a factor too many is a mistake: the value is no bound then.
    """
    if not callable(elbo_fn):
        raise ArgumentTypeError("elbo_fn", got=repr(elbo_fn), wanted="a function")
    asked = []
    with quietly():
        try:
            for size in SIZES:
                asked.append(Asked(elbo_fn, size))
            diagnosis = _explain(asked)
        except Broken as broken:
            diagnosis = Diagnosis(broken.findings)
    return replace(diagnosis, findings=[*diagnosis.findings, *_calls(asked)])


def _calls(asked):
    if any(a.changed for a in asked):
        yield Finding.of("changes-inputs", "the function", "it writes to z")
    elif any(a.detached for a in asked):
        yield Finding.of("detached-sample", "the draws", "they stay where they are as q moves")
    elif any(a.own_draws for a in asked):
        yield Finding.of("own-draws", "the draws")


def _explain(asked):
    epsilon = np.finfo(np.float64).eps
    found = elbo_form.recognise(asked, epsilon)
    if found is None:
        return _explain_log_of_mean(asked, epsilon)
    form, one_draw = found
    sizes = [a.size for a in asked]
    energy = amplitude(form.energy.tolist(), sizes, ENERGY)
    of_q = amplitude(form.weights.tolist(), sizes, OF_Q)
    findings = [
        *reading.missing(energy, of_q),
        *reading.signs(energy.factor, of_q.factor, (ENERGY, OF_Q)),
        *reading.batch(energy, of_q, asked[0].per_datum, (ENERGY, OF_Q)),
        *_sizes(energy, of_q),
        *_weights(energy, of_q, form),
        *reading.divergences(Divergence(form.space, ratios=form.ratios), parts=_PARTS[form.name]),
        *_constants(form),
    ]
    if one_draw:
        findings.append(Finding.of("one-draw", "the draws"))
    return Diagnosis(findings, _formula(energy, of_q, form), None, form.residual)


def _sizes(energy, of_q):
    """Over draws and latents: the first are to be averaged, the second to be summed."""
    summed = [where for where, a in ((ENERGY, energy), (OF_Q, of_q)) if a.powers[1] == 1]
    if summed:
        yield Finding.of("draws-not-averaged", " and ".join(summed))
    latent = of_q.powers[2] - energy.powers[2]
    if latent == -1:
        yield Finding.of("kl-mean-over-latents", OF_Q)
    other = (
        0,
        min(of_q.powers[1], 0) - min(energy.powers[1], 0),
        latent if latent != -1 else 0,
    )
    if any(other):
        yield Finding.of("beta", OF_Q, f"its weight is {spell_factor(1, other, _SIZES)}")


def _weights(energy, of_q, form):
    """Plain numbers before the terms, and the prior that is in one of them or in both."""
    first, second = abs(energy.factor), abs(of_q.factor)
    # E[log p] - b E[log q - log p] has b in both.
    twice = second > 0 and (near(first, 1 + second) or near(first, 2 * second))
    common = first or 1.0
    if twice:
        yield Finding.of("kl-to-posterior", OF_Q, "log p(x, z) is in both terms")
        common = first - second
    if second and near(second, 2 * common) and form.name == elbo_form.KL:
        yield Finding.of("kl-half-missing", OF_Q)
    elif second and not near(second, common):
        yield Finding.of("beta", OF_Q, f"its weight is {spell(second / common)}")
    if not near(common, 1.0):
        yield Finding.of("scaled", WHOLE, spell(common), legal=False)
    prior = form.prior.any()
    if form.name == elbo_form.KL and first and not prior:
        yield Finding.of("prior-twice", WHOLE)
    if form.name != elbo_form.KL and prior and second and not twice:
        yield Finding.of("kl-missing", "log p(z)", "log p(x|z) stands for log p(x, z)")


def _constants(form):
    slack = SAME * np.maximum(1.0, np.abs(form.expected))

    def are(constants):
        return (np.abs(form.constants - constants) < slack).all()

    if are(form.expected) or not (form.energy.any() or form.weights.any()):
        return
    known = are(form.without_2pi) or are(0.0)
    kind = "normaliser-missing" if known else "normaliser-wrong"
    yield Finding.of(kind, OF_Q, legal=False)


def _explain_log_of_mean(asked, epsilon):
    found = elbo_form.recognise_log_of_mean(asked, epsilon)
    if found is None:
        raise Broken("unexplained", "neither log p(x, z) with log q, H(q) or a KL, nor log E[w]")
    sizes = [a.size for a in asked]
    factor = amplitude([weight for weight, _, _ in found], sizes, WHOLE)
    residual = max(miss for _, _, miss in found)
    findings = [
        Finding.of("log-of-mean", WHOLE),
        *reading.signs(factor.factor, 0.0),
        *reading.batch(factor, Amplitude(), asked[0].per_datum),
    ]
    if not near(abs(factor.factor), 1.0):
        findings.append(Finding.of("scaled", WHOLE, spell(abs(factor.factor)), legal=False))
    # The log of a sum in place of a mean is larger by log S for each datum.
    left = [constant / weight for weight, constant, _ in found]
    summed = [np.log(a.size[1]) * (1 if a.per_datum else a.size[0]) for a in asked]
    if np.allclose(left, summed, rtol=SAME):
        findings.append(Finding.of("draws-not-averaged", WHOLE))
    elif not np.allclose(left, 0.0, atol=SAME):
        findings.append(Finding.of("normaliser-wrong", WHOLE))
    terms = [(factor.factor, factor.powers, "log E[p(x, z) / q(z)]")]
    return Diagnosis(findings, spell_terms(terms, _SIZES), None, residual)


def _formula(energy, of_q, form):
    terms = []
    if energy.factor:
        prior = form.prior[0] / form.energy[0]
        only_likelihood = near(prior, 1.0)
        what = "E[log p(x|z)]" if only_likelihood else ENERGY
        terms.append((energy.factor, energy.powers, what))
        if prior and not only_likelihood:
            terms.append((-energy.factor * prior, energy.powers, "E[log p(z)]"))
    if of_q.factor:
        sign, what = _FORMULAS[form.name]
        if form.space.reverse:
            what = "KL(N(0, I)‖q)"
        if form.space.power != 1 or set(form.ratios) != {1.0}:
            what += " with parts amiss"
        terms.append((sign * of_q.factor, of_q.powers, what))
    return spell_terms(terms, _SIZES) or "a constant"
