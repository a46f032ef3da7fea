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

from readers.control.asking import TALK_S, Asking
from readers.reads import Input, ReaderError
from readers.session import Session

log = logging.getLogger(__name__)

AGAIN_S = 2.0
"""A reader that is away is asked again after so long."""


class InputPoll(Asking):
    """Asks for the inputs again and again; a level that changed is an `Input` of the session."""

    def __init__(self, session: Session, every_ms: int) -> None:
        """Take a session that runs or will run."""
        super().__init__(session, "inputs")
        self._every_s = every_ms / 1000

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
