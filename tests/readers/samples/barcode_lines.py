"""Scans with an AIM id and an ending."""

from __future__ import annotations

from hypothesis import strategies as st

HEADS = None
FRAME = st.builds(
    lambda text, ending: b"]C1" + text.encode() + ending,
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30),
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\t"]),
)
