"""The command table of `CF` readers: what a host may ask, what comes back, what can go wrong.

>>> COMMANDS[0x0072][0], STATUSES[0x12]
('get all parameters', 'round complete, no tag')

Source: PROTOCOLS.md section 4; the six texts of the device info: a test of a gate's program that
composes them (stored public file id 43435036824).
"""

from __future__ import annotations

INVENTORY, STOP, INFO = 0x0001, 0x0002, 0x0070
SET_ALL, GET_ALL = 0x0071, 0x0072
POWER_SET, POWER_GET = 0x0053, 0x0054
BATTERY, OUTPUT_MODE, TRIGGER, READ_MODE = 0x0083, 0x0088, 0x0089, 0x008E

_ALL = (
    "addr:u1 rfid_protocol:u1 work_mode:u1 interface:x1 baud_index:u1 wgset:u1 antenna_mask:u1"
    " region:u1 mhz:u2 khz:u2 step_khz:u2 channel_count:u1 power_dbm:u1 inventory_area:u1 q:u1"
    " session:u1 acs_addr:u1 acs_len:u1 filter_time_s:u1 trigger_time_s:u1 buzzer_10ms:u1"
    " interval:u1"
)
_INFO = "hardware:t32 firmware:t32 serial:t12 rfid_hardware:t32 rfid_firmware:t32 rfid_serial:t12"

COMMANDS: dict[int, tuple[str, str, str]] = {
    INVENTORY: ("inventory", "by:u1 value:u4", ""),
    STOP: ("stop inventory", "", ""),
    0x0003: ("read tag", "data:h*", "data:h*"),
    0x0004: ("write tag", "data:h*", "data:h*"),
    0x0005: ("lock tag", "data:h*", "data:h*"),
    0x0006: ("kill tag", "data:h*", "data:h*"),
    0x0007: ("set select mask", "data:h*", ""),
    0x0050: ("start module", "", ""),
    0x0051: ("get module info", "", ""),
    0x0052: ("reboot", "", ""),
    POWER_SET: ("set power", "power_dbm:u1 reserved:-1", ""),
    POWER_GET: ("get power", "", "power_dbm:u1|power_dbm:u1 reserved:-1"),
    0x0055: ("set frequency", "data:h*", ""),
    0x0056: ("get frequency", "", "data:h*"),
    0x0057: ("set antennas", "antenna_mask:u1", ""),
    0x0058: ("get antennas", "", "antenna_mask:u1"),
    0x0059: ("RF protocol", "data:h*", "data:h*"),
    0x005A: ("baud rate", "data:h*", "data:h*"),
    0x005B: ("buzzer", "data:h*", "data:h*"),
    0x005C: ("address", "data:h*", "data:h*"),
    0x005F: ("network", "data:h*", "data:h*"),
    0x0060: ("set temperature limits", "data:h*", ""),
    0x0061: ("get temperature", "", "data:h*"),
    0x0063: ("antenna power", "operation:u1|operation:u1 is_enabled:u1 powers:h8",
             "is_enabled:u1 powers:h8"),
    INFO: ("device info", "", _INFO),
    SET_ALL: ("set all parameters", _ALL, ""),
    GET_ALL: ("get all parameters", "", _ALL),
    0x0077: ("relay", "data:h*", ""),
    BATTERY: ("battery", "", "percent:u1"),
    OUTPUT_MODE: ("output mode", "operation:u1 output_mode:u1", "output_mode:u1|data:h*"),
    TRIGGER: ("trigger", "", "event:u1"),
    READ_MODE: ("read mode", "operation:u1|operation:u1 read_mode:u1 reserved:h7",
                "read_mode:u1|read_mode:u1 reserved:h7"),
}  # fmt: skip
"""Code → meaning, layout of the host's data, layout of an answer's data after its status."""

STATUSES: dict[int, str] = {
    0x00: "success", 0x01: "wrong parameter", 0x02: "internal error",
    0x12: "round complete, no tag", 0x14: "tag did not answer", 0x15: "decoding failed",
    0x16: "authentication failed", 0x17: "wrong password", 0xFF: "no more data",
}  # fmt: skip
"""First byte of an answer's data → what it says."""
