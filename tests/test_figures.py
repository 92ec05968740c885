"""The figures are what their scripts draw, and each says in words what it shows."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FIGURES = Path(__file__).parent.parent / "figures"
SCRIPTS = sorted(FIGURES.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_figure_is_what_its_script_draws(script, tmp_path):
    subprocess.run([sys.executable, script, tmp_path], check=True)
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {f"{script.stem}.png", f"{script.stem}.txt"}
    text, again = FIGURES / f"{script.stem}.txt", tmp_path / f"{script.stem}.txt"
    assert text.read_text(encoding="utf-8") == again.read_text(encoding="utf-8")
    committed, drawn = (
        np.asarray(Image.open(folder / f"{script.stem}.png").convert("L"), dtype=float)
        for folder in (FIGURES, tmp_path)
    )
    assert committed.shape == drawn.shape
    # Another processor may round a line's edge elsewhere; a moved line changes hundreds of pixels.
    assert (np.abs(committed - drawn) > 64).mean() < 1e-4


def test_every_picture_has_its_script():
    assert {path.stem for path in FIGURES.glob("*.png")} == {path.stem for path in SCRIPTS}
    assert SCRIPTS
