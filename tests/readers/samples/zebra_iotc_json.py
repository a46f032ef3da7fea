"""Events of a Zebra reader, with braces inside a text too."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.readers.samples.epcs import EPC

HEADS = None


def stated(meaning: dict[str, Any]) -> dict[str, Any]:  # `Any`: a row's own fields
    """No row has a checksum."""
    return meaning | {"checksum": "ok"}


FRAME = st.builds(
    lambda epc, antenna, dbm, name: json.dumps(
        {
            "type": "SIMPLE",
            "reader_name": name,
            "data": {"idHex": epc.hex(), "antenna": antenna, "peakRssi": dbm},
        }
    ).encode(),
    EPC,
    st.integers(1, 8),
    st.integers(-90, -20),
    st.sampled_from(["FX9600", "dock {2}", 'a "quoted" }{ \\ name', "Tür"]),
)
