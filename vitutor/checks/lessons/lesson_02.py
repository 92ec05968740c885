"""Bets and questions of lesson 2, the intractable marginal."""

import numpy as np
from scipy.special import logsumexp

from vitutor.checks import Bet, Choice, Function, Mistake, Number

BETS = {
    "02.paths": Bet(
        "02.paths",
        "A hidden Markov model with 3 states runs for 1000 moments. How many operations does the exact "
        "$p(x_1, \\dots, x_{1000})$ take?",
        {
            "a": (
                "About $10^{477}$, one for each path: it can only be approximated.",
                "There are that many terms, but nearly all of each is shared with others.",
            ),
            "b": (
                "About a billion: one for each triple of moments.",
                "A moment needs to know of the one before it, and of no other.",
            ),
            "c": (
                "About nine thousand.",
                "From each of 3 states to each of 3, a thousand times: $T K^2$.",
            ),
        },
        right="c",
    ),
    "02.linear": Bet(
        "02.linear",
        "Two models, with one number $z$ each. **(1)** $z \\sim \\text{Gamma}$, and "
        "$x \\mid z \\sim \\mathcal N(0,\\ 1/z)$: $x$ depends on $z$ nonlinearly, through its variance. "
        "**(2)** $z \\sim \\text{Cauchy}$, and $x = z + \\varepsilon$ with Gaussian noise: as linear as can "
        "be. Which $p(x)$ has an elementary closed form?",
        {
            "a": (
                "(2) alone: linear models have closed forms.",
                "Linear *and Gaussian* have. A Cauchy prior is enough to lose it.",
            ),
            "b": (
                "(1) alone.",
                "It is Student's t. Gamma and Gaussian precision fit each other; nothing linear is needed.",
            ),
            "c": (
                "Both.",
                "The second is the Voigt profile, which has to be computed numerically.",
            ),
            "d": ("Neither.", "The first is a distribution that you know under another name."),
        },
        right="b",
    ),
    "02.dims": Bet(
        "02.dims",
        "With 70 points on its axis, a grid gives our sine model's $\\log p(x)$ at $x = 1.2$ to 0.001 nats. The same 70 "
        "points on each of **ten** axes, at a billion evaluations a second: how long does it take?",
        {
            "a": ("Some minutes.", "That would be enough for six dimensions."),
            "b": ("About a week.", "That would be enough for eight dimensions."),
            "c": ("About ninety years.", "$70^{10} = 2.8 \\cdot 10^{18}$ evaluations."),
        },
        right="c",
    ),
}


def _draw_case(rng):
    log_weights = rng.normal(size=4)
    levels = rng.permutation(np.linspace(-3000, -1000, 6))[:, None]
    return log_weights - logsumexp(log_weights), levels + rng.normal(0, 3, (6, 4))


def _log_marginal(log_weights, log_likelihood):
    return logsumexp(log_weights + log_likelihood, axis=1)


def _relative_to(peak, log_weights, log_likelihood):
    with np.errstate(divide="ignore"):
        return np.log(np.exp(log_weights + log_likelihood - peak).sum(axis=1))


def _one_peak_for_all(log_weights, log_likelihood):
    peak = (log_weights + log_likelihood).max()
    return peak + _relative_to(peak, log_weights, log_likelihood)


def _peak_left_out(log_weights, log_likelihood):
    peak = (log_weights + log_likelihood).max(axis=1, keepdims=True)
    return _relative_to(peak, log_weights, log_likelihood)


def _likelihoods_peak_left_out(log_weights, log_likelihood):
    peak = log_likelihood.max(axis=1, keepdims=True)
    return _relative_to(peak, log_weights, log_likelihood)


QUESTIONS = {
    "02.1": Number(
        "**Question 1.** A grid needs 30 points on each axis, and you can afford $10^9$ evaluations. What is "
        "the largest dimension of $z$ that you can integrate over?",
        truth=np.floor(np.log(1e9) / np.log(30)),
        tolerance=0.01,
        because="$30^6 = 7 \\cdot 10^8$ is affordable, $30^7 = 2 \\cdot 10^{10}$ is not.",
        mistakes=(
            Mistake(
                np.floor(1e9 / 30),
                "You let the cost add up, 30 for each dimension. It multiplies: $30^d$.",
            ),
            Mistake(
                np.floor(np.log(1e9) / np.log(30)) + 1,
                "$30^7 = 2 \\cdot 10^{10}$ is twenty times too much. Round down.",
            ),
            Mistake(
                np.log(1e9) / np.log(30),
                "There cost and budget meet; but a dimension is a whole number. Round down.",
            ),
            Mistake(
                np.floor(np.log(1e9) / np.log(30)) - 1,
                "$30^5 = 2.4 \\cdot 10^7$ leaves a factor of 40 unspent: one more axis fits.",
            ),
            Mistake(
                np.log10(1e9),
                "You paid ten points an axis: $10^d$. It is 30 here, so $30^d$.",
            ),
            Mistake(
                np.floor(np.sqrt(1e9 / 30)),
                "You took the cost for $30\\,d^2$. A full grid multiplies by 30 with each dimension.",
            ),
        ),
        hint="Solve $30^d \\le 10^9$ for a whole number $d$.",
    ),
    "02.2": Choice(
        "**Question 2.** One of these $p(x)$ is out of reach of exact computation. Which?",
        {
            "a": (
                "A mixture with a million components.",
                "A sum of a million terms is done before you look up.",
            ),
            "b": (
                "A chain of 10,000 hidden choices among 5, with $5^{10000}$ paths.",
                "$T K^2 = 250{,}000$ operations: the chain lets you add up paths as you go.",
            ),
            "c": (
                "100 independent binary switches that together drive one network, whose output is $x$.",
                "$2^{100} \\approx 10^{30}$ terms. The switches are independent *before* $x$ is seen; "
                "the network entangles them, and no partial sum can be shared.",
            ),
            "d": (
                "A deep, strongly nonlinear decoder of one latent number.",
                "One number has one axis: a grid of a few hundred points, or thousands, is exact.",
            ),
        },
        right="c",
    ),
    "02.3": Function(
        "**Question 3.** Write `log_marginal(log_weights, log_likelihood)`: from the log prior of $K$ choices, "
        "shape (K,), and $\\log p(x_i \\mid z = k)$, shape (N, K), to $\\log p(x_i)$, shape (N,). The log "
        "likelihoods may be as low as $-3000$, and differ by thousands between data.",
        truth=_log_marginal,
        draw_case=_draw_case,
        tolerance=1e-9,
        because="Log prior and log likelihood add up, and the choices are summed in the exponent.",
        mistakes=(
            Mistake(
                lambda log_weights, log_likelihood: logsumexp(log_likelihood, axis=1),
                "The prior is missing: each choice counts as often as it is made.",
            ),
            Mistake(
                lambda log_weights, log_likelihood: log_likelihood @ np.exp(log_weights),
                "You averaged the logs. The average of densities comes first, then the log.",
            ),
            Mistake(
                lambda log_weights, log_likelihood: (log_weights + log_likelihood).max(axis=1),
                "You kept the best choice only. The others contribute, too.",
            ),
            Mistake(
                lambda log_weights, log_likelihood: logsumexp(
                    np.exp(log_weights) + log_likelihood, axis=1
                ),
                "You added the weights themselves to the log likelihoods. Add their logs.",
            ),
            Mistake(
                lambda log_weights, log_likelihood: _relative_to(0.0, log_weights, log_likelihood),
                "You see `-inf`: these densities are too small for floating point. Take the largest "
                "exponent of each row out of the sum, and put it back.",
            ),
            Mistake(
                _one_peak_for_all,
                "You took one largest exponent out of all rows. Rows far below it are rounded to "
                "zero, and come out as `-inf`: each row needs its own.",
            ),
            Mistake(
                _peak_left_out,
                "You took each row's largest exponent out of the sum, and did not put it back.",
            ),
            Mistake(
                _likelihoods_peak_left_out,
                "You took each row's largest log likelihood out of the sum, and did not put it back.",
            ),
            Mistake(
                lambda log_weights, log_likelihood: (
                    _log_marginal(log_weights, log_likelihood) - np.log(len(log_weights))
                ),
                "You divided by $K$. The prior's weights have made it an average already.",
            ),
            Mistake(
                lambda log_weights, log_likelihood: np.full(
                    len(log_likelihood), logsumexp(log_weights + log_likelihood.sum(axis=0))
                ),
                "You let all data share one choice: data were added up before the choices were.",
            ),
        ),
        hint="$\\log p(x_i) = \\log \\sum_k \\exp(\\log p(z = k) + \\log p(x_i \\mid z = k))$, row by row.",
    ),
}
