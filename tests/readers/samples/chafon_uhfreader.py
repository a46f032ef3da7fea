"""Rounds, pushes and answers of a UHFReader18 and a 288."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.inquiry import About
from readers.protocols.chafon_uhfreader.codec import Frame
from tests.readers.samples.epcs import EPC

HEADS = b""
ABOUT = About(firmware="3.1", region="eu", power_dbm=(30.0,))
HARMLESS = {0x21}
_SEEN = st.tuples(EPC, st.integers(0, 255))


def _round(tags: list[tuple[bytes, int]], mask: int, status: int) -> bytes:
    each = b"".join(bytes((len(epc),)) + epc + bytes((rssi,)) for epc, rssi in tags)
    return Frame(0, 0x01, bytes((status, mask, len(tags))) + each).encode()


def _round_18(tags: list[tuple[bytes, int]], status: int) -> bytes:
    each = b"".join(bytes((len(epc),)) + epc for epc, _ in tags)
    return Frame(0, 0x01, bytes((status, len(tags))) + each).encode()


FRAME = st.one_of(
    st.builds(
        _round,
        st.lists(_SEEN, max_size=5),
        st.sampled_from([1, 2, 4, 8, 128]),
        st.sampled_from([1, 3]),
    ),
    st.builds(_round_18, st.lists(_SEEN, min_size=1, max_size=5), st.sampled_from([1, 3])),
    st.builds(
        lambda epc, rssi: Frame(
            0, 0xEE, b"\x00\x01" + bytes((len(epc),)) + epc + bytes((rssi,))
        ).encode(),
        EPC,
        st.integers(0, 255),
    ),
    st.builds(
        lambda cmd, data: Frame(0, cmd, b"\x00" + data).encode(),
        st.sampled_from([0x21, 0x40, 0x02, 0x99]),
        st.binary(max_size=12),
    ),
)


def stated(meaning: dict[str, Any]) -> dict[str, Any]:
    """Put a row's words into the names of what is decoded."""
    row = dict(meaning)
    kind = row.pop("kind", "")
    assert kind == "inventory" or kind.startswith(("active-mode push", "composed")) or not kind
    if isinstance(row.get("status"), str):
        row["status"] = int(row["status"], 16)
    if "type" in row:  # `type` is what kind of item it is
        row["reader_type"] = row.pop("type")
    for name in ("dmaxfre", "dminfre"):  # hex digits are capitals behind 0x
        if name in row:
            row[name] = "0x" + row[name][2:].upper()
    row["tags"] = [
        {"read_count" if name == "count" else name: value for name, value in tag.items()}
        for tag in row.get("tags", [])
    ]
    return row
