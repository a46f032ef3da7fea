"""Two codes of one thing that cannot both be right: a chip and a label that disagree.

>>> found = disagreement("w.invalid", "(01)09506000134352(21)7", "/01/09506000134352/21/8")
>>> found.what, found.code, found.thing
('serial number', '7', '8')
>>> disagreement("w.invalid", "(01)09506000134352", "/01/09506000134352/21/8") is None
True
"""

from __future__ import annotations

from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1 import Identity, identify

__all__ = ["Disagreement", "disagreement"]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What two codes of one thing say otherwise."""

    what: str
    """Name of what they disagree about: product number, serial number, lot …"""
    code: str
    """What the first says."""
    thing: str
    """What the second says."""

    def sentence(self) -> str:
        """Say it with both values."""
        return (
            f"Two codes of one thing disagree: one says {self.what} {self.code}, the other "
            f"{self.thing}. Put it aside; nothing was joined."
        )


_COMPARED = {
    "01": "product number",
    "00": "carton number",
    "21": "serial number",
    "10": "lot",
    "8006": "piece number",
}
"""What tells two things of one sort apart, in the order in which a person would look."""


def disagreement(namespace: str, first: str, second: str) -> Disagreement | None:
    """Compare two codes that are said to be of one thing; None if both may be right.

    A code that says less is no contradiction: an EAN and a tag of the same product agree, and a
    name of the workshop's own says nothing about numbers.

    Args:
        namespace: Host name of the workshop's own labels.
        first: A code, or a key.
        second: A code, or a key.
    """
    mine, other = _elements(first, namespace), _elements(second, namespace)
    for ai, what in _COMPARED.items():
        if ai in mine and ai in other and mine[ai] != other[ai]:
            return Disagreement(what, mine[ai], other[ai])
    return None


def _elements(code: str, namespace: str) -> dict[str, str]:
    try:
        found: Identity = identify(code, namespace=namespace)
    except InvalidIdentifier:
        return {}
    return dict(found.ais)
