"""The package is a house of floors: a module imports only from below, or from its left."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "vitutor"

FLOORS = (
    ("errors", "validation", "pareto", "numerics", "data"),
    ("estimate", "distributions"),
    ("families", "flows", "divergences", "models"),
    ("evidence", "grid", "annealing", "elbo", "gradients"),
    ("optim", "coordinate_ascent", "em", "variational_mixture", "fit", "vae", "audit"),
    ("plotting", "checks"),
    ("widgets",),
)
ORDER = [module for floor in FLOORS for module in floor]
BELOW = {module: set(ORDER[:i]) for i, module in enumerate(ORDER)}
BELOW["vae"] = {*FLOORS[0], *FLOORS[1]}
BELOW["__init__"] = {module for floor in FLOORS[:5] for module in floor} - {"vae"}

# Who may import what is heavy, or what a NumPy-only installation does not have.
HEAVY = {
    "torch": {"vae", "audit"},
    "matplotlib": {"plotting", "widgets"},
    "ipywidgets": {"widgets"},
    "anywidget": {"widgets"},
    "sklearn": {"data"},
}

FILES = sorted(PACKAGE.rglob("*.py"))


def owner(path):
    """The module of the table a file belongs to: models/decoder.py is part of models."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(source, package):
    """The dotted name of every module and member that a source in `package` imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def trespasses(source, package, module):
    """What the source of `module` imports though its floor does not allow it."""
    for name in imported(source, package):
        top, _, rest = name.partition(".")
        below = rest.partition(".")[0]
        if top == "vitutor" and below not in BELOW[module] | {module, "__version__"}:
            yield name
        if module not in HEAVY.get(top, {module}):
            yield name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_from_below(path):
    module = owner(path)
    assert module in BELOW, f"{module} has no floor: add it to FLOORS"
    package = ".".join(["vitutor", *path.relative_to(PACKAGE).parts[:-1]])
    assert list(trespasses(path.read_text(), package, module)) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("estimate", "from vitutor import evidence"),
        ("estimate", "from vitutor.distributions import Gaussian"),
        ("models", "from ..evidence import exact"),
        ("models", "from .. import evidence"),
        ("numerics", "def f():\n    import torch"),
        ("evidence", "import matplotlib.pyplot as plt"),
        ("vae", "import vitutor.evidence"),
        ("errors", "import vitutor"),
        ("__init__", "from . import vae"),
    ],
)
def test_a_trespass_is_seen(module, source):
    package = "vitutor.models" if module == "models" else "vitutor"
    assert list(trespasses(source, package, module))


def python(code):
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_import_vitutor_is_light():
    loaded = python("import sys, vitutor; print(*sys.modules)").split()
    assert set(HEAVY) & set(loaded) == set()


def test_numpy_floors_work_without_the_rest():
    names = [f"vitutor.{owner(path)}" for path in FILES]
    lower = {f"vitutor.{module}" for floor in FLOORS[:4] for module in floor}
    python(
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({list(HEAVY)}))\n"  # None: ImportError
        f"for name in {sorted(lower & set(names))}:\n    importlib.import_module(name)"
    )
