"""Homework 1: counts with a cause, their marginal, and what draws are worth. (Lessons 00 to 03)"""

import numpy as np
from scipy import stats
from scipy.special import gammaincc, gammaln, logsumexp

from vitutor.checks import Draws, Function, Mistake
from vitutor.checks.homework.integrals import line
from vitutor.checks.misconceptions import MISCONCEPTIONS

MISSING = -1


def constants(seed):
    """Return the numbers, sizes and data of one variant."""
    rng = np.random.default_rng(seed)
    n_detectors, n_states = 2 + seed % 3, 3 + seed % 2
    move = 0.1 * rng.dirichlet(np.ones(n_states), n_states) + 0.06 / n_states
    move += 0.84 * np.eye(n_states)
    c = {
        "prior": ("logistic", "laplace")[seed // 2 % 2],
        "prior_scale": round(rng.uniform(0.25, 0.35), 3),
        "link": ("exp", "softplus")[seed % 2],
        "slope": rng.uniform(1.0, 2.2, n_detectors).round(2),
        "offset": rng.uniform(0.3, 1.6, n_detectors).round(2),
        "largest_count": (400, 20)[seed % 2],
        "closed": round(rng.uniform(0.08, 0.25), 2),
        "shape": round(rng.uniform(1.5, 4.0), 2),
        "rate": round(rng.uniform(0.5, 0.9), 2),
        "start": rng.dirichlet(4 * np.ones(n_states)).round(2),
        "move": move.round(2),
        "emission": np.cumsum(rng.uniform(2.0, 5.0, n_states)).round(1),
        "dof": int(rng.integers(2, 4)),
        "noise_scale": round(rng.uniform(0.3, 0.5), 2),
        "bend": round(rng.uniform(0.2, 0.5), 2),
        "n_draws": int(rng.integers(5, 20)) * 100,
    }
    # Rounding may leave a row of probabilities a hundredth from one.
    c["start"][0] += 1 - c["start"].sum()
    c["move"][:, 0] += 1 - c["move"].sum(axis=1)
    cause = _prior(c).rvs(size=(200, 1), random_state=rng)
    counts = rng.poisson(_rate(c["link"], cause * c["slope"] + c["offset"]))
    c["counts"] = counts * (rng.random(counts.shape) > c["closed"])
    c["sequence"] = _flicker(c, 80, rng)
    return c


def _prior(c):
    return getattr(stats, c["prior"])(0, c["prior_scale"])


def _rate(link, eta):
    return np.exp(eta) if link == "exp" else np.logaddexp(0, eta)


def _other(link):
    return "softplus" if link == "exp" else "exp"


def _flicker(c, length, rng):
    """Draw the counts (T,) of one flickering lamp, an eighth of them missing."""
    state, counts = rng.choice(len(c["start"]), p=c["start"]), []
    for _ in range(length):
        counts.append(rng.poisson(c["emission"][state]))
        state = rng.choice(len(c["start"]), p=c["move"][state])
    return np.where(rng.random(length) < 1 / 8, MISSING, counts)


# 1. A story with counts


def _counts_from_uniform(c, u, *, link=None, prior=None, scale=None):
    centred, scale = 2 * u[:, :1] - 1, scale or c["prior_scale"]
    if (prior or c["prior"]) == "laplace":
        z = -scale * np.sign(centred) * np.log1p(-np.abs(centred))
    elif prior == "norm":
        z = stats.norm.ppf(u[:, :1])
    else:
        z = scale * (np.log(u[:, :1]) - np.log1p(-u[:, :1]))
    rate = _rate(link or c["link"], z * c["slope"] + c["offset"])
    # The smallest count whose cumulative probability, an incomplete Gamma function, reaches u.
    below, count = np.full(rate.shape, -1.0), np.full(rate.shape, 2.0**40)
    while (count - below > 1).any():
        middle = np.floor((below + count) / 2)
        reached = gammaincc(middle + 1, rate) >= u[:, 1:]
        below, count = np.where(reached, below, middle), np.where(reached, middle, count)
    return count


def draw_counts(c):
    """Part 1.1."""

    def same_cause(u):
        return _counts_from_uniform(c, np.column_stack([np.full(len(u), u[0, 0]), u[:, 1:]]))

    def rates(u):
        z = _prior(c).ppf(u[:, :1])
        return _rate(c["link"], z * c["slope"] + c["offset"])

    return Function(
        "**1.1** `draw_counts(u)`: from uniform numbers (n, 1 + Dx) to counts (n, Dx).",
        truth=lambda u: _counts_from_uniform(c, u),
        draw_case=lambda rng: (rng.uniform(0.02, 0.98, (12, 1 + len(c["slope"]))),),
        tolerance=1e-8,
        because="Ancestors first: a quantile of the prior, then quantiles of what that cause "
        "makes.",
        mistakes=(
            Mistake(
                lambda u: _counts_from_uniform(c, u, link=_other(c["link"])),
                MISCONCEPTIONS["wrong-link"],
            ),
            Mistake(
                lambda u: _counts_from_uniform(c, u, prior="norm"), MISCONCEPTIONS["normal-prior"]
            ),
            Mistake(
                lambda u: _counts_from_uniform(c, u, scale=1.0),
                "The prior's scale is left out: this $z$ has scale 1.",
            ),
            Mistake(
                rates,
                "These are the rates, the means of the counts. A count is drawn, too: the quantile "
                "of a Poisson.",
            ),
            Mistake(
                same_cause,
                "All data share the first cause. Each row of `u` has its own $z$, in column 0.",
            ),
        ),
        hint="`z` comes from column 0, by the prior's `ppf`, and keeps its axis: `u[:, :1]`. Then "
        "`stats.poisson.ppf(u[:, 1:], rate)`.",
    )


def _log_poisson(c, x, z, link=None):
    """log p(x_d | z) for each detector: (S, N, Dx)."""
    return stats.poisson.logpmf(x, _rate(link or c["link"], z * c["slope"] + c["offset"]))


def _decoder_case(c, rng, n_draws=4, n_data=3):
    x = rng.poisson(4, (n_data, len(c["slope"])))
    return x, rng.normal(0, 1, (n_draws, n_data, 1))


def log_likelihood(c):
    """Part 1.2."""

    def no_link(x, z):
        return stats.poisson.logpmf(x, z * c["slope"] + c["offset"]).sum(axis=2)

    return Function(
        "**1.2** `log_likelihood(x, z)`: counts (N, Dx) and draws (S, N, 1) to (S, N).",
        truth=lambda x, z: _log_poisson(c, x, z).sum(axis=2),
        draw_case=lambda rng: _decoder_case(c, rng),
        tolerance=1e-8,
        because="Independent given $z$, so the detectors' log densities add up, constants "
        "included.",
        mistakes=(
            Mistake(
                lambda x, z: _log_poisson(c, x, z, _other(c["link"])).sum(axis=2),
                MISCONCEPTIONS["wrong-link"],
            ),
            Mistake(
                lambda x, z: (_log_poisson(c, x, z) + gammaln(x + 1)).sum(axis=2),
                MISCONCEPTIONS["normaliser-missing"] + " It is $-\\log x!$.",
            ),
            Mistake(
                lambda x, z: np.exp(_log_poisson(c, x, z).sum(axis=2)),
                MISCONCEPTIONS["density-not-log"],
            ),
            Mistake(
                lambda x, z: _log_poisson(c, x, z).mean(axis=2), MISCONCEPTIONS["mean-over-event"]
            ),
            Mistake(
                no_link, "The line $az + b$ is used as the rate. The link makes a rate out of it."
            ),
        ),
        hint="The rate is (S, N, Dx) by broadcasting: `z * hw.slope + hw.offset`, through the "
        "link. The log density is $x\\log\\lambda - \\lambda - \\log x!$, and for $\\log\\lambda$ "
        "no number may be rounded to zero first.",
    )


def _on_line(c):
    return line(-60 * c["prior_scale"], 60 * c["prior_scale"])  # a panel ends at the corner, 0


def _log_marginal(c, x, log_prior):
    z, weights = _on_line(c)
    log_joint = log_prior(z)[:, None] + _log_poisson(c, x, z[:, None, None]).sum(axis=2)
    return logsumexp(log_joint, b=weights[:, None], axis=0)


def log_marginal(c):
    """Part 1.3."""

    def mean_of_logs(x):
        z, weights = _on_line(c)
        log_likelihood = _log_poisson(c, x, z[:, None, None]).sum(axis=2)
        return (weights * _prior(c).pdf(z)) @ log_likelihood

    def best(x):
        z = np.linspace(-40, 40, 40_001) * c["prior_scale"]
        return _log_poisson(c, x, z[:, None, None]).sum(axis=2).max(axis=0)

    def with_prior(log_prior):
        return lambda x: _log_marginal(c, x, log_prior)

    narrow = getattr(stats, c["prior"])(0, c["prior_scale"] ** 2)
    return Function(
        "**1.3** `log_marginal(x)`: counts (N, Dx) to $\\log p(x_i)$, shape (N,).",
        truth=with_prior(_prior(c).logpdf),
        draw_case=lambda rng: (1 + rng.poisson(3, (4, len(c["slope"]))),),
        tolerance=1e-4,
        because="One latent number: any prior and any link are as easy as the Gaussian.",
        mistakes=(
            Mistake(with_prior(lambda z: 0 * z), MISCONCEPTIONS["prior-missing"]),
            Mistake(with_prior(stats.norm.logpdf), MISCONCEPTIONS["normal-prior"]),
            Mistake(
                with_prior(stats.norm(0, c["prior_scale"]).logpdf), MISCONCEPTIONS["normal-prior"]
            ),
            Mistake(with_prior(narrow.logpdf), MISCONCEPTIONS["variance-as-scale"]),
            Mistake(mean_of_logs, MISCONCEPTIONS["mean-of-logs"]),
            Mistake(best, MISCONCEPTIONS["best-latent"]),
            Mistake(
                lambda x: _log_poisson(c, x, np.zeros((1, 1, 1))).sum(axis=2)[0],
                MISCONCEPTIONS["plug-in"],
            ),
            Mistake(
                lambda x: np.exp(_log_marginal(c, x, _prior(c).logpdf)),
                MISCONCEPTIONS["density-not-log"],
            ),
        ),
        hint="The sum over the grid of $p(z)\\,p(x \\mid z)$, times the spacing. Is the spacing "
        "there? Is the grid wide enough, and fine enough, for a count of `hw.largest_count`?",
    )


def log_likelihood_shutters(c):
    """Part 1.4."""
    open_, shut = np.log1p(-c["closed"]), np.log(c["closed"])

    def mixed(x, z, if_closed=shut, if_open=open_):
        closed = np.where(x == 0, if_closed, -np.inf)
        return np.logaddexp(closed, if_open + _log_poisson(c, x, z)).sum(axis=2)

    def no_zeros_of_its_own(x, z):
        return np.where(x == 0, shut, open_ + _log_poisson(c, x, z)).sum(axis=2)

    def always_open_if_seen(x, z):
        log_poisson = _log_poisson(c, x, z)
        at_zero = np.logaddexp(shut, open_ + log_poisson)
        return np.where(x == 0, at_zero, log_poisson).sum(axis=2)

    def one_shutter(x, z):
        dark = np.where((x == 0).all(axis=1), shut, -np.inf)
        return np.logaddexp(dark, open_ + _log_poisson(c, x, z).sum(axis=2))

    def not_in_logs(x, z):
        p = c["closed"] * (x == 0) + (1 - c["closed"]) * np.exp(_log_poisson(c, x, z))
        return np.log(p).sum(axis=2)

    def draw_case(rng):
        x, z = _decoder_case(c, rng, n_data=5)
        x[rng.random(x.shape) < 0.4] = 0
        x[0], x[1, 0], x[1, 1:] = 0, 3, 0
        x[-1] = 100_000  # exp of its log density is zero to the machine
        return x, z

    return Function(
        "**1.4** `log_likelihood_shutters(x, z)`: counts (N, Dx) and draws (S, N, 1) to (S, N).",
        truth=mixed,
        draw_case=draw_case,
        tolerance=1e-8,
        because="The shutter is a latent variable too, a choice of two: it was summed out, "
        "exactly, for each detector by itself.",
        mistakes=(
            Mistake(
                no_zeros_of_its_own,
                "A zero is counted as a closed shutter only. A detector that is open sees zero "
                "photons sometimes, too: add the two ways up.",
            ),
            Mistake(
                always_open_if_seen,
                "A count above zero says that the shutter was open, but it had to be: with "
                "probability $1 - c$.",
            ),
            Mistake(
                one_shutter,
                "This has one shutter in front of all detectors: another model. Here each detector "
                "has its own, so the sum over the shutter is inside the product over detectors.",
            ),
            Mistake(
                lambda x, z: mixed(x, z, open_, shut),
                "The two probabilities have changed places: `hw.closed` is that of a closed "
                "shutter.",
            ),
            Mistake(not_in_logs, MISCONCEPTIONS["underflow"] + " `np.logaddexp` adds in logs."),
        ),
        hint="For each detector $c\\,[x_d = 0] + (1 - c)\\,\\mathrm{Poisson}(x_d; \\lambda_d)$; "
        "then logs; then the sum over the last axis.",
    )


# 2. Exactly


def _lamp_case(c, rng, n_data=6):
    return rng.poisson(4, n_data), rng.uniform(0.5, 3.0, n_data)


def _over_brightness(c, log_f):
    """log E[exp(log_f(z))] for z ~ Gamma(shape, rate), by an integral over u = log z."""
    u, weights = line(-30, 8)
    log_prior = stats.gamma(c["shape"], scale=1 / c["rate"]).logpdf(np.exp(u)) + u
    log_joint = log_f(np.exp(u)[:, None]) + log_prior[:, None]
    return logsumexp(log_joint, b=weights[:, None], axis=0)


def log_marginal_lamp(c):
    """Part 2.1."""
    a, b = c["shape"], c["rate"]

    def truth(x, t):
        return _over_brightness(c, lambda z: stats.poisson.logpmf(x, t * z))

    return Function(
        "**2.1** `log_marginal_lamp(x, exposure)`: counts (N,) and exposures (N,) to (N,).",
        truth=truth,
        draw_case=lambda rng: _lamp_case(c, rng),
        tolerance=1e-8,
        because="A negative binomial: conjugate, so the integral is a ratio of Gamma functions.",
        mistakes=(
            Mistake(
                lambda x, t: stats.nbinom.logpmf(x, a, 1 / (1 + b * t)),
                MISCONCEPTIONS["rate-as-scale"],
            ),
            Mistake(
                lambda x, t: stats.nbinom.logpmf(x, a, b / (b + 1)),
                "The exposure is left out: the rate of the count is $tz$.",
            ),
            Mistake(
                lambda x, t: stats.nbinom.logpmf(x, a, t / (b + t)),
                "The two probabilities of the negative binomial have changed places: `nbinom`'s "
                "$p$ is $b/(b + t)$.",
            ),
            Mistake(lambda x, t: stats.poisson.logpmf(x, t * a / b), MISCONCEPTIONS["plug-in"]),
            Mistake(
                lambda x, t: truth(x, t) + gammaln(x + 1),
                MISCONCEPTIONS["normaliser-missing"] + " It is $-\\log x!$.",
            ),
            Mistake(lambda x, t: np.exp(truth(x, t)), MISCONCEPTIONS["density-not-log"]),
        ),
        hint="Collect the powers of $z$ under the integral: $z^{a + x - 1} e^{-(b + t) z}$, whose "
        "integral is $\\Gamma(a + x)/(b + t)^{a + x}$. Keep every factor that has no $z$ in it.",
    )


def log_marginal_one_lamp(c):
    """Part 2.2."""
    a, b = c["shape"], c["rate"]

    def truth(x, t):
        together = _over_brightness(c, lambda z: stats.poisson.logpmf(x, t * z).sum(1)[:, None])
        return together[0]

    def own(x, t):
        return stats.nbinom.logpmf(x, a, b / (b + t)).sum()

    return Function(
        "**2.2** `log_marginal_one_lamp(x, exposure)`: the counts (T,) of one lamp, to one number.",
        truth=truth,
        draw_case=lambda rng: _lamp_case(c, rng),
        tolerance=1e-8,
        because="All counts together tell of one $z$, and only their sum and the whole exposure "
        "enter its integral.",
        mistakes=(
            Mistake(own, MISCONCEPTIONS["own-latents"]),
            Mistake(
                lambda x, t: stats.poisson.logpmf(x, t * a / b).sum(), MISCONCEPTIONS["plug-in"]
            ),
            Mistake(
                lambda x, t: stats.nbinom.logpmf(x.sum(), a, b / (b + t.sum())),
                "This is the probability of the *sum* of the counts, in whatever order and split "
                "it came. What was seen is each count: $\\prod_i t_i^{x_i}/x_i!$ is missing.",
            ),
            Mistake(
                lambda x, t: truth(x, t) + gammaln(x + 1).sum(),
                MISCONCEPTIONS["normaliser-missing"] + " It is $-\\sum_i \\log x_i!$.",
            ),
            Mistake(
                lambda x, t: truth(x, t) - (x * np.log(t)).sum(),
                "The factor $\\prod_i t_i^{x_i}$ is left out.",
            ),
        ),
        hint="$\\int p(z) \\prod_i p(x_i \\mid z)\\, dz$: the powers of $z$ collect to "
        "$a + \\sum_i x_i - 1$, its exponentials to $b + \\sum_i t_i$.",
    )


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


# 3. By draws


def outlier_weights(c):
    """Part 3.1."""
    prior, dof, scale, n_draws = _prior(c), c["dof"], c["noise_scale"], 20_000
    z, weights = _on_line(c)
    mass, decoded = weights * prior.pdf(z), z + c["bend"] * np.sin(2 * z)

    def density(x, scale=scale):
        return stats.t.pdf((x - decoded) / scale, dof) / scale

    def largest_se(x):
        mean = mass @ density(x)
        return 1.3 * np.sqrt((mass @ density(x) ** 2 - mean**2) / n_draws)

    return Draws(
        "**3.1** `outlier_weights(x, *, n_draws, rng)`: draws (n_draws,) whose mean is $p(x)$.",
        truth=lambda x: mass @ density(x),
        draw_case=lambda rng: (float(rng.choice([-1, 1]) * rng.uniform(8, 11)),),
        because="One latent variable summed out exactly, the other by draws, and the draws are "
        "worth hundreds of times more (Rao and Blackwell).",
        mistakes=(
            Mistake(
                lambda x: mass @ stats.norm.pdf(x, decoded, scale),
                "This noise is Gaussian, and holds the outlier for impossible. The width of the "
                "noise was drawn, too.",
            ),
            Mistake(
                lambda x: mass @ density(x, scale**2),
                MISCONCEPTIONS["variance-as-scale"],
            ),
            Mistake(
                lambda x: mass @ density(x, scale**0.5),
                MISCONCEPTIONS["scale-as-variance"],
            ),
            Mistake(
                lambda x: mass @ np.log(density(x)),
                "The mean of these draws is $E[\\log p(x \\mid z)]$. "
                + MISCONCEPTIONS["mean-of-logs"],
            ),
            Mistake(
                lambda x: scale * (mass @ density(x)),
                "The density of $x$ lacks the factor $1/s$ of its scale.",
            ),
            Mistake(lambda x: density(x)[len(z) // 2], MISCONCEPTIONS["plug-in"]),
        ),
        hint="Draw `z` from `hw.prior` with scale `hw.prior_scale`; return the Student-t density "
        "of `x` with its `loc` at decode(z), and its `scale`.",
        largest_se=largest_se,
        too_noisy="The mean is right, and the draws are far noisier than they need be: for an "
        "outlier nearly all the weight comes from the few draws whose $\\lambda$ happens to be "
        "small. Given $z$ the integral over $\\lambda$ has a closed form; lesson 2 met it. Draw "
        "$z$ only.",
        n_draws=n_draws,
    )


def _chi_square(c, x, t):
    """The relative variance of one weight, by integrals over the brightness."""

    def log_power(power):
        return _over_brightness(c, lambda z: power * stats.poisson.logpmf(x, t * z))

    return np.expm1(log_power(2) - 2 * log_power(1))


def chi_square(c):
    """Part 3.2."""
    a, b = c["shape"], c["rate"]

    def swapped(x, t):
        return _chi_square({"shape": a, "rate": 1 / b}, x, t)

    def absolute(x, t):
        return _chi_square(c, x, t) * stats.nbinom.pmf(x, a, b / (b + t)) ** 2

    return Function(
        "**3.2** `chi_square(x, exposure)`: counts (N,) and exposures (N,) to $\\chi^2$, shape "
        "(N,).",
        truth=lambda x, t: _chi_square(c, x, t),
        draw_case=lambda rng: _lamp_case(c, rng),
        tolerance=1e-6,
        because="The square of a Poisson density is, but for constants, one again: the same "
        "integral with $2x$ and $2t$.",
        mistakes=(
            Mistake(lambda x, t: 1 + _chi_square(c, x, t), MISCONCEPTIONS["chi-square-and-one"]),
            Mistake(absolute, MISCONCEPTIONS["variance-not-relative"]),
            Mistake(lambda x, t: np.sqrt(_chi_square(c, x, t)), MISCONCEPTIONS["root-of-variance"]),
            Mistake(swapped, MISCONCEPTIONS["rate-as-scale"]),
            Mistake(
                lambda x, t: _chi_square(c, x, np.ones_like(t)),
                "The exposure is left out: the rate of the count is $tz$.",
            ),
            Mistake(
                lambda x, t: _chi_square(c, x, t) / c["n_draws"],
                "This is divided by a number of draws. $\\chi^2$ is the relative variance of *one* "
                "weight.",
            ),
        ),
        hint="$1 + \\chi^2 = E[p(x \\mid z)^2]/p(x)^2$. In $E[p(x \\mid z)^2]$ collect the powers "
        "of $z$: $a + 2x - 1$, and $b + 2t$ in the exponential. The logs of Gamma functions do not "
        "overflow.",
    )


def relative_variances(c):
    """Part 3.3."""
    n = c["n_draws"]

    def both(together, apart):
        return lambda chi: np.array([together(chi), apart(chi)])

    def together(chi):
        return np.expm1(np.log1p(chi).sum()) / n

    def apart(chi):
        return np.expm1(np.log1p(chi / n).sum())

    return Function(
        "**3.3** `relative_variances(chi)`: the $\\chi^2$ of D lamps (D,) to two numbers, shape "
        "(2,).",
        truth=both(together, apart),
        draw_case=lambda rng: (rng.uniform(0.5, 8, 6),),
        tolerance=1e-9,
        because="To average products costs the product of the $1 + \\chi^2$; to multiply averages "
        "costs about their sum. Structure, once more.",
        mistakes=(
            Mistake(both(lambda chi: chi.sum() / n, apart), MISCONCEPTIONS["dimensions-added"]),
            Mistake(
                both(together, lambda chi: chi.sum() / n),
                "$\\sum_d \\chi_d^2/S$ is the leading term of the second number. It is asked for "
                "exactly: a product of independent averages, each with relative variance "
                "$\\chi_d^2/S$.",
            ),
            Mistake(
                lambda chi: both(together, apart)(chi)[::-1],
                "Right, and in the wrong order: first the average of products.",
            ),
            Mistake(
                both(lambda chi: n * together(chi), apart),
                "The first is the variance of one draw's product. An average of $S$ has $1/S$ of "
                "it.",
            ),
            Mistake(
                both(lambda chi: (together(chi) * n + 1) / n, apart),
                MISCONCEPTIONS["chi-square-and-one"],
            ),
            Mistake(
                both(lambda chi: chi.prod() / n, apart),
                "The $\\chi^2$ do not multiply; the $1 + \\chi^2$ do.",
            ),
            Mistake(
                lambda chi: np.sqrt(both(together, apart)(chi)), MISCONCEPTIONS["root-of-variance"]
            ),
        ),
        hint="A relative second moment, $E[\\hat p^2]/p^2$, is one plus the relative variance, "
        "and for independent factors these multiply.",
    )


def report(c):
    """Part 3.4."""

    def parts_of(log_w, ddof=1):
        estimate = logsumexp(log_w, axis=0) - np.log(len(log_w))
        w = np.exp(log_w - estimate)  # relative to their mean
        return estimate, stats.sem(w, axis=0, ddof=ddof)

    def truth(log_w, ddof=1, sign=1, half=0.5):
        estimate, error = parts_of(log_w, ddof)
        return np.stack([estimate, error, estimate + sign * half * error**2])

    def changed(estimate=lambda right, log_w: right, error=lambda right, log_w: right):
        def answer(log_w):
            first, second = parts_of(log_w)
            first, second = estimate(first, log_w), error(second, log_w)
            return np.stack([first, second, first + 0.5 * second**2])

        return answer

    def draw_case(rng):
        return (rng.normal([-4000, -20, 900], [0.5, 1.0, 1.5], (50, 3)),)

    return Function(
        "**3.4** `report(log_w)`: log weights (S, N) to estimate, error, corrected: (3, N).",
        truth=truth,
        draw_case=draw_case,
        tolerance=1e-8,
        because="The error of a logarithm is a relative error, and half its square is what Jensen "
        "takes.",
        mistakes=(
            Mistake(
                changed(estimate=lambda right, log_w: log_w.mean(axis=0)),
                MISCONCEPTIONS["mean-of-logs"],
            ),
            Mistake(
                changed(estimate=lambda right, log_w: right + np.log(len(log_w))),
                MISCONCEPTIONS["log-of-sum"],
            ),
            Mistake(
                changed(error=lambda right, log_w: stats.sem(log_w, axis=0)),
                MISCONCEPTIONS["error-of-logs"],
            ),
            Mistake(
                changed(error=lambda right, log_w: right * np.sqrt(len(log_w))),
                MISCONCEPTIONS["error-of-one-draw"],
            ),
            Mistake(lambda log_w: truth(log_w, ddof=0), MISCONCEPTIONS["degrees-of-freedom"]),
            Mistake(
                lambda log_w: truth(log_w, sign=-1),
                "The correction goes the wrong way. $\\log\\hat p$ is too *low* on average.",
            ),
            Mistake(
                lambda log_w: truth(log_w, half=1.0),
                "The correction lacks its ½: it is the second-order term of the logarithm.",
            ),
        ),
        hint="With `w = exp(log_w - log of their mean)` the mean of `w` is one, so the error is "
        "`w.std(axis=0, ddof=1) / sqrt(S)`. Take the largest out before any `exp`.",
    )


def parts(c):
    """Return the questions of a variant with constants c, by part."""
    return {
        "1.1": draw_counts(c),
        "1.2": log_likelihood(c),
        "1.3": log_marginal(c),
        "1.4": log_likelihood_shutters(c),
        "2.1": log_marginal_lamp(c),
        "2.2": log_marginal_one_lamp(c),
        "2.3": log_marginal_flicker(c),
        "2.4": state_probability(c),
        "3.1": outlier_weights(c),
        "3.2": chi_square(c),
        "3.3": relative_variances(c),
        "3.4": report(c),
    }
