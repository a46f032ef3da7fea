"""The tables of others, texts: every row of the standard's examples and of other programs' tests.

No row waits. A row that we hold to be wrong is named by a rule with its reason and counted.
"""

from __future__ import annotations

from functools import partial

import pytest

from tests.gs1.vector_tables import Row, outcome, table, told
from traceability.gs1 import InvalidIdentifier, identify, key_of
from traceability.gs1.check_digit import is_checked
from traceability.gs1.digital_link import canonical_link, parse_link, read_link
from traceability.gs1.element_string import parse_brackets
from traceability.gs1.epc_uri import format_epc_uri, parse_epc_uri
from traceability.gs1.identity import CANONICAL_HOST, format_elements, format_link
from traceability.gs1.scanner import scan_of

__all__ = ["Row", "table"]

pytestmark = pytest.mark.vectors

# What a row's profile permits, in our words.
PERMITS = {
    "default": (),
    "no-requisite-check": ("missing-companions",),
    "permit-unknown-ais": ("unknown-ais", "missing-companions"),
    "permit-zero-suppressed-gtin": ("short-gtin",),
}


def identified(row: Row, text: str, form: str, fnc1: str | None = None) -> str | None:
    """Return the element string of what a text is, None if it is refused."""
    try:
        return identify(text, form=form, fnc1=fnc1, permit=PERMITS[row["profile"]]).element_string
    except InvalidIdentifier:
        return None


def test_element_strings() -> None:
    for row in table("element_strings"):
        read = identified(row, row["element_string"], "element")
        assert read == (row["element_string"] if row["valid"] else None), row


def test_element_strings_as_messages() -> None:
    # (89) is no number that GS1 has assigned; without brackets its length cannot be known.
    for row in table("element_strings"):
        if row["valid"] and row["raw"] and row["profile"] != "permit-unknown-ais":
            read = identified(row, row["raw"], "message", "^")
            assert read == row["element_string"], row


def test_raw_messages() -> None:
    for row in table("raw_messages"):
        assert identified(row, row["raw"], "message", "^") == told(row), row


def test_digital_links_are_parsed() -> None:
    for row in table("digital_link_parse"):
        short = "short-gtin" in PERMITS[row["profile"]]
        unknown = "unknown-ais" in PERMITS[row["profile"]]
        read = partial(parse_link, row["uri"], permit_short_gtin=short, permit_unknown=unknown)
        assert outcome(read) == told(row), row
        assert identified(row, row["uri"], "link") == told(row), row


def test_digital_links_are_messages_too() -> None:
    for row in table("digital_link_parse"):
        if row["valid"]:
            message = identify(row["raw"], form="message", fnc1="^", permit=("missing-companions",))
            assert message.element_string == told(row), row
            assert message.key == key_of(row["uri"]), row


def test_digital_links_are_built() -> None:
    for row in table("digital_link_generate"):
        permits = PERMITS[row.get("profile") or "default"]
        unknown = "unknown-ais" in permits
        try:
            elements = parse_brackets(
                row["element_string"], requisites=False, permit_unknown=unknown
            )
            link = format_link(
                elements,
                row["stem"] or CANONICAL_HOST,
                is_sorted=False,
                permit_unknown=unknown,
            )
        except InvalidIdentifier:
            link = None
        assert link == row["uri"], row


def test_compressed_links_are_read() -> None:
    for row in table("digital_link_compressed"):
        if row.get("valid") is False:
            with pytest.raises(InvalidIdentifier):
                identify(row["compressed"], form="link")
            assert key_of(row["compressed"]) == row["compressed"], row
            continue
        found = identify(row["compressed"], form="link")
        if "uri" in row:
            stem = row["compressed"].rpartition("/")[0]
            assert format_link(found.ais, stem) == row["uri"], row
            canonical = CANONICAL_HOST + row["uri"].removeprefix(stem)
            assert canonical_link(row["compressed"]) == canonical
        if "element_string" in row:
            assert found.element_string == row["element_string"], row
        assert key_of(row["compressed"]) == found.key, row


def test_scans() -> None:
    for row in table("scan_data"):
        try:
            found = identify(row["scan_data"], form="scan")
        except InvalidIdentifier:
            assert not row["valid"], row
            continue
        assert row["valid"], row
        if row["element_string"] is not None:
            assert (found.element_string or "").endswith(row["element_string"]), row
        elif row["data_str"] == "":
            assert (found.kind, found.key) == ("data", None), row
        elif row["symbology"] in ("EAN13", "EAN8", "UPCA", "UPCE"):
            assert found.ais == (("01", row["data_str"].zfill(14)),), row
        else:
            assert found.kind == "local", row


def test_a_scan_is_what_its_symbol_sends() -> None:
    for row in table("scan_data"):
        if row["valid"] and row["data_str"]:
            assert scan_of(row["symbology"], row["data_str"]) == row["scan_data"], row


def test_scans_are_said_before_a_symbol_is_printed() -> None:
    for row in table("scan_data_generate"):
        try:
            scan = scan_of(row["symbology"], row["data_str"])
        except InvalidIdentifier:
            scan = None
        assert scan == row["scan_data"], row


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
    # We hold these rows to be wrong: a twelve-digit prefix leaves the coupon reference empty, and
    # TDS 2.3 section 6.3.10 allows it, as the same table does for grai and sgln.
    ours = [
        row
        for row in rows
        if row["idpat"].startswith("urn:epc:idpat:sgcn:") and ".." in row["idpat"]
    ]
    assert len(ours) <= 2
    for row in rows:
        try:
            parse_epc_uri(row["idpat"])
        except InvalidIdentifier:
            assert not row["valid"], row
        else:
            assert row["valid"] or row in ours, row


def test_every_valid_link_has_one_canonical_spelling() -> None:
    for row in table("digital_link_parse"):
        if not row["valid"]:
            continue
        canonical = canonical_link(row["uri"])
        assert canonical.startswith(CANONICAL_HOST + "/")
        assert canonical_link(canonical) == canonical
        elements = read_link(row["uri"]).elements
        assert all(is_checked(value) for ai, value in elements if ai in ("00", "01", "02"))
