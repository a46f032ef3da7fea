"""The web address in a hang tag's QR code, which is the garment's identity at the same time.

>>> parse_link("https://brand.example/01/09506000134352/10/L7/21/123?17=271231")
(('01', '09506000134352'), ('10', 'L7'), ('21', '123'), ('17', '271231'))
>>> canonical_link("HTTPS://BRAND.EXAMPLE/01/09506000134352?99=b&17=271231&linkType=all")
'https://id.gs1.org/01/09506000134352?17=271231&99=b'
>>> canonical_link("https://brand.example/gtin/9506000134352/ser/123")
'https://id.gs1.org/01/09506000134352/21/123'
"""

import base64
import re
from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS, check_together, rule_of
from traceability.gs1.epc_bits import EpcTag, decode_bits, elements_of
from traceability.gs1.escapes import unescape
from traceability.gs1.identity import CANONICAL_HOST, Elements, format_link
from traceability.gs1.link_compression import decompress

LENGTH_MAX = 8_000
"""Longest link that is looked at, in characters."""

_FOREIGN = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")
# The scheme is written in small letters, or all in capitals by a QR code in its upper-case mode.
_SCHEME = re.compile(r"(?:https?|HTTPS?)://")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.\-_]*)|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?\Z"
)
# The words that stood for numbers until 2022 (Digital Link 1.1, table of short names).
_NAMES = {
    "sscc": "00", "gtin": "01", "gdti": "253", "gcn": "255", "ginc": "401", "gsin": "402",
    "gln": "414", "payTo": "415", "party": "417", "grai": "8003", "giai": "8004",
    "itip": "8006", "cpid": "8010", "gmn": "8013", "gsrnp": "8017", "gsrn": "8018",
    "lot": "10", "ser": "21", "cpv": "22", "glnx": "254", "cpsn": "8011", "srin": "8019",
    "refno": "8020",
}  # fmt: skip
_HEX_EPC = re.compile(r"eh([0-9a-f]+)\Z")
_BASE64_EPC = re.compile(r"ex([A-Za-z0-9_-]+)\Z")


def _fault(text: str, expected: str, got: str, position: int) -> InvalidIdentifier:
    shown = text if len(text) <= 80 else text[:80] + "…"
    return InvalidIdentifier(
        f"Cannot read {shown!r} as a Digital Link: expected {expected}, got {got!r}.", position
    )


def looks_like_link(text: str) -> bool:
    """Tell whether a text claims to be a web address; it need not be a good one.

    >>> looks_like_link("https://a/b"), looks_like_link("HtTp://a/b")
    (True, False)
    """
    return _SCHEME.match(text) is not None


def _open(text: str) -> tuple[int, int, int]:
    """Check the parts around the path; return where path, query and fragment begin."""
    if len(text) > LENGTH_MAX:
        raise _fault(text, f"at most {LENGTH_MAX} characters", str(len(text)), LENGTH_MAX)
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise _fault(text, "'https://' or 'http://' in one case", text[:8], 0)
    foreign = _FOREIGN.search(text)
    if foreign is not None:
        raise _fault(text, "a character of a URI", foreign[0], foreign.start())
    fragment = text.find("#") if "#" in text else len(text)
    query = text.find("?", 0, fragment)
    query = fragment if query < 0 else query
    path = text.find("/", scheme.end(), query)
    path = query if path < 0 else path
    host = _HOST.match(text[scheme.end() : path])
    if host is None or (host[1] and int(host[1]) > 65_535):
        raise _fault(text, "a host name", text[scheme.end() : path], scheme.end())
    return path, query, fragment


def _pad_gtin(ai: str, value: str, *, permit_short_gtin: bool) -> str:
    if permit_short_gtin and ai in ("01", "02") and len(value) in (8, 12, 13):
        return value.zfill(14)
    return value


def _read_path(
    text: str, start: int, end: int, *, permit_names: bool
) -> list[tuple[str, str, int]]:
    """Return key and qualifiers as AI, escaped value, position of the value."""
    if text[end - 1 : end] == "/" and end > start:
        raise _fault(text, "no slash at the end of the path", "/", end - 1)
    places: list[tuple[str, int]] = []
    at = start + 1
    for segment in text[start + 1 : end].split("/"):
        places.append((segment, at))
        at += len(segment) + 1
    found: list[tuple[str, str, int]] = []
    index = len(places) - 2
    while index >= 0:
        ai, place = places[index]
        ai = _NAMES.get(ai, ai) if permit_names else ai
        rule = AIS.get(ai)
        if rule is None:
            raise _fault(text, "a GS1 key such as 01, 00 or 414", ai, place)
        value, value_at = places[index + 1]
        found.insert(0, (ai, value, value_at))
        if rule.path is not None:
            _check_order([name for name, _, _ in found], text, place)
            return found
        index -= 2
    raise _fault(text, "a GS1 key such as 01, 00 or 414 in the path", text[start:end], start)


def _is_ordered(names: list[str], sequence: tuple[str, ...]) -> bool:
    """Tell whether the names stand in the sequence, in its order; some may be left out."""
    rest = iter(sequence)
    return all(name in rest for name in names)


def _check_order(names: list[str], text: str, place: int) -> None:
    head, *qualifiers = names
    sequences = AIS[head].path or ()
    if not any(_is_ordered(qualifiers, sequence) for sequence in sequences):
        wanted = " or ".join("/".join(sequence) or "none" for sequence in sequences)
        raise _fault(text, f"the qualifiers of {head} in their order ({wanted})",
                     "/".join(qualifiers), place)  # fmt: skip


def _read_query(
    text: str, start: int, end: int, path: list[str], *, permit_unknown: bool = False
) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    seen = set(path)
    at = start + 1
    for pair in text[start + 1 : end].split("&") if start < end else ():
        name, _, value = pair.partition("=")
        if name.isdigit():
            rule = rule_of(name, permit_unknown=permit_unknown)
            if rule is None or not rule.is_attribute:
                raise _fault(text, "an AI that may stand in the query", name, at)
            if name in seen:
                raise _fault(text, f"({name}) once", pair, at)
            if _belongs_in_path(name, path):
                raise _fault(text, f"({name}) in the path", pair, at)
            seen.add(name)
            # A plus sign in a query is a blank, as in web forms; no AI can carry one.
            found.append((name, value.replace("+", " "), at + len(name) + 1))
        at += len(pair) + 1
    return found


def _belongs_in_path(ai: str, path: list[str]) -> bool:
    head, *qualifiers = path
    for sequence in AIS[head].path or ():
        if ai in sequence and set(qualifiers) <= set(sequence):
            return True
    return False


def parse_link(
    text: str,
    *,
    permit_short_gtin: bool = False,
    permit_names: bool = False,
    permit_unknown: bool = False,
    but: frozenset[str] = frozenset(),
) -> Elements:
    """Read the AIs of an uncompressed Digital Link; its host and other parameters are ignored.

    Args:
        text: A whole ``http`` or ``https`` address.
        permit_short_gtin: Accept GTINs of 8, 12 and 13 digits, as links of before 2022 have
            them; they come back with 14.
        permit_names: Accept names in place of numbers in the path, such as ``/gtin/``, as links
            of before 2022 have them.
        permit_unknown: Take AIs in the query that GS1 has not assigned.
        but: Names of component checks to leave out.

    Raises:
        InvalidIdentifier: If it is no Digital Link, or an AI in it does not hold.

    Source: GS1 Digital Link URI Syntax 1.7, section 4.
    """
    path, query, fragment = _open(text)
    found = _read_path(text, path, query, permit_names=permit_names)
    found += _read_query(
        text, query, fragment, [ai for ai, _, _ in found], permit_unknown=permit_unknown
    )
    elements = _check_values(
        found, permit_short_gtin=permit_short_gtin, permit_unknown=permit_unknown, but=but
    )
    check_together(elements, position=path)
    return elements


def _check_values(
    found: list[tuple[str, str, int]],
    *,
    permit_short_gtin: bool = False,
    permit_unknown: bool = False,
    but: frozenset[str] = frozenset(),
) -> Elements:
    elements: list[tuple[str, str]] = []
    for ai, escaped, at in found:
        given = unescape(escaped, at)
        value = _pad_gtin(ai, given, permit_short_gtin=permit_short_gtin)
        rule = rule_of(ai, permit_unknown=permit_unknown)
        if rule is not None:
            rule.check(value, at - (len(value) - len(given)), but=but)
        elements.append((ai, value))
    return tuple(elements)


def parse_binary_link(text: str) -> EpcTag | None:
    """Read a link whose last path segment is the tag itself: ``eh`` and hex, ``ex`` and base64url.

    Returns:
        The tag; None if the link is not of that form, as ``/01/…/21/eh30``: there it is a serial.

    Raises:
        InvalidIdentifier: If it is of that form but its bits are no EPC, or one that has no
            Digital Link.

    Source: GS1 EPC Binary Strings 1.0.0, section 4.

    >>> parse_binary_link("https://id.gs1.org/eh3074257bf7194e4000001a85").parts
    ('0614141', '812345', '6789')
    """
    path, query, _ = _open(text)
    start = text.rfind("/", path, query) + 1
    segment = text[start:query] if path < query else ""
    if segment[:2] not in ("eh", "ex") or _is_plain(text, path, query):
        return None
    match = _HEX_EPC.match(segment)
    if match is not None:
        value, bits = int(match[1], 16), 4 * len(match[1])
    else:
        match = _BASE64_EPC.match(segment)
        if match is None or len(match[1]) % 4 == 1:
            return None
        data = base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4))
        if base64.urlsafe_b64encode(data).decode().rstrip("=") != match[1]:
            raise _fault(text, "zeros behind the last byte of the tag", match[1][-1], query - 1)
        value, bits = int.from_bytes(data), 8 * len(data)
    try:
        tag = decode_bits(value, bits)
    except InvalidIdentifier as error:
        raise InvalidIdentifier(str(error), min(query, start + 2 + error.position)) from None
    if not elements_of(tag):
        raise _fault(text, "a tag with a GS1 key", tag.scheme.name, start)
    if _is_plain(text, path, start - 1):
        raise _fault(text, "no key before the tag in the path", text[path : start - 1], path)
    return tag


def _is_plain(text: str, start: int, end: int) -> bool:
    """Tell whether a path ends in a key and its qualifiers."""
    try:
        _read_path(text, start, end, permit_names=True)
    except InvalidIdentifier:
        return False
    return True


def format_binary_link(epc: bytes, stem: str = CANONICAL_HOST, *, is_short: bool = False) -> str:
    """Write a tag's bits as a link.

    Args:
        epc: The EPC bank from bit 20h on; it must decode and carry a GS1 key.
        stem: Scheme, host and leading path; a slash at its end is ignored.
        is_short: Write base64url behind ``ex`` in place of hex behind ``eh``.

    Raises:
        InvalidIdentifier: If the bits are no EPC with a GS1 key.

    Source: GS1 EPC Binary Strings 1.0.0, section 4.

    >>> format_binary_link(bytes.fromhex("3074257BF7194E4000001A85"))
    'https://id.gs1.org/eh3074257bf7194e4000001a85'
    >>> format_binary_link(bytes.fromhex("3074257BF7194E4000001A85"), is_short=True)
    'https://id.gs1.org/exMHQle_cZTkAAABqF'
    """
    packed = base64.urlsafe_b64encode(epc).decode().rstrip("=")
    link = stem.rstrip("/") + "/" + ("ex" + packed if is_short else "eh" + epc.hex())
    parse_binary_link(link)
    return link


@dataclass(frozen=True, slots=True)
class LinkContent:
    """What a link says, whichever of its forms it has."""

    elements: Elements
    """AIs and values; of a tag too, with those of the query behind them."""
    tag: EpcTag | None = None
    """The tag itself if the link carries its bits."""


def read_link(
    text: str, *, is_strict: bool = False, but: frozenset[str] = frozenset()
) -> LinkContent:
    """Read a link of any form that was ever standard: plain, with a tag's bits, compressed.

    Args:
        text: A whole ``http`` or ``https`` address.
        is_strict: Refuse names in place of numbers and short GTINs in a plain link, as the
            standard does since 2022. Both are read otherwise and never written.
        but: Names of component checks to leave out in a plain link.

    Raises:
        InvalidIdentifier: If it is none of them; the sentence is that of a plain link.

    Source: GS1 Digital Link URI Syntax 1.7, section 4, and 1.1, section on compression.

    >>> read_link("https://id.gs1.org/01/05412345000013/EEarwSMxAwAL0").elements
    (('01', '05412345000013'), ('10', 'ABC123'), ('3103', '000189'))
    """
    tag = parse_binary_link(text)
    if tag is not None:
        elements = elements_of(tag)
        extra = _query_beside(text, elements)
        return LinkContent(elements + extra, tag)
    try:
        return LinkContent(
            parse_link(text, permit_short_gtin=not is_strict, permit_names=not is_strict, but=but)
        )
    except InvalidIdentifier as error:
        found = _read_compressed(text)
        if found is None:
            raise error from None
        return LinkContent(found)


def _query_beside(text: str, elements: Elements) -> Elements:
    """Read the AIs in the query of a link whose path is not plain, and check all together.

    Companions that an AI needs are not asked for: neither form was ever checked for them.
    """
    path, query, fragment = _open(text)
    names = [ai for ai, _ in elements]
    extra = _check_values(_read_query(text, query, fragment, names))
    check_together(elements + extra, requisites=False, position=path)
    return extra


def _read_compressed(text: str) -> Elements | None:
    """Read a path that ends in a compressed word, alone or behind a plain key; None if it is not.

    What follows strictly from the standard of 2019 is read; anything doubtful is no link.
    """
    try:
        path, query, _ = _open(text)
        *before, word = text[path:query].split("/")
        found = decompress(word)
        if found is None:
            return None
        if len(before) >= 3:
            ai = _NAMES.get(before[-2], before[-2])
            rule = AIS.get(ai)
            if rule is not None and rule.path is not None:
                found = (*_check_values([(ai, before[-1], path)], permit_short_gtin=True), *found)
        heads = [index for index, (ai, _) in enumerate(found) if AIS[ai].path is not None]
        if not heads or len({ai for ai, _ in found}) < len(found):
            return None
        found = (found[heads[0]], *found[: heads[0]], *found[heads[0] + 1 :])
        return found + _query_beside(text, found)
    except InvalidIdentifier:
        return None


def canonical_link(text: str) -> str:
    """Return the one spelling of a link: https, id.gs1.org, only AIs, the query sorted.

    Raises:
        InvalidIdentifier: If it is no Digital Link.

    Source: GS1 Digital Link URI Syntax 1.7, section 5.
    """
    return format_link(read_link(text).elements)
