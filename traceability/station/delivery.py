"""Bringing to the server what the spool holds: in order, as often as it takes, each once.

An answer may be lost after the server has stored everything; so the same elements go out again
under the same ids, and the server says `duplicate`. What it refuses for good is parked with its
sentence, so that one bad event never keeps a thousand good ones waiting. What was delivered stays
until the server says that a backup holds it (`returning`).

After a silence of the server there are two lanes: what waited when it came back, and what is said
since. What is said now goes first, so that stock and pages are current at once, however long the
other lane takes; each lane is delivered oldest first, and neither keeps the other waiting for ever.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from traceability.errors import DatabaseBusy, Offline
from traceability.station import returning
from traceability.station.link import Link, read_json
from traceability.station.spool import Spool

log = logging.getLogger(__name__)

BACK_OFF_S = (0.1, 5.0)
"""First and longest pause after a failure; each is spread by half, so that forty stations do not
come back in the same moment."""
BATCH_MAX = 200
ASK_S = 60.0
"""How often the server is asked whether a backup holds what was delivered, and whether the record
was restored; also after every silence."""

AWAY_S = 30.0
"""A silence of the server that is longer makes two lanes; what was said in a shorter one still
counts as said now."""

_DONE = ("accepted", "duplicate")
_NEVER = ("refused", "conflict")


class Delivery:
    """Empties a spool into `POST /api/capture`."""

    def __init__(
        self,
        spool: Spool,
        link: Link,
        *,
        back_off_s: tuple[float, float] = BACK_OFF_S,
        ask_s: float = ASK_S,
        away_s: float = AWAY_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._spool = spool
        self._ask_s = ask_s
        self._ask_at = 0.0  # monotonic; owned by the delivering thread
        self._clock = clock
        self._link = link
        self._back_off_s = back_off_s
        self._batch_max = BATCH_MAX
        self._away_s = away_s
        self._backlog_to = spool.next_counter - 1
        """Highest counter of the lane that waited. Owned, as the next two, by who delivers."""
        self._answered_at: float | None = None  # monotonic; None before the first answer
        self._is_backlogs_turn = True
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.is_online = False
        """True while the last request had an answer."""
        self.problem = ""
        """Why nothing is delivered; empty while it is."""
        self.on_restored: Callable[[], None] = lambda: None
        """Called from the delivering thread when the server's record came out of a backup."""

    def start(self) -> None:
        """Deliver from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._live, name="delivery", daemon=True)
        self._thread.start()

    def stop(self, *, patience_s: float = 5.0) -> None:
        """Make a last attempt, then end."""
        self._stopping.set()
        self._spool.wake()
        if self._thread is not None:
            self._thread.join(timeout=patience_s)
        self._link.close()

    def deliver_once(self) -> int:
        """Deliver one batch; give how many elements were settled.

        Raises:
            Offline: If the server did not settle them; they stay in the spool.
        """
        now = time.monotonic()
        if self._answered_at is None or now - self._answered_at > self._away_s:
            self._backlog_to = self._spool.next_counter - 1
        count = self._deliver(self._next_batch())
        self._answered_at = time.monotonic()
        return count

    def _next_batch(self) -> list[tuple[int, str, bytes]]:
        """Take what is said now before what waits, but two full batches of it never in a row."""
        lanes = [self._backlog_to, 0]
        if self._is_backlogs_turn:
            lanes.reverse()
        for after in lanes:
            batch = self._spool.waiting(self._batch_max, after=after)
            if batch:
                is_backlog = batch[0][0] <= self._backlog_to
                self._is_backlogs_turn = not is_backlog and len(batch) >= self._batch_max
                return batch
        return []

    def _deliver(self, batch: Sequence[tuple[int, str, bytes]]) -> int:
        if not batch:
            return 0
        # Said for one record, and taken by no other: a new PC may answer at the old one's address
        # before the backup is restored there.
        record = self._spool.meta("record")
        status, data, _ = self._link.ask(
            "POST",
            "/api/capture",
            b"[" + b",".join(body for _, _, body in batch) + b"]",
            {"Hangtag-Record": record} if record else None,
        )
        if status == 200:
            settled = _settle(batch, read_json(data))
            self._spool.settle(settled)
            self._batch_max = min(BATCH_MAX, self._batch_max * 2)
            return len(settled)
        if status in (400, 413, 422):
            return self._narrow(batch, status, data)
        raise Offline(f"The server answered {status} to POST /api/capture: {_sentence(data)}")

    def _narrow(self, batch: Sequence[tuple[int, str, bytes]], status: int, data: bytes) -> int:
        """Find the element for which a whole batch was sent back: halve, and at last park it."""
        if len(batch) > 1:
            self._batch_max = max(1, len(batch) // 2)
            return self._deliver(batch[: self._batch_max])
        counter = batch[0][0]
        self._spool.settle([(counter, None, f"{status}: {_sentence(data)}")])
        log.warning("element %d was refused and is parked: %s", counter, _sentence(data))
        return 1

    def _ask_if_due(self) -> None:
        if time.monotonic() < self._ask_at:
            return
        if returning.ask(self._link, self._spool, self._clock()):
            self.on_restored()
        self._ask_at = time.monotonic() + self._ask_s

    def _live(self) -> None:
        pause_s, longest_s = self._back_off_s
        while True:
            is_last = self._stopping.is_set()
            try:
                self._ask_if_due()
                count = self.deliver_once()
                self.is_online, self.problem = True, ""
                pause_s = self._back_off_s[0]
                if count and not is_last:
                    continue
            except DatabaseBusy as error:
                # A full disk of our own: what the server has is sent once more, and it says so.
                self.problem = str(error)
                if not is_last:
                    self._stopping.wait(longest_s)
            except Offline as error:
                self.is_online, self.problem = False, str(error)
                self._ask_at = 0.0
                if not is_last:
                    self._stopping.wait(pause_s * random.uniform(0.5, 1.5))  # noqa: S311
                pause_s = min(pause_s * 2, longest_s)
            except Exception as error:
                # The top of a thread: a mistake of ours must not end delivery for ever.
                log.exception("delivery failed and begins again")
                self.is_online, self.problem = False, f"Delivery failed: {error!r}."
                self._ask_at = 0.0
                if not is_last:
                    self._stopping.wait(longest_s)
            if is_last:
                return
            if not self.problem:
                self._spool.wait(1.0)


def _settle(
    batch: Sequence[tuple[int, str, bytes]], answer: object
) -> list[tuple[int, int | None, str | None]]:
    """Match the server's answers with what was sent.

    Raises:
        Offline: If they do not match one to one, in order: then nothing is known of any.
    """
    if not isinstance(answer, list) or len(answer) != len(batch):
        raise Offline(
            f"The server settled {len(answer) if isinstance(answer, list) else 'no'} elements of "
            f"{len(batch)}; all are sent again."
        )
    settled: list[tuple[int, int | None, str | None]] = []
    for (counter, name, body), each in zip(batch, answer, strict=True):
        # A gap is known by its run alone; the server may name it as it likes.
        is_named = isinstance(each, dict) and (each.get("id") == name or body[:6] == b'{"gap"')
        if not is_named:
            raise Offline(f"The server's answers are not for what was sent: expected {name!r}.")
        status, position = each.get("status"), each.get("position")
        if status in _DONE:
            settled.append((counter, position if isinstance(position, int) else None, None))
        elif status in _NEVER:
            problem = str(each.get("problem") or status)
            log.warning("element %d is parked: %s", counter, problem)
            settled.append((counter, None, f"{status}: {problem}"))
        else:
            raise Offline(f"The server says {status!r} of {name!r}, which no station knows.")
    return settled


def _sentence(data: bytes) -> str:
    """Return what a problem answer says, for a person."""
    try:
        tree = read_json(data)
    except Offline:
        return data[:200].decode("utf-8", "replace")
    detail = tree.get("detail") if isinstance(tree, dict) else None
    return str(detail or tree)[:300]
