"""Sort what a course platform hands out, folders, zips and loose files, into submitted/.

A folder, or zip, with one notebook is named after its student; several notebooks side by side are
named after their students each (`doe_jane_123_hw1.ipynb`). Archives are never unpacked: notebooks
are read from them, one by one, and written under names made here.
"""

import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from homework.course import Refused

MOST_FILES = 20_000
SKIPPED = {"__MACOSX", ".ipynb_checkpoints"}


@dataclass(frozen=True)
class Found:
    """One notebook: the folders it lies in, its name, and its text, or why there is none."""

    folders: tuple[str, ...]
    name: str
    data: bytes
    trouble: str = ""


def collect(course, name, place):
    """Write submitted/<student>/<name>/<name>.ipynb; return sentences on what was odd.

    A submission that came before is replaced. Refused if there is no notebook at all.
    """
    place = Path(place)
    if not place.exists():
        raise Refused(f"{place}: there is no such file or folder.")
    most = int(course.limits.notebook_mb * 2**20)
    found = list(_folder(place, (), most) if place.is_dir() else _file(place, (), most))
    if not any(one.name.endswith(".ipynb") for one in found):
        raise Refused(f"{place}: no notebook in it, not in its folders, not in its zips.")
    notes = []
    for student, one in sorted(_by_student(found, name, notes).items()):
        path = course.root / "submitted" / student / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.data)
        refusal = path.with_name("refused.txt")
        refusal.unlink(missing_ok=True)
        if one.trouble:
            refusal.write_text(one.trouble, encoding="utf-8")
    return notes


def _by_student(found, name, notes):
    together = defaultdict(list)
    for one in found:
        own = [part for part in one.folders if _bare(part, name)]
        together[tuple(own)].append(one)
    students = {}
    for folders, files in together.items():
        exact = [one for one in files if one.name == f"{name}.ipynb"]
        if folders and len(exact or files) == 1:
            named = {_slug(_bare(folders[-1], name)): (exact or files)[0]}
            for one in set(files) - set(named.values()):
                notes.append(f"{'/'.join(folders)}: {one.name} was left out beside {name}.ipynb.")
        else:
            named = {}
            for one in files:
                student = _slug(_bare(one.name.rpartition(".")[0], name))
                if student in named:
                    notes.append(f"{student} handed in twice; {one.name} was left out.")
                named.setdefault(student, one)
        for student, one in named.items():
            if not student:
                notes.append(
                    f"{one.name}: whose is it? Name the file, or its folder, after its student."
                )
            elif student in students:
                notes.append(
                    f"{student} handed in twice; {'/'.join(folders)}/{one.name} was left out."
                )
            else:
                students[student] = one
    return students


def _folder(folder, folders, most):
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name in SKIPPED:
            continue
        if path.is_dir():
            yield from _folder(path, (*folders, path.name), most)
        else:
            yield from _file(path, folders, most)


def _file(path, folders, most):
    if path.suffix == ".zip":
        yield from _zip(path, (*folders, path.stem), most)
    elif path.suffix == ".ipynb" and path.stat().st_size > most:
        yield Found(folders, path.name, b"", _too_large(path.stat().st_size, most))
    elif path.suffix == ".ipynb":
        yield Found(folders, path.name, path.read_bytes())


def _zip(file, folders, most, depth=0):
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist()[:MOST_FILES]:
                *inner, name = info.filename.replace("\\", "/").split("/")
                if SKIPPED & set(inner) or not name.endswith((".ipynb", ".zip")):
                    continue
                # Only names: a `..` or a root in them leads nowhere.
                inner = tuple(part for part in inner if part not in ("", ".", ".."))
                with archive.open(info) as entry:
                    data = entry.read(most + 1)
                if len(data) > most:
                    yield Found((*folders, *inner), name, b"", _too_large(info.file_size, most))
                elif name.endswith(".ipynb"):
                    yield Found((*folders, *inner), name, data)
                elif depth == 0:
                    yield from _zip(BytesIO(data), (*folders, *inner, name[:-4]), most, depth=1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        # RuntimeError: it wants a password.
        yield Found(folders, "unreadable.ipynb", b"", f"The zip cannot be read ({error}).")


def _too_large(size, most):
    return (
        f"The notebook has {size / 2**20:.0f} MB, {most / 2**20:g} are allowed: clear its outputs, "
        "save it and hand it in again."
    )


def _bare(text, name):
    """A name without the homework's, and without the (1) of a second download."""
    text = re.sub(rf"(?<![a-z0-9]){name}(?![0-9])", "", text, flags=re.I)
    return re.sub(r"(\s*\(\d+\)|-\d+)$", "", text.strip("_-. ")).strip("_-. ")


def _slug(text):
    """A student's name as a folder's: `.` and `_`, but no space, no slash, no leading dot."""
    return re.sub(r"[^\w.@+-]+", "_", text).strip("._+@-")[:80]
