"""Events of an R700's stream, with the EPC in any of its three forms."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

from hypothesis import strategies as st

from tests.readers.samples.epcs import EPC

HEADS = None


def stated(meaning: dict[str, Any]) -> dict[str, Any]:  # `Any`: a row's own fields
    """EPCs in lower-case hex."""
    return meaning | {"epc": meaning["epc"].lower(), "checksum": "ok"}


def _line(form: str, epc: bytes, antenna: int, cdbm: int) -> bytes:
    forms = {
        "hex": {"epcHex": epc.hex().upper()},
        "base64": {"epc": b64encode(epc).decode()},
        "base64url": {"epc": urlsafe_b64encode(epc).decode().rstrip("=")},
    }
    tag = {**forms[form], "antennaPort": antenna, "peakRssiCdbm": cdbm}
    return json.dumps({"eventType": "tagInventory", "tagInventoryEvent": tag}).encode() + b"\r\n"


FRAME = st.one_of(
    st.builds(
        _line,
        st.sampled_from(["hex", "base64", "base64url"]),
        EPC,
        st.integers(1, 4),
        st.integers(-9000, -2000),
    ),
    st.sampled_from([b"\r\n", b'{"eventType":"gpiTransition"}\r\n', b"HTTP/1.0 200 OK\r\n"]),
)
