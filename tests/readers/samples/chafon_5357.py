"""Rounds, pushes and answers of a `53 57` reader."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.inquiry import About
from readers.protocols.chafon_5357.codec import FROM_READER, Frame
from tests.readers.samples.epcs import EPC

HEADS = b"\x43"
ABOUT = About(firmware="1.4", region="eu", power_dbm=(30.0,))
HARMLESS = {0x10, 0x23, 0x3E}
_SEEN = st.tuples(EPC, st.integers(1, 16), st.integers(0, 255))


def _entries(tags: list[tuple[bytes, int, int]]) -> bytes:
    return b"".join(
        bytes((len(epc) + 3, 1, antenna)) + epc + bytes((rssi,)) for epc, antenna, rssi in tags
    )


FRAME = st.one_of(
    st.builds(
        lambda tags: Frame(
            0, 0x01, b"\x01" + len(tags).to_bytes(2, "big") + _entries(tags), FROM_READER
        ).encode(),
        st.lists(_SEEN, max_size=5),
    ),
    st.builds(
        lambda tags, sn: Frame(
            0, 0x45, b"\x01" + sn + bytes((len(tags),)) + _entries(tags), FROM_READER
        ).encode(),
        st.lists(_SEEN, min_size=1, max_size=5),
        st.binary(min_size=7, max_size=7),
    ),
    st.builds(
        lambda cmd, data: Frame(0, cmd, b"\x01" + data, FROM_READER).encode(),
        st.sampled_from([0x10, 0x24, 0x3E, 0x99]),
        st.binary(max_size=12),
    ),
)


def stated(meaning: dict[str, Any]) -> dict[str, Any]:
    """Put a row's words into the names of what is decoded."""
    row = dict(meaning)
    if "count" in row:
        row["tag_count"] = row.pop("count")
    if "freq" in row:  # the bytes are the protocol's, the countries are the row's words
        assert row["freq"] == "299d Korea/Japan"
        row["freq"] = "299d Korea, Japan"
    cmd = row.get("cmd", "")
    if cmd.endswith("work mode answer"):
        row |= {"parameter": 2, "value": 0}
    if cmd.endswith("set power"):
        row |= {"parameter": 5, "power_dbm": row["value"]}
    return row
