"""Tag notifications and answers of an R200 module, with both heads."""

from __future__ import annotations

from hypothesis import strategies as st

from readers.codec import Emulator
from readers.emulated.tag_memory import RESERVED
from readers.inquiry import About
from readers.protocols.r200_bb7e.codec import TAG_ANSWERS, Frame
from readers.protocols.r200_bb7e.emulator import R200Emulator
from readers.reads import Command
from tests.readers.samples.epcs import EPC

HEADS = b"\xaa\xbb"
UNANSWERED = frozenset({0x11})
"""The speed changes without an answer."""
ABOUT = About("M100 26dBm V1.0", "V2.3.5", "cn", (26.0,))
HARMLESS = {0x03, 0x08, 0xB7}
FRAME = st.one_of(
    st.builds(
        lambda epc, rssi, crc, head: Frame(
            2,
            0x22,
            bytes((rssi,)) + (len(epc) // 2 << 11).to_bytes(2, "big") + epc + crc,
            head,
        ).encode(),
        EPC,
        st.integers(0, 255),
        st.binary(min_size=2, max_size=2),
        st.sampled_from([0xAA, 0xBB]),
    ),
    st.builds(
        lambda cmd, data: Frame(1, cmd, data).encode(),
        st.sampled_from([0x03, 0x07, 0x0D, 0x99]),
        st.binary(max_size=12),
    ),
)


def stage(emulator: Emulator, asked: Command) -> None:
    """Give the one tag the passwords that a command comes with."""
    if asked.command in TAG_ANSWERS and asked.data:
        assert isinstance(emulator, R200Emulator)
        [tag] = emulator.tags.tags()
        tag.banks[RESERVED][:] = asked.data[:4] * 2
