"""The live figure: controls -> compute -> draw, and one sentence that says what is shown.

    coin = LiveFigure(
        "A coin's likelihood",
        controls=[Slider("heads", "heads in 10 throws", range(11), start=7)],
        compute=compute,    # compute(heads=7) -> data: pure, knows nothing of pictures
        layout=layout,      # layout(figure) -> axes: what never moves, drawn once
        draw=draw,          # draw(axes, data): plots as usual, on those axes
        sentence=sentence,  # sentence(data) -> str: the numbers now shown
    )

`layout` fixes limits, ticks and labels. Whatever `draw` adds is drawn over the stored background
and taken off again, so it may use every method of an Axes and needs to remember nothing. It may
also set limits or a title; such a frame costs as much as a whole figure, so let it be rare.

Without a browser: `coin.set(heads=3)`, `coin.state`, `coin.data`, `coin.sentence`, `coin.png()`.
An error raised by any of the functions is told in the picture and kept in `coin.error`; the next
`set` or move of a control computes again.
"""

import struct
import textwrap
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anywidget
import numpy as np
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from vitutor import plotting
from vitutor.errors import ArgumentTypeError, DomainError

HERE = Path(__file__).parent
TILE = 32  # pixels; live_figure.js knows it too
ATLAS = 32  # tiles in a row of the picture that carries them


@dataclass(frozen=True)
class Slider:
    """A number chosen from `values`, which ascend; all whole, or all real and shown to `decimals`.

    `set` also takes what lies between two of the values, if they are real.
    """

    name: str
    label: str
    values: Sequence
    start: float
    unit: str = ""
    decimals: int = 2

    def __post_init__(self):
        whole = all(isinstance(v, (int, np.integer)) for v in self.values)
        object.__setattr__(self, "kind", int if whole else float)
        object.__setattr__(self, "values", tuple(map(self.kind, self.values)))
        self.accept(self.start)

    @property
    def extremes(self):
        return self.values[0], self.values[-1]

    def accept(self, value):
        """Return value as this slider's kind of number, or say why it cannot be set."""
        low, high = self.extremes
        if not isinstance(value, (int, float, np.number)) or isinstance(value, bool):
            raise ArgumentTypeError(self.name, got=repr(value), wanted="a number")
        if self.kind is float:
            fits, wanted = low <= value <= high, f"a number from {low} to {high}"
        elif len(self.values) == high - low + 1:
            fits, wanted = value in self.values, f"a whole number from {low} to {high}"
        else:
            fits, wanted = value in self.values, f"one of {[*self.values]}"
        if not fits:
            raise DomainError(self.name, got=f"{value}", wanted=wanted)
        return self.kind(value)

    def spec(self):
        decimals = 0 if self.kind is int else self.decimals
        front_end = {"name": self.name, "label": self.label, "values": self.values}
        return front_end | {"unit": self.unit, "decimals": decimals, "values_are_words": False}


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    name: str
    label: str
    values: Sequence[str]
    start: str

    @property
    def extremes(self):
        return tuple(self.values)

    def accept(self, value):
        if value not in self.values:
            raise DomainError(self.name, got=repr(value), wanted=f"one of {list(self.values)}")
        return value

    def spec(self):
        front_end = {"name": self.name, "label": self.label, "values": list(self.values)}
        return front_end | {"values_are_words": True}


class LiveFigure(anywidget.AnyWidget):
    """Controls, a picture and a sentence, all of one state; see the module's text."""

    _esm = HERE / "live_figure.js"
    _css = HERE / "live_figure.css"
    _controls = traitlets.List().tag(sync=True)
    _pixels = traitlets.List().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    # The page knows what it has just sent: no echo.
    state = traitlets.Dict().tag(sync=True, echo_update=False)
    pixel_ratio = traitlets.Float(2).tag(sync=True, echo_update=False)
    # The picture of the layout is sent once; a frame is the tiles that differ, a fifth of all.
    picture = traitlets.Bytes().tag(sync=True)
    _frame = traitlets.Dict().tag(sync=True)
    sentence = traitlets.Unicode().tag(sync=True)

    def __init__(self, title, *, controls, compute, layout, draw, sentence, height=4.2):
        self.controls = {control.name: control for control in controls}
        self._compute, self._draw, self._say = compute, draw, sentence
        self._stage = _Stage(layout, height)
        self._lock = threading.RLock()  # the page's messages arrive in a thread of their own
        super().__init__(
            title=title,
            _controls=[control.spec() for control in controls],
            _pixels=[round(100 * plotting.WIDTH), round(100 * height)],
            state={control.name: control.start for control in controls},
        )
        self._refresh()
        self.observe(self._refresh, ["state", "pixel_ratio"])

    def set(self, **changes):
        """Move controls, and compute and draw anew even if none of them moved."""
        with self._lock:
            state = {**self.state, **changes}
            if state == self.state:
                self._refresh()
            self.state = state

    @traitlets.validate("state")
    def _accept(self, proposal):
        for name in proposal["value"]:
            if name not in self.controls:
                raise DomainError(name, got="no such control", wanted=f"one of {[*self.controls]}")
        return {name: c.accept(proposal["value"][name]) for name, c in self.controls.items()}

    def _refresh(self, _change=None):
        with self._lock, self.hold_sync():  # picture and sentence leave in one message
            try:
                self.data = self._compute(**self.state)
                sentence = self._say(self.data)
                pixels = self._stage.frame(self._draw, self.data, self.pixel_ratio)
                self.error = None
            except Exception as error:  # a learner's model may raise anything
                self.data, self.error = None, error
                sentence = f"Nothing can be shown here. {type(error).__name__}: {error}"
                pixels = self._stage.frame(self._stage.write, sentence, self.pixel_ratio)
            self.picture = self._stage.background_png
            self._frame = _tiles(pixels, self._stage.background)
            self.sentence = sentence

    def png(self):
        """Return the picture now shown as PNG bytes, at 200 dots an inch."""
        with self._lock:
            draw, data = self._draw, self.data
            if self.error:
                draw, data = self._stage.write, self.sentence
            return plotting.small_png(self._stage.frame(draw, data, pixel_ratio=2))

    def _repr_mimebundle_(self, **kwargs):
        """The live view, and for pages without a kernel the picture and the sentence."""
        live, _ = super()._repr_mimebundle_(**kwargs)
        still, metadata = plotting.Picture(
            self.png(), self.sentence, caption=self.sentence
        )._repr_mimebundle_()
        return live | still, metadata


class _Stage:
    """One persistent figure: the layout is drawn once and stored, the rest drawn over it."""

    def __init__(self, layout, height):
        with plotting.style():
            self.figure = Figure(figsize=(plotting.WIDTH, height), layout="constrained")
            self.canvas = FigureCanvasAgg(self.figure)
            self.axes = layout(self.figure)
        for ax in self.figure.axes:
            ax.set_autoscale_on(False)
        self.canvas.draw()
        self.figure.set_layout_engine("none")  # nothing shifts under the learner's hand
        self.resting = set(self._artists())
        self.background_of = None

    def frame(self, draw, data, pixel_ratio):
        """Return the pixels (H, W, 4) of one picture, 100 pixel_ratio of them to an inch."""
        for ax in self.figure.axes:
            ax.set_prop_cycle(None)
        try:
            draw(self.axes, data)
            moving = [artist for artist in self._artists() if artist not in self.resting]
            for artist in moving:
                artist.set_animated(True)
            self._restore_background(pixel_ratio)
            renderer = self.canvas.get_renderer()
            for artist in sorted(moving, key=lambda artist: artist.get_zorder()):
                artist.draw(renderer)
            return np.asarray(self.canvas.buffer_rgba())
        finally:
            for artist in set(self._artists()) - self.resting:
                artist.remove()

    def write(self, _axes, text):
        """Draw a message in place of the data."""
        box = {"facecolor": "white", "edgecolor": plotting.GAP.color, "boxstyle": "round,pad=0.8"}
        text = textwrap.fill(textwrap.shorten(text, 420), 70).replace("$", r"\$")
        self.figure.text(0.5, 0.5, text, ha="center", va="center", color=plotting.INK, bbox=box)

    def _restore_background(self, pixel_ratio):
        looks = [(ax.get_xlim(), ax.get_ylim(), ax.get_title("left")) for ax in self.figure.axes]
        if self.background_of != (pixel_ratio, looks):
            self.figure.set_dpi(100 * pixel_ratio)
            self.canvas.draw()
            self.background = np.array(self.canvas.buffer_rgba())
            self.background_png = _fast_png(self.background)
            self.background_of = (pixel_ratio, looks)
        np.asarray(self.canvas.buffer_rgba())[:] = self.background

    def _artists(self):
        for parent in (self.figure, *self.figure.axes):
            yield from parent.get_children()


def _tiles(pixels, background):
    """Return the tiles in which the pixels (H, W, 4) differ: their indices, and a PNG of them."""
    pixels, background = pixels.view(np.uint32)[..., 0], background.view(np.uint32)[..., 0]
    rows, columns = (-(-side // TILE) for side in pixels.shape)
    differ = np.zeros((rows * TILE, columns * TILE), bool)
    np.not_equal(pixels, background, out=differ[: pixels.shape[0], : pixels.shape[1]])
    differ = differ.reshape(rows, TILE, columns, TILE).any(axis=(1, 3))
    differ[0, 0] = True  # never none
    atlas = np.zeros((-(-differ.sum() // ATLAS), TILE, ATLAS, TILE), np.uint32)
    for k, (i, j) in enumerate(np.argwhere(differ)):
        tile = pixels[i * TILE : (i + 1) * TILE, j * TILE : (j + 1) * TILE]
        atlas[k // ATLAS, : tile.shape[0], k % ATLAS, : tile.shape[1]] = tile
    rgba = atlas.view(np.uint8).reshape(-1, ATLAS * TILE, 4)
    return {"tiles": np.flatnonzero(differ).tolist(), "png": _fast_png(rgba)}


def _fast_png(rgba):
    """Encode without filters at zlib's first level: a fifth of the time Pillow needs."""
    height, width, _ = rgba.shape
    rgb = Image.fromarray(rgba).convert("RGB").tobytes()
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = np.frombuffer(rgb, np.uint8).reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
