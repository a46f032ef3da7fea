"""What a host asks of one tag: which tag is meant, with which password, and what is to be done.

>>> asked_of_tag(0x24, bytes.fromhex("03e800000000000300ee"))
{'timeout_ms': 1000, 'option': '0x00', 'word_addr': 0, 'bank': 3, 'data': '00ee'}

Source: PROTOCOLS.md section 1 (filter bytes of 24, 25, 26, 28); the order of the fields as hosts
of the maker send them: what is to be done, then the selection, then the data.
"""

from __future__ import annotations

from readers.layout import Layout
from readers.protocols.thingmagic.commands import ACCESS

_LAYOUTS = {code: Layout(text) for code, text in ACCESS.items()}
_SIZES = {0x24: 5, 0x25: 8, 0x26: 5, 0x28: 6}
_WITH_METADATA, _LONG, _INVERTED = 0x10, 0x20, 0x08
_PASSWORD_ONLY = 5
_BANKS = {1: 1, 2: 2, 3: 3, 4: 1}
EPC_STARTS_AT_BIT = 32
"""Bit of the EPC bank, behind CRC and PC word, where selection 1 begins."""
_HAS_PASSWORD = frozenset({0x24, 0x28})
"""Lock and kill carry their password before the selection."""


def asked_of_tag(command: int, data: bytes) -> dict[str, object] | None:
    """Return the fields of 24, 25, 26 or 28; None if the lengths contradict each other."""
    if len(data) < 3:
        return None
    option = data[2]
    position = 3
    fields: dict[str, object] = {
        "timeout_ms": int.from_bytes(data[:2], "big"),
        "option": f"0x{option:02X}",
    }
    if command == 0x28 and option & _WITH_METADATA:
        fields["metadata_flags"] = f"0x{data[3:5].hex().upper()}"
        position += 2
    end = position + _SIZES[command]
    if (said := _LAYOUTS[command].decode(data[position:end])) is None:
        return None
    fields |= said
    if (found := _selection(command, option, data[end:])) is None:
        return None
    selected, rest = found
    fields |= selected
    if command == 0x24:
        fields["data"] = rest.hex()
        return fields if rest and not len(rest) % 2 else None
    return None if rest else fields


def selected(option: int, data: bytes) -> dict[str, object] | None:
    """Return the selection behind the times of a search (22); None if it contradicts itself."""
    found = _selection(0x28, option, data)
    return found[0] if found is not None and not found[1] else None


def _selection(command: int, option: int, data: bytes) -> tuple[dict[str, object], bytes] | None:
    """Take the selection apart: [password] [bit address] bit length, mask; and what follows it."""
    kind = option & 7
    fields: dict[str, object] = {}
    position = 0
    if kind == 0:
        return fields, data
    if command in _HAS_PASSWORD:
        fields["password"] = data[:4].hex()
        position = 4
    if kind == _PASSWORD_ONLY:
        return (fields, data[position:]) if len(data) >= position else None
    if kind not in _BANKS:
        return None
    address = EPC_STARTS_AT_BIT
    if kind != 1:
        address = int.from_bytes(data[position : position + 4], "big")
        position += 4
    width = 2 if option & _LONG else 1
    bits = int.from_bytes(data[position : position + width], "big")
    position += width
    size = (bits + 7) // 8
    if position + size > len(data):
        return None
    fields |= {
        "select_bank": _BANKS[kind],
        "bit_addr": address,
        "mask_bits": bits,
        "mask": data[position : position + size].hex(),
        "is_inverted": bool(option & _INVERTED),
    }
    return fields, data[position + size :]
