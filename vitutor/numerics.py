"""Sums of exponentials that neither overflow nor keep what they have seen. (Lessons 03, 05)

`log_w`, an array of log importance weights (S, N), is the seam of the whole package; what is here
reduces it. WeightStream takes it block by block, so that a million draws need no more memory than
a thousand.
"""

import numpy as np

from vitutor.pareto import tail_length, tail_shape
from vitutor.validation import real_array


def logmeanexp(log_w):
    """Return the log of the mean of exp(log_w) over its first axis, nats, without overflow.

    An entry of -inf is a weight of zero; NaN and +inf are NonFiniteError.
    """
    log_w = _log_weights(log_w, ("S", ...))
    shift = _finite(log_w.max(axis=0))
    w = log_w - shift
    with np.errstate(divide="ignore"):
        return np.log(np.exp(w, out=w).mean(axis=0)) + shift


def effective_sample_size(log_w):
    """Return (sum w)^2 / sum w^2 over the draws of log_w (S, N): shape (N,), between 1 and S.

    It is 0 where every weight is zero. Reference: Kong, Liu & Wong 1994, section 4.
    """
    return WeightStream.of(log_w).ess()


def pareto_k(log_w):
    """Return the tail shape k (N,) of log weights log_w (S, N): see vitutor.pareto."""
    return WeightStream.of(log_w).pareto_k()


class WeightStream:
    """Log weights, block by block, reduced to a mean, its error, ESS and the tail's Pareto k.

    Keeps, for each datum, the running maximum, the sums of w and w^2 relative to that maximum,
    and the largest weights, which are all that Pareto k looks at. How the draws were cut into
    blocks changes the answer by rounding alone.
    """

    def __init__(self, n_draws, n_data):
        """Expect n_draws draws in all: that fixes how many of the largest weights are the tail."""
        self._seen = 0
        self._max = np.full(n_data, -np.inf)
        self._sum, self._sum_squares = np.zeros(n_data), np.zeros(n_data)
        # The tail, and in row 0 the cut-off below it: zeros until there are weights.
        self._largest = np.full((tail_length(n_draws) + 1, n_data), -np.inf)
        self._candidates = []

    @classmethod
    def of(cls, log_w):
        """Take all of log_w (S, N) at once."""
        log_w = _log_weights(log_w, ("S", "N"))
        stream = cls(*log_w.shape)
        stream.add(log_w)
        return stream

    def add(self, log_w):
        """Take a block of log weights (B, N), where -inf is a weight of zero.

        ShapeError for another shape; NonFiniteError for NaN or +inf: a density the model got
        wrong, never a fact of sampling.
        """
        log_w = _log_weights(log_w, ("S", len(self._max)))
        new_max = np.maximum(self._max, log_w.max(axis=0))
        shift = _finite(new_max)
        shrink = np.exp(self._max - shift)
        w = log_w - shift
        np.exp(w, out=w)
        self._sum = self._sum * shrink + w.sum(axis=0)
        self._sum_squares = self._sum_squares * shrink**2 + np.einsum("sn,sn->n", w, w)
        self._max = new_max
        self._seen += len(log_w)
        self._keep_largest(log_w)

    def log_mean(self):
        """Log of the mean weight, nats (N,)."""
        with np.errstate(divide="ignore"):
            return self._max + np.log(self._sum / self._seen)

    def ess(self):
        """Kong's effective sample size (N,); 0 where every weight was zero."""
        squares = np.where(self._sum > 0, self._sum_squares, 1.0)
        return self._sum**2 / squares

    def std_error(self):
        """Standard error of the log mean by the delta method, nats (N,); inf from one draw."""
        if self._seen == 1:
            return np.full_like(self._sum, np.inf)
        with np.errstate(divide="ignore"):
            relative_variance = self._seen / self.ess() - 1
        # What equal weights leave here is rounding, of either sign.
        relative_variance = np.where(relative_variance < 1e-12, 0.0, relative_variance)
        return np.sqrt(relative_variance / (self._seen - 1))

    def pareto_k(self):
        """Tail shape k of the weights (N,): see vitutor.pareto."""
        self._merge()
        return np.array([tail_shape(column) for column in np.sort(self._largest, axis=0).T])

    def _keep_largest(self, log_w):
        entering = log_w[np.flatnonzero((log_w > self._largest[0]).any(axis=1))]
        if not len(entering):
            return
        self._candidates.append(entering)
        if sum(map(len, self._candidates)) > 2 * len(self._largest):
            self._merge()

    def _merge(self):
        keep = len(self._largest)
        largest = np.concatenate([self._largest, *self._candidates])
        self._largest = np.partition(largest, -keep, axis=0)[-keep:]
        self._candidates = []


def _log_weights(log_w, shape):
    remedy = "A log density of the model or of q returned it: check_model(model, x) tells which."
    return real_array("log_w", log_w, shape, allow=(-np.inf,), remedy=remedy)


def _finite(maximum):
    # Shifting by a maximum of -inf would make NaN of a weight of zero.
    return np.where(maximum == -np.inf, 0.0, maximum)
