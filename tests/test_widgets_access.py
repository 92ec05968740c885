"""The live figures for every eye: their text can be read, and no line is told by colour alone."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.text import Text
from test_plotting import EYES, linear, oklab

from vitutor import widgets
from vitutor.widgets.engine import LiveFigure, Slider


def drawn(figure):
    """Draw the figure's frame and keep it: return its stage."""
    figure._draw(figure._stage.axes, figure.data)
    return figure._stage


def on_white(color, alpha):
    *rgb, own = to_rgba(color)
    share = own if alpha is None else alpha
    return share * np.array(rgb) + 1 - share


def contrast(rgb):
    return 1.05 / (linear(rgb) @ [0.2126, 0.7152, 0.0722] + 0.05)


def texts(stage):
    """Yield what is written, with its colour on white: text, and letters drawn as outlines."""
    for text in stage.figure.findobj(Text):
        if text.get_text().strip() and text.get_visible():
            yield text.get_text(), on_white(text.get_color(), text.get_alpha())
    for artist in stage.figure.artists:
        if isinstance(artist, PathPatch):
            yield "a label", on_white(artist.get_facecolor(), artist.get_alpha())


def lines(ax):
    for artist in ax.get_children():
        if isinstance(artist, Line2D) and artist.get_linestyle() != "None":
            if len(artist.get_xdata()) > 2:
                yield artist


def look(line):
    return line._unscaled_dash_pattern, line.get_linewidth(), line.get_marker()


def told_apart(one, other):
    """By dashes, width or marks; or light beside dark, for every eye."""
    if look(one) != look(other) or to_rgb(one.get_color()) == to_rgb(other.get_color()):
        return True
    return all(
        abs(oklab(eye @ linear(one.get_color()))[0] - oklab(eye @ linear(other.get_color()))[0])
        > 0.15
        for eye in map(np.array, EYES.values())
    )


def check(figure):
    stage = drawn(figure)
    faint = {(text, round(contrast(rgb), 2)) for text, rgb in texts(stage) if contrast(rgb) < 4.5}
    assert not faint
    for ax in stage.figure.axes:
        for one, other in itertools.combinations(lines(ax), 2):
            assert told_apart(one, other), (one.get_color(), other.get_color(), ax.get_ylabel())


@pytest.mark.parametrize("name", widgets.__all__)
def test_text_can_be_read_and_lines_told_apart(name):
    check(getattr(widgets, name)())


def figure_of(draw):
    return LiveFigure(
        "A test",
        controls=[Slider("a", "number a", range(11), start=5)],
        compute=lambda a: a,
        layout=lambda figure: figure.subplots(),
        draw=draw,
        sentence=str,
    )


X = [0, 0.5, 1]


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax, a: ax.text(0, 0, "faint", color="#888888"),
        lambda ax, a: ax.text(0, 0, "faint", alpha=0.4),
        lambda ax, a: (ax.plot(X, X, color="#BB540C"), ax.plot(X, X, color="#2771E0")),
    ],
)
def test_what_cannot_be_seen_is_found(draw):
    with pytest.raises(AssertionError):
        check(figure_of(draw))


def test_dashes_tell_two_lines_apart():
    check(figure_of(lambda ax, a: (ax.plot(X, X, "r"), ax.plot(X, X, "b--"))))
