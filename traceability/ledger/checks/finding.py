"""What a check of the record says: the first thing that is not as it was, or what it held good.

>>> Finding(314, "changed body", "The body at position 314 is not what was sealed.").kind
'changed body'
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "Finding", "Gap"]

KINDS = (
    "changed body",
    "changed entry",
    "missing body",
    "changed document",
    "missing document",
    "unreadable body",
    "deleted",
    "inserted",
    "reordered",
    "truncated tail",
    "tile altered",
    "root altered",
    "head altered",
    "forked history",
    "rolled back",
    "checkpoint altered",
    "key not signed",
    "key swapped",
    "trigger removed",
    "trigger added",
    "grant changed",
    "side row",
    "projection row",
    "projection stale",
)
"""Every word that a finding may go by; docs/operating.md says what each means."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is not as it was."""

    position: int | None
    """Of the entry that it is about; None where it is about no single one."""
    kind: str
    """One of `KINDS`."""
    detail: str
    """A sentence for people."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A restore from a backup that the record itself declares: what was there since is missing."""

    position: int
    """Of the entry that declares it."""
    first: int
    """First position of the record as it was that is missing."""
    known_size: int | None
    """How many entries there were at least; None if nobody knows of more than came back."""
    at: str
    """When, as the entry says it."""
    is_signed_by_old: bool
    """Signed by the key before it, too: by whoever kept the record before."""
    seen_size: int | None = None
    """The largest size beyond the gap's start that a checkpoint kept elsewhere speaks of."""
    is_understated: bool = False
    """A checkpoint kept elsewhere speaks of more entries than the declaration."""
