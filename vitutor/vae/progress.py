"""A progress bar for those who wait, and for nobody else."""

import os
import sys
import time


def watched(items, show):
    """Yield the items of a range, under a progress bar if there is someone to watch it.

    `show` None means: in a terminal after 2 seconds, in a notebook after 20, else never. Short
    runs therefore print nothing, and a notebook's outputs are the same on every machine.
    """
    patience = 0.0 if show else _patience() if show is None else float("inf")
    bar, started = None, time.monotonic()
    for item in items:
        if bar is None and time.monotonic() - started >= patience:
            from tqdm.auto import tqdm

            # The notebook's bar does not heed tqdm's own switch, so it is heeded here.
            off = "TQDM_DISABLE" in os.environ
            bar = tqdm(total=items.stop, initial=item, unit="epoch", leave=False, disable=off)
        yield item
        if bar is not None:
            bar.update()
    if bar is not None:
        bar.close()


def _patience():
    if "ipykernel" in sys.modules:
        return 20.0
    return 2.0 if sys.stderr.isatty() else float("inf")
