"""The probability of a grey pixel: logistic noise, rounded."""

import numpy as np
from scipy import stats
from scipy.special import expit, log_expit, logsumexp

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS

WHITE = 16  # of the digits' grey values


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


def log_likelihood(c):
    """Part 1.2."""
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
        hint="Take one pixel and add up the probabilities of its seventeen greys: 1 has to come "
        "out, also for a mean of -3 or 19. With the mean at 200 all seventeen logs are finite.",
    )
