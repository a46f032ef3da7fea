"""Taking a plan in: products before the orders that name them, every order whole, in one row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from traceability.errors import DatabaseBusy, Refused
from traceability.labels.issuing import Wish, issue
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft, Outcome
from traceability.projections.entering import event_draft, master_draft
from traceability.projections.view import look
from traceability.sheets.book import Book
from traceability.sheets.change import Change, Plan
from traceability.sheets.choices import Choices
from traceability.sheets.headings import Kind
from traceability.sheets.planning import plan

__all__ = ["Taken", "take_in"]

SLICE = 500
"""Entries written at a time; others come in between."""
_RANK = {"place": 0, "product": 1, "roll": 2, "person": 2, "stock": 3, "order": 3}
_taking = threading.Lock()


@dataclass(frozen=True, slots=True)
class Taken:
    """What was written."""

    plan: Plan
    """The plan as it was carried out."""
    changes: tuple[Change, ...]
    entries: int


def take_in(
    ledger: Ledger,
    book: Book,
    kind: Kind,
    choices: Choices,
    *,
    at: datetime,
    by: str,
    rest: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Taken:
    """Write what a sheet says.

    The plan is made once more under a lock of its own: two people who press at the same moment
    take a sheet in once. A thousand entries and fewer are written at once or not at all; a larger
    sheet that is cut off leaves whole orders, and the same sheet again brings the others.

    Args:
        ledger: Where to.
        book: The file.
        kind: What it holds.
        choices: Answers and corrected cells.
        at: Now, UTC.
        by: Who takes it in.
        rest: Leave out what is wrong; otherwise a mistake refuses the whole sheet.
        progress: Hears (entries written, all).

    Raises:
        Refused: If something is wrong or not answered; nothing was written then.
    """
    with _taking:
        with look(ledger) as view:
            made = plan(view, book, kind, choices, at=at)
        _check(made, rest=rest)
        changes = made.written(rest=rest)
        drafts = list(_drafts(changes, kind, made, by))
        people = [one for one in changes if one.sort == "person" and not one.key]
        total = len(drafts) + len(people)
        done = 0
        if progress is not None:
            progress(0, total)
        for part in _parts(drafts):
            for outcome in _append(ledger, part, done, total):
                if outcome.status not in ("accepted", "duplicate"):
                    raise Refused(outcome.problem or "The record did not take an entry.")
            done += len(part)
            if progress is not None:
                progress(done, total)
        if people:
            wishes = [Wish("W", one.values, one.private) for one in people]
            issue(ledger, lambda _: wishes, by=by)
        if progress is not None:
            progress(total, total)
    return Taken(made, tuple(changes), total)


def _append(ledger: Ledger, part: Sequence[Draft], done: int, total: int) -> list[Outcome]:
    try:
        return ledger.append(part)
    except DatabaseBusy as error:
        if not done:
            raise
        # The slices before are durable: to say that nothing was stored would be untrue.
        raise DatabaseBusy(
            f"{done} of {total} entries are taken in, then the record took no more: {error} "
            "Hand the same sheet in again: it goes on from there, and nothing is taken in twice."
        ) from error


def _check(made: Plan, *, rest: bool) -> None:
    if made.asked:
        raise Refused(f"{made.asked[0]} Answer this first.")
    if made.complaints and not (rest and made.can_take_rest):
        more = len(made.complaints) - 1
        others = f" There are {more} more." if more else ""
        raise Refused(f"{made.complaints[0]}{others} Nothing was taken in.")


def _parts(drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
    size = len(drafts) if len(drafts) <= 2 * SLICE else SLICE
    for start in range(0, len(drafts), size or 1):
        yield drafts[start : start + size]


def _drafts(changes: Sequence[Change], kind: Kind, made: Plan, by: str) -> Iterator[Draft]:
    if made.headings is not None:
        yield master_draft("headings", f"headings:{kind}", made.headings, by=by)
    for one in sorted(changes, key=lambda each: _RANK[each.sort]):
        if one.sort in ("place", "product", "order", "roll"):
            yield master_draft(one.sort, one.key, one.values, by=by)
        elif one.sort == "person" and one.key:
            yield master_draft("person", one.key, one.values, by=by, private=one.private)
        for tree in one.events:
            yield event_draft(tree, by=by)
