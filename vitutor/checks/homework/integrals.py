"""Integrals over a line by Gauss and Legendre's rule: the homework's truths come from here."""

import numpy as np


def line(low, high, n_panels=200, n_nodes=16):
    """Return nodes and weights (G,) between low and high, or up to any corner at a panel's edge.

    weights @ f(nodes) has all digits for an f that is smooth within each of the equal panels.
    """
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    edges = np.linspace(low, high, n_panels + 1)
    half = (edges[1] - edges[0]) / 2
    middles = (edges[1:] + edges[:-1]) / 2
    return (middles[:, None] + half * nodes).ravel(), np.tile(half * weights, n_panels)
