"""A JupyterLab of its own and a browser to look at it: for the browser tests and benchmarks."""

import contextlib
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_notebook

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PLAYWRIGHT = importlib.util.find_spec("playwright")
PATIENCE = 60_000  # milliseconds; a busy machine is slow, a broken page never comes


def require_browser():
    """Skip the module that calls this where there is no browser; under CI=true that is an error."""
    if CHROMIUM and PLAYWRIGHT:
        return
    missing = "Chromium: apt-get install chromium" if PLAYWRIGHT else "playwright: make setup"
    if os.environ.get("CI") == "true":
        raise RuntimeError(f"CI needs {missing}")
    pytest.skip(f"needs {missing}", allow_module_level=True)


def write(path, *cells):
    # Without a kernel's name JupyterLab would stop and ask for one.
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    nbformat.write(new_notebook(cells=list(cells), metadata=python), path)


@contextlib.contextmanager
def running(home):
    """Serve the folder `home` as `make lab` would; yield what makes a notebook's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    settings = {
        "ServerApp.root_dir": home,
        "ServerApp.port": port,
        "IdentityProvider.token": token,
        "ServerApp.open_browser": False,
        "LabApp.expose_app_in_browser": True,
    }
    environment = os.environ | {
        "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "VITUTOR_STORE": str(home / "store"),
    }
    command = [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in settings.items())]
    log = home / "log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, log)
        lab = f"http://127.0.0.1:{port}/lab"
        yield lambda name="": f"{lab}{name and '/tree/' + name}?token={token}&reset"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(address, server, log):
    for _ in range(120):
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(address).close()
            return
        if server.poll() is not None:
            break
        time.sleep(0.5)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")


@contextlib.contextmanager
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


def open(browser, address, **options):
    """Open JupyterLab at an address; what the page complains of is in `page.wrongs`."""
    page = browser.new_page(**{"viewport": {"width": 1200, "height": 1600}} | options)
    page.set_default_timeout(PATIENCE)
    page.wrongs = []
    page.on("pageerror", lambda error: page.wrongs.append(str(error)))
    page.on("console", lambda m: page.wrongs.append(m.text) if m.type == "error" else None)
    page.goto(address)
    page.wait_for_function("() => window.jupyterapp?.restored.then(() => true)")
    return page


def open_and_run(browser, address, **options):
    """Open a notebook as `open` does, and run all its cells."""
    page = open(browser, address, **options)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()  # else "run all" runs nothing
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    return page


def ask(page, code):
    """Run code in the kernel of the notebook in front, after all that waits; return its output."""
    return page.evaluate(
        """async (code) => {
            const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
            const future = kernel.requestExecute({ code, store_history: false });
            let said = "";
            future.onIOPub = ({ content }) => (said += content.text ?? content.evalue ?? "");
            await future.done;
            return said;
        }""",
        code,
    )
