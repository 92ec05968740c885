"""Plain data through a socket: JSON, and arrays as their bytes. Nothing that arrives is ever run.

Both sides of the judge's socket use this file. Whatever is no plain data arrives as `Other`, which
no question takes for an answer.
"""

import base64
import json
import struct
import sys
from dataclasses import dataclass, fields

import numpy as np

from vitutor.estimate import Estimate
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.models import Decoder, GaussianMixture, LinearGaussian

LARGEST = 2**26
OBJECTS = {
    kind.__name__: kind
    for kind in (Estimate, FullRankGaussian, GaussianMixture, LinearGaussian, MeanFieldGaussian)
}
_SINE = Decoder.sine().decode.__qualname__


@dataclass(frozen=True)
class Other:
    """Stands for a thing that is no plain data."""

    name: str


class TooLarge(ValueError):
    """A message of more than LARGEST bytes."""


def send(sock, value):
    """Write one message; TooLarge before anything is written."""
    data = json.dumps(encode(value)).encode()
    if len(data) > LARGEST:
        raise TooLarge(f"{len(data) / 2**20:.0f} MB of data; {LARGEST >> 20} MB can be passed")
    sock.sendall(struct.pack(">Q", len(data)) + data)


def receive(sock):
    """Read one message; ConnectionError if the other side is gone, ValueError for nonsense."""
    (length,) = struct.unpack(">Q", _read(sock, 8))
    if length > LARGEST:
        raise TooLarge(f"a message of {length} bytes")
    try:
        return decode(json.loads(_read(sock, length)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a message: {type(error).__name__}") from None


def encode(value):
    """Return `value` as JSON can write it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if value is ...:
        return {"ellipsis": True}
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        value = np.ascontiguousarray(value).reshape(value.shape)
        data = base64.b64encode(value.tobytes()).decode()
        return {"array": data, "dtype": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, list):
        return [encode(entry) for entry in value]
    if isinstance(value, tuple):
        return {"tuple": [encode(entry) for entry in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": [[key, encode(entry)] for key, entry in value.items()]}
    if isinstance(value, np.random.Generator):
        return {"rng": value.bit_generator.state}
    if "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor):
        return {"tensor": encode(value.detach().cpu().numpy())}
    if isinstance(value, Decoder) and value.decode.__qualname__ == _SINE:
        return {"sine": [float(value.params[0]), value.noise_scale]}
    name = type(value).__name__
    if type(value) is OBJECTS.get(name):
        given = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        return {"object": name, "fields": encode(given)}
    return {"other": name}


def decode(value):
    """Return what `encode` was given, made of plain data only."""
    if isinstance(value, list):
        return [decode(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return _array(value)
    if "tuple" in value:
        return tuple(decode(entry) for entry in value["tuple"])
    if "dict" in value:
        return {str(key): decode(entry) for key, entry in value["dict"]}
    if "rng" in value:
        rng = np.random.Generator(np.random.PCG64())
        rng.bit_generator.state = value["rng"]
        return rng
    if "tensor" in value:
        import torch

        return torch.from_numpy(_array(value["tensor"]))
    if "sine" in value:
        return Decoder.sine(*value["sine"])
    if "object" in value:
        return OBJECTS[value["object"]](**decode(value["fields"]))
    return ... if "ellipsis" in value else Other(str(value["other"])[:80])


def _array(value):
    dtype = np.dtype(str(value["dtype"]))
    if dtype.kind not in "biuf":
        raise ValueError("not an array of numbers")
    data = np.frombuffer(base64.b64decode(value["array"]), dtype)
    return data.reshape([int(length) for length in value["shape"]]).copy()


def _read(sock, length):
    chunks = []
    while length:
        chunk = sock.recv(min(length, 2**20))
        if not chunk:
            raise ConnectionError("the other side is gone")
        chunks.append(chunk)
        length -= len(chunk)
    return b"".join(chunks)
