"""The executor: the same bytes twice, nothing that differs between machines, no silent failure."""

import importlib.util
import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parent.parent
spec = importlib.util.spec_from_file_location("execute", ROOT / "tools/execute.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

PLOT = """\
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
ax.plot([0, 1], [1, 0]);"""

# What a live figure shows: widget, picture and sentence in one bundle.
LIVE = """\
import io
import ipywidgets
from IPython.display import display
png = io.BytesIO()
fig.savefig(png, format="png")
slider = ipywidgets.IntSlider()
view = slider._repr_mimebundle_()
view.update({"image/png": png.getvalue(), "text/plain": "the slider stands at 0"})
display(view, raw=True)"""

RAISES = "from pathlib import Path\nPath('/no/such/file').read_text()"


def write(path, *sources, tags=()):
    cells = [new_markdown_cell("# A lesson", id="title")]
    for number, source in enumerate(sources):
        metadata = {"tags": list(tags)} if tags else {}
        cells.append(new_code_cell(source, id=f"cell-{number}", metadata=metadata))
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A notebook with a picture, a live figure, a bare widget and streams, after two runs."""
    path = write(
        tmp_path_factory.mktemp("nb") / "lesson.ipynb",
        PLOT,
        LIVE,
        "slider",
        "for i in range(3):\n    print(i, flush=True)",
    )
    runs = []
    for _ in range(2):
        assert tool.main([path]) == 0
        runs.append(path.read_bytes())
    return runs, nbformat.read(path, as_version=4)


def test_two_runs_write_the_same_bytes(executed):
    first, second = executed[0]
    assert first == second


def test_what_is_saved(executed):
    notebook = executed[1]
    plot, live, bare, streams = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert notebook.metadata == tool.METADATA
    assert [cell.id for cell in notebook.cells] == ["title", *(f"cell-{i}" for i in range(4))]
    assert "image/png" in plot.outputs[0].data
    assert set(live.outputs[0].data) == {"image/png", "text/plain"}
    assert live.outputs[0].data["text/plain"] == "the slider stands at 0"
    assert bare.outputs[0].data[tool.WIDGET_VIEW]["model_id"] == "cell-2-0"
    assert [output.text for output in streams.outputs] == ["0\n1\n2\n"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import warnings\nwarnings.warn('the ELBO fell')", "wrote to stderr"),
    ],
)
def test_refuses_and_keeps_the_file(tmp_path, capsys, source, said):
    path = write(tmp_path / "bad.ipynb", source)
    before = path.read_bytes()
    assert tool.main([path]) == 1
    assert said in capsys.readouterr().err
    assert path.read_bytes() == before


def test_an_expected_exception_keeps_its_sentence_and_no_path(tmp_path):
    path = write(tmp_path / "raises.ipynb", RAISES, tags=["raises-exception"])
    assert tool.main([path]) == 0
    (output,) = nbformat.read(path, as_version=4).cells[1].outputs
    assert output.ename == "FileNotFoundError"
    assert output.traceback == [f"FileNotFoundError: {output.evalue}"]


def test_a_run_begins_without_bets(tmp_path, monkeypatch):
    """The learner's own store is neither read nor written."""
    monkeypatch.setenv("VITUTOR_STORE", str(tmp_path))
    source = "import os\nprint(os.listdir(os.environ['VITUTOR_STORE']))"
    path = write(tmp_path / "bets.ipynb", source)
    assert tool.main([path]) == 0
    (output,) = nbformat.read(path, as_version=4).cells[1].outputs
    assert output.text == "[]\n"


def test_refuses_cells_without_ids(tmp_path, capsys):
    path = tmp_path / "old.ipynb"
    cell = {"cell_type": "raw", "source": "", "metadata": {}}
    old = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    path.write_text(json.dumps(old))
    assert tool.main([path]) == 1
    assert "save it once in JupyterLab" in capsys.readouterr().err
