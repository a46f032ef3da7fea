"""What a tag, barcode, link or URN says, brought to the one key of the thing it stands on.

>>> roll = identity_of((("01", "09506000134352"), ("10", "L 7".replace(" ", "")), ("21", "123")))
>>> roll.key
'/01/09506000134352/21/123'
>>> roll.digital_link
'https://id.gs1.org/01/09506000134352/10/L7/21/123'
"""

from collections.abc import Iterable
from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS, ApplicationIdentifier, rule_of
from traceability.gs1.escapes import escape_link
from traceability.gs1.local import LocalName

CANONICAL_HOST = "https://id.gs1.org"
"""Scheme and host before every canonical path (GS1 Digital Link URI Syntax 1.7, section 5)."""

Elements = tuple[tuple[str, str], ...]

# For each key: the qualifiers that make another thing of it, in order of the sentence "if it is
# there, it decides". A lot beside a serial says something about the item, not which item it is.
_DECIDING: dict[str, tuple[tuple[str, ...], ...]] = {
    "01": (("21",), ("235",), ("22", "10"), ("22",), ("10",)),
    "8006": (("21",), ("22", "10"), ("22",), ("10",)),
    "8010": (("8011",),),
    "8017": (("8019",),),
    "8018": (("8019",),),
    "414": (("254",),),
    "415": (("8020",),),
}

_HEADS = frozenset(ai for ai, rule in AIS.items() if rule.path is not None)

_KINDS = {
    "00": "logistic",
    "253": "document",
    "255": "coupon",
    "401": "shipment",
    "402": "shipment",
    "414": "place",
    "415": "document",
    "417": "party",
    "8003": "asset",
    "8004": "asset",
    "8013": "class",
    "8017": "relation",
    "8018": "relation",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything one code says about which thing it stands on, in all forms that exist."""

    key: str | None
    """The ledger's key: canonical Digital Link path, ``//namespace/obj/text``, ``urn:epc:raw:…``
    or, for the few EPC schemes without a GS1 key, the pure identity URI. None if a valid message
    names no thing at all, such as ``(99)1234``."""
    id: str | None
    """The key as a URI for events: ``https://id.gs1.org`` + key, or the local or EPC URI."""
    kind: str
    """``instance``, ``class``, ``lot``, ``logistic``, ``place``, ``party``, ``asset``,
    ``document``, ``coupon``, ``shipment``, ``relation``, ``local``, ``other`` (GID, USDOD, ADI),
    ``raw``, or ``data`` where there is no key."""
    scheme: str | None = None
    """Binary EPC scheme such as ``SGTIN-96``; None if it was no tag."""
    filter: int | None = None
    """Filter value of the tag: control data, not identity."""
    ais: Elements = ()
    """Application Identifiers and values, in the order seen."""
    element_string: str | None = None
    digital_link: str | None = None
    """With lot and other attributes; None if one of them may not stand in a link."""
    epc_uri: str | None = None
    """Pure identity URI; None where the length of the company prefix is not known."""
    tag_uri: str | None = None
    reason: str | None = None
    """Of a raw tag: why it could not be decoded."""
    position: int | None = None
    """Of a raw tag: the hex digit where decoding failed, from 0."""
    remark: str | None = None
    """What is legal but looks wrong, in one sentence: a separator that may have been lost."""


def format_elements(elements: Elements) -> str:
    r"""Write AIs in brackets; a bracket inside a value is escaped by a backslash.

    >>> format_elements((("01", "09506000134352"), ("21", "A(1")))
    '(01)09506000134352(21)A\\(1'
    """
    return "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in elements)


def _head(elements: Iterable[tuple[str, str]]) -> str | None:
    """Return the first AI that can head a Digital Link; None if none of them can."""
    return next((ai for ai, _ in elements if ai in _HEADS), None)


def format_key(elements: Elements) -> str | None:
    """Return the key that these elements name: the first that can head a Digital Link.

    Returns None if none of them can.
    """
    head = _head(elements)
    if head is None:
        return None
    values = dict(reversed(elements))
    if values.get("254") == "0":
        # A GLN extension of one zero says "no extension" in every SGLN scheme.
        del values["254"]
    path = f"/{head}/{escape_link(values[head])}"
    for group in _DECIDING.get(head, ()):
        if all(ai in values for ai in group):
            return path + "".join(f"/{ai}/{escape_link(values[ai])}" for ai in group)
    return path


def format_link(
    elements: Elements,
    stem: str = CANONICAL_HOST,
    *,
    is_sorted: bool = True,
    permit_unknown: bool = False,
) -> str:
    """Build a Digital Link that carries every element.

    Args:
        elements: AIs and values, checked; equal repetitions count once.
        stem: Scheme, host and leading path; a slash at its end is ignored.
        is_sorted: Sort the query by AI, as the canonical form demands; else keep the order seen,
            fixed lengths first.
        permit_unknown: Write AIs that GS1 has not assigned into the query.

    Raises:
        InvalidIdentifier: If no element can head a link, or one may not stand in a link.

    Source: GS1 Digital Link URI Syntax 1.7, sections 4.8 to 4.11 and 5.
    """
    values = dict(elements)
    head = _head(values.items())
    if head is None:
        raise InvalidIdentifier(
            f"Cannot link {format_elements(elements)!r}: expected a key such as (01) or (00)."
        )
    if values.get("254") == "0":
        del values["254"]
    sequences = AIS[head].path or ((),)
    # Of alternatives that one counts whose AIs have no place elsewhere, then the longer one.
    sequence = max(
        sequences,
        key=lambda s: [
            sum(ai in values and not AIS[ai].is_attribute for ai in s),
            sum(ai in values for ai in s),
        ],
    )
    path = [head, *(ai for ai in sequence if ai in values)]
    query = [ai for ai in values if ai not in path]
    rules: dict[str, ApplicationIdentifier] = {}
    for ai in query:
        rule = rule_of(ai, permit_unknown=permit_unknown)
        if rule is not None and rule.is_attribute:
            rules[ai] = rule
        else:
            raise InvalidIdentifier(
                f"Cannot link {format_elements(elements)!r}: ({ai}) may not stand in a query."
            )
    # Unsorted, fixed lengths come first: that is how the same data stand in a barcode.
    query.sort(key=None if is_sorted else lambda ai: not rules[ai].is_fixed)
    link = stem.rstrip("/") + "".join(f"/{ai}/{escape_link(values[ai])}" for ai in path)
    if query:
        link += "?" + "&".join(f"{ai}={escape_link(values[ai])}" for ai in query)
    return link


def kind_of_key(key: str) -> str:
    """Tell what sort of thing a key names; the words of `Identity.kind`."""
    if key.startswith("//"):
        return "local"
    if not key.startswith("/"):
        return "raw" if key.startswith("urn:epc:raw:") else "other"
    _, head, value, *rest = key.split("/")
    if head in {"01", "8006", "8010"}:
        if not rest:
            return "class"
        return "instance" if rest[0] in {"21", "235", "8011"} else "lot"
    if head == "8003" and len(value) == 14:
        return "class"
    return _KINDS.get(head, "instance")


def identity_of(
    elements: Elements,
    *,
    scheme: str | None = None,
    filter_value: int | None = None,
    epc_uri: str | None = None,
    tag_uri: str | None = None,
    stem: str = CANONICAL_HOST,
) -> Identity:
    """Build the identity that checked elements name.

    Args:
        elements: AIs and values, each checked and all checked together.
        scheme: Binary EPC scheme if they come from a tag.
        filter_value: The tag's filter value.
        epc_uri: Pure identity URI if the length of the company prefix is known.
        tag_uri: EPC tag URI if they come from a tag.
        stem: Host for the Digital Link; only a tag that carries its own host name sets it.
    """
    key = format_key(elements)
    try:
        link = format_link(elements, stem) if key is not None else None
    except InvalidIdentifier:
        link = None
    return Identity(
        key=key,
        id=None if key is None else CANONICAL_HOST + key,
        kind="data" if key is None else kind_of_key(key),
        scheme=scheme,
        filter=filter_value,
        ais=elements,
        element_string=format_elements(elements),
        digital_link=link,
        epc_uri=epc_uri,
        tag_uri=tag_uri,
    )


def local_identity(name: LocalName) -> Identity:
    """Build the identity of a workshop's own name."""
    return Identity(key=name.key, id=name.uri, kind="local")


def raw_identity(uri: str, reason: str | None = None, position: int | None = None) -> Identity:
    """Keep a tag that could not be decoded, with the reason why."""
    return Identity(key=uri, id=uri, kind="raw", epc_uri=uri, reason=reason, position=position)
