"""What every single bit of a tag is there for, so that a person sees why it reads as it does.

>>> for field in bit_fields(0x3034257BF7194E4000001A85, 96):
...     print(field.start, field.length, field.name, field.value)
0 8 header SGTIN-96
8 3 filter 1
11 3 partition 5
14 24 company prefix 0614141
38 20 item reference 812345
58 38 serial 6789
>>> bit_fields(0x31D66259FDA13B863A000001, 96)[-1].value
'bit 95 is 1'
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from traceability.gs1.epc_bits import decode_bits
from traceability.gs1.epc_cursor import BitFault, Cursor, Mark
from traceability.gs1.epc_plus import decode_plus
from traceability.gs1.epc_schemes import BY_HEADER, COMPANY, Scheme


@dataclass(frozen=True, slots=True)
class BitField:
    """One stretch of a tag's bits."""

    name: str
    start: int
    """First bit, counted from the first bit of the EPC header, 0."""
    length: int
    raw: int
    """The bits as one number, most significant first."""
    value: str
    """What they say; empty for filling zeros and for what could not be read."""
    note: str = ""
    """What the value means, or the sentence that says why the tag is refused here."""


_REFERENCES = {
    "sgtin": "item reference",
    "itip": "item reference",
    "sscc": "serial reference",
    "gsrn": "service reference",
    "gsrnp": "service reference",
    "sgln": "location reference",
    "gdti": "document type",
    "sgcn": "coupon reference",
    "grai": "asset type",
    "giai": "asset reference",
    "cpi": "component reference",
}
# EPC Tag Data Standard 2.3, section 10; what is not here is "reserved", or for keys without a
# table of their own "others".
_FILTERS = {
    "sgtin": ("all others", "point of sale item", "full case", "", "inner pack", "", "unit load",
              "part inside an item not sold alone"),
    "sscc": ("all others", "", "full case", "", "", "", "unit load", ""),
    "gdti": ("all others", "travel document", "", "", "", "", "", ""),
    "giai": ("all others", "rail vehicle", "", "", "", "", "", ""),
}  # fmt: skip


def bit_fields(value: int, bits: int) -> tuple[BitField, ...]:
    """Take an EPC bank apart into fields that cover every bit once, in order.

    Args:
        value: The bank from bit 20h on, as one number.
        bits: How many bits it has.

    Returns:
        At least the header, for any bits whatsoever. If the tag is refused, the field where that
        happened has the sentence as its note, and what lies behind it and could not be taken
        apart is one field ``rest``.
    """
    scheme = BY_HEADER.get(value >> (bits - 8)) if bits >= 8 else None
    try:
        decode_bits(value, bits)
        fault = None
    except BitFault as error:
        fault = error
    fields: list[BitField] = []
    for mark in _marks(scheme, value, bits):
        place = fields[-1].start + fields[-1].length if fields else 0
        if mark.end > mark.start >= place and mark.end <= bits:
            fields.append(_field(mark, value, bits))
    place = fields[-1].start + fields[-1].length if fields else 0
    if place < bits:
        name = "rest" if fault is not None or scheme is None else "padding"
        fields.append(_field(Mark(name, place, bits, ""), value, bits))
    if fault is not None and fields:
        at = next((i for i, f in enumerate(fields) if fault.bit < f.start + f.length), -1)
        fields[at] = replace(fields[at], note=str(fault))
    return tuple(fields)


def _field(mark: Mark, value: int, bits: int) -> BitField:
    length = mark.end - mark.start
    raw = value >> (bits - mark.end) & ((1 << length) - 1)
    said = mark.value
    if raw and mark.name in ("padding", "reserved"):
        found = [mark.start + i for i, bit in enumerate(f"{raw:0{length}b}") if bit == "1"]
        some = ", ".join(map(str, found[:8])) + (" …" if len(found) > 8 else "")
        said = f"bit {some} is 1" if len(found) == 1 else f"bits {some} are 1"
    return BitField(mark.name, mark.start, length, raw, said, mark.note)


def _marks(scheme: Scheme | None, value: int, bits: int) -> Iterator[Mark]:
    cursor = Cursor(value, bits)
    if scheme is None:
        head = value >> (bits - 8) if bits >= 8 else value
        yield Mark("header", 0, min(8, bits), f"{head:02X}")
        return
    try:
        if scheme.carries:
            decode_plus(scheme, cursor)
        else:
            _walk(scheme, cursor)
    except BitFault:
        # The marks up to the fault are kept; `decode_bits` has told the reason.
        pass
    for mark in cursor.marks:
        if mark.name == "filter":
            key = scheme.name.partition("+")[0].partition("-")[0].lower()
            yield mark._replace(note=_filter_note(key.removeprefix("d"), int(mark.value)))
        else:
            yield mark


def _filter_note(key: str, number: int) -> str:
    return (_FILTERS[key][number] or "reserved") if key in _FILTERS else ""


def _walk(scheme: Scheme, cursor: Cursor) -> None:
    """Mark the fields of a classic scheme, right or wrong, as far as the bank goes."""
    cursor.read(8)
    cursor.mark("header", 0, scheme.name, f"{scheme.header:02X}")
    if scheme.uri == "gid":
        for name, width in (("general manager", 28), ("object class", 24), ("serial", 36)):
            _number(cursor, name, width)
    elif scheme.uri == "usdod":
        _number(cursor, "filter", 4)
        _text(cursor, "CAGE or DoDAAC", 8, 6)
        _number(cursor, "serial", 36)
    elif scheme.uri == "adi":
        _number(cursor, "filter", 6)
        _text(cursor, "CAGE or DoDAAC", 6, 6)
        _text(cursor, "part number", 6, cursor.left // 6)
        _text(cursor, "serial", 6, cursor.left // 6)
    else:
        _walk_partitioned(scheme, cursor)
    if cursor.left:
        start = cursor.place
        cursor.place = cursor.bits
        cursor.mark("padding", start, "")


def _walk_partitioned(scheme: Scheme, cursor: Cursor) -> None:
    _number(cursor, "filter", 3)
    partition = _number(cursor, "partition", 3)
    if partition > 6:
        raise cursor.fault("a partition from 0 to 6", "7", 11)
    digits, width = COMPANY[partition]
    mark = cursor.marks[-1]
    cursor.marks[-1] = mark._replace(note=f"company prefix of {digits} digits")
    _number(cursor, "company prefix", width, digits)
    size, width = scheme.reference[partition]
    name = _REFERENCES[scheme.uri]
    if scheme.reference_form == "text6":
        _text(cursor, name, 6, cursor.left // 6)
    elif scheme.reference_form == "text7":
        _text(cursor, name, 7, width // 7, width)
    else:
        _number(cursor, name, width, 1 if scheme.reference_form == "number" else size)
    pieces = iter(("piece", "total"))
    last = "extension" if scheme.uri == "sgln" else "serial"
    for form, width in scheme.tail:
        if form == "text7":
            _text(cursor, last, 7, width // 7, width)
        elif form == "zero":
            start = cursor.place
            cursor.read(width)
            cursor.mark("reserved", start, "")
        elif form == "digits2":
            _number(cursor, next(pieces), width, 2)
        elif form == "marked":
            number = str(_number(cursor, last, width))
            if number[0] == "1":
                cursor.marks[-1] = cursor.marks[-1]._replace(
                    value=number[1:], note="behind a 1 that keeps leading zeros"
                )
        else:
            _number(cursor, last, width)


def _number(cursor: Cursor, name: str, width: int, digits: int = 1) -> int:
    start = cursor.place
    number = cursor.read(width)
    # A reference of no digits is one or four zero bits.
    cursor.mark(name, start, f"{number:0{digits}d}" if digits or number else "")
    return number


def _text(cursor: Cursor, name: str, size: int, count: int, width: int | None = None) -> None:
    """Mark characters up to the first of zeros, and what fills up the field behind them."""
    start = cursor.place
    text = ""
    for _ in range(count):
        code = cursor.read(size)
        if code == 0:
            cursor.place -= size
            break
        character = chr(code | 64 if size == 6 and code < 32 else code)
        text += character if character.isascii() and character.isprintable() else "?"
    cursor.mark(name, start, text.strip(), "")
    if width is not None:
        behind = cursor.place
        cursor.place = start
        cursor.read(width)
        cursor.mark("padding", behind, "")
    elif len(text) < count:
        behind = cursor.place
        cursor.read(size)
        cursor.mark("end of text", behind, "")
