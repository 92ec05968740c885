"""A question that asks for names: which of the known mistakes is in which exhibit?"""

from dataclasses import dataclass

from vitutor.checks.questions import Verdict, invite


@dataclass(frozen=True)
class Named:
    """`right` says by letter which option is meant; an option is a sentence and a way to test it.

    The way to test completes "if that were its mistake, ...".
    """

    prompt: str
    right: dict[str, str]
    options: dict[str, tuple[str, str]]
    because: str

    def judge(self, answer):
        """Return the Verdict on a dictionary from letters to names, or the question for `...`."""
        if answer is ...:
            spelt = "\n".join(f"- `{name}` {says}" for name, (says, _) in self.options.items())
            return Verdict(None, f"{self.prompt}\n\n{spelt}\n\n{invite('your dictionary')}")
        letters = ", ".join(self.right)
        if type(answer) is not dict or sorted(map(str, answer)) != sorted(self.right):
            return Verdict(False, f"**Not so.** A dictionary with the keys {letters} is wanted.")
        for letter, right in self.right.items():
            name = answer[letter]
            if type(name) is not str or name not in self.options:
                known = ", ".join(self.options)
                return Verdict(False, f"**Not so.** {letter}: the names are {known}.")
            if name != right:
                test = self.options[name][1]
                return Verdict(
                    False, f"**Not so.** {letter}: if `{name}` were its mistake, {test}. Try it."
                )
        return Verdict(True, f"**Right.** {self.because}")
