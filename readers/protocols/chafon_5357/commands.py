"""The command table of `53 57` readers: what a host may ask and what comes back.

>>> COMMANDS[0x10][0], BANDS["4e00"]
('system info', 'Europe')

Source: PROTOCOLS.md section 5.
"""

from __future__ import annotations

INVENTORY, SYSTEM, ACTIVE, HEARTBEAT = 0x01, 0x10, 0x45, 0xFF
PARAMETER_GET, PARAMETER_SET = 0x23, 0x24
TIME_GET, TIME_SET, FREQUENCY_SET, FREQUENCY_GET = 0x2B, 0x2C, 0x3F, 0x3E
STOP, START = 0x40, 0x41
TRANSPORT, WORK_MODE, ADDRESS, FILTER, POWER, BEEP, BAUD = range(1, 8)

COMMANDS: dict[int, tuple[str, str, str]] = {
    INVENTORY: ("inventory", "", ""),
    0x02: ("read", "data:h*", "data:h*"),
    0x03: ("write", "data:h*", "data:h*"),
    SYSTEM: ("system info", "", "versions:h2 sn:h7"),
    0x20: ("read device parameters", "", "data:h*"),
    0x21: ("set device parameters", "data:h*", ""),
    0x22: ("default parameters", "", ""),
    PARAMETER_GET: ("read one parameter", "parameter:u1", "parameter:u1 value:u1"),
    PARAMETER_SET: ("set one parameter", "parameter:u1 value:u1", ""),
    TIME_GET: ("get time", "", "clock:h6"),
    TIME_SET: ("set time", "clock:h6", ""),
    FREQUENCY_GET: ("get frequency", "", "band:h2"),
    FREQUENCY_SET: ("set frequency", "band:h2", ""),
    STOP: ("stop reading", "", ""),
    START: ("start reading", "", ""),
    ACTIVE: ("active data", "", ""),
    0x85: ("close relay", "", ""),
    0x86: ("open relay", "", ""),
    0xE0: ("check module", "", "data:h*"),
    0xE1: ("antenna mask", "|antennas:h2", "antennas:h2"),
    HEARTBEAT: ("heartbeat", "", "sn:h7"),
}
"""Code → meaning, layout of the host's data, layout of an answer's data after its status."""

BANDS = {
    "3180": "USA", "4e00": "Europe", "2ca3": "China, Hong Kong, Thailand", "299d": "Korea, Japan",
}  # fmt: skip
"""The two bytes of a frequency setting → where it is used."""
