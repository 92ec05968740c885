"""Ends a kernel that takes more than its share: of memory, processes, disk, or time.

The kernel's own limits (inside/kernel.py) stop one process; this looks at all of them together, and
is what holds a fork bomb where no limit on processes binds, as it does not for root.
"""

import os
import signal
import threading
import time

import psutil

EVERY = 0.1
LARGEST_DOORS = 2**20


class Watchdog(threading.Thread):
    """Watches the tree of processes under `pid`; `reason` says why it was ended, None if not."""

    def __init__(self, pid, doors, limits):
        super().__init__(daemon=True)
        self.pid, self.doors, self.limits, self.reason = pid, doors, limits, None
        self._parent, self._over = os.getppid(), threading.Event()
        self._end = time.monotonic() + limits.seconds

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()
        self.kill()

    def run(self):
        while not self._over.wait(EVERY):
            if os.getppid() != self._parent:  # the grading was killed: leave no half a grade
                self.kill()
                os._exit(1)
            self.reason = self._trespass()
            if self.reason:
                self.kill()
                return

    def kill(self):
        """End every process of the kernel; with bubblewrap the first takes the rest along."""
        doomed = [self.pid, *(process.pid for process in self._tree())]
        for pid in doomed:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _trespass(self):
        tree = self._tree()
        if len(tree) > self.limits.processes:
            return f"started more than {self.limits.processes} processes"
        if sum(map(_memory, tree)) > self.limits.memory_gb * 2**30:
            return f"took more than {self.limits.memory_gb:g} GB of memory"
        if sum(file.stat().st_size for file in os.scandir(self.doors)) > LARGEST_DOORS:
            return "wrote where only the kernel's connections should be"
        if time.monotonic() > self._end:
            return f"took longer than {self.limits.seconds:g} s"
        return None

    def _tree(self):
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


def _memory(process):
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
