"""The written parts, which a person grades: written/<name>.csv, and .md to read the answers in.

The sheet gets a row for each student and part. What somebody wrote into it is never changed; an
answer that was left empty gets its zero here.
"""

import csv
import hashlib
from dataclasses import dataclass

from homework import restore
from homework.course import Refused

COLUMNS = ["student", "part", "max", "points", "comment", "answer"]


@dataclass(frozen=True)
class Mark:
    """Points, None while there are none, and what the grader says."""

    points: float | None
    comment: str


def merge(course, name, records, notes):
    """Add rows for new answers; return {(student, part): Mark} and add oddities to `notes`."""
    parts = {part.name: part for part in course.parts(name).values() if part.written}
    rows, delimiter = read(course, name)
    known = {(row["student"], row["part"]): row for row in rows}
    new = []
    for student, record in records.items():
        for part in parts.values():
            text = record["answers"][part.name]
            digest = hashlib.sha256(text.encode()).hexdigest()[:8] if text else "empty"
            row = known.get((student, part.name))
            if row is None:
                zero = {"points": "" if text else "0", "comment": "" if text else "No answer."}
                row = {"student": student, "part": part.name, "max": f"{part.points:g}", **zero}
                new.append({**row, "answer": digest})
            elif row["points"] and row.get("answer") not in (digest, ""):
                notes.append(
                    f"{student}, {part.name}: the answer is not the one that got {row['points']} "
                    f"points. To keep them, put {digest} into the sheet's last column."
                )
    if new or not rows:
        _save(course, name, rows + new, delimiter)
    _write_answers(course, name, parts, records)
    return {
        (row["student"], row["part"]): Mark(_points(row["points"]), row["comment"] or "")
        for row in rows + new
    }


def read(course, name):
    """Return the sheet's rows and its delimiter; Refused for points that cannot be."""
    path = course.root / "written" / f"{name}.csv"
    if not path.exists():
        return [], ","
    text = path.read_text(encoding="utf-8-sig")
    delimiter = ";" if ";" in text.partition("\n")[0] else ","  # as some spreadsheets save it
    rows = list(csv.DictReader(text.splitlines(), delimiter=delimiter))
    parts = course.parts(name)
    for line, row in enumerate(rows, start=2):
        where = f"written/{name}.csv, line {line}"
        if row.get("part") not in parts or not row.get("student"):
            raise Refused(f"{where}: no student, or no part {row.get('part')!r}.")
        try:
            points = _points(row["points"])
        except ValueError:
            raise Refused(f"{where}: points are {row['points']!r}; a number is wanted.") from None
        most = parts[row["part"]].points
        if points is not None and not 0 <= points <= most:
            raise Refused(f"{where}: {points:g} points; {row['part']} has 0 to {most:g}.")
    return rows, delimiter


def _points(text):
    text = (text or "").strip().replace(",", ".")
    return float(text) if text else None


def _save(course, name, rows, delimiter):
    path = course.root / "written" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    columns = list(dict.fromkeys([*(key for row in rows for key in row), *COLUMNS]))
    partial = path.with_suffix(".part")
    with open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, delimiter=delimiter, restval="")
        writer.writeheader()
        writer.writerows(rows)
    partial.replace(path)


def _write_answers(course, name, parts, records):
    """All answers to a part together, after its model answer."""
    solved = course.solved(name, course.variant)
    lines = [f"# {name}: the written answers", "", f"Points go into `{name}.csv`.", ""]
    for part in parts.values():
        lines += [f"## {part.title} ({part.points:g} points)", ""]
        lines += _quoted(restore.answer(solved, part.cell))
        for student, record in records.items():
            lines += [
                f"### {part.name}, {student}",
                "",
                record["answers"][part.name] or "*none*",
                "",
            ]
    (course.root / "written" / f"{name}.md").write_text("\n".join(lines), encoding="utf-8")


def _quoted(text):
    return [f"> {line}".rstrip() for line in text.splitlines()] + [""]
