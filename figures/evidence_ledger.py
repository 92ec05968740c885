"""The evidence ledger at three q: far away, nearer, and as near as a Gaussian can come.

Writes evidence_ledger.png, and beside it evidence_ledger.txt, its alternative text. A folder may
be named to write them there: python figures/evidence_ledger.py FOLDER
"""

import io
import sys
from pathlib import Path

from PIL import Image

from vitutor import widgets

STATES = ((0.3, 0.5), (0.6, 0.42), (0.87, 0.32))  # mean and scale of q
PANEL = 880  # pixels


def main(folder):
    ledger = widgets.evidence_ledger()
    panels, sentences = [], []
    for q_mean, q_scale in STATES:
        ledger.set(q_mean=q_mean, q_scale=q_scale)
        panel = Image.open(io.BytesIO(ledger.png())).convert("RGB")
        panels.append(panel.resize((PANEL, panel.height * PANEL // panel.width), Image.LANCZOS))
        sentences.append(ledger.sentence)
    strip = Image.new("RGB", (PANEL * len(panels), panels[0].height), "white")
    for i, panel in enumerate(panels):
        strip.paste(panel, (i * PANEL, 0))
    strip.quantize(128, dither=Image.Dither.NONE).save(folder / "evidence_ledger.png")
    text = (
        "Three settings of q under one posterior. As q nears it, the ELBO rises to log p(x), and "
    )
    text += "the gap, KL(q‖posterior), shrinks. " + " ".join(sentences)
    (folder / "evidence_ledger.txt").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent))
