"""The judge: outside the sandbox, it sends inputs in, and compares what comes out with the truth.

What the student's process says of itself is never asked. A part is right when its visible question
and its hidden one are both answered right; the last answer to a part is the one that counts.
"""

import hashlib
import socket
import threading
from dataclasses import dataclass

from homework.inside.codec import receive, send

BEYOND = (
    "**Right where the visible check looks, wrong on the harder cases that are graded** "
    "(other sizes, extreme values, more data at once). {}"
)


@dataclass(frozen=True)
class Ruling:
    """Whether a part is right, and what the student is told."""

    right: bool
    says: str


class Gone(BaseException):
    """The student's function will never return; questions catch Exception only."""


class Judge(threading.Thread):
    """Answers on the socket `path` while a notebook runs; `rulings` is what it found."""

    def __init__(self, path, name, judging, variant, secret, seconds):
        super().__init__(daemon=True)
        self.name_, self.variant, self.secret, self.seconds = name, variant, secret, seconds
        self.constants, self.visible, self.hidden = judging
        self.rulings = {}
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(path))
        self._door.listen(8)
        self._door.settimeout(0.05)
        self._closing = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self.join()
        self._door.close()

    def run(self):
        while not self._closing.is_set():
            try:
                student, _ = self._door.accept()
            except TimeoutError:
                continue
            with student:
                student.settimeout(self.seconds)
                try:
                    self._answer(student, receive(student))
                except Exception:
                    continue  # nonsense, or a kernel that died: no ruling

    def _answer(self, student, message):
        if "constants" in message:
            send(student, {"constants": dict(self.constants), "variant": self.variant})
            return
        part = message["part"]
        if part not in self.visible:
            send(student, {"says": f"There is no part {part!r}."})
            return
        answer = _proxy(student) if "function" in message else message["value"]
        try:
            self.rulings[part] = self._rule(part, answer)
        except Gone:
            self.rulings[part] = Ruling(
                False, "It did not finish: out of time, or the kernel died."
            )
            return
        # Not more: an answer that said right or wrong could be asked until it says right.
        send(student, {"says": "Recorded."})

    def _rule(self, part, answer):
        if answer is ...:
            return Ruling(False, "No answer.")
        # Both, in any case, so that what is asked tells nothing of what was found.
        seen = self._judge(self.visible[part], part, "visible", answer)
        unseen = (
            self._judge(self.hidden[part], part, "hidden", answer) if part in self.hidden else seen
        )
        if not seen.right:
            return Ruling(False, seen.says)
        if not unseen.right:
            question = self.visible[part]
            known = [*(mistake.says for mistake in getattr(question, "mistakes", ()))]
            hint = getattr(question, "hint", "")
            fits = [says for says in known if says in unseen.says]
            return Ruling(False, BEYOND.format((fits or [hint])[0]))
        return Ruling(True, seen.says)

    def _judge(self, question, part, which, answer):
        text = f"{self.name_} {self.variant} {part} {which} {self.secret}"
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        try:
            if hasattr(question, "draw_case"):
                return question.judge(answer, seed=seed)
            return question.judge(answer)
        except Exception as error:
            # A question that cannot cope is not the student's merit; the canary shows its author.
            return Ruling(False, f"The check could not judge it ({type(error).__name__}).")


def _proxy(student):
    """A function whose body is in the sandbox."""

    def call(*args, **kwargs):
        try:
            send(student, {"call": [list(args), kwargs]})
            reply = receive(student)
        except OSError:
            raise Gone from None
        if "raised" in reply:
            name, text = map(str, reply["raised"])
            raise type(name[:60] if name.isidentifier() else "Exception", (Exception,), {})(
                text[:500]
            )
        return reply["returned"]

    return call
