"""Detectors with shutters that stick, summed out one by one."""

import numpy as np

from vitutor.checks import Function, Mistake
from vitutor.checks.homework.hw1.detectors import decoder_case, log_poisson
from vitutor.checks.misconceptions import MISCONCEPTIONS


def log_likelihood_shutters(c):
    """Part 1.4."""
    open_, shut = np.log1p(-c["closed"]), np.log(c["closed"])

    def mixed(x, z, if_closed=shut, if_open=open_):
        closed = np.where(x == 0, if_closed, -np.inf)
        return np.logaddexp(closed, if_open + log_poisson(c, x, z)).sum(axis=2)

    def no_zeros_of_its_own(x, z):
        return np.where(x == 0, shut, open_ + log_poisson(c, x, z)).sum(axis=2)

    def always_open_if_seen(x, z):
        seen = log_poisson(c, x, z)
        return np.where(x == 0, np.logaddexp(shut, open_ + seen), seen).sum(axis=2)

    def one_shutter(x, z):
        dark = np.where((x == 0).all(axis=1), shut, -np.inf)
        return np.logaddexp(dark, open_ + log_poisson(c, x, z).sum(axis=2))

    def not_in_logs(x, z):
        p = c["closed"] * (x == 0) + (1 - c["closed"]) * np.exp(log_poisson(c, x, z))
        return np.log(p).sum(axis=2)

    def draw_case(rng):
        x, z = decoder_case(c, rng, n_data=5)
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
