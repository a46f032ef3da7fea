"""The bits of an RFID tag: read strictly, written only when they can say the whole truth.

>>> tag = decode_bits(0x3034257BF7194E4000001A85, 96)
>>> tag.scheme.name, tag.filter, tag.parts
('SGTIN-96', 1, ('0614141', '812345', '6789'))
>>> encode_bits("SGTIN-96", 1, ("0614141", "812345", "6789")).hex().upper()
'3034257BF7194E4000001A85'
"""

from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS
from traceability.gs1.components import SET_39, SET_82
from traceability.gs1.epc_cursor import BitFault, Cursor
from traceability.gs1.epc_cursor import fault_of as _refuse
from traceability.gs1.epc_other import decode_other, encode_other
from traceability.gs1.epc_plus import decode_plus, encode_plus
from traceability.gs1.epc_schemes import BY_HEADER, BY_NAME, COMPANY, PLUS_BY_NAME, Scheme
from traceability.gs1.epc_uri import (
    URI_SCHEMES,
    Parts,
    check_parts,
    format_parts,
    parse_epc_uri,
    split_elements,
)
from traceability.gs1.identity import Elements

BITS_MAX = 4096
"""Longest EPC bank that is looked at; Gen2 ends at 496 bits."""

_CHARACTERS_82 = frozenset(SET_82)
# Tags in use say "piece 00 of 00", and parts may have the serial 0; they are written back as read.
_LENIENT = frozenset({"pieces", "nozero"})


@dataclass(frozen=True, slots=True)
class EpcTag:
    """One decoded tag: scheme, filter, and what it names."""

    scheme: Scheme
    filter: int | None
    parts: Parts = ()
    """The parts of a classic scheme's pure identity URI; empty for ``+`` schemes."""
    values: Elements = ()
    """The AIs that a ``+`` scheme carries; empty for classic ones."""
    host: str | None = None
    """The owner's host name in a ``++`` tag: where its link leads, not which thing it is."""
    extra: Elements = ()
    """AIs behind the EPC of a ``+`` tag."""

    @property
    def elements(self) -> Elements:
        """The AIs of the EPC itself; none for GID, USDOD and ADI."""
        if self.scheme.uri not in URI_SCHEMES:
            return self.values
        elements = URI_SCHEMES[self.scheme.uri].assemble(self.parts)
        # Bits cannot leave the extension out; 0 says that there is none.
        return tuple(element for element in elements if element != ("254", "0"))

    @property
    def tag_uri(self) -> str | None:
        """The EPC tag URI, which names scheme and filter too; None for ``+`` schemes."""
        if self.scheme.carries:
            return None
        lead = "" if self.filter is None else f"{self.filter}."
        return format_parts(self.scheme.name.lower(), self.parts, form="tag", lead=lead)

    @property
    def epc_uri(self) -> str | None:
        """The pure identity URI; None for ``+`` schemes."""
        return None if self.scheme.carries else format_parts(self.scheme.uri, self.parts)


def decode_bits(value: int, bits: int) -> EpcTag:
    """Decode the EPC bank from bit 20h on.

    Args:
        value: The bank as one number, most significant bit first.
        bits: How many bits it has; more than the scheme needs must be zeros.

    Raises:
        BitFault: If the header is reserved or not assigned, the bank is too short, or a
            partition, range, character or reserved bit does not hold.

    Source: EPC Tag Data Standard 2.3, sections 14.2 to 14.6.
    """
    if not 8 <= bits <= BITS_MAX:
        raise _refuse(value, bits, f"8 to {BITS_MAX} bits", str(bits), 0)
    header = value >> (bits - 8)
    scheme = BY_HEADER.get(header)
    if scheme is not None and scheme.carries:
        content = decode_plus(scheme, Cursor(value, bits))
        return EpcTag(
            scheme, content.filter, (), content.elements, content.host, content.extra
        )  # fmt: skip
    _refuse_protocol_word(value, bits)
    if scheme is None:
        raise _refuse(value, bits, "a header that the standard assigns", _header_name(header), 0)
    if bits < scheme.bits:
        raise _refuse(value, bits, f"{scheme.bits} bits of {scheme.name}", str(bits), bits)
    if not scheme.is_partitioned:
        filter_value, parts, used = decode_other(scheme, value, bits)
    else:
        filter_value, parts, used = _decode_partitioned(scheme, value, bits)
    tail = value & ((1 << (bits - used)) - 1)
    if tail:
        raise _refuse(
            value, bits, f"zeros behind the {used} bits of {scheme.name}",
            f"{tail:X}", bits - tail.bit_length(),
        )  # fmt: skip
    return EpcTag(scheme, filter_value, parts)


def _header_name(header: int) -> str:
    if header == 0:
        return "00 (tag not programmed)"
    if header == 0xE2:
        return "E2 (looks like a chip's own number, TID)"
    return f"{header:02X} (reserved)"


def _refuse_protocol_word(value: int, bits: int) -> None:
    """Refuse a bank with its PC word in front: the word tells how many words follow it.

    Only words without flags count (3000 for 96 bits …); read as an EPC such a bank would give a
    plausible but wrong SGTIN whenever its last word is zero.
    """
    word = value >> (bits - 16) if bits >= 16 else 0
    if word and word & 0x07FF == 0 and bits == 16 + 16 * (word >> 11) and bits >= 80:
        raise _refuse(value, bits, "an EPC without its PC word", f"PC word {word:04X} in front", 0)


def _decode_partitioned(scheme: Scheme, value: int, bits: int) -> tuple[int, Parts, int]:
    if bits < 14:
        raise _refuse(value, bits, f"at least 14 bits of {scheme.name}", str(bits), bits)
    partition = value >> (bits - 14) & 7
    if partition > 6:
        raise _refuse(value, bits, "a partition from 0 to 6", "7", 11)
    digits, width = COMPANY[partition]
    place = 14 + width
    if place > bits:
        raise _refuse(value, bits, f"a company prefix of {width} bits", str(bits - 14), bits)
    company = value >> (bits - place) & ((1 << width) - 1)
    if company >= 10**digits:
        raise _refuse(value, bits, f"a company prefix of {digits} digits", str(company), 14)
    size, width = scheme.reference[partition]
    reference, place = _read_reference(scheme, size, width, value, bits, place)
    parts = [f"{company:0{digits}d}", reference]
    for form, width in scheme.tail:
        if place + width > bits:
            raise _refuse(value, bits, f"{width} more bits at {place}", str(bits - place), bits)
        field = value >> (bits - place - width) & ((1 << width) - 1)
        text = _read_field(form, width, field, value, bits, place)
        if text is not None:
            parts.append(text)
        place += width
    if scheme.uri == "cpi":
        try:
            check_parts("cpi", tuple(parts), f"{scheme.name} {'.'.join(parts)}")
        except InvalidIdentifier as error:
            raise BitFault(str(error), 14) from None
    return value >> (bits - 11) & 7, tuple(parts), place


def _read_reference(
    scheme: Scheme, size: int, width: int, value: int, bits: int, place: int
) -> tuple[str, int]:
    if scheme.reference_form == "text6":
        return _read_text6(value, bits, place, size)
    field = value >> (bits - place - width) & ((1 << width) - 1)
    end = place + width
    if scheme.reference_form == "text7":
        return _read_text7(width, field, value, bits, place, size), end
    if field >= 10**size:
        raise _refuse(value, bits, f"a reference of {size} digits", str(field), place)
    if scheme.reference_form == "number":
        return str(field), end
    return (f"{field:0{size}d}" if size else ""), end


def _read_field(form: str, width: int, field: int, value: int, bits: int, place: int) -> str | None:
    """Read one field behind the reference; None if it only holds reserved zeros."""
    if form == "number":
        return str(field)
    if form == "text7":
        return _read_text7(width, field, value, bits, place, width // 7)
    if form == "digits2":
        if field > 99:
            raise _refuse(value, bits, "a number of two digits", str(field), place)
        return f"{field:02d}"
    if form == "marked":
        text = str(field)
        size = len(str(1 << width)) - 1
        if text[0] != "1" or not 2 <= len(text) <= 1 + size:
            raise _refuse(value, bits, f"a 1 and then 1 to {size} digits", text, place)
        return text[1:]
    if field:
        raise _refuse(value, bits, f"{width} reserved zero bits", f"{field:X}", place)
    return None


def _read_text7(width: int, field: int, value: int, bits: int, place: int, size: int) -> str:
    """Read 7-bit characters up to the first NUL; all bits behind it must be zero.

    Source: EPC Tag Data Standard 2.3, section 14.3.2 (string decoding method).
    """
    text = ""
    for index in range(width // 7):
        code = field >> (width - 7 * index - 7) & 127
        if code == 0:
            break
        if chr(code) not in _CHARACTERS_82:
            raise _refuse(
                value, bits, "a character of the GS1 set of 82", repr(chr(code)), place + 7 * index
            )
        text += chr(code)
    rest = width - 7 * len(text)
    if field & ((1 << rest) - 1):
        raise _refuse(value, bits, "zeros behind the text", "other bits", place + 7 * len(text))
    if not 1 <= len(text) <= size:
        raise _refuse(value, bits, f"1 to {size} characters", str(len(text)), place)
    return text


def _read_text6(value: int, bits: int, place: int, size: int) -> tuple[str, int]:
    """Read 6-bit characters up to six zero bits, which are read too.

    Source: EPC Tag Data Standard 2.3, section 14.3.5 (6-bit CPI string).
    """
    text = ""
    start = place
    while True:
        if place + 6 > bits:
            raise _refuse(value, bits, "six zero bits at the end of the text", "none", bits)
        code = value >> (bits - place - 6) & 63
        place += 6
        if code == 0:
            break
        character = chr(code | 64 if code < 32 else code)
        if character not in SET_39 or len(text) == size:
            raise _refuse(
                value, bits, f"up to {size} digits, capitals, '#', '-', '/'",
                repr(character), place - 6,
            )  # fmt: skip
        text += character
    if not text:
        raise _refuse(value, bits, f"1 to {size} characters", "none", start)
    return text, place


def encode_bits(name: str, filter_value: int | None, parts: Parts) -> bytes:
    """Write an identity in a binary scheme, padded with zeros to whole 16-bit words.

    Args:
        name: Binary scheme such as ``SGTIN-96``, in any case.
        filter_value: 0 to 7 (USDOD 15, ADI 63; None for GID).
        parts: Company prefix, reference and further fields as the EPC URI has them, unescaped.

    Raises:
        InvalidIdentifier: If the scheme cannot carry exactly this identity, such as a serial
            with a leading zero in SGTIN-96; the sentence says what can.

    Source: EPC Tag Data Standard 2.3, sections 14.2 to 14.6.
    """
    scheme = BY_NAME.get(name.lower())
    if scheme is None:
        raise InvalidIdentifier(f"Cannot write {name!r}: expected a binary EPC scheme.")
    if not scheme.is_partitioned:
        uri = format_parts(scheme.uri, parts)
        if parse_epc_uri(uri).parts != parts:
            raise InvalidIdentifier(f"Cannot write {uri}: expected the parts of such a name.")
        return _pad(*encode_other(scheme, filter_value, parts))
    shown = f"{scheme.name} {'.'.join(parts)}"
    check_parts(scheme.uri, parts, shown)
    if filter_value is None or not 0 <= filter_value <= 7:
        raise InvalidIdentifier(f"Cannot write {shown}: expected a filter 0 to 7, "
                                f"got {filter_value}.")  # fmt: skip
    partition = 12 - len(parts[0])
    value = (scheme.header << 3 | filter_value) << 3 | partition
    used = 14
    fields = [_number(parts[0], COMPANY[partition][1], shown)]
    size, width = scheme.reference[partition]
    fields.append(_write_reference(scheme, size, width, parts[1], shown))
    rest = iter(parts[2:])
    for form, width in scheme.tail:
        fields.append(
            (0, width) if form == "zero" else _write_field(form, width, next(rest), shown)
        )
    for field, width in fields:
        value = value << width | field
        used += width
    return _pad(value, used)


def _pad(value: int, used: int) -> bytes:
    words = -(-used // 16)
    return (value << (16 * words - used)).to_bytes(2 * words, "big")


def _number(text: str, width: int, shown: str) -> tuple[int, int]:
    if not text:
        return 0, width
    number = int(text) if text.isascii() and text.isdigit() else 1 << width
    if number >> width:
        raise InvalidIdentifier(f"Cannot write {shown}: expected a number below {1 << width}, "
                                f"got {text!r}; a longer scheme can carry it.")  # fmt: skip
    return number, width


def _write_reference(
    scheme: Scheme, size: int, width: int, text: str, shown: str
) -> tuple[int, int]:
    if scheme.reference_form == "text6":
        value = 0
        for character in text:
            value = value << 6 | ord(character) & 63
        return value << 6, 6 * len(text) + 6
    if scheme.reference_form == "text7":
        return _text7(text, width, size, shown)
    if scheme.reference_form == "number":
        _refuse_leading_zero(text, shown)
        if len(text) > size:
            raise InvalidIdentifier(f"Cannot write {shown}: expected at most {size} digits, "
                                    f"got {text!r}; a longer scheme can carry it.")  # fmt: skip
    return _number(text, width, shown)


def _write_field(form: str, width: int, text: str, shown: str) -> tuple[int, int]:
    if form == "text7":
        return _text7(text, width, width // 7, shown)
    if form == "marked":
        return _number("1" + text, width, shown)
    if form == "number":
        _refuse_leading_zero(text, shown)
    return _number(text, width, shown)


def _refuse_leading_zero(text: str, shown: str) -> None:
    if len(text) > 1 and text[0] == "0":
        raise InvalidIdentifier(
            f"Cannot write {shown}: expected no leading zero, got {text!r}; a scheme for text "
            "can carry it."
        )


def _text7(text: str, width: int, size: int, shown: str) -> tuple[int, int]:
    if len(text) > size:
        raise InvalidIdentifier(
            f"Cannot write {shown}: expected at most {size} characters, got {len(text)}."
        )
    value = 0
    for character in text:
        value = value << 7 | ord(character)
    return value << (width - 7 * len(text)), width


def elements_of(tag: EpcTag) -> Elements:
    """Return the AIs that a tag stands for, those behind the EPC last; none for GID, USDOD, ADI."""
    return tag.elements + tag.extra


def encode_tag(
    name: str,
    filter_value: int | None,
    elements: Elements,
    *,
    company_digits: int | None = None,
    host: str | None = None,
    extra: Elements = (),
) -> bytes:
    """Write GS1 keys as a tag of any scheme, padded with zeros to whole 16-bit words.

    Args:
        name: Scheme such as ``SGTIN-96`` or ``SGTIN+``, in any case.
        filter_value: 0 to 7.
        elements: The AIs of the key and its serial; exactly those that the scheme carries.
        company_digits: Length of the owner's GS1 company prefix, 6 to 12; only the classic
            schemes need it.
        host: The owner's host name, for ``++`` schemes.
        extra: AIs to stand behind the EPC of a ``+`` or ``++`` scheme, such as a lot.

    Raises:
        InvalidIdentifier: If the scheme cannot carry exactly this; the sentence says why.

    Source: EPC Tag Data Standard 2.3, sections 14.2 to 14.6 and 15.3.

    >>> encode_tag("SGTIN+", 3, (("01", "79521141123453"), ("21", "32a/b"))).hex()
    'f73795211411234538566cb0afc4'
    """
    scheme = PLUS_BY_NAME.get(name.lower())
    if scheme is not None:
        return _pad(*encode_plus(scheme, filter_value, elements, host, extra))
    scheme = BY_NAME.get(name.lower())
    if scheme is None or scheme.uri not in URI_SCHEMES:
        raise InvalidIdentifier(f"Cannot write {name!r}: expected an EPC scheme for GS1 keys.")
    if host is not None or extra:
        raise InvalidIdentifier(
            f"Cannot write {scheme.name} with a host name or data behind it: expected a '+' scheme."
        )
    if company_digits is None:
        raise InvalidIdentifier(
            f"Cannot write {scheme.name}: expected the length of the company prefix, got none; "
            "a '+' scheme needs none."
        )
    for ai, text in elements:
        if ai not in AIS:
            raise InvalidIdentifier(f"Cannot write ({ai}): it is no GS1 Application Identifier.")
        AIS[ai].check(text, but=_LENIENT)
    key, parts = split_elements(elements, company_digits)
    carried = URI_SCHEMES[key].assemble(parts)
    if key != scheme.uri or {*carried} - {("254", "0")} != {*elements} - {("254", "0")}:
        got = "".join(f"({ai})" for ai, _ in elements)
        raise InvalidIdentifier(
            f"Cannot write {scheme.name}: expected the AIs of a serialised "
            f"{scheme.uri.upper()} alone, got {got or 'nothing'}."
        )
    return encode_bits(name, filter_value, parts)
