"""Three tag schemes that carry no GS1 key: a general identifier, and two of suppliers to forces.

>>> from traceability.gs1.epc_schemes import BY_NAME
>>> decode_other(BY_NAME["gid-96"], 0x3500E86F8000A9E000000586, 96)
(None, ('952056', '2718', '1414'), 96)
"""

from traceability.errors import InvalidIdentifier
from traceability.gs1.epc_cursor import BitFault
from traceability.gs1.epc_schemes import Scheme

Parts = tuple[str, ...]

_CAGE = frozenset("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ")
_ADI = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-/")


def _fault(scheme: Scheme, expected: str, got: object, bit: int = 0) -> BitFault:
    return BitFault(f"Cannot decode EPC as {scheme.name}: expected {expected}, got {got!r}.", bit)


def decode_other(scheme: Scheme, value: int, bits: int) -> tuple[int | None, Parts, int]:
    """Decode GID-96, USDOD-96 or ADI-var.

    Args:
        scheme: One of the three.
        value: The EPC bank as one number.
        bits: Its length; at least the scheme's where that is fixed.

    Returns:
        Filter value (None for GID), parts of the URI, and the number of bits read.

    Raises:
        InvalidIdentifier: If a character or an end mark is not allowed.

    Source: EPC Tag Data Standard 2.3, sections 14.6.6, 14.6.8 and 14.6.9.
    """
    if scheme.uri == "gid":
        return None, _decode_gid(value >> (bits - 96)), 96
    if scheme.uri == "usdod":
        word = value >> (bits - 96)
        return word >> 84 & 15, _decode_usdod(scheme, word), 96
    return _decode_adi(scheme, value, bits)


def _decode_gid(word: int) -> Parts:
    return str(word >> 60 & 0xFFFFFFF), str(word >> 36 & 0xFFFFFF), str(word & 0xFFFFFFFFF)


def _decode_usdod(scheme: Scheme, word: int) -> Parts:
    code = (word >> 36 & 0xFFFFFFFFFFFF).to_bytes(6, "big").decode("latin-1")
    cage = code.removeprefix(" ")
    if not set(cage) <= _CAGE or len(cage) < 5:
        raise _fault(scheme, "a CAGE code or DoDAAC of 5 or 6 characters", code, 12)
    return cage, str(word & 0xFFFFFFFFF)


def _character(code: int) -> str:
    return chr(code | 64 if code < 32 else code)


def _decode_adi(scheme: Scheme, value: int, bits: int) -> tuple[int, Parts, int]:
    if bits < 50 + 12:
        raise _fault(scheme, "at least 62 bits", bits, bits)
    code = "".join(_character(value >> (bits - 20 - 6 * i) & 63) for i in range(6))
    cage = code.removeprefix(" ")
    if not set(cage) <= _CAGE or len(cage) < 5:
        raise _fault(scheme, "a CAGE code or DoDAAC of 5 or 6 characters", code, 14)
    number, place = _text(scheme, value, bits, 50, 32)
    serial, place = _text(scheme, value, bits, place, 30)
    body = serial.removeprefix("#")
    if not body or not set(number + body) <= _ADI:
        raise _fault(scheme, "digits, capitals, '-' and '/'", f"{number}.{serial}", 50)
    return value >> (bits - 14) & 63, (cage, number, serial), place


def _text(scheme: Scheme, value: int, bits: int, place: int, size: int) -> tuple[str, int]:
    text = ""
    while True:
        if place + 6 > bits:
            raise _fault(scheme, "six zero bits at the end of the text", "none", bits)
        code = value >> (bits - place - 6) & 63
        place += 6
        if code == 0:
            return text, place
        if len(text) == size:
            raise _fault(scheme, f"at most {size} characters", text, place)
        text += _character(code)


def encode_other(scheme: Scheme, filter_value: int | None, parts: Parts) -> tuple[int, int]:
    """Write GID-96, USDOD-96 or ADI-var; the parts are those of a legal EPC URI.

    Returns:
        The bits as one number, and how many they are.

    Raises:
        InvalidIdentifier: If the filter is out of its range.

    Source: EPC Tag Data Standard 2.3, sections 14.6.6, 14.6.8 and 14.6.9.
    """
    limit = {"gid": 0, "usdod": 15, "adi": 63}[scheme.uri]
    if scheme.uri != "gid" and (filter_value is None or not 0 <= filter_value <= limit):
        raise InvalidIdentifier(
            f"Cannot write {scheme.name} {'.'.join(parts)}: expected a filter 0 to {limit}, "
            f"got {filter_value}."
        )
    if scheme.uri == "gid":
        manager, item, serial = (int(part) for part in parts)
        return ((scheme.header << 28 | manager) << 24 | item) << 36 | serial, 96
    cage = parts[0].rjust(6)
    if scheme.uri == "usdod":
        head = (scheme.header << 4 | (filter_value or 0)) << 48
        return (head | int.from_bytes(cage.encode("ascii"), "big")) << 36 | int(parts[1]), 96
    value, used = scheme.header << 6 | (filter_value or 0), 14
    for text in (cage, parts[1] + "\0", parts[2] + "\0"):
        for character in text:
            value, used = value << 6 | ord(character) & 63, used + 6
    return value, used
