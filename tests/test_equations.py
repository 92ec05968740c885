"""Every equation of the text that the course grew from is executed by a cell of some lesson.

A cell that executes equation 7 says so in a comment, `# S7`, and asserts something.
"""

import re
from pathlib import Path

import nbformat
import pytest

LESSONS = sorted((Path(__file__).parent.parent / "notebooks").glob("[0-9][0-9]_*.ipynb"))

# Where each is settled. An equation may return in other lessons.
SETTLED_IN = {
    "S1": "00",
    "S2": "01",
    "S3": "01",
    "S4": "02",
    "S5": "02",
    "S6": "02",
    "S7": "03",
    "S8": "04",
    "S9": "04",
    "S10": "04",
    "S11": "04",
    "S12": "04",
    "S13": "04",
    "S14": "05",
    "S15": "06",
    "S16": "06",
    "S17": "07",
    "S18": "07",
    "S19": "09",
    "S20": "07",
    "S21": "01",
    "S22": "09",
    "S23": "11",
}


def executed_equations(notebook):
    """The S-numbers in the comments of code cells that assert something."""
    found = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and re.search(r"^\s*assert ", cell.source, re.MULTILINE):
            for comment in re.findall(r"#(.*)$", cell.source, re.MULTILINE):
                found.update(re.findall(r"\bS\d+\b", comment))
    return found


@pytest.mark.parametrize("equation", SETTLED_IN)
def test_the_lesson_that_settles_it_executes_it(equation):
    (path,) = [path for path in LESSONS if path.name.startswith(SETTLED_IN[equation])]
    assert equation in executed_equations(nbformat.read(path, as_version=4))


def test_a_cell_that_only_mentions_an_equation_does_not_count():
    cells = [
        nbformat.v4.new_code_cell("x = 1  # S7"),
        nbformat.v4.new_markdown_cell("assert # S8"),
        nbformat.v4.new_code_cell("assert 1 < 2  # S9, and S10"),
    ]
    assert executed_equations(nbformat.v4.new_notebook(cells=cells)) == {"S9", "S10"}
