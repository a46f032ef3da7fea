"""Whether two codes on one thing tell the same story: the chip and the label, tag and barcode.

A garment carries a chip, a barcode and a QR code, made by different machines. Where they disagree
nobody may guess which one is right: both values are shown, and a person decides.

>>> from traceability.gs1 import identify
>>> chip = identify("3034257BF7194E4000001A85")
>>> compare(chip, identify("https://brand.example/01/80614141123458/21/6789"))
Same(key='/01/80614141123458/21/6789')
>>> compare(chip, identify("(01)80614141123458"))
SameProduct(product='/01/80614141123458')
>>> compare(chip, identify("(01)80614141123458(21)6788"))
Conflict(what='serial', a_value='6789', b_value='6788')
>>> compare(chip, identify("(00)106141412345678908"))
Different(a_kind='instance', b_kind='logistic')
"""

from __future__ import annotations

from dataclasses import dataclass

from traceability.gs1.identity import Elements, Identity
from traceability.gs1.key import product_of

__all__ = ["Comparison", "Conflict", "Different", "Same", "SameProduct", "compare"]

_WORDS = {
    "00": "carton number",
    "253": "document",
    "255": "coupon",
    "401": "consignment",
    "402": "shipment",
    "414": "place",
    "415": "party",
    "417": "party",
    "8003": "asset type",
    "8004": "asset",
    "8013": "model",
    "8017": "person",
    "8018": "person",
    "8010": "part",
}
"""What disagrees when the keys themselves do."""
_QUALIFIERS = (
    ("21", "serial"),
    ("235", "serial"),
    ("8011", "serial"),
    ("10", "lot"),
    ("22", "variant"),
    ("254", "spot"),
    ("8020", "reference"),
    ("8019", "reference"),
)
# A type and its serial in one value: how many characters the type has.
_TYPES = {"8003": 14, "253": 13, "255": 13}
_TRADE = frozenset({"01", "8006"})


@dataclass(frozen=True, slots=True)
class Same:
    """Both say the same thing."""

    key: str


@dataclass(frozen=True, slots=True)
class SameProduct:
    """One names the product, or a lot or piece of it, and the other one thing of that product."""

    product: str
    """Key of what they have in common."""


@dataclass(frozen=True, slots=True)
class Different:
    """They name different sorts of things and say nothing against each other."""

    a_kind: str
    """As in `Identity.kind`."""
    b_kind: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both name a thing of one sort, and not the same one."""

    what: str
    """``company``, ``product``, ``serial``, ``lot``, ``variant``, ``piece``, ``place``, ``spot``,
    ``carton number``, ``asset type``, ``asset``, … whatever disagrees first."""
    a_value: str
    b_value: str

    def __str__(self) -> str:
        return f"They disagree in the {self.what}: {self.a_value} and {self.b_value}."


Comparison = Same | SameProduct | Different | Conflict


def compare(a: Identity, b: Identity) -> Comparison:
    """Say how two codes stand to each other that were read on one and the same object.

    What only describes a thing (dates, weights, the filter of a tag) is no part of it. A lot counts
    where both name one: a serial beside a lot does not make another thing of it.

    Args:
        a: One of them, in any form.
        b: The other, in any form.
    """
    if a.key is None or b.key is None or not (a.ais and b.ais):
        is_same = a.key is not None and a.key == b.key
        return Same(a.key or "") if is_same else Different(a.kind, b.kind)
    one, two = _Named.of(a), _Named.of(b)
    if one.sort != two.sort:
        return Different(a.kind, b.kind)
    if one.number != two.number:
        return _company_conflict(a, b, one, two) or Conflict(one.word, one.number, two.number)
    for ai, word in (("piece", "piece"), *_QUALIFIERS):
        mine, others = one.qualifiers.get(ai), two.qualifiers.get(ai)
        if mine is not None and others is not None and mine != others:
            return Conflict(word, mine, others)
    if a.key == b.key:
        return Same(a.key)
    return SameProduct(product_of(a.key) or _shorter(a.key, b.key))


@dataclass(frozen=True, slots=True)
class _Named:
    """What a code names: the sort of key, its number, and what narrows it down."""

    sort: str
    word: str
    number: str
    qualifiers: dict[str, str]

    @staticmethod
    def of(identity: Identity) -> _Named:
        values = _first_values(identity.ais)
        assert identity.key is not None, "asked before"
        head = identity.key.split("/", 2)[1]
        number = values[head]
        qualifiers = {ai: values[ai] for ai, _ in _QUALIFIERS if ai in values}
        if qualifiers.get("254") == "0":
            del qualifiers["254"]  # a zero says that there is none
        if head in _TRADE:
            if len(number) > 14:
                qualifiers["piece"] = f"{number[14:16]}/{number[16:]}"
            return _Named("01", "product", number[:14], qualifiers)
        size = _TYPES.get(head)
        if size is not None and len(number) > size:
            qualifiers["21"] = number[size:]
            number = number[:size]
        return _Named(head, _WORDS.get(head, "number"), number, qualifiers)


def _first_values(elements: Elements) -> dict[str, str]:
    return dict(reversed(elements))


def _company_conflict(a: Identity, b: Identity, one: _Named, two: _Named) -> Conflict | None:
    """Say that already the companies differ, where one of the codes tells its own."""
    # A GTIN, an SSCC and a GRAI have one digit before the company prefix.
    start = 1 if one.sort in ("00", "01", "8003") else 0
    mine, others = _company_of(a), _company_of(b)
    if mine is None and others is not None:
        mine = one.number[start : start + len(others)]
    elif others is None and mine is not None:
        others = two.number[start : start + len(mine)]
    if mine is None or others is None or mine.startswith(others) or others.startswith(mine):
        return None
    return Conflict("company", mine, others)


def _company_of(identity: Identity) -> str | None:
    """Return the company prefix that a tag or URN spells out."""
    # urn:epc:id:sgtin:COMPANY.… ; a serial may hold colons of its own.
    parts = (identity.epc_uri or "").split(":", 4)
    company = parts[4].split(".", 1)[0] if len(parts) == 5 else ""
    return company if company.isdigit() else None


def _shorter(a: str, b: str) -> str:
    return min(a, b, key=len)
