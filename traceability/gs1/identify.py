"""Any code in, one identity out: what a tag, barcode, QR code or partner's name stands for.

>>> identify("]C1010950600013435221A1").key
'/01/09506000134352/21/A1'
>>> identify("3034257BF7194E4000001A85").epc_uri
'urn:epc:id:sgtin:0614141.812345.6789'
>>> identify("Bundle 17", namespace="knit.example").key
'//knit.example/obj/Bundle 17'
"""

import re
from collections.abc import Callable

from traceability.errors import InvalidIdentifier
from traceability.gs1.digital_link import looks_like_link, parse_binary_link, parse_link
from traceability.gs1.element_string import GS, parse_brackets, parse_message
from traceability.gs1.epc_bits import EpcTag, decode_bits, elements_of
from traceability.gs1.epc_schemes import BY_HEADER
from traceability.gs1.epc_uri import format_parts, parse_epc_uri
from traceability.gs1.identity import (
    CANONICAL_HOST,
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

FORMS = ("auto", "epc", "scan", "message", "element", "link", "uri")
"""What `identify` can be told to expect."""

_HEX = re.compile(r"(?:[0-9A-Fa-f]{4}){6,}\Z")
_BRACKETED = re.compile(r"\([0-9]")
_KEY_PATH = re.compile(r"/[0-9]{2,4}/")
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


def identify(
    text: str, *, form: str = "auto", fnc1: str | None = None, namespace: str | None = None
) -> Identity:
    """Return the identity that a text stands for.

    Plain text is never taken for a GS1 key: it becomes a local name. Without any prefix these
    count as GS1: 12, 13 or 14 digits (the check digit must be right), text that begins with
    AI 00, 01 or 02 and a number whose check digit is right, an AI in brackets, a web address,
    ``urn:epc:``, and 24 or more hex digits in whole words under a header of the EPC standard.

    Args:
        text: What was scanned, typed or sent; line ends around it are ignored.
        form: ``auto``; ``epc`` bank in hex; ``scan`` with AIM prefix; ``message`` without
            brackets; ``element`` string in brackets; ``link``; ``uri``.
        fnc1: The one character that stands for FNC1. In a ``message`` it then also comes first;
            without it FNC1 is GS, and GS in front may be absent.
        namespace: Host name for local names; default `localhost.workshop.invalid`.

    Raises:
        InvalidIdentifier: If the text is not of that form. A tag that does not decode is no
            error: it comes back raw, with its reason.
        ValueError: If there is no such form, or FNC1 is not one character.
    """
    reader = _READERS.get(form)
    if reader is None:
        raise ValueError(f"Cannot identify as {form!r}: expected one of {', '.join(FORMS)}.")
    if fnc1 is not None and len(fnc1) != 1:
        raise ValueError(f"Cannot use {fnc1!r} as FNC1: expected one character.")
    text = text.strip(_LINE_ENDS)
    if not text.strip(_BLANKS):
        raise InvalidIdentifier("Cannot identify an empty text: expected a code, got nothing.")
    return reader(text, fnc1, namespace or DEFAULT_NAMESPACE)


def _read_epc(text: str, fnc1: str | None, namespace: str) -> Identity:
    digits = re.sub(r"[ \t]", "", text)
    try:
        value = parse_hex(digits)
    except InvalidIdentifier as error:
        # The position counts in what was given, blanks included.
        place = next((i for i, c in enumerate(text) if c not in " \t0123456789abcdefABCDEF"), 0)
        raise InvalidIdentifier(str(error), place) from None
    return _identify_bits(value, 4 * len(digits))


def _read_scan(text: str, fnc1: str | None, namespace: str) -> Identity:
    found = read_scan(text, separator=fnc1 or GS)
    if not isinstance(found, str):
        return identity_of(found)
    if looks_like_link(found) or found.startswith("urn:epc:"):
        try:
            return _read_uri(found, fnc1, namespace)
        except InvalidIdentifier as error:
            raise InvalidIdentifier(str(error), 3 + error.position) from None
    return _local(found, namespace, 3)


def _read_message(text: str, fnc1: str | None, namespace: str) -> Identity:
    separator = fnc1 or GS
    is_led = text.startswith(separator)
    if fnc1 is not None and not is_led:
        raise InvalidIdentifier(
            f"Cannot read {text[:40]!r} as a GS1 message: expected FNC1 ({fnc1!r}) first, "
            f"got {text[0]!r}."
        )
    start = 1 if is_led else 0
    return identity_of(parse_message(text[start:], separator=separator, start=start))


def _read_element(text: str, fnc1: str | None, namespace: str) -> Identity:
    return identity_of(parse_brackets(text))


def _read_link(text: str, fnc1: str | None, namespace: str) -> Identity:
    tag = parse_binary_link(text)
    return identity_of(parse_link(text)) if tag is None else identity_of_tag(tag)


def _read_uri(text: str, fnc1: str | None, namespace: str) -> Identity:
    if looks_like_link(text):
        name = parse_local_uri(text)
        return _read_link(text, fnc1, namespace) if name is None else local_identity(name)
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
    parsed = parse_epc_uri(text)
    if parsed.form == "raw":
        return raw_identity(text)
    form = "id" if parsed.form == "tag" else parsed.form
    pure = (
        text
        if parsed.form != "tag" or not parsed.elements
        else format_parts(parsed.scheme, parsed.parts, form=form)
    )
    tag_uri = text if parsed.form == "tag" else None
    if not parsed.elements:
        pure = format_parts(parsed.scheme, parsed.parts, form=form)
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


def _local(text: str, namespace: str, start: int = 0) -> Identity:
    try:
        return local_identity(LocalName(namespace, "obj", normalise_name(text)))
    except InvalidIdentifier as error:
        raise InvalidIdentifier(str(error), start + error.position) from None


def _read_any(text: str, fnc1: str | None, namespace: str) -> Identity:
    reader = _choose(text, fnc1)
    if reader is not None:
        return reader(text, fnc1, namespace)
    if looks_like_gtin(text):
        return identity_of((("01", read_gtin(text, len(text))),))
    if looks_like_message(text):
        return identity_of(parse_message(text, requisites=False))
    if looks_like_lost_separator(text):
        raise InvalidIdentifier(
            f"Cannot read {text!r}: it is ambiguous, a separator (FNC1) seems to be lost in it; "
            "let the scanner send GS for FNC1."
        )
    return _local(text, namespace)


def _choose(text: str, fnc1: str | None) -> "Reader | None":
    if has_aim_prefix(text):
        return _read_scan
    if text.startswith("urn:epc:") or looks_like_link(text) or _KEY_PATH.match(text):
        return _read_uri
    if text.startswith("//") and parse_local_key(text) is not None:
        return _read_uri
    if _BRACKETED.match(text):
        return _read_element
    if (fnc1 or GS) in text:
        return _read_message
    if _HEX.match(text):
        header = int(text[:2], 16)
        if header in BY_HEADER or header in (0x00, 0xE2):
            return _read_epc
    return None


Reader = Callable[[str, str | None, str], Identity]
_READERS: dict[str, Reader] = {
    "auto": _read_any,
    "epc": _read_epc,
    "scan": _read_scan,
    "message": _read_message,
    "element": _read_element,
    "link": _read_link,
    "uri": _read_uri,
}
