"""Paired rounds: two contenders take turns, so that whatever slows the machine slows both alike."""

import json
import os
import platform
import time
import tracemalloc
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"


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


class Table:
    """Rows of ours beside other, printed as they come; `keep` writes them to results/NAME.json."""

    def __init__(self, name):
        self.name, self.rows = name, []
        print(machine())
        print(f"{'ours / other':46} {'ours, s':>9} {'other, s':>9} {'ratio':>20}   target")

    def add(self, claim, target, ours, other, ratio, memory=None):
        """One claim: what `paired` returned, what is wanted of the ratio, MiB held at the peak."""
        low, median, high = map(float, ratio)
        spread = f"{median:.3g} ({low:.3g}-{high:.3g})"
        peak = "" if memory is None else f"   {memory:.1f} MiB"
        print(f"{claim:46} {ours:9.4f} {other:9.4f} {spread:>20}   {target}{peak}")
        row = {"claim": claim, "target": target, "ours_s": float(ours), "other_s": float(other)}
        row["ratio"] = {"q25": low, "median": median, "q75": high}
        self.rows.append(row if memory is None else row | {"peak_mib": memory})

    def keep(self):
        kept = {"machine": machine(), "rows": self.rows}
        (RESULTS / f"{self.name}.json").write_text(json.dumps(kept, indent=1) + "\n")


def _seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start
