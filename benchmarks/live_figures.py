"""The evidence ledger under the hand, beside the same drawing by ipywidgets.interact and pyplot.

Run with `make bench-widgets`; needs Chromium. Both figures are in one page of a real JupyterLab,
and key presses alternate between them, so that whatever slows the machine slows both alike. Then
drags of 60 moves in a second: what a picture takes (at most 1/25 s), and how soon after the last
move the last picture is there (0.1 s), and right. At most three pictures come after that move:
what is stale was dropped, not queued.
"""

import re
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
    const live = document.querySelector(".vitutor-figure canvas");
    window.shown = { live: [], interact: [] };
    live.addEventListener("load", () => window.shown.live.push(performance.now()));
    const image = (node) => node.tagName === "IMG" || node.querySelector?.("img");
    new MutationObserver((changes) => {
        if (changes.some((change) => [...change.addedNodes].some(image)))
            window.shown.interact.push(performance.now());
    }).observe(interact, { childList: true, subtree: true });
}"""
# Seconds a picture, seconds from the last move to the last picture, pictures after the last move.
DRAG = """async (slider) => {
    const frames = window.shown.live, start = performance.now();
    frames.length = 0;
    for (let move = 1; move <= 60; move++) {
        slider.value = 20 + move;
        slider.dispatchEvent(new Event("input"));
        const next = start + (move * 1000) / 60;
        if (move < 60) await new Promise((wake) => setTimeout(wake, next - performance.now()));
    }
    const end = performance.now();
    await new Promise((wake) => setTimeout(wake, 1500));
    const after = frames.filter((t) => t > end).length;
    return [(end - start) / 1000 / (frames.length - after), (frames.at(-1) - end) / 1000, after];
}"""


def key(page, which, name):
    """Seconds from a key press to the picture it brings."""
    start = page.evaluate(f"() => {{ shown.{which}.length = 0; return performance.now(); }}")
    page.keyboard.press(name)
    page.wait_for_function(f"() => shown.{which}.length > 0", polling=4)
    milliseconds = page.evaluate(f"() => shown.{which}[0]") - start
    page.wait_for_timeout(150)
    return milliseconds / 1000


def drag(page, slider):
    """Return seconds a picture and seconds to the last one, which must be that of the last move."""
    a_picture, last, after = slider.evaluate(DRAG)
    said = page.locator(".vitutor-sentence").inner_text()
    shown = slider.get_attribute("aria-valuetext")
    assert re.search(rf"q = N\({re.escape(shown)},", said), f"{shown} is not in: {said}"
    # One in the page, one in the kernel, the last.
    assert after <= 3, f"{after} pictures after the last move: they were queued"
    return a_picture, last


def add(table, claim, target, ours, other):
    """A row of medians, the quartiles of the paired ratio, and the 95 % points."""
    ratio = np.percentile(np.divide(ours, other), (25, 50, 75))
    table.add(claim, f"<= {target}", np.median(ours), np.median(other), ratio)
    table.rows[-1] |= {
        "ours_p95_s": np.percentile(ours, 95),
        "other_p95_s": np.percentile(other, 95),
    }


def measure(table, browser, address, density):
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
    drag(page, live)  # the first of anything is slow
    pictures, last = np.transpose([drag(page, live) for _ in range(8)])
    page.close()

    screen = f"{density} pixel{'s' * (density > 1)} a point"
    add(table, f"a key's picture / interact's, {screen}", 0.25, times["live"], times["interact"])
    wanted = np.ones(8)
    add(table, f"a picture while dragging / 1/25 s, {screen}", 1, pictures, wanted / 25)
    add(table, f"last move to last picture / 0.1 s, {screen}", 1, last, wanted / 10)


def main():
    table = Table("live_figures")
    with tempfile.TemporaryDirectory() as home:
        lab.write(Path(home) / "bench.ipynb", new_code_cell(LIVE), new_code_cell(INTERACT))
        with lab.running(Path(home)) as address, lab.browser() as browser:
            for density in (1, 2):
                measure(table, browser, address("bench.ipynb"), density)
    for row in table.rows:
        ours, other = (f"{1e3 * row[who]:.0f} ms" for who in ("ours_p95_s", "other_p95_s"))
        print(f"{row['claim']:46} 95 % point: {ours} / {other}")
    table.keep()


if __name__ == "__main__":
    if lab.CHROMIUM:
        main()
    else:
        print("live figures: not measured, there is no Chromium here")
