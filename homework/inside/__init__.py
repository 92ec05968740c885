"""What the sandbox has in place of vitutor.checks.homework: a judge outside does the judging.

Constants come from there, inputs come from there, and outputs go there as plain data. The truth,
the checks and the score never come in.
"""

import os
import socket

from vitutor.checks.constants import Constants
from vitutor.checks.questions import Verdict

from .codec import TooLarge, receive, send


class Homework:
    """The homework that is being graded, in the variant that was given out."""

    def __init__(self, name, *, variant):
        del variant  # the judge knows which one was given out
        with _judge() as judge:
            send(judge, {"constants": name})
            answer = receive(judge)
        self.name, self.variant = name, answer["variant"]
        self.constants = Constants(answer["constants"])

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.constants, name)

    def check(self, part, answer):
        """Let the judge call the function `answer`, or look at the value."""
        with _judge() as judge:
            ask = {"function": True} if callable(answer) else {"value": answer}
            send(judge, {"part": str(part), **ask})
            while "call" in (message := receive(judge)):
                _reply(judge, answer, *message["call"])
        return Verdict(None, message["says"])


def _reply(judge, answer, args, kwargs):
    try:
        reply = {"returned": answer(*args, **kwargs)}
    except Exception as error:
        reply = {"raised": [type(error).__name__, str(error)[:500]]}
    try:
        send(judge, reply)
    except TooLarge as error:
        send(judge, {"raised": ["ValueError", f"It returns {error}."]})


def _judge():
    judge = socket.socket(socket.AF_UNIX)
    judge.connect(os.environ["VITUTOR_JUDGE"])
    return judge
