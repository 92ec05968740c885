"""Data that is there without a network. (Lessons 01, 09, 10, 11)"""

import numpy as np

from vitutor.errors import DomainError
from vitutor.validation import generator, real_array

N_TRAIN = 1437


def digits(binarize=True):
    """Return the 8 x 8 digits that ship inside scikit-learn: train (1437, 64), test (360, 64).

    Grey values 0 to 16, or with `binarize` ones where the grey value is at least 8, zeros
    elsewhere. The last 360 are the test: other people wrote them, where a random split would put
    the same hand on both sides and flatter every model.

    Source: Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI repository.
    """
    from sklearn.datasets import load_digits

    x = load_digits().data
    if binarize:
        x = (x >= 8).astype(np.float64)
    return x[:N_TRAIN], x[N_TRAIN:]


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
