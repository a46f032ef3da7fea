"""What each character of a barcode, link or URN is there for, also where it is wrong.

>>> [(one.name, one.text) for one in text_fields("]C1010950600013435221A1")]
[('symbol', ']C1'), ('AI', '01'), ('value', '0950600013435'), ('check digit', '2'), ('AI', '21'), ('value', 'A1')]
>>> wrong = text_fields("9506000134353")[-1]
>>> wrong.is_right, wrong.expected
(False, '2')
"""  # noqa: E501 - one line of output

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS, ApplicationIdentifier, find
from traceability.gs1.check_digit import check_digit, check_pair
from traceability.gs1.digital_link import looks_like_link
from traceability.gs1.element_string import GS
from traceability.gs1.escapes import unescape
from traceability.gs1.scan import (
    has_aim_prefix,
    looks_like_gtin,
    looks_like_lost_separator,
    looks_like_message,
)

SYMBOLS = {
    "]A0": "Code 39",
    "]C0": "Code 128",
    "]C1": "GS1-128",
    "]E0": "EAN-13",
    "]E4": "EAN-8",
    "]I0": "ITF",
    "]I1": "ITF-14",
    "]J1": "GS1 DotCode",
    "]Q1": "QR",
    "]Q3": "GS1 QR",
    "]d1": "DataMatrix",
    "]d2": "GS1 DataMatrix",
    "]e0": "GS1 DataBar",
}
"""Names of barcodes by what scanners type before the data (ISO/IEC 15424)."""

SHOWN_MAX = 2_000
"""Characters that are taken apart; the rest is one field."""

_ELEMENTS = frozenset({"]C1", "]d2", "]Q3", "]J1", "]e0"})
_GTINS = frozenset({"]E0", "]E4", "]I1"})
_URNS = ("urn:epc:", "URN:EPC:")
_BRACKET = re.compile(r"\(([0-9]{2,4})\)")
_LINK = re.compile(r"(?P<scheme>https?://|HTTPS?://)(?P<host>[^/?#]*)(?P<path>[^?#]*)")
_SEGMENT = re.compile(r"(?:eh[0-9a-f]+|ex[A-Za-z0-9_-]+)\Z")
_KEY_PATH = re.compile(r"/[0-9]{2,4}/")
_LOCAL = re.compile(r"(//[^/]+)(/[a-z]+/)(.*)\Z", re.DOTALL)

_SERIALISED = ("company prefix", "item", "serial")
PART_NAMES: dict[str, tuple[str, ...]] = {
    "sgtin": _SERIALISED,
    "upui": _SERIALISED,
    "lgtin": ("company prefix", "item", "lot"),
    "itip": ("company prefix", "item", "piece", "total", "serial"),
    "sscc": ("company prefix", "serial reference"),
    "sgln": ("company prefix", "location", "extension"),
    "pgln": ("company prefix", "party"),
    "grai": ("company prefix", "asset type", "serial"),
    "giai": ("company prefix", "asset"),
    "gsrn": ("company prefix", "service reference"),
    "gsrnp": ("company prefix", "service reference"),
    "gdti": ("company prefix", "document type", "serial"),
    "sgcn": ("company prefix", "coupon", "serial"),
    "cpi": ("company prefix", "part", "serial"),
    "ginc": ("company prefix", "consignment"),
    "gsin": ("company prefix", "shipment"),
    "gid": ("manager", "class", "serial"),
    "usdod": ("CAGE or DoDAAC", "serial"),
    "adi": ("CAGE or DoDAAC", "part", "serial"),
    "raw": ("bits", "hex"),
}
"""What stands between the points of an EPC URI (EPC Tag Data Standard 2.3, section 6)."""


@dataclass(frozen=True, slots=True)
class TextField:
    """Some characters in a row that belong together."""

    name: str
    """``symbol``, ``FNC1``, ``AI``, ``value``, ``check digit``, ``check pair``, ``scheme``,
    ``host``, ``path``, ``parameter``, ``fragment``, ``EPC`` (a tag inside a link), ``URN``,
    ``point``, a name of `PART_NAMES`, ``filter``, ``namespace``, ``sort``, ``name``, ``tag``
    (hexadecimal), ``text``, or ``unread``: what stands behind a fault."""
    start: int
    """Position of the first character, from 0."""
    text: str
    """The characters as they came."""
    value: str = ""
    """What they stand for, where that is not the text: ``GS1-128``, an AI without its brackets, a
    value without its percent escapes."""
    ai: str = ""
    """The AI that a value belongs to."""
    is_right: bool | None = None
    """Of a check digit, or of the field where reading failed; None where nothing was checked."""
    expected: str = ""
    """Of a wrong check digit: the right one."""


def text_fields(text: str, *, form: str = "auto", fnc1: str | None = None) -> tuple[TextField, ...]:
    """Take a text apart into fields that cover it without a gap, whether it is right or wrong.

    Nothing is repaired and nothing refused; `traceability.gs1.identify` says what it stands for.

    Args:
        text: What was scanned, typed or sent.
        form: As `identify` takes it; a tag in hexadecimal digits is one field.
        fnc1: The one character that stands for FNC1.

    >>> [one.value or one.text for one in text_fields("https://a.example/01/09506000134352/21/A%2F1")]
    ['https://', 'a.example', '01', '0950600013435', '2', '21', 'A/1']
    """
    told, rest = text[:SHOWN_MAX], text[SHOWN_MAX:]
    taker = _choose(told, form, fnc1)
    fields = tuple(one for one in taker(told, fnc1 or GS) if one.text)
    return (*fields, TextField("unread", len(told), rest)) if rest else fields


def mark_fault(fields: tuple[TextField, ...], position: int) -> tuple[TextField, ...]:
    """Mark the field in which reading failed; a wrong check digit is marked already.

    Args:
        fields: All fields of a text.
        position: Where reading failed, as `InvalidIdentifier` says it.

    >>> [one.is_right for one in mark_fault(text_fields("(10)L 7"), 5)]
    [None, False]
    """
    if any(one.is_right is False for one in fields):
        return fields
    at = max(0, min(position, sum(len(one.text) for one in fields) - 1))
    return tuple(
        replace(one, is_right=False) if one.start <= at < one.start + len(one.text) else one
        for one in fields
    )


Taker = Callable[[str, str], Iterator[TextField]]


def _choose(text: str, form: str, fnc1: str | None) -> Taker:
    """Choose as `identify` does."""
    said: dict[str, Taker] = {"epc": _tag, "bank": _tag, "element": _brackets, "message": _message}
    if form in said:
        return said[form]
    if has_aim_prefix(text):
        return _scan
    if looks_like_link(text) or _KEY_PATH.match(text):
        return _link
    if text.startswith(_URNS):
        return _urn
    if text.startswith("//") and _LOCAL.match(text):
        return _local
    if _BRACKET.match(text):
        return _brackets
    if (fnc1 or GS) in text or looks_like_message(text) or looks_like_lost_separator(text):
        return _message
    return _gtin if looks_like_gtin(text) else _plain


def _plain(text: str, separator: str) -> Iterator[TextField]:
    yield TextField("text", 0, text)


def _tag(text: str, separator: str) -> Iterator[TextField]:
    yield TextField("tag", 0, text)


def _scan(text: str, separator: str) -> Iterator[TextField]:
    symbol, data = text[:3], text[3:]
    yield TextField("symbol", 0, symbol, value=SYMBOLS.get(symbol, ""))
    if symbol in _ELEMENTS:
        yield from _elements(data, separator, 3)
    elif symbol in _GTINS and data.isascii() and data.isdigit():
        yield from _checked("01", data, 3)
    elif looks_like_link(data) or data.startswith(_URNS):
        taker = _link if looks_like_link(data) else _urn
        yield from (replace(one, start=one.start + 3) for one in taker(data, separator))
    else:
        yield TextField("text", 3, data)


def _gtin(text: str, separator: str) -> Iterator[TextField]:
    yield from _checked("01", text, 0)


def _message(text: str, separator: str) -> Iterator[TextField]:
    yield from _elements(text, separator, 0)


def _elements(text: str, separator: str, start: int) -> Iterator[TextField]:
    place = 0
    while place < len(text):
        if text[place] == separator:
            yield TextField("FNC1", start + place, separator)
            place += 1
            continue
        try:
            rule = find(text, place)
        except InvalidIdentifier:
            yield TextField("unread", start + place, text[place:], is_right=False)
            return
        body = place + len(rule.ai)
        yield TextField("AI", start + place, rule.ai, ai=rule.ai)
        stop = text.find(separator, body)
        end = len(text) if stop < 0 else stop
        whole = min(end, body + rule.length_max)
        yield from _value(rule, text[body:whole], start + body)
        place = whole
        if not rule.is_fixed and whole < end:
            # Longer than it may be: where it ends is not to be seen.
            yield TextField("unread", start + whole, text[whole:end], ai=rule.ai, is_right=False)
            place = end


def _value(rule: ApplicationIdentifier, text: str, start: int) -> Iterator[TextField]:
    """Split a value where a check digit or check pair ends a part of it."""
    begin = place = 0
    for part in rule.parts:
        piece = text[place : place + part.length_max]
        size = 1 if "check" in part.checks else 2 if "pair" in part.checks else 0
        end = place + len(piece)
        is_whole = len(piece) == part.length_max or (size == 2 and len(piece) > 2)
        if size and is_whole and (size == 2 or (piece.isascii() and piece.isdigit())):
            if begin < place:
                yield TextField("value", start + begin, text[begin:place], ai=rule.ai)
            yield from _checked(rule.ai, piece, start + place, size)
            begin = end
        place = end
    if begin < len(text):
        yield TextField("value", start + begin, text[begin:], ai=rule.ai)


def _checked(ai: str, text: str, start: int, size: int = 1) -> Iterator[TextField]:
    """Yield a number and the digit, or the pair, that tells whether it was read right."""
    body, given = text[:-size], text[-size:]
    try:
        wanted = str(check_digit(body)) if size == 1 else check_pair(body)
    except InvalidIdentifier:
        yield TextField("value", start, text, ai=ai)
        return
    name, right = ("check digit" if size == 1 else "check pair"), given == wanted
    yield TextField("value", start, body, ai=ai)
    yield TextField(
        name, start + len(body), given, ai=ai, is_right=right, expected="" if right else wanted
    )


def _brackets(text: str, separator: str) -> Iterator[TextField]:
    place = 0
    while place < len(text):
        match = _BRACKET.match(text, place)
        rule = AIS.get(match[1]) if match is not None else None
        if match is None or rule is None:
            yield TextField("unread", place, text[place:], is_right=False)
            return
        yield TextField("AI", place, match[0], value=rule.ai, ai=rule.ai)
        opening = re.compile(r"(?<!\\)\(").search(text, match.end())
        place = len(text) if opening is None else opening.start()
        yield from _written(rule, text[match.end() : place], match.end(), _unbracketed)


def _unbracketed(text: str) -> str:
    return text.replace("\\(", "(")


def _unescaped(text: str) -> str:
    try:
        return unescape(text)
    except (InvalidIdentifier, UnicodeEncodeError):
        return text


def _written(
    rule: ApplicationIdentifier, text: str, start: int, plain: Callable[[str], str]
) -> Iterator[TextField]:
    """Yield a value as its form writes it; where it is escaped, whole and with its plain value."""
    value = plain(text)
    if value != text:
        yield TextField("value", start, text, value=value, ai=rule.ai)
    else:
        yield from _value(rule, text, start)


def _link(text: str, separator: str) -> Iterator[TextField]:
    match = _LINK.match(text)
    path_start = 0
    if match is not None:
        yield TextField("scheme", 0, match["scheme"])
        yield TextField("host", match.start("host"), match["host"])
        path_start = match.start("path")
    fragment = text.find("#", path_start)
    end = len(text) if fragment < 0 else fragment
    query = text.find("?", path_start, end)
    query = end if query < 0 else query
    yield from _path(text, path_start, query)
    at = query
    for pair in re.findall(r"[?&][^&]*", text[query:end]):
        name, sign, value = pair[1:].partition("=")
        rule = AIS.get(name)
        if rule is None:
            yield TextField("parameter", at, pair)
        else:
            lead = pair[0] + name + sign
            yield TextField("AI", at, lead, value=name, ai=name)
            yield from _written(rule, value, at + len(lead), _unescaped)
        at += len(pair)
    yield TextField("fragment", end, text[end:])


def _path(text: str, start: int, end: int) -> Iterator[TextField]:
    """Yield the pairs of AI and value at the end of a path, and before them what is no GS1 key."""
    places: list[tuple[str, int]] = []
    at = start
    for segment in re.findall(r"/[^/]*", text[start:end]):
        places.append((segment, at))
        at += len(segment)
    first = len(places) - 2
    while first >= 0 and (rule := AIS.get(places[first][0][1:])) is not None and rule.path is None:
        first -= 2
    if first < 0 or rule is None:
        if places and _SEGMENT.match(places[-1][0][1:]):
            last = places[-1][1]
            yield TextField("path", start, text[start : last + 1])
            yield TextField("EPC", last + 1, text[last + 1 : end])
        else:
            yield TextField("path", start, text[start:end])
        return
    yield TextField("path", start, text[start : places[first][1]])
    for index in range(first, len(places), 2):
        (name, place), (value, _) = places[index], places[index + 1]
        yield TextField("AI", place, f"{name}/", value=name[1:], ai=name[1:])
        yield from _written(AIS[name[1:]], value[1:], place + len(name) + 1, _unescaped)


def _urn(text: str, separator: str) -> Iterator[TextField]:
    form, _, rest = text[8:].partition(":")
    lead = 8 + len(form) + 1
    if form.lower() == "raw":
        yield TextField("URN", 0, text[:lead])
        yield from _parts(rest, lead, PART_NAMES["raw"])
        return
    name, colon, body = rest.partition(":")
    yield TextField("URN", 0, text[:lead])
    yield TextField("scheme", lead, name + colon, value=name)
    scheme = name.lower()
    is_tag = form.lower() == "tag"
    names = PART_NAMES.get(scheme.rpartition("-")[0] if is_tag else scheme, ())
    is_filtered = is_tag and not scheme.startswith("gid")
    yield from _parts(body, lead + len(name) + 1, ("filter", *names) if is_filtered else names)


def _parts(body: str, start: int, names: tuple[str, ...]) -> Iterator[TextField]:
    pieces = body.split(".", max(len(names) - 1, 0)) if names else [body]
    at = start
    for index, piece in enumerate(pieces):
        if index:
            yield TextField("point", at, ".")
            at += 1
        value = _unescaped(piece)
        name = names[index] if index < len(names) else "unread"
        yield TextField(name, at, piece, value=value if value != piece else "")
        at += len(piece)


def _local(text: str, separator: str) -> Iterator[TextField]:
    match = _LOCAL.match(text)
    if match is None:
        yield from _plain(text, separator)
        return
    yield TextField("namespace", 0, match[1], value=match[1][2:])
    yield TextField("sort", match.start(2), match[2], value=match[2].strip("/"))
    yield TextField("name", match.start(3), match[3])
