"""The numbers of homework 4, and the losses with a mistake in each."""

import numpy as np

from vitutor.checks.homework.hw4.losses import PLANTED, planted_loss


def two_sided(rng):
    """A net of one latent that steps up and down again, so that strips of -z and z look alike."""
    places = rng.normal(0, 0.1, (3, 1)), rng.normal(0, 0.2, 3)
    step, other, lean = rng.normal(size=(5, 3)).T
    step = step + 2 * np.sign(step)
    return {
        "A": ([[2.0], [2.0], [0.5]] + places[0]).round(2),
        "a": ([2.4, -2.4, 0.0] + places[1]).round(2),
        "B": np.stack([step, 0.3 * other - step, lean], axis=1).round(2),
        "b": rng.uniform(6, 10, 5).round(2),
    }


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
        "strip": two_sided(rng),
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
        "losses": {letter: planted_loss(name) for letter, name in zip("ABC", names, strict=True)},
        "skew": between(-0.8, 0.8),
        "tail": between(0.6, 0.9),
        "latent_dim": int(rng.integers(4, 9)),
        "hidden": int(rng.integers(48, 81)),
        "pass_mark": -21.5,
    }
