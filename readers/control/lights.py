"""A light stack at a gate: which colour hangs at which output of a reader, and who switches it.

>>> stack = Lamps.parse("green=1 red=3 buzzer=4")
>>> stack.levels(("red", "buzzer"))
{1: False, 3: True, 4: True}
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

from readers.control.controls import Controls
from readers.reads import ReaderError
from readers.registry import protocol as protocol_named
from readers.session import Session

log = logging.getLogger(__name__)

COLOURS = ("green", "amber", "red", "blue", "buzzer")
PIN_MAX = 16
AGAIN_S = 2.0
"""A reader that refused, or was away, is told again after so long."""
TALK_S = 5.0


@dataclass(frozen=True, slots=True)
class Lamps:
    """Colours and the outputs at which they hang."""

    pins: tuple[tuple[str, int], ...]
    """(one of `COLOURS`, output from 1 as on the box), each once."""

    @classmethod
    def parse(cls, text: str) -> Lamps:
        """Read `green=1 red=3`.

        Raises:
            ReaderError: If a colour or an output cannot be, or stands there twice.
        """
        found: dict[str, int] = {}
        for part in text.split():
            colour, _, pin = part.partition("=")
            is_pin = pin.isdecimal() and 1 <= int(pin) <= PIN_MAX
            if colour not in COLOURS or not is_pin or colour in found or int(pin) in found.values():
                raise ReaderError(
                    f"Cannot read {part!r} as a lamp: expected {', '.join(COLOURS)}, each once, and"
                    f' the number of an output of its own, such as "green=1 red=2".'
                )
            found[colour] = int(pin)
        if not found:
            raise ReaderError('No lamp is named: write such as "green=1 red=2".')
        return cls(tuple(found.items()))

    def levels(self, colours: Collection[str]) -> dict[int, bool]:
        """Return the level of every output when these colours are on and the others off."""
        return {pin: colour in colours for colour, pin in self.pins}


def has_outputs(protocol: str) -> bool:
    """Tell whether readers of a protocol can switch outputs.

    Raises:
        ReaderError: If there is no such protocol.
    """
    make = protocol_named(protocol).controls
    return make is not None and type(make()).outputs is not Controls.outputs


class LightStack:
    """Shows colours at one reader, in a thread of its own: who shows never waits for the reader.

    The last wish counts. Wishes that a later one has overtaken are not carried out. A reader that
    was away, or refused, is told again until it has heard.
    """

    def __init__(self, session: Session, lamps: Lamps) -> None:
        """Take a session that runs or will run; nothing is switched before `start`."""
        make = protocol_named(session.protocol).controls
        assert make is not None, "only readers with outputs have lamps"
        self._outputs: Callable[..., object] = make().outputs
        self._session = session
        self._lamps = lamps
        # Both under `_changed`: what is wished for, and what the reader was last told.
        self._wanted: frozenset[str] = frozenset()
        self._shown: frozenset[str] | None = None
        self._is_stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(
            target=self._live, name=f"lamps {session.name}", daemon=True
        )

    def start(self) -> None:
        """Begin; all lamps go off first."""
        self._thread.start()

    def show(self, colours: Collection[str]) -> None:
        """Wish for these colours, and no others; returns at once."""
        with self._changed:
            if self._wanted != frozenset(colours):
                self._wanted = frozenset(colours)
                self._changed.notify_all()

    def wait_shown(self, timeout_s: float) -> bool:
        """Wait until the reader has heard the last wish; return whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self._shown == self._wanted, timeout_s)

    def stop(self) -> None:
        """Switch the lamps off if the reader is there, and end."""
        with self._changed:
            self._is_stopping, self._wanted = True, frozenset()
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=TALK_S)

    def _live(self) -> None:
        said = ""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_stopping or self._shown != self._wanted)
                wanted, is_last = self._wanted, self._is_stopping
                if self._shown == wanted:
                    return
            try:
                self._session.converse(self._outputs(self._lamps.levels(wanted)), TALK_S)  # type: ignore[arg-type]  # a talk
            except ReaderError as error:
                if str(error) != said:
                    log.warning("lamps of %s: %s", self._session.name, error)
                said = str(error)
                with self._changed:
                    if is_last or self._changed.wait_for(lambda: self._is_stopping, AGAIN_S):
                        return
                continue
            said = ""
            with self._changed:
                self._shown = wanted
                self._changed.notify_all()
                if is_last:
                    return
