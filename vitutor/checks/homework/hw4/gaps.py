"""The two gaps of an encoder: its family's fault, and its own."""

import numpy as np

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw4.strip import Strip


def encoded_case(rng, strip, n_drawn=3, n_low=1, off=0.3):
    """Strips (N, 5), and what an encoder made of them: means and log-variances (N,).

    For n_low of them it stands on the lower of two hills.
    """
    z, x = strip.sample(rng, n_drawn)
    drawn = x, z + off * rng.normal(size=n_drawn), rng.uniform(-3.5, -1.0, size=n_drawn)
    pairs = zip(drawn, strip.on_lower_hill(rng, n_low), strict=True)
    return tuple(np.concatenate(pair) for pair in pairs)


def split_gap(c):
    """Part 2.3."""
    strip = Strip(c)

    def gaps(x, mean, logvar):
        log_p, best, log_joint = strip.log_marginal(x), strip.best(x), strip.log_joint(x)
        of_encoder = [strip.elbo(log_joint[:, n], mean[n], 0.5 * logvar[n]) for n in range(len(x))]
        return log_p, best, np.array(of_encoder)

    def columns(build):
        return lambda *case: np.stack(build(*gaps(*case)), axis=1)

    def one_climb(x, mean, logvar):
        """The approximation gap taken on the hill where the encoder stands."""
        log_p, _, of_encoder = gaps(x, mean, logvar)
        log_joint = strip.log_joint(x)
        top = [strip.climb(log_joint[:, n], mean[n], 0.5 * logvar[n]) for n in range(len(x))]
        return np.stack([log_p - top, top - of_encoder], axis=1)

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
                one_climb,
                "Your climb ends on the lower of two hills, the one on which the encoder stands. "
                "Climb from several starts, and keep the best.",
            ),
            Mistake(
                moments,
                "Your best Gaussian has the posterior's mean and variance. That is the best by the "
                "*forward* KL; the ELBO's best is another.",
            ),
        ),
        hint="Climb the ELBO in mean and log scale from several starts, for each datum; the ELBO "
        "by a grid, with q on it and never narrower than two of its steps. A gap below zero says "
        "that it was not.",
        n_cases=2,
    )
