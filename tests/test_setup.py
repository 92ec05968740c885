"""Set-up: a machine that lacks something is told so in a sentence; `make lab` opens the course."""

import ast
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections import namedtuple
from importlib import metadata
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from traitlets.config import PyFileConfigLoader

ROOT = Path(__file__).parent.parent
BOOTSTRAP = ROOT / "tools/bootstrap.py"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    """The set-up script of a course that lies in tmp_path."""
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    monkeypatch.setattr(module, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(module, "VENV_PYTHON", sys.executable)
    monkeypatch.setattr(module, "STAMP", str(tmp_path / "made-from"))
    return module


def fake_python(path, version, venv="exit 0"):
    """A program that answers like the Python of that version."""
    path.write_text(f'#!/bin/sh\ncase "$2" in *ensurepip*) {venv};; *) echo {version};; esac\n')
    path.chmod(0o755)
    return str(path)


def test_any_python_can_read_the_bootstrap():
    ast.parse(BOOTSTRAP.read_text(), feature_version=(3, 6))


def test_an_old_python_is_named(bootstrap, tmp_path):
    old = fake_python(tmp_path / "python3", "3 8")
    with pytest.raises(bootstrap.Lacking, match=r"needs Python 3.11 or newer \(here .*is 3\.8\)"):
        bootstrap.find_python(old)


def test_the_first_python_new_enough_is_taken(bootstrap, tmp_path, monkeypatch):
    fake_python(tmp_path / "python3.11", "no such version")  # a shim that leads nowhere
    fake_python(tmp_path / "python3", "3 9")
    fake_python(tmp_path / "python3.12", "3 12")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert bootstrap.find_python(None) == "python3.12"


def test_a_missing_venv_module_is_named(bootstrap, tmp_path):
    bare = fake_python(tmp_path / "python3", "3 11", venv="exit 1")
    with pytest.raises(bootstrap.Lacking, match=r"apt install python3\.11-venv"):
        bootstrap.check_venv_module(bare)


def test_a_full_disk_is_named(bootstrap, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: usage(free=1.5e9))
    with pytest.raises(bootstrap.Lacking, match=r"needs 4 GB of free disk and .* has 1\.5"):
        bootstrap.check_disk()


def test_no_network_is_named(bootstrap):
    """By what pip itself says about an index where nobody listens."""
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--retries=1", "--target=nowhere"]
    run = subprocess.run(
        [*pip, "--index-url=http://127.0.0.1:9/", "vitutor-is-not-there"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode != 0
    assert "check the network" in bootstrap.why_pip_failed(run.stdout, "install.log")


def test_other_failures_of_pip_are_quoted(bootstrap):
    assert "free 4 GB" in bootstrap.why_pip_failed("[Errno 28] No space left on device", "log")
    said = bootstrap.why_pip_failed("ERROR: No matching distribution found for torch\n", "its.log")
    assert "No matching distribution found for torch" in said
    assert "its.log" in said


def test_only_a_change_of_the_pins_installs_again(bootstrap, tmp_path):
    assert not bootstrap.is_ready()
    Path(bootstrap.STAMP).write_text(bootstrap.fingerprint())
    assert bootstrap.is_ready()
    with (tmp_path / "constraints.txt").open("a") as file:
        file.write("# another pin\n")
    assert not bootstrap.is_ready()


def test_what_is_lacking_is_one_line_without_a_traceback(tmp_path):
    (tmp_path / "tools").mkdir()
    shutil.copy(BOOTSTRAP, tmp_path / "tools")
    run = subprocess.run(
        [sys.executable, "tools/bootstrap.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHON": "/no/such/python"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert "/no/such/python does not run" in run.stderr


def requirements(*extras):
    optional = PROJECT["optional-dependencies"]
    lines = PROJECT["dependencies"] + [line for extra in extras for line in optional[extra]]
    return [Requirement(line) for line in lines]


def test_every_direct_dependency_is_pinned_to_a_version_it_allows():
    pins = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines()[2:]]
    version = {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}
    assert len(version) == len(pins)
    for wanted in requirements(*PROJECT["optional-dependencies"]):
        assert wanted.specifier.contains(version[wanted.name]), wanted


def test_every_pin_works_with_the_oldest_python():
    """Some packages ask for a later patch release than the Python 3.11 of a Linux distribution."""
    oldest = PROJECT["requires-python"].removeprefix(">=") + ".0"
    wanted = {dist.name: dist.metadata["Requires-Python"] for dist in metadata.distributions()}
    too_new = {
        name: python
        for name, python in wanted.items()
        if python and not SpecifierSet(python).contains(oldest)
    }
    assert too_new == {}


def test_environment_yml_asks_for_what_pyproject_offers():
    *conda, pip = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    python = Requirement(conda[0].replace("=", "=="))
    assert python.name == "python"
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(
        str(python.specifier).removeprefix("==")
    )
    constraints, course = pip["pip"]
    assert constraints == "-c constraints.txt"
    extras = re.fullmatch(r"-e \.\[([\w,]+)\]", course).group(1).split(",")
    assert f".[{','.join(extras)}]" in BOOTSTRAP.read_text()
    assert set(extras) <= set(PROJECT["optional-dependencies"])


def first_answer(url, seconds=20):
    """The page at an address that Jupyter prints a moment before it listens there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url) as page:
                return page.read().decode()
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_make_lab_serves_lesson_00_beside_a_taken_port():
    """The server says that the port is taken, takes another, and its address is the lesson's."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        make = ["make", "-o", "setup", "lab", f"BIN={Path(sys.executable).parent}"]
        lab = subprocess.Popen(
            [*make, f"ARGS=--no-browser --ip=127.0.0.1 --port={port}"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        said, url = "", None
        with lab.stdout:
            for line in lab.stdout:
                said += line
                if url := re.search(r"http://127\.0\.0\.1:(\d+)/\S+", line):
                    break
            try:
                assert url, said
                assert f"port {port} is already in use" in said
                assert "/lab/tree/notebooks/00_start_here.ipynb" in url[0]
                assert "JupyterLab" in first_answer(url[0])
            finally:
                os.killpg(lab.pid, signal.SIGTERM)
                lab.wait(timeout=20)


def test_a_kernels_messages_leave_at_once(monkeypatch):
    """No-delay is set when the websocket opens, before the connection sends anything."""
    config = PyFileConfigLoader("jupyter_server_config.py", path=str(ROOT / "tools/jupyter"))
    connection_class = config.load_config().ServerApp.kernel_websocket_connection_class
    done = []
    base = connection_class.__mro__[1]
    monkeypatch.setattr(base, "connect", lambda self: done.append("connected"))
    connection = connection_class.__new__(connection_class)
    connection.websocket_handler = Mock(KernelWebsocketHandler)
    connection.websocket_handler.set_nodelay.side_effect = done.append
    connection.connect()
    assert done == [True, "connected"]


def test_a_learner_sees_none_of_the_instructors_buttons(monkeypatch):
    """nbgrader turns itself on wherever it is installed, and logs errors where it is not set up."""
    name = "jupyter_server_config.d/nbgrader.json"
    theirs, ours = (
        json.loads((folder / name).read_text())["ServerApp"]["jpserver_extensions"]
        for folder in (Path(sys.prefix, "etc/jupyter"), ROOT / "tools/jupyter")
    )
    assert ours == dict.fromkeys(theirs, False)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(ROOT / "tools/jupyter"))
    said = subprocess.run(
        [sys.executable, "-m", "jupyter", "labextension", "list"], capture_output=True, text=True
    )
    assert re.search("@jupyter/nbgrader .*disabled", said.stderr + said.stdout)
