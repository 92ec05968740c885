"""Grading: seconds for a class's submissions of hw1, beside nbgrader's own autograde.

Run with `make bench`, or for fewer `python benchmarks/grading.py 10`. Ours runs them in the
sandbox, with the hidden cases, the solutions first, and as many at a time as there are cores;
nbgrader runs them one by one, in plain kernels, with the checks that students see. Seconds are the
clock's: two cores against one is the point.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from _timing import machine

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results" / "grading.json"
TARGET = 0.65
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "bench"
c.ExecutePreprocessor.timeout = 600
"""
OURS = """
import sys
from pathlib import Path
from homework.course import Course
from homework.grade import grade
from homework.release import release
course = Course(Path(sys.argv[1]))
if sys.argv[2] == "release":
    release(course, "hw1")
else:
    rows = grade(course, "hw1", sys.argv[2], tell=lambda *given, **more: None)
    assert len(rows) == int(sys.argv[3]) and len({row["automatic"] for row in rows}) == 1, rows
"""


def submission(notebook, i):
    """The solved notebook, with a cell that no other student has."""
    notebook.cells.append(nbformat.v4.new_code_cell(f"mine = {i}", id=f"own-{i}"))
    text = nbformat.writes(notebook)
    notebook.cells.pop()
    return text


def run(*command, cwd):
    """Run a program, and return the seconds it took."""
    start = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, text=True, **quiet)
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - start


def prepare(folder, n):
    """A course of ours and one of nbgrader's, each with the n submissions."""
    for name in ("source", "hidden", "course.json"):
        (folder / "ours").mkdir(exist_ok=True)
        (folder / "ours" / name).symlink_to(ROOT / "homework" / name)
    run(sys.executable, "-c", OURS, folder / "ours", "release", cwd=ROOT)
    source = nbformat.read(ROOT / "homework/source/hw1/hw1.ipynb", as_version=4)
    theirs = folder / "theirs"
    files = [theirs / "source/hw1/hw1.ipynb"]
    files += [folder / f"downloads/student{i:03d}/hw1.ipynb" for i in range(n)]
    files += [theirs / f"submitted/student{i:03d}/hw1/hw1.ipynb" for i in range(n)]
    for i, path in enumerate(files):
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(source) if i == 0 else submission(source, (i - 1) % n))
    (theirs / "nbgrader_config.py").write_text(CONFIG)
    run("nbgrader", "generate_assignment", "hw1", "--log-level=ERROR", cwd=theirs)
    return theirs


def measure(n):
    """Seconds of ours and of nbgrader's for n submissions."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        theirs = prepare(folder, n)
        graded = (folder / "ours", folder / "downloads", str(n))
        ours = run(sys.executable, "-c", OURS, *graded, cwd=ROOT)
        other = run("nbgrader", "autograde", "hw1", "--create", "--log-level=ERROR", cwd=theirs)
        assert len(list(theirs.glob("autograded/*/hw1/hw1.ipynb"))) == n
    return ours, other


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    ours, other = measure(n)
    ratio = ours / other
    print(machine())
    print(
        f"{n} submissions of hw1: {ours:.0f} s, nbgrader {other:.0f} s: {ratio:.2f} (<= {TARGET})"
    )
    report = {
        "machine": machine(),
        "submissions": n,
        "seconds": ours,
        "nbgrader_seconds": other,
        "ratio": ratio,
        "target": TARGET,
    }
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
