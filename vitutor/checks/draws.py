"""A question about random draws: is their mean right, and are they worth what they cost?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vitutor.checks.answers import kind, plain_array
from vitutor.checks.questions import Mistake, Verdict, invite
from vitutor.estimate import Estimate

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Draws:
    """A function that draws, held against the mean its draws should have, on fresh cases.

    The learner's f(*case, n_draws=, rng=) returns draws (n_draws, ...), whose mean has to lie
    within `n_se` of their own standard errors of truth(*case), an array of shape (...). Where that
    standard error exceeds largest_se(*case) the verdict is `too_noisy`. With `log`, the draws are
    logarithms of weights and truth the logarithm of the weights' mean. A mistake answers with the
    mean that it would have.
    """

    prompt: str
    truth: Callable
    draw_case: Callable
    because: str
    mistakes: tuple[Mistake, ...]
    hint: str
    largest_se: Callable
    too_noisy: str
    n_draws: int = 10_000
    n_se: float = 5.0
    n_cases: int = 3
    log: bool = False

    @np.errstate(all="ignore")
    def judge(self, answer, seed=None):
        """Return the Verdict on a function, or the question if the answer is `...`."""
        if answer is ...:
            return Verdict(None, f"{self.prompt}\n\n{invite('your function')}")
        if not callable(answer):
            return Verdict(False, f"Pass the function itself; this is a {kind(answer)}.")
        rng = np.random.default_rng(seed)
        cases = [self.draw_case(rng) for _ in range(self.n_cases)]
        truths = [self.truth(*case) for case in cases]  # before the answer can touch its arguments
        estimates = []
        for case, truth in zip(cases, truths, strict=True):
            own = np.random.default_rng(rng.integers(2**63))
            try:
                draws = plain_array(answer(*case, n_draws=self.n_draws, rng=own))
            except Exception as error:
                return Verdict(False, f"**Not so.** It stops with {type(error).__name__}: {error}")
            refusal = self._refuse(draws, np.shape(truth))
            if refusal:
                return Verdict(False, f"**Not so.** {refusal}")
            estimates.append(self._estimate(draws))
        distance = self._distance(estimates, truths)
        if distance <= self.n_se:
            return self._price(estimates, cases)
        reliable = all(estimate.reliable for estimate in estimates)
        by_mistake = [
            self._distance(estimates, [mistake.answer(*case) for case in cases])
            for mistake in self.mistakes
        ]
        # With errors that a heavy tail has spoilt, a mistake has to be nearer by far.
        near = self.n_se if reliable else min(self.n_se, distance / 3)
        if by_mistake and min(by_mistake) <= near:
            says = self.mistakes[int(np.argmin(by_mistake))].says
            return Verdict(False, f"**Not so.** {says}")
        if not reliable:
            k = max(estimate.pareto_k.max() for estimate in estimates)
            return Verdict(
                False,
                f"**Not so.** The weights have a heavy tail: Pareto's $k$ is {k:.2f}, and neither "
                f"their mean nor its error can be believed. {self.hint}",
            )
        return Verdict(False, f"**Not so.** {self.hint}")

    def _refuse(self, draws, shape):
        if draws is None:
            return "It does not return real numbers."
        wanted = (self.n_draws, *shape)
        if draws.shape != wanted:
            return f"It returns shape {draws.shape}; shape {wanted} is wanted, one row a draw."
        allowed = [-np.inf] if self.log else []  # a weight of zero
        if not (np.isfinite(draws) | np.isin(draws, allowed)).all():
            return "Some of its draws are infinite or not a number."
        if (draws == draws[0]).all():
            return "All its draws are the same. Each is to be made anew, with `rng`."
        return None

    def _estimate(self, draws):
        if not self.log:
            return Estimate.from_draws(draws)
        flat = Estimate.from_log_weights(draws.reshape(len(draws), -1))
        shape = draws.shape[1:]
        return Estimate(
            flat.value.reshape(shape),
            flat.std_error.reshape(shape),
            n_draws=flat.n_draws,
            pareto_k=flat.pareto_k.reshape(shape),
        )

    def _distance(self, estimates, wanted):
        """The largest distance from `wanted`, in standard errors."""
        distances = [
            np.max(np.abs(e.value - w) / (e.std_error + _ROUNDING * (1 + np.abs(w))))
            for e, w in zip(estimates, wanted, strict=True)
        ]
        return np.inf if np.isnan(distances).any() else max(distances)

    def _price(self, estimates, cases):
        for estimate, case in zip(estimates, cases, strict=True):
            if (estimate.std_error > self.largest_se(*case)).any():
                return Verdict(False, f"**Not so.** {self.too_noisy}")
        return Verdict(True, f"**Right.** {self.because}")
