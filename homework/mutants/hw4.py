"""Wrong answers to homework 4, and the words by which each should be recognised."""

from homework.mutants.edits import editor

edit = editor("hw4")

# What a student's training loop may have in it, with the one line that is wrong.
_TRAIN = """
def train(x, seed):
    nets, tau2 = build(seed), hw.prior_scale**2
    optimiser = torch.optim.Adam(nets.parameters(), 1e-2)
    x = torch.as_tensor(x, dtype=torch.float32)
    for _ in range({epochs}):
        for batch in torch.randperm(len(x)).split(256):
            features = torch.relu(nets["features"](x[batch]))
            mean, logvar = nets["mean"](features), nets["logvar"](features)
            z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
            logits = nets["logits"](torch.relu(nets["hidden"]({z})))
            log_p = (x[batch] * logits - torch.nn.functional.softplus(logits)).sum(1)
            kl = 0.5 * ((mean**2 + logvar.exp()) / tau2 - 1 - logvar + np.log(tau2)).sum(1)
            optimiser.zero_grad()
            {loss}.mean().backward()
            optimiser.step()
    return nets.state_dict()
"""

MUTANTS = {
    "1.1": [
        (
            """
def kl_to_prior(mean, logvar):
    return 0.5 * (mean**2 + np.exp(logvar) - 1 - logvar).sum(axis=1)
""",
            "N(0, I)",
        ),
        (
            """
def kl_to_prior(mean, logvar):
    tau2 = hw.prior_scale**2
    return 0.5 * ((mean**2 + np.exp(logvar)) / tau2 - 1 - logvar + np.log(tau2)).mean(axis=1)
""",
            "averaged over the latents",
        ),
        (
            """
def kl_to_prior(mean, logvar):
    tau2 = hw.prior_scale**2
    square = mean**2 + np.exp(2 * logvar)
    return (0.5 * (square / tau2 - 1 + np.log(tau2)) - logvar).sum(axis=1)
""",
            "log of the standard deviation",
        ),
        (
            """
def kl_to_prior(mean, logvar):
    tau2 = hw.prior_scale**2
    return ((mean**2 + np.exp(logvar)) / tau2 - 1 - logvar + np.log(tau2)).sum(axis=1)
""",
            "½",
        ),
        (
            """
def kl_to_prior(mean, logvar):
    tau = hw.prior_scale
    return 0.5 * ((mean**2 + np.exp(logvar)) / tau - 1 - logvar + np.log(tau)).sum(axis=1)
""",
            "standard deviation stands",
        ),
    ],
    "1.2": [
        (
            """
def log_likelihood(x, mean):
    up = special.expit((x + 0.5 - mean) / hw.pixel_scale)
    down = special.expit((x - 0.5 - mean) / hw.pixel_scale)
    p = np.where(x == 16, 1, up) - np.where(x == 0, 0, down)
    return np.log(p).sum(axis=-1)
""",
            "floating point",
        ),
        (
            """
def log_likelihood(x, mean):
    up = special.log_expit((x + 0.5 - mean) / hw.pixel_scale)
    down = special.log_expit(-(x - 0.5 - mean) / hw.pixel_scale)
    return (up + down + np.log1p(-np.exp(-1 / hw.pixel_scale))).sum(axis=-1)
""",
            "tails",
        ),
        (
            """
def log_likelihood(x, mean):
    return stats.logistic.logpdf(x, mean, hw.pixel_scale).sum(axis=-1)
""",
            "*density*",
        ),
        (
            """
right = log_likelihood


def log_likelihood(x, mean):
    return right(x, mean) / x.shape[-1]
""",
            "averaged over the pixels",
        ),
    ],
    "1.3": [
        (
            """
def elbo_gradient(x, mean, logvar, eps):
    tau2 = hw.prior_scale**2
    return np.concatenate([-mean / tau2, -0.5 * (np.exp(logvar) / tau2 - 1)], axis=1)
""",
            "Nothing comes back from the decoder",
        ),
        (
            """
def elbo_gradient(x, mean, logvar, eps):
    net, tau2, scale = hw.net, hw.prior_scale**2, np.exp(0.5 * logvar)
    h = np.tanh((mean + scale * eps) @ net["A"].T + net["a"])
    residual = x - special.expit(h @ net["B"].T + net["b"])
    g = (residual @ net["B"] * (1 - h**2)) @ net["A"]
    in_logvar = g * scale * eps - 0.5 * (scale**2 / tau2 - 1)
    return np.concatenate([g - mean / tau2, in_logvar], axis=1)
""",
            "log-*variance*",
        ),
        (
            """
def elbo_gradient(x, mean, logvar, eps):
    net, tau2, scale = hw.net, hw.prior_scale**2, np.exp(0.5 * logvar)
    h = np.tanh((mean + scale * eps) @ net["A"].T + net["a"])
    residual = x - special.expit(h @ net["B"].T + net["b"])
    g = residual @ net["B"] @ net["A"]
    in_logvar = 0.5 * g * scale * eps - 0.5 * (scale**2 / tau2 - 1)
    return np.concatenate([g - mean / tau2, in_logvar], axis=1)
""",
            "derivative of tanh",
        ),
        (
            """
def elbo_gradient(x, mean, logvar, eps):
    net, scale = hw.net, np.exp(0.5 * logvar)
    h = np.tanh((mean + scale * eps) @ net["A"].T + net["a"])
    residual = x - special.expit(h @ net["B"].T + net["b"])
    g = (residual @ net["B"] * (1 - h**2)) @ net["A"]
    return np.concatenate([g, 0.5 * g * scale * eps], axis=1)
""",
            "KL is missing",
        ),
        (
            """
right = elbo_gradient


def elbo_gradient(x, mean, logvar, eps):
    return -right(x, mean, logvar, eps)
""",
            "sign is wrong",
        ),
    ],
    "1.4": [
        (
            """
def kl_draws(mean, logvar, eps):
    prior, scale = hw.mixture, np.exp(0.5 * logvar)
    z = mean + scale * eps
    log_q = stats.norm.logpdf(z, mean, scale).sum(axis=1)
    components = stats.norm.logpdf(z[:, None], prior["means"], prior["scales"]).sum(axis=2)
    return log_q - components @ prior["weights"]
""",
            "*log* densities",
        ),
        (
            """
def kl_draws(mean, logvar, eps):
    prior, scale = hw.mixture, np.exp(0.5 * logvar)
    z = mean + scale * eps
    log_q = stats.norm.logpdf(z, mean, scale).sum(axis=1)
    components = stats.norm.logpdf(z[:, None], prior["means"], prior["scales"]).sum(axis=2)
    return log_q - special.logsumexp(components, axis=1)
""",
            "weights of the components",
        ),
        (
            """
def kl_draws(mean, logvar, eps):
    prior, scale = hw.mixture, np.exp(0.5 * logvar)
    z = mean + scale * eps
    log_q = stats.norm.logpdf(z, mean, scale).sum(axis=1)
    hills = stats.norm.pdf(z[:, None], prior["means"], prior["scales"]).prod(axis=2)
    return log_q - np.log(hills @ prior["weights"])
""",
            "floating point",
        ),
        (
            """
def kl_draws(mean, logvar, eps):
    scale = np.exp(0.5 * logvar)
    z = mean + scale * eps
    return (stats.norm.logpdf(z, mean, scale) - stats.norm.logpdf(z)).sum(axis=1)
""",
            "prior of this part is the mixture",
        ),
        (
            """
right = kl_draws


def kl_draws(mean, logvar, eps):
    return right(mean, 2 * logvar, eps)
""",
            "log of the standard deviation",
        ),
    ],
    "2.1": [
        (
            """
def jackknife(log_w):
    groups = log_w.reshape(-1, hw.n_importance, log_w.shape[1])
    return (special.logsumexp(groups, axis=1) - np.log(hw.n_importance)).mean(axis=0)
""",
            "IWAE-K itself",
        ),
        (
            """
def jackknife(log_w):
    k = hw.n_importance
    w = np.exp(log_w).reshape(-1, k, log_w.shape[1])
    without = [np.log(np.delete(w, i, axis=1).mean(axis=1)) for i in range(k)]
    return (k * np.log(w.mean(axis=1)) - (k - 1) * np.mean(without, axis=0)).mean(axis=0)
""",
            "floating point",
        ),
        (
            """
def jackknife(log_w):
    k = len(log_w)
    without = [special.logsumexp(np.delete(log_w, i, axis=0), axis=0) for i in range(k)]
    without = np.mean(without, axis=0) - np.log(k - 1)
    return k * (special.logsumexp(log_w, axis=0) - np.log(k)) - (k - 1) * without
""",
            "one group",
        ),
        (
            """
def jackknife(log_w):
    k = hw.n_importance
    groups = log_w.reshape(-1, k, log_w.shape[1])
    without = [special.logsumexp(np.delete(groups, i, axis=1), axis=1) for i in range(k)]
    return (k * special.logsumexp(groups, axis=1) - (k - 1) * np.mean(without, axis=0)).mean(axis=0)
""",
            "log of the sum",
        ),
    ],
    "2.2": [
        (
            """
def log_marginal(x):
    z = np.linspace(-9 * hw.prior_scale, 9 * hw.prior_scale, 8001)
    log_joint = log_likelihood(x, decode(z)[:, None]) - 0.5 * (z / hw.prior_scale)[:, None] ** 2
    return special.logsumexp(log_joint, axis=0) + np.log(z[1] - z[0])
""",
            "constant of the density",
        ),
        (
            """
def log_marginal(x):
    z = np.linspace(-9 * hw.prior_scale, 9 * hw.prior_scale, 8001)
    p = stats.norm.pdf(z, 0, hw.prior_scale) * (z[1] - z[0])
    return p @ log_likelihood(x, decode(z)[:, None])
""",
            "mean of the logs",
        ),
        (
            """
def log_marginal(x):
    z = np.linspace(-12, 12, 8001)
    log_joint = log_likelihood(x, decode(z)[:, None]) + stats.norm.logpdf(z)[:, None]
    return special.logsumexp(log_joint, axis=0) + np.log(z[1] - z[0])
""",
            "N(0, 1)",
        ),
        (
            """
def log_marginal(x):
    return log_likelihood(x, decode(np.zeros(len(x))))
""",
            "put in the place of $z$",
        ),
    ],
    "2.3": [
        (
            """
right = split_gap


def split_gap(x, mean, logvar):
    return right(x, mean, logvar)[:, ::-1]
""",
            "changed places",
        ),
        (
            """
right = split_gap


def split_gap(x, mean, logvar):
    return np.cumsum(right(x, mean, logvar), axis=1)
""",
            "whole gap",
        ),
        (
            """
def split_gap(x, mean, logvar):
    z = np.linspace(-9 * hw.prior_scale, 9 * hw.prior_scale, 3001)
    step = z[1] - z[0]
    log_joint = log_likelihood(x, decode(z)[:, None])
    log_joint = log_joint + stats.norm.logpdf(z, 0, hw.prior_scale)[:, None]
    log_p = log_marginal(x)
    posterior = np.exp(log_joint - log_p) * step
    centre = z @ posterior
    width = np.sqrt(z**2 @ posterior - centre**2)

    def elbo(m, s):
        log_q = stats.norm.logpdf(z[:, None], m, s)
        return (np.exp(log_q) * (log_joint - log_q)).sum(axis=0) * step

    best = elbo(centre, width)
    return np.stack([log_p - best, best - elbo(mean, np.exp(0.5 * logvar))], axis=1)
""",
            "*forward* KL",
        ),
        (
            edit("2.3", "for q in starts", "for q in [(mean[n], 0.5 * logvar[n])]"),
            "lower of two hills",
        ),
        (edit("2.3", "np.linspace(-3, 3, 7)", "[0]"), "from several starts"),
    ],
    "2.4": [
        (
            """
right = rates


def rates(x, beta):
    return right(x, 1.0)
""",
            "β is not in it",
        ),
        (
            """
def rates(x, beta):
    variances = np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1][: hw.n_kept]
    return 0.5 * np.log(np.maximum(variances / hw.pixel_noise.mean() / beta, 1))
""",
            "mean noise for all pixels",
        ),
        (
            """
def rates(x, beta):
    white = (x - x.mean(axis=0)) / np.sqrt(hw.pixel_noise)
    variances = np.linalg.eigvalsh(white.T @ white / len(x))[::-1][: hw.n_kept]
    return 0.5 * np.log(variances / beta)
""",
            "cannot be negative",
        ),
        (
            """
def rates(x, beta):
    white = (x - x.mean(axis=0)) / hw.pixel_noise
    variances = np.linalg.eigvalsh(white.T @ white / len(x))[::-1][: hw.n_kept]
    return 0.5 * np.log(np.maximum(variances / beta, 1))
""",
            "variance stands where a standard deviation",
        ),
    ],
    "2.5": [
        (
            """
def implied_scale(data_dim, latent_dim):
    n_averaged = {"sum": latent_dim, "mean": 1}[hw.published_reduction]
    return hw.published_white * hw.published_weight * data_dim / n_averaged
""",
            "how the KL was reduced",
        ),
        (
            """
right = implied_scale


def implied_scale(data_dim, latent_dim):
    return right(data_dim, latent_dim) / hw.published_white
""",
            "units of white",
        ),
        (
            """
right = implied_scale


def implied_scale(data_dim, latent_dim):
    return hw.published_white * np.sqrt(right(data_dim, latent_dim) / hw.published_white / 2)
""",
            "*squared* error",
        ),
    ],
    "2.6": [
        (
            """
named = {"A": "kl-mean-over-latents", "B": "kl-half-missing", "C": "kl-reversed"}
""",
            "A: if `kl-mean-over-latents`",
        ),
        (
            """
named = ["kl-reversed", "recon-half-missing", "kl-sign"]
""",
            "A dictionary with the keys A, B, C",
        ),
        (
            """
named = {**named, "C": "something with the KL"}
""",
            "C: the names are",
        ),
        (
            """
named = {**named, "C": "normaliser-wrong"}
""",
            "C: if `normaliser-wrong`",
        ),
    ],
    "3.1": [
        (
            """
right = bent


def bent(eps):
    z, log_q = right(eps).T
    return np.stack([z, 2 * stats.norm.logpdf(eps) - log_q], axis=1)
""",
            "sign of the log determinant",
        ),
        (
            """
right = bent


def bent(eps):
    return np.stack([right(eps)[:, 0], stats.norm.logpdf(eps)], axis=1)
""",
            "density of eps",
        ),
        (
            """
right = bent


def bent(eps):
    z, log_q = right(eps).T
    return np.stack([z, log_q - 0.5 * np.log1p(eps**2)], axis=1)
""",
            "inner derivative",
        ),
        (
            """
right = bent


def bent(eps):
    z = right(eps)[:, 0]
    return np.stack([z, stats.norm.logpdf(z)], axis=1)
""",
            "*base* density",
        ),
    ],
    "3.2": [
        (
            _TRAIN.format(epochs=15, z="z.detach()", loss="(kl - log_p)"),
            "through the draw",
        ),
        (_TRAIN.format(epochs=15, z="z", loss="(-log_p)"), "KL is missing"),
        (_TRAIN.format(epochs=15, z="z", loss="(kl / hw.latent_dim - log_p)"), "or part of it"),
        (_TRAIN.format(epochs=8, z="z", loss="(kl - log_p / 64)"), "sum over the pixels"),
        (_TRAIN.format(epochs=1, z="z", loss="(kl + log_p)"), "check the sign"),
        (
            """
def train(x, seed):
    nets = build(seed)
    return {name: array.T for name, array in nets.state_dict().items()}
""",
            "shape",
        ),
    ],
    "3.3": [
        (
            """
def split_rate(mean, logvar, eps):
    scale = np.exp(0.5 * logvar)
    z = mean + scale * eps
    log_aggregate = stats.norm.logpdf(z[:, :, None], mean, scale).sum(axis=3).mean(axis=2)
    log_own = stats.norm.logpdf(z, mean, scale).sum(axis=2)
    log_prior = stats.norm.logpdf(z, 0, hw.prior_scale).sum(axis=2)
    return np.array([(log_own - log_aggregate).mean(), (log_aggregate - log_prior).mean()])
""",
            "averaged their logs",
        ),
        (
            """
right = split_rate


def split_rate(mean, logvar, eps):
    return right(mean, logvar, eps) + np.log(len(mean)) * np.array([-1, 1])
""",
            "- log N",
        ),
        (
            """
def split_rate(mean, logvar, eps):
    scale = np.exp(0.5 * logvar)
    z = mean + scale * eps
    table = stats.norm.logpdf(z[:, :, None], mean, scale).sum(axis=3)
    log_aggregate = special.logsumexp(table, axis=2) - np.log(len(mean))
    log_own = stats.norm.logpdf(z, mean, scale).sum(axis=2)
    log_prior = stats.norm.logpdf(z).sum(axis=2)
    return np.array([(log_own - log_aggregate).mean(), (log_aggregate - log_prior).mean()])
""",
            "`hw.prior_scale`",
        ),
        (
            """
right = split_rate


def split_rate(mean, logvar, eps):
    return right(mean, 2 * logvar, eps)
""",
            "log of the standard deviation",
        ),
    ],
}
