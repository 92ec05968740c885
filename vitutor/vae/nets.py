"""The net under both encoder and decoder. (Lesson 10)"""

import itertools

from torch import nn


def mlp(sizes, rectified_end=False):
    """Return linear layers of the given sizes with rectifiers between them, or after each."""
    layers = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU(inplace=True)]
    return nn.Sequential(*(layers if rectified_end else layers[:-1]))
