"""Wrong answers to homework 1, and the words by which each should be recognised."""

from homework.mutants.edits import editor

edit = editor("hw1")
OTHER_LINK = ('hw.link == "exp"', 'hw.link != "exp"')
NO_FACTORIAL = (" - gammaln(x + 1)", "")
IN_PRIOR = "getattr(stats, hw.prior).logpdf(z, scale=hw.prior_scale)"

MUTANTS = {
    "1.1": [
        (edit("1.1", *OTHER_LINK), "other link function"),
        (edit("1.1", "stats.poisson.ppf(u[:, 1:], rate)", "rate"), "means of the counts"),
        (edit("1.1", ", scale=hw.prior_scale", ""), "scale is left out"),
        (
            edit(
                "1.1",
                "getattr(stats, hw.prior).ppf(u[:, :1], scale=hw.prior_scale)",
                "stats.norm.ppf(u[:, :1])",
            ),
            "standard normal prior",
        ),
        (edit("1.1", "u[:, :1]", "u[0, 0]"), "share the first cause"),
    ],
    "1.2": [
        (edit("1.2", *OTHER_LINK), "other link function"),
        (edit("1.2", *NO_FACTORIAL), "log x!"),
        (edit("1.2", ".sum(axis=2)", ".mean(axis=2)"), "add up"),
        (edit("1.2", ".sum(axis=2)", ""), "shape (4, 3) is wanted"),
        (
            edit("1.2", "return (x", "return np.exp((x", ".sum(axis=2)", ".sum(axis=2))"),
            "its logarithm is asked for",
        ),
        (
            edit("1.2", "np.exp(log_rate)", "eta", "x * log_rate", "x * np.log(eta)"),
            "used as the rate",
        ),
    ],
    "1.3": [
        (edit("1.3", IN_PRIOR, "0 * z"), "as often as the prior draws it"),
        (edit("1.3", IN_PRIOR, "stats.norm.logpdf(z)"), "standard normal prior"),
        (edit("1.3", "scale=hw.prior_scale)", "scale=hw.prior_scale**2)"), "its square"),
        (
            edit(
                "1.3",
                "return logsumexp(log_joint, axis=0) + np.log(z[1] - z[0])",
                "return (z[1] - z[0]) * np.exp(log_prior) @ log_likelihood(x, z[:, None, None])",
            ),
            "mean of the logs",
        ),
        (
            edit(
                "1.3",
                "return logsumexp(log_joint, axis=0) + np.log(z[1] - z[0])",
                "return log_likelihood(x, z[:, None, None]).max(axis=0)",
            ),
            "Only the best",
        ),
        (edit("1.3", " + np.log(z[1] - z[0])", ""), "Is the spacing there?"),
    ],
    "1.4": [
        (
            edit(
                "1.4",
                "return np.logaddexp(closed, np.log1p(-hw.closed) + log_poisson)",
                "return np.where(x == 0, np.log(hw.closed), np.log1p(-hw.closed) + log_poisson)",
            ),
            "closed shutter only",
        ),
        (
            edit(
                "1.4",
                "return np.logaddexp(closed, np.log1p(-hw.closed) + log_poisson)",
                "both = np.logaddexp(closed, np.log1p(-hw.closed) + log_poisson)\n"
                "    return np.where(x == 0, both, log_poisson)",
            ),
            "it had to be",
        ),
        (
            edit(
                "1.4",
                "x == 0",
                "(x == 0).all(axis=1)",
                "log_poisson).sum(axis=2)",
                "log_poisson.sum(axis=2))",
            ),
            "in front of all detectors",
        ),
        (
            edit(
                "1.4",
                "np.log(hw.closed)",
                "np.log1p(-hw.closed)",
                "np.log1p(-hw.closed) + log_p",
                "np.log(hw.closed) + log_p",
            ),
            "changed places",
        ),
        (
            edit(
                "1.4",
                "np.logaddexp(closed, np.log1p(-hw.closed) + log_poisson)",
                "np.log(np.exp(closed) + (1 - hw.closed) * np.exp(log_poisson))",
            ),
            "Zero to the machine",
        ),
    ],
    "2.1": [
        (edit("2.1", "hw.rate", "1 / hw.rate"), "used as its scale"),
        (
            edit("2.1", "t = hw.shape, hw.rate, exposure", "t = hw.shape, hw.rate, 1.0"),
            "exposure is left out",
        ),
        (edit("2.1", *NO_FACTORIAL), "log x!"),
        (
            "log_marginal_lamp = lambda x, exposure: stats.poisson.logpmf("
            "x, exposure * hw.shape / hw.rate)",
            "in the place of $z$",
        ),
        (
            "log_marginal_lamp = lambda x, exposure: stats.nbinom.logpmf("
            "x, hw.shape, exposure / (hw.rate + exposure))",
            "have changed places",
        ),
    ],
    "2.2": [
        (
            "log_marginal_one_lamp = lambda x, exposure: stats.nbinom.logpmf("
            "x, hw.shape, hw.rate / (hw.rate + exposure)).sum()",
            "one $z$ made them all",
        ),
        (
            "log_marginal_one_lamp = lambda x, exposure: stats.nbinom.logpmf("
            "x.sum(), hw.shape, hw.rate / (hw.rate + exposure.sum()))",
            "*sum* of the counts",
        ),
        (edit("2.2", *NO_FACTORIAL), "log x_i!"),
        (edit("2.2", "x * np.log(exposure) ", ""), "factor $"),
    ],
    "2.3": [
        (edit("2.3", "np.log(hw.move)", "np.log(hw.move).T"), "go backwards"),
        (edit("2.3", "    log_emit[x == -1] = 0\n", ""), "a count of zero"),
        (edit("2.3", "np.log(hw.start)", "np.log(hw.start @ hw.move)"), "moved once before"),
        (
            edit(
                "2.3",
                "logsumexp(log_alpha[:, :, None] + np.log(hw.move), axis=1)",
                "(log_alpha[:, :, None] + np.log(hw.move)).max(axis=1)",
                "return logsumexp(log_alpha, axis=1)",
                "return log_alpha.max(axis=1)",
            ),
            "Only the best",
        ),
        (
            edit(
                "2.3",
                "        log_alpha = moved",
                "        moved = np.where(x[:, t, None] == -1, log_alpha, moved)\n"
                "        log_alpha = moved",
            ),
            "cut out of the sequence",
        ),
    ],
    "2.4": [
        (
            edit(
                "2.4",
                "+ np.array(log_beta[::-1])",
                "",
                "np.array(log_alpha) ",
                "np.array(log_alpha)",
            ),
            "knows the past only",
        ),
        (
            edit(
                "2.4",
                "return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))",
                "return np.exp(log_joint)",
            ),
            "sum to one",
        ),
        (
            edit(
                "2.4",
                "log_joint = np.array(log_alpha) + np.array(log_beta[::-1])",
                "log_joint = log_emit",
            ),
            "its own count alone",
        ),
    ],
    "3.1": [
        (edit("3.1", "stats.t.pdf(x, hw.dof, ", "stats.norm.pdf(x, "), "Gaussian"),
        (edit("3.1", "scale=hw.noise_scale)", "scale=hw.noise_scale**2)"), "its square"),
        (edit("3.1", "stats.t.pdf", "stats.t.logpdf"), "mean of the logs"),
        (
            edit(
                "3.1",
                "return stats.t.pdf(x, hw.dof, loc=decoded, scale=hw.noise_scale)",
                "precision = rng.gamma(hw.dof / 2, 2 / hw.dof, n_draws)\n"
                "    return stats.norm.pdf(x, decoded, hw.noise_scale / np.sqrt(precision))",
            ),
            "far noisier",
        ),
        (
            edit(
                "3.1",
                "return stats.t.pdf(x, hw.dof, loc=decoded, scale=hw.noise_scale)",
                "return stats.t.pdf((x - decoded) / hw.noise_scale, hw.dof)",
            ),
            "factor $1/s$",
        ),
    ],
    "3.2": [
        (edit("3.2", "np.expm1", "np.exp"), "take the 1 off"),
        (edit("3.2", "hw.rate", "1 / hw.rate"), "used as its scale"),
        (
            edit("3.2", "return np.expm1", "return np.sqrt(np.expm1", "np.log(b))", "np.log(b)))"),
            "its square",
        ),
        (
            edit("3.2", "t = hw.shape, hw.rate, exposure", "t = hw.shape, hw.rate, 1.0"),
            "exposure is left out",
        ),
        (edit("3.2", "np.log(b))", "np.log(b)) / hw.n_draws"), "*one* weight"),
    ],
    "3.3": [
        (edit("3.3", "np.prod(1 + chi) - 1", "chi.sum()"), "are added up"),
        (
            edit("3.3", "np.prod(1 + chi / hw.n_draws) - 1", "chi.sum() / hw.n_draws"),
            "leading term",
        ),
        (edit("3.3", "[together, apart]", "[apart, together]"), "wrong order"),
        (edit("3.3", "np.prod(1 + chi) - 1", "np.prod(1 + chi)"), "take the 1 off"),
        (edit("3.3", "np.prod(1 + chi) - 1", "np.prod(chi)"), "do not multiply"),
    ],
    "3.4": [
        (
            edit(
                "3.4",
                "[log_p,",
                "[log_w.mean(axis=0),",
                "error, log_p +",
                "error, log_w.mean(axis=0) +",
            ),
            "mean of the logs",
        ),
        (
            edit(
                "3.4",
                "w.std(axis=0, ddof=1) / np.sqrt(len(w))",
                "log_w.std(axis=0, ddof=1) / np.sqrt(len(w))",
            ),
            "mean of the logs",
        ),
        (edit("3.4", " / np.sqrt(len(w))", ""), "one draw"),
        (edit("3.4", "ddof=1", "ddof=0"), "Divide by $S - 1$"),
        (edit("3.4", "error**2])", "error**2], axis=1)"), "shape (3, 4) is wanted"),
        (edit("3.4", "log_p + 0.5", "log_p - 0.5"), "wrong way"),
        (edit("3.4", "log_p + 0.5 *", "log_p +"), "its ½"),
    ],
}
