"""Live figures for pages without a kernel: many states, drawn beforehand, as paths and sentences.

A state's picture is what `draw` put over the layout, kept as vector paths. A path is split into
its contours, and each contour is stored once, relative to where it begins: a letter, a curve that
another state has too, cost a few bytes. What comes out is JSON, compressed, in a script that the
page loads when the figure comes near; the page draws SVG from it (frames.js).

Not pictures: one state of the ledger is 13 kB as a PNG of 64 colours and blurs when enlarged, where
its paths take 0.2 kB on average. Nor the same mathematics a second time in JavaScript: that would
have to be written, and held equal to Python's, for each figure.
"""

import base64
import gzip
import io
import itertools
import json
import math

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from PIL import Image

DPI = 100
UNIT = 10  # to a pixel
SEGMENTS = {Path.LINETO: ("l", 1), Path.CURVE3: ("q", 2), Path.CURVE4: ("c", 3)}


class Pool:
    """Distinct things, numbered in the order in which they came up."""

    def __init__(self):
        self.numbers = {}

    def __call__(self, thing):
        return self.numbers.setdefault(thing, len(self.numbers))


class Recorder(RendererBase):
    """Instead of drawing, notes what is drawn: [style, x, y, contour, x, y, contour, ...]."""

    def __init__(self, width, height):
        super().__init__()
        self.width, self.height = width, height
        self.styles, self.contours, self.defs, self.images = Pool(), Pool(), Pool(), Pool()
        self.items = []

    def take(self):
        items, self.items = self.items, []
        return items

    def get_canvas_width_height(self):
        return self.width, self.height

    def points_to_pixels(self, points):
        return points * DPI / 72

    def draw_path(self, gc, path, transform, rgbFace=None):
        to_page = transform + Affine2D().scale(UNIT, -UNIT).translate(0, UNIT * self.height)
        filled = rgbFace is not None
        path = path.cleaned(
            to_page,
            remove_nans=True,
            # A line far outside is cut; a filled shape must keep its corners.
            clip=None if filled else (0, 0, UNIT * self.width, UNIT * self.height),
            simplify=path.should_simplify and not filled,
            curves=True,
        )
        places = []
        for vertices, codes in _contours(path):
            x, y = np.rint(vertices[0])
            places += [int(x), int(y), self._contour(vertices, codes)]
        if places:
            self.items.append([self.styles(self._style(gc, rgbFace)), *places])
            if filled and gc.get_hatch():
                hatched = f'fill="url(#{self._hatch(gc)})"{self._clipped(gc)}'
                self.items.append([self.styles(hatched), *places])

    def draw_markers(self, gc, marker_path, marker_trans, path, trans, rgbFace=None):
        flip = Affine2D().scale(UNIT, -UNIT)
        marker = list(_contours(marker_path.cleaned(marker_trans + flip, curves=True)))
        style = self.styles(self._style(gc, rgbFace))
        # Each an item of its own: faint dots add up where they lie on each other.
        for at, _ in path.iter_segments(trans + flip.translate(0, UNIT * self.height)):
            item = [style]
            for vertices, codes in marker:
                x, y = np.rint(vertices[0] + at[-2:])
                item += [int(x), int(y), self._contour(vertices, codes)]
            self.items.append(item)

    def draw_image(self, gc, x, y, im, transform=None):
        height, width = (UNIT * side for side in im.shape[:2])
        left, top = UNIT * x, UNIT * (self.height - y) - height
        image = self.images((im.shape, np.ascontiguousarray(im[::-1]).tobytes()))
        self.items.append([-1, round(left), round(top), image, width, height])

    def pictures(self):
        for shape, pixels in self.images.numbers:
            stream = io.BytesIO()
            Image.fromarray(np.frombuffer(pixels, np.uint8).reshape(shape)).save(stream, "png")
            yield base64.b64encode(stream.getvalue()).decode()

    def _contour(self, vertices, codes):
        points = np.rint(vertices - vertices[0]).astype(np.int32)
        return self.contours((points.tobytes(), codes.tobytes()))

    def shapes(self):
        for points, codes in self.contours.numbers:
            points = np.frombuffer(points, np.int32).reshape(-1, 2)
            yield _commands(points, np.frombuffer(codes, np.uint8))

    def _style(self, gc, face):
        """The attributes of an SVG path."""
        look = {"fill": "none" if face is None else _hex(face)}
        if gc.get_forced_alpha():
            look["opacity"] = f"{gc.get_alpha():.3g}"
        elif face is not None and face[3:] and face[3] < 1:
            look["fill-opacity"] = f"{face[3]:.3g}"
        if gc.get_linewidth() and gc.get_rgb()[3]:
            look["stroke"] = _hex(gc.get_rgb())
            look["stroke-width"] = self._length(gc.get_linewidth())
            if gc.get_capstyle() != "butt":
                look["stroke-linecap"] = gc.get_capstyle().replace("projecting", "square")
            if gc.get_joinstyle() != "miter":
                look["stroke-linejoin"] = gc.get_joinstyle()
            offset, dashes = gc.get_dashes()
            if dashes is not None:
                look["stroke-dasharray"] = " ".join(map(self._length, dashes))
                look["stroke-dashoffset"] = self._length(offset)
        return " ".join(f'{name}="{value}"' for name, value in look.items()) + self._clipped(gc)

    def _length(self, points):
        return f"{UNIT * self.points_to_pixels(points):.4g}"

    def _clipped(self, gc):
        box = gc.get_clip_rectangle()
        if not box:
            return ""
        x, y = UNIT * box.x0, UNIT * (self.height - box.y1)
        size = f'width="{UNIT * box.width:.0f}" height="{UNIT * box.height:.0f}"'
        name = self._define("clipPath", "", f'<rect x="{x:.0f}" y="{y:.0f}" {size}/>')
        return f' clip-path="url(#{name})"'

    def _hatch(self, gc):
        side = UNIT * DPI  # as in matplotlib, a tile is an inch wide
        tile = gc.get_hatch_path().transformed(Affine2D().scale(side, -side).translate(0, side))
        lines = "".join(
            f"M{x:.0f} {y:.0f}L{u:.0f} {v:.0f}"
            for (x, y), (u, v) in tile.vertices.reshape(-1, 2, 2)
        )
        stroke = f'stroke="{_hex(gc.get_hatch_color())}"'
        width = f'stroke-width="{self._length(gc.get_hatch_linewidth())}"'
        size = f'patternUnits="userSpaceOnUse" width="{side}" height="{side}"'
        return self._define("pattern", size, f'<path d="{lines}" fill="none" {stroke} {width}/>')

    def _define(self, kind, attributes, content):
        return f"d{self.defs((kind, attributes, content))}"

    def definitions(self):
        return "".join(
            f'<{kind} id="d{i}" {attributes}>{content}</{kind}>'
            for (kind, attributes, content), i in self.defs.numbers.items()
        )


def _hex(color):
    return "#" + "".join(f"{round(255 * part):02x}" for part in color[:3])


def _contours(path):
    """Cut a cleaned path before each MOVETO."""
    codes = path.codes
    end = np.flatnonzero(codes == Path.STOP)
    codes = codes[: end[0]] if len(end) else codes
    starts = [*np.flatnonzero(codes == Path.MOVETO), len(codes)]
    for start, stop in itertools.pairwise(starts):
        yield path.vertices[start:stop], codes[start:stop]


def _commands(points, codes):
    """One contour as SVG commands, in whole units from its first point."""
    here, i, last, text = points[0], 1, "", []
    while i < len(codes):
        if codes[i] == Path.CLOSEPOLY:
            text.append("z")
            break
        letter, n = SEGMENTS[codes[i]]
        steps = " ".join(str(step) for step in (points[i : i + n] - here).ravel())
        text.append((" " if letter == last else letter) + steps)
        here, i, last = points[i + n - 1], i + n, letter
    return "".join(text).replace(" -", "-")


def thinned(controls, budget):
    """Of each control choose values as evenly as the budget allows, its start among them."""
    words = {name for name, control in controls.items() if isinstance(control.values[0], str)}
    counts = {name: len(controls[name].values) if name in words else 1 for name in controls}
    growing = set(controls) - words
    while growing:
        name = min(growing, key=lambda name: (counts[name], name))
        counts[name] += 1
        if math.prod(counts.values()) > budget:
            counts[name] -= 1
            growing.remove(name)
        elif counts[name] == len(controls[name].values):
            growing.remove(name)
    return {name: _pick(control, counts[name]) for name, control in controls.items()}


def _pick(control, n):
    values = control.values
    if n == len(values):
        return list(values)
    start = int(np.argmin(np.abs(np.subtract(values, control.start))))
    chosen = np.rint(np.linspace(0, len(values) - 1, n)).astype(int)
    chosen[np.argmin(np.abs(chosen - start))] = start
    return [values[i] for i in chosen]


def record(figure, budget):
    """Return what the page needs to show `figure` in about `budget` of its states."""
    stage, recorder = figure._stage, Recorder(*figure._pixels)
    stage.figure.set_dpi(DPI)
    stage.figure.draw(recorder)
    background = recorder.take()
    values = thinned(figure.controls, budget)
    frames, sentences = [], []
    for state in itertools.product(*values.values()):
        data = figure._compute(**dict(zip(values, state, strict=True)))
        frames.append(_frame(stage, figure._draw, data, recorder))
        sentences.append(figure._say(data))
    controls = [
        control.spec() | {"values": values[name]} for name, control in figure.controls.items()
    ]
    return {
        "title": figure.title,
        "controls": controls,
        "start": {name: control.start for name, control in figure.controls.items()},
        "pixels": figure._pixels,
        "styles": list(recorder.styles.numbers),
        "contours": list(recorder.shapes()),
        "images": list(recorder.pictures()),
        "definitions": recorder.definitions(),
        "background": background,
        "frames": frames,
        "sentences": sentences,
    }


def _frame(stage, draw, data, recorder):
    try:
        draw(stage.axes, data)
        moving = [artist for artist in stage._artists() if artist not in stage.resting]
        for artist in sorted(moving, key=lambda artist: artist.get_zorder()):
            artist.draw(recorder)
        return recorder.take()
    finally:
        for artist in set(stage._artists()) - stage.resting:
            artist.remove()


def write(name, figure, budget, folder):
    """Write the figure's states as the script NAME.js."""
    content = json.dumps(record(figure, budget), ensure_ascii=False, separators=(",", ":"))
    packed = base64.b64encode(gzip.compress(content.encode(), 9, mtime=0)).decode()
    (folder / f"{name}.js").write_text(f'vitutorFrames.{name} = "{packed}";\n', encoding="utf-8")
