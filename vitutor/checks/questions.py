"""Questions that tell which misunderstanding a wrong answer came from.

Every question knows, beside the truth, what the likely mistakes would have answered. Truths and
mistakes are computed, never typed in.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vitutor.checks.answers import as_given, kind, number, plain_array

_SINGLE = 1e-4  # what is left of float32's seven digits after a few sums and differences


@dataclass(frozen=True)
class Verdict:
    """What a learner is told: right (None while there is no answer), and the words."""

    right: bool | None
    says: str

    def __str__(self):
        return self.says

    __repr__ = __str__

    def _repr_markdown_(self):
        return self.says


@dataclass(frozen=True)
class Mistake:
    """What a misunderstanding answers, a number or a function, and the sentence that names it."""

    answer: object
    says: str


@dataclass(frozen=True)
class Choice:
    """Options by letter, each a pair (text, reply); `right` is the letter of the right one."""

    prompt: str
    options: dict[str, tuple[str, str]]
    right: str

    def judge(self, answer):
        """Return the Verdict on a letter, or the question if the answer is `...`."""
        if answer is ...:
            return Verdict(None, f"{self.prompt}\n\n{spell(self.options)}\n\n{invite('a letter')}")
        letter = answer.strip().lower() if isinstance(answer, str) else answer
        if not isinstance(letter, str) or letter not in self.options:
            return Verdict(False, f"Answer with one of {', '.join(self.options)}, in quotes.")
        right = letter == self.right
        return Verdict(right, f"**{'Right' if right else 'Not so'}.** {self.options[letter][1]}")


@dataclass(frozen=True)
class Number:
    """A number `truth`, met within `tolerance`; `because` is said with the right answer."""

    prompt: str
    truth: float
    tolerance: float
    because: str
    mistakes: tuple[Mistake, ...]
    hint: str

    def judge(self, answer):
        """Return the Verdict on a number, or the question if the answer is `...`."""
        if answer is ...:
            return Verdict(None, f"{self.prompt}\n\n{invite('a number, or code that computes it')}")
        value = number(answer)
        if value is None:
            return Verdict(False, f"Answer with one finite number; this is a {kind(answer)}.")
        if abs(value - self.truth) <= self.tolerance:
            return Verdict(True, f"**Right.** {self.because}")
        for mistake in self.mistakes:
            # A mistake that is off by orders of magnitude has a tolerance of its own order.
            order = min(1.0, abs(mistake.answer / self.truth)) if self.truth else 1.0
            if abs(value - mistake.answer) <= self.tolerance * order:
                return Verdict(False, f"**Not so.** {mistake.says}")
        return Verdict(False, f"**Not so.** {self.hint}")


@dataclass(frozen=True)
class Function:
    """A function the learner writes, held against `truth` on fresh cases.

    `draw_case(rng)` returns the arguments of one call; answers are arrays or numbers, equal to
    the truth's within `tolerance`. Each mistake is itself a function of the same arguments. A
    right formula in float32 is told so.
    """

    prompt: str
    truth: Callable
    draw_case: Callable
    tolerance: float
    because: str
    mistakes: tuple[Mistake, ...]
    hint: str
    n_cases: int = 5

    # A wrong function may well divide by zero; the NaN it returns is judged like any other answer.
    @np.errstate(all="ignore")
    def judge(self, answer, seed=None):
        """Return the Verdict on a function, or the question if the answer is `...`."""
        if answer is ...:
            return Verdict(None, f"{self.prompt}\n\n{invite('your function')}")
        if not callable(answer):
            return Verdict(False, f"Pass the function itself; this is a {kind(answer)}.")
        # Fresh each time, so that no answer can be learnt by heart; a grade's cases have a seed.
        rng = np.random.default_rng(seed)
        cases = [self.draw_case(rng) for _ in range(self.n_cases)]
        truths = [plain_array(self.truth(*case)) for case in cases]
        given, tolerance = [], self.tolerance
        for case, truth in zip(cases, truths, strict=True):
            try:
                value = as_given(answer(*case))
            except Exception as error:
                return Verdict(False, f"**Not so.** It stops with {type(error).__name__}: {error}")
            if value is None:
                return Verdict(False, "**Not so.** It does not return real numbers.")
            if value.shape != truth.shape:
                return Verdict(
                    False,
                    f"**Not so.** It returns shape {value.shape}; shape {truth.shape} is wanted.",
                )
            if value.dtype.kind == "f" and value.dtype.itemsize < 8:
                tolerance = max(self.tolerance, _SINGLE)
            given.append(value.astype(np.float64))
        if _same(given, truths, self.tolerance):
            return Verdict(True, f"**Right.** {self.because}")
        if _same(given, truths, tolerance):
            return Verdict(
                False,
                "**Not so.** It is right to the digits that `float32` has, and more are asked for. "
                "The formula is right: compute it in `float64`, from the first line on.",
            )
        for mistake in self.mistakes:
            wanted = [plain_array(mistake.answer(*case)) for case in cases]
            if _same(given, wanted, tolerance):
                return Verdict(False, f"**Not so.** {mistake.says}")
        return Verdict(False, f"**Not so.** {self.hint}")


def _same(given, wanted, tolerance):
    return all(
        np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
        for a, b in zip(given, wanted, strict=True)
    )


def spell(options):
    """Return the options, by letter, as a Markdown list."""
    return "\n".join(f"- **{letter}** {text}" for letter, (text, _) in options.items())


def invite(what):
    return f"*Replace `...` by {what}, and run the cell again.*"
