"""What a page needs from npm, fetched once: MathJax, and for the tests axe-core.

package-lock.json names each version and the hash of its archive; `npm ci` installs exactly that or
fails. The copy in build/npm is used until the lock changes, without a network.
"""

import shutil
import subprocess
from pathlib import Path

SITE = Path(__file__).parent
CACHE = SITE.parent / "build" / "npm"
LOCK = "package-lock.json"


class Lacking(Exception):
    """What this machine lacks, and the remedy, in one sentence."""


def modules():
    """Return the folder that holds the packages of package-lock.json."""
    fetched = CACHE / "node_modules"
    if not _is_whole():
        if not shutil.which("npm"):
            raise Lacking("The site needs npm, once, to fetch MathJax: install Node.js.")
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / "of-this-lock").unlink(missing_ok=True)
        for name in ("package.json", LOCK):
            shutil.copy(SITE / name, CACHE)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        npm = subprocess.run(command, cwd=CACHE, capture_output=True, text=True)
        if npm.returncode:
            reason = [line for line in npm.stderr.splitlines() if "npm error" in line]
            raise Lacking(
                "MathJax is not in build/npm and could not be fetched (the first build needs the "
                f"network): {reason[0] if reason else npm.stderr.strip()}"
            )
        shutil.copy(SITE / LOCK, CACHE / "of-this-lock")
    return fetched


def _is_whole():
    """Whether the last fetch went to its end, and was of this lock."""
    stamp = CACHE / "of-this-lock"
    return stamp.exists() and stamp.read_bytes() == (SITE / LOCK).read_bytes()
