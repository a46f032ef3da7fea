"""What a host asks of one tag: password, which tag is meant, and what is to be done with it.

>>> asked_of_tag(0x33, bytes.fromhex("000000000006030000000008"))
{'options': '0x00', 'password': '00000000', 'bank': 3, 'word_addr': 0, 'words': 8}

Source: PROTOCOLS.md section 8; bits of the options: the maker's protocol header.
"""

from __future__ import annotations

_SELECTED, _LONG_SELECT, _LONG_ADDRESS = 0x02, 0x04, 0x08


def asked_of_tag(command: int, data: bytes) -> dict[str, object] | None:
    """Return the fields of 33, 34, 36 or 37; None if the lengths contradict each other."""
    if len(data) < 5:
        return None
    options = data[0]
    fields: dict[str, object] = {
        "options": f"0x{options:02X}",
        "password": data[4:0:-1].hex(),
    }
    rest = data[5:]
    if options & _SELECTED:
        taken = _block(rest)
        if taken is None or (selection := _selection(taken[0], options)) is None:
            return None
        fields |= selection
        rest = taken[1]
    if command == 0x37:
        return fields if not rest else None
    taken = _block(rest)
    if taken is None or taken[1]:
        return None
    wanted = _locked(taken[0]) if command == 0x36 else _memory(command, taken[0], options)
    return None if wanted is None else fields | wanted


def _block(data: bytes) -> tuple[bytes, bytes] | None:
    """Split a block with its length in front from what follows it."""
    if not data or data[0] > len(data) - 1:
        return None
    return data[1 : 1 + data[0]], data[1 + data[0] :]


def _selection(block: bytes, options: int) -> dict[str, object] | None:
    width = 8 if options & _LONG_SELECT else 4
    if len(block) < 3 + width:
        return None
    bits = int.from_bytes(block[1 + width : 3 + width], "little")
    mask = block[3 + width :]
    if len(mask) != (bits + 7) // 8:
        return None
    return {
        "select_bank": block[0],
        "bit_addr": int.from_bytes(block[1 : 1 + width], "little"),
        "mask_bits": bits,
        "mask": mask.hex(),
    }


def _memory(command: int, block: bytes, options: int) -> dict[str, object] | None:
    width = 8 if options & _LONG_ADDRESS else 4
    if len(block) < 2 + width:
        return None
    words = block[1 + width]
    fields: dict[str, object] = {
        "bank": block[0],
        "word_addr": int.from_bytes(block[1 : 1 + width], "little"),
        "words": words,
    }
    data = block[2 + width :]
    if command == 0x33:
        return fields if not data else None
    return fields | {"data": data.hex()} if len(data) == words * 2 else None


def _locked(block: bytes) -> dict[str, object] | None:
    if len(block) != 4:
        return None
    mask, action = (int.from_bytes(block[at : at + 2], "little") for at in (0, 2))
    return {"lock_mask": f"0x{mask:04X}", "lock_action": f"0x{action:04X}"}
