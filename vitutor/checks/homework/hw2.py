"""Homework 2: the slope of log p(x), and where to draw. (Lessons 04 and 05)"""

import numpy as np
from scipy import optimize, stats
from scipy.special import gammaln, logsumexp

from vitutor.checks import Draws, Function, Mistake
from vitutor.checks.homework.integrals import line
from vitutor.checks.misconceptions import MISCONCEPTIONS


def constants(seed):
    """Return the numbers, sizes and data of one variant."""
    rng = np.random.default_rng(seed)
    c = {
        "sensor": ("tanh", "arctan")[seed % 2],
        "reach": round(rng.uniform(2.0, 3.0), 2),
        "dof": int(rng.integers(3, 6)),
        "prior_mean": round(rng.uniform(-0.5, 0.5), 2),
        "prior_scale": round(rng.uniform(1.15, 1.5), 2),
        "noise_scale": round(rng.uniform(0.10, 0.15), 3),
        "dim": int(rng.integers(3, 8)),
        "tail_dof": round(rng.uniform(2.0, 6.0), 1),
        "q_dof": round(rng.uniform(1.5, 2.9), 1),
        "defence": round(rng.uniform(0.1, 0.3), 2),
    }
    c["theta"] = np.array(
        [c["prior_mean"], np.log(c["prior_scale"]), np.log(c["noise_scale"])]
    ).round(4)
    n = 100
    z = c["prior_mean"] + c["prior_scale"] * rng.standard_normal(n)
    noise = c["noise_scale"] * rng.standard_t(c["dof"], n)
    c["readings"] = (_read(c, z) + noise).round(3)
    c["datum"] = round(0.45 * full_scale(c), 2)
    c["q_mean"], c["q_scale"] = _laplace(c, c["datum"], c["theta"])
    return c


def _read(c, z):
    return c["reach"] * getattr(np, c["sensor"])(z)


def full_scale(c):
    """What the sensor shows of an infinite z."""
    return c["reach"] * (1.0 if c["sensor"] == "tanh" else np.pi / 2)


def _log_prior(z, theta):
    m, log_scale, _ = theta
    return -0.5 * ((z - m) / np.exp(log_scale)) ** 2 - log_scale - 0.5 * np.log(2 * np.pi)


def _log_noise(c, x, z, theta):
    """Log density of Student's t, written for complex parameters too."""
    nu, r = c["dof"], (x - _read(c, z)) / np.exp(theta[2])
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi)
    return constant - theta[2] - 0.5 * (nu + 1) * np.log(1 + r**2 / nu)


def _log_joint(c, x, z, theta):
    """At x (N,) and z (..., N) or (..., 1), log p(x, z)."""
    return _log_prior(z, theta) + _log_noise(c, x, z, theta)


def _laplace(c, x, theta):
    """The mode of p(z | x), and the scale of a Gaussian as curved there."""
    z, h = np.linspace(-4, 4, 80_001), 1e-3
    mode = z[_log_joint(c, x, z, theta).argmax()]
    below, at, above = _log_joint(c, x, mode + h * np.array([-1, 0, 1]), theta)
    return round(float(mode), 3), round(float(h / np.sqrt(2 * at - below - above)), 3)


def _slopes(function, theta):
    """Derivatives in the three parameters by a complex step, without any formula: (..., 3)."""
    tiny = 1e-30
    nudged = [theta + tiny * 1j * direction for direction in np.eye(3)]
    return np.stack([function(t).imag / tiny for t in nudged], axis=-1)


def _line(theta):
    scale = np.exp(theta[1].real)
    return line(theta[0].real - 12 * scale, theta[0].real + 12 * scale, n_panels=300)


def _log_evidence(c, x, theta, log_weight=None):
    """log p(x) (N,), or the log of the integral of p(x, z) exp(log_weight(z))."""
    z, weights = _line(theta)
    log_joint = _log_joint(c, x, z[:, None], theta)
    if log_weight is not None:
        log_joint = log_joint + log_weight(z)[:, None]
    largest = log_joint.real.max(axis=0)
    return largest + np.log(weights @ np.exp(log_joint - largest))


def _posterior(c, x, theta):
    """Nodes z (G, 1) and the posterior's mass there (G, N)."""
    z, weights = _line(theta)
    log_joint = _log_joint(c, x, z[:, None], theta) + np.log(weights)[:, None]
    return z[:, None], np.exp(log_joint - logsumexp(log_joint, axis=0))


def _theta(c, rng):
    return c["theta"] + rng.normal(0, 0.15, 3)


def _readings(c, rng, n_data=4):
    return rng.uniform(-1.15, 1.15, n_data) * full_scale(c)


# 1. Slopes


def _score(c, x, z, theta):
    z = z[:, :, 0]
    return _slopes(lambda t: _log_joint(c, x[:, 0], z, t) + 0j, theta)


def score(c):
    """Part 1.1."""

    def right(x, z, theta):
        return _score(c, x, z, theta)

    def gaussian(x, z, theta):
        found = right(x, z, theta)
        r = (x[:, 0] - _read(c, z[:, :, 0])) / np.exp(theta[2])
        return np.concatenate([found[:, :, :2], (r**2 - 1)[:, :, None]], axis=2)

    def scaled(factor):
        return lambda x, z, theta: right(x, z, theta) * factor(theta)

    return Function(
        "**1.1** `score(x, z, theta)`: (N, 1), (S, N, 1) and (3,) to (S, N, 3).",
        truth=right,
        draw_case=lambda rng: (
            _readings(c, rng)[:, None],
            rng.normal(0, 1.5, (5, 4, 1)),
            _theta(c, rng),
        ),
        tolerance=1e-8,
        because="Two parameters belong to the prior, one to the noise: no score has a factor for "
        "what its parameter does not touch.",
        mistakes=(
            Mistake(
                scaled(lambda theta: np.exp([0, -theta[1], -theta[2]])),
                MISCONCEPTIONS["not-in-log-scale"],
            ),
            Mistake(
                scaled(lambda theta: np.array([1, 0.5, 0.5])),
                "These are derivatives in the log of the *variance*, half of those in the log of "
                "the scale.",
            ),
            Mistake(
                scaled(lambda theta: np.array([0, 0, 1])), MISCONCEPTIONS["learned-prior-forgotten"]
            ),
            Mistake(
                gaussian,
                "The third is the score of Gaussian noise, $r^2 - 1$. A Student-t's is bounded: an "
                "outlier cannot pull for ever.",
            ),
            Mistake(
                lambda x, z, theta: right(x, z, theta) + np.array([0, 1, 1]),
                "The normalisers move with the scales too: $-\\log\\tau$ and $-\\log s$ have the "
                "slope $-1$.",
            ),
            Mistake(scaled(lambda theta: -1.0), MISCONCEPTIONS["sign"]),
            Mistake(
                scaled(lambda theta: np.array([np.exp(theta[1]), 1, 1])),
                "The first lacks a factor: $(z - m)/\\tau^2$, with the square.",
            ),
        ),
        hint="Differentiate the two log densities by hand. With $r = (x - \\mathrm{read}(z))/s$, "
        "$\\log p(x \\mid z) = -\\log s - \\frac{\\nu+1}2 \\log(1 + r^2/\\nu) + \\dots$, and "
        "$dr/d\\log s = -r$.",
    )


def grad_log_evidence(c):
    """Part 1.2."""

    def average(x, theta, mass_of):
        z, mass = _posterior(c, x[:, 0], theta)
        at = np.broadcast_to(z[:, :, None], (len(z), len(x), 1))
        return np.einsum("gn,gnm->nm", mass_of(z, mass), _score(c, x, at, theta))

    def right(x, theta):
        return _slopes(lambda t: _log_evidence(c, x[:, 0], t), theta)

    def over_prior(z, mass, theta):
        _, weights = _line(theta)
        return np.broadcast_to(weights[:, None] * np.exp(_log_prior(z, theta)), mass.shape)

    return Function(
        "**1.2** `grad_log_evidence(x, theta)`: (N, 1) and (3,) to (N, 3).",
        truth=right,
        draw_case=lambda rng: (_readings(c, rng)[:, None], _theta(c, rng)),
        tolerance=1e-4,
        because="Fisher's identity with a learned prior: the score is that of $\\log p(x, z)$.",
        mistakes=(
            Mistake(
                lambda x, theta: average(x, theta, lambda z, mass: over_prior(z, mass, theta)),
                MISCONCEPTIONS["prior-average"],
            ),
            Mistake(
                lambda x, theta: average(
                    x, theta, lambda z, mass: mass * np.exp(_log_prior(z, theta))
                ),
                MISCONCEPTIONS["stray-prior"],
            ),
            Mistake(
                lambda x, theta: right(x, theta) * np.array([0, 0, 1]),
                MISCONCEPTIONS["learned-prior-forgotten"],
            ),
            Mistake(
                lambda x, theta: (
                    right(x, theta) * np.exp(_log_evidence(c, x[:, 0], theta))[:, None]
                ),
                MISCONCEPTIONS["gradient-of-p"],
            ),
            Mistake(
                lambda x, theta: right(x, theta) * np.exp([0, -theta[1], -theta[2]]),
                MISCONCEPTIONS["not-in-log-scale"],
            ),
        ),
        hint="On a grid of z, of shape (G, 1, 1): `log_joint`, made to sum to one over axis 0, "
        "times `score`. The noise is narrow: is the grid fine enough? A finite difference of log "
        "p(x) tells.",
    )


def curvature(c):
    """Part 1.3."""

    def right(x, theta):
        nudge = np.array([1e-4, 0, 0])
        above, below = (
            _slopes(lambda t: _log_evidence(c, x[:, 0], t), theta + sign * nudge)[:, 0]
            for sign in (1, -1)
        )
        return (above - below) / 2e-4

    def complete(theta):
        return -np.exp(-2 * theta[1])

    def squared_slope(x, theta):
        return _slopes(lambda t: _log_evidence(c, x[:, 0], t), theta)[:, 0] ** 2

    return Function(
        "**1.3** `curvature(x, theta)`: (N, 1) and (3,) to $d^2 \\log p(x)/dm^2$, shape (N,).",
        truth=right,
        draw_case=lambda rng: (_readings(c, rng)[:, None], _theta(c, rng)),
        tolerance=5e-4,
        because="What a known $z$ would tell, less what is lost because it is not known (Louis "
        "1982).",
        mistakes=(
            Mistake(
                lambda x, theta: np.full(len(x), complete(theta)),
                "This is the curvature as if $z$ were known. The variance of the score over the "
                "posterior has to be added: it is what is not known.",
            ),
            Mistake(
                lambda x, theta: 2 * complete(theta) - right(x, theta),
                "The variance of the score is taken off. Not knowing $z$ makes the curve "
                "*flatter*.",
            ),
            Mistake(
                lambda x, theta: right(x, theta) - complete(theta),
                "This is the variance of the score alone. The mean of the second derivative, "
                "$-1/\\tau^2$, is missing.",
            ),
            Mistake(
                lambda x, theta: right(x, theta) + squared_slope(x, theta),
                "The mean *square* of the score stands where its variance belongs: this is the "
                "second derivative of $p(x)$, over $p(x)$.",
            ),
            Mistake(lambda x, theta: -right(x, theta), MISCONCEPTIONS["sign"]),
        ),
        hint="$E[-1/\\tau^2] + \\operatorname{Var}[(z - m)/\\tau^2]$, both under the posterior.",
    )


def weighted_gradient(c):
    """Part 1.4."""

    def answer(x, z, theta, *, stray=False, power=2, centred=True, naive=False, mask=1.0):
        z_flat = z[:, :, 0]
        log_w = _log_noise(c, x[:, 0], z_flat, theta) + stray * _log_prior(z_flat, theta)
        share = np.exp(log_w - logsumexp(log_w, axis=0))[:, :, None]
        f = _score(c, x, z, theta) * mask
        value = (share * f).sum(axis=0)
        off = f - centred * value
        if naive:
            return np.stack([value, stats.sem(f, axis=0)])
        return np.stack([value, np.sqrt((share**power * off**2).sum(axis=0))])

    def unweighted(x, z, theta):
        f = _score(c, x, z, theta)
        return np.stack([f.mean(axis=0), stats.sem(f, axis=0)])

    def draw_case(rng):
        theta = _theta(c, rng)
        z = theta[0] + np.exp(theta[1]) * rng.standard_normal((200, 4, 1))
        return _readings(c, rng)[:, None], z, theta

    return Function(
        "**1.4** `weighted_gradient(x, z, theta)`: (N, 1), prior draws (S, N, 1), (3,) to (2, N, "
        "3).",
        truth=answer,
        draw_case=draw_case,
        tolerance=1e-8,
        because="The weights make posterior draws of prior draws, and enter the error squared: few "
        "large ones make it large.",
        mistakes=(
            Mistake(
                lambda x, z, theta: answer(x, z, theta, stray=True),
                "The weights are $p(x, z)$. The draws come from the prior already: "
                + MISCONCEPTIONS["stray-prior"][0].lower()
                + MISCONCEPTIONS["stray-prior"][1:],
            ),
            Mistake(unweighted, MISCONCEPTIONS["weights-unused"]),
            Mistake(
                lambda x, z, theta: answer(x, z, theta, power=1),
                "The error is the posterior's standard deviation, the error of one draw. Square "
                "the normalised weights: $\\sum_s \\bar w_s^2 (f_s - \\hat\\mu)^2$.",
            ),
            Mistake(
                lambda x, z, theta: answer(x, z, theta, naive=True),
                "The error is that of an unweighted mean: it does not know that few draws hold "
                "most of the weight.",
            ),
            Mistake(
                lambda x, z, theta: answer(x, z, theta, centred=False),
                "The error's squares are taken about zero. Take them about the estimate.",
            ),
            Mistake(
                lambda x, z, theta: answer(x, z, theta) ** np.array([1, 2])[:, None, None],
                "The second row is the error's square.",
            ),
        ),
        hint="`log_w = log_likelihood(x, z, theta)`; weights that sum to one over axis 0, with an "
        "axis for the three parameters: `w[:, :, None]`.",
    )


def slope_draws(c):
    """Part 1.5."""
    m, scale, n_draws = c["theta"][0], np.exp(c["theta"][1]), 20_000
    z, weights = _line(c["theta"])
    mass, read = weights * np.exp(_log_prior(z, c["theta"])), _read(c, z)
    from_mean = (z - m) / scale**2
    # By parts: the slope of the mean reading is the mean of the sensor's slope.
    sensor_slope = 1 - np.tanh(z) ** 2 if c["sensor"] == "tanh" else 1 / (1 + z**2)
    truth = c["reach"] * (mass @ sensor_slope)

    def largest_se(offset):
        drawn = (read - mass @ read) * from_mean
        return 1.25 * np.sqrt((mass @ drawn**2 - truth**2) / n_draws)

    return Draws(
        "**1.5** `slope_draws(offset, *, n_draws, rng)`: draws (n_draws,) of $d E[x]/dm$.",
        truth=lambda offset: truth,
        draw_case=lambda rng: (float(rng.choice([-1, 1]) * rng.uniform(10, 40)),),
        because="A score has mean zero, so a baseline takes away noise and no mean.",
        mistakes=(
            Mistake(
                lambda offset: mass @ read + offset,
                "These are draws of the reading. To make its slope of them, multiply by the score "
                "of the density they are drawn from.",
            ),
            Mistake(
                lambda offset: truth * scale,
                "The score of the prior is $(z - m)/\\tau^2$. You divided by $\\tau$.",
            ),
            Mistake(
                lambda offset: truth * scale**2,
                "The score of the prior is $(z - m)/\\tau^2$. You did not divide.",
            ),
            Mistake(
                lambda offset: truth - mass @ read - offset,
                "The baseline is subtracted from the product. Subtract it from the reading, before "
                "the score multiplies it.",
            ),
            Mistake(lambda offset: -truth, MISCONCEPTIONS["sign"]),
            Mistake(
                lambda offset: c["reach"] * sensor_slope[np.abs(z - m).argmin()],
                "This is the sensor's slope at $z = m$. " + MISCONCEPTIONS["plug-in"],
            ),
        ),
        hint="`(reading - baseline) * (z - m) / tau**2`, with z drawn from the prior.",
        largest_se=largest_se,
        too_noisy="The mean is right, and the draws are drowned in noise: the offset multiplies "
        "every score. Subtract a number from the reading that is close to its mean.",
        n_draws=n_draws,
    )


# 2. Where to look


def one_plus_chi_square(c):
    """Part 2.1."""
    dim = c["dim"]

    def one_axis(shift, ratio):
        if 2 * ratio**2 <= 1:
            return np.inf
        width = 40 / np.sqrt(2 - 1 / ratio**2)
        z, weights = line(-width - 40 * shift, width + 40 * shift, n_panels=800)
        log_square = 2 * stats.norm.logpdf(z) - stats.norm.logpdf(z, shift, ratio)
        return np.exp(logsumexp(log_square, b=weights))

    def integral(shift, ratio, dim=dim):
        each = zip(shift, ratio, strict=True)
        return np.array([one_axis(d, r) * one_axis(0, r) ** (dim - 1) for d, r in each])

    def formula(shift, ratio, exponent=dim, moved=1, square=2):
        u = np.where(2 * ratio**square > 1, 2 * ratio**square - 1, np.nan)
        price = (ratio**square / np.sqrt(u)) ** exponent * np.exp(moved * shift**2 / u)
        return np.where(np.isnan(price), np.inf, price)

    def nan_where_infinite(shift, ratio):
        price = integral(shift, ratio)
        return np.where(np.isinf(price), np.nan, price)

    def the_other_way(shift, ratio):
        u = np.where(ratio**2 < 2, 2 - ratio**2, np.nan)
        price = (1 / (ratio * np.sqrt(u))) ** dim * np.exp(shift**2 / u)
        return np.where(np.isnan(price), np.inf, price)

    return Function(
        "**2.1** `one_plus_chi_square(shift, ratio)`: (B,) and (B,) to (B,).",
        truth=integral,
        draw_case=lambda rng: (
            rng.uniform(0.2, 2, 4),
            np.append(rng.uniform(0.75, 2, 3), rng.uniform(0.3, 0.69)),
        ),
        tolerance=1e-7,
        because="A shift costs an exponential, and a wider $q$ forgives it: $2c^2 - 1$ divides it.",
        mistakes=(
            Mistake(
                lambda shift, ratio: integral(shift, ratio) - 1,
                "This is $\\chi^2$; $1 + \\chi^2$ is asked for.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, exponent=1),
                "This is right in one dimension. In `hw.dim` the widths multiply, once for each.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, moved=dim),
                "The shift is counted in each dimension. It is the length of the whole shift.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, moved=0),
                "The shift is left out: this is the price of a wrong width alone.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, moved=0.5),
                "The shift's exponent is twice as large: a square of the posterior is in the "
                "integral, and only one $q$ under it.",
            ),
            Mistake(
                nan_where_infinite,
                "Right where the integral exists. Where $2c^2 \\le 1$ it is infinite: return "
                "`np.inf`.",
            ),
            Mistake(
                the_other_way,
                "The two have changed places: this is $\\int q^2/p$, the price of drawing from the "
                "posterior to learn about $q$.",
            ),
            Mistake(
                lambda shift, ratio: formula(shift, ratio, square=1),
                MISCONCEPTIONS["scale-as-variance"] + " The ratio is one of scales.",
            ),
        ),
        hint="Complete the square along the shift, $2 \\cdot \\frac{z^2}2 - \\frac{(z - "
        "\\delta)^2}{2c^2}$; the other dimensions are lesson 5's.",
    )


def best_ratio(c):
    """Part 2.2."""
    dim = c["dim"]

    def log_price(log_u, shift, dim):
        u = np.exp(log_u)
        return dim * (np.log((u + 1) / 2) - 0.5 * log_u) + shift**2 / u

    def search(shift, dim=dim):
        found = [
            optimize.minimize_scalar(
                log_price, bounds=(-3, 8), args=(d, dim), method="bounded", options={"xatol": 1e-9}
            ).x
            for d in shift
        ]
        return np.sqrt((1 + np.exp(found)) / 2)

    return Function(
        "**2.2** `best_ratio(shift)`: (B,) to the cheapest $c$, (B,).",
        truth=search,
        draw_case=lambda rng: (rng.uniform(0.3, 4, 5),),
        tolerance=1e-5,
        because="Who does not know exactly where the posterior is had better look a little wider.",
        mistakes=(
            Mistake(
                lambda shift: np.ones(len(shift)),
                "The posterior's own width is best if the mean is right. This mean is not.",
            ),
            Mistake(
                lambda shift: np.sqrt(1 + shift**2 / dim),
                "This makes $q$'s mean squared distance from the posterior's mean right, which is "
                "best for KL(p‖q). $\\chi^2$ asks for something else.",
            ),
            Mistake(
                lambda shift: search(shift, dim=1),
                "This is the best in one dimension. In `hw.dim`, width is paid for in each of "
                "them.",
            ),
            Mistake(
                lambda shift: search(shift) ** 2,
                "This is $c^2$. The ratio of the *scales* is asked for.",
            ),
            Mistake(
                lambda shift: 2 * search(shift) ** 2 - 1,
                "This is $u = 2c^2 - 1$. Take $c$ out of it.",
            ),
        ),
        hint="In $u = 2c^2 - 1$ the log price is $D \\log\\frac{u+1}2 - \\frac D2 \\log u + "
        "\\delta^2/u$. Set its derivative to zero: a quadratic equation. Or search on a fine "
        "grid, and then finer.",
    )


def _draws_of_q(c, rng, n_data=3):
    z = c["q_mean"] + c["q_scale"] * rng.standard_t(3, (6, n_data, 1))
    return c["datum"] + rng.normal(0, 0.3, (n_data, 1)), z


def log_weights(c):
    """Part 2.3."""

    def weights(x, z, log_q, sign=-1):
        z = z[:, :, 0]
        return _log_joint(c, x[:, 0], z, c["theta"]) + sign * log_q(z)

    def student(scale):
        return stats.t(c["q_dof"], c["q_mean"], scale).logpdf

    q = student(c["q_scale"])
    return Function(
        "**2.3** `log_weights(x, z)`: (N, 1) and draws of q (S, N, 1) to (S, N).",
        truth=lambda x, z: weights(x, z, q),
        draw_case=lambda rng: _draws_of_q(c, rng),
        tolerance=1e-8,
        because="The array from which everything else is made.",
        mistakes=(
            Mistake(lambda x, z: weights(x, z, q, sign=0), MISCONCEPTIONS["q-missing"]),
            Mistake(lambda x, z: weights(x, z, q, sign=1), MISCONCEPTIONS["q-multiplied"]),
            Mistake(
                lambda x, z: weights(x, z, stats.norm(c["q_mean"], c["q_scale"]).logpdf),
                MISCONCEPTIONS["gaussian-q"],
            ),
            Mistake(
                lambda x, z: weights(x, z, student(c["q_scale"] ** 2)),
                MISCONCEPTIONS["variance-as-scale"],
            ),
            Mistake(
                lambda x, z: _log_noise(c, x[:, 0], z[:, :, 0], c["theta"]) - q(z[:, :, 0]),
                "The prior is missing from the joint density. It cancelled in lesson 3, where the "
                "draws came from it; here they do not.",
            ),
            Mistake(
                lambda x, z: np.exp(weights(x, z, q)),
                "These are the weights. Their logs are asked for.",
            ),
        ),
        hint="`log_joint(x, z, hw.theta)` less `stats.t.logpdf(z[:, :, 0], df, loc, scale)`.",
    )


def pareto_k(c):
    """Part 2.4."""
    nu = c["tail_dof"]

    def slope(q_dof):
        """How fast log w grows with minus the log of the chance to exceed it, far out."""
        z = np.array([1e4, 1e5])
        log_w = stats.t.logpdf(z, nu) - stats.t.logpdf(z, q_dof)
        return np.diff(log_w)[0] / -np.diff(stats.t.logsf(z, q_dof))[0]

    def truth(q_dof):
        return np.array([max(slope(d), 0.0) for d in q_dof])

    return Function(
        "**2.4** `pareto_k(q_dof)`: (B,) to the tail shape of the weights, (B,).",
        truth=truth,
        draw_case=lambda rng: (nu * np.append(rng.uniform(1.05, 8, 4), rng.uniform(0.3, 0.9)),),
        tolerance=1e-4,
        because="The variance is finite while $\\kappa < 2\\nu$: tails of $q$ may be lighter than "
        "the posterior's, but not by much.",
        mistakes=(
            Mistake(
                lambda q_dof: 1 - nu / q_dof,
                "Right for $\\kappa > \\nu$. With $\\kappa \\le \\nu$ the weights are bounded: "
                "write 0.",
            ),
            Mistake(
                lambda q_dof: np.maximum(q_dof / nu - 1, 0),
                "$w$ grows as $z^{\\kappa - \\nu}$, and draws beyond $z$ come with chance "
                "$z^{-\\kappa}$: $k$ is the quotient of these exponents, over $\\kappa$.",
            ),
            Mistake(
                lambda q_dof: np.maximum(1 - q_dof / nu, 0),
                "The two degrees of freedom have changed places. It is a *light* $q$ that is "
                "dangerous.",
            ),
            Mistake(
                lambda q_dof: np.maximum(q_dof - nu, 0) / (q_dof + 1),
                "The *density* falls as $z^{-(\\kappa+1)}$; the chance to lie beyond $z$ falls as "
                "$z^{-\\kappa}$.",
            ),
            Mistake(
                lambda q_dof: np.maximum(1 - (nu / q_dof) ** 2, 0),
                "There is no square: that was the law of two Gaussians.",
            ),
        ),
        hint="If $w \\sim z^a$ and $P(Z > z) \\sim z^{-b}$ then $P(w > t) \\sim t^{-b/a}$, and "
        "$k = a/b$.",
    )


def missed(c):
    """Part 2.5."""

    def share(x, low, high, log_density):
        z, weights = _line(c["theta"])
        outside = (z < low) | (z > high)
        # Panels do not end at the edges, so the part inside is integrated by itself.
        inside, inner_weights = line(low, high)
        log_all = logsumexp(log_density(x[:, 0], z[:, None]), b=weights[:, None], axis=0)
        log_in = logsumexp(log_density(x[:, 0], inside[:, None]), b=inner_weights[:, None], axis=0)
        assert outside.any()
        return -np.expm1(log_in - log_all)

    def posterior(x, z):
        return _log_joint(c, x, z, c["theta"])

    def prior(x, z):
        return _log_prior(z, c["theta"]) + 0 * x

    def right(x, low, high):
        return share(x, low, high, posterior)

    def draw_case(rng):
        low = float(rng.uniform(-2, 0.0))
        return _readings(c, rng, 4)[:, None], low, float(low + rng.uniform(0.5, 2))

    return Function(
        "**2.5** `missed(x, low, high)`: (N, 1) and two numbers to the share missed, (N,).",
        truth=right,
        draw_case=draw_case,
        tolerance=5e-3,
        because="$E_q[w] = p(x)\\,(1 - \\text{missed})$: what the estimate converges to, with "
        "every sign of health.",
        mistakes=(
            Mistake(
                lambda x, low, high: 1 - right(x, low, high),
                "This is the share that is found. The one that is missed is asked for.",
            ),
            Mistake(
                lambda x, low, high: share(x, low, high, prior),
                "This is the *prior's* mass outside. What is missed depends on the datum: it is "
                "the posterior's.",
            ),
            Mistake(
                lambda x, low, high: np.log1p(-right(x, low, high)),
                "This is the error of $\\log p(x)$, a logarithm. The share itself is asked for.",
            ),
        ),
        hint="On a fine grid: the sum of p(x, z) over the points outside, over the sum over all. "
        "If that is what you did: where an edge cuts through a narrow posterior, how much of it "
        "lies within one step of your grid?",
    )


def log_weights_defensive(c):
    """Part 2.6."""
    a = c["defence"]

    def densities(z):
        return _log_prior(z, c["theta"]), stats.norm.logpdf(z, c["q_mean"], c["q_scale"])

    def weights(log_q):
        def answer(x, z):
            z = z[:, :, 0]
            return _log_joint(c, x[:, 0], z, c["theta"]) - log_q(*densities(z))

        return answer

    def mixed(share):
        return lambda prior, narrow: np.logaddexp(np.log(share) + prior, np.log1p(-share) + narrow)

    def draw_case(rng):
        x, z = _draws_of_q(c, rng)
        z[0] += 60 * c["q_scale"]  # where only the prior goes
        z[1] = 60 + z[1]  # where both densities are zero to the machine, and their logs are not
        return x, z

    return Function(
        "**2.6** `log_weights_defensive(x, z)`: (N, 1) and (S, N, 1) to (S, N).",
        truth=weights(mixed(a)),
        draw_case=draw_case,
        tolerance=1e-8,
        because="No weight can exceed $p(x \\mid z)/\\alpha$: bounded, whatever the narrow part "
        "does.",
        mistakes=(
            Mistake(
                weights(lambda prior, narrow: a * prior + (1 - a) * narrow),
                "The logs are mixed, not the densities: this is the log density of no mixture.",
            ),
            Mistake(
                weights(mixed(1 - a)),
                "The two shares have changed places: the prior has `hw.defence`, the small one.",
            ),
            Mistake(
                weights(lambda prior, narrow: narrow),
                MISCONCEPTIONS["component-of-mixture"],
            ),
            Mistake(
                weights(lambda prior, narrow: np.maximum(prior, narrow)),
                MISCONCEPTIONS["component-of-mixture"],
            ),
            Mistake(
                weights(np.logaddexp),
                "The two densities are added without their shares: this $q$ integrates to two.",
            ),
            Mistake(
                weights(lambda prior, narrow: np.log(a * np.exp(prior) + (1 - a) * np.exp(narrow))),
                MISCONCEPTIONS["underflow"] + " `np.logaddexp` adds in logs.",
            ),
        ),
        hint="`np.logaddexp(np.log(a) + log prior, np.log1p(-a) + log narrow)` is $\\log q$, "
        "whichever of the two a draw came from.",
    )


def own_weights(c):
    """Part 2.7."""
    n_draws, m, scale = 5_000, c["theta"][0], np.exp(c["theta"][1])

    def log_p(x, theta=c["theta"]):
        return float(_log_evidence(c, np.array([x]), theta)[0])

    def gaussian_noise(x):
        z, weights = _line(c["theta"])
        noise = stats.norm.logpdf(x, _read(c, z), np.exp(c["theta"][2]))
        return logsumexp(_log_prior(z, c["theta"]) + noise, b=weights)

    def changed(**entries):
        theta = {"mean": m, "log_scale": np.log(scale), "log_noise": c["theta"][2], **entries}
        return lambda x: log_p(x, np.array(list(theta.values())))

    return Draws(
        "**2.7** `own_weights(x, *, n_draws, rng)`: log weights (n_draws,) with mean weight "
        "$p(x)$.",
        truth=log_p,
        draw_case=lambda rng: (float(rng.uniform(-1.15, 1.15) * full_scale(c)),),
        because="You looked where the answer is, with tails that do not miss the rest.",
        mistakes=(
            Mistake(
                lambda x: -np.log(n_draws),
                "These weights sum to one, whatever $p(x)$ is. Self-normalised weights serve for "
                "expectations; for $p(x)$ itself they must stay as they are.",
            ),
            Mistake(
                lambda x: log_p(x) - np.log(n_draws),
                "Each weight is divided by the number of draws. Their *mean* is asked about, which "
                "divides once more.",
            ),
            Mistake(
                changed(log_scale=0.0, mean=0.0),
                "This is $p(x)$ under a standard normal prior. Yours is in `hw.theta`.",
            ),
            Mistake(changed(log_scale=2 * np.log(scale)), MISCONCEPTIONS["variance-as-scale"]),
            Mistake(changed(log_noise=2 * c["theta"][2]), MISCONCEPTIONS["variance-as-scale"]),
            Mistake(gaussian_noise, "This is $p(x)$ under Gaussian noise. Yours is Student-t."),
        ),
        hint="`log_joint(x, z, hw.theta) - log q(z)`, z drawn from the q whose density you "
        "subtract. Is q wide enough for this x? Try a few, from far below zero to beyond the "
        "sensor's reach.",
        largest_se=lambda x: 1.1 / np.sqrt(n_draws),
        too_noisy="The mean is right; fewer than about half of the draws count. Where is the "
        "posterior of *this* x, and how wide is it? A grid, or a few steps uphill, can tell; draw "
        "there.",
        n_draws=n_draws,
        n_cases=5,
        log=True,
    )


def parts(c):
    """Return the questions of a variant with constants c, by part."""
    return {
        "1.1": score(c),
        "1.2": grad_log_evidence(c),
        "1.3": curvature(c),
        "1.4": weighted_gradient(c),
        "1.5": slope_draws(c),
        "2.1": one_plus_chi_square(c),
        "2.2": best_ratio(c),
        "2.3": log_weights(c),
        "2.4": pareto_k(c),
        "2.5": missed(c),
        "2.6": log_weights_defensive(c),
        "2.7": own_weights(c),
    }
