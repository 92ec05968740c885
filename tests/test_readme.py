"""The README keeps what it promises: its links lead somewhere, its targets exist, its code runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "homework/README.md"]
LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"')


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for found in LINK.findall((ROOT / page).read_text()):
        target = "".join(found).partition("#")[0]
        if target and not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:`|^    )make ([a-z-]+)", (ROOT / page).read_text(), re.MULTILINE)
    assert set(named) <= targets


def test_code_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(code, {})
    exact, estimated, bound = capsys.readouterr().out.split("\n", 9)[0:9:3]
    assert exact.endswith("(exact)") and "ESS" in estimated and "draws" in bound


def test_as_many_lessons_as_it_says():
    readme = (ROOT / "README.md").read_text()
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    words = {13: "Thirteen", 14: "Fourteen", 15: "Fifteen"}
    assert f"{words[len(lessons)]} lessons, about " in readme
    minutes = map(int, re.findall(r"\| (\d+) \| <img", readme))
    hours = int(re.search(r"lessons, about (\d+) hours", readme).group(1))
    assert hours == round(sum(minutes) / 60)
