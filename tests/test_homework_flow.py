"""The instructor's flow: give out, collect, grade, grade by hand, grade again."""

import csv
import dataclasses
import io
import json
import shutil
import time
import zipfile

import nbformat
import numpy as np
import psutil
import pytest
from homework_class import LIMITS, SKIP, course, grade, hand_in, ident, start, table

from homework import written
from homework.collect import collect
from homework.course import Course, Refused
from homework.release import api, leaked, release
from homework.restore import kernel_of, read, restore

needs_sandbox = pytest.mark.skipif(bool(SKIP), reason=SKIP or "-")


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return course(tmp_path_factory.mktemp("released"))


def notebook(path):
    return nbformat.read(path, as_version=4)


# Giving out


def test_a_release_has_the_questions_and_no_answer(released):
    given = notebook(released.released("tiny"))
    text = "\n".join(cell.source for cell in given.cells)
    assert 'raise NotImplementedError("your code")' in text
    assert "*Write your answer here.*" in text
    assert "def log_density(x):" in text
    assert 'hw.check("1.1", log_density)' in text
    for secret in ("SOLUTION", "hw.rate", "exponential", 'larger = "a"', "long tail"):
        assert secret not in text
    with zipfile.ZipFile(released.root / "release" / "tiny.zip") as archive:
        assert archive.namelist() == ["tiny/tiny.ipynb", "tiny/README.md"]
        assert json.loads(archive.read("tiny/tiny.ipynb"))["cells"]
        readme = archive.read("tiny/README.md").decode()
    assert "below 20 MB" in readme
    assert readme.startswith("# A homework for the tests")


@pytest.mark.parametrize(
    "cell",
    [
        nbformat.v4.new_code_cell("print(1)\n    return np.log(hw.rate) - hw.rate * x"),
        nbformat.v4.new_markdown_cell(
            "The long tail pulls the mean to the right, and leaves the median where it is."
        ),
        nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text="1")]),
    ],
    ids=["code", "prose", "output"],
)
def test_a_leak_is_found(released, cell):
    solved, given = released.solved("tiny", 2026), notebook(released.released("tiny"))
    assert leaked(solved, given) == []
    given.cells.append(cell)
    assert len(leaked(solved, given)) == 1


def test_what_leaks_is_not_released(tmp_path):
    made = course(tmp_path)
    source = notebook(made.source("tiny"))
    line = "draw_case=lambda rng: (rng.exponential(size=(3, 2)),),"
    source.cells.append(nbformat.v4.new_code_cell(line))
    nbformat.write(source, made.source("tiny"))
    with pytest.raises(Refused, match="would give away"):
        release(made, "tiny")


def test_a_variant_changes_one_number_in_the_notebook(tmp_path):
    made = course(tmp_path)
    before = [cell.source for cell in notebook(made.released("tiny")).cells]
    (tmp_path / "course.json").write_text('{"variant": 2031}')
    release(made, "tiny")
    after = [cell.source for cell in notebook(made.released("tiny")).cells]
    assert after == [source.replace("variant=2026", "variant=2031") for source in before]
    assert after != before
    assert made.judging("tiny", 2031)[0] != made.judging("tiny", 2026)[0]


# Collecting


def packed(data):
    """A file's bytes; those of an archive are told as its files: {name: data}."""
    if isinstance(data, bytes):
        return data
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w") as archive:
        for name, content in data.items():
            archive.writestr(name, packed(content))
    return archived.getvalue()


@pytest.mark.parametrize(
    ("files", "students"),
    [
        ({"ann/tiny.ipynb": b"1", "bob/tiny.ipynb": b"2"}, {"ann": b"1", "bob": b"2"}),
        ({"ann/tiny/tiny.ipynb": b"1", "bob/work.ipynb": b"2"}, {"ann": b"1", "bob": b"2"}),
        ({"ann_tiny.ipynb": b"1", "doe_7_tiny-2.ipynb": b"2"}, {"ann": b"1", "doe_7": b"2"}),
        ({"ann.ipynb": b"1", "bob.ipynb": b"2"}, {"ann": b"1", "bob": b"2"}),
        ({"ann.zip": {"tiny/tiny.ipynb": b"1"}}, {"ann": b"1"}),
        (
            {"all.zip": {"ann/tiny.ipynb": b"1", "bob/x.ipynb": b"2"}},
            {"ann": b"1", "bob": b"2"},
        ),
        ({"all.zip": {"a.zip": {"tiny.ipynb": b"1"}}}, {"a": b"1"}),
        ({"Ann Ö. (1)/tiny.ipynb": b"1"}, {"Ann_Ö": b"1"}),
        ({"ann/tiny.ipynb": b"1", "ann/.ipynb_checkpoints/tiny.ipynb": b"2"}, {"ann": b"1"}),
        ({"ann/tiny.ipynb": b"1", "ann/notes.ipynb": b"2"}, {"ann": b"1"}),
        ({"=cmd()/tiny.ipynb": b"1"}, {"cmd": b"1"}),
    ],
    ids=str,
)
def test_who_handed_in_what(tmp_path, files, students):
    for name, data in files.items():
        path = tmp_path / "downloads" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed(data))
    made = Course(tmp_path / "course", limits=LIMITS)
    collect(made, "tiny", tmp_path / "downloads")
    got = {student: path.read_bytes() for student, path in made.submitted("tiny").items()}
    assert got == students


def test_an_archive_cannot_write_elsewhere(tmp_path):
    names = [
        "../../eve.ipynb",
        "/abs/olute.ipynb",
        "..\\..\\win.ipynb",
        "a/../../../b.ipynb",
        "...ipynb",
    ]
    (tmp_path / "evil.zip").write_bytes(packed(dict.fromkeys(names, b"x")))
    made = Course(tmp_path / "deep" / "er" / "course", limits=LIMITS)
    notes = collect(made, "tiny", tmp_path / "evil.zip")
    written_to = {path.parent for path in tmp_path.rglob("*.ipynb")}
    assert written_to
    assert all(path.is_relative_to(made.root / "submitted") for path in written_to)
    assert notes


def test_links_are_not_followed(tmp_path):
    (tmp_path / "secret.ipynb").write_text("x")
    (tmp_path / "downloads" / "eve").mkdir(parents=True)
    (tmp_path / "downloads" / "eve" / "tiny.ipynb").symlink_to(tmp_path / "secret.ipynb")
    with pytest.raises(Refused, match="no notebook in it"):
        collect(Course(tmp_path / "course"), "tiny", tmp_path / "downloads")


def test_a_bomb_and_a_broken_zip_get_a_sentence(tmp_path):
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    (downloads / "ann.zip").write_bytes(packed({"tiny.ipynb": b"0"})[:40])
    with zipfile.ZipFile(downloads / "bob.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny.ipynb", bytes(2**25))
    made = Course(tmp_path / "course", limits=LIMITS)
    collect(made, "tiny", downloads)
    said = {
        who: path.with_name("refused.txt").read_text()
        for who, path in made.submitted("tiny").items()
    }
    assert "cannot be read" in said["ann"]
    assert "32 MB, 20 are allowed" in said["bob"]
    (downloads / "bob.zip").unlink()
    (downloads / "bob").mkdir()
    (downloads / "bob" / "tiny.ipynb").write_text("{}")
    collect(made, "tiny", downloads)
    assert not made.submitted("tiny")["bob"].with_name("refused.txt").exists()


def test_restoring_keeps_answers_and_own_cells_in_their_places(released):
    given = notebook(released.released("tiny"))
    mine = notebook(released.released("tiny"))
    for cell in mine.cells:
        if ident(cell).endswith("-answer"):
            cell.source = f"# {ident(cell)}"
        elif ident(cell):
            cell.source = "spoilt"
    own = nbformat.v4.new_code_cell("# my own")
    mine.cells.insert([ident(cell) for cell in mine.cells].index("1.2-answer"), own)
    mine.cells = [cell for cell in mine.cells if ident(cell) != "1.1"]
    sources = [cell.source for cell in restore(given, mine).cells if cell.cell_type == "code"]
    assert sources[0] == given.cells[1].source
    assert sources[1:] == [
        "# 1.1-answer",
        "# my own",
        'hw.check("1.1", log_density)',
        "# 1.2-answer",
        'hw.check("1.2", draw)',
        "# 1.3-answer",
        'hw.check("1.3", larger)',
    ]


JUNK = (None, True, -1, 1e400, "x", "\udcff", [], [[1]], {}, {"a": None}, ["x", 1])


def spoil(value, rng):
    """A JSON value with one node, anywhere, that is something else."""
    if isinstance(value, (dict, list)) and value and rng.random() < 0.9:
        copy = value.copy()
        key = (
            list(value)[rng.integers(len(value))]
            if isinstance(value, dict)
            else rng.integers(len(value))
        )
        copy[key] = spoil(value[key], rng)
        return copy
    return JUNK[rng.integers(len(JUNK))]


def test_a_spoilt_notebook_is_refused_or_restored(tmp_path, released):
    rng, path = np.random.default_rng(0), tmp_path / "tiny.ipynb"
    given, refused = notebook(released.released("tiny")), 0
    for _ in range(500):
        path.write_text(json.dumps(spoil(json.loads(released.released("tiny").read_text()), rng)))
        try:
            submitted = read(path, LIMITS)
        except Refused:
            refused += 1
            continue
        kernel_of(submitted)
        restored = restore(given, submitted)
        nbformat.validate(restored)
        nbformat.writes(restored).encode()
    assert 0 < refused < 500


# Grading


def fill(made, points):
    """Write the sheet as a person would, and return what was there before."""
    path = made.root / "written" / "tiny.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    for row in rows:
        if row["student"] in points:
            row["points"], row["comment"] = points[row["student"]], "Good, = that is."
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@needs_sandbox
def test_solutions_get_100_and_releases_0(tmp_path):
    made = course(tmp_path / "course")
    downloads = tmp_path / "downloads"
    hand_in(made, downloads, "solved")
    (downloads / "untouched").mkdir()
    (downloads / "untouched" / "tiny.ipynb").write_bytes(made.released("tiny").read_bytes())
    grade(made, downloads)
    rows = table(made)
    assert (rows["solved"]["total"], rows["solved"]["pending"]) == ("90", "1")
    assert (rows["untouched"]["total"], rows["untouched"]["pending"]) == ("0", "0")
    assert "wait for points" in (made.root / "grades/tiny.md").read_text()
    answers = (made.root / "written/tiny.md").read_text()
    assert answers.count("The long tail pulls the mean") == 2  # the model's, and the student's

    fill(made, {"solved": "10"})
    sheet = (made.root / "written/tiny.csv").read_text()
    kept = made.record_path("tiny", "solved").stat().st_mtime_ns
    assert "0 graded, 2 unchanged" in grade(made)
    assert table(made)["solved"]["total"] == "100"
    assert (made.root / "written/tiny.csv").read_text() == sheet
    assert made.record_path("tiny", "solved").stat().st_mtime_ns == kept

    page = (made.root / "feedback/solved/tiny.md").read_text()
    assert page.startswith("# tiny: 100 of 100 points")
    assert "Good, = that is." in page
    page = (made.root / "feedback/untouched/tiny.md").read_text()
    assert "NotImplementedError: your code" in page
    assert "SECRET WORDS" not in page

    with api(made.root, made.root).gradebook as book:
        assert book.find_submission("tiny", "solved").score == 100
        assert book.find_submission("tiny", "untouched").score == 0

    # The same once more, from the start: the same grade.
    before = made.record("tiny", "solved")
    assert "2 graded" in grade(made, again=True)
    assert made.record("tiny", "solved") == before

    # A new answer: a row is not taken back, but it is told.
    hand_in(made, tmp_path / "later", "solved", {"1.4": "x"}, edit=another_answer)
    assert "1 graded, 1 unchanged" in grade(made, tmp_path / "later")
    assert "the answer is not the one" in (made.root / "grades/tiny.md").read_text()
    assert table(made)["solved"]["total"] == "100"

    # What does not work as it should grades nobody, and changes nothing.
    table_before = (made.root / "grades/tiny.csv").read_bytes()
    hidden = made.root / "hidden" / "tiny.py"
    hidden.write_text(hidden.read_text().replace("np.log(rate)", "np.log(2 * rate)"))
    assert "Refused: Nobody was graded: the solution of 1.1 gets no points" in grade(made)
    assert (made.root / "grades/tiny.csv").read_bytes() == table_before
    assert made.record_path("tiny", "untouched").exists()


def another_answer(notebook):
    for cell in notebook.cells:
        if ident(cell) == "1.4":
            cell.source = "Another answer."


@needs_sandbox
def test_a_variant_is_set_if_the_solutions_work_and_what_is_out_stays(tmp_path):
    made = course(tmp_path / "course")
    hand_in(made, tmp_path / "downloads", "ann")
    change = "from homework.variant import set_variant\nset_variant(course, 2031, tell=print)"
    hidden = made.root / "hidden" / "tiny.py"
    right = hidden.read_text()
    hidden.write_text(right.replace("np.log(rate)", "np.log(2 * rate)"))
    assert "the solution of 1.1 gets no points" in grade(made, before=change)
    assert made.variant == 2026
    hidden.write_text(right)
    told = grade(made, tmp_path / "downloads", before=change)
    assert made.variant == 2031, told
    assert "tiny, variant 2026: the solutions get full points" in told
    assert made.record("tiny", "ann")["variant"] == 2026


@needs_sandbox
def test_a_killed_run_goes_on_and_a_failed_one_erases_nothing(tmp_path):
    made = course(tmp_path / "course")
    downloads = tmp_path / "downloads"
    for student in ("ann", "bob", "cem"):
        hand_in(made, downloads, student)
    process, _ = start(made, downloads, workers=1)
    first = made.record_path("tiny", "ann")
    deadline = time.monotonic() + 100
    while not first.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    grader = psutil.Process(process.pid)
    grader.suspend()  # or it might start another worker while we count
    workers = grader.children(recursive=True)
    process.kill()
    process.join()
    # A worker that finds itself alone ends; one that had not begun to look grades its one student.
    assert not psutil.wait_procs(workers, timeout=60)[1]
    kept = first.stat().st_mtime_ns
    made.record_path("tiny", "bob").unlink(missing_ok=True)
    assert not made.record_path("tiny", "cem").exists()

    # Ann's is on file; Bob's grading breaks (a full disk, a bug), and Cem's does not.
    crash = "original = grade._record\ndef broken(student, *given):\n    if student == 'bob':\n"
    crash += "        os._exit(9)\n    return original(student, *given)\nimport os\n"
    crash += "grade._record = broken"
    told = grade(made, before=crash)
    assert "cem: 90" in told
    assert first.stat().st_mtime_ns == kept
    rows = table(made)
    assert (rows["ann"]["total"], rows["cem"]["total"]) == ("90", "90")
    assert "the grading itself failed" in rows["bob"]["note"]
    assert "bob" in (made.root / "grades/tiny.md").read_text()

    # Now it works; then a second grading breaks again, and what Bob has stays.
    assert "bob: 90" in grade(made)
    told = grade(made, before=crash, again=True)
    assert table(made)["bob"]["total"] == "90"
    assert "what was on file stands" in (made.root / "grades/tiny.md").read_text()


def test_without_a_sandbox_it_says_so_and_asks(tmp_path, released):
    hand_in(released, tmp_path, "ann", {"1.3": 'larger = "b"'})
    nowhere = {"PATH": str(tmp_path)}
    told = grade(released, tmp_path, environment=nowhere)
    assert told.count("ALLOW_UNSANDBOXED=1") == 1
    assert "bubblewrap is not installed" in told
    assert not (released.root / "grades").exists()
    told = grade(released, tmp_path, environment=nowhere, unsandboxed=True)
    assert "ann: 70" in told


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ("eleven", "line 2: points are 'eleven'"),
        ("11", "11 points; 1.4 has 0 to 10"),
        ("-1", "-1 points"),
        ("nan", "nan points"),
    ],
)
def test_a_slip_in_the_sheet_is_told(tmp_path, released, points, says):
    made = dataclasses.replace(released, root=tmp_path)
    (tmp_path / "source").symlink_to(released.root / "source")
    (tmp_path / "written").mkdir()
    text = f"student;part;max;points;comment;answer\nann;1.4;10;{points};;\n"
    (tmp_path / "written" / "tiny.csv").write_text("\ufeff" + text)
    with pytest.raises(Refused, match=says):
        written.read(made, "tiny")


def test_a_sheet_from_a_spreadsheet_is_read_and_kept(tmp_path, released):
    made = dataclasses.replace(released, root=tmp_path)
    (tmp_path / "source").symlink_to(released.root / "source")
    (tmp_path / "course.json").write_text('{"variant": 2026}')
    (tmp_path / "written").mkdir()
    text = "student;part;max;points;comment;mine\nann;1.4;10;7,5;Yes;later\n"
    (tmp_path / "written" / "tiny.csv").write_text("\ufeff" + text)
    records = {who: {"answers": {"1.4": "Because."}} for who in ("ann", "bob")}
    marks = written.merge(made, "tiny", records, [])
    assert marks["ann", "1.4"].points == 7.5
    assert marks["bob", "1.4"].points is None
    saved = (tmp_path / "written" / "tiny.csv").read_text()
    assert "ann;1.4;10;7,5;Yes;later" in saved
    assert "bob;1.4;10;;" in saved


def test_bad_requests_are_told(tmp_path, released):
    (tmp_path / "downloads").mkdir()
    shutil.copy(released.released("tiny"), tmp_path / "downloads")
    assert "tiny.ipynb: whose is it?" in grade(released, tmp_path / "downloads")
    assert "There is no homework nix; there is tiny" in grade(released, name="nix")
    made = Course(tmp_path, released.checks)
    with pytest.raises(Refused, match="there is no such file"):
        collect(made, "tiny", tmp_path / "nowhere")
    (tmp_path / "source").symlink_to(released.root / "source")
    (tmp_path / "course.json").write_text('{"variant": 2026}')
    assert "has not been released on this machine" in grade(made)


# The homeworks themselves


@needs_sandbox
@pytest.mark.parametrize("name", Course().names)
def test_a_homework_can_be_given_out_and_graded(tmp_path, name):
    for kept in ("hidden", "course.json"):
        (tmp_path / kept).symlink_to(Course().root / kept)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / name).symlink_to(Course().source(name).parent)
    made = Course(tmp_path)
    release(made, name)
    parts = made.parts(name).values()
    assert sum(part.points for part in parts) == 100
    assert sum(not part.written for part in parts) >= 10
    (tmp_path / "downloads" / "ann").mkdir(parents=True)
    shutil.copy(made.released(name), tmp_path / "downloads" / "ann")
    told = grade(
        made, tmp_path / "downloads", name=name
    )  # first the solutions: all points, or none
    assert "the solutions get full points" in told
    (row,) = table(made, name).values()
    assert (row["total"], row["pending"]) == ("0", "0")
