"""Wrong answers made from right ones: the solution with one piece of its source exchanged."""

from pathlib import Path

import nbformat

SOURCE = Path(__file__).parent.parent / "source"


def editor(name):
    """Return edit(part, old, new, ...): the source of an answer with each old piece made new."""
    notebook = nbformat.read(SOURCE / name / f"{name}.ipynb", as_version=4)
    answers = {
        about["grade_id"]: cell.source
        for cell in notebook.cells
        if (about := cell.metadata.get("nbgrader", {})).get("solution")
    }

    def edit(part, *pieces):
        source = answers[f"{name}-{part.replace('.', '-')}-answer"]
        for old, new in zip(pieces[::2], pieces[1::2], strict=True):
            if old not in source:
                raise ValueError(f"{name} {part}: there is no {old!r} in the solution")
            source = source.replace(old, new)
        return source

    return edit
