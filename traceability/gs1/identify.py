"""Any code in, one identity out: what a tag, barcode, QR code or partner's name stands for.

>>> identify("]C1010950600013435221A1").key
'/01/09506000134352/21/A1'
>>> identify("3034257BF7194E4000001A85").epc_uri
'urn:epc:id:sgtin:0614141.812345.6789'
>>> identify("Bundle 17", namespace="knit.example").key
'//knit.example/obj/Bundle 17'
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from traceability.errors import InvalidIdentifier
from traceability.gs1.bank import read_bank
from traceability.gs1.digital_link import looks_like_link, parse_link, read_link
from traceability.gs1.element_string import GS, lost_separator, parse_brackets, parse_message
from traceability.gs1.epc_bits import EpcTag, decode_bits, elements_of
from traceability.gs1.epc_schemes import BY_HEADER
from traceability.gs1.epc_uri import format_parts, parse_epc_uri
from traceability.gs1.identity import (
    CANONICAL_HOST,
    Elements,
    Identity,
    identity_of,
    local_identity,
    raw_identity,
)
from traceability.gs1.local import (
    DEFAULT_NAMESPACE,
    LocalName,
    normalise_name,
    parse_local_key,
    parse_local_uri,
)
from traceability.gs1.scan import (
    has_aim_prefix,
    looks_like_gtin,
    looks_like_lost_separator,
    looks_like_message,
    read_gtin,
    read_scan,
)
from traceability.gs1.tag_key import SERIAL_MASK, parse_hex, raw_uri, split_head

FORMS = ("auto", "epc", "bank", "scan", "message", "element", "link", "uri")
"""What `identify` can be told to expect."""

PERMITS = ("missing-companions", "short-gtin", "unknown-ais")
"""What `identify` can be told to let pass; each is refused otherwise."""

_HEX = re.compile(r"(?:[0-9A-Fa-f]{4}){6,}\Z")
# A raw URI, under which a tag is kept that cannot be read, tells up to 99,999 bits.
_HEX_MAX = 24_999
_BRACKETED = re.compile(r"\([0-9]")
_KEY_PATH = re.compile(r"/[0-9]{2,4}/")
# A URN that a QR code wrote in its upper-case mode, up to where case begins to matter.
_CAPITAL_URN = re.compile(r"URN:EPC:(?:(?:ID|TAG|CLASS|IDPAT):[A-Z0-9-]+:|RAW:[0-9]+\.X)")
_URNS = ("urn:epc:", "URN:EPC:")
_LINE_ENDS = "\r\n"
_BLANKS = " \t\r\n"


def identify_epc(epc: bytes) -> Identity:
    """Return the identity of a tag; raw with its reason if the bits are no legal EPC.

    Args:
        epc: The EPC bank from bit 20h on, as it left the reader, without PC word and CRC.
    """
    return _identify_bits(int.from_bytes(epc, "big"), 8 * len(epc))


def _identify_garment(value: int) -> Identity | None:
    """Build the identity of an SGTIN-96 directly: ten times as fast as by its parts."""
    head = split_head(value >> 38)
    if head is None:
        return None
    gtin, serial = head.gtin, str(value & SERIAL_MASK)
    key = f"/01/{gtin}/21/{serial}"
    urn = f"{head.company}.{head.item}.{serial}"
    return Identity(
        key=key,
        id=CANONICAL_HOST + key,
        kind="instance",
        scheme="SGTIN-96",
        filter=head.filter,
        ais=(("01", gtin), ("21", serial)),
        element_string=f"(01){gtin}(21){serial}",
        digital_link=CANONICAL_HOST + key,
        epc_uri=f"urn:epc:id:sgtin:{urn}",
        tag_uri=f"urn:epc:tag:sgtin-96:{head.filter}.{urn}",
    )


def _identify_bits(value: int, bits: int) -> Identity:
    if bits == 96:
        garment = _identify_garment(value)
        if garment is not None:
            return garment
    try:
        tag = decode_bits(value, bits)
    except InvalidIdentifier as error:
        return raw_identity(raw_uri(value, bits), str(error), error.position)
    return identity_of_tag(tag)


def identity_of_tag(tag: EpcTag) -> Identity:
    """Return the identity that a decoded tag stands for."""
    elements = elements_of(tag)
    if not elements:
        return Identity(
            key=tag.epc_uri,
            id=tag.epc_uri,
            kind="other",
            scheme=tag.scheme.name,
            filter=tag.filter,
            epc_uri=tag.epc_uri,
            tag_uri=tag.tag_uri,
        )
    return identity_of(
        elements,
        scheme=tag.scheme.name,
        filter_value=tag.filter,
        epc_uri=tag.epc_uri,
        tag_uri=tag.tag_uri,
        stem=CANONICAL_HOST if tag.host is None else f"https://{tag.host}",
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """How a text is to be read."""

    fnc1: str | None = None
    namespace: str = DEFAULT_NAMESPACE
    permit: frozenset[str] = frozenset()


_PLAINLY = _Asked()


def identify(
    text: str,
    *,
    form: str = "auto",
    fnc1: str | None = None,
    namespace: str | None = None,
    permit: Collection[str] = (),
) -> Identity:
    """Return the identity that a text stands for.

    Plain text is never taken for a GS1 key: it becomes a local name. Without any prefix these
    count as GS1: 12, 13 or 14 digits (the check digit must be right), text that begins with
    AI 00, 01 or 02 and a number whose check digit is right, an AI in brackets, a web address,
    ``urn:epc:``, and 24 or more hex digits in whole words under a header of the EPC standard.

    Args:
        text: What was scanned, typed or sent; blanks and line ends around it are ignored.
        form: ``auto``; ``epc`` in hex; ``bank`` in hex, from the PC word or the check sum on;
            ``scan`` with AIM prefix; ``message`` without brackets; ``element`` string in
            brackets; ``link`` as the standard has it today; ``uri``. Names in place of numbers
            (``/gtin/``) and short GTINs in a link, deprecated since 2022, are read except as a
            ``link``.
        fnc1: The one character that stands for FNC1. In a ``message`` it then also comes first;
            without it FNC1 is GS, and GS in front may be absent.
        namespace: Host name for local names; default `localhost.workshop.invalid`.
        permit: Words of `PERMITS`: let an AI stand without the companions it needs, a link have
            a GTIN of 8, 12 or 13 digits, an AI be one that GS1 has not assigned.

    Raises:
        InvalidIdentifier: If the text is not of that form. A tag that does not decode is no
            error: it comes back raw, with its reason.
        ValueError: If there is no such form or permit, or FNC1 is not one character.
    """
    reader = _READERS.get(form)
    if reader is None:
        raise ValueError(f"Cannot identify as {form!r}: expected one of {', '.join(FORMS)}.")
    if fnc1 is not None and len(fnc1) != 1:
        raise ValueError(f"Cannot use {fnc1!r} as FNC1: expected one character.")
    given = text.strip(_LINE_ENDS)
    # Blanks around a code are the copying hand's, unless one of them stands for FNC1.
    text = given.strip(_BLANKS.replace(fnc1 or GS, ""))
    if not text:
        raise InvalidIdentifier("Cannot identify an empty text: expected a code, got nothing.")
    unknown = set(permit).difference(PERMITS)
    if unknown:
        raise ValueError(
            f"Cannot permit {', '.join(sorted(unknown))}: expected words of {', '.join(PERMITS)}."
        )
    asked = _PLAINLY
    if fnc1 is not None or namespace is not None or permit:
        asked = _Asked(fnc1, namespace or DEFAULT_NAMESPACE, frozenset(permit))
    try:
        return reader(text, asked)
    except InvalidIdentifier as error:
        # What is missing is missing at the end of what was given.
        place = min(error.position, len(text)) + given.index(text)
        raise InvalidIdentifier(str(error), place) from None


def _parse_digits(text: str) -> tuple[int, int]:
    """Return the number that hexadecimal digits say, blanks left out, and how many they are."""
    digits = re.sub(r"[ \t]", "", text)
    try:
        return parse_hex(digits), len(digits)
    except InvalidIdentifier as error:
        # The position counts in what was given, blanks included.
        place = next((i for i, c in enumerate(text) if c not in " \t0123456789abcdefABCDEF"), 0)
        raise InvalidIdentifier(str(error), place) from None


def _read_epc(text: str, asked: _Asked) -> Identity:
    value, count = _parse_digits(text)
    if count > _HEX_MAX:
        raise InvalidIdentifier(
            f"Cannot read {text[:40]}… as EPC: expected at most {_HEX_MAX} hex digits, "
            f"got {count}.",
            _HEX_MAX,
        )
    return _identify_bits(value, 4 * count)


def _read_bank(text: str, asked: _Asked) -> Identity:
    value, count = _parse_digits(text)
    if count % 4:
        raise InvalidIdentifier(
            f"Cannot read the memory bank {text[:64]}: expected whole words of 4 hex digits, "
            f"got {count} digits.",
            len(text),
        )
    return identify_bank(value.to_bytes(count // 2), has_crc=None)


def identify_bank(data: bytes, *, has_crc: bool | None = False) -> Identity:
    """Return the identity of a tag whose reader sends the PC word too.

    Args:
        data: From the PC word on, or from the check sum on; whole words.
        has_crc: As `traceability.gs1.bank.read_bank` takes it.

    Returns:
        The identity of its EPC; raw with its AFI if the tag says that it carries no EPC.

    Raises:
        InvalidIdentifier: If length, check sum and data contradict each other.

    >>> identify_bank(bytes.fromhex("3000 3034257BF7194E4000001A85")).key
    '/01/80614141123458/21/6789'
    >>> identify_bank(bytes.fromhex("11A2 0123 4567")).key
    'urn:epc:raw:32.xA2.x01234567'
    """
    bank = read_bank(data, has_crc=has_crc)
    if bank.pc.is_iso:
        return raw_identity(bank.raw_uri)
    return identify_epc(bank.epc)


def _identity_of_message(text: str, elements: Elements, separator: str) -> Identity:
    found = identity_of(elements)
    remark = lost_separator(text, elements, separator)
    return found if remark is None else replace(found, remark=remark)


def _read_scan(text: str, asked: _Asked) -> Identity:
    separator = asked.fnc1 or GS
    found = read_scan(text, separator=separator, permit_unknown="unknown-ais" in asked.permit)
    if not isinstance(found, str):
        return _identity_of_message(text, found, separator)
    if not found:
        return Identity(key=None, id=None, kind="data")
    if looks_like_link(found) or found.startswith(_URNS):
        try:
            return _read_uri(found, asked)
        except InvalidIdentifier as error:
            raise InvalidIdentifier(str(error), 3 + error.position) from None
    return _local(found, asked.namespace, 3)


def _read_message(text: str, asked: _Asked) -> Identity:
    separator = asked.fnc1 or GS
    is_led = text.startswith(separator)
    if asked.fnc1 is not None and not is_led:
        raise InvalidIdentifier(
            f"Cannot read {text[:40]!r} as a GS1 message: expected FNC1 ({asked.fnc1!r}) first, "
            f"got {text[0]!r}."
        )
    start = 1 if is_led else 0
    elements = parse_message(
        text[start:],
        separator=separator,
        start=start,
        requisites="missing-companions" not in asked.permit,
        permit_unknown="unknown-ais" in asked.permit,
    )
    return _identity_of_message(text[start:], elements, separator)


def _read_element(text: str, asked: _Asked) -> Identity:
    return identity_of(
        parse_brackets(
            text,
            requisites="missing-companions" not in asked.permit,
            permit_unknown="unknown-ais" in asked.permit,
        )
    )


def _read_link(text: str, asked: _Asked) -> Identity:
    return _identify_link(text, asked, is_strict="short-gtin" not in asked.permit)


def _identify_link(text: str, asked: _Asked, *, is_strict: bool) -> Identity:
    if "unknown-ais" in asked.permit:
        return identity_of(parse_link(text, permit_short_gtin=not is_strict, permit_unknown=True))
    content = read_link(text, is_strict=is_strict)
    if content.tag is None:
        return identity_of(content.elements)
    found = identity_of_tag(content.tag)
    if content.elements == found.ais:
        return found
    beside = identity_of(content.elements)
    return replace(
        found,
        ais=beside.ais,
        element_string=beside.element_string,
        digital_link=beside.digital_link,
    )


def _read_uri(text: str, asked: _Asked) -> Identity:
    if looks_like_link(text):
        name = parse_local_uri(text)
        if name is not None:
            return local_identity(name)
        return _identify_link(text, asked, is_strict=False)
    if text.startswith("//"):
        name = parse_local_key(text)
        if name is not None:
            return local_identity(name)
    if _KEY_PATH.match(text):
        try:
            return identity_of(parse_link(CANONICAL_HOST + text))
        except InvalidIdentifier as error:
            raise InvalidIdentifier(
                str(error), max(0, error.position - len(CANONICAL_HOST))
            ) from None
    capitals = _CAPITAL_URN.match(text)
    if capitals is not None:
        text = capitals[0].lower() + text[capitals.end() :]
    parsed = parse_epc_uri(text)
    if parsed.form == "raw":
        return _identify_raw(parsed.parts)
    form = "id" if parsed.form == "tag" else parsed.form
    # Written anew: partners escape more characters than they must.
    pure = format_parts(parsed.scheme, parsed.parts, form=form)
    tag_uri = None
    if parsed.binary is not None:
        lead = "" if parsed.filter is None else f"{parsed.filter}."
        tag_uri = format_parts(parsed.binary.lower(), parsed.parts, form="tag", lead=lead)
    if not parsed.elements:
        return Identity(
            key=pure, id=pure, kind="other", scheme=parsed.binary, filter=parsed.filter,
            epc_uri=pure, tag_uri=tag_uri,
        )  # fmt: skip
    return identity_of(
        parsed.elements,
        scheme=parsed.binary,
        filter_value=parsed.filter,
        epc_uri=pure,
        tag_uri=tag_uri,
    )


def _identify_raw(parts: tuple[str, ...]) -> Identity:
    """Return the thing whose tag's bits a raw URI names; the URI itself if they are no EPC."""
    bits, digits = int(parts[0]), int(parts[-1], 16)
    if len(parts) == 3:
        return raw_identity(raw_uri(digits, bits, int(parts[1], 16)))
    # A raw URI is good as it is: why its bits are no EPC is no fault of it.
    return replace(_identify_bits(digits, bits), reason=None, position=None)


def _local(text: str, namespace: str, start: int = 0) -> Identity:
    try:
        return local_identity(LocalName(namespace, "obj", normalise_name(text)))
    except InvalidIdentifier as error:
        raise InvalidIdentifier(str(error), start + error.position) from None


def _read_any(text: str, asked: _Asked) -> Identity:
    reader = _choose(text, asked.fnc1)
    if reader is not None:
        return reader(text, asked)
    if looks_like_gtin(text):
        return identity_of((("01", read_gtin(text, len(text))),))
    separator = asked.fnc1 or GS
    if looks_like_message(text):
        elements = parse_message(text, separator=separator, requisites=False)
        return _identity_of_message(text, elements, separator)
    if looks_like_lost_separator(text):
        raise InvalidIdentifier(
            f"Cannot read {text!r}: it is ambiguous, a separator (FNC1) seems to be lost in it; "
            "let the scanner send GS for FNC1."
        )
    return _local(text, asked.namespace)


def _choose(text: str, fnc1: str | None) -> "Reader | None":
    if has_aim_prefix(text):
        return _read_scan
    if text.startswith(_URNS) or looks_like_link(text) or _KEY_PATH.match(text):
        return _read_uri
    if text.startswith("//") and parse_local_key(text) is not None:
        return _read_uri
    if _BRACKETED.match(text):
        return _read_element
    if text.startswith(fnc1 or GS) or (fnc1 is None and GS in text):
        return _read_message
    if _HEX.match(text):
        header = int(text[:2], 16)
        if header == 0x00 and _is_carton(text):
            return None
        if header in BY_HEADER or header in (0x00, 0xE2):
            return _read_epc
    return None


def _is_carton(text: str) -> bool:
    """Tell a carton's number and what follows it (AI 00 …) from a tag that nobody wrote."""
    if not text.strip("0") or not looks_like_message(text):
        return False
    try:
        parse_message(text, requisites=False)
    except InvalidIdentifier:
        return False
    return True


Reader = Callable[[str, _Asked], Identity]
_READERS: dict[str, Reader] = {
    "auto": _read_any,
    "epc": _read_epc,
    "bank": _read_bank,
    "scan": _read_scan,
    "message": _read_message,
    "element": _read_element,
    "link": _read_link,
    "uri": _read_uri,
}
