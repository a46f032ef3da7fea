"""One small check on one piece of a label, by the name that GS1's Syntax Dictionary gives it.

>>> check_piece("yymmd0", "270200") is None
True
>>> check_piece("yymmdd", "270230")
(4, 'a day of that month, 01 to 28')
>>> check_piece("iso4217", "EUR")
(0, 'a digit')
"""

from traceability.gs1.components import CHECKS, SET_39, SET_64, SET_82, Fault

_DIGITS = "0123456789"
_ANY = 99

# For each name: alphabet, shortest and longest length, our own check. Names that only say which
# characters may stand there take an empty text; all others need something to look at.
_PIECES: dict[str, tuple[str, int, int, str | None]] = {
    "cset39": (SET_39, 0, _ANY, None),
    "cset64": (SET_64 + "=", 0, _ANY, "padding"),
    "cset82": (SET_82, 0, _ANY, None),
    "csetnumeric": (_DIGITS, 0, _ANY, None),
    "csum": (_DIGITS, 2, 18, "check"),
    "csumalpha": (SET_82, 3, _ANY, "pair"),
    "gcppos1": (SET_82, 1, _ANY, "prefix1"),
    "gcppos2": (SET_82, 1, _ANY, "prefix2"),
    "hasnondigit": (SET_82, 1, _ANY, "nondigit"),
    "hh": (_DIGITS, 2, 2, "hh"),
    "hhmi": (_DIGITS, 4, 4, "hhmm"),
    "hyphen": (SET_82, 1, _ANY, "minus"),
    "iban": (SET_82, 1, 34, "iban"),
    "importeridx": (SET_64, 1, 1, "importer"),
    "iso3166": (_DIGITS, 3, 3, "country"),
    "iso3166999": (_DIGITS, 3, 3, "country999"),
    "iso3166alpha2": (SET_82, 2, 2, "country2"),
    "iso4217": (_DIGITS, 3, 3, "currency"),
    "iso5218": (_DIGITS, 1, 1, "sex"),
    "latitude": (_DIGITS, 10, 10, "latitude"),
    "longitude": (_DIGITS, 10, 10, "longitude"),
    "mediatype": (_DIGITS, 2, 2, "media"),
    "mi": (_DIGITS, 2, 2, "mm"),
    "nonzero": (_DIGITS, 1, _ANY, "nonzero"),
    "nozeroprefix": (_DIGITS, 0, _ANY, "nozero"),
    "packagetype": (SET_82, 1, 4, "package"),
    "pcenc": (SET_82, 0, _ANY, "percent"),
    "pieceoftotal": (_DIGITS, 2, _ANY, "pieces"),
    "posinseqslash": (SET_82, 1, _ANY, "sequence"),
    "ss": (_DIGITS, 2, 2, "ss"),
    "winding": (_DIGITS, 1, 1, "winding"),
    "yesno": (_DIGITS, 1, 1, "yesno"),
    "yymmd0": (_DIGITS, 6, 6, "date0"),
    "yymmdd": (_DIGITS, 6, 6, "date"),
    "yyyymmd0": (_DIGITS, 8, 8, "date40"),
    "yyyymmdd": (_DIGITS, 8, 8, "date4"),
    "zero": (_DIGITS, 1, _ANY, "zero"),
}

NAMES = tuple(_PIECES)
"""The checks by their names in the Syntax Dictionary; the two for coupons are not among them."""


def check_piece(name: str, text: str) -> Fault | None:
    """Tell whether a piece of an element passes a check of the Syntax Dictionary.

    Args:
        name: One of `NAMES`, such as ``csum`` or ``iso3166``.
        text: The piece as it stands on the label.

    Returns:
        None if it passes; else the place of the first wrong character and what was expected.

    Raises:
        KeyError: If there is no such check.

    Source: GS1 Barcode Syntax Dictionary, its list of checks.
    """
    alphabet, low, high, check = _PIECES[name]
    wrong = next((i for i, c in enumerate(text) if c not in alphabet), None)
    if wrong is not None and wrong < high:
        return wrong, "a digit" if alphabet == _DIGITS else "a character that may stand there"
    if not low <= len(text) <= high:
        return min(len(text), high), f"{low} to {high} characters" if low != high else f"{low}"
    if name == "pieceoftotal" and len(text) % 2:
        return len(text), "as many digits for the piece as for the total"
    return CHECKS[check](text) if check is not None and text else None
