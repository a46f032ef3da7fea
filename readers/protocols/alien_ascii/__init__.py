r"""Alien fixed readers (ALR-9680, 9900, F800 and the like): lines of text.

Checklist: link 115200 8N1 or TCP port 23 (there it asks for user and password first); command
`get X`, `set X = value` or `X?` CR LF, with 01 in front there is no echo and no prompt; an answer
is `X = value`, `Error N: text` or tag lines, then NUL. Traps: a NUL left over begins the next
message; the prompts have no line ending; antennas count from 0 as on the box; no checksum.

>>> [read] = AlienCodec().receive(
...     b"E20000165919004418405CBA;1518371341633;1518371343641;0;-35.4;66\r\n"
... )
>>> read.tree()["rssi_dbm"], read.tree()["count"]
(-35.4, 66)

Source: PROTOCOLS.md section 11 (Alien).
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.alien_ascii.codec import AlienCodec, AlienHostCodec
from readers.protocols.alien_ascii.controls import AlienControls
from readers.protocols.alien_ascii.emulator import AlienEmulator
from readers.protocols.alien_ascii.inquiry import ALIEN_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="alien_ascii",
    title="Alien UHF reader (ALR-9900, F800)",
    bauds=(115200,),
    codec=AlienCodec,
    host_codec=AlienHostCodec,
    emulator=AlienEmulator,
    reads="tags",
    inquiry=ALIEN_INQUIRY,
    short="Alien",
    controls=AlienControls,
)
