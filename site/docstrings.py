"""The package's docstrings are plain text; Sphinx wants reStructuredText."""

import re
from itertools import groupby

ENTRY = re.compile(r"(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*) : (?P<text>.*)")


def process(app, what, name, obj, options, lines):
    lines[:] = convert(lines)


def convert(lines):
    """Return the docstring's lines as reStructuredText."""
    out = []
    blocks = [
        list(block) for full, block in groupby(lines, key=lambda line: bool(line.strip())) if full
    ]
    for block in blocks:
        if len(block) > 1 and set(block[1].strip()) == {"-"}:
            out += [f".. rubric:: {block[0].strip()}", ""]
            block = block[2:]
        if all(line.startswith("    ") for line in block):
            out += ["::", "", *block, ""]
        elif ENTRY.match(block[0]) or block[0].startswith("- "):
            out += _entries(block)
        else:
            out += [*_prose(" ".join(line.strip() for line in block)), ""]
    return out


def _entries(block):
    """A list, an item for each line that is not indented."""
    out = []
    for line in block:
        if line.startswith(" "):
            out[-1] += " " + line.strip()
        else:
            out.append(line.removeprefix("- "))
    items = []
    for text in out:
        entry = ENTRY.match(text)
        if entry:
            text = f"`{entry['names']}`: {entry['text']}"
        items += [f"- {_inline(text)}", ""]
    return items


def _prose(text):
    return [_inline(text)]


def _inline(text):
    """Text between backticks is code, everything else is meant as it stands."""
    parts = text.split("`")
    for i, part in enumerate(parts):
        parts[i] = f"``{part}``" if i % 2 else re.sub(r"([\\*|_])", r"\\\1", part)
    return "".join(parts)
