"""What a reader is asked again and again beside its reading: its inputs, how warm it is."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Literal

from readers.control.controls import Controls
from readers.registry import protocol as protocol_named
from readers.session import Session

TALK_S = 5.0
"""Longest time for one question."""


def tells(protocol: str, question: Literal["inputs", "temperature"]) -> bool:
    """Tell whether readers of a protocol can be asked for this.

    Raises:
        ReaderError: If there is no such protocol.

    >>> tells("r2000_a0", "temperature"), tells("barcode_lines", "temperature")
    (True, False)
    """
    make = protocol_named(protocol).controls
    return make is not None and getattr(type(make()), question) is not getattr(Controls, question)


class Asking(ABC):
    """One reader that is asked by a thread of its own."""

    def __init__(self, session: Session, what: str) -> None:
        """Take a session that runs or will run."""
        make = protocol_named(session.protocol).controls
        assert make is not None, "only readers that tell it are asked"
        self._controls = make()
        self._session = session
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._live, name=f"{what} {session.name}", daemon=True
        )

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was asked is waited for."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=TALK_S)

    @abstractmethod
    def _live(self) -> None:
        """Ask until `_stopping` is set."""
