"""Lines of an Alien reader."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.inquiry import About
from readers.protocols.alien_ascii.codec import command_code
from tests.readers.samples.epcs import EPC

HEADS = None
ABOUT = About("ALR-9900", "08.12.14")
HARMLESS = {command_code("ReaderType"), command_code("ReaderVersion")}
FRAME = st.one_of(
    st.builds(
        lambda epc, antenna, rssi, count: (
            f"{epc.hex().upper()};1518371341633;1518371343641;{antenna};{rssi / 10};{count}\r\n"
        ).encode(),
        EPC,
        st.integers(0, 3),
        st.integers(-900, -100),
        st.integers(1, 999),
    ),
    st.sampled_from(
        [b"#ReaderName: dock\r\n", b"ReaderName = dock\r\n", b"Error 2: What?\r\n", b"Alien>"]
    ),
)


# `Any`: a row's own fields.
def stated(meaning: dict[str, Any]) -> dict[str, Any]:
    """Rows describe lines in words; a command's reply is the emulator's affair."""
    told = {key: value for key, value in meaning.items() if key not in ("kind", "reply")}
    if "epc" in told:
        told["epc"] = told["epc"].lower()
    return told
