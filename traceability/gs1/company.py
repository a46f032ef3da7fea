"""Whose number it is: the company prefixes of an owner, for the few forms that need to know one.

A key never needs its prefix to be read, printed as a barcode or linked. Two things do: the older
tag schemes, and the ``urn:epc:`` names that some partners still ask for.

>>> ours = Prefixes(("9506000",))
>>> ours.digits_of("/01/09506000134352/21/123")
7
>>> epc_uri_of("/01/09506000134352/21/123", ours)
'urn:epc:id:sgtin:9506000.013435.123'
>>> epc_uri_of("/01/09506000134352", ours)
'urn:epc:idpat:sgtin:9506000.013435.*'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1.digital_link import parse_link
from traceability.gs1.epc_uri import format_epc_uri, split_elements
from traceability.gs1.escapes import escape_urn
from traceability.gs1.identity import CANONICAL_HOST, Elements

DIGITS_MIN, DIGITS_MAX = 6, 12
"""Digits of a GS1 company prefix; 12 is a key that GS1 gave out one by one."""
GTIN_8_DIGITS = 8

_LED = frozenset({"00", "01", "8003", "8006"})
"""Keys in which one digit stands before the company prefix."""
_STRAIGHT = frozenset(
    {"253", "255", "401", "402", "414", "415", "417", "8004", "8010", "8013", "8017", "8018"}
)
# Tags in use say "piece 00 of 00" and serial 0 of a part: what was read must be exportable.
_LENIENT = frozenset({"pieces", "nozero"})
NOT_WORLDWIDE = re.compile(r"02|04|2|000[1-7]|98[0-4]|99")
"""GS1 prefixes of numbers for use inside a company or a country, of coupons and of refunds."""


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The GS1 company prefixes of an owner and of partners, as their certificates spell them.

    Raises:
        InvalidIdentifier: If one of them is not 6 to 12 decimal digits.
    """

    prefixes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for prefix in self.prefixes:
            check_prefix(prefix)

    def prefix_of(self, key: str) -> str | None:
        """Return the prefix that a key begins with, None if it is nobody's here.

        Where two fit, the longer one counts: keys that GS1 gave out one by one lie inside the
        range of somebody else's shorter prefix.

        Args:
            key: A key, or a bare GTIN of 8, 12, 13 or 14 digits.
        """
        number = _company_number(key)
        fits = [one for one in self.prefixes if number is not None and number.startswith(one)]
        return max(fits, key=len, default=None)

    def digits_of(self, key: str) -> int | None:
        """Return how many digits of a key are the company prefix, None if that is not known.

        A GTIN-8 has no company prefix; for it the standard sets eight digits, five of them zeros.

        Args:
            key: A key, or a bare GTIN of 8, 12, 13 or 14 digits.

        Source: EPC Tag Data Standard 2.3, section 7.3.2 (GTIN-8).
        """
        if _is_gtin_8(key):
            return GTIN_8_DIGITS
        prefix = self.prefix_of(key)
        return None if prefix is None else len(prefix)


def check_prefix(digits: str) -> str:
    """Return a company prefix if it is one.

    Raises:
        InvalidIdentifier: If it is not 6 to 12 decimal digits.

    Source: GS1 General Specifications, section 1.4.
    """
    if not (digits.isascii() and digits.isdigit() and DIGITS_MIN <= len(digits) <= DIGITS_MAX):
        raise InvalidIdentifier(
            f"Cannot use {digits[:40]!r} as a GS1 company prefix: "
            f"expected {DIGITS_MIN} to {DIGITS_MAX} digits, got {len(digits)} characters."
        )
    return digits


def epc_uri_of(key: str, prefixes: Prefixes) -> str:
    """Write a key as the ``urn:epc:`` name that partners exchange.

    Args:
        key: The ledger's key. A single thing becomes ``id``, a product with a lot ``class``, a
            product or type without a serial the pattern ``idpat`` that stands for all of them.
        prefixes: The company prefixes that are known.

    Raises:
        InvalidIdentifier: If the standard has no such name for the key, or its prefix is not known.

    Source: EPC Tag Data Standard 2.3, sections 6.3, 7 and 8.
    """
    if key.startswith("urn:epc:"):
        return key
    if not re.match(r"/[0-9]{2,4}/", key):
        raise InvalidIdentifier(
            f"Cannot write {key[:80]!r} as an EPC URI: expected a GS1 key, got a local name."
        )
    elements = parse_link(CANONICAL_HOST + key, but=_LENIENT)
    _refuse_not_worldwide(key, elements)
    digits = prefixes.digits_of(key)
    if digits is None:
        known = ", ".join(prefixes.prefixes) or "none is entered"
        raise InvalidIdentifier(
            f"Cannot write {key[:80]} as an EPC URI: expected a key that begins with a known "
            f"company prefix ({known})."
        )
    pattern = _pattern(elements, digits)
    return format_epc_uri(elements, digits) if pattern is None else pattern


def _company_number(key: str) -> str | None:
    """Return the part of a key that begins with its company prefix."""
    if not key.startswith("/"):
        return key.zfill(14)[1:] if key.isdigit() and len(key) in (8, 12, 13, 14) else None
    _, head, value, *_ = (*key.split("/", 3), "", "")
    if head in _LED:
        return value[1:]
    return value if head in _STRAIGHT else None


def _is_gtin_8(key: str) -> bool:
    is_gtin = not key.startswith("/") or key.startswith(("/01/", "/8006/"))
    number = _company_number(key)
    return is_gtin and number is not None and number.startswith("00000")


def _refuse_not_worldwide(key: str, elements: Elements) -> None:
    """Refuse numbers that may be used twice in the world: an EPC may not.

    Source: EPC Tag Data Standard 2.3, sections 7.3.3 to 7.3.7.
    """
    if elements[0][0] not in ("01", "8006"):
        return
    number = elements[0][1][1:13]
    is_own = number[5] in "02" if number.startswith("00000") else NOT_WORLDWIDE.match(number)
    if is_own:
        raise InvalidIdentifier(
            f"Cannot write {key[:80]} as an EPC URI: {elements[0][1]} is a number for use inside "
            "a company or a country, and another firm may use the same."
        )


def _pattern(elements: Elements, digits: int) -> str | None:
    """Return the pattern of a class; None if the elements name more than a class, or less."""
    values = dict(elements)
    head = elements[0][0]
    is_bare = not {"10", "21", "22", "235", "8011"} & values.keys()
    if head in ("01", "8006", "8010") and is_bare:
        filler = (("8011", "1"),) if head == "8010" else (("21", "1"),)
        name, parts = split_elements((*elements, *filler), digits)
    elif head in ("8003", "253", "255") and len(values[head]) == (14 if head == "8003" else 13):
        name, parts = split_elements(((head, values[head] + "1"),), digits)
    else:
        return None
    return f"urn:epc:idpat:{name}:" + ".".join((*map(escape_urn, parts[:-1]), "*"))
