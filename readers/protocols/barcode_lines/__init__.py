r"""Barcode scanners on a serial or USB-CDC line: what they read, then the end of the line.

Checklist: link 9600 8N1 (RS-232) or any speed (USB-CDC); a scan is `[AIM id] data [ending]`; the
ending is CR, LF, CRLF, TAB or nothing (then the scan ends when the line falls quiet); GS (1D)
inside GS1 data is kept; there is no checksum, so text that no scanner sends is refused as noise.

>>> [scan] = BarcodeCodec().receive(b"]C10109501101530003\r\n")
>>> scan.tree()["symbology"], scan.tree()["text"]
(']C1', '0109501101530003')

Source: PROTOCOLS.md section 13; AIM ids are those of ISO/IEC 15424.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.barcode_lines.codec import BarcodeCodec
from readers.protocols.barcode_lines.emulator import BarcodeEmulator

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="barcode_lines",
    title="Barcode scanner on a serial or USB-COM line",
    bauds=(9600, 115200),
    codec=BarcodeCodec,
    host_codec=None,
    emulator=BarcodeEmulator,
    reads="barcodes",
)
