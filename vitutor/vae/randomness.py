"""Seeds without side effects: what is drawn follows from whole numbers, never from global state."""

import contextlib

import numpy as np
import torch

from vitutor.errors import DeviceError
from vitutor.validation import count


def generator(device, *entropy):
    """Return a torch.Generator on `device` whose stream is a function of the whole numbers given.

    `generator(device, seed, epoch)` needs no state to be stored: a resumed run asks for the epoch
    it has come to, and gets the noise it would have had.
    """
    words = np.random.SeedSequence(entropy).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(words[0] >> 1))


@contextlib.contextmanager
def seeded(seed):
    """Initialise layers from `seed` inside this block, and leave torch's global state as it was."""
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed: it would also reseed every GPU, which fork_rng does not restore.
        torch.default_generator.manual_seed(count("seed", seed, at_least=0))
        yield


def pick_device(device):
    """Return the torch.device asked for, "auto" being cuda, else mps, else cpu.

    DeviceError if it is not there.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    names = [name for name, there in present.items() if there]
    if str(device) == "auto":
        return torch.device(names[0])
    kind, _, index = str(device).partition(":")
    n_devices = torch.cuda.device_count() if kind == "cuda" else 1
    if not present.get(kind) or (index and not (index.isdigit() and int(index) < n_devices)):
        raise DeviceError(
            "device",
            got=repr(str(device)),
            wanted=f'one that is here: {", ".join(map(repr, names))}, or "auto"',
            remedy='device="auto" takes the fastest there is.',
        )
    return torch.device(device)
