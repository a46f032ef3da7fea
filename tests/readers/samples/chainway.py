"""Tag records and answers of a Chainway reader, with both heads."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.codec import Emulator
from readers.emulated.tag_memory import RESERVED, TID
from readers.inquiry import About
from readers.protocols.chainway.codec import Access, Frame
from readers.protocols.chainway.commands import ACCESSES
from readers.protocols.chainway.emulator import ChainwayEmulator
from readers.reads import Command
from tests.readers.samples.epcs import EPC

HEADS = b"\xa5\xc8"
ABOUT = About("E710", "7.40.1", "eu", (30.0,))
HARMLESS = {0x02, 0x12, 0x2E}
_HEAD = st.sampled_from([0xA55A, 0xC88C])
_MORE = st.sampled_from([0, 2, 3, 5, 12, 14, 15, 16, 17]).flatmap(
    lambda size: st.binary(min_size=size, max_size=size)
)
FRAME = st.one_of(
    st.builds(
        lambda epc, more, rssi, antenna, cmd, head: Frame(
            cmd,
            (len(epc) // 2 << 11).to_bytes(2, "big") + epc + more + rssi + bytes((antenna,)),
            head,
        ).encode(),
        EPC,
        _MORE,
        st.binary(min_size=2, max_size=2),
        st.integers(1, 16),
        st.sampled_from([0x81, 0x83]),
        _HEAD,
    ),
    st.builds(
        lambda cmd, data, head: Frame(cmd, data, head).encode(),
        st.sampled_from([0x03, 0x05, 0x13, 0x27, 0x8D, 0xF1]),
        st.binary(max_size=12),
        _HEAD,
    ),
)


# `Any`: a row's own fields.
def stated(meaning: dict[str, Any]) -> dict[str, Any]:
    """Rows name the kind and mode of a record, and the text in its EPC, for people."""
    told = {key: value for key, value in meaning.items() if key not in ("kind", "mode")}
    if text := told.pop("epc_ascii", ""):
        assert told["epc"] == text.encode().hex()
    return told


def stage(emulator: Emulator, asked: Command) -> None:
    """Show the one tag that a command names, with the passwords that it gives."""
    access = Access.decode(asked.data) if asked.command in ACCESSES else None
    if access is None:
        return
    assert isinstance(emulator, ChainwayEmulator)
    [tag] = emulator.tags.tags()
    if access.bank == TID and access.bits:
        tag.banks[TID][: len(access.mask)] = access.mask
    tag.banks[RESERVED][:] = access.password * 2
