"""What the factory's printer puts on things: check digits, barcode texts, the bits in a tag.

The simulation writes its own tags instead of asking the part that reads them, so that a mistake
in reading cannot hide behind the same mistake in writing.

>>> gtin("9521141", 1)
'09521141000014'
>>> sgtin_tag("09521141000014", 7, 1).hex()
'3036451fd400004000000001'
"""

from __future__ import annotations

__all__ = [
    "carton_scan",
    "ean_scan",
    "garment_scan",
    "gln",
    "gtin",
    "local_scan",
    "roll_scan",
    "sgtin_tag",
    "sscc",
    "sscc_tag",
    "with_check_digit",
]

# Bits of the company prefix and of what follows it, by number of prefix digits 6 to 12.
# Source: GS1 EPC Tag Data Standard 2.3, tables 14-2 (SGTIN) and 14-5 (SSCC).
_PARTITION = {12: 0, 11: 1, 10: 2, 9: 3, 8: 4, 7: 5, 6: 6}
_COMPANY_BITS = (40, 37, 34, 30, 27, 24, 20)

Scan = tuple[str, str]
"""A text as printed and the AIM identifier that a scanner puts before it."""


def with_check_digit(digits: str) -> str:
    """Append the GS1 mod-10 check digit.

    Source: GS1 General Specifications, section 7.9.1.

    >>> with_check_digit("952114100001")
    '9521141000014'
    """
    weighted = sum(int(d) * (3, 1)[i % 2] for i, d in enumerate(reversed(digits)))
    return f"{digits}{-weighted % 10}"


def gtin(company: str, item: int) -> str:
    """Make the 14-digit GTIN of a product: indicator 0, company prefix, item number."""
    return with_check_digit(f"0{company}{item:0{12 - len(company)}d}")


def gln(company: str, location: int) -> str:
    """Make the 13-digit GLN of a place."""
    return with_check_digit(f"{company}{location:0{12 - len(company)}d}")


def sscc(company: str, number: int) -> str:
    """Make the 18-digit SSCC of a carton: extension digit 0.

    >>> sscc("9521141", 31)
    '095211410000000311'
    """
    return with_check_digit(f"0{company}{number:0{16 - len(company)}d}")


def sgtin_tag(gtin14: str, company_digits: int, serial: int, *, value_filter: int = 1) -> bytes:
    """Write the SGTIN-96 that the tag of one garment carries.

    Args:
        gtin14: 14 digits.
        company_digits: How many of them are the company prefix, 6 to 12.
        serial: 0 to 2³⁸ - 1.
        value_filter: 1 = item for the point of sale.

    Source: GS1 EPC Tag Data Standard 2.3, section 14.6.1.
    """
    partition = _PARTITION[company_digits]
    company_bits = _COMPANY_BITS[partition]
    company = int(gtin14[1 : 1 + company_digits])
    item = int(gtin14[0] + gtin14[1 + company_digits : 13])
    bits = (0x30 << 3 | value_filter) << 3 | partition
    bits = ((bits << company_bits | company) << (44 - company_bits) | item) << 38 | serial
    return bits.to_bytes(12, "big")


def sscc_tag(sscc18: str, company_digits: int, *, value_filter: int = 2) -> bytes:
    """Write the SSCC-96 that the label of one carton carries (filter 2 = full case).

    Source: GS1 EPC Tag Data Standard 2.3, section 14.6.2.

    >>> sscc_tag("095211410000000311", 7).hex()
    '3156451fd40000001f000000'
    """
    partition = _PARTITION[company_digits]
    company_bits = _COMPANY_BITS[partition]
    company = int(sscc18[1 : 1 + company_digits])
    serial = int(sscc18[0] + sscc18[1 + company_digits : 17])
    bits = (0x31 << 3 | value_filter) << 3 | partition
    bits = ((bits << company_bits | company) << (58 - company_bits) | serial) << 24
    return bits.to_bytes(12, "big")


def roll_scan(gtin14: str, lot: str) -> Scan:
    """Read a roll's GS1-128 label: (01) product, (10) the roll's number as its lot."""
    return f"01{gtin14}10{lot}", "]C1"


def garment_scan(gtin14: str, serial: str) -> Scan:
    """Read a hang-tag's GS1 DataMatrix: (01) product, (21) serial."""
    return f"01{gtin14}21{serial}", "]d2"


def carton_scan(sscc18: str) -> Scan:
    """Read a carton's GS1-128 label: (00)."""
    return f"00{sscc18}", "]C1"


def local_scan(name: str) -> Scan:
    """Read the workshop's own Code 128: a ticket, a carton with a name of its own."""
    return name, "]C0"


def ean_scan(gtin14: str) -> Scan:
    """Read the EAN-13 of a product that is not ours."""
    return gtin14[1:], "]E0"
