"""The site's pages as Sphinx reads them: those of site/text, and what the course itself says.

What would be said twice is written from where it stands: the lessons and their table (README), the
lesson in which a name is first used, the cells that execute an equation, the benchmarks' table.
"""

import ast
import base64
import html
import json
import re
import shutil
import sys
from pathlib import Path

import nbformat

SITE = Path(__file__).parent
ROOT = SITE.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
REFERENCE = {
    "Models and approximations": ("models", "families", "flows", "distributions", "divergences"),
    "Evidence, bounds and gradients": ("estimate", "evidence", "annealing", "elbo", "gradients"),
    "Fitting": ("fit", "coordinate_ascent", "em", "variational_mixture", "optim"),
    "The VAE": ("vae", "vae.reference"),
    "Checking": ("audit", "checks", "errors"),
    "Data, numbers, pictures": ("data", "numerics", "plotting", "widgets", "widgets.engine"),
}
# Of the others all that is public; these also have helpers that the neighbours need.
MEMBERS = {
    "coordinate_ascent": "fit_coordinate_ascent, SweepTrace",
    "distributions": "Bernoulli, Categorical",
    "fit": "fit, Trace",
}
PACKAGES = {"models", "families", "flows", "vae", "audit", "checks", "widgets"}


def write(folder):
    """Write every page's source into a new folder."""
    (folder / "lessons").mkdir(parents=True)
    (folder / "reference").mkdir()
    for path in LESSONS:
        nbformat.write(lesson(path), folder / "lessons" / path.name)
    shutil.copytree(ROOT / "figures", folder / "figures")
    fill = {
        "lessons": lesson_cards(),
        "ledger": ledger(),
        "contents": "\n".join(f"lessons/{path.stem}" for path in LESSONS),
        "homework": homework(),
        "benchmarks": benchmarks(),
    }
    for path in sorted((SITE / "text").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for name, value in fill.items():
            text = text.replace(f"<!-- {name} -->", value)
        if path.stem == "glossary":
            text = with_first_lessons(text)
        if path.stem == "equations":
            text = with_cells(text)
        (folder / path.name).write_text(text, encoding="utf-8")
    reference(folder / "reference")


# The lessons


def lesson(path):
    """The committed notebook; its cells can be linked to, its live figures awake in the page."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.language_info.pygments_lexer = "python"
    for cell in notebook.cells:
        cell.metadata["id"] = cell.id
        for output in cell.get("outputs", ()):
            markup = output.get("data", {}).get("text/html", "")
            figure = shown_figure(cell.source)
            if figure and markup.startswith("<img"):
                output.data["text/html"] = place(figure, markup, moves(cell.source))
    return notebook


def shown_figure(source):
    """The name of the live figure that a cell makes and shows, if it is the package's own."""
    made = re.findall(r"^(\w+) = widgets\.(\w+)\(\)$", source, re.MULTILINE)
    last = source.rstrip().rpartition("\n")[2]
    return dict(made).get(last)


def moves(source):
    """Where the cell has set the controls: {"q_mean": 0.871} of figure.set(q_mean=0.871)."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return {
        word.arg: ast.literal_eval(word.value)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "set"
        for word in call.keywords
    }


def place(figure, markup, start):
    """Picture and sentence, to be replaced by the figure itself where scripts run."""
    start = html.escape(json.dumps(start))
    return f'<div data-states="{figure}" data-start="{start}">{markup}</div>'


def ledger():
    """The landing page's own live figure."""
    from vitutor import widgets

    figure = widgets.evidence_ledger()
    markup = figure._repr_mimebundle_()[0]["text/html"]
    return f"```{{raw}} html\n{place('evidence_ledger', markup, {})}\n```"


def lesson_rows():
    """(number, stem, title, what one can do afterwards, minutes) of README's table."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for line in readme.splitlines():
        link = re.search(r"\[(\d+)\. ([^\]]+)\]\(notebooks/(\w+)\.ipynb\)", line)
        if line.startswith("|") and link:
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            minutes = next(cell for cell in cells if cell.isdigit())
            yield f"{int(link[1]):02d}", link[3], link[2], cells[1], minutes


def lesson_cards():
    cards = []
    for number, stem, title, text, minutes in lesson_rows():
        picture = ""
        if (ROOT / "figures" / f"thumbnail_{number}.png").exists():
            encoded = base64.b64encode(
                (ROOT / "figures" / f"thumbnail_{number}.png").read_bytes()
            ).decode()
            picture = f'<img src="data:image/png;base64,{encoded}" alt="" loading="lazy">'
        cards.append(
            f'<li><a href="lessons/{stem}.html">{picture}'
            f"<span><strong>{int(number)}. {title}</strong> <em>{minutes} min</em></span></a>"
            f"<p>Afterwards you can {html.escape(text)}.</p></li>"
        )
    return '```{raw} html\n<ul class="lessons">\n' + "\n".join(cards) + "\n</ul>\n```"


# Pages that point into the lessons


def with_first_lessons(text):
    """Add to the glossary's tables a column: the lesson whose code first uses the name."""
    names = [(path, used_names(path)) for path in LESSONS]
    lines = []
    for line in text.splitlines():
        if line.startswith("|"):
            code = glossary_names(line)
            if re.match(r"\|[-|: ]+$", line):
                line += "---|"
            elif not code:
                line += " first lesson |"
            else:
                first = next((path for path, used in names if code[0] in used), None)
                link = f"[{int(first.stem[:2])}](lessons/{first.name})" if first else ""
                line += f" {link} |"
        lines.append(line)
    return "\n".join(lines) + "\n"


def glossary_names(line):
    """The code names of a row: those between backticks in its second column."""
    return re.findall(r"`([^`]+)`", line.split("|")[2])


def used_names(path):
    """Every name, attribute and keyword in a lesson's code."""
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    return set(re.findall(r"[^\W\d]\w*", re.sub(r"#.*", "", code)))


def with_cells(text):
    """Fill the last column of the equations' table: links to the cells that execute each."""
    cells = executing_cells()

    def fill(match):
        links = [
            f'<a href="lessons/{path.stem}.html#{cell}">{int(path.stem[:2])}</a>'
            for path, cell in cells.get(match[1], ())
        ]
        return ", ".join(links)

    return re.sub(r"<!-- cells (S\d+) -->", fill, text)


def executing_cells():
    """{"S7": [(lesson, cell id), ...]}: the code cells that assert something under that comment."""
    found = {}
    for path in LESSONS:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and re.search(r"^\s*assert ", cell.source, re.MULTILINE):
                comments = " ".join(re.findall(r"#(.*)$", cell.source, re.MULTILINE))
                for equation in dict.fromkeys(re.findall(r"\bS\d+\b", comments)):
                    found.setdefault(equation, []).append((path, cell.id))
    return found


# The rest


def homework():
    """The instructor's own manual, one heading lower."""
    path = ROOT / "homework" / "README.md"
    if not path.exists():
        return "The homework's own manual is not part of this copy."
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^#", "##", text)
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#)[^)]*\)", r"\1", text)


def benchmarks():
    """The table of `make bench`, of what has been measured by now."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import table

    return table.text()


def reference(folder):
    """A page a module, from its docstrings."""
    contents = [
        "# The package",
        "",
        "What a module's text and its functions say of themselves.",
        "",
    ]
    for title, modules in REFERENCE.items():
        contents += ["```{toctree}", f":caption: {title}", "", *modules, "```", ""]
        for module in modules:
            members = f":members: {MEMBERS.get(module, '')}".strip()
            if module in PACKAGES:
                members += "\n   :imported-members:"
            directive = f".. automodule:: vitutor.{module}\n   {members}"
            page = f"# {module}\n\n```{{eval-rst}}\n{directive}\n```\n"
            (folder / f"{module}.md").write_text(page, encoding="utf-8")
    (folder / "index.md").write_text("\n".join(contents) + "\n", encoding="utf-8")
