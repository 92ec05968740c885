"""How good is a VAE of the 8 x 8 digits? Held-out log p(x), nats an image, and what it cost.

Run with `make bench` (three minutes or so). One thread. The test is the last 360 digits, binarised
at 8; recipes and the number of epochs were chosen on the last 144 of the training digits, and the
model is then fitted to all of them. log p is the importance-weighted bound with 5000 draws.
Images differ by 4.5 nats from one another, so a difference of two models is measured image by
image: the last column is the recipe's mean over seeds less the first recipe's, with that error.
"""

import json
import time
from pathlib import Path

import numpy as np
import torch
from _timing import machine
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from vitutor import data, vae

RESULTS = Path(__file__).parent / "results" / "vae_quality.json"
N_VALIDATION = 144
RECIPES = {
    # name: (target for one model, for the average of three, build's arguments, train's)
    "as the PyTorch examples": (None, None, {"latent_dim": 8, "hidden": 128}, {}),
    "N(0, I), wider": (
        -17.35,
        None,
        {"latent_dim": 16, "hidden": 512},
        {"learning_rate": 3e-3},
    ),
    "learned prior": (
        -16.80,
        -16.60,
        {"latent_dim": 16, "hidden": 512, "n_components": 50},
        {"learning_rate": 3e-3, "n_epochs": 300},
    ),
}


def mixture_of_bernoullis(x, x_test, n_components=160, n_sweeps=15, smoothing=0.3):
    """log p of a mixture of independent coins by EM: what a VAE has to beat, in a second."""
    rng = np.random.default_rng(0)
    weight = np.full(n_components, 1 / n_components)
    p = 0.25 + 0.5 * rng.random((n_components, x.shape[1]))

    def log_joint(x):
        return np.log(weight) + x @ np.log(p).T + (1 - x) @ np.log1p(-p).T

    for _ in range(n_sweeps):
        log_r = log_joint(x)
        r = np.exp(log_r - logsumexp(log_r, axis=1, keepdims=True))
        n = r.sum(0)
        weight = (n + smoothing) / (n + smoothing).sum()
        p = (r.T @ x + smoothing) / (n + 2 * smoothing)[:, None]
    return logsumexp(log_joint(x_test), axis=1)


def fit(architecture, settings, seed):
    """How many epochs, by early stopping; then as many on all training digits; then the test."""
    x, x_test = data.digits()
    settings = {"n_epochs": 200, "learning_rate": 1e-3, "seed": seed, **settings}
    start = time.process_time()  # of this process alone: other people may be using the machine
    trial, model = (vae.build(64, seed=seed, device="cpu", **architecture) for _ in range(2))
    held_out = x[-N_VALIDATION:]
    n_epochs = vae.train(trial, x[:-N_VALIDATION], validation=held_out, **settings).best_epoch
    vae.train(model, x, **{**settings, "n_epochs": n_epochs})
    seconds = time.process_time() - start
    log_p = vae.evaluate(model, x_test, n_importance=5000, seed=seed)
    elbo = vae.elbo(model, x_test, n_draws=50, seed=seed)
    return log_p, elbo.value.mean(), seconds, n_epochs


def report(name, first):
    target, target_of_three, architecture, settings = RECIPES[name]
    fits = [fit(architecture, settings, seed) for seed in range(3)]
    log_p = np.array([one.value for one, *_ in fits])
    three = logsumexp(log_p, axis=0) - np.log(3)
    gain = log_p.mean(0) - (log_p.mean(0) if first is None else first)
    row = {
        "recipe": name,
        "log_p": log_p.mean(1).tolist(),
        "monte_carlo_error": max(float(np.sqrt((e.std_error**2).mean() / 360)) for e, *_ in fits),
        "target": target,
        "average_of_three": float(three.mean()),
        "target_of_three": target_of_three,
        "elbo": [elbo for _, elbo, *_ in fits],
        "seconds": [seconds for *_, seconds, _ in fits],
        "best_epoch": [epoch for *_, epoch in fits],
        "gain": float(gain.mean()),
        "gain_error": float(gain.std(ddof=1) / np.sqrt(len(gain))),
    }
    seeds = " ".join(f"{value:.2f}" for value in row["log_p"])
    print(
        f"{name:24} {seeds}  {row['average_of_three']:7.2f}  {np.mean(row['elbo']):7.2f}"
        f"  {np.mean(row['seconds']):5.1f}  {row['gain']:+.2f} ± {row['gain_error']:.2f}"
        + (f"   log p >= {target}" if target else "")
        + (f", of three >= {target_of_three}" if target_of_three else "")
    )
    return row, log_p.mean(0)


def draw(rows, mixture):
    """Every model a dot, the average of three a bar, on one axis of nats."""
    figure = Figure(figsize=(7.4, 2.6), layout="constrained")
    ax = figure.subplots()
    for i, row in enumerate(rows):
        ax.plot(row["log_p"], [i] * 3, "o", color="#0b5394", markersize=7)
        ax.plot(row["average_of_three"], i, "|", color="#b45309", markersize=22, markeredgewidth=3)
    ax.axvline(mixture, color="#222222", linestyle="--", linewidth=1)
    ax.text(mixture, -0.62, " mixture of 160 Bernoullis, by EM", va="center", fontsize=9)
    last = rows[-1]
    ax.text(np.mean(last["log_p"]), len(rows) - 1.45, "one model", color="#0b5394", ha="center")
    ax.text(
        last["average_of_three"], len(rows) - 0.5, "average of three", color="#b45309", ha="right"
    )
    ax.set_yticks(range(len(rows)), [row["recipe"] for row in rows])
    ax.set_ylim(-0.9, len(rows) - 0.3)
    ax.xaxis.set_major_locator(MultipleLocator(0.5))
    ax.set_xlabel("held-out log p(x), nats an image (further right is better)")
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(RESULTS.with_suffix(".png"), dpi=200)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(machine(), f", torch {torch.__version__}", sep="")
    with threadpool_limits(1):
        x, x_test = data.digits()
        mixture = mixture_of_bernoullis(x, x_test).mean()
        print(f"mixture of 160 Bernoullis: log p {mixture:.2f}")
        print(f"{'recipe':24} {'log p, three seeds':20}  {'of 3':>7}  {'ELBO':>7}  {'s':>5}  gain")
        rows, first = [], None
        for name in RECIPES:
            row, log_p = report(name, first)
            first = log_p if first is None else first
            rows.append(row)
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"machine": machine(), "mixture": float(mixture)}
    draw(rows, mixture)
    RESULTS.write_text(json.dumps({**content, "rows": rows}, indent=1) + "\n")
