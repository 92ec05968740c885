"""Bets are kept and scored; questions name the misunderstanding behind a wrong answer."""

import json
import pkgutil
from importlib import import_module

import numpy as np
import pytest
from scipy.stats import norm

from vitutor import checks
from vitutor.checks import lessons
from vitutor.errors import ArgumentTypeError, DomainError
from vitutor.estimate import Estimate

LESSONS = [
    import_module(f"vitutor.checks.lessons.{module.name}")
    for module in pkgutil.iter_modules(lessons.__path__)
]
QUESTIONS = {key: question for lesson in LESSONS for key, question in lesson.QUESTIONS.items()}
BETS = {key: bet for lesson in LESSONS for key, bet in lesson.BETS.items()}
NUMBERS = {k: q for k, q in QUESTIONS.items() if isinstance(q, checks.Number)}
FUNCTIONS = {k: q for k, q in QUESTIONS.items() if isinstance(q, checks.Function)}


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("VITUTOR_STORE", str(tmp_path))
    return checks.Store()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.__name__[-2:])
def test_every_lesson_has_a_bet_and_three_questions(lesson):
    number = lesson.__name__[-2:]
    assert len(lesson.BETS) >= 1
    assert list(lesson.QUESTIONS)[:3] == [f"{number}.{i}" for i in (1, 2, 3)]
    assert all(key == bet.key and key.startswith(f"{number}.") for key, bet in lesson.BETS.items())


@pytest.mark.parametrize("key", QUESTIONS)
def test_a_question_is_shown_until_it_is_answered(key):
    verdict = checks.check(key, ...)
    assert verdict.right is None and QUESTIONS[key].prompt in str(verdict)


@pytest.mark.parametrize("key", NUMBERS)
def test_a_number_and_each_of_its_mistakes_are_told_apart(key):
    question = NUMBERS[key]
    assert checks.check(key, question.truth).right is True
    assert checks.check(key, Estimate.exact([question.truth])).right is True
    for mistake in question.mistakes:
        verdict = checks.check(key, mistake.answer)
        assert verdict.right is False and mistake.says in str(verdict)
    largest = max(
        abs(answer) for answer in (question.truth, *(m.answer for m in question.mistakes))
    )
    nothing_like_it = checks.check(key, 1.37 * largest + 0.7183)
    assert nothing_like_it.right is False and question.hint in str(nothing_like_it)


@pytest.mark.parametrize("key", FUNCTIONS)
def test_a_function_and_each_of_its_mistakes_are_told_apart(key):
    question = FUNCTIONS[key]
    assert checks.check(key, question.truth).right is True
    for mistake in question.mistakes:
        verdict = checks.check(key, mistake.answer)
        assert verdict.right is False and mistake.says in str(verdict)


@pytest.mark.parametrize("key", [k for k, q in QUESTIONS.items() if isinstance(q, checks.Choice)])
def test_a_choice_answers_each_option_in_its_own_words(key):
    question = QUESTIONS[key]
    replies = [reply for _, reply in question.options.values()]
    assert len(set(replies)) == len(replies)
    for letter, (_, reply) in question.options.items():
        verdict = checks.check(key, letter)
        assert verdict.right is (letter == question.right) and reply in str(verdict)
    assert checks.check(key, 3).right is False


def test_other_right_ways_to_mend_a_patient_are_recognised():
    """As a learner writes them, by scipy's densities and a formula, not by the checks' own."""

    def score_function(mean, scale, eps, log_joint):
        z = mean + scale * eps
        f = log_joint(z) - norm.logpdf(z, mean, scale)
        return (f * (z - mean)).mean() / scale**2

    def closed_form(log_joint, q, z):
        kl = -np.log(q.scale) - 0.5 + 0.5 * (q.mean**2 + q.scale**2)
        return (log_joint(z) - norm.logpdf(z[:, :, 0])).mean(axis=0) - kl[:, 0]

    assert "the score function" in str(checks.check("13.10", score_function))
    assert "the KL in closed form" in str(checks.check("13.9", closed_form))


class Liar:
    """Equal to everything, near everything, and no number."""

    __eq__ = __le__ = __ge__ = lambda self, other: True
    __hash__ = object.__hash__
    __sub__ = __rsub__ = __abs__ = lambda self, *other: self


@pytest.mark.parametrize(
    "answer", [Liar(), "0.5", None, np.nan, [1.0, 2.0], 1j, [[1], [2, 3]], np.array(Liar())]
)
def test_what_is_no_number_is_never_right(answer):
    number = checks.Number("", 0.5, 0.1, "", (), "hint")
    assert number.judge(answer).right is False
    function = checks.Function("", lambda a: a, lambda rng: (rng.random(2),), 1e-6, "", (), "hint")
    assert function.judge(lambda a: answer).right is False
    assert function.judge(answer).right is False


def test_a_function_that_fails_is_told_how():
    function = checks.Function("", lambda a: a, lambda rng: (rng.random(2),), 1e-6, "", (), "hint")
    assert "ZeroDivisionError" in str(function.judge(lambda a: 1 / 0))
    assert "shape (2,) is wanted" in str(function.judge(lambda a: 1.0))


def test_a_right_formula_in_float32_is_told_so_and_a_wrong_one_is_named():
    function = checks.Function(
        "",
        truth=lambda a: np.log(a),
        draw_case=lambda rng: (rng.uniform(10, 20, 4),),
        tolerance=1e-8,
        because="",
        mistakes=(checks.Mistake(lambda a: -np.log(a), "The sign is wrong."),),
        hint="hint",
    )

    def told(answer):
        verdict = function.judge(answer, seed=0)
        return verdict.right, str(verdict)

    right, says = told(lambda a: np.log(a.astype(np.float32)))
    assert right is False and "float64" in says and "formula is right" in says
    assert "sign is wrong" in told(lambda a: -np.log(a.astype(np.float32)))[1]
    assert "hint" in told(lambda a: np.log2(a.astype(np.float32)))[1]
    assert "hint" in told(lambda a: np.log(a) + 1e-6)[1]
    torch = pytest.importorskip("torch")
    assert "float64" in told(lambda a: torch.log(torch.tensor(a, dtype=torch.float32)))[1]
    assert told(lambda a: torch.log(torch.tensor(a)))[0] is True


@pytest.mark.parametrize("key", BETS)
def test_a_bet_is_shown_placed_changed_settled_and_then_stands(key, store):
    bet = BETS[key]
    wrong = next(letter for letter in bet.options if letter != bet.right)
    assert checks.bet(key, ...).right is None and store.load() == {}
    checks.bet(key, wrong, sure=90)
    checks.bet(key, bet.right, sure=80)
    assert store.load() == {key: {"choice": bet.right, "sure": 80, "right": None}}
    settled = checks.settle(key)
    assert settled.right is True and bet.options[bet.right][1] in str(settled)
    assert "stands" in str(checks.bet(key, wrong, sure=90))
    assert checks.settle(key).right is True


def test_a_lost_bet_is_told_why():
    key, bet = next(iter(BETS.items()))
    wrong = next(letter for letter in bet.options if letter != bet.right)
    checks.bet(key, wrong, sure=60)
    settled = checks.settle(key)
    assert settled.right is False and bet.options[wrong][1] in str(settled)


@pytest.mark.parametrize("key", BETS)
def test_without_a_bet_the_answer_is_kept_until_it_is_asked_for(key, store):
    reply = BETS[key].options[BETS[key].right][1]
    assert reply not in str(checks.settle(key))
    assert reply in str(checks.settle(key, show=True))
    assert store.load() == {}


@pytest.mark.parametrize(
    ("choice", "sure", "error"),
    [
        ("z", 60, DomainError),
        ("a", 5, DomainError),
        ("a", 101, DomainError),
        ("a", float("nan"), DomainError),
        ("a", None, ArgumentTypeError),
        ("a", "60", ArgumentTypeError),
        ("a", True, ArgumentTypeError),
    ],
)
def test_a_bet_that_cannot_be_kept_is_refused_before_anything_is_written(
    choice, sure, error, store
):
    with pytest.raises(error):
        checks.bet(next(iter(BETS)), choice, sure)
    assert not store.path.exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"03.bias": 3}', "\x00\xff", '{"a": {"sure": 1}}'])
def test_a_file_that_cannot_be_read_is_set_aside_and_kept(content, store):
    store.path.write_text(content, encoding="utf-8")
    key = next(iter(BETS))
    checks.bet(key, "a", sure=60)
    checks.bet(key, "b", sure=70)
    assert store.load()[key]["choice"] == "b"
    aside = [p.read_text(encoding="utf-8") for p in store.path.parent.glob("*.unreadable-*")]
    assert aside == [content]


def test_calibration_is_the_brier_score_by_hand(store):
    assert "No settled bets" in str(checks.calibration())
    for i, (sure, right) in enumerate([(60, True), (80, False), (80, True), (100, True)]):
        store.save(f"k{i}", {"choice": "a", "sure": sure, "right": right})
    store.save("open", {"choice": "a", "sure": 99, "right": None})
    calibration = checks.calibration()
    assert calibration.brier == pytest.approx((0.4**2 + 0.8**2 + 0.2**2 + 0) / 4)
    rows = calibration.bands()
    assert [row[2] for row in rows] == [1, 2, 1]
    assert rows[1][3:] == (pytest.approx(0.8), 0.5)


def test_the_store_is_written_whole(store, monkeypatch):
    key = next(iter(BETS))
    checks.bet(key, "a", sure=60)
    before = store.path.read_bytes()
    monkeypatch.setattr(json, "dump", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        checks.bet(key, "b", sure=60)
    assert store.path.read_bytes() == before


def test_an_unknown_key_names_the_known_ones():
    with pytest.raises(DomainError, match=r"03\.1"):
        checks.check("03.99", 1)
    with pytest.raises(DomainError, match="key"):
        checks.bet("99.none", "a", 60)
