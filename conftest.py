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
    # A progress bar comes with the time a run takes, which is no property of a lesson.
    if item.path.suffix == ".ipynb":
        os.environ["TQDM_DISABLE"] = "1"
    else:
        os.environ.pop("TQDM_DISABLE", None)


def pytest_unconfigure():
    STORES.cleanup()


@pytest.fixture(autouse=True)
def close_figures():
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
