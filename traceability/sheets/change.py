"""What taking a sheet in would change, one thing at a time, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from traceability.sheets.complaint import Complaint, Question
from traceability.sheets.headings import Kind

__all__ = ["Change", "Difference", "Plan"]

Sort = Literal["order", "product", "place", "person", "roll", "stock"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is another one."""

    field: str
    """Name of the field; "pieces" for a line."""
    old: str
    new: str
    of: str = ""
    """Which line: the product's name."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that the sheet speaks of."""

    sort: Sort
    key: str
    """Empty for a person who has no badge yet."""
    name: str
    """What people call it."""
    state: Literal["new", "changed", "same"]
    values: Mapping[str, Any] = field(default_factory=dict)
    """Master data as it would be; JSON."""
    private: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    detail: str = ""
    """For whom, in which colour …"""
    pieces: Decimal | None = None
    unit: str = ""
    cell: str = ""
    """Where the sheet names it first."""
    owners: frozenset[str] = frozenset()
    """Records of the sheet that need it: order numbers, or the names of rows."""
    events: tuple[Mapping[str, Any], ...] = ()
    """What happened, for stock."""


@dataclass(slots=True)
class Plan:
    """What would happen, what is wrong, what is asked."""

    kind: Kind
    changes: list[Change] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    remarks: list[Complaint] = field(default_factory=list)
    sheet: str = ""
    """Name of the tab that was read."""
    sheets: tuple[str, ...] = ()
    """Tabs that have something in them."""
    headings: Mapping[str, Any] | None = None
    """What is to be remembered about headings; None if nothing new."""

    @property
    def asked(self) -> list[Question]:
        """Questions that must be answered first."""
        return [one for one in self.questions if one.is_open]

    @property
    def is_ready(self) -> bool:
        """Say whether all of the sheet can be taken in."""
        return not self.complaints and not self.asked

    @property
    def wrong(self) -> frozenset[str]:
        """Records that something is wrong with."""
        return frozenset(owner for one in self.complaints for owner in one.owners)

    @property
    def can_take_rest(self) -> bool:
        """Say whether the records without a mistake could be taken in alone."""
        return (
            not self.asked
            and bool(self.complaints)
            and all(one.owners for one in self.complaints)
            and any(True for _ in self.written(rest=True))
        )

    def written(self, *, rest: bool = False) -> list[Change]:
        """Return what would be written.

        Args:
            rest: Leave out the records that something is wrong with, and what only they need.
        """
        wrong = self.wrong if rest else frozenset()
        return [
            one
            for one in self.changes
            if one.state != "same" and not (one.owners and one.owners <= wrong)
        ]

    def of(self, sort: Sort) -> list[Change]:
        """Return the changes of one sort, in the order of the sheet."""
        return [one for one in self.changes if one.sort == sort]

    def count(self, sort: Sort, state: str) -> int:
        """Return how many things of a sort are new, changed or the same."""
        return sum(one.sort == sort and one.state == state for one in self.changes)
