"""Bets before an experiment, and checks for understanding after it. (Every lesson)

    from vitutor import checks

    checks.bet("03.dial", ...)             # shows the question; replace ... to place the bet
    checks.bet("03.dial", "c", sure=70)    # places it: option c, 70 % sure
    checks.settle("03.dial")               # after the experiment: who was right, and why
    checks.check("03.1", ...)              # shows a question; replace ... by the answer
    checks.calibration()                   # all bets of the course, scored

The questions live in vitutor.checks.lessons, one file a lesson. A wrong answer is compared with
what each misunderstanding would have answered, so that the reply can name the misunderstanding.
"""

from importlib import import_module

from vitutor.checks.bets import Bet, Calibration, Store
from vitutor.checks.draws import Draws
from vitutor.checks.questions import Choice, Function, Mistake, Number, Verdict
from vitutor.errors import DomainError

__all__ = [
    "Bet",
    "Calibration",
    "Choice",
    "Draws",
    "Function",
    "Mistake",
    "Number",
    "Store",
    "Verdict",
    "bet",
    "calibration",
    "check",
    "settle",
]


def check(key, answer):
    """Judge `answer` to the question `key`, such as "03.1"; with `...` show the question."""
    return _find(key, "QUESTIONS").judge(answer)


def bet(key, choice, sure=None):
    """Place a bet on option `choice`, `sure` per cent; with `...` show the question.

    A bet can be changed until it is settled. DomainError for an option that is not offered, or
    for a certainty outside the range from even odds to 100.
    """
    return _find(key, "BETS").place(choice, sure, Store())


def settle(key, *, show=False):
    """Tell the answer to the bet `key` and put it on the score; with `show`, even without a bet."""
    return _find(key, "BETS").settle(Store(), show=show)


def calibration():
    """Score every settled bet: how often you were right when you said how sure you were."""
    return Calibration(Store())


def _find(key, table):
    lesson = str(key).partition(".")[0]
    try:
        questions = getattr(import_module(f"vitutor.checks.lessons.lesson_{lesson}"), table)
    except ModuleNotFoundError:
        questions = {}
    if key not in questions:
        raise DomainError(
            "key",
            got=repr(key),
            wanted=f"one of {', '.join(questions)}" if questions else 'a key such as "03.1"',
        )
    return questions[key]
