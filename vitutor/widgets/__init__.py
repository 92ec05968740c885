"""The live figures, one a file. How to write another: `vitutor.widgets.engine`."""

from vitutor.widgets.dial import dimension_dial
from vitutor.widgets.ledger import evidence_ledger

__all__ = ["dimension_dial", "evidence_ledger"]
