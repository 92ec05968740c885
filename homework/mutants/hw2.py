"""Wrong answers to homework 2, and the words by which each should be recognised."""

from homework.mutants.edits import editor

edit = editor("hw2")
NORMALISE = "    posterior = np.exp(posterior - logsumexp(posterior, axis=0))\n"
STACK = "np.stack(np.broadcast_arrays(in_m, in_log_tau, in_log_s), axis=2)"

MUTANTS = {
    "1.1": [
        (edit("1.1", STACK, STACK + " / np.exp([0, theta[1], theta[2]])"), "in the scale itself"),
        (edit("1.1", "(hw.dof + 1) * r**2 / (hw.dof + r**2) - 1", "r**2 - 1"), "Gaussian noise"),
        (edit("1.1", STACK, STACK + " * [0, 0, 1]"), "prior's part of the score"),
        (edit("1.1", "away / np.exp(theta[1])", "away"), "lacks a factor"),
        (edit("1.1", "return ", "return -"), "sign is wrong"),
    ],
    "1.2": [
        (
            edit(
                "1.2",
                "posterior = log_joint(x, z, theta)",
                "posterior = log_prior(z, theta) + 0 * x[:, 0]",
            ),
            "average is over the prior",
        ),
        (
            edit(
                "1.2", "return ", "posterior = posterior * np.exp(log_prior(z, theta))\n    return "
            ),
            "stray",
        ),
        (
            edit("1.2", "score(x, z, theta))", "score(x, z, theta) * [0, 0, 1])"),
            "prior's part of the score",
        ),
        (
            edit("1.2", NORMALISE, "    posterior = np.exp(posterior) * (z[1] - z[0])[0]\n"),
            "divide by $p(x)$",
        ),
        (
            edit("1.2", "score(x, z, theta))", "score(x, z, theta) / np.exp([0, *theta[1:]]))"),
            "in the scale itself",
        ),
    ],
    "1.3": [
        (
            edit(
                "1.3",
                "return -1 / variance + (posterior * (slope - mean) ** 2).sum(axis=0)",
                "return -1 / variance + 0 * mean",
            ),
            "as if $z$ were known",
        ),
        (edit("1.3", "variance + (posterior", "variance - (posterior"), "*flatter*"),
        (edit("1.3", "-1 / variance + ", ""), "variance of the score alone"),
        (edit("1.3", "slope - mean", "slope"), "mean *square*"),
        (edit("1.3", "return -1 / variance + ", "return 1 / variance - "), "sign is wrong"),
    ],
    "1.4": [
        (edit("1.4", "log_likelihood(", "log_joint("), "come from the prior already"),
        (
            edit(
                "1.4",
                "log_w = log_likelihood(x, z, theta)",
                "log_w = np.zeros(z.shape[:2])",
                "error = np.sqrt((w**2 * (f - estimate) ** 2).sum(axis=0))",
                "error = stats.sem(f, axis=0)",
            ),
            "weights are not used",
        ),
        (edit("1.4", "w**2", "w"), "the error of one draw"),
        (
            edit(
                "1.4", "np.sqrt((w**2 * (f - estimate) ** 2).sum(axis=0))", "stats.sem(f, axis=0)"
            ),
            "unweighted mean",
        ),
        (edit("1.4", "(f - estimate)", "f"), "about zero"),
    ],
    "1.5": [
        (edit("1.5", " - baseline", ""), "drowned in noise"),
        (edit("1.5", "/ tau**2", "/ tau"), "divided by $\\tau$"),
        (
            edit("1.5", "(read(z) + offset - baseline) * (z - m) / tau**2", "read(z) + offset"),
            "draws of the reading",
        ),
        (
            edit(
                "1.5",
                "np.mean(read(rng.normal(m, tau, 1000)))",
                "read(stats.norm.ppf(np.linspace(0, 1, 9999)[1:-1], m, tau)).mean()",
                "(read(z) + offset - baseline) * (z - m) / tau**2",
                "read(z) * (z - m) / tau**2 - baseline",
            ),
            "subtracted from the product",
        ),
    ],
    "2.1": [
        (edit("2.1", "** hw.dim", ""), "in one dimension"),
        (edit("2.1", "shift**2 / u", "hw.dim * shift**2 / u"), "in each dimension"),
        (
            edit("2.1", "np.where(finite, price, np.inf)", "np.where(finite, price, np.inf) - 1"),
            "is asked for",
        ),
        (edit("2.1", "np.inf", "np.nan"), "return `np.inf`"),
        (edit("2.1", " * np.exp(shift**2 / u)", ""), "shift is left out"),
        (edit("2.1", "np.exp(shift**2 / u)", "np.exp(0.5 * shift**2 / u)"), "twice as large"),
    ],
    "2.2": [
        (edit("2.2", "hw.dim", "1"), "in one dimension"),
        (edit("2.2", "np.sqrt((1 + u) / 2)", "(1 + u) / 2"), "This is $c^2$"),
        (edit("2.2", "np.sqrt((1 + u) / 2)", "u"), "This is $u"),
        (edit("2.2", "np.sqrt((1 + u) / 2)", "np.sqrt(1 + shift**2 / hw.dim)"), "KL(p‖q)"),
        (edit("2.2", "np.sqrt((1 + u) / 2)", "np.ones(len(shift))"), "This mean is not"),
    ],
    "2.3": [
        (edit("2.3", " - log_q", ""), "division by $q$ is missing"),
        (edit("2.3", "- log_q", "+ log_q"), "multiplied by $q$"),
        (
            edit("2.3", "stats.t.logpdf(z[:, :, 0], hw.q_dof,", "stats.norm.logpdf(z[:, :, 0],"),
            "Gaussian density",
        ),
        (edit("2.3", "hw.q_scale", "hw.q_scale**2"), "its square"),
        (edit("2.3", "log_joint", "log_likelihood"), "prior is missing"),
    ],
    "2.4": [
        (edit("2.4", "hw.tail_dof / q_dof", "q_dof / hw.tail_dof"), "changed places"),
        (
            edit("2.4", "np.maximum(0.0, 1 - hw.tail_dof / q_dof)", "1 - hw.tail_dof / q_dof"),
            "bounded: write 0",
        ),
        (edit("2.4", "hw.tail_dof / q_dof", "(hw.tail_dof / q_dof) ** 2"), "no square"),
        (
            edit("2.4", "1 - hw.tail_dof / q_dof", "(q_dof - hw.tail_dof) / (q_dof + 1)"),
            "chance to lie beyond",
        ),
    ],
    "2.5": [
        (edit("2.5", "return outside", "return ~outside"), "share that is found"),
        (
            edit(
                "2.5",
                "posterior = log_joint(x, z, hw.theta)",
                "posterior = log_prior(z, hw.theta) + 0 * x[:, 0]",
            ),
            "*prior's* mass",
        ),
        (
            edit("2.5", "return outside @ posterior", "return np.log(~outside @ posterior)"),
            "a logarithm",
        ),
    ],
    "2.6": [
        (
            edit(
                "2.6",
                "np.log(hw.defence) + log_prior",
                "hw.defence * log_prior",
                "np.log1p(-hw.defence) + stats",
                "(1 - hw.defence) * stats",
                "np.logaddexp(from_prior, from_narrow)",
                "(from_prior + from_narrow)",
            ),
            "logs are mixed",
        ),
        (
            edit(
                "2.6",
                "np.log(hw.defence)",
                "np.log(1 - hw.defence)",
                "np.log1p(-hw.defence)",
                "np.log(hw.defence)",
            ),
            "shares have changed places",
        ),
        (
            edit(
                "2.6",
                "np.log(hw.defence) + ",
                "",
                "np.log1p(-hw.defence) + ",
                "",
                "np.logaddexp(from_prior, from_narrow)",
                "np.maximum(from_prior, from_narrow)",
            ),
            "*whole* $q$",
        ),
        (
            edit("2.6", "np.log(hw.defence) + ", "", "np.log1p(-hw.defence) + ", ""),
            "integrates to two",
        ),
        (
            edit(
                "2.6",
                "np.logaddexp(from_prior, from_narrow)",
                "np.log(np.exp(from_prior) + np.exp(from_narrow))",
            ),
            "Zero to the machine",
        ),
    ],
    "2.7": [
        (
            edit(
                "2.7",
                "return ",
                "z = rng.normal(m, tau, (n_draws, 1, 1))\n"
                "    log_q = log_prior(z, hw.theta)\n    return ",
            ),
            "fewer than 45 %",
        ),
        (
            edit(
                "2.7",
                "return (log_joint(x, z, hw.theta) - log_q)[:, 0]",
                "log_w = (log_joint(x, z, hw.theta) - log_q)[:, 0]\n"
                "    return log_w - logsumexp(log_w)",
            ),
            "sum to one",
        ),
        (
            edit("2.7", "[:, 0]\n    ### END", "[:, 0] - np.log(n_draws)\n    ### END"),
            "divided by the number of draws",
        ),
        (
            edit(
                "2.7",
                "return (log_joint(x, z, hw.theta)",
                "return (log_joint(x, z, hw.theta * [0, 0, 1])",
            ),
            "standard normal prior",
        ),
        (
            edit(
                "2.7",
                "return (log_joint(x, z, hw.theta)",
                "return (log_joint(x, z, hw.theta * [1, 2, 1])",
            ),
            "its square",
        ),
    ],
}
