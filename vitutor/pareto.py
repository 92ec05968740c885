"""How heavy is the tail of the importance weights? (Lesson 05)

The largest of many weights follow a generalised Pareto law with a shape k. The weights' variance
is finite iff k < 1/2, their mean iff k < 1: above 1/2 the standard error estimates nothing.

References: Vehtari, Simpson, Gelman, Yao & Gabry 2024, "Pareto smoothed importance sampling",
JMLR 25; the fit is Zhang & Stephens 2009, "A new and efficient estimation method for the
generalized Pareto distribution", Technometrics 51.
"""

import numpy as np


def tail_length(n_draws):
    """Return how many of n_draws weights are the tail: min(S / 5, 3 sqrt(S)), rounded up."""
    return int(np.ceil(min(n_draws / 5, 3 * np.sqrt(n_draws))))


def k_threshold(n_draws):
    """Return the k above which a standard error from n_draws weights is not to be trusted.

    1/2 is where the variance ceases to exist; below 100 draws the fit of k itself is too
    uncertain for that, and 1 - 1/log10(S) is stricter (Vehtari et al. 2024, section 3.2.4).
    """
    return min(0.5, 1 - 1 / np.log10(n_draws)) if n_draws > 1 else -np.inf


def tail_shape(log_w):
    """Return k for the ascending log weights (M + 1,) of a cut-off and the M draws above it.

    Fewer than 5 draws say nothing about a tail: inf. A largest weight that was drawn 5 times
    is a bound that was reached, and a bounded weight has no tail: -inf.
    """
    top = log_w[-1]
    if len(log_w) < 6 or top == -np.inf:
        return np.inf
    if np.count_nonzero(log_w > top - 1e-12 * max(1.0, abs(top))) >= 5:
        return -np.inf
    w = np.exp(log_w - top)
    return _generalised_pareto_shape(w[1:] - w[0])


def _generalised_pareto_shape(excess):
    n = len(excess)
    quarter = excess[int(n / 4 + 0.5) - 1]
    if quarter <= 0:
        return np.inf  # a quarter of the tail ties with the cut-off: a few draws hold the rest
    n_candidates = 30 + int(np.sqrt(n))
    rank = np.arange(1, n_candidates + 1) - 0.5
    b = 1 / excess[-1] + (1 - np.sqrt(n_candidates / rank)) / (3 * quarter)
    terms = np.multiply.outer(-b, excess)
    k = np.log1p(terms, out=terms).mean(axis=1)
    log_profile = n * (np.log(-b / k) - k - 1)
    weight = np.exp(log_profile - log_profile.max())
    k_hat = np.log1p(-(weight @ b / weight.sum()) * excess).mean()
    return (n * k_hat + 10 * 0.5) / (n + 10)  # the weak prior of Vehtari et al. 2024
