"""Which ELBO is this loss, and what is wrong with it. (Lesson 13)"""

import numpy as np

from vitutor import validation
from vitutor.audit import formula, reading
from vitutor.audit.calling import ROLES, AuditedLoss, Broken, quietly, quote
from vitutor.audit.diagnosis import Diagnosis, Finding
from vitutor.audit.explain import explain
from vitutor.audit.probes import Measured, shapes
from vitutor.errors import ArgumentTypeError, DomainError


def audit_loss(
    loss_fn,
    *,
    arguments=("recon", "x", "mu", "logvar"),
    noise_scale=None,
    data_shape=None,
    data=None,
):
    """Find the formula that explains every value of a VAE's loss, and say what it is.

    The loss is called on small float64 arrays, NumPy if it takes them and torch tensors else,
    and is to be minimised. Likelihood and reductions are recognised, not asked for.

    Parameters
    ----------
    loss_fn : function of recon (N, D), x (N, D), mu (N, K), logvar (N, K), returning one number
        or (N,). recon may be probabilities, logits or means.
    arguments : the names of its arguments in order; "logstd", "std" or "var" in place of "logvar".
    noise_scale : standard deviation of a Gaussian decoder, if you have one in mind. Needed only
        where the loss has no normaliser: it then tells a missing ½ or a beta from another noise.
    data_shape : shape of one datum if the loss has it built in: 784, or (1, 28, 28). A mean over
        its pixels is then one number with a weight of 1/784, and the plainer of both is told.
    data : a batch of your own x, looked at only for whether its pixels are all 0 or 1.

    Returns a Diagnosis. Whatever the loss does (exceptions, NaN, shapes, writing to its inputs,
    noise of its own) is a finding; ArgumentTypeError and DomainError are for these arguments.
    """
    if not callable(loss_fn):
        raise ArgumentTypeError("loss_fn", got=repr(loss_fn), wanted="a function")
    _check_roles(arguments)
    if noise_scale is not None:
        noise_scale = float(validation.real_array("noise_scale", noise_scale, ()))
        validation.positive("noise_scale", np.array(noise_scale))
    if data_shape is not None:
        data_shape = tuple(validation.count("data_shape", n) for n in np.atleast_1d(data_shape))
    grey = data is not None and not np.isin(np.asarray(data), (0, 1)).all()

    with quietly():
        return _audit(AuditedLoss(loss_fn, arguments, data_shape), data_shape, noise_scale, grey)


def _audit(loss, data_shape, noise_scale, grey):
    try:
        pixels, base, explanation = _explain(loss, data_shape)
    except Broken as broken:
        return Diagnosis([*broken.findings, *_side_effects(loss)])
    findings = reading.read(
        explanation,
        noise_scale=noise_scale,
        per_datum=loss.per_datum,
        grey=grey and pixels == "grey",
    )
    if pixels == "binary":
        findings.append(Finding.of("binary-only", "the function", legal=not grey))
    findings += _side_effects(loss)
    if loss.is_torch:
        findings += _gradients(loss, base)
    return Diagnosis(
        findings, formula.write(explanation), formula.implied(explanation), explanation.residual
    )


def _explain(loss, data_shape):
    """The Explanation on grey pixels, where more mistakes show, else on binary; with a point."""
    sizes = shapes(None if data_shape is None else int(np.prod(data_shape)))
    failures = []
    for pixels in ("grey", "binary"):
        try:
            measured = [Measured(loss, shape, pixels) for shape in sizes]
            return pixels, measured[0].base, explain(measured, loss.epsilon)
        except Broken as broken:
            failures.append(broken)
    # What was measured and not explained says more than what could not be measured.
    raise min(failures, key=lambda broken: broken.findings[0].kind != "unexplained")


def _side_effects(loss):
    if loss.changed:
        roles = ", ".join(sorted(loss.changed))
        yield Finding.of("changes-inputs", "the function", f"it writes to {roles}")


def _gradients(loss, base):
    """Compare autograd with the slope of the loss itself, along one direction an argument."""
    inputs = loss.inputs(base)
    step, slack = (1e-5, 1e-3) if loss.epsilon < 1e-10 else (3e-3, 0.3)
    try:
        gradients = loss.gradient(inputs)
    except Exception as error:
        return [Finding.of("raises", "the function", f"in its gradient: {quote(error)}")]
    cut = []
    for role in gradients.keys() - {"x"}:
        direction = np.random.default_rng(0).uniform(0.5, 1.0, inputs[role].shape)
        there, back = (
            loss.value(inputs | {role: inputs[role] + s * direction}) for s in (step, -step)
        )
        slope, flows = (there - back) / (2 * step), (gradients[role] * direction).sum()
        if abs(slope - flows) > slack * max(abs(slope), abs(flows)):
            cut.append(role)
    if not cut:
        return []
    roles = ", ".join(role for role in gradients if role in cut)
    return [Finding.of("detached-sample", roles, f"the gradient does not reach {roles}")]


def _check_roles(arguments):
    named = set() if isinstance(arguments, str) else set(arguments)
    if not (len(named) == len(arguments) == 4 and {"recon", "x", "mu"} < named <= set(ROLES)):
        raise DomainError(
            "arguments",
            got=repr(arguments),
            wanted='"recon", "x", "mu", and one of "logvar", "logstd", "std", "var"',
        )
