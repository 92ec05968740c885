"""A fresh variant of all homeworks, for another year: `make variant SEED=2027`.

Other constants, other data, other sizes. It is set only if the solutions get every point with it.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from homework import sandbox
from homework.course import Course, Refused
from homework.grade import has_sandbox, try_solutions


def set_variant(course, seed, *, unsandboxed=False, tell=print):
    """Write `seed` into course.json; Refused, with nothing changed, if a solution fails with it."""
    sandboxed = has_sandbox(unsandboxed)
    with TemporaryDirectory(prefix="hw-room-") as folder:
        room = Path(folder)
        sandbox.furnish(room)
        for name in course.names:
            judging = course.judging(name, seed)
            try_solutions(course, name, seed, judging, room, sandboxed)
            tell(f"{name}, variant {seed}: the solutions get every automatic point", flush=True)
    (course.root / "course.json").write_text(json.dumps({"variant": seed}) + "\n")


def main(argv=None):
    parser = argparse.ArgumentParser(description="Set the variant of all homeworks.")
    parser.add_argument("seed", type=int, help="such as the year")
    seed, course = parser.parse_args(argv).seed, Course()
    try:
        set_variant(course, seed, unsandboxed=os.environ.get("ALLOW_UNSANDBOXED") == "1")
    except Refused as reason:
        sys.exit(str(reason))
    print("It is given out with the next `make homework`; what is already out is graded as it was.")


if __name__ == "__main__":
    main()
