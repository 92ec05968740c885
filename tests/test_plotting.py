"""The course's colours can be told apart by everybody, and its pictures can be read aloud."""

import io
import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from vitutor import plotting

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
EYES = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(color):
    rgb = np.array(matplotlib.colors.to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    """Ottosson 2020: equal distances look about equally different."""
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return to_lab @ np.cbrt(to_lms @ np.clip(rgb, 0, 1))


@pytest.mark.parametrize("role", plotting.ROLES, ids=lambda role: role.name)
def test_text_in_a_roles_colour_can_be_read_on_white(role):
    luminance = linear(role.color) @ [0.2126, 0.7152, 0.0722]
    assert 1.05 / (luminance + 0.05) >= 4.5


@pytest.mark.parametrize("eye", EYES)
def test_no_two_roles_look_alike(eye):
    seen = {role.name: oklab(EYES[eye] @ linear(role.color)) for role in plotting.ROLES}
    for a, b in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 0.1, f"{a} and {b}"


def test_densities_differ_in_more_than_colour():
    drawn_together = (plotting.PRIOR, plotting.LIKELIHOOD, plotting.POSTERIOR, plotting.Q)
    assert len({role.linestyle for role in drawn_together}) == 4


def test_figure_leaves_the_readers_settings_alone():
    before = dict(matplotlib.rcParams)
    figure, ax = plotting.figure()
    plotting.png(figure)
    assert dict(matplotlib.rcParams) == before
    assert not ax.spines["top"].get_visible()


def axes(**limits):
    _, ax = plotting.figure()
    ax.set(**{"xlim": (-4, 4), "ylim": (0, 1)} | limits)
    return ax


@pytest.mark.parametrize("text", ["−6.224", "p(z | x)", "20 of 20 below, down to −402", " 1e-14"])
@pytest.mark.parametrize("ha", ["left", "center", "right"])
def test_label_stands_where_matplotlibs_text_stands(text, ha):
    ax = axes()
    wanted = ax.text(1, 0.5, text, ha=ha, va="baseline").get_window_extent()
    plotting.label(ax, 1, 0.5, text, ha=ha, va="bottom")
    got = ax.figure.artists[0].get_window_extent()
    blank = text.startswith(" ") * wanted.width / len(text)
    kerning = 4 + 0.02 * wanted.width  # pixels
    assert got.x0 == pytest.approx(wanted.x0 + blank, abs=kerning)
    assert got.x1 == pytest.approx(wanted.x1, abs=kerning)
    assert got.y1 < wanted.y1 + 1
    assert got.y0 > wanted.y0 - 1


def test_label_keeps_its_size_in_points_when_the_resolution_changes():
    ax = axes()
    plotting.label(ax, 0, 0.5, "ELBO")
    (patch,) = ax.figure.artists
    large = patch.get_window_extent().height
    ax.figure.set_dpi(100)
    assert patch.get_window_extent().height == pytest.approx(large / 2)


@pytest.mark.parametrize(
    ("start", "end", "arrows"), [(-3, 3, 0), (-5, 0, 1), (0, 5, 1), (-9, -5, 1), (-5, 5, 2)]
)
def test_bar_marks_what_it_cuts(start, end, arrows):
    ax = plotting.bar(axes(), 0.5, start, end, plotting.GAP)
    assert len(ax.lines) == arrows


@pytest.mark.parametrize("flank", ["left", "right"])
def test_density_is_named_on_the_asked_flank(flank):
    z = np.linspace(-4, 4, 401)
    ax = plotting.density(axes(), z, np.exp(-0.5 * z**2), plotting.Q, flank=flank)
    (name,) = ax.figure.artists
    extent = name.get_window_extent().transformed(ax.transData.inverted())
    assert (extent.x1 < -1) if flank == "left" else (extent.x0 > 1)


@pytest.mark.parametrize(("flank", "mean"), [("left", -3.5), ("right", 3.5)])
def test_name_of_a_density_at_the_edge_stays_inside(flank, mean):
    z = np.linspace(-4, 4, 401)
    ax = plotting.density(axes(), z, np.exp(-0.5 * (z - mean) ** 2), plotting.Q, flank=flank)
    (name,) = ax.figure.artists
    extent = name.get_window_extent().transformed(ax.transData.inverted())
    assert -4 < extent.x0 < extent.x1 < 4


def test_density_writes_the_peak_that_it_cuts():
    z = np.linspace(-4, 4, 401)
    whole = plotting.density(axes(ylim=(0, 3)), z, 2 * np.exp(-0.5 * z**2), plotting.Q)
    cut = plotting.density(axes(ylim=(0, 1)), z, 2 * np.exp(-0.5 * z**2), plotting.Q)
    assert (len(whole.figure.artists), len(cut.figure.artists)) == (0, 1)


def test_band_lies_between_its_curves():
    x = np.array([0.0, 1.0, 2.0])
    ax = plotting.band(axes(), x, x - 1, x + 1, plotting.TRUTH)
    shade = ax.patches[0].get_path()
    assert shade.contains_point((1, 1.9))
    assert not shade.contains_point((1, 2.1))


def test_shown_picture_has_an_alt_attribute_and_a_text():
    figure, _ = plotting.figure(height=2.0)
    data, metadata = plotting.show(figure, alt='p "rises" & q < p')._repr_mimebundle_()
    assert 'alt="p &quot;rises&quot; &amp; q &lt; p"' in data["text/html"]
    assert data["text/plain"] == 'p "rises" & q < p'
    assert metadata["image/png"] == {"width": 740, "height": 200, "alt": 'p "rises" & q < p'}


def test_same_figure_same_bytes():
    first, second = (plotting.png(plotting.figure()[0]) for _ in range(2))
    assert first == second


def test_picture_is_sharp_on_a_dense_screen():
    picture = plotting.show(Figure((3, 2)), alt="Nothing.")
    assert (picture.width, picture.height) == (300, 200)
    with Image.open(io.BytesIO(picture.png)) as image:
        assert image.size == (600, 400)


def test_number_has_a_true_minus():
    assert plotting.number(-1234.5, 1) == "−1,234.5"
