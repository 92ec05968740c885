"""The numbers and data of homework 3."""

import numpy as np


def constants(seed):
    """Return the numbers of variant `seed`."""
    rng = np.random.default_rng([3, seed])

    def between(low, high):
        return round(float(rng.uniform(low, high)), 3)

    numbers = {
        "intercept": between(0.6, 1.3),
        "slope": between(0.5, 0.9),
        "prior_scale": between(1.15, 1.6),
        "off_probability": between(0.15, 0.4),
        "laplace_loc": between(-0.8, 0.8),
        "laplace_scale": between(0.4, 0.8),
        "gamma_shape": between(1.5, 4.0),
        "gamma_rate": between(0.5, 0.9),
        "alpha": between(0.25, 0.45) + 0.3 * int(rng.integers(2)),
        "prior_mean": between(-1.0, 1.0),
        "prior_counts": between(0.5, 3.0),
        "precision_shape": between(1.2, 3.0),
        "precision_rate": between(0.5, 2.0),
        "noise_scale": between(0.4, 0.8),
        "weight_scale": between(1.3, 2.5),
        "exposure": between(1.5, 4.0),
        "n_causes": int(rng.integers(3, 8)),
        "loading": between(0.6, 0.9),
    }
    z = numbers["prior_scale"] * rng.standard_normal(12)
    counts = rng.poisson(np.exp(numbers["intercept"] + numbers["slope"] * z))
    numbers["counts"] = counts * (rng.random(12) > numbers["off_probability"])
    return numbers
