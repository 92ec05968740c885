"""Data: digits that are there without a network, and MNIST. (Lessons 01, 09, 10, 11)"""

import os
import tempfile
import warnings
from pathlib import Path

import numpy as np

from vitutor.errors import DomainError, DownloadError
from vitutor.validation import generator, real_array

N_TRAIN = 1437
# The grey values of MNIST's two halves add up to these: a checksum that no server can change.
MNIST_SUMS = (1_567_298_545, 264_923_200)


def digits(binarize=True):
    """Return the 8 x 8 digits that ship inside scikit-learn: train (1437, 64), test (360, 64).

    Grey values 0 to 16, or with `binarize` ones where the grey value is at least 8, zeros
    elsewhere. The last 360 are the test. Other people wrote them, but for the one hand that the cut
    divides; a random split would put every hand on both sides and flatter every model.

    Source: Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI repository.
    """
    from sklearn.datasets import load_digits

    x = load_digits().data
    if binarize:
        x = (x >= 8).astype(np.float64)
    return x[:N_TRAIN], x[N_TRAIN:]


def mnist(binarize=True):
    """Return the 28 x 28 digits of MNIST: train (60000, 784), test (10000, 784), float32.

    Grey values 0 to 255, or with `binarize` ones where the grey value is at least 128. The first
    call downloads 15 MB from OpenML through scikit-learn and reads them for a minute; later ones
    find the pixels in scikit-learn's data folder. DownloadError if they cannot be had, or are
    not MNIST's.

    Source: LeCun, Cortes & Burges 1998, The MNIST database of handwritten digits.
    """
    from sklearn.datasets import get_data_home

    cached = Path(get_data_home()) / "vitutor_mnist.npy"
    x = _cached_mnist(cached) if cached.exists() else _download_mnist(cached)
    x = (x >= 128 if binarize else x).astype(np.float32)
    return x[:60_000], x[60_000:]


def dequantise(grey, *, rng):
    """Spread grey values 0..16 (N, D) evenly over (0, 1): (grey + U) / 17, U uniform on [0, 1).

    A density fitted to this, in nats, bounds log p of the grey values from below once D log 17
    is subtracted; without it a density could put infinite mass on the 17 values.
    """
    grey = real_array("grey", grey, ("N", "D"))
    if (grey < 0).any() or (grey > 16).any() or (grey != np.floor(grey)).any():
        raise DomainError(
            "grey",
            got=f"values between {grey.min():.6g} and {grey.max():.6g}",
            wanted="whole numbers from 0 to 16",
            remedy="data.digits(binarize=False) returns them.",
        )
    return (grey + generator(rng).random(grey.shape)) / 17


def _cached_mnist(cached):
    try:
        return _checked(np.load(cached))
    except (ValueError, EOFError) as error:
        raise _no_mnist(f"a file {cached} that is damaged ({error})") from error


def _download_mnist(cached):
    from sklearn.datasets import fetch_openml

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of each attempt; what came of them is said below
            x = fetch_openml("mnist_784", version=1, as_frame=False, parser="liac-arff").data
    except (OSError, ValueError) as error:
        raise _no_mnist(f"no answer from OpenML that could be used ({error})") from error
    x = _checked(x.astype(np.uint8))
    with tempfile.NamedTemporaryFile(dir=cached.parent, delete=False) as file:
        np.save(file, x)
    os.replace(file.name, cached)
    return x


def _checked(x):
    sums = tuple(int(half.sum(dtype=np.int64)) for half in (x[:60_000], x[60_000:]))
    if x.shape != (70_000, 784) or sums != MNIST_SUMS:
        raise _no_mnist(f"an array {x.shape} whose halves add up to {sums}")
    return x


def _no_mnist(got):
    return DownloadError(
        "MNIST",
        got=got,
        wanted=f"70000 pictures of 784 pixels, whose halves add up to {MNIST_SUMS}",
        remedy="data.digits() needs no network. Or try again later, with an empty "
        "sklearn.datasets.get_data_home().",
    )
