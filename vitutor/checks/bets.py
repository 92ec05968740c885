"""Bets: said before the experiment, kept on this machine, scored at the end of the course.

To predict is to find out what one believes. The score is Brier's, which is best in the long run
for somebody who is right in 70 % of the cases in which they say 70.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vitutor.checks.questions import Verdict, spell
from vitutor.errors import ArgumentTypeError, DomainError


class Store:
    """The bets of one learner: a JSON file in $VITUTOR_STORE, or in the user's data folder.

    Written whole or not at all. A file that cannot be read is set aside, never overwritten.
    """

    def __init__(self, folder=None):
        default = os.environ.get("VITUTOR_STORE") or Path.home() / ".local" / "share" / "vitutor"
        self.path = Path(folder or default) / "bets.json"

    def load(self):
        """Return the bets as {key: {"choice", "sure", "right"}}, `right` None until settled."""
        try:
            bets = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(bets, dict) or not all(map(_is_record, bets.values())):
                raise ValueError("not a file of bets")
        except FileNotFoundError:
            return {}
        except ValueError:
            self._set_aside()
            return {}
        return bets

    def save(self, key, record):
        """Put one bet on file."""
        bets = {**self.load(), key: record}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(bets, file, indent=1)
        os.replace(temporary, self.path)

    def _set_aside(self):
        number = 1
        while (aside := self.path.with_suffix(f".unreadable-{number}")).exists():
            number += 1
        self.path.rename(aside)


@dataclass(frozen=True)
class Bet:
    """Options by letter, each a pair (text, reply); `right` is the one the experiment shows."""

    key: str
    prompt: str
    options: dict[str, tuple[str, str]]
    right: str

    def place(self, choice, sure, store):
        """Record the bet, or with `...` show the question; return a Verdict."""
        if choice is ...:
            text = f"{self.prompt}\n\n{spell(self.options)}\n\n*{self._invite()}*"
            return Verdict(None, text)
        if choice not in self.options:
            raise DomainError(
                "choice", got=repr(choice), wanted=f"one of {', '.join(map(repr, self.options))}"
            )
        even = 100 / len(self.options)
        if isinstance(sure, bool) or not isinstance(sure, (int, float)):
            raise ArgumentTypeError(
                "sure", got=repr(sure), wanted="per cent", remedy=self._invite().replace("`", "")
            )
        if not even - 1 <= sure <= 100:
            raise DomainError(
                "sure",
                got=f"{sure}",
                wanted=f"{even:.0f} (a pure guess among {len(self.options)}) to 100",
                remedy="If you are less sure than that, bet on another option.",
            )
        before = store.load().get(self.key)
        if before and before["right"] is not None:
            return Verdict(None, f"This bet is settled: you said {before['choice']}. It stands.")
        store.save(self.key, {"choice": choice, "sure": sure, "right": None})
        return Verdict(None, f"Your bet: **{choice}**, {sure:g} % sure. Now let us see.")

    def settle(self, store, *, show=False):
        """Say what was right and why, and put the outcome on file; return a Verdict.

        Without a bet the answer is kept, unless `show` asks for it.
        """
        text, because = self.options[self.right]
        answer = f"**{self.right}** {text} {because}"
        record = store.load().get(self.key)
        if record is None:
            if show:
                return Verdict(None, answer)
            return Verdict(
                None,
                f"*You have placed no bet here. Place it above, and run this cell again; "
                f'`checks.settle("{self.key}", show=True)` tells the answer without one.*',
            )
        right = record["choice"] == self.right
        store.save(self.key, {**record, "right": right})
        said = f"You said **{record['choice']}**, {record['sure']:g} % sure"
        if right:
            return Verdict(True, f"{answer}\n\n{said}: right.")
        return Verdict(False, f"{answer}\n\n{said}. {self.options[record['choice']][1]}")

    def _invite(self):
        return (
            f"Place your bet: replace `...` by a letter and how sure you are, in per cent: "
            f'`checks.bet("{self.key}", "{next(iter(self.options))}", sure=60)`.'
        )


class Calibration:
    """All settled bets: for each band of certainty, how often it was right."""

    BANDS = ((0, 50), (50, 70), (70, 90), (90, 101))

    def __init__(self, store):
        self.settled = [b for b in store.load().values() if b["right"] is not None]

    @property
    def brier(self):
        """Mean squared distance between certainty and outcome: 0 is perfect, 0.25 a coin's."""
        return sum((b["sure"] / 100 - b["right"]) ** 2 for b in self.settled) / len(self.settled)

    def bands(self):
        """Rows (lower, upper, bets, mean certainty, share right), empty bands left out."""
        rows = []
        for low, high in self.BANDS:
            bets = [b for b in self.settled if low <= b["sure"] < high]
            if bets:
                certainty = sum(b["sure"] for b in bets) / len(bets) / 100
                share = sum(b["right"] for b in bets) / len(bets)
                rows.append((low, min(high, 100), len(bets), certainty, share))
        return rows

    def __str__(self):
        if not self.settled:
            return "No settled bets yet: place some, run the experiments, settle them."
        lines = [
            f"{low:3d} to {high:3d} % sure: {n:2d} bets, mean {certainty:.0%}, right {share:.0%}"
            for low, high, n, certainty, share in self.bands()
        ]
        lines.append(f"Brier score {self.brier:.3f} over {len(self.settled)} bets.")
        return "\n".join(lines)

    __repr__ = __str__


def _is_record(record):
    return (
        isinstance(record, dict)
        and isinstance(record.get("choice"), str)
        and isinstance(record.get("sure"), (int, float))
        and record.get("right") in (None, True, False)
    )
