"""What stands in front of a tag's number when a reader sends the whole bank: PC word and check sum.

>>> for field in bank_fields(bytes.fromhex("3000 3034257BF7194E4000001A85"))[:6]:
...     print(field.start, field.length, field.name, field.value)
-16 5 EPC length 6
-11 1 user memory 0
-10 1 XPC 0
-9 1 toggle 0
-8 8 attributes 0
0 8 header SGTIN-96
"""

from collections.abc import Iterator

from traceability.gs1.bank import Bank, read_bank
from traceability.gs1.bit_fields import BitField, bit_fields

_WORD = 16


def bank_fields(data: bytes) -> tuple[BitField, ...]:
    """Take what a reader sent from the check sum or PC word on apart into fields.

    Args:
        data: Whole words of 16 bits.

    Returns:
        Fields that cover every bit once, in order. The EPC begins at 0 as in `bit_fields`; what
        stands before it has places below.

    Raises:
        InvalidIdentifier: If length, check sum and data contradict each other.

    Source: EPC Tag Data Standard 2.3, section 9.
    """
    bank = read_bank(data, has_crc=None)
    fields = [*_lead(bank, data), *_body(bank)]
    behind = 8 * len(data) - sum(one.length for one in fields)
    if behind:
        raw = int.from_bytes(data) & ((1 << behind) - 1)
        fields.append(BitField("memory behind", 8 * len(bank.epc), behind, raw, ""))
    return tuple(fields)


def _lead(bank: Bank, data: bytes) -> Iterator[BitField]:
    """Yield check sum, PC word and, where a tag answers with them, XPC words."""
    pc = bank.pc
    # XPC words of a bank read word by word stand far behind the EPC, not before it.
    before = 2 * (1 + (bank.crc is not None))
    words = () if data[before:].startswith(bank.epc) else bank.xpc
    at = -_WORD * (1 + len(words) + (bank.crc is not None))
    if bank.crc is not None:
        yield BitField("check sum", at, _WORD, bank.crc, f"{bank.crc:04X}", "right")
        at += _WORD
    last = "AFI" if pc.is_iso else "attributes"
    toggle = "a number of an ISO standard" if pc.is_iso else "an EPC"
    for name, length, raw, note in (
        ("EPC length", 5, pc.words, "words of 16 bits"),
        ("user memory", 1, int(pc.has_user_memory), "used" if pc.has_user_memory else "not used"),
        ("XPC", 1, int(pc.has_xpc), "more words about the tag" if pc.has_xpc else "none"),
        ("toggle", 1, int(pc.is_iso), toggle),
        (last, 8, pc.low, ""),
    ):
        value = f"{raw:02X}" if name == "AFI" else str(raw)
        yield BitField(name, at, length, raw, value, note)
        at += length
    for word in words:
        yield BitField("XPC word", at, _WORD, word, f"{word:04X}")
        at += _WORD


def _body(bank: Bank) -> tuple[BitField, ...]:
    value, bits = int.from_bytes(bank.epc), 8 * len(bank.epc)
    if bank.pc.is_iso:
        return (BitField("ISO number", 0, bits, value, f"{value:0{bits // 4}X}"),)
    return bit_fields(value, bits)
