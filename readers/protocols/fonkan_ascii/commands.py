"""What the letters of a Fonkan module mean, and its codes: tables.

Source: PROTOCOLS.md section 11; refusals are the error codes of EPC Gen2 2.0.1, annex I.
"""

from __future__ import annotations

VERSION, NUMBER, ONE, ALL, READ, WRITE = "V", "S", "Q", "U", "R", "W"
PASSWORD, SELECT, KILL, LOCK = "P", "T", "K", "L"
GET_POWER, SET_POWER, GET_REGION, SET_REGION, SET_SPEED = "N0", "N1", "N4", "N5", "NA"
SETTING, UNKNOWN = "N", "X"

NAMES = {
    VERSION: "firmware version", NUMBER: "reader id", ONE: "single EPC", ALL: "multi EPC",
    READ: "read memory", WRITE: "write memory", PASSWORD: "access password", SELECT: "select tag",
    KILL: "kill tag", LOCK: "lock memory", GET_POWER: "get power", SET_POWER: "set power",
    GET_REGION: "get regulation", SET_REGION: "set regulation", SET_SPEED: "set baud",
    SETTING: "setting", UNKNOWN: "no such command",
}  # fmt: skip
ARGUMENTS = {
    READ: ("bank", "word_addr", "words"),
    WRITE: ("bank", "word_addr", "words", "data"),
    SELECT: ("bank", "bit_addr", "bits", "mask"),
    PASSWORD: ("password",),
    KILL: ("password", "recommissioning"),
    LOCK: ("mask", "action"),
}
"""Letter → what stands behind it, separated by commas. Bank, address and count are numbers."""
NUMBERS = frozenset(("bank", "word_addr", "words", "bit_addr", "bits", "recommissioning"))

REGULATIONS = {
    1: "US", 2: "TW", 3: "CN", 4: "CN2", 5: "EU", 6: "JP", 7: "KR", 8: "VN", 9: "EU2", 10: "IN",
}  # fmt: skip
REFUSALS = {
    "0": "other error", "3": "memory overrun", "4": "memory locked", "B": "insufficient power",
    "F": "error without a reason",
}  # fmt: skip


def code_of(letters: str) -> int:
    """Return the number under which a command or answer of these letters goes.

    >>> hex(code_of("N4"))
    '0x4e34'
    """
    return int.from_bytes(letters.encode("ascii"), "big")
