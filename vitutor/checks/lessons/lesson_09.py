"""Bets and questions of lesson 9, learning the model."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number

BETS = {
    "09.fall": Bet(
        "09.fall",
        "Start at maximum likelihood. E-step: the best $q$ with independent coordinates. M-step: the noise variance that "
        "maximises the ELBO. Round and round. What happens to $\\log p(x)$?",
        {
            "a": (
                "It stays: it is at its maximum, and EM stops there.",
                "EM with the *exact* E-step stops there. This ELBO has its maximum elsewhere.",
            ),
            "b": (
                "It rises, since the ELBO rises and is a bound.",
                "A bound that rises may come nearer to what it bounds. And $\\log p(x)$ was at its maximum.",
            ),
            "c": (
                "It falls, with every sweep.",
                "The ELBO gains more by a smaller gap than it loses by a smaller $\\log p(x)$.",
            ),
        },
        right="c",
    ),
    "09.switch": Bet(
        "09.switch",
        "The two weights start at 1 and 0.9, $q$ has independent coordinates, and EM may change both weights and the noise. "
        "Where will it end?",
        {
            "a": (
                "With two weights that are about equal.",
                "Then the posterior is correlated, and $q$ pays a gap. The same $p(x)$ can be had without one.",
            ),
            "b": (
                "With one weight at zero.",
                "One cause explains as much of $x$ as two, and leaves no correlation for $q$ to miss.",
            ),
            "c": (
                "With both at zero, and noise alone.",
                "That model is as good, and has no gap either. But the climb stops as soon as one cause is gone: from "
                "there on nothing pulls.",
            ),
        },
        right="b",
    ),
    "09.left": Bet(
        "09.left",
        "How many of the 20 clusters will hold more than one datum in the end?",
        {
            "a": (
                "All 20: more clusters always fit better.",
                "So it is for the likelihood. The ELBO charges each component for its parameters.",
            ),
            "b": (
                "Ten, one for each kind of digit.",
                "Two principal components do not separate ten kinds, and the bound does not know of kinds.",
            ),
            "c": (
                "Fewer than ten.",
                "Kinds that overlap in two principal components share a cluster.",
            ),
        },
        right="c",
    ),
    "09.fewer": Bet(
        "09.fewer",
        "The same model with its 20 clusters. Fill three, four, five or six of them at the start, and leave the rest empty. What will the "
        "best ELBO be, beside that of the six clusters just found?",
        {
            "a": (
                "Lower: what starts empty stays empty, and the ascent can choose among less.",
                "It stays empty. But nothing says that a full start leads to the top.",
            ),
            "b": (
                "The same: it leads to the same six.",
                "Some starts with six do. Agreement of starts of one kind is no proof of a top.",
            ),
            "c": (
                "Higher, with fewer than six.",
                "From full starts the ascent empties what it can, one sweep at a time, and mostly stops too early.",
            ),
        },
        right="c",
    ),
}

# One sweep from v = 2 of x = z1 + z2 + noise, mean of x² = 3: the M-step's two terms.
_V = 2.0
_MISFIT = (_V / (2 + _V)) ** 2 * 3
_Q_SUM, _POSTERIOR_SUM = 2 * _V / (1 + _V), 2 * _V / (2 + _V)


def _m_step(x, r):
    counts = r.sum(axis=0)
    means = r.T @ x / counts
    variances = (r * (x[:, None] - means) ** 2).sum(axis=0) / counts
    return np.stack([counts / len(x), means, variances])


def _variant(weights=None, means=None, variances=None):
    """The M-step with one row replaced by a function of (x, r, the right rows)."""

    def answer(x, r):
        right = _m_step(x, r)
        changes = zip((weights, means, variances), right, strict=True)
        return np.stack([row if change is None else change(x, r, right) for change, row in changes])

    return answer


def _draw_case(rng):
    r = rng.dirichlet(np.ones(3), size=12)
    return rng.normal(1, 2, size=12), r


QUESTIONS = {
    "09.1": Number(
        "**Question 1.** The model of the lesson, $x = z_1 + z_2 + \\text{noise}$ with $x^2$ of mean 3, stands at noise variance "
        "$v = 2$. Its posterior has $m_1 + m_2 = 2x/(2+v)$. One sweep, with the best **independent** $q$: what is the new noise "
        "variance?",
        truth=_MISFIT + _Q_SUM,
        tolerance=2e-3,
        because="$3\\,(v/(2+v))^2 + 2v/(1+v) = 0.75 + 1.333$: still on its way up to 2.196.",
        mistakes=(
            Mistake(
                _MISFIT + _POSTERIOR_SUM,
                "This is the exact E-step: $\\operatorname{var}(z_1+z_2)$ of the posterior, $2v/(2+v)$. The independent "
                "$q$ has $2v/(1+v)$.",
            ),
            Mistake(
                _MISFIT,
                "The variance of $z_1 + z_2$ under $q$ is missing: you put the means for $z$ and forgot that $q$ "
                "is not sure.",
            ),
            Mistake(
                _Q_SUM,
                "This is $\\operatorname{var}_q(z_1+z_2)$ alone; add the misfit of the means.",
            ),
            Mistake(
                _MISFIT + _Q_SUM / 2,
                "You counted the variance of one coordinate. The sum of two independent ones has twice that.",
            ),
            Mistake(
                1.0,
                "This is maximum likelihood. The sweep does not know of it.",
            ),
            Mistake(
                np.sqrt(_MISFIT + _Q_SUM),
                "This is the noise scale; its square, the variance, is asked for.",
            ),
        ),
        hint="$v' = 3\\,(1 - 2/(2+v))^2 + 2 / \\Lambda_{11}$ with $\\Lambda_{11} = 1 + 1/v$.",
    ),
    "09.2": Choice(
        "**Question 2.** Two models, fitted to the same images. Model A has an ELBO of $-98.1$ nats on test data, model B of "
        "$-99.0$. Both numbers are exact. Which model has the higher $\\log p(x)$?",
        {
            "a": (
                "A: a higher bound means a higher value.",
                "A's bound is higher. How far below its own $\\log p(x)$ either bound lies, nobody has said.",
            ),
            "b": (
                "B: the lower ELBO must have the larger gap.",
                "Nothing forces it to. The gaps of different models are not tied to their ELBOs.",
            ),
            "c": (
                "One cannot say without the gaps.",
                "$\\log p = \\text{ELBO} + \\text{gap}$, and the gap belongs to the model as much as to $q$. For one and the "
                "same model ELBOs can be compared; across models they can mislead.",
            ),
        },
        right="c",
    ),
    "09.3": Function(
        "**Question 3.** Write `m_step(x, r)` for a mixture of Gaussians in one dimension: data x (N,), responsibilities r (N, K), whose "
        "rows sum to one. Return an array (3, K): weights, means, variances.",
        truth=_m_step,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="Three averages, each datum counted as much as $q$ believes that it came from there.",
        mistakes=(
            Mistake(
                _variant(weights=lambda x, r, right: r.sum(axis=0)),
                "The first row holds counts. The weights are their share of the N data, and sum to one.",
            ),
            Mistake(
                _variant(variances=lambda x, r, right: np.sqrt(right[2])),
                "The third row holds scales; variances are asked for.",
            ),
            Mistake(
                _variant(
                    variances=lambda x, r, right: (
                        (r * (x[:, None] - x.mean()) ** 2).sum(axis=0) / r.sum(axis=0)
                    )
                ),
                "Your variances are around the mean of all data. Each component's is around its own new mean.",
            ),
            Mistake(
                lambda x, r: np.stack(
                    [
                        r.mean(axis=0),
                        r.T @ x / len(x),
                        (r * (x[:, None] - r.T @ x / len(x)) ** 2).mean(axis=0),
                    ]
                ),
                "You divided by N. A weighted mean is divided by the sum of *its* weights, `r.sum(axis=0)`.",
            ),
            Mistake(
                lambda x, r: _m_step(x, np.eye(r.shape[1])[r.argmax(axis=1)]),
                "You gave each datum wholly to its likeliest component. That is k-means' habit, not the best q: half-beliefs "
                "count half.",
            ),
            Mistake(
                _variant(
                    variances=lambda x, r, right: (r * x[:, None] ** 2).sum(axis=0) / r.sum(axis=0)
                ),
                "Your third row is the mean square; subtract the square of the mean.",
            ),
            Mistake(
                lambda x, r: _m_step(x, r).T,
                "Rows and columns are exchanged: one row for the weights, one for the means, one for the variances.",
            ),
        ),
        hint="`counts = r.sum(axis=0)`; then the weighted mean and the weighted mean square around it.",
    ),
}
