"""What is told: to each student a page, to the instructor a table and a report."""

import csv


def write(course, name, records, marks, notes):
    """Write feedback/, grades/<name>.csv and grades/<name>.md; return the table's rows."""
    parts = course.parts(name)
    rows = []
    for student, record in records.items():
        if record is None:
            rows.append({"student": student, "note": "not graded: the grading itself failed"})
            continue
        points = scores(parts, record, marks)
        rows.append(_row(student, parts, points, record))
        page = course.root / "feedback" / student / f"{name}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_page(name, parts, points, record, marks), encoding="utf-8")
    _table(course.root / "grades" / f"{name}.csv", parts, rows)
    report = _report(name, parts, rows, records, notes)
    (course.root / "grades" / f"{name}.md").write_text(report, encoding="utf-8")
    return rows


def scores(parts, record, marks):
    """Points of each part, None for what a person has not graded yet."""
    student = record["student"]
    return {
        part.name: marks[student, part.name].points
        if part.written
        else record["parts"][part.name]["points"]
        for part in parts.values()
    }


def _row(student, parts, points, record):
    automatic = [points[part.name] for part in parts.values() if not part.written]
    by_hand = [points[part.name] for part in parts.values() if part.written]
    pending = by_hand.count(None)
    return {
        "student": student,
        "total": f"{sum(automatic) + sum(filter(None, by_hand)):g}",
        "automatic": f"{sum(automatic):g}",
        "written": f"{sum(filter(None, by_hand)):g}",
        "pending": pending,
        **{name: "" if value is None else f"{value:g}" for name, value in points.items()},
        "note": " ".join(record["troubles"]),
    }


def _table(path, parts, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ["student", "total", "automatic", "written", "pending", *parts, "note"]
    partial = path.with_suffix(".part")
    with open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    partial.replace(path)


def _page(name, parts, points, record, marks):
    """A student's feedback: points, and for each part what was found."""
    most = sum(part.points for part in parts.values())
    total = sum(value or 0 for value in points.values())
    lines = [f"# {name}: {total:g} of {most:g} points", ""]
    if None in points.values():
        lines += ["Written parts are still being graded; their points are not in the sum.", ""]
    lines += [f"> {trouble}\n" for trouble in record["troubles"]]
    for part in parts.values():
        got = "Not graded yet:" if points[part.name] is None else f"{points[part.name]:g} of"
        lines += [f"## {part.title}", "", f"**{got} {part.points:g} points.**", ""]
        if part.written:
            lines += [marks[record["student"], part.name].comment, ""]
        else:
            lines += [record["parts"][part.name]["says"], ""]
    return "\n".join(lines)


def _report(name, parts, rows, records, notes):
    """What the instructor should look at, and where the class stumbled."""
    graded = [record for record in records.values() if record]
    pending = sum(row.get("pending", 0) for row in rows)
    lines = [f"# {name}: {len(graded)} of {len(rows)} graded", ""]
    if pending:
        lines += [f"{pending} written answers wait for points in `written/{name}.csv`.", ""]
    troubled = [f"- **{row['student']}**: {row['note']}" for row in rows if row["note"]]
    lines += [
        "## To look at",
        "",
        *(troubled or ["Nothing."]),
        *(f"- {note}" for note in notes),
        "",
    ]
    lines += ["## How often each part is right", ""]
    for part in parts.values():
        if not part.written and graded:
            right = sum(record["parts"][part.name]["points"] > 0 for record in graded)
            lines.append(f"- {part.title}: {right} of {len(graded)}")
    return "\n".join([*lines, ""])
