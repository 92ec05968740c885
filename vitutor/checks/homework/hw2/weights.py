"""Log weights under a q with heavy tails, and under a mixture with the prior."""

import numpy as np
from scipy import stats

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw2.sensor import log_joint, log_noise, log_prior
from vitutor.checks.misconceptions import MISCONCEPTIONS


def _draws_of_q(c, rng, n_data=3):
    z = c["q_mean"] + c["q_scale"] * rng.standard_t(3, (6, n_data, 1))
    return c["datum"] + rng.normal(0, 0.3, (n_data, 1)), z


def log_weights(c):
    """Part 2.3."""

    def weights(x, z, log_q, sign=-1):
        z = z[:, :, 0]
        return log_joint(c, x[:, 0], z, c["theta"]) + sign * log_q(z)

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
                lambda x, z: log_noise(c, x[:, 0], z[:, :, 0], c["theta"]) - q(z[:, :, 0]),
                "The prior is missing from the joint density. It cancelled in lesson 3, where the "
                "draws came from it; here they do not.",
            ),
            Mistake(
                lambda x, z: np.exp(weights(x, z, q)),
                "These are the weights. Their logs are asked for.",
            ),
        ),
        hint="A test: near its peak q is nearly the posterior of `hw.datum`. So at that x, and for "
        "z within one $\\sigma_q$ of $\\mu_q$, your log weights should lie within half a nat of "
        "$\\log p(x)$, which a grid can tell. At $z = 20$ they should lie far below it.",
    )


def log_weights_defensive(c):
    """Part 2.6."""
    a = c["defence"]

    def densities(z):
        return log_prior(z, c["theta"]), stats.norm.logpdf(z, c["q_mean"], c["q_scale"])

    def weights(log_q):
        def answer(x, z):
            z = z[:, :, 0]
            return log_joint(c, x[:, 0], z, c["theta"]) - log_q(*densities(z))

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
        hint="Two tests. Does your $q$ integrate to one, on a grid? And far out nothing is left of "
        "$q$ but the prior's share: is the weight $p(x \\mid z)/\\alpha$ there, whichever part the "
        "draw came from?",
    )
