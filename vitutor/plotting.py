"""How the course draws: one colour, one line and one name for each thing, in every lesson.

    figure, ax = plotting.figure()
    plotting.density(ax, z, p, plotting.POSTERIOR, flank="right", fill=True)
    plotting.show(figure, alt="The posterior has two modes, at -1.9 and 0.7.")

Nothing here touches pyplot, so no picture depends on the one before it. Colours are at least 4.5:1
on white, and every two of them stay apart for protan, deutan and tritan eyes; each thing also has
its own line style or hatching and is labelled where it is, so no meaning hangs on colour alone.
"""

import base64
import html
import io
from dataclasses import dataclass
from functools import cache

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch, Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.transforms import ScaledTranslation
from PIL import Image

INK = "#222222"
DPI = 200
WIDTH = 7.4  # inches; 740 pixels of a notebook's column
CAP_HEIGHT = 7.3  # points, of DejaVu Sans at size 10


@dataclass(frozen=True)
class Role:
    """One thing of the course and how it looks: its name, colour, line style and hatching."""

    name: str
    color: str
    linestyle: str | tuple = "-"
    hatch: str = ""


PRIOR = Role("p(z)", "#6E6E6E", "--")
LIKELIHOOD = Role("p(x | z)", "#0C5453", "-.")
POSTERIOR = Role("p(z | x)", "#2771E0", "-")
Q = Role("q(z)", "#BB540C", (0, (5, 1.2)))
ELBO = Role("ELBO", "#6D04AA", "-")
GAP = Role("gap", "#970118", ":", "////")
TRUTH = Role("exact", "#111111", "-")
MONTE_CARLO = Role("Monte Carlo", "#192A59", "none")
ROLES = (PRIOR, LIKELIHOOD, POSTERIOR, Q, ELBO, GAP, TRUTH, MONTE_CARLO)

RC = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": "#8A8A8A",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "white",
    "axes.prop_cycle": matplotlib.cycler(color=[role.color for role in ROLES[2:]]),
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "white",
    "figure.dpi": DPI,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "hatch.linewidth": 0.8,
    "svg.hashsalt": "vitutor",
}


def style():
    """A context in which matplotlib draws as the course does."""
    return matplotlib.rc_context(RC)


def figure(height=3.2, width=WIDTH, **subplots):
    """Return a new figure, in inches, and its axes (`nrows`, `ncols`, `sharex`, ... as usual)."""
    with style():
        new = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(new)
        return new, new.subplots(**subplots)


def density(ax, z, p, role, *, flank=None, fill=False):
    """Draw a density p on ascending points z (G,), named on its "left" or "right" flank.

    A peak above the axes is written at the top.
    """
    ax.plot(z, p, color=role.color, linestyle=role.linestyle, linewidth=1.8)
    if fill:
        band(ax, z, np.zeros_like(p), p, role)
    top = ax.get_ylim()[1]
    if p.max() > top:
        text = f"  peak {number(p.max(), 1)}"
        label(ax, z[p.argmax()], top, text, role.color, ha="left", va="top")
    if flank:
        at = np.flatnonzero(p >= 0.6 * p.max())[0 if flank == "left" else -1]
        left, right = ax.get_xlim()
        room = z[at] - left if flank == "left" else right - z[at]
        outwards = (flank == "left") == (room > 0.1 * (right - left))
        height = min(p[at], 0.85 * top)
        ha = "right" if outwards else "left"
        label(ax, z[at], height, f"  {role.name}  ", role.color, ha=ha, va="bottom")
    return ax


def bar(ax, y, start, end, role, *, solid=True, height=0.6):
    """Draw a horizontal bar from start to end: solid for a total, a tint for a part of it.

    A bar that leaves the axes ends in an arrow: what is cut off is never silent.
    """
    look = {"facecolor": role.color if solid else role.color + "2E", "hatch": role.hatch}
    ax.add_artist(
        Rectangle((start, y - height / 2), end - start, height, edgecolor=role.color, **look)
    )
    left, right = ax.get_xlim()
    inset = 0.012 * (right - left)
    for at, marker, is_cut in (
        (left + inset, "<", min(start, end) < left),
        (right - inset, ">", max(start, end) > right),
    ):
        if is_cut:
            ax.plot(at, y, marker, color="white", markeredgecolor=role.color, markersize=9)
    return ax


def label(ax, x, y, text, color=INK, *, ha="center", va="center", transform=None):
    """Write short plain text at (x, y): as ax.text does, in a tenth of its time.

    Text is most of a live figure's frame. Its letters are outlines here, made once and kept.
    """
    points, codes, width = _outline(text)
    left = {"left": 0, "center": -width / 2, "right": -width}[ha]
    base = {"bottom": 0, "center": -CAP_HEIGHT / 2, "top": -CAP_HEIGHT}[va]
    outline = Path((points + np.array((left, base))) / 72, codes)
    place = ax.figure.dpi_scale_trans + ScaledTranslation(x, y, transform or ax.transData)
    # The figure's, not the axes', which would spend half the time on clipping it.
    ax.figure.add_artist(
        PathPatch(outline, facecolor=color, linewidth=0, transform=place, zorder=3)
    )
    return ax


def _outline(text):
    """Return the outline of the text's letters, in points, its codes, and its width."""
    letters = [_letter(character) for character in text]
    pen = np.cumsum([0] + [advance for _, _, advance in letters])
    points = [xy + np.array((x, 0)) for (xy, _, _), x in zip(letters, pen[:-1], strict=True)]
    return np.concatenate(points), np.concatenate([codes for _, codes, _ in letters]), pen[-1]


@cache
def _letter(character):
    font = FontProperties(family="DejaVu Sans", size=RC["font.size"])
    vertices, codes = text_to_path.get_text_path(font, character)
    advance, _, _ = text_to_path.get_text_width_height_descent(character, font, ismath=False)
    points = np.reshape(vertices, (-1, 2)) * RC["font.size"] / text_to_path.FONT_SCALE
    return points, np.array(codes, dtype=Path.code_type), advance


def band(ax, x, lower, upper, role):
    """Shade between two curves at ascending x (G,)."""
    # Not fill_between: this is drawn in a third of the time, and live figures need it.
    outline = np.column_stack([np.r_[x, x[::-1]], np.r_[lower, upper[::-1]]])
    ax.add_artist(Polygon(outline, facecolor=role.color, alpha=0.15, linewidth=0))
    return ax


def dots(ax, x, y, role=MONTE_CARLO, *, marker="o"):
    """Draw repeated runs, one faint dot each."""
    ax.plot(x, y, marker, color=role.color, alpha=0.55, markersize=5, markeredgewidth=0)
    return ax


class Picture:
    """PNG and alt text as a notebook shows them: with a real alt attribute in JupyterLab.

    JupyterLab gives an image/png output no alt attribute, whatever its metadata say, so the HTML
    that it prefers carries one; image/png is for PDF, text/plain for terminals and tests.
    """

    def __init__(self, png, alt, caption=""):
        self.png, self.alt, self.caption = png, alt, caption
        self.width, self.height = (side * 100 // DPI for side in Image.open(io.BytesIO(png)).size)

    def _repr_mimebundle_(self, **_):
        encoded = base64.b64encode(self.png).decode()
        alt = html.escape(self.alt)
        markup = (
            f'<img alt="{alt}" width="{self.width}" height="{self.height}" '
            f'src="data:image/png;base64,{encoded}">'
        )
        if self.caption:
            markup += f"<p>{html.escape(self.caption)}</p>"
        data = {"text/html": markup, "image/png": encoded, "text/plain": self.alt}
        size = {"width": self.width, "height": self.height}
        return data, {"image/png": {**size, "alt": self.alt}}


def png(figure):
    """Return the figure as a small PNG of 128 colours: what is committed with a lesson."""
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return small_png(np.asarray(canvas.buffer_rgba()))


def small_png(rgba):
    """Encode pixels (H, W, 4) in 128 colours, a third of the bytes of full colour."""
    pixels = Image.fromarray(rgba).convert("RGB")
    stream = io.BytesIO()
    pixels.quantize(128, dither=Image.Dither.NONE).save(stream, "png", optimize=True)
    return stream.getvalue()


def show(figure, *, alt):
    """Return the figure for a cell's last line; `alt` says what it shows, in one sentence."""
    return Picture(png(figure), alt)


def number(value, decimals=2):
    """Write a number with a true minus sign, which screen readers read as one."""
    return f"{value:,.{decimals}f}".replace("-", "−")
