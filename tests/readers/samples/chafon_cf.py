"""Tag reports, scans and answers of a `CF` reader."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.inquiry import About
from readers.protocols.chafon_cf.codec import Frame
from tests.readers.samples.epcs import EPC

HEADS = b"\xcf"
UNANSWERED: frozenset[int] = frozenset()
ABOUT = About("CF661-HW1.0", "V2.1.0", "eu", (30.0,))
HARMLESS = {0x70, 0x72}
FRAME = st.one_of(
    st.builds(
        lambda epc, rssi, antenna, channel: Frame(
            0, 0x01, b"\x00" + rssi + bytes((antenna, channel, len(epc))) + epc
        ).encode(),
        EPC,
        st.binary(min_size=2, max_size=2),
        st.integers(1, 16),
        st.integers(0, 255),
    ),
    st.builds(
        lambda text: Frame(
            0, 0x01, bytes(5) + bytes((len(text) + 3,)) + b"\x02" + text + b"\x03\x0d"
        ).encode(),
        st.binary(max_size=20),
    ),
    st.builds(
        lambda cmd, data: Frame(0, cmd, b"\x00" + data).encode(),
        st.sampled_from([0x53, 0x70, 0x72, 0x99]),
        st.binary(max_size=12),
    ),
)


def stated(meaning: dict[str, Any]) -> dict[str, Any]:
    """Put a row's words into the names of what is decoded."""
    row = dict(meaning)
    if isinstance(row.get("status"), str):  # "0x12 round complete, no tag (idle)"
        row["status"] = int(row["status"].split()[0], 16)
    cmd = row.get("cmd", "")
    for words, fields in (
        ("inventory by time, 5 s", {"by": "time", "seconds": 5}),
        ("inventory by time, 0 = continuous", {"by": "time", "seconds": 0}),
        ("read mode barcode", {"operation": 1, "read_mode": "barcode"}),
        ("get read mode", {"operation": 2}),
        ("output mode transparent", {"operation": 1, "output_mode": 1}),
        ("get antenna power", {"operation": 2}),
        ("set antenna power, enable, 33 dBm x8", {"operation": 1, "power_dbm": [33] * 8}),
    ):
        if cmd.endswith(words):
            row |= fields
    return row
