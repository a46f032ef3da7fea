"""Lines typed by a scanner, in layouts of several countries, each with the choice in front."""

from __future__ import annotations

from hypothesis import strategies as st

from readers.protocols.keyboard_lines.emulator import KeyboardEmulator

HEADS = None


def typed(layout: str, text: str) -> bytes:
    device = KeyboardEmulator(layout=layout)
    return device.connect()[0].frame + device.scan(text, "]C1").frame


FRAME = st.builds(
    typed,
    st.sampled_from(["us", "de", "fr", "tr"]),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=12),
)
