"""What hangs at a station's readers beside antennas: lamps for the verdict, inputs, a thermometer.

Lamps and inputs are off unless the station's file says which lamp hangs where. Lamps follow the
screen: green for PASS, amber for what nobody can judge, red and the buzzer for STOP, and dark when
the screen goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial

from readers.control.asking import Asking, tells
from readers.control.input_poll import InputPoll
from readers.control.lights import Lamps, LightStack
from readers.control.thermometer import Thermometer
from readers.session import Session
from traceability.station.live import Shown
from traceability.station.settings import ReaderSettings

COLOURS_OF: dict[str, tuple[str, ...]] = {
    "PASS": ("green",),
    "UNKNOWN": ("amber",),
    "STOP": ("red", "buzzer"),
}
"""Verdict → colours; every other state is dark."""


def colours_of(shown: Shown | None, at: datetime) -> Collection[str]:
    """Return what the lamps show while the screen shows this."""
    if shown is None or shown.fades(at):
        return ()
    return COLOURS_OF.get(shown.verdict.state, ())


class Signals:
    """All lamps, asked inputs and thermometers of a station. `show` never waits."""

    def __init__(
        self,
        readers: Sequence[ReaderSettings],
        sessions: Sequence[Session],
        warm: Callable[[str, float | None], None],
    ) -> None:
        """Begin with every reader that the station's file gives lamps or asks for inputs.

        Args:
            readers: As the station's file names them.
            sessions: Theirs.
            warm: Told name and °C of each reader that says how warm it is.
        """
        named = {each.name: each for each in readers}
        self._stacks = [
            LightStack(session, Lamps.parse(named[session.name].lights))
            for session in sessions
            if named[session.name].lights
        ]
        polls = [
            InputPoll(session, every_ms)
            for session in sessions
            if (every_ms := named[session.name].inputs_every_ms) is not None
        ]
        heats = [
            Thermometer(session, partial(warm, session.name))
            for session in sessions
            if tells(session.protocol, "temperature")
        ]
        self._asking: list[Asking] = [*polls, *heats]
        for stack in self._stacks:
            stack.start()
        for asking in self._asking:
            asking.start()

    def show(self, shown: Shown | None, at: datetime) -> None:
        """Let the lamps show what the screen shows."""
        colours = colours_of(shown, at)
        for stack in self._stacks:
            stack.show(colours)

    def stop(self) -> None:
        """Switch the lamps off, ask no more."""
        for asking in self._asking:
            asking.stop()
        for stack in self._stacks:
            stack.stop()
