"""The turnstile before the book: one goes through at a time and carries everybody who waits.

There is no writer thread. Who finds nobody inside goes in and writes what all have queued up
meanwhile, in one transaction; the others sleep until their own is written, or until it is their
turn to go in. Each is woken once.

Long imports come in slices and take turns with the short callers: before each slice all short ones
that wait go first, so that a scan at the gate waits for one slice at most, and an import, however
busy the gates are, has every second turn. While short ones come, slices are as long as 40 ms take
on this machine; an import that is alone goes a thousand at a time.

What one draft spoils never costs the others: if a transaction fails for a reason that is not the
database's, its callers are tried one by one, and the drafts of a caller half by half, until the
one is found and refused with a sentence.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from sqlalchemy.exc import IntegrityError

from traceability.errors import ClockDoubted, DatabaseBusy, LedgerCorrupt, TraceabilityError
from traceability.ledger.crash_points import pass_point
from traceability.ledger.drafts import Draft, Outcome, Prepared

__all__ = ["Turnstile", "slices"]

GROUP_MAX = 1000
"""Drafts in one transaction: about 40 ms on the reference machine, the longest that others wait."""
TOUCHES_MAX = 5000
"""Things touched in one transaction, for the same reason; one event may have more."""
SHORT_MAX = 100
"""Drafts, and things touched by them, of a caller who need not take turns."""

SLICE_S = 0.04
"""Seconds that a slice of a long caller should take while short ones come."""
SHORT_REMEMBERED_S = 1.0
"""Seconds after the last short caller in which the next one is expected."""
TOLD_TO_ALL = (DatabaseBusy, LedgerCorrupt, IntegrityError)
"""What no draft is to blame for: trying each alone would fail as well."""

_log = logging.getLogger(__name__)


class _Waiting:
    """One caller's drafts on their way into the ledger. Owned by who is inside."""

    __slots__ = ("drafts", "error", "gate", "is_done", "is_heir", "is_short", "outcomes", "weight")

    def __init__(self, drafts: list[Prepared]) -> None:
        self.drafts = drafts
        is_short = len(drafts) <= SHORT_MAX
        self.weight = sum(map(_touches, drafts)) if is_short else TOUCHES_MAX
        """Things touched, if they may be few."""
        self.is_short = is_short and self.weight <= SHORT_MAX
        self.outcomes: list[Outcome] = []
        """Of the drafts that are written; the rest are still to come."""
        self.error: BaseException | None = None
        self.is_done = False
        self.is_heir = False
        self.gate = threading.Lock()
        self.gate.acquire()  # opened by another thread, once

    def rest(self, seconds: float | None, load_s: float) -> list[Prepared]:
        """Return what is to be written next; all of it where nobody else waits.

        Args:
            seconds: How long it may take; None if nobody is kept waiting.
            load_s: Seconds that a draft, or a thing touched, has taken of late.
        """
        first = len(self.outcomes)
        if seconds is None:
            return self.drafts[first:] if first else self.drafts
        last, spent = first, 0.0
        while last < len(self.drafts) and (last == first or spent < seconds):
            spent += load_s * (1 + _touches(self.drafts[last]))
            last += 1
        return self.drafts[first:last]


class Turnstile:
    """Lets callers through to what writes.

    Args:
        write: Writes drafts in one transaction and returns an outcome for each. Only one thread
            is ever inside.
    """

    def __init__(self, write: Callable[[list[Prepared]], list[Outcome]]) -> None:
        self._write = write
        self._queue = threading.Lock()
        self._short: deque[_Waiting] = deque()  # these five are owned by _queue
        self._long: deque[_Waiting] = deque()
        self._short_at = -SHORT_REMEMBERED_S
        self._was_long = False
        self._is_taken = False
        self._load_s = SLICE_S / GROUP_MAX  # owned by who is inside

    def pass_through(self, drafts: list[Prepared]) -> list[Outcome]:
        """Return what became of drafts, once it is durable.

        Raises:
            DatabaseBusy: If not all of it is acknowledged.
            LedgerCorrupt: If what is stored contradicts itself.
        """
        mine = _Waiting(drafts)
        with self._queue:
            if mine.is_short:
                self._short.append(mine)
                self._short_at = time.monotonic()
            else:
                self._long.append(mine)
            is_inside, self._is_taken = not self._is_taken, True
        pass_point("queued")
        if not is_inside:
            self._sleep(mine)
        if not mine.is_done:
            self._carry(mine)
        if mine.error is not None:
            raise mine.error
        return mine.outcomes

    def _sleep(self, mine: _Waiting) -> None:
        try:
            mine.gate.acquire()
        except BaseException:  # ended from outside: it goes in no more, and wakes whom it should
            with self._queue:
                for waiting in (self._short, self._long):
                    if mine in waiting:
                        waiting.remove(mine)
            if mine.is_heir:
                self._hand_over()
            raise

    def _carry(self, mine: _Waiting) -> None:
        group: list[_Waiting] = []
        try:
            while not mine.is_done:
                group, drafts = self._next()
                self._write_group(group, drafts)
                self._release(group, mine)
        except BaseException as error:  # a thread that is ended must not leave others asleep
            for waiting in group:
                waiting.error, waiting.is_done = waiting.error or error, True
            self._release(group, mine)
            raise
        finally:
            self._hand_over()

    def _release(self, group: list[_Waiting], mine: _Waiting) -> None:
        for waiting in group:
            if not waiting.is_done:
                with self._queue:
                    self._long.appendleft(waiting)
            elif waiting is not mine:
                waiting.gate.release()

    def _hand_over(self) -> None:
        """Send the next one in, if any waits."""
        with self._queue:
            heir = next(iter(self._short or self._long), None)
            self._is_taken = heir is not None
            if heir is not None:
                heir.is_heir = True
                heir.gate.release()

    def _next(self) -> tuple[list[_Waiting], list[Prepared]]:
        """Take a group off the queue: a slice of one long caller, or all short ones that fit."""
        with self._queue:
            self._was_long = bool(self._long) and not (self._was_long and self._short)
            if self._was_long:
                caller = self._long.popleft()
                is_alone = time.monotonic() - self._short_at >= SHORT_REMEMBERED_S
                return [caller], caller.rest(None if is_alone else SLICE_S, self._load_s)
            group: list[_Waiting] = []
            count = weight = 0
            while self._short and count < GROUP_MAX and weight < TOUCHES_MAX:
                group.append(self._short.popleft())
                count += len(group[-1].drafts)
                weight += group[-1].weight
            return group, [draft for waiting in group for draft in waiting.drafts]

    def _write_group(self, group: list[_Waiting], drafts: list[Prepared]) -> None:
        """Write a group; each of it is done afterwards, but for a caller with more to come."""
        began = time.monotonic()
        try:
            outcomes = self._write(drafts)
        except Exception as error:  # noqa: BLE001 - one caller's fault must not become everybody's
            # While the clock is doubted there may be some among many who are written all the same.
            is_of_some = isinstance(error, ClockDoubted) and len(group) > 1
            is_of_all = isinstance(error, TOLD_TO_ALL) and not is_of_some
            for waiting in group:
                if is_of_all:
                    waiting.error, waiting.is_done = error, True
                else:
                    self._write_alone(waiting, drafts if len(group) == 1 else waiting.drafts)
            return
        if self._was_long:
            load = len(drafts) + sum(map(_touches, drafts))
            self._load_s += (((time.monotonic() - began) / load) - self._load_s) / 4
        taken = iter(outcomes)
        for waiting in group:
            waiting.outcomes += islice(
                taken, len(drafts) if self._was_long else len(waiting.drafts)
            )
            waiting.is_done = len(waiting.outcomes) == len(waiting.drafts)

    def _write_alone(self, waiting: _Waiting, drafts: list[Prepared]) -> None:
        try:
            waiting.outcomes += self._write_parts(drafts)
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits for it
            waiting.error = error
        waiting.is_done = waiting.error is not None or len(waiting.outcomes) == len(waiting.drafts)

    def _write_parts(self, drafts: list[Prepared]) -> list[Outcome]:
        """Store the innocent drafts of a caller, and refuse those that cannot be written."""
        try:
            return self._write(drafts)
        except TOLD_TO_ALL:
            raise
        except Exception as error:  # noqa: BLE001 - told in the outcome of the one that spoils it
            if len(drafts) == 1:
                return [_refused(drafts[0], error)]
        middle = len(drafts) // 2
        return self._write_parts(drafts[:middle]) + self._write_parts(drafts[middle:])


def _refused(draft: Prepared, error: Exception) -> Outcome:
    if isinstance(error, TraceabilityError):
        return Outcome(draft.id, "refused", None, str(error))
    _log.error("%s cannot be written", draft.id, exc_info=error)
    told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return Outcome(
        draft.id,
        "refused",
        None,
        f"Cannot enter {draft.id[:60]!a}: carrying it out failed ({told}). It is not stored.",
    )


def slices(drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
    """Cut what one caller brings into transactions, in order.

    >>> [len(part) for part in slices([Draft("master", str(n), {}) for n in range(2500)])]
    [1000, 1000, 500]
    """
    first = weight = 0
    for at, draft in enumerate(drafts):
        more = _touches(draft)
        if at > first and (at - first == GROUP_MAX or weight + more > TOUCHES_MAX):
            yield drafts[first:at]
            first, weight = at, 0
        weight += more
    if first < len(drafts):
        yield drafts[first:]


def _touches(draft: Draft | Prepared) -> int:
    event = draft.event
    if event is None:
        return 0
    return len(event.epcs) + len(event.children) + len(event.inputs) + len(event.outputs)
