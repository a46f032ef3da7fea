"""What a chip is to carry: the shortest scheme that says the whole truth about a thing.

>>> from traceability.gs1 import identify
>>> garment = identify("(01)09506000134352(21)123")
>>> tag_of(garment, Prefixes(("9506000",))).hex().upper()
'30364433400D1EC00000007B'
>>> tag_of(garment, Prefixes()).hex().upper()
'F7109506000134352031EC00'
"""

from __future__ import annotations

from traceability.errors import InvalidIdentifier
from traceability.gs1.company import Prefixes
from traceability.gs1.epc_bits import encode_tag
from traceability.gs1.identity import Elements, Identity, format_elements, format_key

__all__ = ["FILTERS", "filter_of", "tag_of"]

FILTERS = {
    "garment": 1,
    "case": 2,
    "carton": 2,
    "pack": 4,
    "pallet": 6,
    "part": 7,
    "roll": 0,
}
"""Filter value of a tag by what the thing is (EPC Tag Data Standard 2.3, section 10)."""

# By the AIs that name a single thing: the schemes that need a company prefix, then the one that
# needs none.
_SCHEMES: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("01", "21"), ("SGTIN-96", "SGTIN-198"), "SGTIN+"),
    (("8006", "21"), ("ITIP-110", "ITIP-212"), "ITIP+"),
    (("8010", "8011"), ("CPI-96", "CPI-VAR"), "CPI+"),
    (("00",), ("SSCC-96",), "SSCC+"),
    (("414", "254"), ("SGLN-96", "SGLN-195"), "SGLN+"),
    (("414",), ("SGLN-96",), "SGLN+"),
    (("8003",), ("GRAI-96", "GRAI-170"), "GRAI+"),
    (("8004",), ("GIAI-96", "GIAI-202"), "GIAI+"),
    (("8018",), ("GSRN-96",), "GSRN+"),
    (("8017",), ("GSRNP-96",), "GSRNP+"),
    (("253",), ("GDTI-96", "GDTI-174"), "GDTI+"),
    (("255",), ("SGCN-96",), "SGCN+"),
)


def filter_of(key: str) -> int:
    """Return the filter value that fits a key, if nobody says what the thing is.

    A single piece is for sale (1), a product number with an indicator of 1 to 8 is a case of them
    (2), an SSCC is a carton (2); places, boxes and machines have none.

    >>> filter_of("/01/09506000134352/21/1"), filter_of("/01/19506000134359/21/1")
    (1, 2)
    >>> filter_of("/00/106141412345678908"), filter_of("/8003/00614141123452A")
    (2, 0)
    """
    if key.startswith("/01/"):
        return FILTERS["garment"] if key[4:5] == "0" else FILTERS["case"]
    return FILTERS["carton"] if key.startswith("/00/") else 0


def tag_of(
    identity: Identity | Elements,
    prefixes: Prefixes,
    filter_value: int | None = None,
    *,
    bits_max: int = 512,
) -> bytes:
    """Return the EPC bank, from bit 20h on, for the chip of a single thing.

    A classic scheme of 96 bits is taken where the company prefix is known and the serial is a
    number that fits, else a longer classic one, else the ``+`` scheme, which needs no prefix.

    Args:
        identity: A thing in any form, or its checked AIs; what only describes it is left out.
        prefixes: The company prefixes that are known; none is fine.
        filter_value: 0 to 7; None: the one that `filter_of` finds.
        bits_max: Bits that the chip has for its EPC; longer schemes are passed over.

    Raises:
        InvalidIdentifier: If it is no single thing with a GS1 key, or no scheme holds it.

    Source: EPC Tag Data Standard 2.3, sections 10, 14 and 15.
    """
    elements = identity.ais if isinstance(identity, Identity) else identity
    values = dict(reversed(elements))
    found = next((one for one in _SCHEMES if all(ai in values for ai in one[0])), None)
    key = format_key(elements) if elements else None
    if found is None or key is None:
        shown = _shown(identity)
        raise InvalidIdentifier(
            f"Cannot write {shown} into a chip: expected a single thing with a GS1 key and its "
            "serial; what has none is bound to the chip that it wears."
        )
    ais, classic, plus = found
    carried = tuple((ai, values[ai]) for ai in ais if (ai, values[ai]) != ("254", "0"))
    filter_value = filter_of(key) if filter_value is None else filter_value
    digits = prefixes.digits_of(key)
    reason: InvalidIdentifier | None = None
    for name in (*(classic if digits is not None else ()), plus):
        try:
            made = encode_tag(name, filter_value, carried, company_digits=digits)
        except InvalidIdentifier as error:
            reason = error
            continue
        if 8 * len(made) <= bits_max:
            return made
        reason = InvalidIdentifier(
            f"Cannot write {format_elements(carried)} into this chip: {name} needs "
            f"{8 * len(made)} bits, expected at most {bits_max}."
        )
    assert reason is not None, "one scheme at least was tried"
    raise reason


def _shown(identity: Identity | Elements) -> str:
    if isinstance(identity, Identity):
        return repr(identity.key or identity.element_string or "")[:80]
    return repr(format_elements(identity))[:80]
