"""One name for each thing: every parameter of what the reference documents is in the glossary."""

import dataclasses
import inspect
import sys
from importlib import import_module
from pathlib import Path

import pytest

SITE = Path(__file__).parent.parent / "site"
sys.path.insert(0, str(SITE))
import pages  # noqa: E402

# Their arguments are what pictures, questions and messages are made of: not the course's subject.
TOOLS = {"errors", "checks", "plotting", "widgets", "widgets.engine"}
# What functions return. The fields of these are told where they are documented.
RETURNED = {
    *("Diagnosis", "Finding", "Implied", "Misconception"),
    *("EMTrace", "History", "MixturePosterior", "Sweep", "SweepTrace", "Trace"),
}
MODULES = [module for group in pages.REFERENCE.values() for module in group]


def glossary():
    lines = (SITE / "text" / "glossary.md").read_text(encoding="utf-8").splitlines()
    return set().union(*(pages.glossary_names(line) for line in lines if line.startswith("|")))


def documented(name):
    """The functions and classes on the reference's page of a module."""
    module = import_module(f"vitutor.{name}")
    if name in pages.MEMBERS:
        return [getattr(module, member) for member in pages.MEMBERS[name].split(", ")]
    public = getattr(module, "__all__", None) or [
        key
        for key, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__
    ]
    members = [getattr(module, key) for key in public if not key.startswith("_")]
    return [member for member in members if inspect.isfunction(member) or inspect.isclass(member)]


def parameters(member):
    """Names of the parameters of a function, or of a class and its public methods."""
    if inspect.isfunction(member):
        yield from inspect.signature(member).parameters
    elif not issubclass(member, Exception):
        made_by_you = member.__name__ not in RETURNED
        if made_by_you:
            yield from inspect.signature(member).parameters
        for key, value in vars(member).items():
            method = getattr(value, "__func__", value) if made_by_you else value
            if not key.startswith("_") and inspect.isfunction(method):
                yield from inspect.signature(method).parameters


@pytest.mark.parametrize("module", [module for module in MODULES if module not in TOOLS])
def test_every_parameter_is_in_the_glossary(module):
    if module.startswith(("vae", "audit")):
        pytest.importorskip("torch")
    names = {name for member in documented(module) for name in parameters(member)}
    assert names
    unknown = names - glossary() - {"self", "cls", "args", "kwargs"}
    assert not unknown, f"add to site/text/glossary.md: {sorted(unknown)}"


def test_the_glossary_names_nothing_that_is_gone():
    """Each name is a parameter, or an attribute of something the reference documents."""
    known = set()
    for module in MODULES:
        for member in documented(module):
            known |= {member.__name__, *dir(member), *parameters(member)}
            if dataclasses.is_dataclass(member):
                known |= {field.name for field in dataclasses.fields(member)}
    of_the_lessons = {"evidence", "posterior", "log_joint"}
    assert glossary() - known <= of_the_lessons | {"numpy.random.Generator", "transform", "build"}


def test_every_public_module_has_a_page():
    package = SITE.parent / "vitutor"
    files = [
        p for p in package.rglob("*.py") if p.stem != "__init__" and not p.stem.startswith("_")
    ]
    public = {path.relative_to(package).parts[0].removesuffix(".py") for path in files} - {
        "validation",
        "pareto",
        "grid",
    }
    assert public == {module.partition(".")[0] for module in MODULES}
