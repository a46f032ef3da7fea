"""The command table of Chainway readers: what a host may ask, what comes back, what goes wrong.

>>> COMMANDS[0x02][0], ERRORS[0x22]
('firmware version', 'no tag')

Source: PROTOCOLS.md section 7.
"""

from __future__ import annotations

_VERSION = "a:u1 b:u1 c:u1"
_DONE = "ok:u1"
_STATE = "ok:u1 enabled:u1"

COMMANDS: dict[int, tuple[str, str, str]] = {
    0x00: ("hardware version", "", _VERSION),
    0x02: ("firmware version", "", _VERSION),
    0x04: ("device id", "", "id:h4"),
    0x06: ("tag protocol", "action:u1 protocol:u1", "ok:u1 protocol:u1"),
    0x10: ("set power", "status:u1 powers:h*", _DONE),
    0x12: ("get power", "", "status:u1 powers:h*"),
    0x14: ("set fixed frequency", "count:u1 points:h*", _DONE),
    0x16: ("get fixed frequency", "", "count:u1 points:h*"),
    0x20: ("set Gen2", "gen2:h4", _DONE),
    0x22: ("get Gen2", "", "gen2:h4"),
    0x24: ("carrier", "enabled:u1", _DONE),
    0x26: ("return loss", "", "losses:h*"),
    0x28: ("set antennas", "save:u1 antenna_mask:x2", _DONE),
    0x2A: ("get antennas", "", "antenna_mask:x2"),
    0x2C: ("set region", "save:u1 region:u1", _DONE),
    0x2E: ("get region", "", "ok:u1 region:u1"),
    0x34: ("temperature", "", "ok:u1 centi_celsius:s2"),
    0x4A: ("set dwell", "data:h*", _DONE),
    0x4C: ("get dwell", "", "data:h*"),
    0x4E: ("antenna state", "", "antenna_mask:x2"),
    0x52: ("set link profile", ":-1 save:u1 profile:u1", _DONE),
    0x54: ("get link profile", "|:-2", "ok:u1 :-1 profile:u1"),
    0x5C: ("set FastID", "enabled:u1 :-1", _DONE),
    0x5E: ("get FastID", ":-2", _STATE),
    0x60: ("set TagFocus", "enabled:u1 :-1", _DONE),
    0x62: ("get TagFocus", ":-2", _STATE),
    0x68: ("soft reset", "", _DONE),
    0x6E: ("filter", "save:u1 bank:u1 bit_addr:u2 bits:u2 mask:h*", _DONE),
    0x70: ("set inventory mode", "save:u1 mode:u1 user_addr:u1 user_words:u1", _DONE),
    0x72: ("get inventory mode", ":-2|", "ok:u1 mode:u1 user_addr:u1 user_words:u1"),
    0x74: ("factory reset", "", _DONE),
    0x80: ("single inventory", "timeout_ms:u2", ""),
    0x82: ("start inventory", "report:x2", ""),
    0x84: ("read", "", ""),
    0x86: ("write", "", ""),
    0x88: ("lock", "", ""),
    0x8A: ("kill", "", ""),
    0x8C: ("stop", "", _DONE),
    0x93: ("block write", "", ""),
    0x95: ("block erase", "", ""),
    0x9F: ("block permalock", "", ""),
    0xA1: ("network and I/O", "sub:u1 data:h*|sub:u1", "ok:u1|sub:u1 data:h*"),
    0xC8: ("controller version", "", _VERSION),
    0xE4: ("beep and peripherals", "sub:u1 data:h*", "ok:u1|sub:u1 data:h*"),
}
"""Code → meaning, layout of the host's data, layout of the answer (its code is one more)."""

SINGLE, START, STOP = 0x80, 0x82, 0x8C
RECORDS = (SINGLE + 1, START + 1)
"""Codes of frames that hold one tag record each."""

DEVICE, PERIPHERALS = 0xA1, 0xE4
SET_OUTPUTS, GET_OUTPUTS = 0x09, 0x0A
BEEP = b"\x03\x01"
"""Of the device family and of the peripherals; outputs: level of pin 1, of pin 2, relay closed.

Source: the maker's UR4 tools, as read by DaanVervacke/chainway-serial, docs/protocol.md."""

READS = "bank:u1 addr:u2 words:u2"
WRITES = READS + " data:h*"
ACCESSES: dict[int, str] = {
    0x84: READS,
    0x86: WRITES,
    0x88: "lock_code:h3",
    0x8A: "",
    0x93: WRITES,
    0x95: READS,
    0x9F: "action:u1 bank:u1 addr:u2 windows:u2 mask:h*",
}
"""Commands on one tag → what follows the password and the filter."""

ERRORS: dict[int, str] = {
    0x01: "failed",
    0x02: "access password wrong",
    0x03: "failed",
    0x22: "no tag",
}
"""Error flag of a refused command on a tag → what it says."""

UNSUPPORTED = "not supported"
"""What a bare 00 says."""

REGIONS: dict[int, str] = {
    0x01: "cn840", 0x02: "cn", 0x04: "eu", 0x08: "us", 0x16: "kr", 0x32: "jp",
}  # fmt: skip
"""Region code → its word; the others are single countries."""

CHIPS: dict[int, str] = {3: "E310", 5: "E510", 7: "E710"}
"""Major firmware version → Impinj reader chip inside."""
