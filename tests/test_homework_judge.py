"""The judge believes nothing but numbers: not a claim, not an object, not a message."""

import os
import socket
import struct
import threading

import numpy as np
import pytest
from homework_class import TINY

from homework import inside
from homework.course import Course
from homework.inside import codec
from homework.judge import Judge
from vitutor import Estimate
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.models import Decoder, GaussianMixture, LinearGaussian

COURSE = Course(TINY, TINY / "checks")


def through(value):
    """What arrives of a value at the other end of a socket."""
    here, there = socket.socketpair()
    with here, there:
        thread = threading.Thread(target=codec.send, args=(here, value))
        thread.start()
        arrived = codec.receive(there)
        thread.join()
    return arrived


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -0.5,
        float("inf"),
        "text ✓",
        ...,
        [1, [2.0, "x"]],
        (1, (2, 3)),
        {"a": (1, 2), "array": [3]},
    ],
    ids=str,
)
def test_plain_values_arrive(value):
    arrived = through(value)
    assert arrived == value
    assert type(arrived) is type(value)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u1", "?", ">f8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_arrays_arrive(dtype, shape):
    array = np.random.default_rng(0).normal(size=shape).astype(dtype)
    arrived = through(array)
    assert arrived.dtype == array.dtype
    assert arrived.shape == array.shape
    assert (arrived == array).all()
    assert (through(np.asarray(array).T) == array.T).all()


def test_a_generator_arrives_and_goes_on_where_it_was():
    rng = np.random.default_rng(7)
    rng.normal(size=3)
    assert through(rng).normal() == rng.normal()


@pytest.mark.parametrize(
    "thing",
    [
        LinearGaussian(np.eye(2), np.zeros(2), np.eye(2)),
        GaussianMixture(np.log([0.5, 0.5]), np.zeros((2, 1)), np.ones((2, 1, 1))),
        MeanFieldGaussian(np.zeros((3, 2)), np.ones((3, 2))),
        FullRankGaussian(np.zeros((1, 2)), np.eye(2)[None]),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_models_and_families_are_made_again(thing):
    arrived = through(thing)
    assert type(arrived) is type(thing)
    assert all(np.array_equal(a, vars(thing)[name]) for name, a in vars(arrived).items())


def test_the_sine_an_estimate_and_a_tensor_arrive():
    torch = pytest.importorskip("torch")
    sine = through(Decoder.sine(amplitude=2.0, noise_scale=0.7))
    assert (sine.params[0], sine.noise_scale) == (2.0, 0.7)
    assert through(Estimate.exact(3.0)).value == 3.0
    tensor = torch.arange(3.0, requires_grad=True)
    assert torch.equal(through(tensor), tensor.detach())


class Liar:
    """Equal to everything, and close to it."""

    def __eq__(self, other):
        return True

    __hash__ = None
    __lt__ = __le__ = __gt__ = __ge__ = __eq__

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("there is nothing here")

    def __float__(self):
        return 0.5


@pytest.mark.parametrize("thing", [Liar(), np.array([None]), object, {1: 2}, 1j, np.array("a")])
def test_other_things_arrive_as_their_names_only(thing):
    assert type(through(thing)) is codec.Other


@pytest.mark.parametrize(
    "data",
    [
        b"not JSON",
        b"[" * 100_000,
        b"{}",
        b'{"array": "", "dtype": "O", "shape": []}',
        b'{"array": "", "dtype": "f8", "shape": [9]}',
        b'{"array": "AAAA", "dtype": "f8", "shape": [0]}',
        b'{"array": "AAAA", "dtype": "S1", "shape": [3]}',
        b'{"object": "os.system", "fields": {"dict": []}}',
        b'{"object": "Estimate", "fields": {"dict": [["value", "x"], ["std_error", 1]]}}',
        b'{"rng": {"bit_generator": "PCG64"}}',
    ],
)
def test_nonsense_is_a_value_error(data):
    here, there = socket.socketpair()
    with here, there:
        here.sendall(struct.pack(">Q", len(data)) + data)
        with pytest.raises(ValueError, match="not a message"):
            codec.receive(there)


def test_too_much_is_not_read():
    here, there = socket.socketpair()
    with here, there:
        here.sendall(struct.pack(">Q", 2**40))
        with pytest.raises(codec.TooLarge):
            codec.receive(there)
        with pytest.raises(codec.TooLarge):
            codec.send(here, np.zeros(2**23))


@pytest.fixture
def judge(tmp_path, monkeypatch):
    monkeypatch.setenv("VITUTOR_JUDGE", str(tmp_path / "judge"))
    judging = COURSE.judging("tiny", 2026)
    with Judge(tmp_path / "judge", "tiny", judging, 2026, "secret", seconds=20) as judge:
        yield judge


def rulings(judge, part, answer):
    inside.Homework("tiny", variant=1).check(part, answer)
    return judge.rulings[part]


RATE = COURSE.judging("tiny", 2026)[0].rate


def solution(x):
    return np.log(RATE) - RATE * x


def test_the_constants_come_from_the_judge(judge):
    hw = inside.Homework("tiny", variant=1999)
    assert (hw.variant, hw.rate, hw.constants["rate"]) == (2026, RATE, RATE)
    assert hw.start.shape == (3,)
    with pytest.raises(AttributeError, match="no constant speed; there are rate, start"):
        _ = hw.speed


def test_a_right_answer_is_right(judge):
    assert rulings(judge, "1.1", solution).right
    assert rulings(judge, "1.2", lambda n_draws, rng: rng.exponential(1 / RATE, n_draws)).right
    assert rulings(judge, "1.3", "a").right


@pytest.mark.parametrize(
    ("part", "answer", "says"),
    [
        ("1.1", lambda x: -RATE * x, "normalising constant"),
        ("1.1", lambda x: 0 * x, "Take the logarithm"),
        ("1.1", lambda x: 1 / 0, "ZeroDivisionError: division by zero"),
        ("1.1", lambda x: solution(x).astype(np.float32), "compute it in `float64`"),
        ("1.1", lambda x: Liar(), "real numbers"),
        ("1.1", lambda x: [Liar()] * 4, "real numbers"),
        ("1.1", lambda x: np.zeros(2**23), "It returns 85 MB"),
        ("1.1", Liar(), "Pass the function itself"),
        ("1.2", lambda n_draws, rng: rng.exponential(RATE, n_draws), "scale"),
        ("1.3", "b", "log 2"),
        ("1.3", Liar(), "Answer with one of"),
        ("1.3", ..., "No answer"),
    ],
)
def test_a_wrong_answer_is_wrong_and_is_told_why(judge, part, answer, says):
    ruling = rulings(judge, part, answer)
    assert not ruling.right
    assert says in ruling.says


def test_what_is_right_on_visible_cases_only_is_wrong_and_hidden_words_stay_hidden(judge):
    def short(x):
        return solution(x) if x.shape == (4,) else 0 * x

    ruling = rulings(judge, "1.1", short)
    assert not ruling.right
    assert "harder cases" in ruling.says
    assert "SECRET" not in ruling.says


def test_the_reply_does_not_tell_right_from_wrong(judge):
    hw = inside.Homework("tiny", variant=1)
    replies = [hw.check("1.3", letter) for letter in "abc"]
    assert {(reply.right, reply.says) for reply in replies} == {(None, "Recorded.")}
    assert not judge.rulings["1.3"].right  # the last one counts


def test_the_number_of_calls_does_not_tell_either(judge):
    calls = {}
    for name, answer in {"right": solution, "wrong": lambda x: 0 * x}.items():
        asked = calls.setdefault(name, [])
        rulings(judge, "1.1", lambda x, f=answer, asked=asked: asked.append(x) or f(x))
    assert len(calls["right"]) == len(calls["wrong"])


def test_changed_arguments_change_nothing(judge):
    def spoil(x):
        value = solution(x)
        x[...] = 0
        return value

    assert rulings(judge, "1.1", spoil).right


def test_cases_are_the_same_each_time_and_unknown_without_the_secret(tmp_path, monkeypatch):
    seen = []
    for secret in ("one", "one", "two"):
        path = tmp_path / str(len(seen))
        monkeypatch.setenv("VITUTOR_JUDGE", str(path))
        asked = []
        with Judge(path, "tiny", COURSE.judging("tiny", 2026), 2026, secret, 5):
            hw = inside.Homework("tiny", variant=1)
            hw.check("1.1", lambda x, asked=asked: asked.append(x.tolist()) or x)
        seen.append(asked)
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[2][0]


def talk(*messages):
    """A client of a student's own making: says what it wants, and reads what it gets."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(os.environ["VITUTOR_JUDGE"])
        for message in messages:
            codec.send(sock, message)
            codec.receive(sock)


@pytest.mark.parametrize(
    "claim",
    [
        {"returned": True, "right": True, "says": "Right.", "points": 40},
        {"says": "Recorded.", "right": True},
        {"verdict": "right"},
        ["right"],
        "right",
        {"raised": ["KeyboardInterrupt", ""]},
        {"raised": "x"},
        {"returned": [float("nan")] * 4},
    ],
    ids=str,
)
def test_a_claim_is_no_answer(judge, claim):
    try:
        talk({"part": "1.1", "function": True}, *[claim] * 20)
    except ConnectionError:
        pass
    inside.Homework("tiny", variant=1)  # the judge has come to the end of it
    assert not judge.rulings["1.1"].right


def test_the_judge_outlives_nonsense_and_silence(judge):
    for data in (b"", b"\x00", b"\xff" * 100, struct.pack(">Q", 4) + b"null"):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(os.environ["VITUTOR_JUDGE"])
            sock.sendall(data)
    for message in ([], "x", {"part": ["1.1"], "value": 1}, {"part": "9.9", "value": 1}):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(os.environ["VITUTOR_JUDGE"])
            codec.send(sock, message)
    assert rulings(judge, "1.3", "a").right
    assert set(judge.rulings) == {"1.3"}


def test_who_leaves_in_the_middle_gets_nothing(judge):
    assert rulings(judge, "1.1", solution).right
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(os.environ["VITUTOR_JUDGE"])
        codec.send(sock, {"part": "1.1", "function": True})
        codec.receive(sock)
    inside.Homework("tiny", variant=1)
    assert judge.rulings["1.1"].right is False
    assert "did not finish" in judge.rulings["1.1"].says
