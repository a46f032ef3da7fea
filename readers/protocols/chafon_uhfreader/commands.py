"""The command table of UHFReader18 / 288 readers: what a host may ask, what comes back, what fails.

>>> COMMANDS[0x21][0], STATUSES[0xFB]
('reader info', 'no tag')
>>> band(0x31, 0x80)
('US', 902.75, 927.25)

Source: PROTOCOLS.md section 3.
"""

from __future__ import annotations

_INFO = (
    "version:h2 reader_type:x1 protocols:x1 dmaxfre:x1 dminfre:x1 power_dbm:u1 scantime_100ms:u1"
    "|version:h2 reader_type:x1 protocols:x1 dmaxfre:x1 dminfre:x1 power_dbm:u1 scantime_100ms:u1"
    " antenna_mask:u1 reserved:h2 check_antenna:u1"
)
_REAL_TIME = "protocol:u1 pause:u1 filter_s:u1 q:u1 session:u1"
_MASK = "mask_bank:u1 mask_bit_addr:u2 mask_bits:u1 mask:h*"

INVENTORY, MIXED, INFO = 0x01, 0x19, 0x21
BUFFERED, BUFFER_READ, BUFFER_CLEAR, BUFFER_COUNT = 0x18, 0x72, 0x73, 0x74
REAL_TIME, MODE_SET, MODE_GET, PUSH = 0x75, 0x76, 0x77, 0xEE

COMMANDS: dict[int, tuple[str, str, str]] = {
    INVENTORY: ("inventory", "", ""),
    0x02: ("read", "", "data:h*"),
    0x03: ("write", "", ""),
    0x04: ("write EPC", "", ""),
    0x05: ("kill", "", ""),
    0x06: ("protect", "", ""),
    0x0F: ("single tag inventory", "", ""),
    0x10: ("block write", "", ""),
    0x15: ("extended read", "", "data:h*"),
    0x16: ("extended write", "", ""),
    BUFFERED: ("inventory to buffer", "", "buffer_count:u2 tag_num:u2"),
    MIXED: ("inventory and read", "parameters:h*", "data:h*"),
    INFO: ("reader info", "", _INFO),
    0x22: ("set frequency", "dmaxfre:x1 dminfre:x1", ""),
    0x24: ("set address", "new_address:x1", ""),
    0x25: ("set scan time", "scantime_100ms:u1", ""),
    0x28: ("set baud rate", "baud_index:u1", ""),
    0x2F: ("set power", "power:u1|power:u1 powers:h*", ""),
    0x33: ("buzzer and light", "active_50ms:u1 silent_50ms:u1 times:u1", ""),
    0x35: ("set work mode", "mode:u1 parameters:h*|mode:u1", ""),
    0x3F: ("set antennas", "antennas:u1", ""),
    0x40: ("set beep", "is_beep_on:u1", ""),
    0x46: ("set outputs", "outputs:x1", ""),
    0x47: ("get inputs", "", "inputs:x1"),
    0x4C: ("get serial number", "", "serial:h4"),
    0x66: ("set antenna check", "check_antenna:u1", ""),
    BUFFER_READ: ("read buffer", "", ""),
    BUFFER_CLEAR: ("clear buffer", "", ""),
    BUFFER_COUNT: ("get buffer count", "", "buffer_count:u2"),
    REAL_TIME: ("set real-time parameters", f"{_REAL_TIME}|{_REAL_TIME} {_MASK}", ""),
    MODE_SET: ("set work mode", "mode:u1", ""),
    MODE_GET: ("get work mode", "", f"mode:u1|mode:u1 {_REAL_TIME}|mode:u1 {_REAL_TIME} {_MASK}"),
    0x78: ("heartbeat interval", "interval_30s:u1|", "interval_30s:u1"),
    0x79: ("set write power", "power:u1", ""),
    0x7A: ("get write power", "", "power:u1"),
    0x7F: ("RF profile", "profile:x1", "profile:x1"),
    0x91: ("get return loss", "frequency_khz:u4 antenna_byte:u1", "return_loss_db:u1"),
    0x92: ("get temperature", "", "sign:u1 temperature_c:u1"),
    PUSH: ("real-time read", "", ""),
}
"""Code → meaning, layout of the host's data, layout of an answer's data after its status.

Commands whose data hold an EPC or a mask are taken apart in `asked`.
"""

STATUSES: dict[int, str] = {
    0x00: "success", 0x01: "last frame", 0x02: "scan time over", 0x03: "more frames follow",
    0x04: "buffer full", 0x05: "wrong access password", 0x09: "kill failed",
    0x0A: "kill password is zero", 0x0B: "not supported by the tag",
    0x0C: "access password is zero", 0x0D: "already protected", 0x0E: "cannot be protected",
    0x10: "6B write failed", 0x11: "cannot be locked", 0x12: "already locked",
    0x13: "not saved", 0x14: "power cannot be set", 0x19: "EAS failed",
    0x1A: "custom command failed", 0x26: "statistics", 0x28: "heartbeat",
    0xF8: "antenna fault", 0xF9: "execution failed", 0xFA: "poor communication",
    0xFB: "no tag", 0xFC: "tag error", 0xFD: "wrong length", 0xFE: "illegal command or CRC",
    0xFF: "wrong parameter",
}  # fmt: skip
"""Status byte of an answer → what it says."""

TAG_ERRORS = {
    0x00: "other", 0x03: "overrun or unsupported PC", 0x04: "locked", 0x0B: "low power",
    0x0F: "undefined",
}  # fmt: skip
"""Second byte of status FC → what the tag said."""

ANTENNA_STATES = ("idle", "ok", "disconnected")

_BANDS = {
    0b0001: ("CN2", 920.125, 0.25), 0b0010: ("US", 902.75, 0.5), 0b0011: ("KR", 917.1, 0.2),
    0b0100: ("EU", 865.1, 0.2), 0b0110: ("UA", 868.0, 0.1), 0b0111: ("PE", 916.2, 0.9),
    0b1000: ("CN1", 840.125, 0.25), 0b1001: ("EU3", 865.7, 0.6), 0b1010: ("TW", 922.25, 0.5),
    0b1100: ("US3", 902.0, 0.5),
}  # fmt: skip


def band(highest: int, lowest: int) -> tuple[str, float, float] | None:
    """Return name, lowest and highest MHz of a band; None if its two top bits name none."""
    known = _BANDS.get(highest >> 6 << 2 | lowest >> 6)
    if known is None:
        return None
    name, first_mhz, step_mhz = known
    low, high = (first_mhz + step_mhz * (each & 0x3F) for each in (lowest, highest))
    return name, round(low, 3), round(high, 3)
