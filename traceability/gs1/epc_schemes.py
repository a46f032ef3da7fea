"""How many bits of a tag say what, for every tag scheme, as one table.

Source: EPC Tag Data Standard 2.3, sections 14.2 to 14.6 (and 1.13 for the schemes it dropped).

>>> BY_HEADER[0x30].name, BY_HEADER[0x30].bits
('SGTIN-96', 96)
"""

from dataclasses import dataclass

COMPANY = ((12, 40), (11, 37), (10, 34), (9, 30), (8, 27), (7, 24), (6, 20))
"""Digits and bits of the company prefix for partition 0 to 6."""

_ITEM = ((1, 4), (2, 7), (3, 10), (4, 14), (5, 17), (6, 20), (7, 24))
_SERIAL_REFERENCE = ((5, 18), (6, 21), (7, 24), (8, 28), (9, 31), (10, 34), (11, 38))
_LOCATION = ((0, 1), (1, 4), (2, 7), (3, 11), (4, 14), (5, 17), (6, 21))
_ASSET_TYPE = ((0, 4), (1, 7), (2, 10), (3, 14), (4, 17), (5, 20), (6, 24))
_ASSET_96 = ((13, 42), (14, 45), (15, 48), (16, 52), (17, 55), (18, 58), (19, 62))
_ASSET_202 = ((18, 148), (19, 151), (20, 154), (21, 158), (22, 161), (23, 164), (24, 168))
_COMPONENT_96 = ((3, 11), (4, 14), (5, 17), (6, 21), (7, 24), (8, 27), (9, 31))
_COMPONENT_VAR = ((18, 114), (19, 120), (20, 126), (21, 132), (22, 138), (23, 144), (24, 150))


@dataclass(frozen=True, slots=True)
class Scheme:
    """One binary EPC scheme: header 8 bits, filter 3, partition 3, company, reference, tail."""

    header: int
    name: str
    uri: str
    """Scheme name in ``urn:epc:id:``."""
    bits: int
    """Total length; 0 if it varies."""
    reference: tuple[tuple[int, int], ...] = ()
    """Digits (or characters) and bits of the second field, for partition 0 to 6."""
    reference_form: str = "digits"
    """``digits`` padded, ``number`` without leading zeros, ``text7``, ``text6``."""
    tail: tuple[tuple[str, int], ...] = ()
    """Form and bits of what follows: ``number``, ``text7``, ``digits2``, ``marked``, ``zero``."""
    is_partitioned: bool = True
    """False for the three schemes with a layout of their own (GID, USDOD, ADI) and for ``+``."""
    carries: tuple[str, ...] = ()
    """AIs of a ``+`` scheme, in their order; none for the classic ones."""
    has_date: bool = False
    """A date stands in front of the AIs."""
    has_host: bool = False
    """A host name stands behind the AIs, as in all ``++`` schemes."""


_N38 = (("number", 38),)
_N41 = (("number", 41),)
_ZERO24 = (("zero", 24),)
_PIECES = (("digits2", 7), ("digits2", 7))

SCHEMES = (
    Scheme(0x2C, "GDTI-96", "gdti", 96, _LOCATION, tail=_N41),
    Scheme(0x2D, "GSRN-96", "gsrn", 96, _SERIAL_REFERENCE, tail=_ZERO24),
    Scheme(0x2E, "GSRNP-96", "gsrnp", 96, _SERIAL_REFERENCE, tail=_ZERO24),
    Scheme(0x2F, "USDOD-96", "usdod", 96, is_partitioned=False),
    Scheme(0x30, "SGTIN-96", "sgtin", 96, _ITEM, tail=_N38),
    Scheme(0x31, "SSCC-96", "sscc", 96, _SERIAL_REFERENCE, tail=_ZERO24),
    Scheme(0x32, "SGLN-96", "sgln", 96, _LOCATION, tail=_N41),
    Scheme(0x33, "GRAI-96", "grai", 96, _ASSET_TYPE, tail=_N38),
    Scheme(0x34, "GIAI-96", "giai", 96, _ASSET_96, "number"),
    Scheme(0x35, "GID-96", "gid", 96, is_partitioned=False),
    Scheme(0x36, "SGTIN-198", "sgtin", 198, _ITEM, tail=(("text7", 140),)),
    Scheme(0x37, "GRAI-170", "grai", 170, _ASSET_TYPE, tail=(("text7", 112),)),
    Scheme(0x38, "GIAI-202", "giai", 202, _ASSET_202, "text7"),
    Scheme(0x39, "SGLN-195", "sgln", 195, _LOCATION, tail=(("text7", 140),)),
    Scheme(0x3A, "GDTI-113", "gdti", 113, _LOCATION, tail=(("marked", 58),)),
    Scheme(0x3B, "ADI-var", "adi", 0, is_partitioned=False),
    Scheme(0x3C, "CPI-96", "cpi", 96, _COMPONENT_96, "number", tail=(("number", 31),)),
    Scheme(0x3D, "CPI-var", "cpi", 0, _COMPONENT_VAR, "text6", tail=(("number", 40),)),
    Scheme(0x3E, "GDTI-174", "gdti", 174, _LOCATION, tail=(("text7", 119),)),
    Scheme(0x3F, "SGCN-96", "sgcn", 96, _LOCATION, tail=(("marked", 41),)),
    Scheme(0x40, "ITIP-110", "itip", 110, _ITEM, tail=(*_PIECES, *_N38)),
    Scheme(0x41, "ITIP-212", "itip", 212, _ITEM, tail=(*_PIECES, ("text7", 140))),
)
"""The classic schemes, each with an EPC URI."""

_PLUS_ROWS = (
    ("CPI", 0xF0, 0xE6, ("8010", "8011")),
    ("GRAI", 0xF1, 0xEB, ("8003",)),
    ("SGLN", 0xF2, 0xE9, ("414", "254")),
    ("ITIP", 0xF3, 0xED, ("8006", "21")),
    ("GSRN", 0xF4, 0xE7, ("8018",)),
    ("GSRNP", 0xF5, 0xE8, ("8017",)),
    ("GDTI", 0xF6, 0xEA, ("253",)),
    ("SGTIN", 0xF7, 0xFD, ("01", "21")),
    ("SGCN", 0xF8, 0xEC, ("255",)),
    ("SSCC", 0xF9, 0xEF, ("00",)),
    ("GIAI", 0xFA, 0xEE, ("8004",)),
    ("DSGTIN", 0xFB, 0xFC, ("01", "21")),
)


def _plus(key: str, header: int, ais: tuple[str, ...], suffix: str) -> Scheme:
    return Scheme(
        header, key + suffix, "", 0, is_partitioned=False, carries=ais,
        has_date=key == "DSGTIN", has_host=suffix == "++",
    )  # fmt: skip


PLUS_SCHEMES = tuple(
    _plus(key, header, ais, suffix)
    for key, plus, plus_plus, ais in _PLUS_ROWS
    for header, suffix in ((plus, "+"), (plus_plus, "++"))
)
"""The schemes of EPC Tag Data Standard 2.0 and later, which have no EPC URI."""

BY_HEADER = {scheme.header: scheme for scheme in (*SCHEMES, *PLUS_SCHEMES)}
BY_NAME = {scheme.name.lower(): scheme for scheme in SCHEMES}
PLUS_BY_NAME = {scheme.name.lower(): scheme for scheme in PLUS_SCHEMES}
