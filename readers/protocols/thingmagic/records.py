"""What a module says of one tag: as many fields as the bits of the metadata flags ask for.

>>> said = metadata(0x0007, bytes.fromhex("01c911004030000102030 4aabb".replace(" ", "")))
>>> said.epc.hex(), said.rssi_dbm, said.pairs
('01020304', -55.0, (('antenna_tx', 1), ('antenna_rx', 1), ('epc_bits', 64)))

Source: PROTOCOLS.md section 1 (continuous tag record; metadata flags).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from readers.reads import TagRead

Pairs = tuple[tuple[str, object], ...]

_COUNT, _RSSI, _ANTENNA, _FREQUENCY = 0x0001, 0x0002, 0x0004, 0x0008
_TIME, _PHASE, _PROTOCOL, _DATA, _GPIO = 0x0010, 0x0020, 0x0040, 0x0080, 0x0100
_KNOWN = 0x01FF
_NUMBERS = (
    (_COUNT, "read_count", 1), (_RSSI, "rssi", 1), (_ANTENNA, "place", 1),
    (_FREQUENCY, "frequency_khz", 3), (_TIME, "timestamp_ms", 4), (_PHASE, "phase_deg", 2),
    (_PROTOCOL, "protocol", 1),
)  # fmt: skip
"""Fields of a fixed size in the order of their bits."""
_AS_THEY_ARE = ("frequency_khz", "timestamp_ms", "phase_deg", "protocol")


def antennas_of(byte: int) -> tuple[int, tuple[str, object], tuple[str, object]]:
    """Return the sending antenna and both as named pairs: high nibble sends, 0 means 16."""
    tx, rx = byte >> 4 or 16, byte & 0xF or 16
    return tx, ("antenna_tx", tx), ("antenna_rx", rx)


@lru_cache(maxsize=64)
def stream_pairs(head: bytes) -> Pairs:
    """Return option, search flags and metadata flags of a streamed record as named pairs."""
    return (
        ("option", f"0x{head[0]:02X}"),
        ("search_flags", f"0x{head[1:3].hex().upper()}"),
        ("metadata_flags", f"0x{head[3:5].hex().upper()}"),
    )


@dataclass(frozen=True, slots=True)
class Record:
    """One record, taken apart."""

    epc: bytes
    pc: int | None
    tag_crc: int | None
    antenna: int | None
    rssi_raw: int | None
    frequency_mhz: float | None
    read_count: int | None
    pairs: Pairs
    end: int
    """Where the next record begins."""

    @property
    def rssi_dbm(self) -> float | None:
        """Signed byte of dBm."""
        if self.rssi_raw is None:
            return None
        return float(self.rssi_raw - 256 if self.rssi_raw > 127 else self.rssi_raw)

    def tag_read(self, frame: bytes, known: Pairs) -> TagRead:
        """Return it as what it says: a tag was read."""
        return TagRead(
            self.epc, self.antenna, self.rssi_dbm, self.rssi_raw, self.pc, self.tag_crc, None,
            self.frequency_mhz, self.read_count, None, frame, known + self.pairs,
        )  # fmt: skip


def metadata(flags: int, data: bytes, *, is_silion: bool = False) -> Record | None:
    """Read one record; None if its lengths contradict each other.

    Silion modules count the EPC in bytes, one byte long; ThingMagic's count it in bits, two bytes
    long. Both count PC word and tag CRC with it.
    """
    if flags & ~_KNOWN:
        return None
    numbers: dict[str, int] = {}
    position = 0
    for bit, name, size in _NUMBERS:
        if flags & bit:
            numbers[name] = int.from_bytes(data[position : position + size], "big")
            position += size
    pairs: list[tuple[str, object]] = []
    antenna = None
    if "place" in numbers:
        place = numbers["place"]
        if is_silion and place < 0x10:
            place |= place << 4
        antenna, tx, rx = antennas_of(place)
        pairs += [tx, rx]
    if is_silion and "phase_deg" in numbers:
        numbers["phase_deg"] = round((numbers["phase_deg"] & 0xFFF) * 360 / 4096)
    pairs += [(name, numbers[name]) for name in _AS_THEY_ARE if name in numbers]
    if flags & _DATA:
        bits = int.from_bytes(data[position : position + 2], "big")
        held = data[position + 2 : position + 2 + (bits + 7) // 8]
        position += 2 + (bits + 7) // 8
        pairs.append(("data_bits", bits))
        if bits:
            pairs.append(("data", held.hex()))
    if flags & _GPIO:
        pairs.append(("gpio", int.from_bytes(data[position : position + 1], "big")))
        position += 1
    width = 1 if is_silion else 2
    said = int.from_bytes(data[position : position + width], "big")
    bits = said * 8 if is_silion else said
    size = (bits + 7) // 8
    position += width
    body = data[position : position + size]
    if len(body) != size or size < 4 or size > 66:
        return None
    pairs.append(("epc_bits", bits))
    khz = numbers.get("frequency_khz")
    return Record(
        body[2:-2], int.from_bytes(body[:2], "big"), int.from_bytes(body[-2:], "big"), antenna,
        numbers.get("rssi"), None if khz is None else khz / 1000, numbers.get("read_count"),
        tuple(pairs), position + size,
    )  # fmt: skip
