"""What `import vitutor` costs, beside the libraries that it is made of.

Run with `make bench`. Each import in a fresh interpreter, processor seconds of that process, whose
own start (`python -c pass`) is on both sides.
"""

import resource
import subprocess
import sys

import numpy as np
from _timing import Table

PAIRS = (
    ("import vitutor", "import numpy", "<= 1.5"),
    ("import vitutor", "import torch", "<= 0.5"),
    ("from vitutor import vae", "import torch", "<= 1.5"),
    ("from vitutor import widgets", "import matplotlib.figure, anywidget", "<= 2"),
)


def seconds(code):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    table = Table("imports")
    for ours, other, target in PAIRS:
        seconds(ours), seconds(other)  # the first reads from the disk
        rounds = np.array([(seconds(ours), seconds(other)) for _ in range(7)])
        ratio = np.percentile(rounds[:, 0] / rounds[:, 1], (25, 50, 75))
        table.add(f"{ours} / {other}", target, *np.median(rounds, axis=0), ratio)
    table.keep()
