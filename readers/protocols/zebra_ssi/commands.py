"""What SSI packets are called, and which AIM id their barcode types stand for: tables.

Source: PROTOCOLS.md section 13. Types above 0B are at second hand, from public header files.
"""

from __future__ import annotations

NAMES = {
    0x80: "MANAGEMENT", 0xA3: "REQUEST_REVISION", 0xA4: "REPLY_REVISION", 0xC4: "AIM_OFF",
    0xC5: "AIM_ON", 0xC6: "PARAM_SEND", 0xC7: "PARAM_REQUEST", 0xC8: "PARAM_DEFAULTS",
    0xD0: "CMD_ACK", 0xD1: "CMD_NAK", 0xD2: "FLUSH_QUEUE", 0xD3: "CAPABILITIES_REQUEST",
    0xD4: "CAPABILITIES_REPLY", 0xE4: "START_DECODE", 0xE5: "STOP_DECODE", 0xE6: "BEEP",
    0xE7: "LED_ON", 0xE8: "LED_OFF", 0xE9: "SCAN_ENABLE", 0xEA: "SCAN_DISABLE", 0xEB: "SLEEP",
    0xF3: "DECODE_DATA", 0xF6: "EVENT", 0xFA: "RESET",
}  # fmt: skip
REVISION_REQUEST, REVISION = 0xA3, 0xA4
PARAM_SEND, PARAM_REQUEST, PARAM_DEFAULTS = 0xC6, 0xC7, 0xC8
ACK, NAK, SCAN_ENABLE, SCAN_DISABLE = 0xD0, 0xD1, 0xE9, 0xEA
BEEP, LED_ON, LED_OFF = 0xE6, 0xE7, 0xE8
DECODE_DATA, EVENT = 0xF3, 0xF6

FROM_SCANNER = bytes((0x80, REVISION, PARAM_SEND, ACK, NAK, 0xD4, DECODE_DATA, EVENT))
FROM_HOST = bytes(sorted(set(NAMES) - {REVISION, 0xD4, DECODE_DATA, EVENT}))
SIZES = {ACK: 4, NAK: 5}
"""LEN of packets that have only one."""
SIZES_MIN = {DECODE_DATA: 6, PARAM_SEND: 5, REVISION: 5, EVENT: 5}

IS_REPEAT, IS_PART, IS_PERMANENT = 0x01, 0x02, 0x08
"""Bits of STATUS."""
SOURCE_SCANNER, SOURCE_HOST = 0x00, 0x04
NO_BEEP = 0xFF

CAUSES = {1: "RESEND", 2: "BAD_CONTEXT", 6: "DENIED", 10: "CANCEL"}

PARAMETERS = {0x38: "beep", 0x8A: "trigger", 0xEB: "data format", 0xEE: "decode packet format"}
PACKETED = 0xEE
"""1: scans come as packets; 0: as plain text."""
TWO_BYTES = frozenset((0xF0, 0xF1, 0xF2))
"""First byte of a parameter number of two bytes."""

TYPES: dict[int, tuple[str, str]] = {
    0x01: ("Code 39", "]A0"), 0x02: ("Codabar", "]F0"), 0x03: ("Code 128", "]C0"),
    0x04: ("Discrete 2 of 5", "]S0"), 0x06: ("Interleaved 2 of 5", "]I0"),
    0x07: ("Code 93", "]G0"), 0x08: ("UPC-A", "]E0"), 0x09: ("UPC-E", "]E0"),
    0x0A: ("EAN-8", "]E4"), 0x0B: ("EAN-13", "]E0"), 0x0E: ("MSI", "]M0"),
    0x0F: ("GS1-128", "]C1"), 0x11: ("PDF417", "]L0"), 0x13: ("Code 39 full ASCII", "]A4"),
    0x1A: ("MicroPDF417", "]L0"), 0x1B: ("DataMatrix", "]d1"), 0x1C: ("QR", "]Q1"),
    0x25: ("MaxiCode", "]U0"), 0x2C: ("Micro QR", "]Q1"), 0x2D: ("Aztec", "]z0"),
    0x30: ("GS1 DataBar", "]e0"), 0x31: ("GS1 DataBar Limited", "]e0"),
    0x32: ("GS1 DataBar Expanded", "]e0"), 0x4B: ("EAN-13 with 2", "]E3"),
    0x8B: ("EAN-13 with 5", "]E3"), 0xC1: ("GS1 DataMatrix", "]d2"), 0xC2: ("GS1 QR", "]Q3"),
}  # fmt: skip
"""Barcode type → what people call it, AIM id."""
UPC_A, UPC_E = 0x08, 0x09
DIGITS = {0x0A: (8,), 0x0B: (13,), UPC_A: (13,), UPC_E: (13,), 0x4B: (15,), 0x8B: (18,)}
"""How many digits must stand behind the AIM id of these types."""


def name_of(op: int) -> str:
    """Return code and name of a packet."""
    return f"0x{op:02X} {NAMES[op]}" if op in NAMES else f"0x{op:02X}"


def type_name(kind: int) -> str:
    """Return number and name of a barcode type."""
    return f"0x{kind:02X} {TYPES[kind][0]}" if kind in TYPES else f"0x{kind:02X}"
