"""What a training run knows between two epochs: its records, its best weights, its file."""

import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from vitutor.errors import CheckpointError, NonFiniteError
from vitutor.vae import files
from vitutor.vae.step import in_group

CHECKPOINT_SECONDS = 2.0


@dataclass(frozen=True, eq=False)
class History:
    """What happened, epoch by epoch, in nats a datum.

    Attributes
    ----------
    elbo, reconstruction, kl : (E,), means over the epoch, of the model as it moved.
    validation : (E,), ELBO or bound of the validation data after each epoch, or None.
    best_epoch : int, how many epochs the weights that were kept have seen.
    stopped : "finished", "early" (patience ran out) or "interrupted" (from the keyboard).
    """

    elbo: np.ndarray
    reconstruction: np.ndarray
    kl: np.ndarray
    validation: np.ndarray | None
    best_epoch: int
    stopped: str


class Run:
    """Taken up from the file at `path` if there is one, and written there as it goes on."""

    def __init__(self, model, optimiser, x, settings, path):
        self.model, self.optimiser, self.path = model, optimiser, path
        self.records, self.best_epoch, self.best_score = [], 0, -np.inf
        self.best = _snapshot(model)
        self.n_data, self.batch_size = len(x), settings["batch_size"]
        if path is None:
            return
        self.settings = {**settings, "data": zlib.crc32(x.cpu().numpy().tobytes())}
        if Path(path).exists():
            self._take_up(files.read(path))
        self.write()

    @property
    def epoch(self):
        return len(self.records)

    def record(self, terms, score):
        """Take an epoch's reconstruction and KL (2, N), and the validation's ELBO or None."""
        total = torch.cat([terms.sum(1), terms.new_tensor([terms.shape[1]])]).double()
        if in_group():
            distributed.all_reduce(total)
        reconstruction, kl, n = total.tolist()
        if not np.isfinite(reconstruction - kl) or not _finite(self.model):
            self._stop(terms)
        if score is None or score > self.best_score:
            self.best, self.best_epoch = _snapshot(self.model), self.epoch + 1
            self.best_score = score
        self.records.append((reconstruction / n, kl / n, score))
        if self.path is not None and time.monotonic() - self.written > CHECKPOINT_SECONDS:
            self.write()

    def write(self):
        """Write the run to its file, if it has one; of a group, the first process does it."""
        self.written = time.monotonic()
        if self.path is None or (in_group() and distributed.get_rank() > 0):
            return
        state = {
            "settings": self.settings,
            "records": self.records,
            "best_epoch": self.best_epoch,
            "best_score": self.best_score,
            "weights": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict()["state"],
        }
        files.write(self.path, self.model, self.best, run=state)

    def history(self, stopped):
        reconstruction, kl, validation = np.array(self.records, dtype=float).reshape(-1, 3).T
        scored = self.records and self.records[0][2] is not None
        return History(
            reconstruction - kl,
            reconstruction,
            kl,
            validation if scored else None,
            self.best_epoch,
            stopped,
        )

    def _take_up(self, content):
        run = content["run"]
        if run is None or content["config"] != self.model.config:
            raise _other_run(self.path, "a finished model" if run is None else "another model")
        differ = [k for k, v in self.settings.items() if run["settings"].get(k) != v]
        if differ:
            raise _other_run(self.path, f"a run with another {' and another '.join(differ)}")
        self.model.load_state_dict(run["weights"])
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": run["optimiser"], "param_groups": groups})
        self.best = _snapshot(self.model)
        for name, weight in content["weights"].items():
            self.best[name].copy_(weight)
        self.records = run["records"]
        self.best_epoch, self.best_score = run["best_epoch"], run["best_score"]

    def _stop(self, terms):
        n_steps = -(-self.n_data // self.batch_size)
        bad = (~torch.isfinite(terms).all(0)).nonzero().flatten().tolist()
        # Finite terms to the end: then it was the last step that spoilt the weights.
        index = bad[0] * self.n_data // (terms.shape[1] * self.batch_size) if bad else n_steps - 1
        step = self.epoch * n_steps + index + 1
        kept = f"The model is as it was after epoch {self.best_epoch}"
        if self.path is not None:
            kept += f", and {self.path} holds the run from before"
        raise NonFiniteError(
            "ELBO",
            got=f"NaN or infinity at step {step}, in epoch {self.epoch + 1}",
            wanted="finite numbers",
            remedy=f"{kept}. A smaller learning_rate usually helps.",
        )


def _snapshot(model):
    return {name: weight.clone() for name, weight in model.state_dict().items()}


def _finite(model):
    return all(bool(torch.isfinite(p).all()) for p in model.parameters())


def _other_run(path, got):
    return CheckpointError(
        str(path),
        got=got,
        wanted="the run these arguments describe",
        remedy="Give this run a path of its own, or delete the file.",
    )
