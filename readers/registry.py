"""The protocols that Hangtag speaks, by the names of their folders.

>>> PROTOCOLS["r200_bb7e"].short
'R200'
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols import (
    barcode_lines,
    em4100_serial,
    r200_bb7e,
    r2000_a0,
)
from readers.reads import ReaderError

__all__ = ["PROTOCOLS", "ProtocolEntry", "protocol"]

PROTOCOLS: dict[str, ProtocolEntry] = {
    entry.name: entry
    for entry in (
        barcode_lines.ENTRY,
        r200_bb7e.ENTRY,
        r2000_a0.ENTRY,
        em4100_serial.ENTRY,
    )
}


def protocol(name: str) -> ProtocolEntry:
    """Return a protocol by its name.

    Raises:
        ReaderError: If there is none of that name; the sentence lists those there are.
    """
    if name not in PROTOCOLS:
        raise ReaderError(f"No protocol is called {name!r}: expected {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]
