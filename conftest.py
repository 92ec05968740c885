"""What every test and notebook relies on: no window, no leftover figure, no learner's own bets."""

import os
import sys
import tempfile

import hypothesis
import matplotlib
import pytest

# Not through MPLBACKEND: the notebooks' kernels would inherit it and draw nothing.
matplotlib.use("Agg")

hypothesis.settings.register_profile("course", derandomize=True, deadline=None)
hypothesis.settings.load_profile("course")

STORES = tempfile.TemporaryDirectory()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    # Before nbval starts the notebook's kernel, which inherits it.
    os.environ["VITUTOR_STORE"] = os.path.join(STORES.name, item.path.stem)


def pytest_unconfigure():
    STORES.cleanup()


@pytest.fixture(autouse=True)
def close_figures():
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
