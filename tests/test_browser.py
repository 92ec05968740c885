"""A live figure in a real JupyterLab in a real browser. Skipped where there is no Chromium."""

import base64
import io
import itertools
import re

import lab
import numpy as np
import pytest
from lab import PATIENCE
from nbformat.v4 import new_code_cell, new_output
from PIL import Image

from vitutor import widgets

lab.require_browser()

from playwright import sync_api  # noqa: E402

SLOW = """
import time
from vitutor.widgets.engine import LiveFigure, Slider

computed = []

def compute(a):
    time.sleep(0.25)
    computed.append(a)
    return a

slow = LiveFigure(
    "A slow figure",
    controls=[Slider("a", "number a", range(101), start=0)],
    compute=compute,
    layout=lambda figure: figure.subplots(subplot_kw={"xlim": (0, 100)}),
    draw=lambda ax, a: ax.axvline(a),
    sentence=lambda a: f"a is {a}, computed {len(computed)} times.",
    height=1,
)
slow
"""
BROKEN = """
from vitutor.errors import DomainError

model = {"scale": 1.0}

def of_a_model(a):
    if model["scale"] <= 0:
        raise DomainError("scale", got=str(model["scale"]), wanted="a number > 0")
    return a / model["scale"]

of_model = LiveFigure(
    "A learner's model",
    controls=[Slider("a", "number b", range(11), start=5)],
    compute=of_a_model,
    layout=lambda figure: figure.subplots(subplot_kw={"xlim": (0, 10)}),
    draw=lambda ax, a: ax.axvline(a),
    sentence=lambda a: f"The model says {a:.2f}.",
    height=1,
)
of_model
"""
STILL = "from vitutor import plotting\nplotting.show(plotting.figure()[0], alt='Empty axes.')"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = tmp_path_factory.mktemp("lab")
    lab.write(
        home / "live.ipynb",
        new_code_cell("from vitutor import widgets\nledger = widgets.evidence_ledger()\nledger"),
        new_code_cell(SLOW),
        new_code_cell(BROKEN),
        new_code_cell(STILL),
    )
    image = (
        '<img alt="Saved without a kernel." width="10" src="data:image/png;base64,iVBORw0KGgo=">'
    )
    saved = new_output("display_data", {"text/html": image, "text/plain": "Saved."})
    lab.write(home / "saved.ipynb", new_code_cell("saved", outputs=[saved]))
    with lab.running(home) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with lab.browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser, address):
    page = lab.open_and_run(browser, address("live.ipynb"))
    page.get_by_alt_text("Empty axes.").wait_for()
    page.get_by_role("slider", name="number a").wait_for()
    return page


def picture(figure):
    return figure.locator("canvas").evaluate("c => c.toDataURL()")


def settled(page, figure, sentence):
    """Wait until the figure says `sentence`, a regular expression, and has had time to draw."""
    sync_api.expect(figure.get_by_role("status")).to_have_text(
        re.compile(sentence), timeout=PATIENCE
    )
    page.wait_for_timeout(300)


def test_keyboard_moves_the_figure_and_not_the_notebook(page):
    figure = page.get_by_role("group", name="The evidence ledger")
    slider = figure.get_by_role("slider", name="mean of q")
    cell = page.locator(".jp-Notebook .jp-Cell.jp-mod-active")
    settled(page, figure, r"q = N\(0\.30")
    assert slider.get_attribute("aria-valuetext") == "0.30"
    slider.focus()
    before, active = picture(figure), cell.evaluate("c => c.dataset.windowedListIndex")
    for key, mean in (("ArrowUp", "0.35"), ("End", "3.00"), ("Home", "−3.00"), ("PageUp", "−2.40")):
        page.keyboard.press(key)
        settled(page, figure, rf"q = N\({mean}")
        assert picture(figure) != before
        before = picture(figure)
    assert figure.locator("img").get_attribute("alt") == figure.get_by_role("status").inner_text()
    assert cell.evaluate("c => c.dataset.windowedListIndex") == active


def test_keyboard_alone_enters_and_leaves_the_figure(page):
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    page.keyboard.press("Escape")  # from the cell's text to the cell

    def pass_by(key, presses):
        """Return the controls that the focus visits; buttons of JupyterLab have no name."""
        names = []
        for _ in range(presses):
            page.keyboard.press(key)
            names.append(page.evaluate("() => document.activeElement.name"))
        return [name for name in names if name]

    assert pass_by("Tab", 5) == ["x", "q_mean", "q_scale", "a"]
    assert pass_by("Shift+Tab", 6) == ["q_scale", "q_mean", "x"]


def test_what_a_screen_reader_is_told(page):
    figure = page.get_by_role("group", name="The evidence ledger")
    sentence = figure.get_by_role("status").inner_text()
    tree = figure.aria_snapshot()
    for told in (
        '- group "The evidence ledger"',
        'slider "observed x"',
        'slider "mean of q"',
        'slider "scale of q"',
        f'img "{sentence}"',
        "- status",
    ):
        assert told in tree, tree


def test_focus_is_seen(page):
    slider = page.get_by_role("slider", name="observed x")
    slider.focus()
    page.keyboard.press("ArrowRight")
    outline = slider.evaluate(
        "s => getComputedStyle(s).outlineWidth + getComputedStyle(s).outlineStyle"
    )
    assert outline == "2pxsolid"


def test_height_stays(page):
    figure = page.get_by_role("group", name="The evidence ledger")
    heights = set()
    for key, mean in (("Home", "−3.00"), ("End", "3.00")):
        figure.get_by_role("slider", name="mean of q").press(key)
        settled(page, figure, rf"q = N\({mean}")
        heights.add(figure.evaluate("f => f.offsetHeight"))
    assert len(heights) == 1


def test_only_the_newest_state_is_computed(page):
    figure = page.get_by_role("group", name="A slow figure")
    settled(page, figure, "a is 0,")
    # 50 moves in a second; each takes a quarter of a second to compute.
    figure.get_by_role("slider").evaluate(
        """async slider => {
            for (let a = 1; a <= 50; a++) {
                slider.value = a;
                slider.dispatchEvent(new Event("input"));
                await new Promise(next => setTimeout(next, 20));
            }
        }"""
    )
    settled(page, figure, "a is 50, ")
    sentence = figure.get_by_role("status").inner_text()
    # Twice for the page's own first frames; then what fits into the second, and the last.
    assert int(re.search(r"(\d+) times", sentence).group(1)) <= 12
    page.wait_for_timeout(1000)
    assert figure.get_by_role("status").inner_text() == sentence


def test_the_icon_of_the_tab_stays(page):
    """JupyterLab would change it, and fetch it, twice for every picture."""
    page.evaluate(
        """() => {
            window.changes = 0;
            const watch = new MutationObserver((changes) => (window.changes += changes.length));
            watch.observe(document.head, { subtree: true, attributes: true });
        }"""
    )
    figure = page.get_by_role("group", name="A slow figure")
    figure.get_by_role("slider").focus()
    page.keyboard.press("Home")
    settled(page, figure, "a is 0, ")
    assert page.evaluate("window.changes") == 0


def test_the_page_shows_the_pixels_that_were_drawn(page):
    figure = page.get_by_role("group", name="The evidence ledger")
    for name, key in (("mean of q", "Home"), ("scale of q", "End"), ("observed x", "Home")):
        figure.get_by_role("slider", name=name).press(key)
    settled(page, figure, r"At x = −2.00, with q = N\(−3.00, 1.50")
    png = base64.b64decode(picture(figure).split(",")[1])
    with Image.open(io.BytesIO(png)) as image:
        shown = np.asarray(image.convert("RGB"))
    ledger = widgets.evidence_ledger()
    ledger.set(x=-2, q_mean=-3, q_scale=1.5)
    ledger.pixel_ratio = 1
    drawn = np.asarray(ledger._stage.canvas.buffer_rgba())[..., :3]
    assert (shown == drawn).all()


def test_a_broken_model_is_told_in_the_figure_which_lives_on_when_mended(page):
    figure = page.get_by_role("group", name="A learner's model")
    settled(page, figure, "The model says 5.00")
    whole, height = picture(figure), figure.evaluate("f => f.offsetHeight")
    lab.ask(page, "model['scale'] = -1.0")
    figure.get_by_role("slider").press("ArrowRight")
    settled(page, figure, r"DomainError: scale: got -1.0; wanted a number > 0\.")
    assert picture(figure) != whole
    assert figure.evaluate("f => f.offsetHeight") == height
    lab.ask(page, "model['scale'] = 1.0")
    figure.get_by_role("slider").press("ArrowLeft")
    settled(page, figure, "The model says 5.00")
    assert picture(figure) == whole


def test_text_at_twice_its_size_is_all_there(browser, address):
    page = lab.open_and_run(
        browser, address("live.ipynb"), viewport={"width": 2000, "height": 1600}
    )
    figure = page.get_by_role("group", name="The evidence ledger")
    figure.wait_for()
    for size in ("14px", "28px"):
        page.evaluate(
            "s => document.documentElement.style.setProperty('--jp-content-font-size1', s)", size
        )
        page.wait_for_timeout(500)
        assert figure.evaluate("f => getComputedStyle(f).fontSize") == size
        for part in figure.locator("label, .vitutor-value, select, [role=status]").all():
            assert part.evaluate("p => p.scrollWidth <= p.clientWidth + 1 || p.clientWidth === 0")
        boxes = [
            part.bounding_box() for part in figure.locator("label, input, .vitutor-value").all()
        ]
        for one, other in itertools.combinations(boxes, 2):
            assert (
                one["x"] + one["width"] <= other["x"] + 1
                or other["x"] + other["width"] <= one["x"] + 1
                or one["y"] + one["height"] <= other["y"] + 1
                or other["y"] + other["height"] <= one["y"] + 1
            )
        assert figure.evaluate("f => f.scrollWidth <= f.clientWidth")
    wide = figure.locator("img").evaluate("i => i.clientWidth")
    assert wide == pytest.approx(2 * 740, abs=2)  # the picture's text grows too
    page.close()


def test_nothing_went_wrong_in_the_page(page):
    assert page.wrongs == []


def test_a_saved_picture_keeps_its_alt_text_without_a_kernel(browser, address):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address("saved.ipynb"))
    page.get_by_alt_text("Saved without a kernel.").wait_for(state="attached")
