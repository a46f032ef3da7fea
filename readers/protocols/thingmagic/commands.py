"""The command table of ThingMagic modules: what a host may ask, what comes back, what fails.

>>> COMMANDS[0x2F][0], status_text(0x0504)
('continuous reading', '0x0504 too hot')

Source: PROTOCOLS.md section 1.
"""

from __future__ import annotations

_VERSION = "bootloader:h4 hardware:h4 fw_date:h4 fw_version:h4 supported_protocols_bits:h4"
_POWER = "power_cdbm:u2|option:u1 power_cdbm:u2 max_cdbm:u2 min_cdbm:u2"
_KEY = "option:u1 key:u1 value:h*"
_PROTOCOL_KEY = "protocol:u1 key:u1 value:h*"
_FOUND = "|".join(
    ("tag_count:u1", *(f"option:x1 search_flags:x2 tag_count:u{size}" for size in (1, 4)))
)
_READING = (
    "timeout_ms:u2 reading:u1"
    "|timeout_ms:u2 reading:u1 sub_op:x1 search_flags:x2 protocol:u1 embedded:h*"
)

COMMANDS: dict[int, tuple[str, str, str]] = {
    0x03: ("version", "", _VERSION),
    0x04: ("start firmware", "", _VERSION),
    0x06: ("set baud rate", "baud:u4", ""),
    0x09: ("start bootloader", "", ""),
    0x0C: ("current program", "", "program:u1"),
    0x10: ("hardware version", "option:u1 flags:u1", "option:u1 flags:u1 serial:h*|serial:h*"),
    0x21: ("read tag single", "timeout_ms:u2|timeout_ms:u2 option:u1 rest:h*", ""),
    0x22: (
        "read tag multiple",
        "timeout_ms:u2|option:x1 search_flags:x2 timeout_ms:u2 rest:h*",
        _FOUND,
    ),
    0x23: ("write EPC", "timeout_ms:u2 reserved:x2 epc:h*", ""),
    0x24: ("write tag data", "", ""),
    0x25: ("lock tag", "", ""),
    0x26: ("kill tag", "", ""),
    0x28: ("read tag data", "", ""),
    0x29: ("get tag buffer", "|metadata_flags:x2 read_option:u1|count:u2", ""),
    0x2A: ("clear tag buffer", "", ""),
    0x2F: (
        "continuous reading",
        _READING,
        "reading:u1|reading:u1 rest:h*",
    ),
    0x61: ("get antenna", "|option:u1", "option:u1 antennas:h*"),
    0x62: ("get read power", "|option:u1", _POWER),
    0x63: ("get protocol", "", "protocol:u2"),
    0x64: ("get write power", "|option:u1", _POWER),
    0x66: ("get GPIO", "|option:u1", "option:u1 pins:h*"),
    0x67: ("get region", "|option:u1", "region:u1|option:u1 region:u1 rest:h*"),
    0x68: ("get power mode", "", "power_mode:u1"),
    0x6A: ("get reader option", "option:u1 key:u1", _KEY),
    0x6B: ("get protocol option", "protocol:u1 key:u1|protocol:u1 key:u1 rest:h*", _PROTOCOL_KEY),
    0x71: ("get regions", "", "regions:h*"),
    0x72: ("get temperature", "", "temperature_c:s1"),
    0x91: ("set antenna", "tx:u1 rx:u1|option:u1 antennas:h*", ""),
    0x92: ("set read power", "power_cdbm:u2", ""),
    0x93: ("set protocol", "protocol:u2", ""),
    0x94: ("set write power", "power_cdbm:u2", ""),
    0x96: ("set GPIO", "pin:u1 value:u1|option:u1 pin:u1 direction:u1 value:u1", ""),
    0x97: ("set region", "region:u1|region:u1 rest:h*", ""),
    0x98: ("set power mode", "power_mode:u1", ""),
    0x9A: ("set reader option", _KEY, ""),
    0x9B: ("set protocol option", _PROTOCOL_KEY, ""),
    0xAA: ("Moduletech", "", ""),
}
"""Code → meaning, layout of the host's data, layout of the answer's (tags and access apart)."""

ACCESS = {
    0x24: "word_addr:u4 bank:u1",
    0x25: "password:h4 lock_mask:x2 lock_action:x2",
    0x26: "password:h4 reserved:x1",
    0x28: "bank:u1 word_addr:u4 words:u1",
}
"""Code → what stands between the option and the tag selection."""
SUB_COMMANDS = {0x48: "start reading", 0x49: "stop reading", 0x4C: "select tags",
                0x58: "start fast reading"}  # fmt: skip
"""Low byte of Silion's `AA` sub-commands."""
REGIONS = {
    0x01: "us", 0x02: "eu", 0x03: "kr", 0x04: "in", 0x05: "jp", 0x06: "cn", 0x07: "eu", 0x08: "eu",
    0x09: "kr", 0x0B: "au", 0x0C: "nz", 0x0D: "us", 0x0E: "us", 0xFF: "own",
}  # fmt: skip
"""Region code → word of `readers.inquiry.REGIONS`."""
_STATUS = {
    0x0100: "wrong data count", 0x0101: "invalid opcode", 0x0102: "unimplemented opcode",
    0x0103: "power too high", 0x0104: "frequency out of range", 0x0105: "invalid value",
    0x0106: "power too low", 0x0109: "unimplemented feature", 0x010A: "baud rate not supported",
    0x010B: "region not supported", 0x0400: "no tag", 0x0401: "no protocol chosen",
    0x0402: "protocol not supported", 0x0403: "written, not locked", 0x0404: "no data read",
    0x0405: "RF not on", 0x0406: "write failed", 0x0408: "data cannot be written",
    0x0409: "address beyond the bank", 0x040A: "tag error", 0x040B: "too much data",
    0x040C: "kill password wrong", 0x040E: "kill failed", 0x040F: "answer not understood",
    0x0410: "EPC invalid", 0x0411: "word count invalid", 0x0420: "tag error: other",
    0x0423: "tag error: beyond its memory", 0x0424: "tag error: memory locked",
    0x042B: "tag error: too little power", 0x042F: "tag error: non-specific",
    0x0430: "tag error: unknown", 0x0500: "frequency invalid", 0x0501: "channel busy",
    0x0502: "transmitter on", 0x0503: "antenna not connected", 0x0504: "too hot",
    0x0505: "high return loss", 0x0507: "antenna configuration invalid",
    0x0600: "not enough tags in the buffer", 0x0601: "buffer full", 0x0602: "tag repeated",
    0x0603: "too many tags asked for", 0x7F00: "system error", 0x7F01: "firmware fault",
}  # fmt: skip


def status_text(status: int) -> str:
    """Say a status as `0x0400 no tag`."""
    return f"0x{status:04X} {_STATUS.get(status, 'unknown status')}"
