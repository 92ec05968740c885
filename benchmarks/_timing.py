"""Paired rounds: two contenders take turns, so that whatever slows the machine slows both alike."""

import os
import platform
import time
import tracemalloc

import numpy as np


def machine():
    """Say what a figure depends on: OPENBLAS_CORETYPE alone can halve a matrix product."""
    core = os.environ.get("OPENBLAS_CORETYPE", "not pinned")
    load = os.getloadavg()[0]
    return (
        f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, "
        f"{os.cpu_count()} cores (load {load:.1f}), OPENBLAS_CORETYPE {core}"
    )


def paired(ours, other, rounds=9):
    """Return seconds of ours and of other, medians, and the quartiles of their ratio.

    Processor seconds of this process, not the clock's: other people may be using the machine.
    """
    ours(), other()  # the first call of anything is slow
    seconds = np.array([(_seconds(ours), _seconds(other)) for _ in range(rounds)])
    ratio = np.percentile(seconds[:, 0] / seconds[:, 1], (25, 50, 75))
    return *np.median(seconds, axis=0), ratio


def peak_mib(run):
    """Return the most memory that NumPy held at once during run(), beyond what it held before."""
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20


def _seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start
