"""The protocols that Hangtag speaks, by the names of their files.

>>> sorted(PROTOCOLS)
['barcode_lines', 'r2000_a0', 'r200_bb7e']
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from readers.barcode_lines import BarcodeCodec, BarcodeEmulator
from readers.codec import Codec, Emulator
from readers.inquiry import Inquiry
from readers.r200_bb7e import R200Codec, R200Emulator, R200HostCodec
from readers.r200_inquiry import R200_INQUIRY
from readers.r2000_a0 import R2000Codec, R2000Emulator, R2000HostCodec
from readers.r2000_inquiry import R2000_INQUIRY
from readers.reads import ReaderError


@dataclass(frozen=True, slots=True)
class ProtocolEntry:
    """One protocol: how to hear it, how to play it."""

    name: str
    title: str
    """What stands on the box, in words of the people who buy it."""
    bauds: tuple[int, ...]
    """Speeds it is found at, the usual one first."""
    codec: Callable[[], Codec]
    host_codec: Callable[[], Codec] | None
    """Hears the host's commands; None where a host has nothing to say."""
    emulator: Callable[[], Emulator]
    reads: str
    """`tags` or `barcodes`."""
    inquiry: Inquiry | None = None
    """How a stranger on a port is recognised as such a reader; None: by what it says unasked."""
    short: str = ""
    """What people call it in a sentence; empty: its title."""


PROTOCOLS: dict[str, ProtocolEntry] = {
    entry.name: entry
    for entry in (
        ProtocolEntry(
            "barcode_lines",
            "Barcode scanner on a serial or USB-COM line",
            (9600, 115200),
            BarcodeCodec,
            None,
            BarcodeEmulator,
            "barcodes",
        ),
        ProtocolEntry(
            "r200_bb7e",
            "R200 / M100 / YRM100 UHF module (BB … 7E, AA … DD)",
            (115200,),
            R200Codec,
            R200HostCodec,
            R200Emulator,
            "tags",
            R200_INQUIRY,
            "R200",
        ),
        ProtocolEntry(
            "r2000_a0",
            "Impinj R2000 / E710 UHF gate (A0)",
            (115200, 38400),
            R2000Codec,
            R2000HostCodec,
            R2000Emulator,
            "tags",
            R2000_INQUIRY,
            "R2000",
        ),
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
