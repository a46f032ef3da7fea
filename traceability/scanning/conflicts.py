"""Two codes of one thing that cannot both be right: a chip and a label that disagree.

>>> found = disagreement("w.invalid", "(01)09506000134352(21)7", "/01/09506000134352/21/8")
>>> found.what, found.code, found.thing
('serial', '7', '8')
>>> disagreement("w.invalid", "(01)09506000134352", "/01/09506000134352/21/8") is None
True
"""

from __future__ import annotations

from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1 import Identity, identify
from traceability.gs1.same import Conflict, compare

__all__ = ["Disagreement", "disagreement"]

WORDS = {"product": "product number", "serial": "serial number"}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What two codes of one thing say otherwise."""

    what: str
    """What they disagree about, in the word of `gs1.same.Conflict`."""
    code: str
    """What the first says."""
    thing: str
    """What the second says."""

    def sentence(self) -> str:
        """Say it with both values."""
        what = WORDS.get(self.what, self.what)
        return (
            f"Two codes of one thing disagree: one says {what} {self.code}, the other "
            f"{self.thing}. Put it aside; nothing was joined."
        )


def disagreement(namespace: str, first: str, second: str) -> Disagreement | None:
    """Compare two codes that are said to be of one thing; None if both may be right.

    A code that says less is no contradiction: an EAN and a tag of the same product agree, and a
    name of the workshop's own says nothing about numbers.

    Args:
        namespace: Host name of the workshop's own labels.
        first: A code, or a key.
        second: A code, or a key.
    """
    mine, other = _identity(first, namespace), _identity(second, namespace)
    if mine is None or other is None:
        return None
    found = compare(mine, other)
    return (
        Disagreement(found.what, found.a_value, found.b_value)
        if isinstance(found, Conflict)
        else None
    )


def _identity(code: str, namespace: str) -> Identity | None:
    try:
        return identify(code, namespace=namespace)
    except InvalidIdentifier:
        return None
