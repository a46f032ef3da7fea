"""What the rest of the house knows of a protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from readers.codec import Codec, Emulator
from readers.control.controls import Controls
from readers.inquiry import Inquiry

__all__ = ["ProtocolEntry"]


@dataclass(frozen=True, slots=True)
class ProtocolEntry:
    """One protocol: how to hear it, how to play it."""

    name: str
    title: str
    """What stands on the box, in words of the people who buy it."""
    bauds: tuple[int, ...]
    """Speeds it is found at, the usual one first; none where it is met on networks only."""
    codec: Callable[[], Codec]
    host_codec: Callable[[], Codec] | None
    """Hears the host's commands; None where a host has nothing to say."""
    emulator: Callable[[], Emulator]
    reads: str
    """`tags`, `cards` or `barcodes`."""
    inquiry: Inquiry | None = None
    """How a stranger on a port is recognised as such a reader; None: by what it says unasked."""
    short: str = ""
    """What people call it in a sentence; empty: its title."""
    controls: Callable[[], Controls] | None = None
    """What such a reader can be told; None where nothing is known of it."""
