"""What a host asks of the tags in the field: rounds, and access to one tag's memory.

>>> asked(0x01, bytes.fromhex("04000080" "0b"))["ant"]
'0x80 antenna 1'
>>> asked(0x02, bytes.fromhex("01" "e2c0" "03" "00" "02" "00000000"))["bank"]
3

Source: PROTOCOLS.md section 3.
"""

from __future__ import annotations

ENTIRE_MASK = 0xFF
"""EPC length that means: the mask behind the password says which tag."""
ACCESS = frozenset({0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x15, 0x16})
ROUNDS = frozenset({0x01, 0x0F, 0x18})


class _Bytes:
    """A command's data, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise ValueError
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int = 1) -> int:
        return int.from_bytes(self.take(size), "big")


def asked(code: int, data: bytes) -> dict[str, object] | None:
    """Return the fields of a round or an access; None if the lengths contradict each other."""
    try:
        return _round(data) if code in ROUNDS else _access(code, _Bytes(data))
    except ValueError:
        return None


def antenna_text(byte: int) -> str:
    """Return an antenna byte as `0x80 antenna 1`."""
    return f"0x{byte:02X} antenna {(byte & 0x7F) + 1}"


def _round(data: bytes) -> dict[str, object]:
    """Read `Q session [mask] [TID place] [target antenna time]`; the length says what is there."""
    if not data:
        return {}
    if len(data) == 2:
        # Of a UHFReader18 these two are the place of a TID; of a 288, Q and session.
        return {"q": data[0] & 0x1F, "session": data[1]}
    rest = _Bytes(data)
    q, session = rest.number(), rest.number()
    fields: dict[str, object] = {"q": q & 0x1F, "session": session}
    for bit, name in ((0x80, "has_statistics"), (0x40, "is_special"), (0x20, "is_fast_id")):
        if q & bit:
            fields[name] = True
    if len(data) not in (4, 5, 7):
        fields |= _mask(rest)
    if rest.left in (2, 5):
        fields |= {"tid_word_addr": rest.number(), "tid_words": rest.number()}
    if rest.left == 3:
        target, antenna, time_100ms = rest.take(3)
        fields |= {"target": target, "ant": antenna_text(antenna), "scantime_100ms": time_100ms}
    if rest.left:
        raise ValueError
    return fields


def _mask(rest: _Bytes) -> dict[str, object]:
    bank, bit_addr, bits = rest.number(), rest.number(2), rest.number()
    mask = rest.take((bits + 7) // 8).hex()
    return {"mask_bank": bank, "mask_bit_addr": bit_addr, "mask_bits": bits, "mask": mask}


def _access(code: int, rest: _Bytes) -> dict[str, object]:
    data_words = rest.number() if code in (0x03, 0x10, 0x16) else 0
    epc_words = rest.number()
    if code == 0x04:
        password = rest.take(4).hex()
        fields: dict[str, object] = {"password": password, "epc": rest.take(epc_words * 2).hex()}
    else:
        epc = rest.take(0 if epc_words == ENTIRE_MASK else epc_words * 2)
        fields = {"epc": epc.hex()} | _place(code, rest, data_words)
        fields["password"] = rest.take(4).hex()
        if rest.left == 2:  # UHFReader18: a mask of bytes of the EPC
            fields |= {"mask_byte_addr": rest.number(), "mask_bytes": rest.number()}
        elif rest.left:
            fields |= _mask(rest)
    if rest.left:
        raise ValueError
    return fields


def _place(code: int, rest: _Bytes, data_words: int) -> dict[str, object]:
    if code == 0x05:
        return {}
    if code == 0x06:
        return {"area": rest.number(), "lock": rest.number()}
    place: dict[str, object] = {
        "bank": rest.number(), "word_addr": rest.number(2 if code in (0x15, 0x16) else 1),
    }  # fmt: skip
    if code in (0x02, 0x15):
        return place | {"words": rest.number()}
    return place | {"data": rest.take(data_words * 2).hex()}
