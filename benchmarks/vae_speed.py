"""Training a VAE: this package beside what people would use instead. One thread, whole epochs.

Run with `make bench`, which installs Pyro and pythae for those two rows. Every contender
trains the same architecture on the same images, batch 128, Adam 1e-3, and takes turns with the
first row: a VAE in the manner of the PyTorch examples, fed by a DataLoader. A ratio is its
processor time / the contender's, the median of paired rounds with its quartiles.
"""

import importlib.util
import json
import logging
import tempfile
from functools import partial, partialmethod
from pathlib import Path

import numpy as np
import torch
from _timing import machine, paired
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from vitutor import data, vae

RESULTS = Path(__file__).parent / "results" / "vae_speed.json"
SIZES = {
    # name: (pixels, hidden, latents, images, epochs a round)
    "digits 64-128-8": (64, 128, 8, 1437, 20),
    "784-400-20": (784, 400, 20, 1280, 3),
}
TARGETS = {"vitutor.vae.train": (1.8, 1.3), "vitutor.vae.reference": (3.5, None)}


def images(n_pixels, n_images):
    """The digits, or coin flips of MNIST's size and darkness: what is on them costs nothing."""
    if n_pixels == 64:
        return data.digits()[0]
    return (np.random.default_rng(0).random((n_images, n_pixels)) < 0.13).astype(np.float64)


class Plain(nn.Module):
    """The architecture, as a tutorial writes it."""

    def __init__(self, n_pixels, hidden, n_latent):
        super().__init__()
        self.inner = nn.Linear(n_pixels, hidden)
        self.mean, self.log_variance = nn.Linear(hidden, n_latent), nn.Linear(hidden, n_latent)
        self.outer, self.pixels = nn.Linear(n_latent, hidden), nn.Linear(hidden, n_pixels)

    def encode(self, x):
        h = F.relu(self.inner(x))
        return self.mean(h), self.log_variance(h)

    def decode(self, z):
        return torch.sigmoid(self.pixels(F.relu(self.outer(z))))


def tutorial(x, hidden, n_latent, device="cpu"):
    net = Plain(x.shape[1], hidden, n_latent).to(device)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    loader = DataLoader(
        TensorDataset(torch.as_tensor(x, dtype=torch.float32)), batch_size=128, shuffle=True
    )

    def run(n_epochs):
        for _ in range(n_epochs):
            total = 0.0
            for (batch,) in loader:
                batch = batch.to(device)
                optimiser.zero_grad()
                mean, log_variance = net.encode(batch)
                z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
                misfit = F.binary_cross_entropy(net.decode(z), batch, reduction="sum")
                kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
                loss = misfit + kl
                loss.backward()
                total += loss.item()
                optimiser.step()

    return run


def ours(x, hidden, n_latent, device="cpu"):
    model = vae.build(x.shape[1], n_latent, hidden=hidden, seed=0, device=device)

    def run(n_epochs):
        vae.train(model, x, n_epochs=n_epochs, seed=0)

    return run


def reference(x, hidden, n_latent):
    def run(n_epochs):
        rng = np.random.default_rng(0)
        vae.reference.train(x, hidden=hidden, latent_dim=n_latent, n_epochs=n_epochs, rng=rng)

    return run


def pyro(x, hidden, n_latent):
    import pyro
    from pyro import distributions as dist
    from pyro.infer import SVI, Trace_ELBO

    net = Plain(x.shape[1], hidden, n_latent)
    loader = DataLoader(
        TensorDataset(torch.as_tensor(x, dtype=torch.float32)), batch_size=128, shuffle=True
    )

    def model(batch):
        pyro.module("net", net)
        with pyro.plate("data", len(batch)):
            zeros = batch.new_zeros(len(batch), n_latent)
            z = pyro.sample("z", dist.Normal(zeros, 1.0).to_event(1))
            pyro.sample("x", dist.Bernoulli(net.decode(z)).to_event(1), obs=batch)

    def guide(batch):
        pyro.module("net", net)
        with pyro.plate("data", len(batch)):
            mean, log_variance = net.encode(batch)
            pyro.sample("z", dist.Normal(mean, torch.exp(0.5 * log_variance)).to_event(1))

    pyro.clear_param_store()
    svi = SVI(model, guide, pyro.optim.Adam({"lr": 1e-3}), loss=Trace_ELBO())

    def run(n_epochs):
        for _ in range(n_epochs):
            sum(svi.step(batch) for (batch,) in loader)

    return run


def pythae(x, hidden, n_latent):
    logging.disable(logging.INFO)
    tqdm.__init__ = partialmethod(tqdm.__init__, disable=True)
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    net = Plain(x.shape[1], hidden, n_latent)

    class Encoder(BaseEncoder):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, batch):
            mean, log_variance = self.net.encode(batch)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class Decoder(BaseDecoder):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, z):
            return ModelOutput(reconstruction=self.net.decode(z))

    config = VAEConfig((x.shape[1],), latent_dim=n_latent, reconstruction_loss="bce")
    images = torch.as_tensor(x, dtype=torch.float32)
    trainer = BaseTrainer(
        VAE(config, Encoder(), Decoder()),
        BaseDataset(images, torch.zeros(len(images))),
        training_config=BaseTrainerConfig(
            output_dir=tempfile.mkdtemp(),
            per_device_train_batch_size=128,
            learning_rate=1e-3,
            no_cuda=True,
        ),
    )
    trainer.prepare_training()

    def run(n_epochs):
        for epoch in range(n_epochs):
            trainer.train_step(epoch)

    return run


CONTENDERS = {
    "vitutor.vae.train": ours,
    "vitutor.vae.reference": reference,
    "pyro": pyro,
    "pythae": pythae,
}


def measure(column, rounds):
    n_pixels, hidden, n_latent, n_images, n_epochs = SIZES[column]
    x = images(n_pixels, n_images)
    first = tutorial(x, hidden, n_latent)
    for name, contender in CONTENDERS.items():
        if name in ("pyro", "pythae") and importlib.util.find_spec(name) is None:
            print(f"{column:16} {name:22} not installed")
            continue
        run = partial(contender(x, hidden, n_latent), n_epochs)
        base, seconds, ratio = paired(partial(first, n_epochs), run, rounds)
        target = TARGETS.get(name, (None, None))[list(SIZES).index(column)]
        row = {
            "size": column,
            "contender": name,
            "target": target,
            "ms_an_epoch": 1e3 * seconds / n_epochs,
            "tutorial_ms_an_epoch": 1e3 * base / n_epochs,
            "times_as_fast": dict(zip(("q25", "median", "q75"), ratio.tolist(), strict=True)),
        }
        low, median, high = ratio
        print(
            f"{column:16} {name:22} {row['ms_an_epoch']:8.2f} {row['tutorial_ms_an_epoch']:8.2f}"
            f"   {median:.2f} ({low:.2f}-{high:.2f})" + (f"   >= {target}" if target else "")
        )
        yield row


def draw(rows):
    """How many times as fast as the tutorial, a bar a contender, a panel a size."""
    figure = Figure(figsize=(7.4, 2.6), layout="constrained")
    for ax, column in zip(figure.subplots(1, 2, sharey=True), SIZES, strict=True):
        chosen = [row for row in rows if row["size"] == column]
        speed = [row["times_as_fast"] for row in chosen]
        spread = [[s["median"] - s["q25"], s["q75"] - s["median"]] for s in speed]
        names = [row["contender"] for row in chosen]
        medians = [s["median"] for s in speed]
        ax.barh(names, medians, xerr=np.array(spread).T, color="#0b5394", ecolor="#222222")
        white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        for i, one in enumerate(speed):
            text = f"  {one['median']:.2f}"
            ax.text(one["q75"], i, text, va="center", fontsize=9, bbox=white, zorder=0.5)
        ax.set_xlim(0, 1.2 * max(one["q75"] for one in speed))
        ax.axvline(1, color="#222222", linestyle="--", linewidth=1, zorder=0)
        ax.set_title(column, fontsize=10, loc="left")
        ax.set_xlabel("times as fast as the tutorial's VAE")
        ax.spines[["top", "right"]].set_visible(False)
    ax.invert_yaxis()  # which both panels share
    figure.savefig(RESULTS.with_suffix(".png"), dpi=200)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(machine(), f", torch {torch.__version__}", sep="")
    print(f"{'':39} {'ms/epoch':>8} {'tutorial':>8}   times as fast as the tutorial's")
    with threadpool_limits(1):
        rows = [row for column in SIZES for row in measure(column, rounds=15)]
    RESULTS.parent.mkdir(exist_ok=True)
    report = {"machine": machine(), "rows": rows}
    draw(rows)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
