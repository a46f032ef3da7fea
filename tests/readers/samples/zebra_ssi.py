"""Decode packets and answers of an SSI scanner."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.inquiry import About
from readers.protocols.zebra_ssi.codec import Frame
from readers.protocols.zebra_ssi.commands import ACK, DECODE_DATA, REVISION

HEADS = None
ABOUT = About(firmware="1.04")
HARMLESS = {0xA3}
FRAME = st.one_of(
    st.builds(
        lambda kind, text: Frame(DECODE_DATA, bytes((kind,)) + text.encode(), 0).encode(),
        st.sampled_from([0x01, 0x03, 0x0B, 0x0F, 0x1C, 0x77]),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40),
    ),
    st.just(Frame(ACK, b"", 0).encode()),
    st.builds(lambda text: Frame(REVISION, text, 0).encode(), st.binary(min_size=1, max_size=12)),
)


def stated(meaning: dict[str, Any]) -> dict[str, Any]:  # `Any`: a row's own fields
    """Take the words for people out: `0x38 beep` is parameter 0x38, `1 packeted` the value 1."""
    told = dict(meaning)
    told["op"] = meaning["op"].split()[0]
    if meaning.get("param", "").startswith("0x"):
        told["param"] = meaning["param"].split()[0]
    if isinstance(meaning.get("value"), str):
        told["value"] = int(meaning["value"].split()[0])
    if "type" in meaning:
        told["barcode_type"] = told.pop("type")
    if "data" in meaning:
        told["data"] = meaning["data"].replace("<GS>", "\x1d")
    return told
