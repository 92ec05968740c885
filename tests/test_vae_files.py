"""Models on disk: the same model comes back, and nothing else is let in."""

import os
import pickle

import numpy as np
import pytest
import torch

from vitutor import vae
from vitutor.errors import CheckpointError, DeviceError

KINDS = [
    {},
    {"n_components": 3, "n_couplings": 2},
    {"likelihood": "gaussian", "noise_scale": 0.3, "hidden": ()},
    {"likelihood": "categorical", "n_values": 4, "encoder_hidden": (5, 6)},
]


def model(**more):
    return vae.build(6, 2, **{"hidden": 4, "seed": 0, "device": "cpu", **more})


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_is_saved_comes_back(tmp_path, kind):
    m, path = model(**kind), tmp_path / "model.pt"
    vae.save(m, path)
    twin = vae.load(path)
    assert twin.config == m.config
    np.testing.assert_array_equal(twin.sample(9, seed=1)[1], m.sample(9, seed=1)[1])
    assert os.listdir(tmp_path) == ["model.pt"]
    vae.save(m.double(), path)
    assert vae.load(path).dtype == torch.float64


def test_a_failed_save_leaves_the_old_file_whole(tmp_path, monkeypatch):
    m, path = model(), tmp_path / "model.pt"
    vae.save(m, path)
    before = path.read_bytes()

    def half(content, file):
        file.write(b"half a fi")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="disk full"):
        vae.save(m, path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["model.pt"]


class Burglar:
    def __reduce__(self):
        return os.mkdir, ("burgled",)


def truncated(path):
    vae.save(model(), path)
    path.write_bytes(path.read_bytes()[:-2000])


def spoilt_bytes(path, at):
    vae.save(model(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + bytes(b ^ 1 for b in whole[at : at + 8]) + whole[at + 8 :])


def whole_of(path):
    vae.save(model(), path)
    return path.read_bytes()


def other_weights(path):
    vae.save(model(), path)
    content = torch.load(path, weights_only=True)
    content["weights"]["head.weight"] = torch.zeros(3, 3)
    torch.save(content, path)


def other_config(path, **changed):
    vae.save(model(), path)
    content = torch.load(path, weights_only=True)
    content["config"].update(changed)
    torch.save(content, path)


BAD = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("a letter"),
    "truncated": truncated,
    "spoilt head": lambda path: spoilt_bytes(path, 100),
    "spoilt weights": lambda path: spoilt_bytes(
        path, whole_of(path).index(model().head.weight.detach().numpy().tobytes())
    ),
    "pickled code": lambda path: path.write_bytes(pickle.dumps(Burglar())),
    "torch file with code": lambda path: torch.save({"format": Burglar()}, path),
    "somebody's state dict": lambda path: torch.save({"fc1.weight": torch.zeros(2, 2)}, path),
    "a list": lambda path: torch.save([1, 2], path),
    "no weights": lambda path: torch.save({"format": "vitutor.vae 1"}, path),
    "other weights": other_weights,
    "unknown option": lambda path: other_config(path, colour="red"),
    "impossible option": lambda path: other_config(path, latent_dim=-1),
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
def test_other_files_are_refused(tmp_path, monkeypatch, spoil):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.pt"
    spoil(path)
    with pytest.raises(CheckpointError, match=r"model\.pt"):
        vae.load(path)
    assert os.listdir(tmp_path) == ["model.pt"]  # and no code was run


def test_no_file_and_no_device(tmp_path):
    with pytest.raises(FileNotFoundError):
        vae.load(tmp_path / "none.pt")
    vae.save(model(), tmp_path / "model.pt")
    with pytest.raises(DeviceError):
        vae.load(tmp_path / "model.pt", device="abacus")
