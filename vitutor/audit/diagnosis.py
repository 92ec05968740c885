"""What an audit has to say, and how it is printed."""

import textwrap
from dataclasses import dataclass

from vitutor.audit.misconceptions import MISCONCEPTIONS

WIDTH = 88


@dataclass(frozen=True)
class Finding:
    """One thing found: its fixed slug, the place, one sentence, the correction as a line of maths.

    `legal` is True for a note: worth knowing, not wrong.
    """

    kind: str
    where: str
    says: str
    mend: str
    legal: bool

    @classmethod
    def of(cls, kind, where, detail="", legal=None):
        """Take sentence and correction from the table; `detail` is what is special in this case."""
        known = MISCONCEPTIONS[kind]
        says = f"{known.says.rstrip('.')} ({detail})." if detail else known.says
        return cls(kind, where, says, known.mend, known.legal if legal is None else legal)

    def __str__(self):
        sentence = f"{self.kind} ({self.where}). {self.says}"
        if self.legal:
            return _wrap(f"Note: {sentence}", "  ")
        return _wrap(sentence, "  ") + "\n" + _wrap(f"Mend: {self.mend}", "  ", first="  ")


@dataclass(frozen=True)
class Implied:
    """The weight of the KL against the reconstruction, read as a property of a model.

    `quantity` is "noise variance" (Gaussian) or "weight of the KL" (Bernoulli). Call it with the
    sizes of your own data to get its value: implied(data_dim=784, latent_dim=5).
    """

    quantity: str
    factor: float
    batch_power: int
    data_power: int
    latent_power: int

    def __call__(self, data_dim=1, latent_dim=1, batch_size=1):
        return (
            self.factor
            * float(batch_size) ** self.batch_power
            * float(data_dim) ** self.data_power
            * float(latent_dim) ** self.latent_power
        )

    def __str__(self):
        powers = (self.batch_power, self.data_power, self.latent_power)
        return f"{self.quantity} {spell_factor(self.factor, powers)}"


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """The answer of an audit; print it.

    Attributes
    ----------
    ok : True if every finding is a mere note.
    findings : list of Finding, mistakes first.
    explains : str, the formula that gives every value that was measured; empty if none does.
    implied : Implied, or None where two terms with a weight between them were not found.
    residual : float, the largest error of that formula relative to how far the values move.
    """

    findings: list
    explains: str = ""
    implied: Implied | None = None
    residual: float = float("nan")

    def __post_init__(self):
        object.__setattr__(self, "findings", sorted(self.findings, key=lambda f: f.legal))

    @property
    def ok(self):
        return all(finding.legal for finding in self.findings)

    @property
    def kinds(self):
        """The slugs of the mistakes, notes left out: a set."""
        return {finding.kind for finding in self.findings if not finding.legal}

    def __str__(self):
        lines = [self._verdict()]
        if self.explains:
            # Below 1e-10 it is rounding, which differs between machines.
            to = "rounding" if self.residual < 1e-10 else f"{self.residual:.0e}"
            lines += [
                "",
                f"What it computes (every value explained to {to}):",
                _wrap(self.explains, "    ", first="    "),
            ]
        if self.implied is not None:
            lines += [f"Implied {self.implied}."]
        for finding in self.findings:
            lines += ["", str(finding)]
        return "\n".join(lines)

    __repr__ = __str__

    def _verdict(self):
        mistakes = sum(not finding.legal for finding in self.findings)
        if self.ok:
            return "Right: an ELBO, up to what the notes say."
        if not self.explains:
            return "Not explained: no formula gives these values."
        return f"{mistakes} mistake{'s' if mistakes > 1 else ''} found."


def spell_factor(factor, powers, names="NDK"):
    """Write factor · N^i D^j K^k as a person would, 0.05·D/K."""
    above = [name for name, power in zip(names, powers, strict=True) for _ in range(power)]
    below = [name for name, power in zip(names, powers, strict=True) for _ in range(-power)]
    number = spell(factor)
    if above and number in ("1", "−1"):
        number = number.removesuffix("1")
        above[0] = number + above[0]
    else:
        above.insert(0, number)
    divisor = f"({'·'.join(below)})" if len(below) > 1 else "".join(below)
    return "·".join(above) + ("/" + divisor if below else "")


def spell_terms(terms, names="NDK"):
    """Write a sum of (factor, powers, formula), leaving out factors of one."""
    return _join(
        (factor < 0, spell_factor(abs(factor), powers, names), " · ", formula)
        for factor, powers, formula in terms
    )


def spell_sum(coefficients, labels):
    """Write Σ [2·recon² − x·recon], terms without weight left out."""
    pairs = zip(coefficients, labels, strict=True)
    return f"Σ [{_join((c < 0, spell(abs(c)), '·', label) for c, label in pairs if c)}]"


def spell(number):
    """Four significant digits, and no more than it has."""
    return f"{number:.4g}".replace("-", "−")


def _join(terms):
    text = ""
    for negative, weight, times, formula in terms:
        term = formula if weight == "1" else f"{weight}{times}{formula}"
        sign = "−" if negative else "+"
        text += f" {sign} {term}" if text else sign.removeprefix("+") + term
    return text


def _wrap(text, indent, first=""):
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False
    )
