"""A place to run a stranger's code: no network, no files but the system's, private /tmp and HOME.

bubblewrap (Linux) makes it. The package is there, without its homework checks, as a copy in which
`vitutor.checks.homework` is the folder inside/.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import vitutor
from homework.course import INSIDE

PACKAGE = Path(vitutor.__file__).parent
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr")
CONFIGURATION = ("/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/localtime")
SCRATCH_BYTES = 2**28
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def missing():
    """Why there can be no sandbox here, None if there can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (Debian and Ubuntu: apt install bubblewrap)"
    tried = subprocess.run([*_walls(), *_system(), "true"], capture_output=True, text=True)
    return f"bubblewrap does not work here: {tried.stderr.strip()}" if tried.returncode else None


def furnish(folder):
    """Put into `folder` what every submission finds: the package, and Matplotlib's fonts."""
    checks = shutil.ignore_patterns("homework")
    shutil.copytree(
        PACKAGE,
        folder / "vitutor",
        ignore=lambda here, names: checks(here, names) if Path(here).name == "checks" else [],
    )
    hide = shutil.ignore_patterns("__pycache__")
    shutil.copytree(INSIDE, folder / "vitutor/checks/homework", ignore=hide)
    (folder / "fonts").mkdir()
    # The list is made where there is none, which takes seconds.
    find = "import matplotlib, matplotlib.font_manager; print(matplotlib.get_cachedir())"
    cache = subprocess.run([sys.executable, "-c", find], capture_output=True, text=True, check=True)
    for path in Path(cache.stdout.strip()).glob("fontlist-*.json"):
        shutil.copy(path, folder / "fonts")


def command(furnished, doors, sandboxed):
    """What starts the kernel. `doors` is a folder with the judge's socket and the kernel's."""
    kernel = str(furnished / "vitutor/checks/homework/kernel.py")
    start = [sys.executable, "-P", kernel, "-f", "{connection_file}"]
    if not sandboxed:
        return start
    rooms = [
        *("--ro-bind", str(furnished), str(furnished)),
        *("--ro-bind", str(doors), str(doors)),
        *("--bind", str(doors / "kernel"), str(doors / "kernel")),
    ]
    return [*_walls(), *_system(), *rooms, "--remount-ro", "/", "--chdir", "/tmp", *start]


def environment(furnished, doors, limits, sandboxed):
    """What the kernel is told; nothing of the instructor's own environment."""
    home = "/tmp" if sandboxed else str(doors / "home")
    given = asdict(limits)
    if not sandboxed:
        given["processes"] = 0  # it would count all of this user's
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(furnished),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",
        "VITUTOR_JUDGE": str(doors / "judge"),
        "VITUTOR_FONTS": str(furnished / "fonts"),
        "VITUTOR_LIMITS": json.dumps(given),
        **dict.fromkeys(ONE_THREAD, "1"),
    }


def _walls():
    return [
        *("bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"),
        *("--new-session", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox"),
        *("--size", str(SCRATCH_BYTES), "--tmpfs", "/tmp"),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--size", str(SCRATCH_BYTES), "--tmpfs", "/dev/shm"),
    ]


def _system():
    for path in SYSTEM:
        if os.path.islink(path):
            yield from ("--symlink", os.readlink(path), path)
        elif os.path.exists(path):
            yield from ("--ro-bind", path, path)
    for path in CONFIGURATION:
        yield from ("--ro-bind-try", path, path)
    prefixes = {os.path.realpath(p) for p in (sys.base_prefix, sys.exec_prefix)} | {sys.prefix}
    for path in sorted(prefixes):
        if not path.startswith("/usr"):
            yield from ("--ro-bind", path, path)
    installed = [path for path in prefixes if PACKAGE.is_relative_to(path)]
    if installed:  # not from the clone: hide the checks that lie among the libraries
        yield from ("--tmpfs", str(PACKAGE))
