"""The command table of R200 / M100 modules: what a host may ask, what comes back, what fails.

>>> COMMANDS[0x22][0], error_text(0xB3)
('single poll', '0xB3 write: tag error 3 memory overrun')

Source: PROTOCOLS.md section 6.
"""

from __future__ import annotations

_ACCESS = "password:h4 bank:u1 word_addr:u2 words:u2"
_SELECT = "sel_param:x1 ptr_bits:u4 mask_len_bits:u1 truncate:x1 mask:h*"
_MODEM = "mixer:u1 if_gain:u1 threshold:u2"
_DONE = "result:u1"
_SCAN = "first_channel:u1 last_channel:u1 levels:h*"
_PERMALOCK = "password:h4 read_lock:u1 bank:u1 block_ptr:u2 block_range:u1 mask:h*"

COMMANDS: dict[int, tuple[str, str, str]] = {
    0x03: ("module info", "which:u1", "which:u1 text:t*"),
    0x04: ("idle mode", "idle:u1 reserved:u1 idle_minutes:u1", _DONE),
    0x07: ("set region", "region:u1", _DONE),
    0x08: ("get region", "", "region:u1"),
    0x0B: ("get select", "", _SELECT),
    0x0C: ("set select", _SELECT, _DONE),
    0x0D: ("get query", "", "query:h2"),
    0x0E: ("set query", "query:h2", _DONE),
    0x11: ("set baud rate", "baud_hundreds:u2", _DONE),
    0x12: ("set select mode", "mode:u1", _DONE),
    0x17: ("sleep", "", _DONE),
    0x1A: ("GPIO", "op:u1 pin:u1 value:u1", "op:u1 pin:u1 value:u1|result:u1"),
    0x1D: ("set idle minutes", "idle_minutes:u1", _DONE),
    0x22: ("single poll", "", _DONE),
    0x27: ("multi poll", "reserved:x1 count:u2", _DONE),
    0x28: ("stop multi poll", "", _DONE),
    0x39: ("read", _ACCESS, ""),
    0x49: ("write", f"{_ACCESS} data:h*", ""),
    0x65: ("kill", "password:h4", ""),
    0x82: ("lock", "password:h4 lock:h3", ""),
    0xA9: ("insert channels", "count:u1 channels:h*", _DONE),
    0xAA: ("get channel", "", "channel:u1"),
    0xAB: ("set channel", "channel:u1", _DONE),
    0xAD: ("hopping", "hopping:x1", _DONE),
    0xB0: ("continuous wave", "carrier:x1", _DONE),
    0xB6: ("set power", "wire_cdbm:u2", _DONE),
    0xB7: ("get power", "", "wire_cdbm:u2"),
    0xD3: ("block permalock", _PERMALOCK, ""),
    0xD4: ("block permalock status", _PERMALOCK, ""),
    0xE0: ("NXP read protect", "password:h4 set:u1|password:h4", ""),
    0xE1: ("NXP reset read protect", "password:h4 set:u1|password:h4", ""),
    0xE2: ("NXP read protect status", "", ""),
    0xE3: ("NXP change EAS", "password:h4 set:u1", ""),
    0xE4: ("NXP EAS alarm", "", ""),
    0xE5: ("NXP config word", "password:h4 config:h2", ""),
    0xE6: ("Impinj QT", "password:h4 op:u1 persistence:u1 control:h2", ""),
    0xF0: ("set demodulator", _MODEM, _DONE),
    0xF1: ("get demodulator", "", _MODEM),
    0xF2: ("scan jammer", "", _SCAN),
    0xF3: ("scan RSSI", "", _SCAN),
}
"""Code → meaning, layout of the host's parameter, layout of the answer's (tag answers apart)."""

REGIONS = {
    1: "China 920-925", 2: "US", 3: "EU", 4: "China 840-845", 6: "Korea",
}  # fmt: skip

_ERRORS = {
    0x09: "read failed", 0x10: "write failed", 0x12: "kill failed", 0x13: "lock failed",
    0x14: "block permalock failed", 0x15: "no tag or wrong CRC",
    0x16: "access password wrong", 0x17: "invalid command", 0x1A: "NXP change config failed",
    0x1B: "NXP change EAS failed", 0x1D: "NXP reset read protect failed",
    0x20: "frequency hopping timeout", 0x2A: "NXP read protect failed",
    0x2B: "NXP EAS alarm failed", 0x2E: "Impinj QT failed",
}  # fmt: skip
_TAG_ERRORS = {0x0: "other", 0x3: "memory overrun", 0x4: "memory locked", 0xB: "too little power",
               0xF: "non-specific"}  # fmt: skip
_REFUSED = {0xA: "read", 0xB: "write", 0xC: "lock", 0xD: "kill", 0xE: "block permalock or NXP"}

CHANNELS = {1: (920.125, 0.25), 2: (902.25, 0.5), 3: (865.1, 0.2), 4: (840.125, 0.25),
            6: (917.1, 0.2)}  # fmt: skip
"""Region → MHz of channel 0 and step."""


def error_text(code: int) -> str:
    """Say an error code as `0xB3 write: tag error 3 memory overrun`."""
    if code in _ERRORS:
        return f"0x{code:02X} {_ERRORS[code]}"
    if code >> 4 in _REFUSED:
        tag_error = code & 0xF
        text = f"tag error {tag_error:X} {_TAG_ERRORS.get(tag_error, '')}".rstrip()
        return f"0x{code:02X} {_REFUSED[code >> 4]}: {text}"
    return f"0x{code:02X} unknown code"
