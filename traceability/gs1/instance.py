"""One single garment, roll or carton, where a code that only says which product will not do.

>>> from traceability.gs1.identify import identify
>>> require_instance(identify("(01)09506000134352(21)A1")).key
'/01/09506000134352/21/A1'
"""

from traceability.errors import InvalidIdentifier
from traceability.gs1.identity import Identity, format_elements

_WANTED = {
    "01": "a serial number (21) with it",
    "8006": "a serial number (21) with it",
    "8010": "a serial number (8011) with it",
    "8003": "a serial number at its end",
    "253": "a serial number at its end",
    "255": "a serial number at its end",
}
# A document type or coupon without its serial has the same kind as one with it.
_BARE_LENGTHS = {"253": 13, "255": 13}


def require_instance(found: Identity) -> Identity:
    """Return the identity if it names one single thing.

    Args:
        found: Of any code.

    Raises:
        InvalidIdentifier: If it names a product, a batch or nothing at all; the sentence says
            what is missing.

    >>> from traceability.gs1.identify import identify
    >>> require_instance(identify("9506000134352"))
    Traceback (most recent call last):
    traceability.errors.InvalidIdentifier: Cannot tell one thing by (01)09506000134352, which \
names a product: expected a serial number (21) with it.
    """
    values = dict(reversed(found.ais))
    head = next((ai for ai in values if ai in _WANTED and _is_head(ai, found)), "")
    is_bare = len(values.get(head, "")) == _BARE_LENGTHS.get(head, -1)
    if found.kind not in ("class", "lot", "data") and not is_bare:
        return found
    shown = format_elements(found.ais) or found.key or "an empty code"
    if found.kind == "data":
        raise InvalidIdentifier(
            f"Cannot tell one thing by {shown}, which names none: expected a key such as (01) "
            "with (21), or (00)."
        )
    what = {"class": "a product", "lot": "a batch"}.get(found.kind, "a kind of paper")
    wanted = _WANTED.get(head, "a serial number")
    raise InvalidIdentifier(
        f"Cannot tell one thing by {shown}, which names {what}: expected {wanted}."
    )


def _is_head(ai: str, found: Identity) -> bool:
    return found.key is not None and found.key.startswith(f"/{ai}/")
