"""Notifications of several tags, id buffers and answers of a NUR reader."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.codec import Emulator
from readers.emulated.tag_memory import RESERVED
from readers.inquiry import About
from readers.protocols.nordicid_nur.codec import Frame
from readers.protocols.nordicid_nur.emulator import NurEmulator
from readers.reads import Command
from tests.readers.samples.epcs import EPC

HEADS = b"\xa5"
ABOUT = About("STIX", "4.7-H", "eu", (27.0,))
HARMLESS = {0x01, 0x09, 0x0B, 0x22}
_ENTRY = st.builds(
    lambda epc, radio: bytes((len(epc) + 12,)) + radio + epc,
    EPC,
    st.binary(min_size=12, max_size=12),
)
_ENTRIES = st.lists(_ENTRY, max_size=4).map(b"".join)
FRAME = st.one_of(
    st.builds(
        lambda said, entries: Frame(b"\x82\x00" + said + entries, 1).encode(),
        st.binary(min_size=5, max_size=5),
        _ENTRIES,
    ),
    st.builds(lambda entries: Frame(b"\x07\x00" + entries).encode(), _ENTRIES),
    st.builds(
        lambda cmd, status, data: Frame(bytes((cmd, status)) + data).encode(),
        st.sampled_from([0x01, 0x0B, 0x22, 0x31, 0x33, 0x7E]),
        st.sampled_from([0, 0, 0x20, 0x41]),
        st.binary(max_size=24),
    ),
)


def stated(meaning: dict[str, Any]) -> dict[str, Any]:  # `Any`: a row's own fields
    """Rows give the antenna's number on the wire; here `antenna` is what stands on the box."""
    if "tags" not in meaning:
        return meaning
    tags = [{"antenna_id": tag["antenna"], "epc": tag["epc"]} for tag in meaning["tags"]]
    return {**meaning, "tags": tags}


def stage(emulator: Emulator, asked: Command) -> None:
    """Show the tag that a command names, with the access password that it gives."""
    if "mask" not in asked.fields:
        return
    assert isinstance(emulator, NurEmulator)
    emulator.show([bytes.fromhex(str(asked.fields["mask"]))])
    for tag in emulator.tags.tags():
        tag.banks[RESERVED][4:8] = bytes.fromhex(str(asked.fields["password"]))
