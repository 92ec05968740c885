"""Losses that somebody published: what one assumes, and the mistakes planted in others."""

import numpy as np

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks import Function, Mistake
from vitutor.checks.misconceptions import MISCONCEPTIONS as SAYS
from vitutor.checks.named import Named


def implied_scale(c):
    """Part 2.5."""
    weight, white = c.published_weight, c.published_white
    over_latents = c.published_reduction == "mean"

    def answer(data_dim, latent_dim, mean=over_latents, weight=weight):
        return weight * white * data_dim / (latent_dim if mean else 1)

    return Function(
        "`implied_scale(data_dim, latent_dim)`: the scale of the Laplace noise, in grey values.",
        truth=answer,
        draw_case=lambda rng: (int(rng.integers(10, 900)), int(rng.integers(2, 60))),
        tolerance=1e-9,
        because="Multiply the loss until the KL is a plain sum; what divides |x - r| is the scale.",
        mistakes=(
            Mistake(
                lambda d, k: answer(d, k, mean=not over_latents),
                "`hw.published_reduction` says how the KL was reduced over the latents: the other "
                "way.",
            ),
            Mistake(
                lambda d, k: white * np.sqrt(answer(d, k) / white / 2),
                "This reads a *squared* error. An absolute one is a Laplace log-density, "
                "|x - r|/b + log 2b.",
            ),
            Mistake(
                lambda d, k: answer(d, k) / white,
                "This is in units of white. Grey values run from 0 to `hw.published_white`.",
            ),
            Mistake(lambda d, k: answer(d, k) / d, "The mean over the pixels is not in it."),
            Mistake(lambda d, k: answer(d, k) / d**2, "A mean over pixels *divides* by D."),
            Mistake(lambda d, k: np.sqrt(2) * answer(d, k), SAYS["laplace-scale-as-sd"]),
            Mistake(
                lambda d, k: white**2 / answer(d, k), "Upside down: a dearer KL means more noise."
            ),
        ),
        hint="loss · (factor) = Σ|x - r|/b + Σ_j KL_j: find b, then multiply by white.",
    )


# The planted mistakes: what they change in a loss that is otherwise right, and a way to test for
# them.
_NLL = "(0.5 * (x - recon) ** 2 / s**2 + np.log(s) + 0.5 * np.log(2 * np.pi))"
_KL = "0.5 * (mu**2 + np.exp(logvar) - 1 - logvar)"
PLANTED = {
    "kl-mean-over-latents": (
        {"kl": f"{_KL}.mean(axis=1)"},
        "a second copy of every latent would not change it",
    ),
    "recon-mean-over-pixels": (
        {"nll": f"{_NLL}.mean(axis=1)"},
        "a second copy of every pixel would not change it",
    ),
    "kl-half-missing": (
        {"kl": f"{_KL.removeprefix('0.5 * ')}.sum(axis=1)"},
        "`mu` = 1 in one latent would cost one nat",
    ),
    "recon-half-missing": (
        {"nll": f"{_NLL.replace('0.5 * (x', '(x')}.sum(axis=1)"},
        "a pixel that is off by one noise scale would cost one nat",
    ),
    "logvar-as-logstd": (
        {"kl": "(0.5 * (mu**2 + np.exp(2 * logvar) - 1) - logvar).sum(axis=1)"},
        "`logvar` = -2 would cost the KL of a variance of exp(-4)",
    ),
    "kl-reversed": (
        {"kl": "0.5 * ((mu**2 + 1) / np.exp(logvar) - 1 + logvar).sum(axis=1)"},
        "a very negative `logvar` would make it explode",
    ),
    "kl-sign": ({"end": "(nll - kl).mean()"}, "a larger `mu` would lower it"),
    "batch-reductions-differ": (
        {"end": "nll.sum() + kl.mean()"},
        "the same batch twice would change the weight between its terms",
    ),
    "normaliser-wrong": (
        {"nll": f"{_NLL.replace('np.log(s)', '0.5 * np.log(s)')}.sum(axis=1)"},
        "it would be off by a constant and by nothing else",
    ),
}


def planted_loss(name):
    """The source of a loss with this mistake in it; s is the noise scale, hw.loss_scale."""
    lines = {"nll": f"{_NLL}.sum(axis=1)", "kl": f"{_KL}.sum(axis=1)", "end": "(nll + kl).mean()"}
    lines |= PLANTED[name][0]
    return (
        "def loss(recon, x, mu, logvar):\n    s = hw.loss_scale\n"
        f"    nll = {lines['nll']}\n    kl = {lines['kl']}\n    return {lines['end']}\n"
    )


def named_losses(c):
    """Part 2.6."""
    right = {
        letter: next(name for name in PLANTED if planted_loss(name) == source)
        for letter, source in c.losses.items()
    }
    return Named(
        "Which mistake is in each loss? A dictionary from letter to name.",
        right=right,
        options={name: (OF_ELBOS[name].says, test) for name, (_, test) in PLANTED.items()},
        because="Each of them has shipped.",
    )
