"""A live figure in a real JupyterLab in a real browser. Skipped where there is no Chromium."""

import re

import lab
import pytest
from lab import PATIENCE
from nbformat.v4 import new_code_cell, new_output

pytestmark = pytest.mark.skipif(not lab.CHROMIUM, reason="needs Chromium: apt-get install chromium")
sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")

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
STILL = "from vitutor import plotting\nplotting.show(plotting.figure()[0], alt='Empty axes.')"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    home = tmp_path_factory.mktemp("lab")
    lab.write(
        home / "live.ipynb",
        new_code_cell("from vitutor import widgets\nledger = widgets.evidence_ledger()\nledger"),
        new_code_cell(SLOW),
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
    return figure.locator("img").get_attribute("src")


def settled(page, figure, sentence):
    """Wait until the figure says `sentence`, a regular expression, beside a decoded picture."""
    sync_api.expect(figure.get_by_role("status")).to_have_text(
        re.compile(sentence), timeout=PATIENCE
    )
    page.wait_for_function(
        "i => i.complete && i.naturalWidth > 0", arg=figure.locator("img").element_handle()
    )


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


def test_nothing_went_wrong_in_the_page(page):
    assert page.wrongs == []


def test_a_saved_picture_keeps_its_alt_text_without_a_kernel(browser, address):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address("saved.ipynb"))
    page.get_by_alt_text("Saved without a kernel.").wait_for(state="attached")
