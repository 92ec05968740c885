"""Make the course's environment in .venv, or say in one sentence what this machine lacks.

Run by any Python 3.6 or newer (`make` does; without make: `python3 tools/bootstrap.py`), so it
uses the standard library only and looks for the Python >= 3.11 that the course itself needs.
The second run compares one hash and returns.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = os.path.join(VENV, "made-from")
OLDEST = (3, 11)
CANDIDATES = ("python3.11", "python3", "python3.12", "python3.13", "python3.14", "python")
NEEDED_GB = 4  # 1.7 installed, and as much again while pip unpacks

NETWORK = re.compile(
    "NewConnectionError|NameResolutionError|name resolution|ConnectTimeoutError|ReadTimeoutError"
    "|ProxyError|Connection refused|Network is unreachable|Connection reset"
)


class Lacking(Exception):
    """What the machine lacks, and the remedy, in one sentence."""


def version_of(python):
    """(major, minor) of an interpreter, None if there is no such program or it does not run."""
    try:
        out = subprocess.check_output(
            [python, "-c", "import sys; print(*sys.version_info[:2])"], stderr=subprocess.DEVNULL
        )
        major, minor = out.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def find_python(wanted):
    """The interpreter asked for by PYTHON=..., else the first candidate that is new enough."""
    seen = []
    for python in [wanted] if wanted else CANDIDATES:
        version = version_of(python)
        if version is not None and version >= OLDEST:
            return python
        if version is not None:
            seen.append("{} is {}.{}".format(python, *version))
    found = ", ".join(seen) or f"{wanted or 'python3'} does not run"
    raise Lacking(
        f"The course needs Python 3.11 or newer (here {found}); install one from python.org or "
        "your package manager, or name it: make lab PYTHON=/path/to/python3.11"
    )


def check_venv_module(python):
    if subprocess.call([python, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL):
        raise Lacking(
            f"{python} came without its venv module; on Debian or Ubuntu: apt install "
            "python{}.{}-venv".format(*version_of(python))
        )


def check_disk():
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB:
        raise Lacking(
            f"The environment needs {NEEDED_GB} GB of free disk and {ROOT} has {free:.1f}; free "
            "some space or clone the course to another disk."
        )


def why_pip_failed(output, log):
    """The remedy for a failed installation, read from what pip wrote."""
    if "No space left on device" in output:
        return f"The disk filled up; free {NEEDED_GB} GB and run this again."
    if NETWORK.search(output):
        return (
            "The packages could not be downloaded; check the network connection (or the proxy set "
            "in HTTPS_PROXY) and run this again."
        )
    errors = [line for line in output.splitlines() if line.startswith("ERROR")]
    reason = errors[-1] if errors else "no reason given"
    return f"pip could not install the packages: {reason} (all it said is in {log})"


def fingerprint():
    """What the environment is made from: its place (scripts in a moved .venv break), two files."""
    digest = hashlib.sha256(ROOT.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def is_ready():
    try:
        with open(STAMP) as file:
            return file.read() == fingerprint() and os.path.exists(VENV_PYTHON)
    except OSError:
        return False


def is_usable():
    """Whether .venv holds a new enough Python and was made where it now lies."""
    try:
        with open(os.path.join(VENV, "pyvenv.cfg")) as file:
            made_here = VENV in file.read()
    except OSError:
        return False
    return made_here and (version_of(VENV_PYTHON) or (0, 0)) >= OLDEST


def install(python):
    if not is_usable():
        try:
            venv = [python, "-m", "venv", "--clear", VENV]
            subprocess.check_output(venv, stderr=subprocess.STDOUT, universal_newlines=True)
        except subprocess.CalledProcessError as error:
            reason = (error.output.strip() or "no reason given").splitlines()[-1]
            raise Lacking(f"No environment could be made in {VENV}: {reason}") from None
    log = os.path.join(VENV, "install.log")
    pip = [VENV_PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    pip += ["-c", "constraints.txt", "-e", ".[lab,test,grade,site]"]
    with open(log, "w") as file:
        failed = subprocess.call(pip, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    if failed:
        with open(log, errors="replace") as file:
            raise Lacking(why_pip_failed(file.read(), log))
    with open(STAMP, "w") as file:
        file.write(fingerprint())


def main():
    if is_ready():
        return
    start = time.time()
    python = find_python(os.environ.get("PYTHON"))
    check_venv_module(python)
    check_disk()
    print("Installing JupyterLab, PyTorch and the rest into .venv: some minutes, 2 GB ...")
    sys.stdout.flush()
    install(python)
    print(f"Installed in {time.time() - start:.0f} s.")


if __name__ == "__main__":
    try:
        main()
    except Lacking as lacking:
        sys.exit(str(lacking))
    except KeyboardInterrupt:
        sys.exit("Interrupted; run it again to go on.")
