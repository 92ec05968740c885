"""What the decoder walk and the grid dial show beside what evidence computes."""

import numpy as np
import pytest

from vitutor import evidence
from vitutor.models import Decoder, LinearGaussian
from vitutor.widgets import grid, walk


@pytest.mark.parametrize("noise_scale", [0.03, 0.3, 0.8])
def test_walk_on_a_line_is_linear_gaussian(noise_scale):
    shown = walk.compute("line", 0.5, noise_scale, walk.CURVES)
    model = LinearGaussian([[0.9], [0.5]], [0.0, 0.7], noise_scale**2 * np.eye(2))
    np.testing.assert_allclose(shown.log_p_on_curve, model.log_marginal(shown.curve), atol=1e-9)
    assert shown.log_p == pytest.approx(model.log_marginal(shown.mean[None])[0], abs=1e-9)


def test_walk_shade_is_the_marginal():
    """At noise 0.8 a pixel is small, so its average is the density at its centre."""
    shown = walk.compute("parabola", 0.5, 0.8, walk.CURVES)
    across, up = ((edges[1:] + edges[:-1]) / 2 for edges in walk.EDGES)
    x = np.stack(np.meshgrid(across[::13], up[::13]), axis=-1).reshape(-1, 2)
    model = Decoder(walk.CURVES["parabola"], 0.8, 1)
    wanted = np.exp(evidence.quadrature(model, x).value).reshape(len(up[::13]), -1)
    np.testing.assert_allclose(shown.marginal[::13, ::13], wanted, rtol=5e-3)


def test_walk_takes_a_learners_curve():
    figure = walk.decoder_walk({"still": lambda z: 0 * z + np.array([0.5, 1.0])})
    assert figure.error is None
    assert "(0.50, 1.00)" in figure.sentence


def two_axes(z):
    return np.sin(2 * z) + z / 2


@pytest.mark.parametrize("n_points", [40, 60, 90])
def test_grid_error_in_two_dimensions_is_the_grid_run(n_points):
    shown = grid.compute(2, n_points, 0.3)
    model, x = Decoder(two_axes, 0.3, latent_dim=2), [[1.2, 1.2]]
    run = evidence.quadrature(model, x, n_points=n_points)
    truth = 2 * float(evidence.quadrature(Decoder.sine(), grid.X, n_points=1201))
    assert shown.at[1] == pytest.approx(abs(float(run) - truth), abs=1e-11)
    assert shown.at[0][0] == n_points**2


def test_grid_counts_a_chain_by_its_pairs():
    evaluations, chain, independent = grid.compute(4, 10, 0.3).at[0]
    assert (evaluations, chain, independent) == (10**4, 10 + 3 * 10**2, 40)
