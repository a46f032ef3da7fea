"""The command table of NUR readers: what a host may ask, what comes back, what fails.

>>> COMMANDS[0x39][0], decode("found:u2 stored:u2", bytes.fromhex("03000500"))
('inventory stream', {'found': 3, 'stored': 5})

Layouts: `uN` and `sN` numbers of N bytes, least significant first; `xN` the same as hex with `0x`
in front; `hN` and `tN` bytes as hex and as text; `z` a text with its length in front; `h*`, `t*`
the rest.

Source: PROTOCOLS.md section 8; order of the setup's fields: the maker's protocol header.
"""

from __future__ import annotations

_INVENTORY = "q:u1 session:u1 rounds:u1"
_FOUND = "found:u2 stored:u2 rounds:u1 collisions:u2 q:u1"
_INFO = (
    "magic:x4 serial:z alt_serial:z name:z fcc_id:z hw_version:z major:u1 minor:u1 build:t1"
    " gpio:u1 sensors:u1 regions:u1 antennas:u1"
)
_CAPABILITIES = (
    "size:u4 flags_1:x4 flags_2:x4 power_max_dbm:s4 power_step_db:s4 power_max_mw:u2"
    " power_steps:u2 tag_buffer:u2 antennas:u2 gpio:u2 chip:u2 module:u2 config:x4 reserved:h*"
)

COMMANDS: dict[int, tuple[str, str, str]] = {
    0x01: ("ping", "", "text:t*"),
    0x02: ("version", "", "mode:t1 major:u1 minor:u1 build:t1 other:h*"),
    0x03: ("reset", "", ""),
    0x04: ("mode", "", "mode:t1"),
    0x05: ("clear id buffer", "", ""),
    0x06: ("get id buffer", "|clear:u1|index:u4", ""),
    0x07: ("get id buffer and metadata", "|clear:u1|index:u4", ""),
    0x09: ("reader info", "", f"{_INFO}|{_INFO} antennas_max:u1"),
    0x0B: ("capabilities", "", _CAPABILITIES),
    0x0D: ("beep", "|frequency_hz:u4 duration_ms:u4 duty:u1", ""),
    0x0E: ("stop all continuous", "", ""),
    0x10: ("get GPIO", "mask:x1", "mask:x1 pins:h*"),
    0x11: ("set GPIO", "mask:x1 pins:h*", "mask:x1 pins:h*"),
    0x13: ("factory default", "magic:x4", ""),
    0x14: ("restart", "", ""),
    0x20: ("baud rate", "|setting:u1", "setting:u1"),
    0x22: ("setup", "", ""),
    0x24: (
        "region info",
        "|region:u1",
        "region:u1 base_khz:u4 spacing_khz:u4 channels:u1 channel_ms:u4 name:z",
    ),
    0x28: ("store setup", "what:x1", ""),
    0x30: ("scan single", "timeout_ms:u2", ""),
    0x31: ("inventory", f"|{_INVENTORY}", _FOUND),
    0x32: ("inventory with selection", f"{_INVENTORY} selection:h*", _FOUND),
    0x33: ("read", "", "data:h*"),
    0x34: ("write", "", "words:u1"),
    0x36: ("lock", "", ""),
    0x37: ("kill", "", ""),
    0x39: ("inventory stream", f"|{_INVENTORY}|{_INVENTORY} selection:h*", ""),
    0x3A: ("reset target", "session:u1 is_a:u1", ""),
    0x3B: ("extended inventory", "|options:h*", _FOUND),
    0x80: ("boot", "", "text:t*"),
    0x81: ("input changed", "", "is_sensor:u1 source:u1 direction:u1"),
    0x82: ("inventory stream", "", ""),
    0x84: ("tag trace", "", ""),
    0x88: ("extended inventory stream", "", ""),
}
"""Code → meaning, layout of what the host says, layout of the answer (tags and setup apart)."""

SETUP: tuple[tuple[str, str], ...] = (
    ("link_frequency_hz", "u4"), ("rx_decoding", "u1"), ("tx_level", "u1"),
    ("tx_modulation", "u1"), ("region", "u1"), ("inventory_q", "u1"), ("inventory_session", "u1"),
    ("inventory_rounds", "u1"), ("antenna_mask", "u1"), ("scan_timeout_ms", "u2"),
    ("inventory_timeout_ms", "u2"), ("selected_antenna", "s1"), ("operation_flags", "x4"),
    ("inventory_target", "u1"), ("inventory_epc_size", "u1"), ("read_rssi_filter", "h2"),
    ("write_rssi_filter", "h2"), ("inventory_rssi_filter", "h2"), ("read_timeout_ms", "u2"),
    ("write_timeout_ms", "u2"), ("lock_timeout_ms", "u2"), ("kill_timeout_ms", "u2"),
    ("period", "u2"), ("antenna_power", "h4"), ("power_offset", "h4"), ("antenna_mask_32", "u4"),
    ("autotune", "h2"), ("antenna_power_32", "h32"), ("rx_sensitivity", "u1"),
    ("rf_profile", "u1"), ("to_sleep_ms", "u2"),
)  # fmt: skip
"""Fields of the setup in the order of their flag bits."""
TX_LEVEL, REGION = 1 << 2, 1 << 4

STATUS: dict[int, str] = {
    0: "ok", 1: "invalid command", 2: "invalid length", 3: "out of range", 5: "invalid parameter",
    11: "wrong CRC", 14: "no application", 16: "failed", 32: "no tag", 33: "tag answer damaged",
    34: "selection failed", 35: "no selection", 36: "tag access failed", 48: "read failed",
    49: "partly read", 64: "write failed", 65: "partly written", 66: "tag refused",
    80: "special", 96: "hardware failed", 97: "antenna bad", 98: "voltage low", 99: "too hot",
}  # fmt: skip
REGIONS = {
    0: "eu", 1: "us", 2: "cn", 5: "au", 6: "nz", 7: "jp", 8: "jp", 9: "kr", 10: "in",
}  # fmt: skip
"""Region number → word of `readers.inquiry.REGIONS`."""


def status_text(status: int) -> str:
    """Say a status as `0x20 no tag`."""
    return f"0x{status:02X} {STATUS.get(status, 'unknown status')}"


def name_of(code: int) -> str:
    """Say a code as `0x01 ping`."""
    return f"0x{code:02X} {COMMANDS[code][0]}" if code in COMMANDS else f"0x{code:02X}"


def decode(layouts: str, data: bytes) -> dict[str, object] | None:
    """Return the fields of the first layout that fits the bytes; None if none does."""
    for layout in layouts.split("|"):
        if (found := _decode_one(layout, data)) is not None:
            return found
    return None


def _decode_one(layout: str, data: bytes) -> dict[str, object] | None:
    found: dict[str, object] = {}
    position = 0
    for part in layout.split():
        name, _, kind = part.partition(":")
        if kind == "z":
            if position >= len(data):
                return None
            size, kind = data[position], "t"
            position += 1
        else:
            size = len(data) - position if kind.endswith("*") else int(kind[1:])
        raw = data[position : position + size]
        if len(raw) != size:
            return None
        position += size
        found[name] = value(kind[0], raw)
    return found if position == len(data) else None


def value(kind: str, raw: bytes) -> object:
    """Return one field as number or text."""
    if kind in "us":
        return int.from_bytes(raw, "little", signed=kind == "s")
    if kind == "x":
        return f"0x{int.from_bytes(raw, 'little'):0{len(raw) * 2}X}"
    return raw.hex() if kind == "h" else raw.decode("ascii", "replace")


def setup(data: bytes) -> dict[str, object] | None:
    """Read flags and the fields that they announce; flags alone ask for those fields."""
    if len(data) < 4:
        return None
    flags = int.from_bytes(data[:4], "little")
    found: dict[str, object] = {"setup_flags": f"0x{flags:08X}"}
    if len(data) == 4:
        return found
    position = 4
    for bit, (name, kind) in enumerate(SETUP):
        if not flags >> bit & 1:
            continue
        raw = data[position : position + int(kind[1:])]
        if len(raw) != int(kind[1:]):
            return None
        position += len(raw)
        found[name] = value(kind[0], raw)
    return found if position == len(data) else None
