"""A VAE seen from the NumPy course: the same densities, so the same functions know the truth."""

import numpy as np
import pytest

from vitutor import evidence, vae
from vitutor.families import MeanFieldGaussian
from vitutor.models import check_model


@pytest.mark.parametrize("n_components", [1, 3])
def test_the_course_s_own_functions_work_on_a_vae(n_components):
    model = vae.build(9, 2, hidden=6, n_components=n_components, seed=2, device="cpu").double()
    _, x = model.sample(4, seed=0)
    view, rng = vae.NumpyView(model), np.random.default_rng(0)
    assert check_model(view, x) == []
    exact = vae.exact_log_marginal(model, x).value
    np.testing.assert_allclose(evidence.quadrature(view, x, n_points=200).value, exact, rtol=1e-6)
    assert evidence.naive_monte_carlo(view, x, 20_000, rng=rng).within(exact)
    q = MeanFieldGaussian(*view.encode(x))
    assert evidence.importance(view, x, q, 20_000, rng=rng).within(exact)
