"""The site as a reader gets it: built once, from files, and opened in a browser.

Skipped without the packages of the extra `site`, or where MathJax was never fetched and cannot be.
"""

import base64
import functools
import gzip
import http.server
import io
import itertools
import json
import re
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import lab
import numpy as np
import pytest
from PIL import Image, ImageFilter

from vitutor import widgets

for package in ("sphinx", "myst_nb", "sphinx_book_theme", "sphinx_copybutton"):
    pytest.importorskip(package, reason='needs the site\'s packages: pip install -e ".[site]"')

ROOT = Path(__file__).parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PAGES = ["index", "glossary", "equations", "instructors", "benchmarks", "reference/evidence"]
PAGES += [f"lessons/{path.stem}" for path in LESSONS]
needs_browser = pytest.mark.skipif(not lab.CHROMIUM, reason="needs Chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, ROOT / "site" / "build.py", "--states", "8", "--out", out]
    built = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if "npm" in built.stderr and not out.exists():
        pytest.skip(built.stderr.strip())
    assert built.returncode == 0, built.stderr
    return out


# The files


class Links(HTMLParser):
    """What a page refers to, and what in it can be referred to."""

    def __init__(self, page):
        super().__init__()
        self.names, self.links, self.fetched = set(), set(), set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.names |= {attributes.get("id"), attributes.get("name")}
        for key in ("href", "src"):
            link = attributes.get(key)
            if link and not link.startswith("data:"):
                self.links.add(link)
                if tag != "a":
                    self.fetched.add(link)


@pytest.fixture(scope="module")
def links(site):
    pages = (page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts)
    return {page: Links(page) for page in pages}


def test_every_link_leads_somewhere(site, links):
    broken = []
    for page, found in links.items():
        for link in found.links:
            path, anchor = urldefrag(link)
            if urlsplit(link).scheme in ("http", "https", "mailto"):
                continue
            target = (page.parent / unquote(path.partition("?")[0])).resolve() if path else page
            there = target in links or target.is_file()
            if not there or (anchor and target in links and anchor not in links[target].names):
                broken.append(f"{page.relative_to(site)}: {link}")
    assert broken == []
    assert len(links) > len(PAGES)


def test_nothing_comes_from_elsewhere(links):
    foreign = [link for found in links.values() for link in found.fetched if "//" in link]
    assert [link for link in foreign if not link.startswith("#")] == []


def test_every_equation_leads_to_its_cells(links, site):
    html = (site / "equations.html").read_text(encoding="utf-8")
    rows = dict(re.findall(r"<tr[^>]*><td><p>(S\d+)</p></td>(.*?)</tr>", html, re.DOTALL))
    assert list(rows) == [f"S{i}" for i in range(1, 24)]
    for equation, row in rows.items():
        cells = re.findall(r'href="(lessons/\w+\.html)#([\w-]+)"', row)
        assert cells, f"no cell executes {equation}"
        for page, cell in cells:
            assert cell in links[site / page].names


def test_lessons_follow_each_other(site):
    pages = [f"{path.stem}.html" for path in LESSONS]
    for page, following in itertools.pairwise(pages):
        html = (site / "lessons" / page).read_text(encoding="utf-8")
        assert re.search(
            rf'rel="next"[^>]*href="{following}"|href="{following}"[^>]*rel="next"', html
        )


def test_the_landing_page_shows_every_lesson(site, links):
    cards = (site / "index.html").read_text(encoding="utf-8").partition('<ul class="lessons">')[2]
    shown = re.findall(r'href="lessons/(\w+)\.html"', cards.partition("</ul>")[0])
    assert shown == [path.stem for path in LESSONS]


# Live figures without a kernel


@pytest.fixture(scope="module")
def states(site):
    def read(name):
        script = (site / "_static" / "states" / f"{name}.js").read_text()
        return json.loads(gzip.decompress(base64.b64decode(script.partition('"')[2][:-3])))

    return functools.cache(read)


def grid(figure):
    names = [control["name"] for control in figure["controls"]]
    values = [control["values"] for control in figure["controls"]]
    return [dict(zip(names, state, strict=True)) for state in itertools.product(*values)]


@pytest.mark.parametrize("name", widgets.__all__)
def test_a_state_says_what_the_figure_says(states, name):
    kept, figure = states(name), getattr(widgets, name)()
    every = grid(kept)
    assert len(every) == len(kept["frames"]) == len(kept["sentences"])
    for number in (0, len(every) // 2, len(every) - 1):
        figure.set(**every[number])
        assert kept["sentences"][number] == figure.sentence
    for control in kept["controls"]:
        start, values = kept["start"][control["name"]], control["values"]
        assert start in values or np.isclose(start, values).any()


@needs_browser
@pytest.mark.parametrize("name", widgets.__all__)
def test_a_state_looks_as_the_figure_looks(page, states, name):
    figure, every = getattr(widgets, name)(), grid(states(name))
    number = len(every) - 1
    figure.set(**every[number])
    width, height = figure._pixels
    png = page.evaluate(
        """async ([name, number, script]) => {
            if (!vitutorFrames[name]) {
                const tag = document.createElement("script");
                tag.textContent = script;
                document.head.append(tag);
            }
            const figure = await unpack(vitutorFrames[name]);
            const image = new Image();
            image.src = "data:image/svg+xml," + encodeURIComponent(svg(figure, number));
            await image.decode();
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = figure.pixels;
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            return canvas.toDataURL("image/png").split(",")[1];
        }""",
        [name, number, (page.site / "_static" / "states" / f"{name}.js").read_text()],
    )
    blur = ImageFilter.GaussianBlur(2)  # letters are hinted in one and not in the other
    ours, theirs = (
        np.asarray(image.convert("RGB").resize((width, height)).filter(blur), dtype=float)
        for image in (
            Image.open(io.BytesIO(base64.b64decode(png))),
            Image.open(io.BytesIO(figure.png())),
        )
    )
    far = (np.abs(ours - theirs).max(axis=2) > 40).mean()
    assert far < 2e-3, f"{far:.4f} of the pixels differ"


# In the browser


@pytest.fixture(scope="module")
def address(site):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    serve = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def page(site, address):
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with lab.browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(lab.PATIENCE)
        page.site, page.wrongs, page.foreign = site, [], []
        page.on("pageerror", lambda error: page.wrongs.append(str(error)))
        page.on("console", lambda m: page.wrongs.append(m.text) if m.type == "error" else None)
        page.on("requestfailed", lambda request: page.wrongs.append(request.url))
        own = (address, "data:", "blob:")
        page.on("request", lambda r: None if r.url.startswith(own) else page.foreign.append(r.url))
        page.goto(f"{address}/index.html")
        yield page


def fresh(page, url):
    page.goto("about:blank")  # what the last page still waited for is broken off here
    page.wrongs.clear()
    page.goto(url)


def opened(page, address, name):
    fresh(page, f"{address}/{name}.html")
    page.wait_for_function("() => !window.MathJax || MathJax.startup?.promise")
    page.evaluate("async () => { await window.MathJax?.startup.promise; }")


@needs_browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens(page, address, name):
    opened(page, address, name)
    assert page.foreign == []
    assert page.wrongs == []
    assert page.locator("mjx-merror").count() == 0
    assert page.locator(".math:not(:has(mjx-container))").count() == 0
    if name.startswith("lessons"):
        assert page.locator("mjx-container").count() > 0
    assert page.locator("img:not([alt])").count() == 0


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "name", ["index", "glossary", "equations", "reference/evidence", PAGES[-1]]
)
def test_nothing_sticks_out(page, address, name, width):
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, address, name)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 1000})


@needs_browser
@pytest.mark.parametrize(
    "name", ["index", "lessons/00_start_here", "glossary", "reference/evidence"]
)
def test_everybody_can_use_it(page, address, name):
    sys.path.insert(0, str(ROOT / "site"))
    import assets

    opened(page, address, name)
    for place in page.locator("[data-states]").all():
        place.scroll_into_view_if_needed()
        place.get_by_role("slider").first.wait_for()
    page.evaluate((assets.modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    serious = [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []


@needs_browser
def test_a_figure_moves_without_a_kernel(page, address, states):
    opened(page, address, "index")
    slider = page.get_by_role("slider", name="mean of q")
    slider.wait_for()
    figure = page.get_by_role("group", name="The evidence ledger")
    picture = figure.locator("img")
    before = picture.get_attribute("src")
    assert figure.get_by_role("status").inner_text().startswith("At x = 1.20, with q = N(0.30")
    slider.press("End")
    page.wait_for_function(
        "([img, src]) => img.src !== src", arg=[picture.element_handle(), before]
    )
    live = widgets.evidence_ledger()
    live.set(q_mean=3)
    assert figure.get_by_role("status").inner_text() == live.sentence
    assert picture.get_attribute("alt") == live.sentence
    assert picture.get_attribute("src").startswith("blob:")
    assert page.wrongs == []


@needs_browser
def test_a_figure_starts_where_the_lesson_has_set_it(page, address):
    (lesson,) = [path.stem for path in LESSONS if path.stem.startswith("06")]
    opened(page, address, f"lessons/{lesson}")
    page.locator("[data-states=evidence_ledger]").scroll_into_view_if_needed()
    figure = page.get_by_role("group", name="The evidence ledger")
    slider = figure.get_by_role("slider", name="mean of q")
    slider.wait_for()
    assert slider.get_attribute("aria-valuetext") == "0.87"
    figure.get_by_role("slider", name="observed x").press("Home")
    # What is shown is a state drawn beforehand, so the other sliders have gone there too.
    mean = slider.get_attribute("aria-valuetext")
    assert f"q = N({mean}," in figure.get_by_role("status").inner_text()


@needs_browser
def test_search_finds_a_lesson(page, address):
    fresh(page, f"{address}/search.html?q=jensen")
    page.locator('#search-results a[href*="06_jensen"]').first.wait_for()
    assert page.foreign == []
    assert page.wrongs == []


@needs_browser
def test_it_also_opens_from_the_disk(page, site):
    fresh(page, (site / "index.html").as_uri())
    page.get_by_role("slider", name="mean of q").press("End")
    page.get_by_role("status").get_by_text("q = N(3.00").wait_for()
    assert page.wrongs == []
