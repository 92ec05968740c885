"""Bets and questions of lesson 13: ten patients, each a function to be mended."""

import numpy as np

from vitutor.checks import Bet, Function, Mistake
from vitutor.divergences import kl
from vitutor.families import MeanFieldGaussian

BETS = {
    "13.zero": Bet(
        "13.zero",
        "Four programs for a KL are ill, each in another way. How many of them are still zero for $q = p$, and positive for "
        "every other $q$?",
        {
            "a": ("None.", "Then this invariant alone would find them all."),
            "b": ("Two.", "The other two pass as well."),
            "c": (
                "All four.",
                "Each is a multiple of a KL, or the KL of something else. An invariant that holds proves nothing: it takes several.",
            ),
        },
        right="c",
    ),
}

UNCHANGED = "This is the patient as it came in."
LOG_2PI = np.log(2 * np.pi)
LOG_EVIDENCE = -0.5 * (LOG_2PI + np.log(1.25) + 1.118**2 / 1.25)  # of the clinic's own datum


def _log_normal(x, mean, scale):
    return -0.5 * ((x - mean) / scale) ** 2 - np.log(scale) - 0.5 * LOG_2PI


def _cross_entropy(x, p):
    return x * np.log(p) + (1 - x) * np.log(1 - p)


def _continuous_bernoulli(x, p):
    return _cross_entropy(x, p) + np.log(2 * np.arctanh(1 - 2 * p) / (1 - 2 * p))


def _kl(mu, logvar):
    return 0.5 * np.sum(mu**2 + np.exp(logvar) - 1 - logvar)


def _kl_of_log_sd(mu, logvar):
    return _kl(mu, 2 * logvar)


def _reversed(mu, logvar):
    return 0.5 * np.sum((1 + mu**2) / np.exp(logvar) - 1 + logvar)


def _elbo(log_joint, q, z):
    return (log_joint(z) - q.log_prob(z)).mean(axis=0)


def _log_prior(z):
    return -0.5 * z[:, :, 0] ** 2 - 0.5 * LOG_2PI


def _published(log_joint, q, z):
    # Without the constant log p(x), which a learner's own version may leave out as well.
    return (2 * log_joint(z) - _log_prior(z) - q.log_prob(z)).mean(axis=0)


def _slope(mean, scale, eps, log_joint):
    z, step = mean + scale * eps, 1e-5
    return (log_joint(z + step) - log_joint(z - step)).mean() / (2 * step)


def _score_function(mean, scale, eps, log_joint):
    log_q = -0.5 * eps**2 - np.log(scale) - 0.5 * LOG_2PI
    return ((log_joint(mean + scale * eps) - log_q) * eps / scale).mean()


def _draw_log_normal(rng):
    return rng.normal(size=5), rng.normal(), rng.uniform(0.3, 3)


def _draw_sampler(rng):
    return rng.normal(), rng.uniform(0.3, 0.9), rng.normal(size=5)


def _draw_pixels(rng):
    return rng.random(5), rng.uniform(0.55, 0.95)


def _draw_latents(rng):
    return rng.normal(size=4), rng.normal(-1, 0.5, 4)


def _draw_bound(rng):
    shift = rng.normal()
    q = MeanFieldGaussian(rng.normal(size=(3, 1)), rng.uniform(0.5, 2, (3, 1)))
    return (lambda z: -((z[:, :, 0] - shift) ** 2)), q, q.sample(4, rng=rng)


def _draw_gradient(rng):
    shift = rng.normal()
    return rng.normal(), rng.uniform(0.4, 1.5), rng.normal(size=50), lambda z: -((z - shift) ** 2)


def _kl_question(number, name, broken, because, further=()):
    return Function(
        f"**Patient {number}.** Hand over a mended `{name}(mu, logvar)`; it returns one number, summed over the latents.",
        truth=_kl,
        draw_case=_draw_latents,
        tolerance=1e-8,
        because=because,
        mistakes=(
            Mistake(broken, UNCHANGED),
            *further,
            Mistake(lambda mu, logvar: -_kl(mu, logvar), "The sign: a KL is never negative."),
        ),
        hint="$\\tfrac12\\sum_j(\\mu_j^2 + \\sigma_j^2 - 1 - \\log\\sigma_j^2)$, and `logvar` is $\\log\\sigma^2$.",
    )


QUESTIONS = {
    "13.1": Function(
        "**Patient 1.** Hand over a mended `log_normal(x, mean, scale)`.",
        truth=_log_normal,
        draw_case=_draw_log_normal,
        tolerance=1e-8,
        because="$-\\tfrac12\\log 2\\pi$ a dimension. The argmax does not notice; every number that is reported does.",
        mistakes=(
            Mistake(lambda x, mean, scale: _log_normal(x, mean, scale) + 0.5 * LOG_2PI, UNCHANGED),
            Mistake(
                lambda x, mean, scale: _log_normal(x, mean, scale) - 0.5 * LOG_2PI,
                "Twice too much: the constant is $\\tfrac12\\log 2\\pi$, not $\\log 2\\pi$.",
            ),
            Mistake(
                lambda x, mean, scale: _log_normal(x, mean, scale) + LOG_2PI,
                "The sign of the constant is turned: subtract it.",
            ),
            Mistake(
                lambda x, mean, scale: _log_normal(x, mean, scale) + 0.5 * np.log(scale),
                "The constant is right; now $\\log$ of the scale has become $\\tfrac12\\log$.",
            ),
        ),
        hint="It must integrate to one at *every* scale; compare with `scipy.stats.norm.logpdf`.",
    ),
    "13.2": Function(
        "**Patient 2.** Hand over a mended `draw(mean, scale, eps)`.",
        truth=lambda mean, scale, eps: mean + scale * eps,
        draw_case=_draw_sampler,
        tolerance=1e-8,
        because="Scale first, then shift. The spread was right all along, so that only the mean gave it away.",
        mistakes=(
            Mistake(lambda mean, scale, eps: (eps + mean) * scale, UNCHANGED),
            Mistake(
                lambda mean, scale, eps: mean + scale**2 * eps,
                "The mean is right; now the spread is the variance.",
            ),
            Mistake(
                lambda mean, scale, eps: mean + np.sqrt(scale) * eps,
                "`scale` is a standard deviation already: no root.",
            ),
        ),
        hint="With `eps` zero the draw must be the mean.",
    ),
    "13.3": Function(
        "**Patient 3.** Hand over a mended `log_pixel(x, p)`, a log density on grey values between 0 and 1.",
        truth=_continuous_bernoulli,
        draw_case=_draw_pixels,
        tolerance=1e-8,
        because="Or binarise the pixels: then the old formula is right.",
        mistakes=(
            Mistake(_cross_entropy, UNCHANGED),
            Mistake(
                lambda x, p: 2 * _cross_entropy(x, p) - _continuous_bernoulli(x, p),
                "The sign of the normaliser: it is added.",
            ),
            Mistake(
                lambda x, p: _continuous_bernoulli(x, p) - np.log(2),
                "A factor of 2 is lost: $2\\,\\mathrm{artanh}(1 - 2p)/(1 - 2p)$.",
            ),
        ),
        hint="`np.arctanh(1 - 2 * p)`; at every $p$ the integral over $x$ must be one.",
    ),
    "13.4": _kl_question(
        4,
        "kl_4",
        lambda mu, logvar: _kl(mu, logvar) / len(mu),
        "A KL of independent latents is a sum. Averaged, it is charged less the more latents there are.",
        (
            Mistake(
                lambda mu, logvar: 2 * _kl(mu, logvar),
                "It is a sum now, and the ½ has been lost on the way.",
            ),
        ),
    ),
    "13.5": _kl_question(
        5,
        "kl_5",
        _kl_of_log_sd,
        "It took the log variance for the log standard deviation, and charged for another $q$ than the one that is drawn from.",
        (
            Mistake(
                lambda mu, logvar: 0.5 * np.sum(mu**2 + np.exp(logvar) - 1 - 2 * logvar),
                "Half mended: the exponential is right, the log term is still doubled.",
            ),
            Mistake(
                lambda mu, logvar: 0.5 * np.sum(mu**2 + np.exp(logvar) ** 2 - 1 - logvar),
                "Half mended: the log term is right, the variance is still squared.",
            ),
        ),
    ),
    "13.6": _kl_question(
        6,
        "kl_6",
        _reversed,
        "It was $\\mathrm{KL}(p \\,\\|\\, q)$: a divergence, zero for equals, additive, and the wrong one.",
        (
            Mistake(
                lambda mu, logvar: _reversed(mu, -logvar),
                "Half mended: the variance is where it belongs, and now $\\mu^2$ is multiplied by it. Average $z^2$ over $q$.",
            ),
            Mistake(
                lambda mu, logvar: (
                    0.5 * np.sum(mu**2 / np.exp(logvar) + np.exp(logvar) - 1 - logvar)
                ),
                "Half mended: $\\mu^2$ is still measured in variances of $q$; the prior's variance is 1.",
            ),
        ),
    ),
    "13.7": _kl_question(
        7,
        "kl_7",
        lambda mu, logvar: 2 * _kl(mu, logvar),
        "The ½ belongs to the whole. Without it this is the ELBO with $\\beta = 2$.",
        (
            Mistake(
                lambda mu, logvar: np.sum(mu**2 + np.exp(logvar) - 1 - 0.5 * logvar),
                "The ½ belongs in front of the whole bracket.",
            ),
        ),
    ),
    "13.8": Function(
        "**Patient 8.** Hand over a mended `elbo_8(log_joint, q, z)`.",
        truth=_elbo,
        draw_case=_draw_bound,
        tolerance=1e-8,
        because="$E_q[-\\log q]$ is the entropy, and it is *added*.",
        mistakes=(
            Mistake(lambda log_joint, q, z: (log_joint(z) + q.log_prob(z)).mean(axis=0), UNCHANGED),
            Mistake(
                lambda log_joint, q, z: log_joint(z).mean(axis=0),
                "Now the entropy is gone altogether: no bound, and its best $q$ is a needle (lesson 6).",
            ),
            Mistake(
                lambda log_joint, q, z: -_elbo(log_joint, q, z),
                "The sign of the whole: this is a loss. What is called elbo here is maximised.",
            ),
        ),
        hint="At $q$ = posterior it must equal $\\log p(x)$, draw by draw.",
    ),
    "13.9": Function(
        "**Patient 9.** Hand over a mended `elbo_9(log_joint, q, z)`. The prior is $\\mathcal N(0, 1)$. (It no longer needs $\\log p(x)$; "
        "estimate both of its terms on the draws `z`.)",
        truth=_elbo,
        draw_case=_draw_bound,
        tolerance=1e-8,
        because="The KL in this form is the one to the *prior*, and with it the posterior, which nobody knows, has left the formula.",
        mistakes=(
            Mistake(
                lambda log_joint, q, z: _published(log_joint, q, z) - LOG_EVIDENCE,
                UNCHANGED,
            ),
            Mistake(
                lambda log_joint, q, z: (
                    (log_joint(z) - _log_prior(z)).mean(axis=0)
                    - kl(q, MeanFieldGaussian.standard(len(q.mean), 1))
                ),
                "That is an ELBO, with the KL in closed form (lesson 7). Asked for is the KL over the draws of the reconstruction: "
                "then the bound is exact at $q$ = posterior, draw by draw.",
            ),
            Mistake(
                _published,
                "Still the KL to the posterior: $\\log p(x, z)$ is counted twice.",
            ),
            Mistake(
                lambda log_joint, q, z: (log_joint(z) - _log_prior(z)).mean(axis=0),
                "This is the reconstruction alone; the KL to the prior is to be subtracted.",
            ),
            Mistake(
                lambda log_joint, q, z: (log_joint(z) - 2 * _log_prior(z) + q.log_prob(z)).mean(
                    axis=0
                ),
                "The KL to the prior has the wrong sign: it is a cost.",
            ),
        ),
        hint="reconstruction $-\\,(\\log q(z) - \\log p(z))$, averaged over the draws.",
    ),
    "13.10": Function(
        "**Patient 10.** Hand over a mended `gradient_10(mean, scale, eps, log_joint)`: the slope of the ELBO in the mean, on the draws "
        "`mean + scale * eps`, by reparameterisation: both draws and density move. (A central difference with step $10^{-5}$ will do.)",
        truth=_slope,
        draw_case=_draw_gradient,
        tolerance=1e-5,
        because="That is reparameterisation: the draw is a function of the mean, and is moved along. Before, only $-\\log q$ "
        "was moved, and the mean of the score is zero.",
        mistakes=(
            Mistake(
                lambda mean, scale, eps, log_joint: np.mean(-eps) / scale,
                UNCHANGED + " The draws stand still.",
            ),
            Mistake(
                lambda mean, scale, eps, log_joint: (
                    _slope(mean, scale, eps, log_joint) + np.mean(eps) / scale
                ),
                "Unbiased, and not what was asked: the density of $q$ stood still while its draws moved. That is "
                "sticking the landing (lesson 8). Let both move: then $-\\log q$ at the draw does not change.",
            ),
            Mistake(
                _score_function,
                "Unbiased, and not what was asked: this is the score function (lesson 8). Move the draws with the mean.",
            ),
            Mistake(
                lambda mean, scale, eps, log_joint: _slope(mean, scale, eps, log_joint) / 2,
                "A central difference of width $2h$ is divided by $2h$; you lost a factor of two.",
            ),
            Mistake(
                lambda mean, scale, eps, log_joint: _slope(mean, scale, eps, log_joint) * scale,
                "That is the gradient in `eps`. Moving the mean by 1 moves the draw by 1, not by its scale.",
            ),
            Mistake(
                lambda mean, scale, eps, log_joint: -_slope(mean, scale, eps, log_joint),
                "Downhill: the ELBO is maximised.",
            ),
        ),
        hint="Compute `log_joint(mean + step + scale * eps)` and `log_joint(mean - step + scale * eps)`.",
    ),
}
