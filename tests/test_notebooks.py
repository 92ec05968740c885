"""What strict nbval cannot see in a lesson: was it executed, is it short, can everybody read it?"""

import json
import re
import statistics
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))

OF_THIS_MACHINE = re.compile(
    r"(?<![\w.])/(?:home|root|Users|tmp|work|usr|opt|var|mnt|private)/\S*"  # a path
    r"|\b[A-Z]:\\\w+"
    r"|<[^<>]* at 0x[0-9a-f]+>"  # the default repr of an object
    r"|<(?:Axes|Figure)[^<>]*>|\[?<matplotlib\.[^<>]*>"
)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def code(notebook):
    return "\n".join(cell.source for cell in code_cells(notebook))


def was_executed_in_order(notebook, number):
    """Strict nbval compares nothing in a cell without a count."""
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def holds_no_stderr_and_no_unexpected_error(notebook, number):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.get("name") != "stderr", output.text
            if output.output_type == "error":
                assert "raises-exception" in cell.metadata.get("tags", []), output.evalue


def holds_no_widget_state(notebook, number):
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"


def says_nothing_of_this_machine(notebook, number):
    for output in outputs(notebook):
        data = output.get("data", {})
        text = {kind: value for kind, value in data.items() if not kind.startswith("image/")}
        said = output.get("text", "") + output.get("evalue", "") + json.dumps(text)
        assert OF_THIS_MACHINE.findall(re.sub("base64,[^\"']*", "", said)) == []


def has_short_cells(notebook, number):
    lengths = [len(cell.source.splitlines()) for cell in code_cells(notebook)]
    assert statistics.median(lengths) <= 6, sorted(lengths)
    assert max(lengths) <= 25


def tells_what_its_pictures_show(notebook, number):
    """In words beside the picture, and in the alt of an image in HTML."""
    for output in outputs(notebook):
        data = output.get("data", {})
        if any(kind.startswith("image/") for kind in data):
            sentence = data["text/plain"]
            assert re.fullmatch(r"(?s)\w.{18,}[.!?]", sentence), f"no sentence: {sentence}"
        for image in re.findall("<img[^>]*>", data.get("text/html", "")):
            assert re.search(r'alt="[^"]{20,}"', image), f"no alt: {image[:80]}"


def opens_with_its_title_and_its_minutes(notebook, number):
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert re.search(r"\b\d+ minutes", first.source)


def has_a_bet_and_three_checks_of_its_own(notebook, number):
    keys = {
        name: set(re.findall(rf'\bchecks\.{name}\(\s*"([^"]+)"', code(notebook)))
        for name in ("bet", "settle", "check")
    }
    assert keys["bet"]
    assert keys["settle"] == keys["bet"]
    assert len(keys["check"]) >= 3
    assert all(key.startswith(f"{number}.") for used in keys.values() for key in used)


PROPERTIES = (
    was_executed_in_order,
    holds_no_stderr_and_no_unexpected_error,
    holds_no_widget_state,
    says_nothing_of_this_machine,
    has_short_cells,
    tells_what_its_pictures_show,
    opens_with_its_title_and_its_minutes,
    has_a_bet_and_three_checks_of_its_own,
)


def named(value):
    return getattr(value, "__name__", None) or getattr(value, "stem", None)


@pytest.mark.parametrize("check", PROPERTIES, ids=named)
@pytest.mark.parametrize("path", LESSONS, ids=named)
def test_lesson(path, check):
    check(nbformat.read(path, as_version=4), path.stem[:2])


def a_good_lesson():
    def cell(count, source, *outputs):
        return new_code_cell(source, execution_count=count, outputs=list(outputs))

    picture = {
        "image/png": "iVBORw0K",
        "text/html": '<img alt="The ELBO stays below log p(x)." src="data:image/png;base64,/tmp/">',
        "text/plain": "The ELBO stays below log p(x).",
    }
    checks = "\n".join(f'checks.check("07.{i}", ...)' for i in (1, 2, 3))
    return new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
        },
        cells=[
            new_markdown_cell("# The gap\n\nAbout 30 minutes."),
            cell(1, 'checks.bet("07.a", ...)'),
            cell(2, "show()", new_output("display_data", picture)),
            cell(3, 'print("1/2")', new_output("stream", name="stdout", text="p(x)/q(x), 1/2\n")),
            cell(4, 'checks.settle("07.a")'),
            cell(5, checks),
        ],
    )


def text(said):
    return lambda lesson, cells: cells[3].outputs[0].update(text=said)


def source(index, change):
    return lambda lesson, cells: cells[index].update(source=change(cells[index].source))


def data(kind, value):
    return lambda lesson, cells: cells[2].outputs[0].data.update({kind: value})


def error(lesson, cells):
    cells[3].outputs = [new_output("error", ename="ValueError", evalue="no", traceback=[])]


def stderr(lesson, cells):
    cells[3].outputs[0].update(name="stderr")


def long_cells(lesson, cells):
    for cell in cells[1:]:
        cell.source = "x\n" * 7


SPOILT = {
    "a cell not run": (
        was_executed_in_order,
        lambda lesson, cells: cells[3].update(execution_count=None),
    ),
    "another order": (was_executed_in_order, lambda lesson, cells: cells.reverse()),
    "error": (holds_no_stderr_and_no_unexpected_error, error),
    "stderr": (holds_no_stderr_and_no_unexpected_error, stderr),
    "widgets": (holds_no_widget_state, lambda lesson, cells: lesson.metadata.update(widgets={})),
    "path": (says_nothing_of_this_machine, text("saved to /home/ada/bets.json\n")),
    "address": (says_nothing_of_this_machine, text("<vitutor.Estimate object at 0x7f3a10>\n")),
    "artist": (says_nothing_of_this_machine, text("[<matplotlib.lines.Line2D>]\n")),
    "a long cell": (has_short_cells, source(2, lambda old: "x\n" * 26)),
    "long cells": (has_short_cells, long_cells),
    "no sentence": (tells_what_its_pictures_show, data("text/plain", "<Figure size 640x480>")),
    "no alt": (tells_what_its_pictures_show, data("text/html", "<img src=''>")),
    "no title": (opens_with_its_title_and_its_minutes, source(0, lambda old: old[2:])),
    "no minutes": (opens_with_its_title_and_its_minutes, source(0, lambda old: "# The gap")),
    "no bet": (has_a_bet_and_three_checks_of_its_own, source(1, lambda old: "1")),
    "not settled": (has_a_bet_and_three_checks_of_its_own, source(4, lambda old: "1")),
    "two checks": (
        has_a_bet_and_three_checks_of_its_own,
        source(5, lambda old: old.replace("07.3", "07.2")),
    ),
    "another lesson's check": (
        has_a_bet_and_three_checks_of_its_own,
        source(5, lambda old: old.replace("07.3", "06.3")),
    ),
}


@pytest.mark.parametrize("check", PROPERTIES, ids=named)
def test_a_good_lesson_passes(check):
    check(a_good_lesson(), "07")


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_lesson_fails(name):
    check, change = SPOILT[name]
    lesson = a_good_lesson()
    change(lesson, lesson.cells)
    with pytest.raises(AssertionError):
        check(lesson, "07")


def test_the_readme_links_every_lesson():
    readme = (ROOT / "README.md").read_text()
    assert re.findall(r"\]\((notebooks/\S+?)\)", readme) == [
        str(p.relative_to(ROOT)) for p in LESSONS
    ]
