r"""Technology Solutions (TSL) hand-held readers 1128, 1153, 2128, 2166: ASCII 2.0 protocol.

Checklist: link Bluetooth serial port or USB serial, any speed; command `.xx -options` CR LF; an
answer is lines of two letters, a colon and a value, from `CS: .xx` to `OK:` or `ER: nnn` and an
empty line. Traps: a pull of the trigger answers a command that nobody gave; there is no checksum,
so a damaged line costs its tag and no other; a tag's lines begin anew with whichever came first.

>>> codec = TslCodec()
>>> read, end = codec.receive(b"CS: .iv\r\nEP: 3034257bf7194e4000001a85\r\nRI: -61\r\nOK:\r\n\r\n")
>>> read.tree()["rssi_dbm"], end.tree()["end"]
(-61.0, 'OK')

Source: PROTOCOLS.md section 11 (TSL ASCII 2.0).
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.tsl_ascii2.codec import TslCodec, TslHostCodec
from readers.protocols.tsl_ascii2.controls import TslControls
from readers.protocols.tsl_ascii2.emulator import TslEmulator
from readers.protocols.tsl_ascii2.inquiry import TSL_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="tsl_ascii2",
    title="TSL hand-held reader 1128 / 1153 / 2128 / 2166",
    bauds=(115200,),
    codec=TslCodec,
    host_codec=TslHostCodec,
    emulator=TslEmulator,
    reads="tags",
    inquiry=TSL_INQUIRY,
    short="TSL",
    controls=TslControls,
)
