"""Models on disk, whole or not at all, in files that are safe to open. (Lesson 10)

A file holds numbers and plain containers only: torch's weights_only loader builds those and runs
nothing. A training checkpoint is a model's file with the state of the run beside the weights.
"""

import os
import pickle
import tempfile
import zipfile
from pathlib import Path

import torch

from vitutor.errors import CheckpointError, VitutorError
from vitutor.vae.model import build
from vitutor.vae.randomness import pick_device

FORMAT = "vitutor.vae 1"


def save(model, path):
    """Write the model to `path`, replacing what was there in one step."""
    write(path, model, model.state_dict())


def load(path, *, device="auto"):
    """Return the model that `save`, or `train` as a checkpoint, wrote to `path`.

    From a checkpoint it is the best model of the run so far. CheckpointError for a file that is
    truncated, foreign, or needs code to be run to open it.
    """
    device, content = pick_device(device), read(path)
    config, weights = content["config"], content["weights"]
    try:
        model = build(**config, seed=0, device="cpu")
        model.load_state_dict(weights)
    except (VitutorError, RuntimeError, TypeError) as error:
        raise _bad(path, f"weights that do not fit its own description ({error})") from error
    return model.to(device, weights["head.weight"].dtype)


def write(path, model, weights, run=None):
    """Write weights (a state dict of the model) and a run's state atomically."""
    path = Path(path)
    content = {"format": FORMAT, "config": model.config, "weights": weights, "run": run}
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave the new name on old blocks
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read(path):
    """Return the content that `write` wrote, on the CPU; CheckpointError for anything else."""
    try:
        # torch reads flipped bits without a word; the container knows a checksum of each part.
        with zipfile.ZipFile(path) as container:
            damaged = container.testzip()
        if damaged is not None:
            raise _bad(path, f"a file whose part {damaged} fails its checksum")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise _bad(path, f"a file that cannot be read ({str(error).splitlines()[0]})") from error
    known = {"format", "config", "weights", "run"}
    if not isinstance(content, dict) or content.get("format") != FORMAT or set(content) != known:
        raise _bad(path, "a file of another kind")
    return content


def _bad(path, got):
    return CheckpointError(
        str(path),
        got=got,
        wanted="a whole file written by vae.save or by vae.train(checkpoint=...)",
        remedy="It may be damaged: restore it from a copy, or train again to another path.",
    )
