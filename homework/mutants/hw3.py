"""Wrong answers to homework 3, and the words by which each should be recognised."""

MUTANTS = {
    "1.1": [
        (
            """
def reconstruction(x, mean, scale):
    log_rate = hw.intercept + hw.slope * mean
    return x * log_rate - np.exp(log_rate) - special.gammaln(x + 1)
""",
            "mean of $z$ under $q$",
        ),
        (
            """
def reconstruction(x, mean, scale):
    log_rate = hw.intercept + hw.slope * mean
    rate = np.exp(log_rate + 0.5 * hw.slope**2 * scale)
    return x * log_rate - rate - special.gammaln(x + 1)
""",
            "standard deviation",
        ),
        (
            """
def reconstruction(x, mean, scale):
    log_rate = hw.intercept + hw.slope * mean
    return x * log_rate - np.exp(log_rate + hw.slope**2 * scale**2) - special.gammaln(x + 1)
""",
            "½ is missing",
        ),
        (
            """
def reconstruction(x, mean, scale):
    log_rate = hw.intercept + hw.slope * mean
    return x * log_rate - np.exp(log_rate + 0.5 * hw.slope**2 * scale**2)
""",
            "log x!$ is missing",
        ),
        (
            """
def reconstruction(x, mean, scale):
    log_rate = hw.intercept + hw.slope * mean
    rate = np.exp(log_rate + 0.5 * hw.slope * scale**2)
    return x * log_rate - rate - special.gammaln(x + 1)
""",
            "slope is squared",
        ),
    ],
    "1.2": [
        (
            """
def elbo(x, mean, scale):
    kl = 0.5 * (scale**2 + mean**2 - 1) - np.log(scale)
    return reconstruction(x, mean, scale) - kl
""",
            "N(0, 1)",
        ),
        (
            """
def elbo(x, mean, scale):
    ratio = scale / hw.prior_scale
    kl = 0.5 * (ratio**2 + (mean / hw.prior_scale) ** 2 - 1) - np.log(ratio)
    return reconstruction(x, mean, scale) + kl
""",
            "one sign is wrong",
        ),
        (
            """
def elbo(x, mean, scale):
    ratio = hw.prior_scale / scale
    kl = 0.5 * (ratio**2 + (mean / scale) ** 2 - 1) - np.log(ratio)
    return reconstruction(x, mean, scale) - kl
""",
            "KL(p‖q)",
        ),
        (
            """
def elbo(x, mean, scale):
    ratio = scale / hw.prior_scale
    return reconstruction(x, mean, scale) - (
        ratio**2 + (mean / hw.prior_scale) ** 2 - 1 - 2 * np.log(ratio)
    )
""",
            "½",
        ),
        (
            """
def elbo(x, mean, scale):
    return reconstruction(x, mean, scale)
""",
            "KL is missing",
        ),
    ],
    "1.3": [
        (
            """
def elbo_off(x, mean, scale, off):
    r = np.where(x == 0, off, 0.0)
    choice = r * np.log(hw.off_probability) + (1 - r) * np.log1p(-hw.off_probability)
    kl = reconstruction(x, mean, scale) - elbo(x, mean, scale)
    return (1 - r) * reconstruction(x, mean, scale) + choice - kl
""",
            "entropy of the switch",
        ),
        (
            """
def elbo_off(x, mean, scale, off):
    choice = off * np.log(hw.off_probability / off)
    choice = choice + (1 - off) * np.log((1 - hw.off_probability) / (1 - off))
    kl = reconstruction(x, mean, scale) - elbo(x, mean, scale)
    return (1 - off) * reconstruction(x, mean, scale) + choice - kl
""",
            "cannot show $x > 0$",
        ),
        (
            """
def elbo_off(x, mean, scale, off):
    pi, e = hw.off_probability, reconstruction(x, mean, scale)
    at_zero = off * np.log(pi / off) + (1 - off) * (np.log((1 - pi) / (1 - off)) + e)
    return np.where(x == 0, at_zero, e) - (e - elbo(x, mean, scale))
""",
            "1 - \\pi)$ is missing",
        ),
        (
            """
def elbo_off(x, mean, scale, off):
    pi, e = hw.off_probability, reconstruction(x, mean, scale)
    at_zero = np.log(pi + (1 - pi) * np.exp(e))
    return np.where(x == 0, at_zero, np.log(1 - pi) + e) - (e - elbo(x, mean, scale))
""",
            "*best* probability",
        ),
    ],
    "1.4": [
        (
            """
def best_off(x, mean, scale):
    z = mean + scale * np.linspace(-10, 10, 4001)[:, None]
    q = stats.norm.pdf(z, mean, scale) * scale * 0.005
    zero = (q * np.exp(-np.exp(hw.intercept + hw.slope * z))).sum(axis=0)
    pi = hw.off_probability
    return np.where(x == 0, pi / (pi + (1 - pi) * zero), 0.0)
""",
            "averages the probabilities",
        ),
        (
            """
def best_off(x, mean, scale):
    zero = np.exp(-np.exp(hw.intercept + hw.slope * mean))
    pi = hw.off_probability
    return np.where(x == 0, pi / (pi + (1 - pi) * zero), 0.0)
""",
            "mean of $z$ under $q$",
        ),
        (
            """
def best_off(x, mean, scale):
    zero = np.exp(reconstruction(0 * x, mean, scale))
    pi = hw.off_probability
    return pi / (pi + (1 - pi) * zero)
""",
            "the counter was on",
        ),
        (
            """
def best_off(x, mean, scale):
    zero = np.exp(reconstruction(0 * x, mean, scale))
    return np.where(x == 0, 1 / (1 + zero), 0.0)
""",
            "prior probability of off",
        ),
    ],
    "2.1": [
        (
            """
def kl_to_laplace(mean, scale):
    entropy = np.log(scale) + 0.5 * np.log(2 * np.pi * np.e)
    distance = abs(mean - hw.laplace_loc)
    return np.log(2 * hw.laplace_scale) + distance / hw.laplace_scale - entropy
""",
            "|E z - \\mu|",
        ),
        (
            """
def kl_to_laplace(mean, scale):
    d = mean - hw.laplace_loc
    distance = 2 * scale * stats.norm.pdf(d / scale) + d * (2 * stats.norm.cdf(d / scale) - 1)
    return np.log(2 * hw.laplace_scale) + distance / hw.laplace_scale
""",
            "cross-entropy",
        ),
        (
            """
def kl_to_laplace(mean, scale):
    d, b = mean - hw.laplace_loc, hw.laplace_scale
    energy = 0.5 * np.log(2 * np.pi * scale**2) + 0.5 * (2 * b**2 + d**2) / scale**2
    return energy - 1 - np.log(2 * b)
""",
            "KL(p‖q)",
        ),
        (
            """
def kl_to_laplace(mean, scale):
    d, b = mean - hw.laplace_loc, hw.laplace_scale / np.sqrt(2)
    distance = 2 * scale * stats.norm.pdf(d / scale) + d * (2 * stats.norm.cdf(d / scale) - 1)
    return np.log(2 * b) + distance / b - np.log(scale) - 0.5 * np.log(2 * np.pi * np.e)
""",
            "scale $b$ of a Laplace",
        ),
    ],
    "2.2": [
        (
            """
def kl_to_gamma(shape, rate):
    a0, b0 = hw.gamma_shape, hw.gamma_rate
    mean_log = np.log(shape / rate)
    constants = shape * np.log(rate) - special.gammaln(shape)
    constants = constants - a0 * np.log(b0) + special.gammaln(a0)
    return constants + (shape - a0) * mean_log - (rate - b0) * shape / rate
""",
            "log of the mean stands",
        ),
        (
            """
def kl_to_gamma(shape, rate):
    a0, b0 = hw.gamma_shape, hw.gamma_rate
    mean_log = special.digamma(a0) - np.log(b0)
    constants = a0 * np.log(b0) - special.gammaln(a0)
    constants = constants - shape * np.log(rate) + special.gammaln(shape)
    return constants + (a0 - shape) * mean_log - (b0 - rate) * a0 / b0
""",
            "KL(p‖q)",
        ),
        (
            """
def kl_to_gamma(shape, rate):
    a0, b0, b = hw.gamma_shape, 1 / hw.gamma_rate, 1 / rate
    mean_log = special.digamma(shape) - np.log(b)
    constants = shape * np.log(b) - special.gammaln(shape) - a0 * np.log(b0)
    return constants + special.gammaln(a0) + (shape - a0) * mean_log - (b - b0) * shape / b
""",
            "rate",
        ),
    ],
    "2.3": [
        (
            """
right = gap


def gap(x, mean, scale):
    return -right(x, mean, scale)
""",
            "*below* log p(x)",
        ),
        (
            """
def gap(x, mean, scale):
    return reconstruction(x, mean, scale) - elbo(x, mean, scale)
""",
            "KL to the *prior*",
        ),
        (
            """
def gap(x, mean, scale):
    z = np.linspace(-20, 20, 20_001)[:, None]
    log_joint = stats.poisson.logpmf(x, np.exp(hw.intercept + hw.slope * z))
    log_joint = log_joint + stats.norm.logpdf(z, 0, hw.prior_scale)
    log_p = log_joint - special.logsumexp(log_joint, axis=0)
    posterior = np.exp(log_p)
    return (posterior * (log_p - np.log(0.002) - stats.norm.logpdf(z, mean, scale))).sum(axis=0)
""",
            "KL(posterior ‖ q)",
        ),
        (
            """
def gap(x, mean, scale):
    z = np.linspace(-20, 20, 20_001)[:, None]
    log_joint = stats.poisson.logpmf(x, np.exp(hw.intercept + hw.slope * z))
    log_joint = log_joint - 0.5 * (z / hw.prior_scale) ** 2
    return special.logsumexp(log_joint, axis=0) + np.log(0.002) - elbo(x, mean, scale)
""",
            "lacks its normaliser",
        ),
    ],
    "2.4": [
        (
            """
def renyi_bound(log_w):
    return np.log(np.mean(np.exp(log_w) ** (1 - hw.alpha), axis=0)) / (1 - hw.alpha)
""",
            "floating point",
        ),
        (
            """
def renyi_bound(log_w):
    power = 1 - hw.alpha
    return special.logsumexp(power * log_w, axis=0) - np.log(len(log_w))
""",
            "outside the log is missing",
        ),
        (
            """
def renyi_bound(log_w):
    return log_w.mean(axis=0)
""",
            "bound of order 1",
        ),
        (
            """
def renyi_bound(log_w):
    return special.logsumexp(hw.alpha * log_w, axis=0) / hw.alpha - np.log(len(log_w)) / hw.alpha
""",
            "you used $\\alpha$",
        ),
        (
            """
def renyi_bound(log_w):
    return special.logsumexp(log_w, axis=0) - np.log(len(log_w))
""",
            "log of the mean weight",
        ),
    ],
    "3.1": [
        (
            """
def logistic_gradient(x, mean, log_scale, u):
    eps, scale = special.logit(u), np.exp(log_scale)
    z = mean + scale * eps
    slope = hw.slope * (x - np.exp(hw.intercept + hw.slope * z)) - z / hw.prior_scale**2
    return np.stack([slope, slope * scale * eps], axis=1)
""",
            "entropy",
        ),
        (
            """
def logistic_gradient(x, mean, log_scale, u):
    eps, scale = stats.norm.ppf(u), np.exp(log_scale)
    z = mean + scale * eps
    slope = hw.slope * (x - np.exp(hw.intercept + hw.slope * z)) - z / hw.prior_scale**2
    return np.stack([slope, slope * scale * eps + 1], axis=1)
""",
            "Gaussian noise",
        ),
        (
            """
def logistic_gradient(x, mean, log_scale, u):
    eps, scale = special.logit(u), np.exp(log_scale)
    z = mean + scale * eps
    slope = hw.slope * (x - np.exp(hw.intercept + hw.slope * z)) - z / hw.prior_scale**2
    return np.stack([slope, slope * eps + 1 / scale], axis=1)
""",
            "derivative in the scale itself",
        ),
        (
            """
def logistic_gradient(x, mean, log_scale, u):
    eps, scale = special.logit(u), np.exp(log_scale)
    z = mean + scale * eps
    slope = hw.slope * (x - np.exp(hw.intercept + hw.slope * z))
    return np.stack([slope, slope * scale * eps + 1], axis=1)
""",
            "prior is missing",
        ),
        (
            """
def logistic_gradient(x, mean, log_scale, u):
    eps = special.logit(u)
    z = mean + log_scale * eps
    slope = hw.slope * (x - np.exp(hw.intercept + hw.slope * z)) - z / hw.prior_scale**2
    return np.stack([slope, slope * log_scale * eps + 1], axis=1)
""",
            "log scale has been used",
        ),
    ],
    "3.2": [
        (
            """
def leave_one_out(x, mean, log_scale, eps):
    z = mean + np.exp(log_scale) * eps
    f = stats.poisson.logpmf(x, np.exp(hw.intercept + hw.slope * z))
    f = f + stats.norm.logpdf(z, 0, hw.prior_scale) - stats.norm.logpdf(z, mean, np.exp(log_scale))
    score = np.stack([eps / np.exp(log_scale), eps**2 - 1], axis=1)
    return (f - f.mean())[:, None] * score
""",
            "contains the draw itself",
        ),
        (
            """
def leave_one_out(x, mean, log_scale, eps):
    z = mean + np.exp(log_scale) * eps
    f = stats.poisson.logpmf(x, np.exp(hw.intercept + hw.slope * z))
    f = f + stats.norm.logpdf(z, 0, hw.prior_scale) - stats.norm.logpdf(z, mean, np.exp(log_scale))
    return f[:, None] * np.stack([eps / np.exp(log_scale), eps**2 - 1], axis=1)
""",
            "no baseline",
        ),
        (
            """
def leave_one_out(x, mean, log_scale, eps):
    z = mean + np.exp(log_scale) * eps
    f = stats.poisson.logpmf(x, np.exp(hw.intercept + hw.slope * z))
    f = f + stats.norm.logpdf(z, 0, hw.prior_scale)
    score = np.stack([eps / np.exp(log_scale), eps**2 - 1], axis=1)
    return (f - (f.sum() - f) / (len(f) - 1))[:, None] * score
""",
            "$-\\log q$ is missing",
        ),
        (
            """
def leave_one_out(x, mean, log_scale, eps):
    scale = np.exp(log_scale)
    z = mean + scale * eps
    f = stats.poisson.logpmf(x, np.exp(hw.intercept + hw.slope * z))
    f = f + stats.norm.logpdf(z, 0, hw.prior_scale) - stats.norm.logpdf(z, mean, scale)
    score = np.stack([eps / scale, (eps**2 - 1) / scale], axis=1)
    return (f - (f.sum() - f) / (len(f) - 1))[:, None] * score
""",
            "derivative in the scale itself",
        ),
    ],
    "3.3": [
        (
            """
right = sweep


def sweep(x, expected_precision):
    mean, variance, shape, _ = right(x, expected_precision)
    squares = ((x - mean) ** 2).sum() + hw.prior_counts * (mean - hw.prior_mean) ** 2
    return np.array([mean, variance, shape, hw.precision_rate + 0.5 * squares])
""",
            "mean of $z$ under $q$",
        ),
        (
            """
right = sweep


def sweep(x, expected_precision):
    mean, variance, _, rate = right(x, expected_precision)
    return np.array([mean, variance, hw.precision_shape + len(x) / 2, rate])
""",
            "(N + 1)/2",
        ),
        (
            """
right = sweep


def sweep(x, expected_precision):
    mean, variance, shape, rate = right(x, expected_precision)
    return np.array([mean, 1 / variance, shape, rate])
""",
            "precision; a variance",
        ),
        (
            """
right = sweep


def sweep(x, expected_precision):
    mean, variance, shape, rate = right(x, expected_precision)
    rate = hw.precision_rate + 0.5 * ((x - mean) ** 2 + variance).sum()
    return np.array([mean, variance, shape, rate])
""",
            "rate lacks the prior",
        ),
    ],
    "3.4": [
        (
            """
def mean_field_gap(features):
    precision = np.eye(features.shape[1]) / hw.weight_scale**2
    precision = precision + features.T @ features / hw.noise_scale**2
    return np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1]
""",
            "½ is missing",
        ),
        (
            """
def mean_field_gap(features):
    precision = np.eye(features.shape[1]) + features.T @ features / hw.noise_scale**2
    return 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])
""",
            "`hw.weight_scale`, not 1",
        ),
        (
            """
def mean_field_gap(features):
    precision = np.eye(features.shape[1]) / hw.weight_scale**2
    precision = precision + features.T @ features / hw.noise_scale
    return 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])
""",
            "standard deviation",
        ),
        (
            """
def mean_field_gap(features):
    precision = np.eye(features.shape[1]) / hw.weight_scale**2
    precision = precision + features.T @ features / hw.noise_scale**2
    cov = np.linalg.inv(precision)
    spread = np.diag(cov) @ np.diag(precision) - len(cov)
    return 0.5 * (spread - np.log(np.diag(cov)).sum() + np.linalg.slogdet(cov)[1])
""",
            "posterior's own variances",
        ),
    ],
    "4.1": [
        (
            """
def em_sweep(x, weights, rates):
    r = special.softmax(np.log(weights) + stats.poisson.logpmf(x[:, None], rates), axis=1)
    return np.stack([r.mean(axis=0), r.T @ x / r.sum(axis=0)])
""",
            "exposure is not used",
        ),
        (
            """
def em_sweep(x, weights, rates):
    joint = np.log(weights) + stats.poisson.logpmf(x[:, None], hw.exposure * rates)
    r = special.softmax(joint, axis=1)
    return np.stack([r.mean(axis=0), r.T @ x / r.sum(axis=0)])
""",
            "mean counts",
        ),
        (
            """
def em_sweep(x, weights, rates):
    joint = np.log(weights) + stats.poisson.logpmf(x[:, None], hw.exposure * rates)
    r = np.eye(len(rates))[joint.argmax(axis=1)]
    return np.stack([r.mean(axis=0), r.T @ x / r.sum(axis=0) / hw.exposure])
""",
            "Half-beliefs",
        ),
        (
            """
def em_sweep(x, weights, rates):
    r = special.softmax(stats.poisson.logpmf(x[:, None], hw.exposure * rates), axis=1)
    return np.stack([r.mean(axis=0), r.T @ x / r.sum(axis=0) / hw.exposure])
""",
            "weights are its prior",
        ),
        (
            """
def em_sweep(x, weights, rates):
    joint = np.log(weights) + stats.poisson.logpmf(x[:, None], hw.exposure * rates)
    r = special.softmax(joint, axis=1)
    return np.stack([r.sum(axis=0), r.T @ x / r.sum(axis=0) / hw.exposure])
""",
            "weights sum to one",
        ),
    ],
    "4.2": [
        (
            """
def learned_noise(second_moment, n_causes):
    return second_moment - n_causes * hw.loading**2
""",
            "maximum likelihood",
        ),
        (
            """
def learned_noise(second_moment, n_causes):
    v = second_moment
    for _ in range(5000):
        of_causes = 2 * hw.loading**2
        v = (v / (of_causes + v)) ** 2 * second_moment + of_causes * v / (v + hw.loading**2)
    return v
""",
            "two causes",
        ),
        (
            """
right = learned_noise


def learned_noise(second_moment, n_causes):
    return right(second_moment, hw.n_causes)
""",
            "their number is an argument",
        ),
        (
            """
def learned_noise(second_moment, n_causes):
    v = second_moment
    for _ in range(5000):
        of_causes = n_causes * hw.loading**2
        v = (v / (of_causes + v)) ** 2 * second_moment + of_causes * v / (v + hw.loading**2)
    return np.sqrt(v)
""",
            "noise scale",
        ),
        (
            """
def learned_noise(second_moment, n_causes):
    v = second_moment
    for _ in range(5000):
        v = (v / (n_causes + v)) ** 2 * second_moment + n_causes * v / (v + 1)
    return v
""",
            "loadings of 1",
        ),
    ],
}
