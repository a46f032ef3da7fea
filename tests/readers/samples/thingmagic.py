"""Records of continuous reading, Silion's records, answers of a ThingMagic module."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.inquiry import About
from readers.protocols.thingmagic.codec import Frame
from tests.readers.samples.epcs import EPC

HEADS = b"\xff"
ABOUT = About("M6e Nano", "1.7.2.9", "eu", (23.0,))
HARMLESS = {0x03, 0x62, 0x67}
FRAME = st.one_of(
    st.builds(
        lambda epc, radio, flags: Frame(
            0x22,
            b"\x10\x00\x1b\x01\xff\x01"
            + radio
            + b"\x00\x00\x00"
            + (len(epc) * 8 + 32).to_bytes(2, "big")
            + (len(epc) // 2 << 11).to_bytes(2, "big")
            + epc
            + flags,
            0,
        ).encode(),
        EPC,
        st.binary(min_size=13, max_size=13),
        st.binary(min_size=2, max_size=2),
    ),
    st.builds(
        lambda epc, radio: Frame(
            0xAA, b"\x00\x07" + radio + bytes((len(epc) + 4,)) + b"\x30\x00" + epc + b"\xff\xff", 0
        ).encode(),
        EPC,
        st.binary(min_size=3, max_size=3),
    ),
    st.builds(
        lambda cmd, data, status: Frame(cmd, data, status).encode(),
        st.sampled_from([0x03, 0x22, 0x2F, 0x62, 0x7E]),
        st.binary(max_size=20),
        st.sampled_from([0, 0, 0x0400, 0x0504]),
    ).filter(lambda frame: frame[2] != 0x22 or len(frame) < 13),
)


def stated(meaning: dict[str, Any]) -> dict[str, Any]:  # `Any`: a row's own fields
    """`kind` and `dialect` are words; the inner checksum is said and then explained."""
    said = {key: value for key, value in meaning.items() if key not in ("kind", "dialect")}
    if "opcode" in said:
        said["cmd"] = said.pop("opcode")
    if "subcrc" in said:
        said["subcrc"] = said["subcrc"].split()[0]
    if meaning.get("dialect") == "Silion":
        said["dialect"] = "Silion"
    return said
