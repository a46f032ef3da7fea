"""EPCs of 1 to 8 words."""

from __future__ import annotations

from hypothesis import strategies as st

EPC = st.integers(1, 8).flatmap(lambda words: st.binary(min_size=words * 2, max_size=words * 2))
