"""Every lesson in a real JupyterLab: run, then every control of every live figure moved by hand."""

import json
import shutil

import lab
import pytest
from lab import PATIENCE

lab.require_browser()

LESSONS = sorted((lab.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))

RUN = """async (path) => {
    const { commands, shell } = jupyterapp;
    const panel = (window.lesson = await commands.execute("docmanager:open", { path }));
    shell.activateById(panel.id);
    while (shell.currentWidget !== panel) await new Promise(requestAnimationFrame);
    await Promise.all([panel.context.ready, panel.sessionContext.ready]);
    await panel.sessionContext.session.kernel.info;
    await commands.execute("notebook:run-all-cells");
}"""
CELLS = """() => lesson.content.widgets.map(({ model }) => ({
    code: model.type === "code" && model.sharedModel.source.trim() !== "",
    count: model.executionCount,
    tags: model.getMetadata("tags") ?? [],
    outputs: model.type === "code" ? model.outputs.toJSON() : [],
}))"""
CLOSE = """async () => {
    await lesson.sessionContext.shutdown();
    lesson.dispose();
}"""
# What the page shows: where each control stands, and the words, the height, the picture's pixels.
LOOK = """(figure) => {
    const picture = figure.querySelector("canvas");
    const { data } = picture.getContext("2d").getImageData(0, 0, picture.width, picture.height);
    let hash = 0;
    for (const pixel of new Int32Array(data.buffer)) hash = (Math.imul(hash, 31) + pixel) | 0;
    const controls = [...figure.querySelectorAll("input, select")];
    return {
        at: controls.map((c) => [c.name, c.selectedIndex ?? c.valueAsNumber]),
        sentence: figure.querySelector("[role=status]").textContent,
        alt: figure.querySelector("img").alt,
        height: figure.offsetHeight,
        picture: hash,
        busy: picture.ariaBusy !== "false", // the words are there before the picture is decoded
    };
}"""
# Watches every frame that the page paints: does the height change, is the picture ever empty?
WATCH = """(figure) => {
    const seen = (window.seen = { heights: [], blank: 0, frames: 0 });
    const small = Object.assign(document.createElement("canvas"), { width: 148, height: 96 });
    const pen = small.getContext("2d", { willReadFrequently: true });
    const look = () => {
        if (window.seen !== seen) return;
        if (!seen.heights.includes(figure.offsetHeight)) seen.heights.push(figure.offsetHeight);
        pen.clearRect(0, 0, small.width, small.height);
        pen.drawImage(figure.querySelector("canvas"), 0, 0, small.width, small.height);
        const { data } = pen.getImageData(0, 0, small.width, small.height);
        seen.blank += data.every((value) => value > 250 || value === 0);
        seen.frames += 1;
        requestAnimationFrame(look);
    };
    look();
}"""
TRUTH = """
import json
from ipywidgets.widgets.widget import _instances
figure = _instances[{model!r}]
state = {{name: figure.controls[name].values[k] for name, k in {at!r}}}
said = figure._say(figure._compute(**state))
print(json.dumps([said, repr(figure.error)]))
"""


LIVE = """
import json
from ipywidgets.widgets.widget import _instances
from vitutor.widgets.engine import LiveFigure
print(json.dumps([m for m in {models!r} if isinstance(_instances.get(m), LiveFigure)]))
"""
# A lesson may have set what no slider of the page can.
RESET = """
from ipywidgets.widgets.widget import _instances
figure = _instances[{model!r}]
figure.set(**{{name: control.start for name, control in figure.controls.items()}})
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("lessons")
    for lesson in LESSONS:
        shutil.copy(lesson, home)
    return home


@pytest.fixture(scope="module")
def page(home):
    with lab.running(home) as address, lab.browser() as browser:
        yield lab.open(browser, address())


def look(figure):
    return figure.element.evaluate(LOOK)


class Shown:
    """One live figure of the lesson now open: its element in the page, its model in the kernel."""

    def __init__(self, page, cell, model):
        self.page, self.model = page, model
        self.element = page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".vitutor-figure")
        # JupyterLab renders an output when its cell comes near.
        page.evaluate("k => lesson.content.scrollToItem(k, 'start')", cell)
        self.element.scroll_into_view_if_needed()

    def agrees(self):
        """Wait until the words are Python's at the state of the controls, and the picture drawn."""
        for _ in range(PATIENCE // 1000):
            shown = look(self)
            code = TRUTH.format(model=self.model, at=shown["at"])
            truth, error = json.loads(lab.ask(self.page, code))
            if shown["sentence"] == truth == shown["alt"] and not shown["busy"]:
                assert error == "None"
                return shown
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{shown['at']}: {shown['sentence']!r} is not {truth!r}")

    def changes(self, before):
        """Wait until words and pixels differ from those before; return what is shown."""
        for _ in range(20):
            shown = self.agrees()
            if shown["picture"] != before["picture"]:
                break
            self.page.wait_for_timeout(50)
        assert shown["picture"] != before["picture"], shown["at"]
        assert shown["sentence"] != before["sentence"], shown["at"]
        assert shown["height"] == before["height"]
        return shown


def by_keyboard(figure, control, start):
    control.focus()
    last = control.evaluate("c => (c.options?.length ?? Number(c.max) + 1) - 1")
    name = control.get_attribute("name")
    before = start
    for key, wanted in (("Home", 0), ("End", last), ("ArrowUp", None), ("Home", 0)):
        control.press(key)
        shown = figure.changes(before) if key == "End" else figure.agrees()
        at = dict(shown["at"])[name]
        assert wanted is None or at == wanted
        assert control.evaluate("c => c === document.activeElement")
        before = shown
    control.press("ArrowDown" if control.evaluate("c => !!c.options") else "ArrowRight")
    assert dict(figure.agrees()["at"])[name] == 1


def by_dragging(figure, slider, start):
    page, name = figure.page, slider.get_attribute("name")
    last = int(slider.get_attribute("max"))
    size, thumb = slider.bounding_box(), 16
    handle = thumb / 2 + dict(start["at"])[name] / last * (size["width"] - thumb)
    figure.element.evaluate(WATCH)
    slider.hover(position={"x": handle, "y": size["height"] / 2})
    box = slider.bounding_box()
    page.mouse.down()
    before = start
    for x, wanted in ((-20, 0), (box["width"] + 20, last), (handle, None)):
        page.mouse.move(box["x"] + x, box["y"] + box["height"] / 2, steps=12)
        shown = figure.agrees()
        at = dict(shown["at"])[name]
        assert wanted is None or at == wanted
        if at != dict(before["at"])[name]:
            shown = figure.changes(before)
        before = shown
    page.mouse.up()
    assert abs(dict(figure.agrees()["at"])[name] - dict(start["at"])[name]) <= 1 + last / 50
    seen = page.evaluate("() => { const seen = window.seen; window.seen = null; return seen; }")
    assert seen["frames"] > 10
    assert (seen["heights"], seen["blank"]) == ([start["height"]], 0)


def drive(figure):
    controls = figure.element.locator("input, select").all()
    assert controls
    for control in controls:
        for move in (by_keyboard, by_dragging):
            lab.ask(figure.page, RESET.format(model=figure.model))
            start = figure.agrees()
            if move is by_keyboard or control.get_attribute("type") == "range":
                move(figure, control, start)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_lesson(page, home, lesson):
    page.wrongs.clear()
    logged = len((home / "log").read_text())
    page.evaluate(RUN, lesson.name)
    lab.ask(page, "'all cells have run'")
    try:
        cells = page.evaluate(CELLS)
        cell_of = {}
        for k, cell in enumerate(cells):
            assert not cell["code"] or cell["count"] is not None, f"cell {k} did not run"
            for output in cell["outputs"]:
                if "raises-exception" not in cell["tags"]:
                    assert output["output_type"] != "error", f"cell {k}: {output['evalue']}"
                if view := output.get("data", {}).get("application/vnd.jupyter.widget-view+json"):
                    cell_of[view["model_id"]] = k
        figures = json.loads(lab.ask(page, LIVE.format(models=list(cell_of))))
        assert figures
        for model in figures:
            drive(Shown(page, cell_of[model], model))
        assert page.wrongs == []
        assert "Traceback" not in (home / "log").read_text()[logged:]
    finally:
        page.evaluate(CLOSE)
