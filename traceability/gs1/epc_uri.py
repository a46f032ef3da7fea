"""The ``urn:epc:…`` names that partners write in their events, and what they mean in GS1 keys.

>>> parse_epc_uri("urn:epc:id:sgtin:9506000.113435.123").elements
(('01', '19506000134359'), ('21', '123'))
>>> format_epc_uri((("01", "19506000134359"), ("21", "123")), prefix_length=7)
'urn:epc:id:sgtin:9506000.113435.123'
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1.check_digit import check_digit
from traceability.gs1.components import SET_39, SET_82
from traceability.gs1.epc_schemes import BY_NAME
from traceability.gs1.escapes import escape_urn, unescape
from traceability.gs1.identity import Elements

Parts = tuple[str, ...]

_URN_PLAIN = re.compile(r"(?:[A-Za-z0-9!'()*+,\-.:;=_]|%[0-9A-Fa-f]{2})*\Z")
_RAW = re.compile(
    r"urn:epc:raw:([1-9][0-9]{0,4})\."
    r"(?:(?:x([0-9A-F]{1,2})\.)?x([0-9A-F]{1,25000})|(0|[1-9][0-9]{0,4000}))\Z"
)


@dataclass(frozen=True, slots=True)
class UriScheme:
    """How one scheme spells a key in an EPC URI, and which AIs it stands for."""

    digit_total: int
    """Digits of company prefix and reference together; 0 if the reference is text."""
    fields: tuple[str, ...]
    """Names of the fields behind company prefix and reference."""
    assemble: Callable[[Parts], Elements]


@dataclass(frozen=True, slots=True)
class EpcUri:
    """One EPC URI, taken apart."""

    form: str
    """``id``, ``tag``, ``class``, ``idpat`` or ``raw``."""
    scheme: str
    """Scheme name of the pure identity, such as ``sgtin``; empty for raw."""
    parts: Parts
    elements: Elements
    """AIs and values; empty for raw and for schemes without a GS1 key."""
    binary: str | None = None
    """Binary scheme of a tag URI, such as ``SGTIN-96``."""
    filter: int | None = None


def _with_check(digits: str) -> str:
    return digits + str(check_digit(digits))


def _gtin(parts: Parts) -> str:
    return _with_check(parts[1][0] + parts[0] + parts[1][1:])


def _one(ai: str, build: Callable[[Parts], str]) -> Callable[[Parts], Elements]:
    return lambda parts: ((ai, build(parts)),)


def _trade(*ais: str) -> Callable[[Parts], Elements]:
    return lambda parts: (("01", _gtin(parts)), *zip(ais, parts[2:], strict=True))


def _itip(parts: Parts) -> Elements:
    return (("8006", _gtin(parts) + parts[2] + parts[3]), ("21", parts[4]))


def _located(ai: str) -> Callable[[Parts], Elements]:
    return lambda parts: ((ai, _with_check(parts[0] + parts[1]) + "".join(parts[2:])),)


URI_SCHEMES: dict[str, UriScheme] = {
    "sgtin": UriScheme(13, ("serial20",), _trade("21")),
    "lgtin": UriScheme(13, ("serial20",), _trade("10")),
    "upui": UriScheme(13, ("serial28",), _trade("235")),
    "itip": UriScheme(13, ("two", "two", "serial20"), _itip),
    "sscc": UriScheme(17, (), _one("00", lambda p: _with_check(p[1][0] + p[0] + p[1][1:]))),
    "sgln": UriScheme(
        12, ("serial20",), lambda p: (("414", _with_check(p[0] + p[1])), ("254", p[2]))
    ),
    "pgln": UriScheme(12, (), _located("417")),
    "grai": UriScheme(
        12, ("serial16",), _one("8003", lambda p: "0" + _with_check(p[0] + p[1]) + p[2])
    ),
    "giai": UriScheme(0, (), _one("8004", "".join)),
    "gsrn": UriScheme(17, (), _located("8018")),
    "gsrnp": UriScheme(17, (), _located("8017")),
    "gdti": UriScheme(12, ("serial17",), _located("253")),
    "sgcn": UriScheme(12, ("digits12",), _located("255")),
    "cpi": UriScheme(0, ("number12",), lambda p: (("8010", p[0] + p[1]), ("8011", p[2]))),
    "ginc": UriScheme(0, (), _one("401", "".join)),
    "gsin": UriScheme(16, (), _located("402")),
}
"""Schemes that stand for GS1 keys, by their names in EPC URIs."""

_CLASSES = {"lgtin"}
# Alphabet and longest length of the fields behind the reference; "number" has no leading zero.
_FIELDS = {
    "serial16": (SET_82, 16),
    "serial17": (SET_82, 17),
    "serial20": (SET_82, 20),
    "serial28": (SET_82, 28),
    "digits12": ("0123456789", 12),
    "number12": ("0123456789", 12),
    "two": ("0123456789", 2),
}
# A pattern that ends in ".*" stands for every serial: the class that the fields before it name.
_PATTERN_AIS = {"sgtin": 1, "itip": 1, "grai": 1, "gdti": 1, "sgcn": 1, "cpi": 1, "upui": 1}
_PATTERN_KEYS = {"sscc", "gsin", "gsrn", "gsrnp", "pgln"}

# Identities without a GS1 key: kept as they are, but only if they are well-formed.
_CAGE = "[0-9A-HJ-NP-Z]{5,6}"
_OTHERS = {
    "gid": re.compile(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,7})\.(0|[1-9][0-9]{0,10})\Z"),
    "usdod": re.compile(rf"({_CAGE})\.(0|[1-9][0-9]{{0,10}})\Z"),
    "adi": re.compile(rf"({_CAGE})\.((?:[0-9A-Z-]|%2F){{0,32}})\.((?:%23)?(?:[0-9A-Z-]|%2F)+)\Z"),
    "bic": re.compile(r"([A-Z]{3}[UJZ][0-9]{7})\Z"),
    "imovn": re.compile(r"([0-9]{7})\Z"),
}
_OTHER_LIMITS = {"gid": (2**28, 2**24, 2**36), "usdod": (None, 2**36)}


def _fault(uri: str, expected: str, got: str, position: int) -> InvalidIdentifier:
    shown = uri if len(uri) <= 80 else uri[:80] + "…"
    return InvalidIdentifier(f"Cannot read {shown!r}: expected {expected}, got {got!r}.", position)


def check_parts(scheme: str, parts: Parts, uri: str, start: int = 0) -> None:
    """Refuse parts that are no legal identity of a scheme.

    Args:
        scheme: A name in `URI_SCHEMES`.
        parts: Company prefix, reference and further fields, unescaped.
        uri: What the error shows.
        start: Position of the company prefix in it.

    Raises:
        InvalidIdentifier: If a length, an alphabet or a range does not hold.

    Source: EPC Tag Data Standard 2.3, section 6.3.
    """
    rule = URI_SCHEMES[scheme]
    if len(parts) != 2 + len(rule.fields):
        raise _fault(uri, f"{2 + len(rule.fields)} parts", str(len(parts)), start)
    company, reference = parts[:2]
    if not (company.isascii() and company.isdigit() and 6 <= len(company) <= 12):
        raise _fault(uri, "a company prefix of 6 to 12 digits", company, start)
    at = start + len(company) + 1
    if rule.digit_total:
        wanted = rule.digit_total - len(company)
        if len(reference) != wanted or (reference and not _is_digits(reference)):
            raise _fault(uri, f"a reference of {wanted} digits", reference, at)
    else:
        allowed = SET_39 if scheme == "cpi" else SET_82
        if not 1 <= len(reference) <= 30 - len(company) or not set(reference) <= set(allowed):
            raise _fault(uri, f"1 to {30 - len(company)} allowed characters", reference, at)
    at += len(reference) + 1
    for name, value in zip(rule.fields, parts[2:], strict=True):
        alphabet, length = _FIELDS[name]
        if not 1 <= len(value) <= length or not set(value) <= set(alphabet):
            raise _fault(uri, f"1 to {length} allowed characters", value, at)
        if name == "two" and len(value) != 2:
            raise _fault(uri, "two digits", value, at)
        if name == "number12" and len(value) > 1 and value[0] == "0":
            raise _fault(uri, "a number without leading zeros", value, at)
        at += len(value) + 1


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def parse_epc_uri(uri: str) -> EpcUri:
    """Take an EPC URI apart: pure identity, tag, raw, class or pattern.

    Raises:
        InvalidIdentifier: If it is no legal EPC URI of a scheme that the standard knows.

    Source: EPC Tag Data Standard 2.3, sections 6 to 8 and 12.
    """
    if not uri.startswith("urn:epc:"):
        raise _fault(uri, "'urn:epc:'", uri[:8], 0)
    if uri.startswith("urn:epc:raw:"):
        return _parse_raw(uri)
    form, _, rest = uri[8:].partition(":")
    name, _, body = rest.partition(":")
    start = 8 + len(form) + 1 + len(name) + 1
    if form == "tag":
        return _parse_tag(uri, name, body, start)
    if form == "idpat":
        return _parse_pattern(uri, name, body, start)
    if form not in ("id", "class") or (form == "class") != (name in _CLASSES):
        raise _fault(uri, "'urn:epc:id:', 'class:lgtin:', 'tag:', 'idpat:' or 'raw:'", uri[8:40], 8)
    if name in _OTHERS:
        return EpcUri("id", name, _parse_other(uri, name, body, start), ())
    parts = _parse_parts(uri, name, body, start)
    return EpcUri(form, name, parts, URI_SCHEMES[name].assemble(parts))


def _parse_parts(uri: str, name: str, body: str, start: int) -> Parts:
    if name not in URI_SCHEMES:
        raise _fault(uri, "an EPC scheme", name, start - len(name) - 1)
    count = 2 + len(URI_SCHEMES[name].fields)
    pieces = body.split(".", count - 1)
    at = start
    parts: list[str] = []
    for piece in pieces:
        if not _URN_PLAIN.match(piece):
            raise _fault(uri, "characters of a URN, others escaped", piece, at)
        parts.append(unescape(piece, at))
        at += len(piece) + 1
    check_parts(name, tuple(parts), uri, start)
    return tuple(parts)


def _parse_other(uri: str, name: str, body: str, start: int) -> Parts:
    match = _OTHERS[name].match(body)
    if match is None:
        raise _fault(uri, f"a well-formed {name.upper()}", body, start)
    parts: Parts = tuple(match.groups())
    for part, limit in zip(parts, _OTHER_LIMITS.get(name, ()), strict=False):
        if limit is not None and int(part) >= limit:
            raise _fault(uri, f"a number below {limit}", part, start)
    parts = tuple(unescape(part, start) for part in parts)
    if name == "adi" and len(parts[2]) > 30:
        raise _fault(uri, "a serial of at most 30 characters", parts[2], start)
    return parts


def _parse_raw(uri: str) -> EpcUri:
    """Read bits, AFI if there is one, and value; the value comes out as hex of its full length.

    A decimal value is the form of standards before 1.4: read, never written.
    """
    match = _RAW.match(uri)
    if match is not None:
        bits = int(match[1])
        value = int(match[3], 16) if match[4] is None else int(match[4])
        if not value >> bits:
            family = () if match[2] is None else (match[2].zfill(2),)
            return EpcUri("raw", "", (match[1], *family, f"{value:0{-(-bits // 4)}X}"), ())
    raise _fault(uri, "urn:epc:raw:{bits}.x{capital hex that fits}", uri[12:92], 12)


def _parse_tag(uri: str, name: str, body: str, start: int) -> EpcUri:
    scheme = BY_NAME.get(name)
    if scheme is None:
        raise _fault(uri, "a binary EPC scheme", name, start - len(name) - 1)
    value: int | None = None
    if scheme.uri != "gid":
        text, _, body = body.partition(".")
        limit = {"usdod": 16, "adi": 64}.get(scheme.uri, 8)
        if text not in map(str, range(limit)):
            raise _fault(uri, f"a filter value below {limit}", text, start)
        value = int(text)
        start += len(text) + 1
    if scheme.uri in _OTHERS:
        parts = _parse_other(uri, scheme.uri, body, start)
        return EpcUri("tag", scheme.uri, parts, (), scheme.name, value)
    parts = _parse_parts(uri, scheme.uri, body, start)
    elements = URI_SCHEMES[scheme.uri].assemble(parts)
    return EpcUri("tag", scheme.uri, parts, elements, scheme.name, value)


def _parse_pattern(uri: str, name: str, body: str, start: int) -> EpcUri:
    if name in _PATTERN_KEYS:
        parts = _parse_parts(uri, name, body, start)
        return EpcUri("idpat", name, parts, URI_SCHEMES[name].assemble(parts))
    if name == "giai" or name == "ginc":
        company = body.removesuffix(".*")
        check_parts(name, (company, "0"), uri, start)
        return EpcUri("idpat", name, (company, "*"), ())
    if name not in _PATTERN_AIS or not body.endswith(".*"):
        raise _fault(uri, "a pattern with '*' for the serial only", body, start)
    # A stand-in serial lets the fields before it be checked like those of a whole identity.
    parts = _parse_parts(uri, name, body[:-1] + "0", start)
    elements = URI_SCHEMES[name].assemble(parts)
    ai, value = elements[0]
    if name in ("grai", "gdti", "sgcn"):
        value = value[:-1]
    return EpcUri("idpat", name, (*parts[:-1], "*"), ((ai, value),))


def format_parts(scheme: str, parts: Parts, *, form: str = "id", lead: str = "") -> str:
    """Write parts as an EPC URI; ``lead`` is the filter and its point in a tag URI."""
    return f"urn:epc:{form}:{scheme}:{lead}" + ".".join(escape_urn(part) for part in parts)


def split_elements(elements: Elements, prefix_length: int) -> tuple[str, Parts]:
    """Split GS1 keys into the scheme and parts that an EPC URI writes.

    Args:
        elements: Checked AIs; what is not part of the identity is left out.
        prefix_length: Digits of the owner's GS1 company prefix, 6 to 12. It cannot be seen from
            the key; it comes from the owner's master data.

    Raises:
        InvalidIdentifier: If no EPC scheme exists for these AIs.
    """
    if not 6 <= prefix_length <= 12:
        raise InvalidIdentifier(
            f"Cannot use a company prefix of {prefix_length} digits: expected 6 to 12."
        )
    values = dict(reversed(elements))
    n = prefix_length

    def led(number: str) -> Parts:
        return number[1 : n + 1], number[0] + number[n + 1 : -1]

    def straight(number: str, end: int | None = -1) -> Parts:
        return number[:n], number[n:end]

    if "01" in values:
        for ai, name in (("21", "sgtin"), ("235", "upui"), ("10", "lgtin")):
            if ai in values:
                return name, (*led(values["01"]), values[ai])
    if "8006" in values and "21" in values:
        itip = values["8006"]
        return "itip", (*led(itip[:14]), itip[14:16], itip[16:], values["21"])
    if "00" in values:
        return "sscc", led(values["00"])
    if "414" in values:
        return "sgln", (*straight(values["414"]), values.get("254", "0"))
    if "8010" in values and "8011" in values:
        return "cpi", (*straight(values["8010"], None), values["8011"])
    for ai, name, skip, size in (("8003", "grai", 1, 13), ("253", "gdti", 0, 13),
                                 ("255", "sgcn", 0, 13)):  # fmt: skip
        if ai in values and len(values[ai]) > skip + size:
            number = values[ai][skip:]
            return name, (*straight(number[:size]), number[size:])
    for ai, name in (("417", "pgln"), ("8018", "gsrn"), ("8017", "gsrnp"), ("402", "gsin")):
        if ai in values:
            return name, straight(values[ai])
    for ai, name in (("8004", "giai"), ("401", "ginc")):
        if ai in values:
            return name, straight(values[ai], None)
    raise InvalidIdentifier(
        f"Cannot write {elements!r} as an EPC URI: expected a serialised GS1 key."
    )


def format_epc_uri(elements: Elements, prefix_length: int) -> str:
    """Write a GS1 key as pure identity URI (class URI for GTIN and lot).

    Args:
        elements: Checked AIs of one thing.
        prefix_length: Digits of the owner's GS1 company prefix, 6 to 12.

    Raises:
        InvalidIdentifier: If no EPC scheme exists for these AIs.
    """
    scheme, parts = split_elements(elements, prefix_length)
    uri = format_parts(scheme, parts, form="class" if scheme in _CLASSES else "id")
    check_parts(scheme, parts, uri)
    return uri
