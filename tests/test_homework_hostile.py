"""Submissions that attack the grading: nobody else's grade moves, and nothing outside changes."""

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from homework_class import LIMITS, ROOT, SKIP, course, grade, hand_in, ident, table

pytestmark = pytest.mark.skipif(bool(SKIP), reason=SKIP or "-")

MARK = "written_by_a_student"
SYSTEM = ("/", "/usr", "/usr/bin", "/etc", "/var", "/home", "/root", "/proc", "/sys", "/opt")
WRONG = {
    "1.1": "def log_density(x):\n    return 0 * x",
    "1.2": "def draw(n_draws, rng):\n    return rng.normal(size=n_draws)",
    "1.3": 'larger = "b"',
}

# Each tries everything it is named after, and prints FOUND, with what, where it gets through.
TRY = """
def attempt(what):
    try:
        print("FOUND", repr(what())[:200])
    except BaseException as error:
        print("refused", type(error).__name__)
"""
READ = """
import glob, importlib, os, pathlib, sys
for path in {paths}:
    attempt(lambda: pathlib.Path(path).read_bytes())
    attempt(lambda: [name for name in os.listdir(path) if name != ".venv"][0])
attempt(lambda: importlib.import_module("vitutor.checks.homework.tiny"))
attempt(lambda: importlib.import_module("vitutor.checks.homework.hw1"))
for folder in (*sys.path, "/tmp", "/home", "/root", "/work", "/var", "/opt", "/srv"):
    for pattern in ("hidden", "tiny.py", "**/checks/homework/hw*", "**/tiny.json"):
        attempt(lambda: glob.glob(f"{{folder}}/{{pattern}}", recursive=folder == "/tmp")[0])
attempt(lambda: {{**os.environ}}["VITUTOR_TEST_SECRET"])
for pid in os.listdir("/proc"):
    if pid.isdigit():
        environment = pathlib.Path("/proc", pid, "environ").read_bytes()
        attempt(lambda: environment[environment.index(b"VITUTOR_TEST_SECRET"):])
"""
WRITE = """
import os, pathlib
for path in {paths}:
    attempt(lambda: pathlib.Path(path, "{mark}").write_text("x"))
attempt(lambda: os.kill({pid}, 9))
"""
NETWORK = """
import socket, urllib.request
attempt(lambda: socket.create_connection(("127.0.0.1", {port}), timeout=2))
attempt(lambda: socket.create_connection(("1.1.1.1", 53), timeout=2))
attempt(lambda: urllib.request.urlopen("http://127.0.0.1:{port}", timeout=2))
"""
CLAIM = """
import os, socket
from vitutor.checks.homework import codec
for part in ("1.1", "1.2", "1.3"):
    for claim in ({"returned": True, "right": True}, {"says": "Right", "right": True}):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(os.environ["VITUTOR_JUDGE"])
            codec.send(sock, {"part": part, "function": True, "right": True, "points": 100})
            try:
                while "call" in codec.receive(sock):
                    codec.send(sock, claim)
            except ConnectionError:
                pass
"""
PATCH = """
import builtins
import numpy as np
import vitutor.checks.homework
from vitutor.checks import Verdict
for name in ("allclose", "isclose", "array_equal", "all", "any", "abs"):
    setattr(np, name, lambda *given, **more: True)
np.testing.assert_allclose = lambda *given, **more: None
vitutor.checks.homework.Homework.check = lambda *given: Verdict(True, "Right.")
builtins.abs = lambda x: 0
"""
LIAR = """
class Liar(float):
    def __eq__(self, other): return True
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = None
    def __sub__(self, other): return 0.0
    __rsub__ = __abs__ = __sub__
    def __array__(self, *given, **more): raise RuntimeError("nothing")
def log_density(x): return [Liar()] * len(x)
def draw(n_draws, rng): return Liar()
larger = type("Letter", (str,), {"__eq__": lambda a, b: True, "__hash__": lambda a: hash("a")})("b")
"""
STUBBORN = """
import time
while True:
    try:
        time.sleep(1)
    except KeyboardInterrupt:
        pass
"""
MANY = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        kept = bytearray(500 * 2**20)
        time.sleep(60)
time.sleep(60)
"""
DOORS = """
import os, time
folder = os.path.dirname(os.environ["VITUTOR_JUDGE"]) + "/kernel"
for i in range(20):
    with open(f"{folder}/{i}", "wb") as file:
        file.write(bytes(2**20))
time.sleep(5)
"""


def without_checks(notebook):
    notebook.cells = [cell for cell in notebook.cells if ident(cell) not in ("1.1", "1.2", "1.3")]


def edited_checks(notebook):
    for cell in notebook.cells:
        if ident(cell) in ("1.1", "1.2", "1.3"):
            cell.source = 'print("Right.")'
            cell.metadata.nbgrader.update(points=1000, locked=False)


def other_kernel(notebook):
    notebook.metadata.kernelspec = {"name": "julia-1.9", "display_name": "Julia"}


def in_another_order(notebook):
    notebook.cells.reverse()


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """Everybody is graded at once; returns the course, what was printed, what got outside."""
    made = course(tmp_path_factory.mktemp("attacked"))
    downloads = tmp_path_factory.mktemp("downloads")
    outside = tmp_path_factory.mktemp("outside")
    roots = [str(path) for path in (made.root, ROOT, ROOT / "homework", outside, downloads)]
    door = socket.create_server(("127.0.0.1", 0))
    called = []
    threading.Thread(target=lambda: called.append(door.accept()), daemon=True).start()
    hidden = [f"{made.root}/hidden/tiny.py", f"{made.root}/checks/tiny.py", f"{made.root}/secret"]
    read = TRY + READ.format(paths=roots + hidden + ["/etc/passwd", "/etc/shadow"])
    # A clone under /tmp is there in the sandbox's own /tmp as well, as the folder of its .venv.
    own = [root for root in roots if root.startswith("/tmp/") and sys.prefix.startswith(root)]
    barred = [path for path in (*roots, *SYSTEM) if path not in own]
    write = TRY + WRITE.format(paths=barred, mark=MARK, pid=os.getpid())
    network = TRY + NETWORK.format(port=door.getsockname()[1])

    def student(name, *given, **more):
        return hand_in(made, downloads, name, *given, **more)

    student("aa_honest")
    student("zz_honest")
    student("loop", {"1.2": "def draw(n_draws, rng):\n    while True:\n        pass"})
    student("stubborn", extra=STUBBORN)
    student("exit", extra="import os\nos._exit(0)")
    student("crash", extra="import ctypes\nctypes.string_at(0)")
    student("loud", extra='print("x" * 30_000_000)')
    student("chatter", extra="while True:\n    print('x' * 10_000)")
    student("memory", extra="import numpy\nkept = numpy.ones(10**9)")
    student("memory_in_parts", extra=MANY)
    student("bomb", extra="import os\nwhile True:\n    os.fork()")
    student("deleted", edit=without_checks)
    student("edited", WRONG, edit=edited_checks)
    student("reversed", edit=in_another_order)
    student("liar", WRONG, extra=LIAR, after="1.1-answer")
    student("patcher", WRONG, extra=PATCH, after="02")
    student("claims", WRONG, extra=CLAIM, after="1.3")
    student("reads", extra=read)
    student("writes", extra=write)
    student("network", extra=network)
    student("doors", extra=DOORS)
    student("julia", edit=other_kernel)
    student("corrupt").write_bytes(b'{"cells": [')
    student("nothing").write_bytes(b"")
    student("list").write_text("[]")
    student("odd").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": [7, {}]}))
    student("deep").write_text("[" * 100_000)
    large = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("x" * 50_000_000)])
    nbformat.write(large, student("large"))
    printed = grade(made, downloads, environment={"VITUTOR_TEST_SECRET": "s3cret"})
    door.close()
    written = [path for folder in (*roots, *SYSTEM) if (path := Path(folder, MARK)).exists()]
    return made, printed, called + written


POINTS = {  # 1.1, 1.2, 1.3
    "aa_honest": (40, 30, 20, ""),
    "zz_honest": (40, 30, 20, ""),
    "loop": (40, 0, 20, f"ran longer than {LIMITS.cell_seconds} s"),
    "stubborn": (40, 0, 0, "could not be stopped"),
    "exit": (40, 0, 0, "ended its own kernel"),
    "crash": (40, 0, 0, "ended its own kernel"),
    "loud": (40, 30, 20, ""),
    "chatter": (40, 30, 20, ""),
    "memory": (40, 30, 20, ""),
    "memory_in_parts": (40, 0, 0, "took more than 1.5 GB of memory"),
    "bomb": (40, 0, 0, "started more than 24 processes"),
    "deleted": (40, 30, 20, ""),
    "edited": (0, 0, 0, ""),
    "reversed": (40, 30, 20, ""),
    "liar": (0, 0, 0, ""),
    "patcher": (0, 0, 0, ""),
    "claims": (0, 0, 0, ""),
    "reads": (40, 30, 20, ""),
    "writes": (40, 30, 20, ""),
    "network": (40, 30, 20, ""),
    "doors": (40, 0, 0, "wrote where only the kernel's connections should be"),
    "julia": (40, 30, 20, "names the kernel 'julia-1.9'"),
    "corrupt": (0, 0, 0, "not a notebook that can be read"),
    "nothing": (0, 0, 0, "The file is empty"),
    "list": (0, 0, 0, "not a notebook that can be read"),
    "odd": (0, 0, 0, "not a notebook that can be read"),
    "deep": (0, 0, 0, "not a notebook that can be read"),
    "large": (0, 0, 0, "The notebook has 48 MB, 20 are allowed"),
}


@pytest.mark.parametrize("student", POINTS)
def test_points_and_a_sentence(attacked, student):
    made, printed, _ = attacked
    row = table(made)[student]
    *points, note = POINTS[student]
    assert [row["1.1"], row["1.2"], row["1.3"]] == [f"{value}" for value in points], printed
    assert note in row["note"]
    assert (row["note"] == "") == (note == "")
    assert (f"**{student}**" in (made.root / "grades/tiny.md").read_text()) == (note != "")


def test_the_table_is_complete(attacked):
    assert set(table(attacked[0])) == set(POINTS)


@pytest.mark.parametrize("student", ["reads", "writes", "network"])
def test_nothing_was_found(attacked, student):
    made = attacked[0]
    executed = made.root / "autograded" / student / "tiny" / "tiny.ipynb"
    said = "".join(
        output.get("text", "")
        for cell in nbformat.read(executed, as_version=4).cells
        for output in cell.get("outputs", [])
    )
    assert "refused" in said
    assert "FOUND" not in said


def test_nothing_outside_was_touched(attacked):
    assert attacked[2] == []


@pytest.mark.parametrize("student", ["loud", "chatter"])
def test_a_flood_is_cut(attacked, student):
    made = attacked[0]
    executed = made.root / "autograded" / student / "tiny" / "tiny.ipynb"
    assert executed.stat().st_size < 5e6
    with open(executed) as file:
        assert json.load(file)["cells"]


@pytest.mark.usefixtures("attacked")
def test_no_process_is_left():
    """None whose room is gone: other tests may be grading in theirs, or just be leaving it."""
    for _ in range(50):
        left = [
            process.info["cmdline"]
            for process in psutil.process_iter(["cmdline", "environ"])
            if (judge := (process.info["environ"] or {}).get("VITUTOR_JUDGE"))
            and not Path(judge).parent.exists()
        ]
        if not left:
            break
        time.sleep(0.1)
    assert left == []
