"""The evidence ledger under the hand, beside the same drawing by ipywidgets.interact and pyplot.

Run with `make bench`; needs Chromium. Both figures are in one page of a real JupyterLab, and key
presses alternate between them, so that whatever slows the machine slows both alike. Milliseconds
from the key press to the new picture; then a drag of 60 moves in a second.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from _timing import Table
from nbformat.v4 import new_code_cell

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import lab

LIVE = "from vitutor import widgets\nwidgets.evidence_ledger()"
INTERACT = """
import ipywidgets
import matplotlib.pyplot as plt
from vitutor import plotting
from vitutor.models import Decoder
from vitutor.widgets import ledger

@ipywidgets.interact(q_mean=ipywidgets.FloatSlider(0.3, min=-3, max=3, step=0.05))
def show(q_mean):
    with plotting.style():
        figure = plt.figure(figsize=(7.4, 4.8), dpi=100)
        ledger.draw(ledger.layout(figure), ledger.compute(1.2, q_mean, 0.5, Decoder.sine()))
        plt.show()
"""
WATCH = """() => {
    const interact = document.querySelector(".widget-interact");
    const live = document.querySelector(".vitutor-figure img");
    window.shown = { live: [], interact: [] };
    live.addEventListener("load", () => window.shown.live.push(performance.now()));
    const image = (node) => node.tagName === "IMG" || node.querySelector?.("img");
    new MutationObserver((changes) => {
        if (changes.some((change) => [...change.addedNodes].some(image)))
            window.shown.interact.push(performance.now());
    }).observe(interact, { childList: true, subtree: true });
}"""
DRAG = """async (slider) => {
    const frames = window.shown.live, start = performance.now();
    frames.length = 0;
    for (let move = 1; move <= 60; move++) {
        slider.value = 20 + move;
        slider.dispatchEvent(new Event("input"));
        const next = start + (move * 1000) / 60;
        await new Promise((wake) => setTimeout(wake, next - performance.now()));
    }
    const end = performance.now();
    await new Promise((wake) => setTimeout(wake, 1500));
    return [frames.filter((t) => t <= end).length / (end - start) * 1000, frames.at(-1) - end];
}"""


def key(page, which, name):
    """Milliseconds from a key press to the picture it brings."""
    start = page.evaluate(f"() => {{ shown.{which}.length = 0; return performance.now(); }}")
    page.keyboard.press(name)
    page.wait_for_function(f"() => shown.{which}.length > 0", polling=4)
    milliseconds = page.evaluate(f"() => shown.{which}[0]") - start
    page.wait_for_timeout(150)
    return milliseconds


def measure(browser, address, density, table):
    page = lab.open_and_run(browser, address, device_scale_factor=density)
    page.locator(".widget-interact img").wait_for()
    page.wait_for_timeout(3000)
    page.evaluate(WATCH)
    live = page.get_by_role("slider", name="mean of q")
    handle = page.locator(".widget-interact .noUi-handle")
    times = {"live": [], "interact": []}
    for k in range(40):
        for which, slider in (("live", live), ("interact", handle)):
            slider.focus()
            times[which].append(key(page, which, "ArrowRight" if k % 2 else "ArrowLeft"))
    print(f"screen of {density} pixels to a point")
    for which, values in times.items():
        median, p95 = np.percentile(values, (50, 95))
        print(f"  key to picture, {which:9} median {median:4.0f} ms   95 % {p95:4.0f} ms")
    ratio = np.percentile(np.array(times["live"]) / times["interact"], (25, 50, 75))
    medians = (np.median(times[which]) / 1000 for which in ("live", "interact"))
    claim = f"live figure / ipywidgets.interact, {density} pixels to a point"
    table.add(claim, "<= 0.25", *medians, ratio)
    drags = [live.evaluate(DRAG) for _ in range(5)]
    speed, lag = np.median(drags, axis=0)
    print(f"  drag: {speed:.0f} pictures/s (target 25), last one {lag:.0f} ms after the last move")
    page.close()


def main():
    table = Table("live_figures")
    with tempfile.TemporaryDirectory() as home:
        lab.write(Path(home) / "bench.ipynb", new_code_cell(LIVE), new_code_cell(INTERACT))
        with lab.running(Path(home)) as address, lab.browser() as browser:
            for density in (1, 2):
                measure(browser, address("bench.ipynb"), density, table)
    table.keep()


if __name__ == "__main__":
    if lab.CHROMIUM:
        main()
    else:
        print("live figures: not measured, there is no Chromium here")
