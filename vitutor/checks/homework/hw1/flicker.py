"""A lamp that flickers: a hidden Markov chain, by all its paths."""

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS

MISSING = -1


def draw_sequence(c, length, rng):
    """Draw the counts (T,) of one flickering lamp, an eighth of them missing."""
    state, counts = rng.choice(len(c["start"]), p=c["start"]), []
    for _ in range(length):
        counts.append(rng.poisson(c["emission"][state]))
        state = rng.choice(len(c["start"]), p=c["move"][state])
    return np.where(rng.random(length) < 1 / 8, MISSING, counts)


def _paths(c, x, move=None, start=None, emit_missing=False):
    """log p(x, path) of every path of the hidden states: an array with T axes of K."""
    move = np.log(c["move"] if move is None else move)
    total, n, length = np.log(c["start"] if start is None else start), len(c["start"]), len(x)
    total = total.reshape([n] + [1] * (length - 1))
    for t, count in enumerate(x):
        emitted = stats.poisson.logpmf(max(count, 0), c["emission"])
        if count == MISSING and not emit_missing:
            emitted = np.zeros(n)
        total = total + emitted.reshape([1] * t + [n] + [1] * (length - t - 1))
        if t:
            total = total + move.reshape([1] * (t - 1) + [n, n] + [1] * (length - t - 1))
    return total


def _sequences(c, rng, n_data=3, length=5):
    x = rng.poisson(rng.choice(c["emission"], (n_data, length)))
    x[:, 2] = MISSING
    return x


def log_marginal_flicker(c):
    """Part 2.3."""
    rates = c["emission"]
    stationary = np.linalg.matrix_power(c["move"], 10_000)[0]

    def each(function):
        return lambda x: np.array([function(row) for row in x])

    def independent(x):
        seen = x[x != MISSING]
        return logsumexp(stats.poisson.logpmf(seen[:, None], rates), b=c["start"], axis=1).sum()

    def marginal(x, **change):
        return logsumexp(_paths(c, x, **change))

    return Function(
        "**2.3** `log_marginal_flicker(x)`: sequences (N, T), some counts missing, to (N,).",
        truth=each(marginal),
        draw_case=lambda rng: (_sequences(c, rng),),
        tolerance=1e-8,
        because="At a missing count the chain moves on and nothing is multiplied in: the integral "
        "over what was not seen is one.",
        mistakes=(
            Mistake(
                each(lambda x: marginal(x, move=c["move"].T)),
                "The moves go backwards: `hw.move[j, k]` is the probability of $k$ after $j$, so "
                "the sum is over its first index.",
            ),
            Mistake(
                each(lambda x: marginal(x, emit_missing=True)),
                "A missing count is read as a count of zero. Nobody looked: it tells nothing.",
            ),
            Mistake(
                each(lambda x: marginal(x[x != MISSING])),
                "The missing moments are cut out of the sequence. The lamp moves on while nobody "
                "looks: there is a move for each moment.",
            ),
            Mistake(
                each(lambda x: marginal(x, start=c["start"] @ c["move"])),
                "The chain has moved once before the first count. `hw.start` is the law of the "
                "first state itself.",
            ),
            Mistake(
                each(lambda x: marginal(x, start=stationary)),
                "The chain starts from its stationary law. `hw.start` is another one.",
            ),
            Mistake(each(lambda x: _paths(c, x).max()), MISCONCEPTIONS["best-latent"]),
            Mistake(
                each(independent),
                "The moments are treated as independent: without the moves this is no chain.",
            ),
        ),
        hint="`log_alpha` (N, K) starts as log start plus the first emission; each moment adds "
        "`logsumexp(log_alpha[:, :, None] + log_move, axis=1)` and, if a count was seen, its "
        "emission.",
    )


def state_probability(c):
    """Part 2.4."""
    n = len(c["start"])

    def at_each_moment(log_joint, normalise=True):
        axes = range(log_joint.ndim)
        rows = [logsumexp(log_joint, axis=tuple(a for a in axes if a != t)) for t in axes]
        return np.exp(np.array(rows) - normalise * logsumexp(log_joint))

    def filtered(x):
        return np.array([at_each_moment(_paths(c, x[: t + 1]))[t] for t in range(len(x))])

    def without_chain(x):
        emitted = stats.poisson.pmf(np.maximum(x, 0)[:, None], c["emission"])
        emitted[x == MISSING] = 1
        return emitted / emitted.sum(axis=1, keepdims=True)

    def best_path(x):
        log_joint = _paths(c, x)
        return np.eye(n)[list(np.unravel_index(log_joint.argmax(), log_joint.shape))]

    return Function(
        "**2.4** `state_probability(x)`: one sequence (T,) to $p(z_t = k \\mid x)$, shape (T, K).",
        truth=lambda x: at_each_moment(_paths(c, x)),
        draw_case=lambda rng: (_sequences(c, rng)[0],),
        tolerance=1e-8,
        because="Forward sums bring what the past knows of $z_t$, backward sums what the future "
        "knows: their product is the posterior.",
        mistakes=(
            Mistake(
                filtered,
                "This is $p(z_t \\mid x_1, \\dots, x_t)$, which knows the past only. The counts "
                "after $t$ tell something, too: that is what the backward sums are for.",
            ),
            Mistake(
                lambda x: at_each_moment(_paths(c, x), normalise=False),
                "This is $p(z_t = k,\\ x)$. Divide by $p(x)$: its rows do not sum to one.",
            ),
            Mistake(
                without_chain,
                "Each moment is judged by its own count alone. The chain, which carries what its "
                "neighbours know, is not in it.",
            ),
            Mistake(
                best_path,
                "This is the most probable path. At each moment *all* paths through a state count, "
                "each as often as it occurs.",
            ),
        ),
        hint="`log_beta[T-1] = 0`, and `log_beta[t] = logsumexp(log_move + emission of t+1 + "
        "log_beta[t+1], axis=1)`. Every row of the answer sums to one.",
    )
