"""The figures are what their scripts draw, and each says in words what it shows."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "figures"
SCRIPTS = sorted(FIGURES.glob("*.py"))


def pictures(folder, script):
    """The pictures of a script begin with its name, and each has its text beside it."""
    found = sorted(folder.glob(f"{script.stem}*.png"))
    assert {path.stem for path in found} == {p.stem for p in folder.glob(f"{script.stem}*.txt")}
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_figure_is_what_its_script_draws(script, tmp_path):
    subprocess.run([sys.executable, script, tmp_path], check=True)
    made, kept = pictures(tmp_path, script), pictures(FIGURES, script)
    assert [path.name for path in made] == [path.name for path in kept]
    assert made
    for again, committed in zip(made, kept, strict=True):
        text = committed.with_suffix(".txt").read_text(encoding="utf-8")
        assert text == again.with_suffix(".txt").read_text(encoding="utf-8")
        assert re.fullmatch(r"\w.{60,}[.!?]\n", text)
        shades = [np.asarray(Image.open(p).convert("L"), dtype=float) for p in (committed, again)]
        assert shades[0].shape == shades[1].shape
        # Another processor may round a line's edge elsewhere; a moved line changes hundreds of
        # pixels.
        assert (np.abs(shades[0] - shades[1]) > 64).mean() < 1e-4, committed.name


def test_every_picture_has_its_script():
    drawn = [path for script in SCRIPTS for path in pictures(FIGURES, script)]
    assert sorted(drawn) == sorted(FIGURES.glob("*.png"))
    assert SCRIPTS


def test_every_lesson_has_a_thumbnail():
    lessons = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    thumbnails = [path.stem[-2:] for path in sorted(FIGURES.glob("thumbnail_*.png"))]
    assert thumbnails == [path.stem[:2] for path in lessons]
