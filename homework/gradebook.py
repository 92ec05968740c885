"""The grades in nbgrader's gradebook, where its formgrader and its exporters look for them."""

import warnings

from nbgrader.api import MissingEntry
from sqlalchemy.exc import SAWarning

from homework.release import api


def write(course, name, records, marks):
    """Enter the judge's points as automatic scores, and the sheet's as manual ones."""
    parts = {part.cell: part for part in course.parts(name).values()}
    with api(course.root, course.root).gradebook as book:
        for student, record in records.items():
            if record is None:
                continue
            book.update_or_create_student(student)
            try:
                submission = book.find_submission(name, student)
            except MissingEntry:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", SAWarning)  # of what nbgrader does, in order
                    submission = book.add_submission(name, student)
            for grade in submission.notebooks[0].grades:
                part = parts[grade.name]
                if part.written:
                    mark = marks[student, part.name].points
                    grade.manual_score, grade.auto_score = mark, None
                else:
                    mark = grade.auto_score = record["parts"][part.name]["points"]
                grade.needs_manual_grade = mark is None
        book.db.commit()
