"""How warm a reader is: asked now and then, and only while nothing passes it.

    heat = Thermometer(session, print)
    heat.start()
    ...
    heat.stop()

A question pauses reading for a moment, so a reader that has just read something is asked later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from readers.control.controls import Controls
from readers.reads import ReaderError
from readers.registry import protocol as protocol_named
from readers.session import Session

EVERY_S = 300.0
QUIET_S = 5.0
"""So long nothing may have been read before it is asked."""
TALK_S = 5.0


def tells_temperature(protocol: str) -> bool:
    """Tell whether readers of a protocol can be asked how warm they are.

    >>> tells_temperature("r2000_a0"), tells_temperature("barcode_lines")
    (True, False)
    """
    make = protocol_named(protocol).controls
    return make is not None and type(make()).temperature is not Controls.temperature


class Thermometer:
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
        make = protocol_named(session.protocol).controls
        assert make is not None, "only readers that tell it are asked"
        self._tell = tell
        self._controls = make()
        self._session = session
        self._every_s, self._quiet_s = every_s, quiet_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, name=f"heat {session.name}", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was asked is waited for."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=TALK_S)

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
