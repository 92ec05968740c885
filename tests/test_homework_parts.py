"""Each homework's parts: solutions are right, wrong answers are recognised, and variants differ."""

import re
import shutil
from collections import Counter
from dataclasses import replace
from functools import cache
from importlib import import_module

import nbformat
import numpy as np
import pytest
from homework_class import TINY
from scipy import stats

from homework.course import Course
from vitutor.checks import Draws, Function
from vitutor.checks.homework import Homework
from vitutor.checks.homework.hw2.sensor import log_joint
from vitutor.checks.homework.hw3.learning import learned_noise

COURSE = Course()
NAMES = COURSE.names
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION.*?### END SOLUTION", re.S | re.M)
HEADING = re.compile(r"^###+ (\d+\.\d+) .*\((\d+) min, (\d+) points\)$", re.M)


def mutants(name):
    return import_module(f"homework.mutants.{name}").MUTANTS


MUTANTS = [
    pytest.param(name, part, source, words, id=f"{name}-{part}-{words[:20]}")
    for name in NAMES
    for part, wrong in mutants(name).items()
    for source, words in wrong
]


@cache
def cells(name):
    """The code cells in order, each with the part that it answers or checks, or neither."""
    found = []
    for cell in nbformat.read(COURSE.source(name), as_version=4).cells:
        ident = cell.metadata.get("nbgrader", {}).get("grade_id", "").removeprefix(f"{name}-")
        if cell.cell_type == "code":
            part = ident.replace("-", ".") if re.match(r"\d+-\d+", ident) else ""
            found.append((cell.source, part))
    return found


def checked(source, namespace, monkeypatch):
    """Run a check cell, and return the answers that it hands over, by part."""
    handed = {}
    monkeypatch.setattr(Homework, "check", lambda self, part, answer: handed.update({part: answer}))
    exec(source, namespace)
    monkeypatch.undo()
    return handed


@cache
def solved(name, variant=2026):
    """The names that the solved notebook defines, and the answers that it hands over."""
    namespace, answers = {}, {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        for source, part in cells(name):
            source = source.replace("variant=2026", f"variant={variant}")
            if part and not part.endswith(".answer"):
                answers |= checked(source, namespace, monkeypatch)
            else:
                exec(source, namespace)
    return namespace, answers


@cache
def judging(name, variant=2026):
    return COURSE.judging(name, variant)[1:]


def quick(question):
    """The same question on fewer cases."""
    return replace(question, n_cases=2) if isinstance(question, Function) else question


def judge(question, answer):
    return (
        question.judge(answer, seed=1) if hasattr(question, "draw_case") else question.judge(answer)
    )


def automatic(name):
    return {part: about.points for part, about in COURSE.parts(name).items() if not about.written}


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_is_right_by_visible_and_hidden_checks(name):
    visible, hidden = judging(name)
    _, answers = solved(name)
    assert set(answers) == set(visible) == set(hidden) == set(automatic(name))
    for part, answer in answers.items():
        for question in (visible[part], hidden[part]):
            verdict = judge(question, answer)
            assert verdict.right, f"{part}: {verdict}"


@pytest.mark.parametrize("name", NAMES)
def test_every_part_has_three_wrong_answers_or_more(name):
    assert set(mutants(name)) == set(automatic(name))
    assert min(map(len, mutants(name).values())) >= 3


@pytest.mark.parametrize(("name", "part", "source", "words"), MUTANTS)
def test_a_wrong_answer_is_recognised(name, part, source, words, monkeypatch):
    namespace = dict(solved(name)[0])
    exec(source, namespace)
    check = next(text for text, ident in cells(name) if ident == part)
    verdict = judge(quick(judging(name)[0][part]), checked(check, namespace, monkeypatch)[part])
    assert verdict.right is False
    assert words in verdict.says


@pytest.mark.parametrize("part", ["2.3", "2.4"])
def test_a_product_of_probabilities_underflows_on_the_hidden_sequences(part):
    constants = solved("hw1")[0]["hw"]

    def alphas(x):
        counts = np.maximum(x, 0)[:, :, None]
        emitted = stats.poisson.pmf(counts, constants.emission)
        emitted[x == -1] = 1
        state, found = constants.start, []
        for emit in np.moveaxis(emitted, 1, 0):
            found.append(state * emit)
            state = found[-1] @ constants.move
        return np.array(found), emitted

    def marginal(x):
        return np.log(alphas(x)[0][-1].sum(axis=1))

    def smoothed(x):
        alpha, emitted = alphas(x[None])
        beta = [np.ones(len(constants.start))]
        for emit in emitted[0, :0:-1]:
            beta.append(constants.move @ (emit * beta[-1]))
        joint = alpha[:, 0] * np.array(beta[::-1])
        return joint / joint.sum(axis=1, keepdims=True)

    answer = {"2.3": marginal, "2.4": smoothed}[part]
    visible, hidden = judging("hw1")
    with np.errstate(all="ignore"):
        assert judge(visible[part], answer).right
        assert judge(hidden[part], answer).right is False


@pytest.mark.parametrize("name", NAMES)
def test_every_mistake_answers_what_it_is_named_for(name):
    for part, question in judging(name)[0].items():
        if isinstance(question, Function):
            for mistake in question.mistakes:
                verdict = judge(quick(question), mistake.answer)
                assert verdict.right is False
                assert mistake.says in verdict.says, f"{part}: {mistake.says}"


@pytest.mark.parametrize("name", NAMES)
def test_last_years_answers_are_worth_little(name):
    _, answers = solved(name)
    visible, _ = judging(name, 2027)
    points = automatic(name)
    with np.errstate(all="ignore"):
        passed = [part for part in points if judge(quick(visible[part]), answers[part]).right]
    assert sum(points[part] for part in passed) < 20, passed


@pytest.mark.parametrize("name", NAMES)
def test_nothing_written_is_worth_nothing(name, monkeypatch):
    namespace, visible = dict(solved(name)[0]), judging(name)[0]
    for source, part in cells(name):
        if part.endswith(".answer"):
            stub, found = SOLUTION.subn(r'\1raise NotImplementedError("your code")', source)
            assert found
            try:
                exec(stub, namespace)
            except NotImplementedError:
                continue  # the part has no answer, and so its check cell does not get to one
        elif part and not part.startswith("0"):
            answer = checked(source, namespace, monkeypatch)[part]
            if callable(answer):
                assert judge(visible[part], answer).right is False, part


@pytest.mark.parametrize(
    ("root", "checks", "name"),
    [(TINY, TINY / "checks", "tiny"), *((COURSE.root, COURSE.checks, name) for name in NAMES)],
    ids=["tiny", *NAMES],
)
def test_a_change_in_any_of_its_checks_makes_a_grade_stale(root, checks, name, tmp_path):
    (tmp_path / "source").symlink_to(root / "source")
    shutil.copytree(root / "hidden", tmp_path / "hidden")
    shutil.copytree(checks, tmp_path / "checks")
    submission = tmp_path / "submitted" / f"{name}.ipynb"
    submission.parent.mkdir()
    submission.write_text("{}")
    course = Course(tmp_path, tmp_path / "checks")
    before = course.fingerprint(name, 2026, submission)
    files = [
        path
        for folder in ("hidden", "checks")
        for path in (tmp_path / folder).rglob("*.py")
        if name in (path.stem, path.parent.name)
    ]
    assert {path.name for path in files} >= {f"{name}.py", course.visible(name)[0].name}
    for path in files:
        text = path.read_text()
        path.write_text(f"{text}\n")
        assert course.fingerprint(name, 2026, submission) != before, path
        path.write_text(text)
    assert course.fingerprint(name, 2026, submission) == before


@pytest.mark.parametrize("name", NAMES)
def test_points_and_minutes(name):
    parts = COURSE.parts(name)
    assert sum(part.points for part in parts.values()) == 100
    assert Counter(part.written for part in parts.values())[False] >= 10
    written = [part.points for part in parts.values() if part.written]
    assert 2 <= len(written) <= 3 and min(written) >= 8 and max(written) <= 10
    notebook = nbformat.read(COURSE.source(name), as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = {
        part: (int(minutes), int(points)) for part, minutes, points in HEADING.findall(text)
    }
    assert {part: points for part, (_, points) in headings.items()} == {
        part: about.points for part, about in parts.items()
    }
    assert 200 <= sum(minutes for minutes, _ in headings.values()) <= 280


@pytest.mark.parametrize("name", NAMES)
def test_a_written_part_has_a_model_answer_and_a_rubric(name):
    notebook = nbformat.read(COURSE.source(name), as_version=4)
    written = {part.cell: part.points for part in COURSE.parts(name).values() if part.written}
    for cell in notebook.cells:
        points = written.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if points:
            answer = SOLUTION.search(cell.source)[0]
            rubric = re.search(r"\*\*Rubric \((\d+)\)", answer)
            assert rubric and int(rubric[1]) == points


@pytest.mark.parametrize(
    ("name", "part", "call"),
    [("hw1", "1.1", "ppf("), ("hw2", "2.3", "logpdf("), ("hw2", "2.6", "logaddexp(")],
)
def test_a_hint_does_not_write_the_line_that_is_asked_for(name, part, call):
    assert call in next(text for text, ident in cells(name) if ident == f"{part}.answer")
    assert call not in judging(name)[0][part].hint


def laplace(c):
    """Weights under a Gaussian in the place of the posterior's peak, and as sharp."""

    def answer(x, *, n_draws, rng):
        grid = np.linspace(-9, 9, 4001)
        log_p = log_joint(c, x, grid, c.theta)
        at, step = log_p.argmax(), grid[1] - grid[0]
        q = stats.norm(grid[at], step / np.sqrt(-np.diff(log_p[at - 1 : at + 2], 2)[0]))
        z = q.rvs(n_draws, random_state=rng)
        return log_joint(c, x, z, c.theta) - q.logpdf(z)

    return answer


def test_too_light_a_tail_is_never_taken_for_another_mistake():
    question = judging("hw2", 2024)[0]["2.7"]
    answer = laplace(Homework("hw2", variant=2024).constants)
    wrong = [v.says for seed in range(40) if not (v := question.judge(answer, seed=seed)).right]
    assert len(wrong) > 30
    assert all("heavy tail" in says or question.too_noisy in says for says in wrong)


def test_the_share_of_draws_that_must_count_is_the_one_in_the_text():
    """Weights of which a share is equal and the rest is zero have that share of S as their ESS."""
    question = judging("hw2")[0]["2.7"]

    def share(of_100):
        def answer(x, *, n_draws, rng):
            counts = np.arange(n_draws) % 100 < of_100
            return np.where(counts, question.truth(x) - np.log(of_100 / 100), -np.inf)

        return question.judge(answer, seed=1)

    text = COURSE.source("hw2").read_text()
    asked = int(re.search(r"The check asks that (\d+) % of your draws", text)[1])
    assert f"fewer than {asked} %" in share(asked - 1).says
    assert share(asked + 1).right


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_itself_is_no_draw_of_it(name):
    for part, question in judging(name)[0].items():
        if isinstance(question, Draws):

            def same(*case, n_draws, rng, question=question):
                truth = np.asarray(question.truth(*case), dtype=float)
                return np.broadcast_to(truth, (n_draws, *truth.shape))

            assert "are the same" in question.judge(same, seed=1).says, part


@pytest.mark.parametrize("name", NAMES)
def test_draws_ask_for_their_price(name):
    """A function that returns the truth with noise added is right, until the noise is too large."""
    for part, question in judging(name)[0].items():
        if isinstance(question, Draws) and not question.log:

            def noisy(*case, n_draws, rng, question=question, factor=1.0):
                truth = np.asarray(question.truth(*case), dtype=float)
                se = np.broadcast_to(question.largest_se(*case), truth.shape)
                return truth + factor * se * np.sqrt(n_draws) * rng.normal(
                    size=(n_draws, *truth.shape)
                )

            def half(*case, n_draws, rng, noisy=noisy):
                return noisy(*case, n_draws=n_draws, rng=rng, factor=0.5)

            def double(*case, n_draws, rng, noisy=noisy):
                return noisy(*case, n_draws=n_draws, rng=rng, factor=2.0)

            assert question.judge(half, seed=1).right, part
            assert question.too_noisy in question.judge(double, seed=1).says, part


@pytest.mark.parametrize(
    ("name", "part", "source"),
    [
        (
            "hw3",
            "1.2",
            """
right = elbo


def elbo(x, mean, scale):
    return np.array([right(*one) for one in zip(x, mean, scale, strict=True)])
""",
        ),
        (
            "hw4",
            "3.2",
            """
right = train


def train(x, seed):
    return {name: array.numpy() for name, array in right(x, seed).items()}
""",
        ),
    ],
)
def test_no_cell_asks_more_of_an_answer_than_its_question(name, part, source, monkeypatch):
    namespace = {}
    for text, ident in cells(name):
        if ident == f"{part}.answer":
            exec(text + source, namespace)
        elif ident and not ident.endswith(".answer"):
            handed = checked(text, namespace, monkeypatch)
            if ident == part:
                assert judge(judging(name)[0][part], handed[part]).right
        else:
            exec(text, namespace)


@pytest.mark.parametrize(
    ("name", "part", "formula"),
    [
        ("hw3", "1.2", "log(s/τ)"),
        ("hw3", "2.2", "log Γ"),
        ("hw4", "1.1", "exp(logvar)"),
        ("hw4", "1.2", "log σ"),
        ("hw4", "3.1", "log cosh"),
    ],
)
def test_a_hint_names_something_to_try_and_no_formula(name, part, formula):
    assert formula not in judging(name)[0][part].hint


def test_tau_is_the_scale_of_the_prior_and_nothing_else():
    text = "\n".join(cell.source for cell in nbformat.read(COURSE.source("hw3"), 4).cells)
    assert re.findall(r"\\tau\$ = `hw\.(\w+)`", text) == ["prior_scale"]
    about_others = text[text.index("### 3.3") :] + "".join(
        mistake.says for part in ("3.3", "3.4") for mistake in judging("hw3")[0][part].mistakes
    )
    assert "\\tau" not in about_others and "τ" not in about_others


def test_the_referees_numbers_are_those_of_learned_noise():
    constants, visible, _ = COURSE.judging("hw3", 2026)
    text = next(
        cell.source
        for cell in nbformat.read(COURSE.source("hw3"), 4).cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "hw3-4-3"
    )

    def learned(k, loading):
        truth = learned_noise(type(constants)({**constants, "loading": loading})).truth
        return truth(k * loading**2 + 1, k)

    noise = ", ".join(f"{learned(k, 0.75):.2f}" for k in (1, 2, 4, 8))
    assert f"$K = 1, 2, 4, 8$ give {noise} " in text
    assert f"{learned(8, 0.6):.1f} to {learned(8, 0.9):.1f} at $K = 8$" in text
    own = [visible["4.2"].truth(k * constants.loading**2 + 1, k) for k in (1, 2, 4, 8)]
    assert own[0] == pytest.approx(1, abs=1e-4)
    assert (np.diff(own) > 0).all()
