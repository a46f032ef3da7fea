"""What was on a reader's wire at one moment, as a page shows it: lines with what came out of them.

Pages show these values and whoever keeps the recordings makes them; neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

WireState = Literal["whole", "elsewhere", "gone", "lost", "changed"]
"""As it was sealed; recorded on another PC; given up for room; its end was lost in a power cut; its
bytes are not those that the event names."""


@dataclass(frozen=True, slots=True)
class WireRead:
    """One thing that the bytes of a line made certain."""

    kind: str
    """`tag`, `card`, `scan`, `reply`, `noise`, `down` or `up`."""
    text: str
    """EPC or card number in hex, the scanned text, the answer's name, or why it is noise."""
    antenna: int | None = None
    rssi_dbm: float | None = None


@dataclass(frozen=True, slots=True)
class WireLine:
    """One piece of bytes."""

    at: datetime
    direction: str
    """`in` (from the reader), `out` (to it), `idle`, `up`, `down`, `pass` or `hole`."""
    hex: str
    reads: tuple[WireRead, ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """A window of a recording."""

    tape: str
    state: WireState
    protocol: str = ""
    lines: tuple[WireLine, ...] = ()
    is_cut: bool = False
    """True if there are more lines than are shown."""
    download: bytes = b""
    """The window as a tape of its own, with the sums by which it can be checked."""
