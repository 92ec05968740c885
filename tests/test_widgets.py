"""Every live figure at every corner of its controls; the engine under abuse."""

import io
import itertools
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vitutor import evidence, widgets
from vitutor.errors import ArgumentTypeError, DomainError
from vitutor.models import Decoder, LinearGaussian
from vitutor.widgets import dial, ledger
from vitutor.widgets.engine import Choice, LiveFigure, Slider

FIGURES = {name: getattr(widgets, name)() for name in widgets.__all__}
CORNERS = [
    (name, dict(zip(figure.controls, corner, strict=True)))
    for name, figure in FIGURES.items()
    for corner in itertools.product(*(c.extremes for c in figure.controls.values()))
]


def pixels(png):
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(("name", "corner"), CORNERS, ids=str)
def test_corner(name, corner):
    figure = FIGURES[name]
    figure.set(**corner)
    assert figure.error is None
    assert figure.state == corner
    assert not re.search(r"\bnan\b|\binf\b|None", figure.sentence)
    stays_inside_the_picture(figure, figure._draw, figure.data)


def stays_inside_the_picture(figure, draw, data):
    stage = figure._stage
    box = stage.figure.bbox
    try:
        draw(stage.axes, data)
        for artist in set(stage._artists()) - stage.resting:
            if artist.get_clip_on() and (artist.get_clip_box() or artist.get_clip_path()):
                continue
            extent = artist.get_window_extent()
            assert box.x0 <= extent.x0 <= extent.x1 <= box.x1, artist
            assert box.y0 <= extent.y0 <= extent.y1 <= box.y1, artist
    finally:
        for artist in set(stage._artists()) - stage.resting:
            artist.remove()


@pytest.mark.parametrize("name", FIGURES)
@settings(max_examples=15)
@given(data=st.data())
def test_between_the_corners(name, data):
    figure = FIGURES[name]
    state = {n: data.draw(st.sampled_from(c.values)) for n, c in figure.controls.items()}
    figure.set(**state)
    sentence, frame = figure.sentence, figure._frame
    assert figure.error is None
    assert not re.search(r"\bnan\b|\binf\b|None", sentence)
    figure.set()
    assert (figure.sentence, figure._frame) == (sentence, frame)


@pytest.mark.parametrize("name", FIGURES)
def test_each_control_changes_picture_and_sentence(name):
    figure = getattr(widgets, name)()
    start = dict(figure.state)
    sentence, frame = figure.sentence, figure._frame
    for control in figure.controls.values():
        figure.set(**start)
        figure.set(**{control.name: next(v for v in control.extremes if v != control.start)})
        assert figure.sentence != sentence, control.name
        assert figure._frame != frame, control.name


@pytest.mark.parametrize("name", FIGURES)
def test_controls_are_named_and_ascend(name):
    for control in FIGURES[name].controls.values():
        assert control.label
        if isinstance(control, Slider):
            assert list(control.values) == sorted(set(control.values))
            assert (
                control.start in control.values or np.isclose(control.values, control.start).any()
            )


# The evidence ledger


def test_ledger_knows_the_numbers_of_the_course():
    at_optimum = ledger.compute(1.2, 0.871, 0.317, Decoder.sine())
    assert at_optimum.log_evidence == pytest.approx(-1.004626, abs=5e-7)
    assert at_optimum.elbo == pytest.approx(-1.1269, abs=5e-5)
    assert at_optimum.kl_to_posterior == pytest.approx(0.1223, abs=5e-5)


@given(x=st.floats(-2, 2), q_mean=st.floats(-3, 3), q_scale=st.floats(0.2, 1.5))
def test_ledger_balances(x, q_mean, q_scale):
    book = ledger.compute(x, q_mean, q_scale, Decoder.sine())
    assert abs(book.residual) < 1e-10
    assert book.kl_to_posterior > 0
    closed_form = 0.5 * (q_mean**2 + q_scale**2 - 1) - np.log(q_scale)
    assert book.kl_to_prior == pytest.approx(closed_form, abs=1e-10)


def test_ledger_has_no_gap_where_q_is_the_posterior():
    model = LinearGaussian([[0.8]], [0.1], [[0.3]])
    posterior = model.posterior([[0.7]])
    book = ledger.compute(0.7, posterior.mean.item(), np.sqrt(posterior.cov.item()), model)
    assert book.kl_to_posterior == pytest.approx(0, abs=1e-10)
    assert book.elbo == pytest.approx(model.log_marginal([[0.7]])[0], abs=1e-10)


def test_ledger_residual_compares_two_computations(monkeypatch):
    quadrature = evidence.quadrature

    def wrong(model, x):
        right = quadrature(model, x)
        return type(right).exact(right.value + 0.01)

    monkeypatch.setattr(evidence, "quadrature", wrong)
    assert ledger.compute(1.2, 0.3, 0.5, Decoder.sine()).residual == pytest.approx(0.01)


def test_ledger_says_so_when_it_does_not_balance():
    book = ledger.compute(1.2, 0.3, 0.5, Decoder.sine())
    object.__setattr__(book, "kl_to_posterior", book.kl_to_posterior + 0.01)
    assert "differ by 1.0e-02" in ledger.sentence(book)


def test_ledger_takes_a_learners_model():
    figure = widgets.evidence_ledger(LinearGaussian([[1.0]], [0.0], [[0.25]]))
    assert figure.data.log_evidence == pytest.approx(
        evidence.exact(LinearGaussian([[1.0]], [0.0], [[0.25]]), [[1.2]]).value[0]
    )


# The dimension dial


def test_dial_law_is_the_known_one():
    assert dial.one_plus_chi2(0.5) == pytest.approx(2.599, abs=5e-4)


@pytest.mark.parametrize("noise_scale", [0.2, 0.5, 2.0])
def test_dial_law_is_an_integral(noise_scale):
    model = LinearGaussian([[1.0]], [0.0], [[noise_scale**2]])
    x = np.sqrt([[1 + noise_scale**2]])
    z = np.linspace(-9, 9, 20001)[:, None, None]
    log_square = model.log_prior(z) + 2 * (model.log_likelihood(x, z) - model.log_marginal(x))
    integral = np.exp(log_square).sum() * (z[1, 0, 0] - z[0, 0, 0])
    assert dial.one_plus_chi2(noise_scale) == pytest.approx(integral, rel=1e-10)


def test_dial_law_is_the_variance_of_naive_monte_carlo():
    model = LinearGaussian(np.eye(2), np.zeros(2), np.eye(2))
    x = np.full((4000, 2), np.sqrt(2))
    runs = evidence.naive_monte_carlo(model, x, 500, rng=np.random.default_rng(0))
    square = np.expm1(runs.value - model.log_marginal(x[:1])) ** 2
    se = square.std(ddof=1) / np.sqrt(len(square))
    here = np.searchsorted(dial.LAW_AT, 2)
    law = dial.compute(2, 1.0, 500).law_relative_error[here] ** 2
    assert abs(square.mean() - law) < 5 * se
    assert se < 0.03 * law


def test_dial_ess_follows_the_law_in_one_dimension():
    data = dial.compute(1, 0.5, 10000)
    se = data.runs.ess.std(ddof=1) / np.sqrt(dial.N_RUNS)
    law = data.law_ess[np.searchsorted(dial.LAW_AT, 1)]
    assert law == pytest.approx(3846, abs=5)
    assert abs(data.runs.ess.mean() - law) < 5 * se + 5


def test_dial_marks_the_runs_that_leave_the_picture():
    figure = widgets.dimension_dial()
    drawn = figure._draw

    def markers():
        drawn(figure._stage.axes, figure.data)
        lines = figure._stage.axes[0].lines
        counts = {line.get_marker(): len(line.get_xdata()) for line in lines}
        for artist in set(figure._stage._artists()) - figure._stage.resting:
            artist.remove()
        return counts

    figure.set(dimension=9, noise_scale=0.3, n_draws=1000)
    error = figure.data.error
    seen = markers()
    assert seen["^"] == (error > dial.HIGH).sum() > 0
    assert seen["v"] == (error < dial.LOW).sum() > 0
    assert seen["^"] + seen["v"] + seen["o"] == dial.N_RUNS


# The engine


def make(compute=lambda a, kind: {"a": a, "kind": kind}, draw=None, start=5):
    def layout(figure):
        ax = figure.subplots()
        ax.set(xlim=(0, 10), ylim=(0, 10))
        return ax

    return LiveFigure(
        "A test",
        controls=[
            Slider("a", "number a", range(11), start=start, unit="nats"),
            Choice("kind", "kind of line", ("thick", "thin"), start="thick"),
        ],
        compute=compute,
        layout=layout,
        draw=draw or (lambda ax, data: ax.plot([data["a"]] * 2, [0, 10])),
        sentence=lambda data: f"a is {data['a']} nats, drawn {data['kind']}.",
    )


def test_set_moves_state_data_sentence_and_picture():
    figure = make()
    before = pixels(figure.png())
    figure.set(a=3, kind="thin")
    assert figure.state == {"a": 3, "kind": "thin"}
    assert figure.data == {"a": 3, "kind": "thin"}
    assert figure.sentence == "a is 3 nats, drawn thin."
    assert (pixels(figure.png()) != before).any()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"b": 1}, DomainError),
        ({"a": 11}, DomainError),
        ({"a": -1}, DomainError),
        ({"a": 2.5}, DomainError),
        ({"a": float("nan")}, DomainError),
        ({"a": "3"}, ArgumentTypeError),
        ({"a": True}, ArgumentTypeError),
        ({"kind": "dashed"}, DomainError),
    ],
    ids=str,
)
def test_set_refuses_nonsense(change, error):
    figure = make()
    with pytest.raises(error, match=next(iter(change))):
        figure.set(**change)
    assert figure.state == {"a": 5, "kind": "thick"}


def test_whole_slider_refuses_what_lies_between_its_values():
    widths = Slider("width", "hidden units", (4, 16, 64), start=16)
    assert widths.accept(64.0) == 64
    with pytest.raises(DomainError, match=r"width: got 5; wanted one of \[4, 16, 64\]"):
        widths.accept(5)


def test_real_slider_takes_what_lies_between_its_values():
    assert Slider("m", "mean", np.linspace(0, 1, 11), start=0.5).accept(0.123) == 0.123


def from_the_page(figure, **state):
    message = {"method": "update", "state": state, "buffer_paths": []}
    figure._handle_msg({"content": {"data": message}, "buffers": []})


def test_the_page_is_answered_by_one_message_with_picture_and_sentence(monkeypatch):
    figure, sent = make(), []
    monkeypatch.setattr(figure, "_send", lambda message, buffers=None: sent.append(message))
    from_the_page(figure, state={"a": 2, "kind": "thick"})
    assert figure.sentence == "a is 2 nats, drawn thick."
    updates = [message["state"] for message in sent if message["method"] == "update"]
    assert [sorted(state) for state in updates] == [["_frame", "sentence"]]  # no layout again
    assert not [message for message in sent if message["method"] == "echo_update"]


def test_pixel_ratio_changes_the_pixels_only():
    figure = make()
    height, width, _ = pixels(figure.picture).shape
    still = figure.png()
    from_the_page(figure, pixel_ratio=1)
    assert pixels(figure.picture).shape == (height // 2, width // 2, 3)
    assert figure.png() == still


def test_an_error_is_told_and_the_figure_lives_on():
    model = {"scale": -1.0}

    def compute(a, kind):
        if model["scale"] < 0:
            raise DomainError("scale", got="-1.0", wanted="a number > 0")
        return {"a": a, "kind": kind}

    figure = make(compute)
    assert isinstance(figure.error, DomainError)
    assert figure.sentence.endswith("DomainError: scale: got -1.0; wanted a number > 0.")
    told = figure.png()
    assert (pixels(told) < 128).any()
    model["scale"] = 1.0
    figure.set()
    assert figure.error is None
    assert figure.sentence == "a is 5 nats, drawn thick."
    assert figure.png() != told


def test_a_long_error_is_cut_in_the_picture_only():
    def compute(a, kind):
        raise ValueError("0.1 " * 1000)

    figure = make(compute)
    assert len(figure.sentence) > 4000
    stays_inside_the_picture(figure, figure._stage.write, figure.sentence)


def test_an_error_while_drawing_leaves_nothing_behind():
    broken = [False]

    def draw(ax, data):
        ax.plot([data["a"]] * 2, [0, 10])
        if broken[0]:
            raise ValueError("a formula such as $x^$ is no mathtext")

    figure = make(draw=draw)
    whole = figure.png()
    broken[0] = True
    figure.set()
    assert "no mathtext" in figure.sentence
    broken[0] = False
    figure.set()
    assert figure.png() == whole


def test_every_frame_is_drawn_on_a_clean_stage():
    figure = make(start=5)
    for a in (1, 2, 3):
        figure.set(a=a)
    assert figure.png() == make(start=3).png()
    assert set(figure._stage._artists()) == figure._stage.resting


def test_what_lies_above_is_drawn_last():
    def line_and_cover(ax, first):
        parts = [
            lambda: ax.axvline(5, linewidth=9, zorder=2),
            lambda: ax.axhspan(2, 8, color="white", zorder=3),
        ]
        for part in parts if first == "thick" else reversed(parts):
            part()

    figure = make(draw=lambda ax, data: line_and_cover(ax, data["kind"]))
    line_first = figure.png()
    figure.set(kind="thin")
    assert figure.png() == line_first


def test_limits_stay_though_draw_leaves_them():
    figure = make(draw=lambda ax, data: ax.plot([0, 100 * data["a"]], [0, 10]))
    assert figure._stage.axes.get_xlim() == (0, 10)
    figure = LiveFigure(
        "No limits set",
        controls=[Slider("a", "number a", range(11), start=5)],
        compute=lambda a: a,
        layout=lambda figure: figure.subplots(),
        draw=lambda ax, a: ax.plot([0, a], [0, a]),
        sentence=str,
    )
    assert figure._stage.axes.get_xlim() == (0, 1)


def test_draw_may_move_limits_and_title():
    def draw(ax, data):
        ax.set_xlim(0, 10 + data["a"])
        ax.set_title(f"a = {data['a']}", loc="left")

    figure = make(draw=draw)
    at_five = figure.png()
    figure.set(a=6)
    assert figure.png() != at_five
    figure.set(a=5)
    assert figure.png() == at_five


def test_two_threads_leave_picture_and_sentence_of_the_last_state():
    begun = threading.Event()

    def compute(a, kind):
        if a == 1:
            begun.set()
            time.sleep(0.2)
        return {"a": a, "kind": kind}

    figure = make(compute)
    slow = threading.Thread(
        target=from_the_page, args=(figure,), kwargs={"state": {"a": 1, "kind": "thick"}}
    )
    slow.start()
    begun.wait()
    from_the_page(figure, state={"a": 2, "kind": "thick"})
    slow.join()
    assert figure.state["a"] == 2
    assert figure.sentence == "a is 2 nats, drawn thick."
    assert figure.png() == make(start=2).png()


def test_a_page_without_a_kernel_gets_picture_and_sentence():
    figure = make()
    data, _ = figure._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == figure.sentence
    assert f'alt="{figure.sentence}"' in data["text/html"]
    assert f"<p>{figure.sentence}</p>" in data["text/html"]


def put_together(figure):
    """What the page makes of the layout's picture and a frame's tiles."""
    whole, carried = pixels(figure.picture).copy(), pixels(figure._frame["png"])
    side, columns = 32, -(-whole.shape[1] // 32)
    for k, tile in enumerate(figure._frame["tiles"]):
        (i, j), (u, v) = divmod(tile, columns), divmod(k, 32)
        place = whole[i * side :, j * side :][:side, :side]
        place[:] = carried[u * side :, v * side :][: place.shape[0], : place.shape[1]]
    return whole


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("pixel_ratio", [1, 1.37, 2])
def test_layout_and_tiles_make_the_canvas(name, pixel_ratio):
    figure = FIGURES[name]
    from_the_page(figure, pixel_ratio=pixel_ratio)
    canvas = np.asarray(figure._stage.canvas.buffer_rgba())[..., :3]
    assert (put_together(figure) == canvas).all()
    assert (pixels(figure.picture) != canvas).any()


def test_a_frame_of_the_bare_layout_is_a_picture_too():
    figure = make(draw=lambda ax, data: None)
    assert figure._frame["tiles"] == [0]
    assert (put_together(figure) == pixels(figure.picture)).all()


def test_the_guide_of_contributing_works():
    guide = Path(__file__).parent.parent.joinpath("CONTRIBUTING.md").read_text()
    code = re.search(r"```python\n(.*?import LiveFigure.*?)```", guide, re.DOTALL).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    namespace = {}
    exec(code, namespace)
    figure = namespace["shifted_q"]()
    figure.set(mean=2)
    assert figure.sentence == "q = N(2.00, 1): KL(q‖posterior) is 2.00 nats."
