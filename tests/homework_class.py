"""A class of students for the tests of the grading: what they hand in, and what comes of it."""

import csv
import multiprocessing
import os
import shutil
import sys
from pathlib import Path

import nbformat

from homework import sandbox
from homework.course import Course, Limits, Refused
from homework.release import release

ROOT = Path(__file__).parent.parent
TINY = Path(__file__).parent / "tiny_homework"
LIMITS = Limits(cell_seconds=8, seconds=40, memory_gb=1.5, processes=24, notebook_mb=20)
SKIP = f"no sandbox here: {reason}" if (reason := sandbox.missing()) else ""
if SKIP and os.environ.get("CI") == "true":
    raise RuntimeError(f"CI needs the sandbox; {SKIP}")

# Imports what grading needs once, and forks for each run, which is therefore a process of its own.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["homework.grade"])


def course(folder):
    """A copy of the tiny homework in `folder`, released."""
    shutil.copytree(TINY, folder, dirs_exist_ok=True)
    made = Course(folder, folder / "checks", LIMITS)
    release(made, "tiny")
    return made


def start(course, place=None, *, before="", environment=None, name="tiny", **options):
    """Begin to grade in a process of its own; `before` is run there first."""
    told = course.root.parent / f"{course.root.name}.told"
    environment = {**os.environ, **(environment or {})}
    given = (told, environment, before, course, name, place, options)
    process = FORKS.Process(target=_grade, args=given)
    process.start()
    return process, told


def grade(course, place=None, **options):
    """Grade, and return all that was printed."""
    process, told = start(course, place, **options)
    process.join(timeout=300)
    assert process.exitcode is not None
    process.close()
    return told.read_text()


def _grade(told, environment, before, course, name, place, options):
    file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1), os.dup2(file, 2)
    sys.stdout = sys.stderr = open(1, "w", buffering=1)
    os.environ.clear()
    os.environ.update(environment)
    from homework import grade

    try:
        exec(before, {"grade": grade, "course": course})
        grade.grade(course, name, place, **options)
    except Refused as reason:
        print(f"Refused: {reason}")


def table(course, name="tiny"):
    """The rows of grades/<name>.csv by student."""
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
