r"""Barcode scanners that wait for a receipt: Zebra and Symbol SSI, and engines that copy it (GM67).

Checklist: link 9600 8N1 (RS-232) or 115200; packet `LEN OP SRC STATUS DATA SUM(2)`, LEN counts
from itself to the last data byte, SUM is the 16-bit two's complement of the sum of all before it,
most significant byte first; SRC 00 scanner, 04 host (copies say 04, too); STATUS bit 0 sent again,
bit 1 more packets follow, bit 3 a setting that stays. A decode packet must be acknowledged within
the scanner's host time-out (2 s) or it comes again with bit 0. Traps: a repeat is one only if bit 0
is set and the packet before was the same; with parameter EE at 0 scans come as plain text, with
packets in between; an ASCII digit looks like a length; UPC-A has 12 digits where its AIM id says
13; who sleeps loses what wakes him.

>>> [scan] = SSICodec().receive(bytes.fromhex("12f300000b34303036333831333333393331fc54"))
>>> scan.text, scan.symbology
('4006381333931', ']E0')
>>> SSICodec().on_item(scan).hex()
'04d00400ff28'

Source: PROTOCOLS.md section 13.
"""

from __future__ import annotations

from readers.protocol import ProtocolEntry
from readers.protocols.zebra_ssi.codec import SSICodec, SSIHostCodec
from readers.protocols.zebra_ssi.controls import SSIControls
from readers.protocols.zebra_ssi.emulator import SSIEmulator
from readers.protocols.zebra_ssi.inquiry import SSI_INQUIRY

__all__ = ["ENTRY"]

ENTRY = ProtocolEntry(
    name="zebra_ssi",
    title="Barcode scanner with acknowledged scans (Zebra SSI)",
    bauds=(9600, 115200),
    codec=SSICodec,
    host_codec=SSIHostCodec,
    emulator=SSIEmulator,
    reads="barcodes",
    inquiry=SSI_INQUIRY,
    short="SSI scanner",
    controls=SSIControls,
)
