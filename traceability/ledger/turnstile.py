"""The turnstile before the book: one goes through at a time and carries everybody who waits.

There is no writer thread. Who finds nobody inside goes in and writes what all have queued up
meanwhile, in one transaction; the others sleep until their own is written, or until it is their
turn to go in. Each is woken once.

Long imports come in slices and take turns with the short callers: before each slice all short ones
that wait go first, so that a scan at the gate waits for one slice at most, and an import, however
busy the gates are, has every second turn.

What one draft spoils never costs the others: if a transaction fails for a reason that is not the
database's, its callers are tried one by one, and the drafts of a caller half by half, until the
one is found and refused with a sentence.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence

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

_log = logging.getLogger(__name__)


class _Waiting:
    """One caller's drafts on their way into the ledger. Owned by who is inside."""

    __slots__ = ("drafts", "error", "gate", "is_done", "is_heir", "outcomes", "weight")

    def __init__(self, drafts: list[Prepared]) -> None:
        self.drafts = drafts
        self.weight = sum(_touches(draft) for draft in drafts)
        self.outcomes: list[Outcome] = []
        self.error: BaseException | None = None
        self.is_done = False
        self.is_heir = False
        self.gate = threading.Lock()
        self.gate.acquire()  # opened by another thread, once

    @property
    def is_short(self) -> bool:
        return len(self.drafts) <= SHORT_MAX and self.weight <= SHORT_MAX


class Turnstile:
    """Lets callers through to what writes.

    Args:
        write: Writes drafts in one transaction and returns an outcome for each. Only one thread
            is ever inside.
    """

    def __init__(self, write: Callable[[list[Prepared]], list[Outcome]]) -> None:
        self._write = write
        self._queue = threading.Lock()
        self._short: deque[_Waiting] = deque()  # these four are owned by _queue
        self._long: deque[_Waiting] = deque()
        self._was_long = False
        self._is_taken = False

    def pass_through(self, drafts: list[Prepared]) -> list[Outcome]:
        """Return what became of drafts, once it is durable.

        Raises:
            DatabaseBusy: If nothing of it is acknowledged.
            LedgerCorrupt: If what is stored contradicts itself.
        """
        mine = _Waiting(drafts)
        with self._queue:
            (self._short if mine.is_short else self._long).append(mine)
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
        except (
            BaseException
        ):  # ended from outside: what it said may be written, but it goes in no more
            with self._queue:
                for waiting in (self._short, self._long):
                    if mine in waiting:
                        waiting.remove(mine)
            if mine.is_heir:
                self._hand_over()
            raise

    def _carry(self, mine: _Waiting) -> None:
        try:
            while not mine.is_done:
                group = self._next()
                try:
                    self._write_group(group)
                except (
                    BaseException
                ) as error:  # a thread that is ended must not leave others asleep
                    for waiting in group:
                        waiting.error, waiting.is_done = error, True
                    raise
                finally:
                    for waiting in group:
                        if waiting is not mine:
                            waiting.gate.release()
        finally:
            self._hand_over()

    def _hand_over(self) -> None:
        """Send the next one in, if any waits."""
        with self._queue:
            heir = next(iter(self._short or self._long), None)
            self._is_taken = heir is not None
            if heir is not None:
                heir.is_heir = True
                heir.gate.release()

    def _next(self) -> list[_Waiting]:
        """Take a group off the queue: one slice of a long caller, or all short ones that fit."""
        with self._queue:
            self._was_long = bool(self._long) and not (self._was_long and self._short)
            if self._was_long:
                return [self._long.popleft()]
            group: list[_Waiting] = []
            count = weight = 0
            while self._short and count < GROUP_MAX and weight < TOUCHES_MAX:
                group.append(self._short.popleft())
                count += len(group[-1].drafts)
                weight += group[-1].weight
            return group

    def _write_group(self, group: list[_Waiting]) -> None:
        """Write what a group says; every one of it is done afterwards."""
        drafts = [draft for waiting in group for draft in waiting.drafts]
        spoilt: Exception | None = None
        try:
            outcomes = iter(self._write(drafts))
        except (DatabaseBusy, LedgerCorrupt, IntegrityError) as error:
            if isinstance(error, ClockDoubted) and len(group) > 1:
                # Among them may be what the ledger says of itself: that is written all the same.
                for waiting in group:
                    self._write_group([waiting])
                return
            for waiting in group:
                waiting.error, waiting.is_done = error, True
        except Exception as error:  # noqa: BLE001 - one draft's fault must not become everybody's
            spoilt = error
        else:
            for waiting in group:
                waiting.outcomes = [next(outcomes) for _ in waiting.drafts]
                waiting.is_done = True
        if spoilt is not None and len(group) > 1:
            for waiting in group:
                self._write_group([waiting])
        elif spoilt is not None:
            self._write_parts(group[0], spoilt)

    def _write_parts(self, waiting: _Waiting, error: Exception) -> None:
        """Store the innocent drafts of a caller whose drafts failed together."""
        drafts = waiting.drafts
        if len(drafts) == 1:
            waiting.outcomes = [_refused(drafts[0], error)]
        else:
            middle = len(drafts) // 2
            for half in (drafts[:middle], drafts[middle:]):
                part = _Waiting(half)
                self._write_group([part])
                waiting.error = waiting.error or part.error
                waiting.outcomes += part.outcomes
        waiting.is_done = True


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
