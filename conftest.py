"""What every test and notebook relies on: no window, no leftover figure, no learner's own bets."""

import os
import sys
import tempfile

import hypothesis
import matplotlib
import numpy as np
import pytest

# Not through MPLBACKEND: the notebooks' kernels would inherit it and draw nothing.
matplotlib.use("Agg")

# Another number in VITUTOR_SEED is another run of everything that NumPy draws in the tests.
SEED = os.environ.get("VITUTOR_SEED")

hypothesis.settings.register_profile("course", derandomize=SEED is None, deadline=None)
hypothesis.settings.load_profile("course")

# A homework for the tests of the grading, which make copies of it; nbval would run it as it stands.
collect_ignore = ["tests/tiny_homework"]

STORES = tempfile.TemporaryDirectory()


def pytest_configure(config):
    config.addinivalue_line("markers", "one_seed: its numbers are those of the seed it names")


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
def fresh_seeds(request, monkeypatch):
    """Under VITUTOR_SEED, default_rng(3) begins another stream, the same wherever it stands."""
    if SEED is not None and not request.node.get_closest_marker("one_seed"):
        fixed = np.random.default_rng

        def default_rng(seed=None):
            return fixed([int(SEED), seed] if isinstance(seed, int) else seed)

        monkeypatch.setattr(np.random, "default_rng", default_rng)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
