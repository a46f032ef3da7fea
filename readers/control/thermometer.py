"""How warm a reader is: asked now and then, and only while nothing passes it.

    heat = Thermometer(session, print)
    heat.start()
    ...
    heat.stop()

A question pauses reading for a moment, so a reader that has just read something is asked later.
"""

from __future__ import annotations

from collections.abc import Callable

from readers.control.asking import TALK_S, Asking
from readers.reads import ReaderError
from readers.session import Session

EVERY_S = 300.0
QUIET_S = 5.0
"""So long nothing may have been read before it is asked."""


class Thermometer(Asking):
    """Asks one reader again and again, and tells it on."""

    def __init__(
        self,
        session: Session,
        tell: Callable[[float | None], None],
        *,
        every_s: float = EVERY_S,
        quiet_s: float = QUIET_S,
    ) -> None:
        """Take a session that runs or will run.

        Args:
            session: Of a reader that tells it.
            tell: Told degrees Celsius, from a thread of its own; None while nobody knows.
            every_s: Time between two questions.
            quiet_s: So long nothing may have been read before one.
        """
        super().__init__(session, "heat")
        self._tell = tell
        self._every_s, self._quiet_s = every_s, quiet_s

    def _live(self) -> None:
        wait_s, reads = self._quiet_s, -1
        while not self._stopping.wait(wait_s):
            before, reads = reads, self._session.counters.tag_reads
            if reads != before:
                wait_s = self._quiet_s
                continue
            wait_s, reads = self._every_s, -1
            try:
                self._tell(self._session.converse(self._controls.temperature(), TALK_S))
            except ReaderError:
                self._tell(None)  # it is away, or older than the question
