"""Where everything of the homework lies, and what the source notebooks say of their parts."""

import hashlib
import importlib.util
import json
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

import vitutor.checks.homework
from vitutor.checks.constants import Constants

HERE = Path(__file__).parent
INSIDE = HERE / "inside"
CHECKS = Path(vitutor.checks.homework.__file__).parent
# What every homework is judged with: a grade may change when one of these does.
SHARED_CHECKS = {path for folder in (CHECKS, CHECKS.parent) for path in folder.glob("*.py")}


class Refused(Exception):
    """Why nothing was done, and what to do, in a sentence or two."""


@dataclass(frozen=True)
class Limits:
    """What one submission may take from the machine."""

    cell_seconds: float = 60
    seconds: float = 600
    memory_gb: float = 3
    file_mb: float = 100
    processes: int = 64
    output: int = 2_000_000
    notebook_mb: float = 20


@dataclass(frozen=True)
class Part:
    """One graded cell: automatic, or written and graded by a person."""

    name: str
    points: float
    written: bool
    cell: str
    title: str


@dataclass(frozen=True)
class Course:
    """The folder `root` with source/, hidden/ and course.json, and all that is generated there."""

    root: Path = HERE
    checks: Path = CHECKS
    limits: Limits = field(default_factory=Limits)

    @property
    def names(self):
        """All homeworks."""
        return sorted(path.stem for path in self.root.glob("source/*/*.ipynb"))

    @property
    def variant(self):
        """The variant that is given out."""
        return json.loads((self.root / "course.json").read_text())["variant"]

    def source(self, name):
        """The notebook with its solutions, as a file."""
        path = self.root / "source" / name / f"{name}.ipynb"
        if not path.exists():
            wanted = ", ".join(self.names) or "a notebook in source/"
            raise Refused(f"There is no homework {name}; there is {wanted}.")
        return path

    def released(self, name):
        """What students were given, as a file."""
        return self.root / "release" / name / f"{name}.ipynb"

    def submitted(self, name):
        """The submissions of all students, {student: file}."""
        files = self.root.glob(f"submitted/*/{name}/{name}.ipynb")
        return {path.parent.parent.name: path for path in sorted(files)}

    def record_path(self, name, student):
        """Where the grade of one submission is kept."""
        return self.root / "grades" / name / f"{student}.json"

    def record(self, name, student):
        """What is kept of one submission, None if nothing is."""
        try:
            return json.loads(self.record_path(name, student).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def solved(self, name, variant):
        """The source notebook, as the variant wants it."""
        notebook = nbformat.read(self.source(name), as_version=4)
        return with_variant(notebook, variant)

    def parts(self, name):
        """The graded parts, in order, {name of the part: Part}."""
        notebook = nbformat.read(self.source(name), as_version=4)
        text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        parts = {}
        for cell in notebook.cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("grade"):
                part = about["grade_id"].removeprefix(f"{name}-").replace("-", ".")
                heading = re.search(rf"^#+ ({re.escape(part)} [^(\n]*)", text, re.M)
                title = heading[1].strip() if heading else part
                written = bool(about["solution"])
                parts[part] = Part(part, about["points"], written, about["grade_id"], title)
        return parts

    def visible(self, name):
        """The files of the checks that students see: a module, or a package, __init__.py first."""
        return sorted((self.checks / name).glob("*.py")) or [self.checks / f"{name}.py"]

    def judging(self, name, variant):
        """Constants, visible and hidden questions of one variant."""
        visible = load(self.visible(name)[0])
        hidden = load(self.root / "hidden" / f"{name}.py")
        fresh = [Constants(visible.constants(variant)) for _ in range(3)]
        return fresh[0], visible.parts(fresh[1]), hidden.hidden(fresh[2])

    def secret(self):
        """Keeps the cases of a grade from being known beforehand, though they never change."""
        path = self.root / "secret"
        if not path.exists():
            path.write_text(secrets.token_hex(16))
        return path.read_text()

    def fingerprint(self, name, variant, submission):
        """What a grade depends on: whatever has the same fingerprint has the same grade."""
        digest = hashlib.sha256(f"{name} {variant} {self.secret()}".encode())
        judging = sorted({*self.visible(name), *SHARED_CHECKS})
        for path in (self.source(name), self.root / f"hidden/{name}.py", *judging):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        for path in sorted(submission.parent.iterdir()):
            digest.update(path.read_bytes())
        return digest.hexdigest()


def load(path):
    """Import one file."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def with_variant(notebook, variant):
    """Write the variant into the cell that makes `hw`, and change nothing else."""
    written = 0
    for cell in notebook.cells:
        if cell.cell_type == "code" and re.search(r"^hw = Homework\(", cell.source, re.M):
            pattern = r"(?<=variant=)\d+"
            cell.source, n = re.subn(pattern, str(variant), cell.source)
            written += n
    if written != 1:
        raise Refused(f"{written} cells say `hw = Homework(..., variant=...)`; one should.")
    return notebook
