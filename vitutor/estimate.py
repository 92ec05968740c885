"""A number, and how far to believe it. (Lesson 00 shows one; lesson 03 explains it)

Everything in this package that came from randomness is an Estimate. Closed forms and quadrature
are Estimates too, with a standard error of zero, so that the two can stand in one table.
"""

from dataclasses import dataclass

import numpy as np

from vitutor.errors import DomainError, ShapeError
from vitutor.numerics import WeightStream
from vitutor.pareto import k_threshold
from vitutor.validation import count, frozen, positive, real_array

_SHOWN = 6


@dataclass(frozen=True, eq=False, repr=False)
class Estimate:
    """Values with their standard errors, and what is known about both.

    Attributes
    ----------
    value, std_error : arrays of one shape, usually (N,), one entry a datum.
    bias : "none", "down" or "up": on which side of the truth the expected value lies.
    n_draws : int, 0 for closed forms and quadrature.
    ess, pareto_k : arrays like value, for estimates from importance weights, else None.
    grid_change : array like value, for quadrature, else None: how much the value moved when
        every second point of the grid was left out; far more than the error, on a grid finer than
        the integrand is wide.
    """

    value: np.ndarray
    std_error: np.ndarray
    bias: str = "none"
    n_draws: int = 0
    ess: np.ndarray | None = None
    pareto_k: np.ndarray | None = None
    grid_change: np.ndarray | None = None

    def __post_init__(self):
        if not isinstance(self.bias, str) or self.bias not in ("none", "down", "up"):
            raise DomainError(
                "bias",
                got=repr(self.bias),
                wanted='"none", "down" or "up"',
                remedy="It is the side of the truth on which the expected value lies.",
            )
        object.__setattr__(self, "n_draws", count("n_draws", self.n_draws, at_least=0))
        for name in ("value", "std_error", "ess", "pareto_k", "grid_change"):
            entry = getattr(self, name)
            if entry is not None or name in ("value", "std_error"):
                # log 0 is a value, and where nothing is known the error is infinite.
                entry = frozen(real_array(name, entry, (...,), allow=(-np.inf, np.inf)))
                object.__setattr__(self, name, entry)
                self._check_shape(name, entry)
        if (self.std_error < 0).any():
            raise DomainError(
                "std_error",
                got=f"a smallest entry of {self.std_error.min():.6g}",
                wanted="entries >= 0",
                remedy="It is a standard deviation.",
            )

    @classmethod
    def exact(cls, value):
        """Wrap a closed form: standard error zero."""
        value = real_array("value", value, (...,), allow=(-np.inf, np.inf))
        return cls(value, np.zeros_like(value))

    @classmethod
    def from_draws(cls, draws):
        """Average unbiased draws (S, ...) over their first axis.

        A draw of -inf, the log of zero, makes the average -inf and its error inf.
        """
        draws = real_array("draws", draws, ("S", ...), allow=(-np.inf,))
        n_draws, value = len(draws), draws.mean(axis=0)
        std_error = np.full_like(value, np.inf)
        if n_draws > 1:
            with np.errstate(invalid="ignore"):
                spread = draws.std(axis=0, ddof=1)
            std_error = np.where(np.isfinite(value), spread / np.sqrt(n_draws), np.inf)
        return cls(value, std_error, n_draws=n_draws)

    @classmethod
    def from_log_weights(cls, log_w):
        """Estimate log E[w], nats (N,), from log weights (S, N); its bias is down, by Jensen."""
        stream = WeightStream.of(log_w)
        return cls.from_stream(stream, len(log_w))

    @classmethod
    def from_stream(cls, stream, n_draws):
        """Estimate log E[w], nats (N,), from a WeightStream that has taken n_draws draws."""
        return cls(
            stream.log_mean(),
            stream.std_error(),
            bias="down",
            n_draws=n_draws,
            ess=stream.ess(),
            pareto_k=stream.pareto_k(),
        )

    @property
    def reliable(self):
        """False if, for any datum, the weights are too heavy-tailed to trust std_error."""
        if self.pareto_k is None:
            return True
        return bool((self.pareto_k < k_threshold(self.n_draws)).all())

    def sum(self):
        """Add up over all entries, whose errors are independent: an Estimate of shape ().

        Pareto k is the worst one and ESS the smallest, so an unreliable term stays visible.
        """
        return Estimate(
            self.value.sum(),
            np.sqrt((self.std_error**2).sum()),
            bias=self.bias,
            n_draws=self.n_draws,
            ess=None if self.ess is None else self.ess.min(),
            pareto_k=None if self.pareto_k is None else self.pareto_k.max(),
            grid_change=None if self.grid_change is None else np.abs(self.grid_change).sum(),
        )

    def within(self, truth, n_se=5):
        """Whether every value is within n_se standard errors of `truth`.

        Rounding (1e-12 relative) and the grid's own change are allowed for.
        """
        truth = real_array("truth", truth, (...,))
        if truth.shape:
            self._check_shape("truth", truth)
        n_se = positive("n_se", real_array("n_se", n_se, ()), remedy="Five is usual.")
        slack = 1e-12 * np.maximum(1.0, np.abs(truth))
        if self.grid_change is not None:
            slack = slack + np.abs(self.grid_change)
        return bool((np.abs(self.value - truth) <= n_se * self.std_error + slack).all())

    def __float__(self):
        if self.value.size != 1:
            raise ShapeError(
                "estimate",
                got=f"{self.value.size} values",
                wanted="one value",
                remedy="Take .value[i], or .sum() for the whole data set.",
            )
        return float(self.value.item())

    def __str__(self):
        if self.value.ndim == 0:
            return self._spell(())
        indices = list(np.ndindex(self.value.shape))
        lines = [self._spell(i) for i in indices[:_SHOWN]]
        if len(indices) > _SHOWN:
            lines.append(f"... {len(indices) - _SHOWN} more")
        return "\n".join(lines)

    __repr__ = __str__

    def _check_shape(self, name, entry):
        if entry.shape != self.value.shape:
            raise ShapeError(
                name,
                got=f"shape {entry.shape}",
                wanted=f"value's shape, {self.value.shape}",
                remedy="An Estimate has one entry of each a value.",
            )

    def _spell(self, i):
        value, error = self.value[i], self.std_error[i]
        if self.grid_change is not None:
            change = abs(self.grid_change[i])
            # Below this it is rounding, which differs between machines.
            by = "less than 1e-10" if change < 1e-10 else f"{change:.0e}"
            return f"{value:.6f} (quadrature; half the grid changes it by {by})"
        if self.n_draws == 0:
            return f"{value:.6f} (exact)"
        number = f"{value:.{_decimals(error)}f} ± {error:.{_decimals(error)}f}"
        if self.ess is None:
            return f"{number}  ({self.n_draws} draws)"
        text = f"{number}  (ESS {self.ess[i]:.0f} of {self.n_draws})"
        if self.pareto_k[i] < k_threshold(self.n_draws):
            return text
        return f"{text}  unreliable: Pareto k {self.pareto_k[i]:.2f}"


def _decimals(error):
    """Decimals that show an error's first digit, and the second if the first is a 1."""
    if error == 0 or not np.isfinite(error):
        return 6 if error == 0 else 2
    exponent = int(np.floor(np.log10(error)))
    return int(np.clip(-exponent + (error / 10**exponent < 2), 0, 12))
