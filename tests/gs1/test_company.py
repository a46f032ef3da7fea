"""Company prefixes: found by the longest, needed for URNs alone, and a GTIN-8 has none."""

from __future__ import annotations

from typing import Any

import pytest

from tests import vectors
from tests.golden.tables import rows
from traceability.errors import InvalidIdentifier
from traceability.gs1 import identify, key_of
from traceability.gs1.company import Prefixes, check_prefix, epc_uri_of

OURS = Prefixes(("9506000", "614141", "950600099999"))


def test_the_longest_prefix_that_fits_is_the_owner() -> None:
    both = Prefixes(("9506000", "950600013435"))
    assert both.prefix_of("/01/09506000134352") == "950600013435"
    assert both.prefix_of("/01/09506000134369") == "9506000"
    assert both.digits_of("/01/04012345678901") is None


@pytest.mark.parametrize(
    ("key", "digits"),
    [
        ("/01/09506000134352", 7),
        ("/01/19506000134359/21/1", 7),
        ("09506000134352", 7),
        ("9506000134352", 7),
        ("/00/095060000000000017", 7),
        ("/00/395060000000000018", 7),
        ("/414/9506000111117/254/7", 7),
        ("/8003/09506000111117A1", 7),
        ("/8004/9506000A-1", 7),
        ("/8010/9506000TICKET/8011/5", 7),
        ("/8018/950600012345678907", 7),
        ("/417/9506000111117", 7),
        ("//w.invalid/obj/9506000", None),
        ("urn:epc:raw:96.x00", None),
        ("A-17", None),
    ],
)
def test_a_prefix_is_found_where_its_key_has_it(key: str, digits: int | None) -> None:
    assert OURS.digits_of(key) == digits


@pytest.mark.parametrize("row", rows("gs1_company.jsonl"), ids=lambda row: row["key"])
def test_every_key_of_our_table_is_written_as_its_standard_says(row: dict[str, Any]) -> None:
    prefixes = Prefixes((row["prefix"],) if row["prefix"] else ())
    assert epc_uri_of(row["key"], prefixes) == row["uri"]


@pytest.mark.parametrize(
    "row", [row for row in rows("gs1_company.jsonl") if ":idpat:" not in row["uri"]],
    ids=lambda row: row["uri"],
)  # fmt: skip
def test_what_is_written_is_read_as_the_same_key(row: dict[str, Any]) -> None:
    assert key_of(row["uri"]) == row["key"]


NOBODYS = ":00000000000.00."
"""A made-up product of zeros alone: read as a GTIN-8 it is a number for use inside a company."""


@pytest.mark.vectors
def test_every_pair_of_the_table_is_exported() -> None:
    pairs = vectors.rows("gs1/epc_key_pairs.json")[0]["vectors"]
    assert len(pairs) > 50
    wrong = []
    for row in pairs:
        uri = row["pure_identity"]
        key, prefix = identify(uri).key, uri.split(":", 4)[4].split(".")[0]
        assert key is not None
        is_gs1 = key.startswith("/")
        if NOBODYS in uri:
            with pytest.raises(InvalidIdentifier, match="for use inside a company"):
                epc_uri_of(key, Prefixes((prefix,)))
            continue
        made = epc_uri_of(key, Prefixes((prefix,) if is_gs1 else ()))
        if made != uri or (is_gs1 and len(prefix) != row["company_prefix_length"]):
            wrong.append((uri, made))
    assert wrong == []


LOCAL = "expected a GS1 key, got a local name."
FOREIGN = "expected a key that begins with a known company prefix"
NOT_ONE = "is a number for use inside a company or a country, and another firm may use the same."


@pytest.mark.parametrize(
    ("key", "prefixes", "end"),
    [
        ("//w.invalid/obj/B-1", OURS, LOCAL),
        (
            "/01/04012345678901/21/1",
            OURS,
            f"{FOREIGN} (9506000, 614141, 950600099999).",
        ),
        ("/01/09506000134352/21/1", Prefixes(), f"{FOREIGN} (none is entered)."),
        ("/01/02012345678903/21/1", Prefixes(("201234",)), f"02012345678903 {NOT_ONE}"),
        ("/01/00000020123451/21/1", Prefixes(), f"00000020123451 {NOT_ONE}"),
    ],
)
def test_what_has_no_such_name_is_refused_in_one_sentence(
    key: str, prefixes: Prefixes, end: str
) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        epc_uri_of(key, prefixes)
    shown = repr(key) if key.startswith("//") else key
    assert str(refused.value) == f"Cannot write {shown} as an EPC URI: {end}"


def test_a_variant_has_no_epc_name() -> None:
    with pytest.raises(InvalidIdentifier, match="expected a serialised GS1 key"):
        epc_uri_of("/01/09506000134352/22/2A", OURS)


@pytest.mark.parametrize("given", ["", "12345", "1234567890123", "95O6000", "９５０６０００"])
def test_what_is_no_prefix_is_refused(given: str) -> None:
    with pytest.raises(InvalidIdentifier, match="expected 6 to 12 digits, got"):
        check_prefix(given)
    with pytest.raises(InvalidIdentifier):
        Prefixes(("9506000", given))


def test_a_name_that_is_an_epc_uri_already_stays() -> None:
    raw = "urn:epc:raw:96.x111111111111111111111111"
    assert epc_uri_of(raw, Prefixes()) == raw
