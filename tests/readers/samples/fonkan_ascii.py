"""Tags and answers of a Fonkan module."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.emulated.tag_memory import EmulatedTag
from readers.inquiry import About
from readers.protocols.fonkan_ascii.codec import Frame
from readers.protocols.fonkan_ascii.commands import GET_REGION, VERSION, code_of
from tests.readers.samples.epcs import EPC

HEADS = b"\n"
ABOUT = About(firmware="3.2.1", region="eu")
HARMLESS = {code_of(VERSION), code_of(GET_REGION)}


def _tag(letter: str, epc: bytes) -> bytes:
    tag = EmulatedTag(epc)
    text = (tag.pc + epc + tag.crc.to_bytes(2, "big")).hex().upper()
    return Frame(letter + text, is_answer=True).encode()


FRAME = st.one_of(
    st.builds(_tag, st.sampled_from("QU"), EPC),
    st.sampled_from(["U", "Q", "X", "V3.2.1", "N1B", "W<OK>", "R3034", "W4"]).map(
        lambda text: Frame(text, is_answer=True).encode()
    ),
)


def stated(meaning: dict[str, Any]) -> dict[str, Any]:  # `Any`: a row's own fields
    """Write hex as it is decoded: in small letters."""
    hexes = {key: meaning[key].lower() for key in ("epc", "crc16") if key in meaning}
    return meaning | hexes
