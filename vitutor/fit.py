"""Move q until the ELBO rises no more. (Lessons 08, 09)

    from vitutor.fit import fit, fit_coordinate_ascent
    from vitutor.gradients import reparameterised
    from vitutor.optim import Adam

    q, trace = fit(model, x, q, gradient=reparameterised, optimiser=Adam(0.05),
                   n_steps=2000, n_draws=10, rng=rng)

`fit` follows noisy gradients, of any model, family and estimator. `fit_coordinate_ascent` needs
closed forms, and then has neither noise nor a step size.
"""

import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from vitutor import elbo, validation
from vitutor.coordinate_ascent import fit_coordinate_ascent
from vitutor.errors import ArgumentTypeError, DomainError, NonFiniteError, ShapeError
from vitutor.estimate import Estimate

__all__ = ["Trace", "fit", "fit_coordinate_ascent"]

RECORD_EVERY = 10  # steps: recording the ELBO at each would cost as much as the gradient
CHECK_EVERY = 100  # steps between two looks at whether the path still drifts
PATIENCE = 3.0  # seconds a run may take before it shows a progress bar


@dataclass(frozen=True, eq=False)
class Trace:
    """Where `fit` went, from its start to its last step.

    Attributes
    ----------
    steps : (R,), every tenth step, and the last.
    params : (R, N, P), q's parameters after these steps.
    elbo : the ELBO there, nats, an Estimate (R, N) with n_draws draws of its own each.
    settled : whether the run ended because the path had stopped drifting.
    family, state : a q to give params to, and what the optimiser remembers.
    """

    steps: np.ndarray
    params: np.ndarray
    elbo: Estimate
    settled: bool
    family: Any
    state: Any

    @property
    def path(self):
        """The R distributions q."""
        return [self.family.with_params(params) for params in self.params]


def fit(
    model,
    x,
    q,
    *,
    gradient,
    optimiser,
    n_steps,
    n_draws,
    rng,
    tolerance=None,
    resume=None,
):
    """Maximise the ELBO over q's parameters along stochastic gradients: return (q, trace).

    Parameters
    ----------
    x, q : data (N, Dx) and where to start, a family with params (N, P). Params (P,), which all
        data share, are moved by the sum of the data's gradients.
    gradient : an estimator such as gradients.reparameterised, called as
        gradient(model, x, q, n_draws, rng=rng) -> draws (S, N, P).
    optimiser : see vitutor.optim.
    tolerance : stop once the mean of each parameter over the last quarter of the path is within
        this of its mean over the quarter before; q is then the mean over both (Polyak & Juditsky
        1992). No rule can tell having arrived from moving very slowly.
    resume : the trace of an earlier run, to go on where it ended; q then only says the family.
        With the same rng, two runs in a row take the steps of one long run.

    NonFiniteError, naming the step, when a gradient or parameter is no longer finite.
    """
    x = validation.real_array("x", x, ("N", "Dx"))
    n_steps = validation.count("n_steps", n_steps)
    n_draws = validation.count("n_draws", n_draws)
    validation.generator(rng)
    validation.function("gradient", gradient)
    if tolerance is not None:
        tolerance = validation.real_array("tolerance", tolerance, ())
        validation.positive("tolerance", tolerance, remedy="None takes all n_steps steps.")

    if resume is not None and not isinstance(resume, Trace):
        raise ArgumentTypeError(
            "resume",
            got=f"a {type(resume).__name__}",
            wanted="the Trace that fit returned",
            remedy="fit returns (q, trace).",
        )

    # Draws of their own for the trace, so that looking does not change the steps.
    trace_rng = rng.spawn(1)[0]
    if resume is None:
        steps, path, bounds = [0], [q.params], [_elbo(model, x, q, n_draws, trace_rng)]
        state = optimiser.init(q.params)
    else:
        steps, path, state = list(resume.steps), list(resume.params), resume.state
        bounds = list(zip(resume.elbo.value, resume.elbo.std_error, strict=True))
        q = q.with_params(path[-1])
    params, last, mean = path[-1], int(steps[-1]) + n_steps, None
    for step in _with_progress(range(int(steps[-1]) + 1, last + 1)):
        try:
            rise = _mean_gradient(gradient(model, x, q, n_draws, rng=rng), params)
            params, state = optimiser.ascend(params, rise, state)
            q = q.with_params(params)
            if step % RECORD_EVERY == 0 or step == last:
                bounds.append(_elbo(model, x, q, n_draws, trace_rng))
                steps.append(step)
                path.append(params)
        except (NonFiniteError, DomainError) as error:
            raise NonFiniteError(
                f"{error.argument} at step {step}",
                got=error.got,
                wanted=error.wanted,
                remedy="Take a smaller learning_rate, more draws, or a better start.",
            ) from error
        if tolerance is not None and step % CHECK_EVERY == 0:
            mean = _settled_mean(path, tolerance)
            if mean is not None:
                q = q.with_params(mean)
                break
    value, std_error = (np.array(column) for column in zip(*bounds, strict=True))
    bound = Estimate(value, std_error, n_draws=n_draws)
    return q, Trace(np.array(steps), np.array(path), bound, mean is not None, q, state)


def _elbo(model, x, q, n_draws, rng):
    bound = elbo.joint_minus_log_q(model, x, q, q.sample(n_draws, rng=rng))
    return bound.value, bound.std_error


def _mean_gradient(draws, params):
    """The gradient of the ELBO in `params`: its draws (S, N, P) averaged."""
    rise = draws.sum(axis=0) / len(draws)
    if params.ndim == 1:
        rise = rise.sum(axis=0)
    if rise.shape != params.shape:
        raise ShapeError(
            "gradient",
            got=f"draws of shape {draws.shape}",
            wanted=f"(S, N, P) for parameters of shape {params.shape}",
            remedy="An estimator returns its draws, not their mean.",
        )
    return validation.real_array("gradient", rise, rise.shape)


def _settled_mean(path, tolerance):
    """The mean of the path's last half, if its two quarters agree to `tolerance`; else None."""
    quarter = len(path) // 4
    if quarter * RECORD_EVERY < CHECK_EVERY:
        return None
    before = np.mean(path[-2 * quarter : -quarter], axis=0)
    after = np.mean(path[-quarter:], axis=0)
    return (before + after) / 2 if (np.abs(after - before) <= tolerance).all() else None


def _with_progress(steps):
    """Yield the steps, and show a bar if they turn out to take long."""
    start = time.monotonic()
    for i, step in enumerate(steps):
        if time.monotonic() - start > PATIENCE:
            from tqdm.auto import tqdm

            # The notebook's bar does not heed tqdm's own switch, so it is heeded here.
            off = "TQDM_DISABLE" in os.environ
            yield from tqdm(steps[i:], initial=i, total=len(steps), unit="step", disable=off)
            return
        yield step
