"""Four lines that say what the record proves and what it does not: on pages, in bundles, in README.

Whoever sees a proof is told its limits beside it, in the same words everywhere.

>>> [line.head for line in LINES]
['Recorded', 'Unchanged', 'Who could still have lied', 'Inferred, not seen']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["LINES", "Claim", "signed_by"]


def _(sentence: str) -> str:
    """Mark a sentence for the catalogues; pages translate it when they show it."""
    return sentence


@dataclass(frozen=True, slots=True)
class Claim:
    """One of the four lines."""

    head: str
    words: str
    """One sentence, in English; a message id of the catalogues."""

    def __str__(self) -> str:
        return f"{self.head}: {self.words}"


LINES: Final = (
    Claim(
        _("Recorded"),
        _("what was told or read, when, and by whom: each entry has its place and its time."),
    ),
    Claim(
        _("Unchanged"),
        _(
            "nobody changed an entry since: each is sealed into a tree whose root is signed, and "
            "an older checkpoint, kept elsewhere, shows every change of what lay before it."
        ),
    ),
    Claim(
        _("Who could still have lied"),
        _(
            "whoever scanned; and the operator, who could write a whole new record until a "
            "witness signs."
        ),
    ),
    Claim(
        _("Inferred, not seen"),
        _("what was concluded is marked: a garment whose carton alone was read was not seen."),
    ),
)
"""The same four, in this order, wherever something is proven."""


def signed_by(witnesses: tuple[str, ...], *, is_enough: bool) -> str:
    """Say whose word a checkpoint is, as a message id with ``%(names)s`` in it.

    Args:
        witnesses: Those of the policy that signed.
        is_enough: Whether the policy asks for no more; one that asks for nobody is never enough.
    """
    if witnesses and is_enough:
        return _("Signed by the operator and witnessed by %(names)s.")
    if witnesses:
        return _("Operator only: %(names)s signed, and the policy asks for more.")
    return _("Operator only: no witness has signed.")
