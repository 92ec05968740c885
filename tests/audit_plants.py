"""Losses with mistakes planted in them: written from the definitions, not from the auditor."""

import math

import numpy as np

NOISE_SCALE = 0.5
BETA = 4.0

KL_MISTAKES = (
    "kl-mean-over-latents",
    "kl-half-missing",
    "logvar-as-logstd",
    "std-as-variance",
    "kl-sign",
    "kl-reversed",
    "kl-to-posterior",
    "beta",
    "kl-missing",
)
BOTH_MISTAKES = ("batch-mean-twice", "batch-sum", "sign")
RECON_MISTAKES = {
    "bernoulli": ("recon-mean-over-pixels", "grey-bernoulli", "recon-missing"),
    "gaussian": (
        "recon-mean-over-pixels",
        "recon-half-missing",
        "normaliser-missing",
        "squared-error-without-noise",
        "recon-missing",
    ),
}
# Swapping x and recon in a squared error changes nothing: there, mu and logvar are swapped.
ORDER_IS_OF = {"bernoulli": "recon", "gaussian": "kl"}


def slugs(likelihood, library):
    """Every mistake that a loss of this kind can hold."""
    found = [*KL_MISTAKES, *BOTH_MISTAKES, *RECON_MISTAKES[likelihood], "single-argument-order"]
    return [*found, "detached-sample"] if library == "torch" else found


def contradict(a, b, likelihood):
    """Whether no loss can hold both, or one is part of what the other means."""
    pair = {a, b}
    order = {"single-argument-order"} if ORDER_IS_OF[likelihood] == "kl" else set()
    if "kl-missing" in pair and pair & (({*KL_MISTAKES} - {"kl-missing"}) | order):
        return True
    recon = {*RECON_MISTAKES[likelihood]} - {"recon-missing"}
    order = {"single-argument-order"} if ORDER_IS_OF[likelihood] == "recon" else set()
    if "recon-missing" in pair and pair & (recon | order):
        return True
    return pair in (
        {"batch-sum", "batch-mean-twice"},
        {"squared-error-without-noise", "recon-half-missing"},
        {"squared-error-without-noise", "normaliser-missing"},
        # With x and recon swapped the target is recon, which is grey by nature.
        {"grey-bernoulli", "single-argument-order"},
    )


def plant(likelihood, library, mistakes):
    """A loss(recon, x, mu, logvar) with these mistakes, in "numpy" or "torch"."""
    if library == "torch":
        import torch as xp
    else:
        xp = np
    has = frozenset(mistakes).__contains__
    swap = ORDER_IS_OF[likelihood] if has("single-argument-order") else None

    def reconstruction(recon, x):
        if has("recon-missing"):
            return 0.0 * recon[:, 0]
        if swap == "recon":
            recon, x = x, recon
        if likelihood == "bernoulli":
            target = 0.1 + 0.7 * x if has("grey-bernoulli") else x
            pixels = -(target * xp.log(recon) + (1 - target) * xp.log(1 - recon))
        elif has("squared-error-without-noise"):
            pixels = (x - recon) ** 2
        else:
            variance = NOISE_SCALE**2
            half = 1.0 if has("recon-half-missing") else 0.5
            pixels = half * (x - recon) ** 2 / variance
            if not has("normaliser-missing"):
                pixels = pixels + 0.5 * math.log(2 * math.pi * variance)
        return pixels.mean(1) if has("recon-mean-over-pixels") else pixels.sum(1)

    def divergence(x, mu, logvar):
        if has("kl-missing"):
            return 0.0 * mu[:, 0]
        if swap == "kl":
            mu, logvar = logvar, mu
        log, variance = logvar, xp.exp(logvar)
        if has("logvar-as-logstd"):
            log, variance = 2 * logvar, xp.exp(2 * logvar)
        if has("std-as-variance"):
            variance = xp.exp(logvar / 2)
            # Together they cancel wherever both strike, so then each has a place of its own.
            log = 2 * logvar if has("logvar-as-logstd") else logvar / 2
        mean, spread = 0.0, 1.0
        if has("kl-to-posterior"):
            mean, spread = 0.4 * x[:, : mu.shape[1]], 0.3
        if has("kl-reversed"):
            latents = 0.5 * (((mu - mean) ** 2 + spread) / variance + log - math.log(spread) - 1)
        else:
            latents = 0.5 * (((mu - mean) ** 2 + variance) / spread - log + math.log(spread) - 1)
        if has("kl-half-missing"):
            latents = 2 * latents
        latents = latents.mean(1) if has("kl-mean-over-latents") else latents.sum(1)
        return latents * (BETA if has("beta") else 1.0)

    def loss(recon, x, mu, logvar):
        if has("detached-sample"):
            if has("recon-missing"):
                mu = mu.detach()
            else:
                recon = recon.detach()
        each = reconstruction(recon, x) + (-1 if has("kl-sign") else 1) * divergence(x, mu, logvar)
        total = each.sum() if has("batch-sum") else each.mean()
        if has("batch-mean-twice"):
            total = total / len(mu)
        return -total if has("sign") else total

    return loss
