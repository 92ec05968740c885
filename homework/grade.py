"""Grade a homework: `make grade A=hw2 IN=downloads/`; `make regrade A=hw2` after a change.

The solved source goes first, through the same sandbox: unless it gets every point, nobody is
graded. Then each submission is run in a process of its own, as many at a time as there are cores.
What is on file with the same fingerprint is not run again, so a run that was stopped goes on.
"""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import time
import traceback
from multiprocessing import connection
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from homework import gradebook, report, restore, sandbox, written
from homework.collect import collect
from homework.course import Course, Refused
from homework.release import released_variant
from homework.run import run


def grade(course, name, place=None, *, again=False, unsandboxed=False, workers=None, tell=print):
    """Collect from `place`, grade what is new or changed, or all `again`, and write the tables.

    Returns the rows of the table. Refused, with no grade changed, if grading cannot be trusted.
    """
    written.read(course, name)  # a slip in it is better told before an hour of grading
    variant = released_variant(course, name)
    sandboxed = has_sandbox(unsandboxed)
    notes = collect(course, name, place) if place else []
    submissions = course.submitted(name)
    if not submissions:
        why = " ".join(notes) or "Give IN=, a folder or a zip."
        raise Refused(f"Nobody has handed in {name}. {why}")
    todo = [who for who in submissions if again or not _on_file(course, name, variant, who)]
    if todo:
        failed = _grade(course, name, variant, todo, sandboxed, workers, tell)
        notes += [f"{who}: the grading itself failed; what was on file stands." for who in failed]
    records = {who: course.record(name, who) for who in submissions}
    marks = written.merge(course, name, {who: r for who, r in records.items() if r}, notes)
    rows = report.write(course, name, records, marks, notes)
    gradebook.write(course, name, records, marks)
    tell(f"{name}: {len(todo)} graded, {len(submissions) - len(todo)} unchanged.")
    for note in notes:
        tell(f"  {note}")
    return rows


def _grade(course, name, variant, todo, sandboxed, workers, tell):
    """Grade the students of `todo`; return those whose grading itself failed."""
    judging = course.judging(name, variant)
    with TemporaryDirectory(prefix="hw-room-") as folder:
        room = Path(folder)
        sandbox.furnish(room)
        about = (course, name, variant, judging, room, sandboxed)
        try_solutions(*about)
        tell(f"{name}, variant {variant}: the solutions get full points; {len(todo)} to grade.")

        def one(student):
            start = time.monotonic()
            record = _record(student, *about)
            _write(course.record_path(name, student), record)
            points = sum(part["points"] for part in record["parts"].values())
            tell(f"  {student}: {points:g}, {time.monotonic() - start:.0f} s", flush=True)

        return _each(todo, one, workers or os.cpu_count())


def _record(student, course, name, variant, judging, room, sandboxed):
    """Everything that is kept of one submission."""
    parts, limits = course.parts(name), course.limits
    path = course.submitted(name)[student]
    fingerprint = course.fingerprint(name, variant, path)
    given_out = nbformat.read(course.released(name), as_version=4)
    rulings, answers, troubles = {}, {}, []
    try:
        refusal = path.with_name("refused.txt")
        if refusal.exists():
            raise Refused(refusal.read_text(encoding="utf-8"))
        submitted = restore.read(path, limits)
        if (kernel := restore.kernel_of(submitted)) != "python3":
            troubles.append(f"The notebook names the kernel {kernel!r}; it was run with Python.")
        notebook = restore.restore(given_out, submitted)
        done = run(notebook, name, judging, variant, course.secret(), limits, room, sandboxed)
        rulings, troubles = done.rulings, troubles + done.troubles
        for part in (part for part in parts.values() if part.written):
            text = restore.answer(notebook, part.cell)
            answers[part.name] = "" if text == restore.answer(given_out, part.cell) else text
        executed = course.root / "autograded" / student / name / f"{name}.ipynb"
        executed.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, executed)
    except Refused as reason:
        troubles.append(str(reason))
        answers = {part.name: "" for part in parts.values() if part.written}
    scored = {
        part.name: {
            "points": part.points if part.name in rulings and rulings[part.name].right else 0,
            "says": rulings[part.name].says
            if part.name in rulings
            else "The check was not reached.",
        }
        for part in parts.values()
        if not part.written
    }
    about = {"student": student, "homework": name, "variant": variant, "fingerprint": fingerprint}
    return {**about, "parts": scored, "answers": answers, "troubles": troubles}


def has_sandbox(unsandboxed):
    """Whether there is a sandbox; Refused if there is none and that was not allowed."""
    reason = sandbox.missing()
    if reason and not unsandboxed:
        raise Refused(
            f"There is no sandbox: {reason}. Grading would run students' code as you, with your "
            "files and your network. To do that all the same: ALLOW_UNSANDBOXED=1."
        )
    return reason is None


def try_solutions(course, name, variant, judging, room, sandboxed):
    """Refused unless the solved source gets every automatic point, in the very same sandbox."""

    def one(path):
        notebook, secret = course.solved(name, variant), course.secret()
        done = run(notebook, name, judging, variant, secret, course.limits, room, sandboxed)
        rulings = {part: vars(ruling) for part, ruling in done.rulings.items()}
        _write(path, {"rulings": rulings, "troubles": done.troubles})

    with TemporaryDirectory() as folder:  # not in the room, which students can read
        canary = Path(folder, "canary.json")
        if _each([canary], one, 1):
            raise Refused(f"Nobody was graded: the solutions of {name} did not run (see above).")
        found = json.loads(canary.read_text())
    for part in course.parts(name).values():
        ruling = found["rulings"].get(part.name, {"right": False, "says": "It was not reached."})
        if not part.written and not ruling["right"]:
            why = " ".join([ruling["says"], *found["troubles"]])
            raise Refused(f"Nobody was graded: the solution of {part.name} gets no points. {why}")


def _each(items, work, workers):
    """Call work(item) in a process of its own for each item; return the items that failed."""
    fork = multiprocessing.get_context("fork")  # what was imported once need not be again
    waiting, running, failed = list(items), {}, []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                item = waiting.pop(0)
                process = fork.Process(target=_guarded, args=(work, item))
                process.start()
                running[process.sentinel] = process, item
            for sentinel in connection.wait(list(running)):
                process, item = running.pop(sentinel)
                process.join()
                if process.exitcode:
                    failed.append(item)
    finally:
        for process, _ in running.values():
            process.terminate()
    return failed


def _guarded(work, item):
    signal.signal(signal.SIGINT, lambda *_: os._exit(1))  # Ctrl-C is the parent's to tell of
    try:
        work(item)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)  # at once: a kernel's client leaves threads behind


def _on_file(course, name, variant, student):
    record = course.record(name, student)
    now = course.fingerprint(name, variant, course.submitted(name)[student])
    return record is not None and record["fingerprint"] == now


def _write(path, record):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(record, indent=1), encoding="utf-8")
    partial.replace(path)


def main(argv=None):
    parser = argparse.ArgumentParser(description="Grade a homework.")
    parser.add_argument("name", help="hw1, ...")
    parser.add_argument("place", nargs="?", help="a folder, a zip or a notebook")
    parser.add_argument("--again", action="store_true", help="also what has not changed")
    parser.add_argument("--workers", type=int, help="as many as there are cores, if not said")
    given = parser.parse_args(argv)
    course = Course()
    unsandboxed = os.environ.get("ALLOW_UNSANDBOXED") == "1"
    try:
        grade(
            course,
            given.name,
            given.place,
            again=given.again,
            unsandboxed=unsandboxed,
            workers=given.workers,
        )
    except Refused as reason:
        sys.exit(str(reason))
    print(f"The report: {course.root / 'grades' / given.name}.md")


if __name__ == "__main__":
    main()
