"""A class of students for the tests of the grading: what they hand in, and what comes of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from homework import sandbox
from homework.course import Course, Limits
from homework.release import release

ROOT = Path(__file__).parent.parent
TINY = Path(__file__).parent / "tiny_homework"
LIMITS = Limits(cell_seconds=6, seconds=40, memory_gb=1.5, processes=24, notebook_mb=20)
SKIP = f"no sandbox here: {reason}" if (reason := sandbox.missing()) else ""

GRADE = """
import json, sys
from pathlib import Path
from homework import grade
from homework.course import Course, Limits, Refused
root, limits, name, place, options, before = json.loads(sys.stdin.read())
course = Course(Path(root), Path(root) / "checks", Limits(**limits))
exec(before)
try:
    grade.grade(course, name, place, **options)
except Refused as reason:
    sys.exit(f"Refused: {reason}")
"""


def course(folder):
    """A copy of the tiny homework in `folder`, released."""
    shutil.copytree(TINY, folder, dirs_exist_ok=True)
    made = Course(folder, folder / "checks", LIMITS)
    release(made, "tiny")
    return made


def start(course, place=None, *, before="", environment=None, name="tiny", **options):
    """Begin to grade in a process of its own; `before` is run there first."""
    process = subprocess.Popen(
        [sys.executable, "-c", GRADE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
    )
    place = str(place) if place else None
    told = [str(course.root), vars(course.limits), name, place, options, before]
    process.stdin.write(json.dumps(told))
    process.stdin.close()
    process.stdin = None
    return process


def grade(course, place=None, **options):
    """Grade, and return all that was printed."""
    return start(course, place, **options).communicate(timeout=300)[0]


def table(course, name="tiny"):
    """The rows of grades/<name>.csv by student."""
    import csv

    text = (course.root / "grades" / f"{name}.csv").read_text()
    return {row["student"]: row for row in csv.DictReader(text.splitlines())}


def hand_in(course, folder, student, answers=(), *, extra="", after="1.1", edit=None):
    """Save a submission: the solutions, but for `answers` {part: source}, and an extra cell."""
    notebook = course.solved("tiny", 2026)
    for cell in notebook.cells:
        part = ident(cell).removesuffix("-answer")
        if ident(cell).endswith("-answer") and part in dict(answers):
            cell.source = dict(answers)[part]
    if extra:
        place = [ident(cell) for cell in notebook.cells].index(after) + 1
        notebook.cells.insert(place, nbformat.v4.new_code_cell(extra))
    if edit:
        edit(notebook)
    path = folder / student / "tiny.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    return path


def ident(cell):
    """The part of a cell, such as 1.1, or 1.1-answer."""
    name = cell.metadata.get("nbgrader", {}).get("grade_id", "").removeprefix("tiny-")
    return name.replace("-", ".", 1)
