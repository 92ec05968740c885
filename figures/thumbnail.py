"""Each lesson's live figure, small, for the table of lessons: thumbnail_00.png and so on.

Taken from the lesson as it is saved, its last live figure: so it is the learner's own model that is
seen, and a lesson without one is noticed. Beside each, thumbnail_NN.txt is its alternative text,
the sentence that the figure says. A folder may be named to write them there:
python figures/thumbnail.py FOLDER
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
from PIL import Image

LESSONS = sorted((Path(__file__).parent.parent / "notebooks").glob("[0-9][0-9]_*.ipynb"))
WIDTH = 480  # pixels; shown at half of that, and sharp on dense screens


def live_figure(lesson):
    """PNG and sentence of the lesson's last live figure."""
    cells = nbformat.read(lesson, as_version=4).cells
    shown = [cell for cell in cells if cell.cell_type == "code" and "widgets." in cell.source]
    data = [output.data for cell in shown for output in cell.outputs if "data" in output]
    last = [each for each in data if "image/png" in each][-1]
    return base64.b64decode(last["image/png"]), last["text/plain"]


def main(folder):
    for lesson in LESSONS:
        png, sentence = live_figure(lesson)
        image = Image.open(io.BytesIO(png)).convert("RGB")
        image = image.resize((WIDTH, image.height * WIDTH // image.width), Image.LANCZOS)
        image = image.quantize(128, dither=Image.Dither.NONE)
        name = folder / f"thumbnail_{lesson.stem[:2]}"
        image.save(name.with_suffix(".png"), optimize=True)
        name.with_suffix(".txt").write_text(f"{sentence}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent))
