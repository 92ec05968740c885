"""Homework: constants that every student's notebook takes from here, and checks that diagnose.

    from vitutor.checks.homework import Homework

    hw = Homework("hw1", variant=2026)
    hw.rate                         # a constant of this variant
    hw.check("1.3", log_marginal)   # judges a function on fresh cases, and says what went wrong

Each homework is a package here, with `constants(seed)` and `parts(constants)`.
"""

from importlib import import_module
from pathlib import Path

from vitutor.checks.constants import Constants
from vitutor.errors import DomainError
from vitutor.validation import count


class Homework:
    """The homework `name` in one variant; DomainError for a name that there is not."""

    def __init__(self, name, *, variant):
        names = sorted(path.parent.name for path in Path(__file__).parent.glob("hw*/__init__.py"))
        if name not in names:
            raise DomainError("name", got=repr(name), wanted=f"one of {', '.join(names)}")
        self.name, self.variant = name, count("variant", variant)
        source = import_module(f"{__name__}.{name}")
        self.constants = Constants(source.constants(self.variant))
        # The questions have their own: what a notebook does to its constants does not reach them.
        self._parts = source.parts(Constants(source.constants(self.variant)))

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.constants, name)

    def check(self, part, answer):
        """Judge `answer` to a part, such as "1.3"; with `...` show the question."""
        if part not in self._parts:
            raise DomainError("part", got=repr(part), wanted=f"one of {', '.join(self._parts)}")
        return self._parts[part].judge(answer)
