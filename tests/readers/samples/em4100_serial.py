"""Cards as an RDM6300 and an ID-12 say them."""

from __future__ import annotations

from hypothesis import strategies as st

from readers.protocols.em4100_serial.codec import Frame

HEADS = b"\x02"
FRAME = st.builds(
    lambda number, has_line_end: Frame(number, has_line_end).encode(),
    st.binary(min_size=5, max_size=5),
    st.booleans(),
)
