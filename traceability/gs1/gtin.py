"""The article number under the bars of a price tag, in the lengths that printers and tills use.

Inside Hangtag it always has 14 digits; the shorter ones are the same number with zeros left away.

>>> parse_gtin("96385074"), format_gtin("00000096385074", 8)
('00000096385074', '96385074')
>>> expand_upc_e("04252614"), shorten_upc_a("042100005264")
('042100005264', '04252614')
"""

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS
from traceability.gs1.check_digit import check_digit

LENGTHS = (8, 12, 13, 14)
"""Digits that a GTIN is printed with: EAN-8, UPC-A, EAN-13, ITF-14."""


def _refuse_other_than_digits(text: str, what: str) -> None:
    wrong = next((i for i, c in enumerate(text) if c not in "0123456789"), None)
    if wrong is not None:
        raise InvalidIdentifier(
            f"Cannot read {text[:40]!r} as {what}: expected digits, got {text[wrong]!r}.", wrong
        )


def parse_gtin(text: str) -> str:
    """Return the 14 digits of a GTIN that is printed with 8, 12, 13 or 14.

    Raises:
        InvalidIdentifier: If it has another length, or the check digit is wrong.

    Source: GS1 General Specifications, section 3.3.2.
    """
    _refuse_other_than_digits(text, "GTIN")
    if len(text) not in LENGTHS:
        raise InvalidIdentifier(
            f"Cannot read {text[:40]!r} as GTIN: expected 8, 12, 13 or 14 digits, got {len(text)}.",
            min(len(text), 14),
        )
    gtin = text.zfill(14)
    AIS["01"].check(gtin, len(text) - 14)
    return gtin


def format_gtin(gtin: str, length: int) -> str:
    """Write a GTIN with fewer digits, as a symbol of that length carries it.

    Args:
        gtin: 14 digits.
        length: 8, 12, 13 or 14.

    Raises:
        InvalidIdentifier: If the digits to be left away are not all zeros.
        ValueError: If no symbol has that length.
    """
    if length not in LENGTHS:
        raise ValueError(f"Cannot write a GTIN of {length} digits: expected 8, 12, 13 or 14.")
    head = gtin[: 14 - length]
    if head.strip("0"):
        raise InvalidIdentifier(
            f"Cannot write {gtin} as GTIN-{length}: expected {14 - length} zeros in front, "
            f"got {head}."
        )
    return gtin[14 - length :]


def expand_upc_e(text: str) -> str:
    """Return the 12 digits of a UPC-A that a UPC-E leaves zeros out of.

    Args:
        text: 6 digits as printed between the guards, 7 with the number system in front, or 8
            with the check digit too.

    Raises:
        InvalidIdentifier: If it has another length, its number system is not 0 or 1, or the
            check digit is wrong.

    Source: GS1 General Specifications, section 5.2.2.4 (UPC-E: zero suppression).
    """
    _refuse_other_than_digits(text, "UPC-E")
    if len(text) not in (6, 7, 8):
        raise InvalidIdentifier(
            f"Cannot read {text[:40]!r} as UPC-E: expected 6, 7 or 8 digits, got {len(text)}.",
            min(len(text), 8),
        )
    system, body = ("0", text) if len(text) == 6 else (text[0], text[1:7])
    if system not in "01":
        raise InvalidIdentifier(
            f"Cannot read {text!r} as UPC-E: expected number system 0 or 1, got {system}."
        )
    last = body[5]
    if last in "012":
        digits = body[:2] + last + "0000" + body[2:5]
    elif last == "3":
        digits = body[:3] + "00000" + body[3:5]
    elif last == "4":
        digits = body[:4] + "00000" + body[4]
    else:
        digits = body[:5] + "0000" + last
    digits = system + digits
    expected = str(check_digit(digits))
    if len(text) == 8 and text[7] != expected:
        raise InvalidIdentifier(
            f"Cannot read {text!r} as UPC-E: expected check digit {expected}, got {text[7]!r}.", 7
        )
    return digits + expected


def shorten_upc_a(text: str) -> str:
    """Return the 8 digits of the UPC-E that carries a UPC-A.

    Raises:
        InvalidIdentifier: If it is no UPC-A, or has not the zeros that a UPC-E leaves out.

    Source: GS1 General Specifications, section 5.2.2.4.
    """
    _refuse_other_than_digits(text, "UPC-A")
    if len(text) == 12:
        parse_gtin(text)
        system, maker, item = text[0], text[1:6], text[6:11]
        for body in (
            maker[:2] + item[2:] + maker[2],
            maker[:3] + item[3:] + "3",
            maker[:4] + item[4] + "4",
            maker + item[4],
        ):
            short = system + body + text[11]
            try:
                if expand_upc_e(short) == text:
                    return short
            except InvalidIdentifier:
                continue
    raise InvalidIdentifier(
        f"Cannot write {text[:40]!r} as UPC-E: expected 12 digits of number system 0 or 1 with "
        "the zeros that a UPC-E leaves out."
    )
