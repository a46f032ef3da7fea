"""Answers of a TSL reader: inventories and versions."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readers.inquiry import About
from readers.protocols.tsl_ascii2.codec import Frame
from tests.readers.samples.epcs import EPC

HEADS = None
ABOUT = About("1128-EU-000123", "1.6.0")
HARMLESS = {int.from_bytes(b"vr", "big")}
FRAME = st.one_of(
    st.builds(
        lambda tags: Frame(
            ".iv",
            tuple(
                line
                for epc, dbm in tags
                for line in (("EP", epc.hex().upper()), ("RI", str(dbm)), ("IX", "0001"))
            ),
        ).encode(),
        st.lists(st.tuples(EPC, st.integers(-90, -20)), max_size=3),
    ),
    st.builds(
        lambda end, battery: Frame(".bl", (("BP", f"{battery}%"),), end).encode(),
        st.sampled_from(["OK:", "ER: 001"]),
        st.integers(0, 100),
    ),
)


# `Any`: a row's own fields.
def stated(meaning: dict[str, Any]) -> dict[str, Any]:
    """Rows name a whole answer, whose tags are values of their own."""
    return {key: meaning[key] for key in ("cmd", "tags") if key in meaning}
