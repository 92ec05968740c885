"""Run notebooks and save their outputs so that two runs write the same bytes.

Usage: python tools/execute.py NOTEBOOK ...      (`make execute` runs all of notebooks/)

What differs between two runs of the same code is left out of the file: timings, widget state, the
kernel's version, random widget ids, and the paths inside tracebacks. A live figure brings a PNG and
its sentence beside the widget; only these two are kept, because without a kernel JupyterLab would
prefer the widget and show nothing. A notebook that writes to stderr, or fails in a cell not tagged
`raises-exception`, is not saved.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets.config import Config

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Refused(Exception):
    """Why a notebook was not saved, in one sentence."""


def stable_output(output, cell_id, position):
    """One output of a cell, reduced to what the next run will write again."""
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    data = output.get("data", {})
    if WIDGET_VIEW in data:
        if "image/png" in data:
            del data[WIDGET_VIEW]
        else:
            data[WIDGET_VIEW]["model_id"] = f"{cell_id}-{position}"
    return output


def execute(path, timeout=600):
    """Run one notebook in a fresh python3 kernel and write its stable outputs back to its file."""
    notebook = nbformat.read(path, as_version=4)
    if any("id" not in cell for cell in notebook.cells):
        raise Refused("its cells have no ids (nbformat < 4.5): save it once in JupyterLab")

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=timeout,
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        config=Config(KernelManager={"transport_encryption": "auto"}),  # or the kernel warns
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        with TemporaryDirectory() as bets:  # none placed, and the learner's own left alone
            client.execute(env=os.environ | {"VITUTOR_STORE": bets, "TQDM_DISABLE": "1"})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise Refused(str(error)) from None

    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if output.get("name") == "stderr":
                raise Refused(f"cell {number} wrote to stderr:\n{output.text}")
        cell.outputs = [stable_output(o, cell.id, i) for i, o in enumerate(cell.outputs)]
    notebook.metadata = nbformat.from_dict(METADATA)
    nbformat.write(notebook, path)


def main(paths):
    refused = False
    for path in map(Path, paths):
        try:
            execute(path)
            print(f"{path}: saved", flush=True)
        except (Refused, OSError) as reason:
            refused = True
            print(f"{path}: not saved, {reason}", file=sys.stderr)
    return int(refused)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
