"""The command table of `A0` readers: what a host may ask, what comes back, what can go wrong.

>>> COMMANDS[0x72][0], ERRORS[0x36]
('get firmware version', 'no tag')

Source: PROTOCOLS.md section 2.
"""

from __future__ import annotations

_MEMORY = "bank:u1 word_addr:u1 words:u1"
_REGION = "region:u1 start_index:u1 end_index:u1|region:u1 space_10khz:u1 count:u1 start_khz:u3"
_LOOPS = " ".join(f"antenna_{n}:u1 loops_{n}:u1" for n in "abcd")
_MORE_LOOPS = " ".join(f"antenna_{n}:u1 loops_{n}:u1" for n in "efgh")
_WRITE = "password:h4 bank:u1 word_addr:u1 words:u1 data:h*"
_ROUND = "session:u1 target:u1"
_ROUNDS = "|".join(
    f"{_ROUND} {more}repeat:u1"
    for more in ("", "select:u1 ", "select:u1 phase:u1 ", "select:u1 phase:u1 powersave:u1 ")
)

COMMANDS: dict[int, tuple[str, str, str]] = {
    0x60: ("read GPIO", "", "gpio_1:u1 gpio_2:u1"),
    0x61: ("write GPIO", "pin:u1 level:u1", ""),
    0x62: ("set antenna detector", "threshold_db:u1", ""),
    0x63: ("get antenna detector", "", "threshold_db:u1"),
    0x66: ("set temporary power", "power_dbm:u1", ""),
    0x67: ("set identifier", "identifier:h12", ""),
    0x68: ("get identifier", "", "identifier:h12"),
    0x69: ("set RF profile", "profile:x1", ""),
    0x6A: ("get RF profile", "", "profile:x1"),
    0x70: ("reset", "", ""),
    0x71: ("set baud rate", "baud_code:u1", ""),
    0x72: ("get firmware version", "", "major:u1 minor:u1"),
    0x73: ("set address", "new_address:x1", ""),
    0x74: ("set work antenna", "antenna_byte:u1", ""),
    0x75: ("get work antenna", "", "antenna_byte:u1"),
    0x76: ("set power", "powers:h*", ""),
    0x77: ("get power", "", "powers:h*"),
    0x78: ("set region", _REGION, ""),
    0x79: ("get region", "", _REGION),
    0x7A: ("set beeper", "beeper:u1", ""),
    0x7B: ("get temperature", "", "is_positive:u1 temperature_c:u1"),
    0x7E: ("get return loss", "frequency_index:u1", "return_loss_db:u1"),
    0x80: (
        "inventory to buffer",
        "repeat:u1",
        "antenna_byte:u1 tag_count:u2 read_rate:u2 total_read:u4",
    ),
    0x81: ("read", f"{_MEMORY}|{_MEMORY} password:h4", ""),
    0x82: ("write", _WRITE, ""),
    0x83: ("lock", "password:h4 area:u1 lock:u1", ""),
    0x84: ("kill", "password:h4", ""),
    0x85: ("set access EPC match", "mode:u1|mode:u1 epc_size:u1 epc:h*", ""),
    0x86: ("get access EPC match", "", "mode:u1|mode:u1 epc_size:u1 epc:h*"),
    0x89: ("real-time inventory", "repeat:u1", ""),
    0x8A: (
        "fast antenna switch inventory",
        f"{_LOOPS} interval_ms:u1 repeat:u1|{_LOOPS} {_MORE_LOOPS} interval_ms:u1 repeat:u1",
        "",
    ),
    0x8B: (
        "session/target inventory",
        _ROUNDS,
        "",
    ),
    0x8C: ("set FastTID", "fast_tid:x1", ""),
    0x8D: ("set and save FastTID", "fast_tid:x1", ""),
    0x8E: ("get FastTID", "", "fast_tid:x1"),
    0x90: ("get buffer", "", ""),
    0x91: ("get and reset buffer", "", ""),
    0x92: ("get buffer count", "", "tag_count:u2"),
    0x93: ("reset buffer", "", ""),
    0x94: ("block write", _WRITE, ""),
}
"""Code → meaning, layout of the host's data, layout of an answer that is data and no code."""

ERRORS: dict[int, str] = {
    0x10: "success", 0x11: "failed", 0x20: "MCU reset failed", 0x21: "CW on failed",
    0x22: "antenna missing", 0x23: "flash write failed", 0x24: "flash read failed",
    0x25: "set power failed", 0x31: "inventory failed", 0x32: "read failed",
    0x33: "write failed", 0x34: "lock failed", 0x35: "kill failed", 0x36: "no tag",
    0x37: "inventoried but access failed", 0x38: "buffer empty", 0x3C: "NXP command failed",
    0x40: "access failed or wrong password", 0x41: "invalid parameter",
    0x42: "invalid word count", 0x43: "invalid bank", 0x44: "invalid lock area",
    0x45: "invalid lock type", 0x46: "invalid address", 0x47: "invalid antenna",
    0x48: "invalid power", 0x49: "invalid region", 0x4A: "invalid baud rate",
    0x4B: "invalid beeper mode", 0x4C: "EPC match too long", 0x4D: "wrong EPC match length",
    0x4E: "invalid EPC match mode", 0x4F: "invalid frequency range", 0x50: "no RN16",
    0x51: "invalid DRM mode", 0x52: "PLL lock failed", 0x53: "RF chip silent",
    0x54: "power not reached", 0x55: "copyright check failed", 0x56: "spectrum setting failed",
    0x57: "power too low", 0xEE: "return loss measurement failed",
}  # fmt: skip
"""Code of a one-byte answer → what it says."""
