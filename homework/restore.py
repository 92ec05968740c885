"""A student's answers in the notebook that was given out: edited and deleted checks come back."""

import json
import re

import nbformat

from homework.course import Refused

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def read(path, limits):
    """Open a submission; Refused, with a sentence for the report, if it cannot be graded."""
    size = path.stat().st_size
    if size > limits.notebook_mb * 2**20:
        raise Refused(
            f"The notebook has {size / 2**20:.0f} MB, {limits.notebook_mb:g} are allowed: "
            "clear its outputs, save it and hand it in again."
        )
    if size == 0:
        raise Refused("The file is empty.")
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        notebook = nbformat.convert(nbformat.from_dict(given), 4)
        for cell in notebook.cells:
            cell.source, cell.cell_type = source(cell), str(cell.cell_type)
            assert isinstance(cell.source, str)
            ident(cell)
        kernel_of(notebook)
    except Exception as error:
        # What is not a notebook can fail in any way.
        raise Refused(
            f"The file is not a notebook that can be read ({type(error).__name__})."
        ) from None
    return notebook


def kernel_of(notebook):
    """The kernel that the submission names, for the report."""
    kernel = notebook.metadata.get("kernelspec", {})
    return str(kernel.get("name", "python3")) if isinstance(kernel, dict) else "none"


def restore(given_out, submitted):
    """Return the notebook to run: the cells given out, in their order, with the student's answers.

    Cells of the student's own stay behind the cell they followed. Of locked cells only the place
    is taken from the submission.
    """
    ours = {ident(cell): cell for cell in given_out.cells if ident(cell)}
    answers, extras, last = {}, {None: []}, None
    for cell in submitted.cells:
        name = ident(cell)
        if name in ours and name not in answers:
            answers[name], last = cell.source, name
        elif cell.cell_type in ("code", "markdown"):
            extras.setdefault(last, []).append(_plain(cell.cell_type, cell.source))
    cells = list(extras[None])
    for name, cell in ours.items():
        locked = cell.metadata.nbgrader["locked"]
        restored = _plain(cell.cell_type, cell.source if locked else answers.get(name, ""))
        restored.metadata["nbgrader"] = cell.metadata.nbgrader
        cells += [restored, *extras.get(name, [])]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def ident(cell):
    """The name nbgrader knows a cell by, None for others."""
    about = cell.get("metadata", {}).get("nbgrader")
    name = about.get("grade_id") if isinstance(about, dict) else None
    return name if isinstance(name, str) else None


def source(cell):
    """What stands in a cell, however it is stored."""
    return "".join(map(str, cell.source)) if isinstance(cell.source, list) else cell.source


def answer(notebook, name):
    """The text of one cell, without what marks a solution."""
    text = next((cell.source for cell in notebook.cells if ident(cell) == name), "")
    return re.sub(r"^### (BEGIN|END) SOLUTION\n?", "", text, flags=re.M).strip()


def _plain(kind, text):
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    return new(text.encode("utf-8", "replace").decode())  # half characters cannot be saved
