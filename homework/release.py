"""Make what students are given: `make homework`, or `make homework A=hw2`.

nbgrader takes the solutions out; then the result is searched for what should not be in it.
"""

import argparse
import json
import os
import re
import shutil
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbgrader.apps import NbGraderAPI
from traitlets.config import PyFileConfigLoader

from homework.course import HERE, Course, Refused

README = """# {title}

Work in `{name}.ipynb`: open it in the course's JupyterLab (`make lab`). Each part says its minutes
and points. `hw.check(...)` tells whether an answer is right and, if not, what went wrong; you may
run it as often as you like. What is graded are harder cases of the same questions.

Hand in the notebook `{name}.ipynb`, saved. Keep its name, and keep the cells that are there (locked
ones are put back when it is graded); add your own wherever you like. Before you hand in: Kernel,
Restart Kernel and Run All Cells. The file must stay below {notebook_mb:g} MB, and no cell may run
longer than {cell_seconds:g} seconds.
"""
REGION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.S)


def release(course, name):
    """Write release/<name>/ and release/<name>.zip; Refused if a solution would leak."""
    variant = course.variant
    solved = course.solved(name, variant)
    with TemporaryDirectory() as folder:
        notebook = _without_solutions(course, name, solved, Path(folder))
    leaks = [*leaked(solved, notebook), *_hidden_words(course, name, notebook)]
    if leaks:
        raise Refused(f"{name} is not released, for it would give away: {leaks[0]!r}.")
    path = course.released(name)
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    limits = vars(course.limits)
    readme = path.with_name("README.md")
    readme.write_text(README.format(title=title, name=name, **limits), encoding="utf-8")
    packed = path.parent.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (path, readme):
            archive.write(file, f"{name}/{file.name}")
    (course.root / "release" / f"{name}.json").write_text(json.dumps({"variant": variant}) + "\n")
    return packed


def released_variant(course, name):
    """The variant that students have; Refused if they have none."""
    course.source(name)
    path = course.root / "release" / f"{name}.json"
    if not path.exists() or not course.released(name).exists():
        raise Refused(f"{name} has not been released on this machine: `make homework A={name}`.")
    return json.loads(path.read_text())["variant"]


def leaked(solved, notebook):
    """Lines of solutions that are still there, though they stand nowhere else in the source."""
    inside, outside = set(), set()
    for cell in solved.cells:
        for region in REGION.findall(cell.source):
            inside.update(_lines(region))
        outside.update(_lines(REGION.sub("", cell.source)))
    given = {line for cell in notebook.cells for line in _lines(cell.source)}
    outputs = [cell for cell in notebook.cells if cell.get("outputs")]
    marks = [cell for cell in notebook.cells if "SOLUTION" in cell.source]
    return [*((inside - outside) & given), *(cell.source for cell in outputs + marks)]


def api(root, gradebook):
    """nbgrader for the course directory `root`, with the gradebook of another."""
    config = PyFileConfigLoader(str(HERE / "nbgrader_config.py")).load_config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = f"sqlite:///{gradebook / 'gradebook.db'}"
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic, by name
    if programs not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ["PATH"]
    return NbGraderAPI(config=config)


def _without_solutions(course, name, solved, folder):
    source = folder / "source" / name / f"{name}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(solved, source)
    done = api(folder, course.root).generate_assignment(name)
    if not done["success"]:
        raise Refused(
            f"nbgrader could not make {name}:\n{done.get('log', '')}{done.get('error', '')}"
        )
    return nbformat.read(folder / "release" / name / f"{name}.ipynb", as_version=4)


def _hidden_words(course, name, notebook):
    """Lines of the hidden checks that stand in the notebook."""
    hidden = (course.root / "hidden" / f"{name}.py").read_text(encoding="utf-8")
    given = {line for cell in notebook.cells for line in _lines(cell.source)}
    return {line for line in _lines(hidden) if not line.startswith(("import ", "from "))} & given


def _lines(text):
    """The lines that say something: `else:` and `)` give nothing away."""
    stripped = (line.strip() for line in text.splitlines())
    return {line for line in stripped if sum(map(str.isalnum, line)) > 5}


def main(argv=None):
    parser = argparse.ArgumentParser(description="Make what students are given.")
    parser.add_argument("names", nargs="*", help="hw1 ...; all if none is named")
    course = Course()
    try:
        for name in parser.parse_args(argv).names or course.names:
            packed = release(course, name)
            print(f"{packed.relative_to(Path.cwd())}: variant {course.variant}, no solution in it")
    except Refused as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
