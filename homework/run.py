"""Run one notebook in the sandbox, cell by cell, whatever it does."""

from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from homework import sandbox
from homework.judge import Judge
from homework.watchdog import Watchdog


@dataclass
class Run:
    """What came of it: the judge's rulings, and sentences on what went wrong."""

    rulings: dict = field(default_factory=dict)
    troubles: list = field(default_factory=list)


def run(notebook, name, judging, variant, secret, limits, furnished, sandboxed):
    """Run `notebook`, whose outputs are put into it, and return a Run."""
    run = Run()
    with TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder:
        doors = Path(folder)
        for room in ("kernel", "home"):
            (doors / room).mkdir()
        judge = Judge(doors / "judge", name, judging, variant, secret, limits.cell_seconds + 10)
        client = _client(notebook, furnished, doors, limits, sandboxed)
        environment = sandbox.environment(furnished, doors, limits, sandboxed)
        start = {"env": environment, "cwd": str(doors / "home"), "stdout": DEVNULL}
        with judge, open(doors / "said", "w") as said, client.setup_kernel(stderr=said, **start):
            watchdog = Watchdog(client.km.provisioner.pid, doors / "kernel", limits)
            with watchdog:
                run.troubles = _execute(client, notebook, watchdog, limits)
        run.rulings = judge.rulings
    return run


def _execute(client, notebook, watchdog, limits):
    troubles, part = [], "the beginning"
    for i, cell in enumerate(notebook.cells):
        if "nbgrader" in cell.metadata:
            part = cell.metadata.nbgrader["grade_id"]
        try:
            client.execute_cell(cell, i)
        except CellTimeoutError:
            troubles.append(f"A cell at {part} ran longer than {limits.cell_seconds:g} s: stopped.")
            if not _interrupted(client):
                return [*troubles, f"It could not be stopped, so nothing after {part} was run."]
        except DeadKernelError:
            why = watchdog.reason or "ended its own kernel"
            return [*troubles, f"A cell at {part} {why}; nothing after it was run."]
    return troubles


def _interrupted(client):
    """Stop the cell that is running; False if it goes on for as long as a cell may take."""
    pause = {"cell_type": "code", "source": "pass", "metadata": {}, "outputs": []}
    try:
        run_sync(_interrupt)(client)
        client.execute_cell(client.nb.__class__(pause), 0)
    except (CellTimeoutError, DeadKernelError, Empty):
        return False
    return True


async def _interrupt(client):
    """Return when the signal is given, for one that comes late would stop another cell."""
    client.kc.control_channel.send(client.kc.session.msg("interrupt_request", {}))
    await client.kc.control_channel.get_msg(timeout=client.timeout)


def _client(notebook, furnished, doors, limits, sandboxed):
    spec = KernelSpec(
        argv=sandbox.command(furnished, doors, sandboxed),
        display_name="sandbox",
        language="python",
        interrupt_mode="message",  # the signal of a shutdown would end bubblewrap
    )
    manager = AsyncKernelManager(
        kernel_spec_manager=_OneKernel(spec),
        transport="ipc",
        ip=str(doors / "kernel" / "k"),
        connection_file=str(doors / "connection.json"),
    )
    client = _Client(notebook, km=manager, timeout=limits.cell_seconds, allow_errors=True)
    client.startup_timeout = 120
    client.store_widget_state = False
    client.most = limits.output
    return client


class _OneKernel(KernelSpecManager):
    def __init__(self, spec):
        super().__init__()
        self._spec = spec

    def get_kernel_spec(self, kernel_name):
        return self._spec


class _Client(NotebookClient):
    """Keeps no more than `most` characters of what the cells print and show."""

    shows = frozenset({"stream", "display_data", "execute_result", "update_display_data", "error"})
    spent = 0

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] in self.shows:
            self.spent += len(str(msg["content"]))
            if self.spent > self.most:
                return None
        return super().process_message(msg, cell, cell_index)
