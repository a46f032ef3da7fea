"""Inputs of a reader that tells of them only when asked: a photo-eye at a reader without events.

    poll = InputPoll(session, every_ms=200)
    poll.start()
    ...
    poll.stop()

Reading pauses for each question, so this is for readers that can do no better, and is off unless a
station's file says how often.
"""

from __future__ import annotations

import logging
import threading

from readers.control.controls import Controls
from readers.reads import Input, ReaderError
from readers.registry import protocol as protocol_named
from readers.session import Session

log = logging.getLogger(__name__)

TALK_S = 5.0
AGAIN_S = 2.0
"""A reader that is away is asked again after so long."""


def tells_inputs(protocol: str) -> bool:
    """Tell whether readers of a protocol can be asked for their inputs.

    Raises:
        ReaderError: If there is no such protocol.
    """
    make = protocol_named(protocol).controls
    return make is not None and type(make()).inputs is not Controls.inputs


class InputPoll:
    """Asks for the inputs again and again; a level that changed is an `Input` of the session."""

    def __init__(self, session: Session, every_ms: int) -> None:
        """Take a session that runs or will run."""
        make = protocol_named(session.protocol).controls
        assert make is not None, "only readers that tell inputs are asked"
        self._controls = make()
        self._session = session
        self._every_s = every_ms / 1000
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._live, name=f"inputs {session.name}", daemon=True
        )

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was asked is waited for."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=TALK_S)

    def _live(self) -> None:
        # An input is low until it is said to be high: nothing passes while a station starts.
        levels: dict[int, bool] = {}
        said, wait_s = "", self._every_s
        while not self._stopping.wait(wait_s):
            try:
                told = self._session.converse(self._controls.inputs(), TALK_S)
            except ReaderError as error:
                if str(error) != said:
                    log.warning("inputs of %s: %s", self._session.name, error)
                said, wait_s = str(error), AGAIN_S
                continue
            said, wait_s = "", self._every_s
            for pin, is_high in told.items():
                if levels.get(pin, False) is not is_high:
                    self._session.tell(Input(pin, is_high))
            levels = told
