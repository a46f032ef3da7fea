"""The tables of others, rules: every component check, and every row of the Syntax Dictionary."""

from __future__ import annotations

import re

import pytest

from tests import vectors
from tests.gs1.vector_tables import table
from traceability.gs1.ai_table import UNCHECKED
from traceability.gs1.application_identifiers import AIS, ApplicationIdentifier, Part
from traceability.gs1.syntax_checks import NAMES, check_piece

pytestmark = pytest.mark.vectors

# The dictionary's names of checks and ours.
CHECKS = {
    "csum": "check", "csumalpha": "pair", "gcppos1": "prefix1", "gcppos2": "prefix2",
    "hasnondigit": "nondigit", "hh": "hh", "hhmi": "hhmm", "hyphen": "minus", "iban": "iban",
    "importeridx": "importer", "iso3166": "country", "iso3166999": "country999",
    "iso3166alpha2": "country2", "iso4217": "currency", "iso5218": "sex",
    "latitude": "latitude", "longitude": "longitude", "mediatype": "media", "mi": "mm",
    "nonzero": "nonzero", "nozeroprefix": "nozero", "packagetype": "package",
    "pcenc": "percent", "pieceoftotal": "pieces", "posinseqslash": "sequence", "ss": "ss",
    "winding": "winding", "yesno": "yesno", "yymmd0": "date0", "yymmdd": "date",
    "yyyymmdd": "date4", "zero": "zero",
}  # fmt: skip
# Two checks are known and not made: coupons of one country's grocery trade.
LEFT_OUT = {"couponcode", "couponposoffer"}
_LINE = re.compile(
    r"(?P<ais>\d+)(?:-(?P<last>\d+))?\s+(?P<flags>[*?]*)\s*(?P<rest>[NXYZ].*?|\[.*?)\s*(?:#.*)?\Z"
)
_PIECE = re.compile(r"(\[)?([NXYZ])(\.\.)?(\d+)\]?((?:,\w+)*)\Z")


def test_component_checks() -> None:
    rows = table("linters")
    wrong = [
        row for row in rows if (check_piece(row["linter"], row["data"]) is None) != row["valid"]
    ]
    assert wrong == []


def test_component_checks_name_the_place_of_a_wrong_character() -> None:
    # Where only the length is wrong, the whole piece is marked there and its end here.
    placed = [
        row
        for row in table("linters")
        if not row["valid"] and "CHARACTER" in row["error"] and row["data"]
    ]
    for row in placed:
        fault = check_piece(row["linter"], row["data"])
        assert fault is not None
        if row["linter"] != "importeridx" or len(row["data"]) == 1:
            assert fault[0] == row["marked"].index("*"), row
    assert len(placed) > 100


def part_of(piece: str) -> tuple[Part, set[str]]:
    """Return a component as the dictionary spells it, in our terms, and the checks left out."""
    match = _PIECE.match(piece)
    assert match is not None, piece
    optional, alphabet, variable, length, checks = match.groups()
    names = [name for name in checks.split(",") if name]
    ours = [CHECKS[name] for name in names if name not in LEFT_OUT]
    if alphabet == "Z":
        ours.append("padding")  # The dictionary's type Z says so by itself.
    shortest = 1 if variable else int(length)
    left_out = LEFT_OUT & set(names)
    return Part(alphabet, shortest, int(length), tuple(ours), bool(optional)), left_out


def test_the_table_of_ais_is_the_syntax_dictionary_row_by_row() -> None:
    found: dict[str, ApplicationIdentifier] = {}
    unchecked: set[str] = set()
    for line in vectors.path("gs1/gs1-syntax-dictionary.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        assert match is not None, line
        words = match["rest"].split()
        attributes = [word for word in words if re.match(r"(req|ex|dlpkey)\b", word)]
        pieces = [part_of(word) for word in words if word not in attributes]
        parts = tuple(part for part, _ in pieces)
        needs = [word[4:] for word in attributes if word.startswith("req=")]
        forbids = [word[3:] for word in attributes if word.startswith("ex=")]
        keys = [word[7:] for word in attributes if word.startswith("dlpkey")]
        assert len(needs) <= 1, "two groups of companions would have to be held both"
        for number in range(int(match["ais"]), int(match["last"] or match["ais"]) + 1):
            ai = f"{number:0{len(match['ais'])}d}"
            if any(left_out for _, left_out in pieces):
                unchecked.add(ai)
            found[ai] = ApplicationIdentifier(
                ai=ai,
                is_fixed="*" in match["flags"],
                is_attribute="?" in match["flags"],
                parts=parts,
                needs=tuple(tuple(group.split("+")) for one in needs for group in one.split(",")),
                forbids=tuple(ai for one in forbids for ai in one.split(",")),
                path=tuple(
                    tuple(s for s in sequence.split(",") if s) for sequence in keys[0].split("|")
                )
                if keys
                else None,
                length_max=sum(part.length_max for part in parts),
            )
    assert sorted(AIS) == sorted(found)
    assert [ai for ai in found if AIS[ai] != found[ai]] == []
    assert unchecked == set(UNCHECKED)


def test_every_check_of_the_dictionary_is_there() -> None:
    assert set(CHECKS) <= set(NAMES)
    assert not LEFT_OUT & set(NAMES)
