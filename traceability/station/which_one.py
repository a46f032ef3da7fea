"""Which of several boxes is it: a reader is asked to make a sound or a light.

>>> can_beep("r2000_a0"), can_beep("barcode_lines")
(True, False)
"""

from __future__ import annotations

from collections.abc import Callable

from readers.control.controls import Controls
from readers.control.talk import Talk, converse
from readers.reads import ReaderError
from readers.registry import protocol as protocol_named
from traceability.floor_values import FloorRefused

BEEP_S = 8.0


def can_beep(protocol: str) -> bool:
    """Tell whether readers of a protocol have a sound or a light that can be asked for."""
    controls = protocol_named(protocol).controls
    return controls is not None and type(controls()).beep is not Controls.beep


def beep_of(
    url: str,
    protocol: str,
    baud: int | None,
    line: Callable[[str, Talk[None]], None] | None,
) -> None:
    """Make one reader known.

    Args:
        url: Its port.
        protocol: What it speaks.
        baud: At which speed.
        line: Talks to it in the line that a station holds; None: the port is free.

    Raises:
        FloorRefused: `mute` if it has no sound, `unheard` if it does not answer.
    """
    controls = protocol_named(protocol).controls
    if controls is None or not can_beep(protocol):
        raise FloorRefused("mute", f"The reader on {url} has no sound that can be asked for.")
    try:
        if line is not None:
            line(url, controls().beep())
        else:
            converse(url, baud, protocol, controls().beep(), timeout_s=BEEP_S)
    except ReaderError as error:
        raise FloorRefused("unheard", str(error)) from error
