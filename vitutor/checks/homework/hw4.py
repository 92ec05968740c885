"""Homework 4: the VAE and its judging, on grey pixels, other priors and other noise.

Truths go another way than a solution does: Gauss and Legendre's rule, complex steps, brute force,
scipy's densities. Nothing here needs torch: what was trained is judged by its weights.
"""

from types import SimpleNamespace

import numpy as np
from scipy import linalg, optimize, stats
from scipy.special import expit, log_expit, logsumexp

from vitutor import data
from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks.homework.integrals import line
from vitutor.checks.homework.trained import Trained
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS
from vitutor.checks.named import Named
from vitutor.checks.questions import Function, Mistake
from vitutor.divergences import kl
from vitutor.families import MeanFieldGaussian

WHITE = 16  # of the digits' grey values


def constants(seed):
    """Return the numbers of variant `seed`."""
    rng = np.random.default_rng([4, seed])

    def between(low, high):
        return round(float(rng.uniform(low, high)), 3)

    n_components = int(rng.integers(2, 5))
    names = rng.permutation(list(PLANTED))[:3]
    return {
        "prior_scale": between(1.2, 1.6),
        "pixel_scale": between(0.8, 1.5),
        "net": {
            "A": rng.normal(0, 1, (3, 2)).round(2),
            "a": rng.normal(0, 0.5, 3).round(2),
            "B": rng.normal(0, 1.5, (4, 3)).round(2),
            "b": rng.normal(0, 0.5, 4).round(2),
        },
        "strip": {
            "A": rng.normal(0, 1, (3, 1)).round(2),
            "a": rng.normal(0, 0.5, 3).round(2),
            "B": rng.normal(0, 3, (5, 3)).round(2),
            "b": rng.uniform(6, 10, 5).round(2),
        },
        "mixture": {
            "weights": (np.ones(n_components) + rng.dirichlet(np.ones(n_components)))
            / (n_components + 1),
            "means": rng.normal(0, 1.5, (n_components, 2)).round(2),
            "scales": rng.uniform(0.3, 0.9, (n_components, 2)).round(2),
        },
        "n_importance": int(rng.integers(4, 10)),
        "pixel_noise": rng.uniform(0.3, 1.5, 6).round(2),
        "n_kept": int(rng.integers(3, 6)),
        "published_white": int(rng.choice([15, 31, 63, 127, 255])),
        "published_weight": between(0.05, 0.5),
        "published_reduction": str(rng.choice(["mean", "sum"])),
        "loss_scale": between(0.1, 0.4),
        "losses": {letter: _planted(name) for letter, name in zip("ABC", names, strict=True)},
        "skew": between(-0.8, 0.8),
        "tail": between(0.6, 0.9),
        "latent_dim": int(rng.integers(4, 9)),
        "hidden": int(rng.integers(48, 81)),
        "pass_mark": -21.5,
    }


# The planted mistakes: what they change in a loss that is otherwise right, and a way to test for
# them.
_NLL = "(0.5 * (x - recon) ** 2 / s**2 + np.log(s) + 0.5 * np.log(2 * np.pi))"
_KL = "0.5 * (mu**2 + np.exp(logvar) - 1 - logvar)"
PLANTED = {
    "kl-mean-over-latents": (
        {"kl": f"{_KL}.mean(axis=1)"},
        "a second copy of every latent would not change it",
    ),
    "recon-mean-over-pixels": (
        {"nll": f"{_NLL}.mean(axis=1)"},
        "a second copy of every pixel would not change it",
    ),
    "kl-half-missing": (
        {"kl": f"{_KL.removeprefix('0.5 * ')}.sum(axis=1)"},
        "`mu` = 1 in one latent would cost one nat",
    ),
    "recon-half-missing": (
        {"nll": f"{_NLL.replace('0.5 * (x', '(x')}.sum(axis=1)"},
        "a pixel that is off by one noise scale would cost one nat",
    ),
    "logvar-as-logstd": (
        {"kl": "(0.5 * (mu**2 + np.exp(2 * logvar) - 1) - logvar).sum(axis=1)"},
        "`logvar` = -2 would cost the KL of a variance of exp(-4)",
    ),
    "kl-reversed": (
        {"kl": "0.5 * ((mu**2 + 1) / np.exp(logvar) - 1 + logvar).sum(axis=1)"},
        "a very negative `logvar` would make it explode",
    ),
    "kl-sign": ({"end": "(nll - kl).mean()"}, "a larger `mu` would lower it"),
    "batch-reductions-differ": (
        {"end": "nll.sum() + kl.mean()"},
        "the same batch twice would change the weight between its terms",
    ),
    "normaliser-wrong": (
        {"nll": f"{_NLL.replace('np.log(s)', '0.5 * np.log(s)')}.sum(axis=1)"},
        "it would be off by a constant and by nothing else",
    ),
}


def _planted(name):
    """The source of a loss with this mistake in it; s is the noise scale, hw.loss_scale."""
    lines = {"nll": f"{_NLL}.sum(axis=1)", "kl": f"{_KL}.sum(axis=1)", "end": "(nll + kl).mean()"}
    lines |= PLANTED[name][0]
    return (
        "def loss(recon, x, mu, logvar):\n    s = hw.loss_scale\n"
        f"    nll = {lines['nll']}\n    kl = {lines['kl']}\n    return {lines['end']}\n"
    )


def parts(constants):
    """Return the questions of this variant, by part."""
    c = SimpleNamespace(**constants)
    makers = {
        "1.1": _kl_to_prior,
        "1.2": _log_likelihood,
        "1.3": _elbo_gradient,
        "1.4": _kl_draws,
        "2.1": _jackknife,
        "2.2": _log_marginal,
        "2.3": _split_gap,
        "2.4": _rates,
        "2.5": _implied_scale,
        "2.6": _named,
        "3.1": _bent,
        "3.2": _train,
        "3.3": _split_rate,
    }
    return {part: make(c) for part, make in makers.items()}


def codes_case(rng, n=5, latent_dim=3):
    """Means and log-variances (n, latent_dim)."""
    return rng.normal(size=(n, latent_dim)), rng.uniform(-3, 0.5, size=(n, latent_dim))


def _kl_to_prior(c):
    def kl_to(scale, reverse=False):
        def answer(mean, logvar):
            p = MeanFieldGaussian(np.zeros_like(mean), np.full_like(mean, scale))
            q = MeanFieldGaussian(mean, np.exp(0.5 * logvar))
            return kl(p, q) if reverse else kl(q, p)

        return answer

    truth = kl_to(c.prior_scale)
    return Function(
        "`kl_to_prior(mean, logvar)`: KL(q ‖ N(0, τ² I)), nats (N,).",
        truth=truth,
        draw_case=codes_case,
        tolerance=1e-8,
        because="τ² divides both squares, and log τ² joins the log-variance.",
        mistakes=(
            Mistake(kl_to(1.0), "This KL is to $\\mathcal N(0, I)$. The prior's scale is τ."),
            Mistake(lambda m, v: truth(m, v) / m.shape[1], OF_ELBOS["kl-mean-over-latents"].says),
            Mistake(lambda m, v: 2 * truth(m, v), OF_ELBOS["kl-half-missing"].says),
            Mistake(lambda m, v: truth(m, 2 * v), OF_ELBOS["logvar-as-logstd"].says),
            Mistake(kl_to(c.prior_scale, reverse=True), OF_ELBOS["kl-reversed"].says),
            Mistake(kl_to(np.sqrt(c.prior_scale)), SAYS["scale-as-variance"]),
            Mistake(
                lambda m, v: truth(m, v) - m.shape[1] * np.log(c.prior_scale),
                "log τ is missing, the prior's own normaliser, once for each latent: without it a "
                "KL may come out negative.",
            ),
            Mistake(lambda m, v: -truth(m, v), SAYS["sign"]),
        ),
        hint="½ Σ_j [(mean² + exp(logvar))/τ² - 1 - logvar + log τ²].",
    )


def _log_pixel(x, mean, scale):
    """log P(pixel = x), by Gauss and Legendre's rule inside the pixel, by tails at the ends."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    at = x[..., None] + 0.5 * nodes
    inside = logsumexp(stats.logistic.logpdf(at, mean[..., None], scale), b=0.5 * weights, axis=-1)
    low = stats.logistic.logcdf(0.5, mean, scale)
    high = stats.logistic.logsf(WHITE - 0.5, mean, scale)
    return np.where(x == 0, low, np.where(x == WHITE, high, inside))


def grey_case(rng, n=4, data_dim=6, spread=9.0):
    """Grey pixels (n, data_dim), and a mean for each, some of them far away."""
    x = rng.integers(0, WHITE + 1, size=(n, data_dim))
    x[0, :2] = 0, WHITE
    mean = rng.normal(8, spread, size=(n, data_dim))
    x[-1, -1], mean[-1, -1] = 13, -90.0  # where both of a difference's terms are one
    return x, mean


def _log_likelihood(c):
    s = c.pixel_scale

    def total(log_pixel):
        return lambda x, mean: log_pixel(x, mean).sum(axis=-1)

    def probability(x, mean, open_ends):
        above, below = expit((x + 0.5 - mean) / s), expit((x - 0.5 - mean) / s)
        if not open_ends:
            above, below = np.where(x == WHITE, 1, above), np.where(x == 0, 0, below)
        return np.log(above - below)

    def open_ended(x, mean):
        up, down = (x + 0.5 - mean) / s, (x - 0.5 - mean) / s
        return log_expit(up) + log_expit(-down) + np.log(-np.expm1(-1 / s))

    def right(x, mean, scale=s):
        return _log_pixel(x, mean, scale)

    return Function(
        "`log_likelihood(x, mean)`: log p(x | mean) of grey pixels, nats (N,).",
        truth=total(right),
        draw_case=grey_case,
        tolerance=1e-7,
        because="Seventeen probabilities that sum to one, also where the mean is far away.",
        mistakes=(
            Mistake(total(lambda x, m: probability(x, m, False)), SAYS["underflow"]),
            Mistake(total(lambda x, m: probability(x, m, True)), SAYS["underflow"]),
            Mistake(
                total(open_ended),
                "0 and 16 take all that lies beyond them: without their tails the seventeen "
                "probabilities do not sum to one.",
            ),
            Mistake(
                total(lambda x, m: stats.logistic.logpdf(x, m, s)),
                "This is the *density* at the middle of the pixel. A grey value has a probability: "
                "what the distribution function gains across it.",
            ),
            Mistake(
                lambda x, m: right(x, m).mean(axis=-1), OF_ELBOS["recon-mean-over-pixels"].says
            ),
            Mistake(
                total(lambda x, m: right(x, m, s * np.sqrt(3) / np.pi)),
                "`hw.pixel_scale` is the scale of the logistic, not its standard deviation.",
            ),
            Mistake(total(lambda x, m: right(x, m, s**2)), SAYS["variance-as-scale"]),
        ),
        hint="log σ(up) + log σ(-down) + log(1 - e^(-1/scale)); log σ(up) at 0, log σ(-down) at "
        "16.",
    )


def binary_case(rng, n=4):
    """Pixels (n, 4), means and log-variances (n, 2), and noise (n, 2)."""
    mean, logvar = codes_case(rng, n, 2)
    return rng.integers(0, 2, size=(n, 4)).astype(float), mean, logvar, rng.normal(size=(n, 2))


def _elbo_gradient(c):
    net, tau = c.net, c.prior_scale

    def elbo(x, mean, logvar, eps):
        z = mean + np.exp(0.5 * logvar) * eps
        logits = np.tanh(z @ net["A"].T + net["a"]) @ net["B"].T + net["b"]
        log_p = (x * logits - np.log(1 + np.exp(logits))).sum(axis=1)
        of_kl = (mean**2 + np.exp(logvar)) / tau**2 - 1 - logvar + np.log(tau**2)
        return log_p - 0.5 * of_kl.sum(axis=1)

    def truth(x, mean, logvar, eps):
        q = np.concatenate([mean, logvar], axis=1).astype(complex)
        columns = []
        for step in 1e-30j * np.eye(4):
            moved = q + step
            columns.append(elbo(x, moved[:, :2], moved[:, 2:], eps).imag / 1e-30)
        return np.stack(columns, axis=1)

    def of_kl(mean, logvar, tau=tau):
        return np.concatenate([-mean / tau**2, -0.5 * (np.exp(logvar) / tau**2 - 1)], axis=1)

    def by_hand(slope=None, path=None, kl_part=of_kl, residual=1):
        def answer(x, mean, logvar, eps):
            scale = np.exp(0.5 * logvar)
            h = np.tanh((mean + scale * eps) @ net["A"].T + net["a"])
            of_pixels = residual * (x - expit(h @ net["B"].T + net["b"]))
            g = (of_pixels @ net["B"] * (slope or (lambda h: 1 - h**2))(h)) @ net["A"]
            to_logvar = (path or (lambda s: 0.5 * s))(scale) * eps
            return np.concatenate([g, g * to_logvar], axis=1) + kl_part(mean, logvar)

        return answer

    def in_log_scale(mean, logvar):
        return of_kl(mean, logvar) * [1, 1, 2, 2]

    def likelihood_only(mean, logvar):
        return 0 * np.concatenate([mean, logvar], axis=1)

    return Function(
        "`elbo_gradient(x, mean, logvar, eps)`: in mean and logvar, (N, 4).",
        truth=truth,
        draw_case=binary_case,
        tolerance=1e-8,
        because="Back through pixels, tanh and the draw; the KL's own slope is added at the end.",
        mistakes=(
            Mistake(
                lambda x, m, v, e: of_kl(m, v),
                "Nothing comes back from the decoder: " + OF_ELBOS["detached-sample"].says,
            ),
            Mistake(
                by_hand(path=lambda s: s),
                "The draw's derivative in the log-*variance* is ½ s ε; you took the log scale's, "
                "s ε.",
            ),
            Mistake(
                by_hand(path=lambda s: s, kl_part=in_log_scale),
                "These are the derivatives in the log *scale*, as in lesson 10. logvar is twice "
                "that, so each of the last two columns is half as large.",
            ),
            Mistake(
                by_hand(kl_part=in_log_scale),
                "The KL's slope in the log-*variance* is ½ (exp(logvar)/τ² - 1); you took the log "
                "scale's.",
            ),
            Mistake(
                by_hand(path=lambda s: np.ones_like(s)),
                "The draw's derivative in logvar is ½ s ε: the scale has been forgotten.",
            ),
            Mistake(by_hand(kl_part=likelihood_only), OF_ELBOS["kl-missing"].says),
            Mistake(
                by_hand(kl_part=lambda m, v: of_kl(m, v, 1.0)),
                "The KL's slope is the one to $\\mathcal N(0, I)$. The prior's scale is τ.",
            ),
            Mistake(by_hand(kl_part=lambda m, v: -of_kl(m, v)), OF_ELBOS["kl-sign"].says),
            Mistake(
                by_hand(slope=np.ones_like),
                "The derivative of tanh, 1 - h², is missing on the way back.",
            ),
            Mistake(
                by_hand(residual=-1),
                "The slope of the Bernoulli log-likelihood in a logit is x - σ(logit); yours has "
                "the sign of the loss.",
            ),
            Mistake(lambda *case: -truth(*case), SAYS["sign"]),
        ),
        hint="r = x - σ(logits); back through B, (1 - h²), A gives g; then mean gets g, logvar "
        "½ g s ε; add the KL's slopes.",
    )


def draws_case(rng, n_draws=6):
    """Mean and log-variance (2,) of one q, and noise (n_draws, 2)."""
    return rng.normal(0, 1.2, size=2), rng.uniform(-2.5, 0, size=2), rng.normal(size=(n_draws, 2))


def _kl_draws(c):
    prior = c.mixture

    def log_components(z, scales=prior["scales"]):
        return stats.norm.logpdf(z[:, None], prior["means"], scales).sum(axis=2)

    def log_prior(z):
        return logsumexp(log_components(z), b=prior["weights"], axis=1)

    def draws(log_prior=log_prior, width=lambda v: np.exp(0.5 * v), sign=1, log_q_too=True):
        def answer(mean, logvar, eps):
            scale = width(logvar)
            z = mean + scale * eps
            log_q = stats.norm.logpdf(z, mean, scale).sum(axis=1)
            return sign * (log_q * log_q_too - log_prior(z))

        return answer

    def nearest(z):
        return (log_components(z) + np.log(prior["weights"])).max(axis=1)

    return Function(
        "`kl_draws(mean, logvar, eps)`: one draw of the KL for each row of eps, nats (S,).",
        truth=draws(),
        draw_case=draws_case,
        tolerance=1e-7,
        because="A mixture's log density is a log of a sum, so its KL has no closed form: draw it.",
        mistakes=(
            Mistake(
                draws(lambda z: log_components(z) @ prior["weights"]),
                "This averages the components' *log* densities. The prior averages their "
                "densities, and then takes the log; by Jensen, yours is too large a KL.",
            ),
            Mistake(
                draws(lambda z: logsumexp(log_components(z), axis=1)),
                "The weights of the components are missing.",
            ),
            Mistake(draws(nearest), "Only the likeliest component is counted: add them up."),
            Mistake(draws(sign=-1), SAYS["sign"]),
            Mistake(draws(width=np.exp), OF_ELBOS["logvar-as-logstd"].says),
            Mistake(draws(log_q_too=False), SAYS["cross-entropy"]),
            Mistake(
                draws(lambda z: stats.norm.logpdf(z).sum(axis=1)),
                "This is the KL to $\\mathcal N(0, I)$. The prior of this part is the mixture.",
            ),
            Mistake(
                draws(
                    lambda z: logsumexp(
                        log_components(z, prior["scales"] ** 2), b=prior["weights"], axis=1
                    )
                ),
                SAYS["variance-as-scale"],
            ),
        ),
        hint="log q(z) - logsumexp over components of [log weight + Σ_j log N(z_j)].",
    )


def _jackknife(c):
    k = c.n_importance

    def log_mean(log_w):
        return logsumexp(log_w, axis=0) - np.log(len(log_w))

    def of_group(group, others=None):
        kept = [log_mean(np.delete(group, i, axis=0)) for i in range(len(group))]
        n = len(group) if others is None else others
        return n * log_mean(group) - (n - 1) * np.mean(kept, axis=0)

    def by_group(reduce, size=k):
        def answer(log_w):
            groups = log_w.reshape(-1, size or len(log_w), log_w.shape[1])
            return np.mean([reduce(group) for group in groups], axis=0)

        return answer

    def every_so_many(log_w):
        groups = log_w.reshape(k, -1, log_w.shape[1]).swapaxes(0, 1)
        return by_group(of_group)(groups.reshape(log_w.shape))

    def careless(group):
        w = np.exp(group)
        kept = [np.log(np.delete(w, i, axis=0).mean(axis=0)) for i in range(k)]
        return k * np.log(w.mean(axis=0)) - (k - 1) * np.mean(kept, axis=0)

    return Function(
        "`jackknife(log_w)`: log weights (S, N), groups of `hw.n_importance`; nats (N,).",
        truth=by_group(of_group),
        draw_case=lambda rng: weights_case(rng, k),
        tolerance=1e-7,
        because="The bias of a log-mean goes as 1/K, and two sizes of group tell how large it is.",
        mistakes=(
            Mistake(by_group(log_mean), "This is IWAE-K itself, before its bias was estimated."),
            Mistake(by_group(careless), SAYS["underflow"]),
            Mistake(lambda log_w: log_w.mean(axis=0), "This is the ELBO, the bound with K = 1."),
            Mistake(
                by_group(of_group, size=None),
                "All draws went into one group. Groups of `hw.n_importance`, one after another, "
                "are asked for; then the mean over groups.",
            ),
            Mistake(
                every_so_many,
                "These groups take every so-many-th row. They stand one after another: "
                "`log_w.reshape(-1, K, N)`.",
            ),
            Mistake(
                by_group(lambda g: of_group(g, others=len(g) + 1)),
                "The factors are K and K - 1; yours are one too large.",
            ),
            Mistake(
                by_group(lambda g: 2 * log_mean(g) - of_group(g)),
                "The correction has the wrong sign: it makes the bias double.",
            ),
            Mistake(
                by_group(lambda g: of_group(g) + k * np.log(k) - (k - 1) * np.log(k - 1)),
                SAYS["log-of-sum"],
            ),
        ),
        hint="In each group: K · L - (K - 1) · mean of the L without one; L is a log-mean-exp.",
    )


def weights_case(rng, n_importance, n_groups=3, n=2, level=-900.0, spread=1.5):
    """Log weights (n_groups * n_importance, n)."""
    return (level + rng.normal(0, spread, size=(n_groups * n_importance, n)),)


class Strip:
    """Grey strips of five pixels, made by one latent number; truths by Gauss and Legendre."""

    def __init__(self, c, half_width=9.0):
        self.c = c
        self.z, self.weights = line(-half_width * c.prior_scale, half_width * c.prior_scale, 160)
        self._found = {}

    def mean(self, z):
        """The means of the pixels at z (G,): (G, 5)."""
        net = self.c.strip
        return np.tanh(z[:, None] @ net["A"].T + net["a"]) @ net["B"].T + net["b"]

    def log_likelihood(self, x, z):
        """(G, N)."""
        mean = self.mean(z)
        # The logistic's probability of a pixel, as the prose of part 1.2 writes it.
        up = log_expit((x + 0.5 - mean[:, None]) / self.c.pixel_scale)
        down = log_expit(-(x - 0.5 - mean[:, None]) / self.c.pixel_scale)
        both = up + down + np.log(-np.expm1(-1 / self.c.pixel_scale))
        return np.where(x == 0, up, np.where(x == WHITE, down, both)).sum(axis=2)

    def log_joint(self, x):
        return self.log_likelihood(x, self.z) + self.log_prior()[:, None]

    def log_prior(self):
        return stats.norm.logpdf(self.z, 0, self.c.prior_scale)

    def log_marginal(self, x):
        return logsumexp(self.log_joint(x), b=self.weights[:, None], axis=0)

    def elbo(self, log_joint, mean, log_scale):
        log_q = stats.norm.logpdf(self.z, mean, np.exp(log_scale))
        q = self.weights * np.exp(log_q)
        return q @ log_joint - q @ log_q

    def best(self, x):
        """The ELBO of the best Gaussian for each datum, from the best of many starts."""
        # The truth and every mistake ask for the same strips.
        key = x.tobytes()
        if key not in self._found:
            self._found = {key: self._climb(x), **dict(list(self._found.items())[:9])}
        return self._found[key]

    def _climb(self, x):
        log_joint = self.log_joint(x)
        starts = [(m, v) for m in np.linspace(-5, 5, 61) for v in (-3, -2.2, -1.5, -0.9, -0.3, 0.2)]
        height = np.array([self.elbo(log_joint, *start) for start in starts])
        best = []
        for n in range(len(x)):
            tops = [starts[i] for i in np.argsort(-height[:, n])[:12:4]]
            climbs = [
                optimize.minimize(
                    lambda p, n=n: -self.elbo(log_joint[:, n], *p), top, method="Nelder-Mead"
                )
                for top in tops
            ]
            best.append(-min(climb.fun for climb in climbs))
        return np.array(best)

    def sample(self, rng, n):
        """Latents (n,) and strips (n, 5)."""
        z = self.c.prior_scale * rng.normal(size=n)
        grey = self.mean(z) + self.c.pixel_scale * rng.logistic(size=(n, 5))
        return z, np.clip(np.round(grey), 0, WHITE).astype(int)


def _log_marginal(c):
    strip = Strip(c)

    def truth(x):
        return strip.log_marginal(x)

    def at_mean(x):
        return strip.log_likelihood(x, np.zeros(1))[0]

    def mean_of_logs(x):
        return (strip.weights * np.exp(strip.log_prior())) @ strip.log_likelihood(x, strip.z)

    def other_prior(x):
        scale = strip.log_likelihood(x, strip.z) + stats.norm.logpdf(strip.z)[:, None]
        return logsumexp(scale, b=strip.weights[:, None], axis=0)

    return Function(
        "`log_marginal(x)`: log p(x) of strips of pixels, exactly, nats (N,).",
        truth=truth,
        draw_case=lambda rng: (strip.sample(rng, 5)[1],),
        tolerance=1e-5,
        because="One latent, so a grid will do. Two would, too.",
        mistakes=(
            Mistake(mean_of_logs, SAYS["mean-of-logs"]),
            Mistake(at_mean, SAYS["plug-in"]),
            Mistake(
                other_prior, "The prior is $\\mathcal N(0, \\tau^2)$; this is $\\mathcal N(0, 1)$."
            ),
            Mistake(lambda x: strip.log_joint(x).max(axis=0), SAYS["best-latent"]),
            Mistake(
                lambda x: truth(x) + 0.5 * np.log(2 * np.pi * c.prior_scale**2),
                SAYS["normaliser-missing"],
            ),
        ),
        hint="logsumexp over a fine grid of [log p(x | z) + log p(z)], plus the log of its step.",
    )


def encoded_case(rng, strip, n=4, off=0.3):
    """Strips (n, 5), and what an encoder made of them: means and log-variances (n,)."""
    z, x = strip.sample(rng, n)
    return x, z + off * rng.normal(size=n), rng.uniform(-3.5, -1.0, size=n)


def _split_gap(c):
    strip = Strip(c)

    def gaps(x, mean, logvar):
        log_p, best, log_joint = strip.log_marginal(x), strip.best(x), strip.log_joint(x)
        of_encoder = [strip.elbo(log_joint[:, n], mean[n], 0.5 * logvar[n]) for n in range(len(x))]
        return log_p, best, np.array(of_encoder)

    def columns(build):
        return lambda *case: np.stack(build(*gaps(*case)), axis=1)

    def moments(x, mean, logvar):
        """The approximation gap taken at the posterior's own mean and variance."""
        log_p, _, of_encoder = gaps(x, mean, logvar)
        log_joint = strip.log_joint(x)
        posterior = strip.weights[:, None] * np.exp(log_joint - log_p)
        centre = strip.z @ posterior
        spread = np.sqrt(strip.z**2 @ posterior - centre**2)
        matched = [strip.elbo(log_joint[:, n], centre[n], np.log(spread[n])) for n in range(len(x))]
        return np.stack([log_p - matched, matched - of_encoder], axis=1)

    return Function(
        "`split_gap(x, mean, logvar)`: approximation and amortisation gap, nats (N, 2).",
        truth=columns(lambda log_p, best, q: (log_p - best, best - q)),
        draw_case=lambda rng: encoded_case(rng, strip),
        tolerance=2e-3,
        because="The first is the family's fault, the second the encoder's.",
        mistakes=(
            Mistake(
                columns(lambda log_p, best, q: (best - q, log_p - best)),
                "The columns have changed places: approximation first.",
            ),
            Mistake(
                columns(lambda log_p, best, q: (log_p - best, log_p - q)),
                "The second column is the whole gap. The amortisation gap is what is left of it "
                "when the first has been taken off.",
            ),
            Mistake(
                columns(lambda log_p, best, q: (best - log_p, q - best)),
                "Both gaps are losses, and count as positive numbers here.",
            ),
            Mistake(
                lambda x, m, v: columns(lambda log_p, best, q: (log_p - best, best - q))(
                    x, m, 2 * v
                ),
                OF_ELBOS["logvar-as-logstd"].says,
            ),
            Mistake(
                moments,
                "Your best Gaussian has the posterior's mean and variance. That is the best by the "
                "*forward* KL; the ELBO's best is another.",
            ),
        ),
        hint="Climb the ELBO in mean and log scale from several starts, for each datum; the ELBO "
        "by a grid.",
        n_cases=2,
    )


def linear_case(rng, data_dim=6, n=200):
    """Data (n, data_dim) that are not centred."""
    mix = rng.normal(size=(data_dim, data_dim)) * rng.uniform(0.3, 1.6, size=data_dim)
    return rng.normal(size=(n, data_dim)) @ mix + 2 * rng.normal(size=data_dim)


def _rates(c):
    noise, kept = c.pixel_noise, c.n_kept

    def largest(x, divisor, centre=True):
        x = x - x.mean(axis=0) * centre
        cov = x.T @ x / len(x)
        return linalg.eigh(cov, np.diag(divisor), eigvals_only=True)[::-1][:kept]

    def rate(ratio):
        return 0.5 * np.log(np.maximum(ratio, 1))

    def draw_case(rng):
        """A beta between two of the latents, so that some survive and some do not."""
        x = linear_case(rng)
        ratios = largest(x, noise)
        last = rng.integers(kept - 1)
        return x, float(np.sqrt(ratios[last] * ratios[last + 1]))

    def truth(x, beta):
        return rate(largest(x, noise) / beta)

    return Function(
        "`rates(x, beta)`: the KL of each latent at the optimum, largest first, (n_kept,).",
        truth=truth,
        draw_case=draw_case,
        tolerance=1e-7,
        because="Divide each pixel by its noise scale, and it is lesson 11 again, at level β.",
        mistakes=(
            Mistake(lambda x, beta: rate(largest(x, noise)), "β is not in it: the noise is βψ."),
            Mistake(
                lambda x, beta: beta * rate(largest(x, noise)),
                "β does not multiply the KL of a latent. It raises the noise against which the "
                "latent has to stand out.",
            ),
            Mistake(
                lambda x, beta: rate(beta * largest(x, noise)),
                "β stands on the wrong side: a dearer KL makes latents go, not come.",
            ),
            Mistake(
                lambda x, beta: rate(largest(x, np.full_like(noise, noise.mean())) / beta),
                "This takes the mean noise for all pixels. Each has its own, and a latent pays "
                "where the noise is small.",
            ),
            Mistake(
                lambda x, beta: rate(largest(x, np.ones_like(noise)) / beta),
                "The pixels' noise is not in it: β would be the noise variance only if every ψ "
                "were 1.",
            ),
            Mistake(lambda x, beta: rate(largest(x, noise**2) / beta), SAYS["variance-as-scale"]),
            Mistake(
                lambda x, beta: rate(largest(x, np.sqrt(noise)) / beta), SAYS["scale-as-variance"]
            ),
            Mistake(lambda x, beta: 2 * truth(x, beta), "The ½ is missing."),
            Mistake(
                lambda x, beta: 0.5 * np.log(largest(x, noise) / beta),
                "A KL cannot be negative: below the noise a latent is switched off, and its KL 0.",
            ),
            Mistake(
                lambda x, beta: rate(largest(x, noise, centre=False) / beta),
                "The data are not centred. The decoder's bias takes the mean; variances remain.",
            ),
        ),
        hint="Centre; divide pixel d by √ψ_d; eigenvalues λ of the covariance; ½ log max(λ/β, 1).",
    )


def _implied_scale(c):
    weight, white = c.published_weight, c.published_white
    over_latents = c.published_reduction == "mean"

    def answer(data_dim, latent_dim, mean=over_latents, weight=weight):
        return weight * white * data_dim / (latent_dim if mean else 1)

    return Function(
        "`implied_scale(data_dim, latent_dim)`: the scale of the Laplace noise, in grey values.",
        truth=answer,
        draw_case=lambda rng: (int(rng.integers(10, 900)), int(rng.integers(2, 60))),
        tolerance=1e-9,
        because="Multiply the loss until the KL is a plain sum; what divides |x - r| is the scale.",
        mistakes=(
            Mistake(
                lambda d, k: answer(d, k, mean=not over_latents),
                "`hw.published_reduction` says how the KL was reduced over the latents: the other "
                "way.",
            ),
            Mistake(
                lambda d, k: white * np.sqrt(answer(d, k) / white / 2),
                "This reads a *squared* error. An absolute one is a Laplace log-density, "
                "|x - r|/b + log 2b.",
            ),
            Mistake(
                lambda d, k: answer(d, k) / white,
                "This is in units of white. Grey values run from 0 to `hw.published_white`.",
            ),
            Mistake(lambda d, k: answer(d, k) / d, "The mean over the pixels is not in it."),
            Mistake(lambda d, k: answer(d, k) / d**2, "A mean over pixels *divides* by D."),
            Mistake(lambda d, k: np.sqrt(2) * answer(d, k), SAYS["laplace-scale-as-sd"]),
            Mistake(
                lambda d, k: white**2 / answer(d, k), "Upside down: a dearer KL means more noise."
            ),
        ),
        hint="loss · (factor) = Σ|x - r|/b + Σ_j KL_j: find b, then multiply by white.",
    )


def _named(c):
    right = {
        letter: next(name for name in PLANTED if _planted(name) == source)
        for letter, source in c.losses.items()
    }
    return Named(
        "Which mistake is in each loss? A dictionary from letter to name.",
        right=right,
        options={name: (OF_ELBOS[name].says, test) for name, (_, test) in PLANTED.items()},
        because="Each of them has shipped.",
    )


def eps_case(rng, n_draws=8):
    """Standard normal noise (n_draws,)."""
    return (rng.normal(0, 1.2, size=n_draws),)


def _bent(c):
    def bend(eps):
        return np.sinh((np.arcsinh(eps) + c.skew) / c.tail)

    slope_of_u = np.log(c.tail)

    def variant(log_det=1.0, outer=True, inner=True, tail=True):
        def answer(eps):
            slope = np.log((bend(eps + 1e-30j)).imag / 1e-30)
            slope = slope - (1 - outer) * 0.5 * np.log1p(bend(eps) ** 2)
            slope = slope + (1 - inner) * 0.5 * np.log1p(eps**2) + (1 - tail) * slope_of_u
            return np.stack([bend(eps), stats.norm.logpdf(eps) - log_det * slope], axis=1)

        return answer

    return Function(
        "`bent(eps)`: z and log q(z) for each draw, (S, 2).",
        truth=variant(),
        draw_case=eps_case,
        tolerance=1e-7,
        because="The chain rule, three factors, and minus its logarithm.",
        mistakes=(
            Mistake(
                variant(log_det=-1.0),
                "The sign of the log determinant: where the map stretches, the density thins out.",
            ),
            Mistake(variant(log_det=0.0), "Without the determinant this is the density of eps."),
            Mistake(
                variant(outer=False),
                "The outer derivative is missing: sinh has the slope cosh.",
            ),
            Mistake(
                variant(inner=False),
                "The inner derivative is missing: arcsinh has the slope "
                "$1/\\sqrt{1 + \\varepsilon^2}$.",
            ),
            Mistake(variant(tail=False), "The division by `hw.tail` has a derivative too."),
            Mistake(
                lambda eps: np.stack([bend(eps), stats.norm.logpdf(bend(eps))], axis=1),
                "This is the *base* density at z. log q(z) is log q₀(ε) less the log slope.",
            ),
        ),
        hint="log|dz/dε| = log cosh(u) - log tail - ½ log(1 + ε²), u = (arcsinh ε + skew)/tail.",
    )


def _train(c):
    x_train, x_test = data.digits()
    return Trained(
        "`train(x, seed)`: the weights of a VAE, by name.",
        x_train=x_train,
        x_test=x_test,
        hidden=c.hidden,
        latent_dim=c.latent_dim,
        prior_scale=c.prior_scale,
        pass_mark=c.pass_mark,
    )


def aggregate_case(rng, n=6, latent_dim=2, n_draws=3):
    """Means and log-variances (n, latent_dim) and noise (n_draws, n, latent_dim)."""
    mean, logvar = codes_case(rng, n, latent_dim)
    return 1.5 * mean, logvar - 1, rng.normal(size=(n_draws, n, latent_dim))


def _split_rate(c):
    def split(tau=c.prior_scale, logs=False, own=True, width=0.5, log_n=True):
        def answer(mean, logvar, eps):
            n, scale = len(mean), np.exp(width * logvar)
            z = mean + scale * eps
            # log q(z | x_m) of the draw for datum n, at every m: (S, N, N)
            table = stats.norm.logpdf(z[:, :, None], mean, scale).sum(axis=3)
            log_own = np.diagonal(table, axis1=1, axis2=2)
            if not own:
                table = np.where(np.eye(n, dtype=bool), -np.inf, table)
            count = n if own else n - 1
            log_q = table.mean(axis=2) if logs else logsumexp(table, axis=2) - np.log(count) * log_n
            log_p = stats.norm.logpdf(z, 0, tau).sum(axis=2)
            return np.array([(log_own - log_q).mean(), (log_q - log_p).mean()])

        return answer

    return Function(
        "`split_rate(mean, logvar, eps)`: information and KL of the aggregate, nats (2,).",
        truth=split(),
        draw_case=aggregate_case,
        tolerance=1e-7,
        because="Their sum is the rate: what the code says of x, and what q as a whole wastes.",
        mistakes=(
            Mistake(
                split(logs=True),
                "The aggregate averages the *densities* q(z | x_m); you averaged their logs.",
            ),
            Mistake(
                split(log_n=False),
                "The aggregate is a sum over the data here; a density is their mean: - log N.",
            ),
            Mistake(
                split(own=False),
                "The datum's own q belongs to the aggregate as well: q(z) averages over all N.",
            ),
            Mistake(
                split(tau=1.0), "The prior is $\\mathcal N(0, \\tau^2 I)$, with `hw.prior_scale`."
            ),
            Mistake(split(width=1.0), OF_ELBOS["logvar-as-logstd"].says),
            Mistake(lambda *case: split()(*case)[::-1], "The two numbers have changed places."),
            Mistake(
                lambda m, v, e: split()(m, v, e) * len(e) * len(m),
                "A sum over draws and data; nats a datum are asked for.",
            ),
        ),
        hint="A table log q(z_n | x_m) over n and m; its diagonal, and its log-mean-exp over m.",
    )
