"""Training VAEs on a GPU: images a second, beside a tutorial's VAE on the same card.

Run with `make bench`; without a CUDA GPU it measures nothing and says so. First one model at a
time, as in vae_speed.py. Then many at once: one small VAE leaves a GPU idle, so `vae.sweep` of 32
models is held against one model trained alone, and 256 models show what the card can do. Seconds
are the clock's, from the call until the device is done; each pair takes turns, and the median is
kept.
"""

import json
import time
from datetime import date
from functools import partial

import numpy as np
import torch
from _timing import RESULTS, machine
from vae_speed import SIZES, images, ours, tutorial

from vitutor import data, vae

N_ROUNDS = 7
BETAS = np.geomspace(0.1, 10, 8)


def clock(run, device):
    start = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def paired(this, that, device):
    """Seconds of this and of that, medians of rounds in which they take turns."""
    this(), that()  # kernels are loaded, graphs captured
    rounds = [(clock(this, device), clock(that, device)) for _ in range(N_ROUNDS)]
    return np.median(rounds, axis=0)


def one_model(column, device, n_epochs):
    n_pixels, hidden, n_latent, n_images, _ = SIZES[column]
    x = images(n_pixels, n_images)
    this, that = (make(x, hidden, n_latent, device) for make in (ours, tutorial))
    seconds = paired(partial(this, n_epochs), partial(that, n_epochs), device)
    n = n_epochs * len(x)
    return row(f"vitutor.vae.train / the PyTorch examples' VAE, {column}", n / seconds, "")


def many_models(n_seeds, device, n_epochs):
    """8 n_seeds models as one program, in model-images a second, and one model trained alone."""
    x = data.digits()[0]
    settings = {"betas": BETAS, "seeds": range(n_seeds), "latent_dim": 8, "hidden": 128}
    alone = ours(x, 128, 8, device)
    sweep = partial(vae.sweep, x, **settings, n_epochs=n_epochs, device=device, progress=False)
    seconds = paired(sweep, partial(alone, n_epochs), device)
    n_models = n_seeds * len(BETAS)
    wanted = {32: "≥ 6.4 (less than 5 times one model's time)", 256: "this ≥ 50 M"}
    per_second = n_epochs * len(x) * np.array([n_models, 1]) / seconds
    claim = f"vitutor.vae.sweep of {n_models} VAEs / one alone, digits 64-128-8"
    return row(claim, per_second, wanted.get(n_models, ""))


def row(claim, per_second, target):
    this, that = map(float, per_second)
    print(f"{claim:70} {this:14,.0f} {that:12,.0f}  {this / that:6.2f}  {target}")
    return {"claim": claim, "this": this, "that": that, "target": target}


if __name__ == "__main__":
    if torch.cuda.is_available():
        card = torch.cuda.get_device_name()
        print(f"{card}; {machine()}, torch {torch.__version__}")
        print(f"{'':70} {'images a second':>14} {'that':>12}   times")
        rows = [one_model(column, "cuda", n_epochs=40) for column in SIZES]
        rows += [many_models(n_seeds, "cuda", n_epochs=40) for n_seeds in (4, 32)]
        report = {"machine": f"{card}, {date.today()}, {machine()}", "rows": rows}
        (RESULTS / "vae_gpu.json").write_text(json.dumps(report, indent=1) + "\n")
    else:
        print("vae_gpu: no CUDA GPU here, not measured")
