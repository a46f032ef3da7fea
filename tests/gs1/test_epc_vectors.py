"""The tables of others about tags: the standard's examples, two programs' tests, users' reports."""

from __future__ import annotations

import pytest

from tests.gs1.test_vectors import Row, table
from traceability.gs1 import InvalidIdentifier, identify, key_of, uri_of
from traceability.gs1.epc_bits import decode_bits, encode_bits, encode_tag
from traceability.gs1.epc_uri import parse_epc_uri
from traceability.gs1.identity import CANONICAL_HOST

pytestmark = pytest.mark.vectors

# Rows that we hold to be wrong in part, by the hex of the tag: what we do with them, and why.
WRONG = {
    "F7B09506000134352624B50009506000134352000100": (
        "the SSCC behind the EPC ends in check digit 1, which must be 0 (General Specifications "
        "7.9.1): read, since a wrong attribute does not make the garment unknown; not written"
    ),
}
# Legal rows that another encoder wrote longer than needed, or with the toggle bit against its data.
REWRITTEN = {
    "F7B09506000134352624B510660010B5DB717359F000": "the lot ABC123 in base64url, not hexadecimal",
    "F7309506000134352624B517359F": "toggle bit 0 before data",
}


def written(row: Row) -> str:
    """Write what a row's tag says again, as hex without the filling of the last word."""
    tag = decode_bits(int(row["hex"], 16), 4 * len(row["hex"]))
    if tag.scheme.carries:
        epc = encode_tag(
            tag.scheme.name, tag.filter, tag.elements, host=tag.host, extra=tag.extra
        )  # fmt: skip
    else:
        epc = encode_bits(tag.scheme.name, tag.filter, tag.parts)
    return epc.hex().upper().rstrip("0")


def test_every_tag_of_the_table_is_read() -> None:
    rows = table("epc_binary")
    wrong: list[tuple[object, ...]] = []
    for row in rows:
        found = identify(row["hex"], form="epc")
        fields = (found.scheme, found.filter, found.element_string, found.digital_link)
        uris = (found.epc_uri, found.tag_uri)
        expected = (row["scheme"], row["filter"], row["element_string"], row["digital_link"])
        if (fields, uris) != (expected, (row["pure_identity"], row["tag_uri"])):
            wrong.append((row["id"], fields, uris, found.reason))
    assert (len(rows) > 100, wrong) == (True, [])


def test_every_tag_of_the_table_is_written_bit_by_bit() -> None:
    wrong = [
        (row["id"], written(row))
        for row in table("epc_binary")
        if written(row) != row["hex"].upper().rstrip("0")
    ]
    assert wrong == []


def test_all_spellings_of_a_tag_have_one_key() -> None:
    for row in table("epc_binary"):
        key = identify(row["hex"], form="epc").key
        spellings = (row["pure_identity"], row["tag_uri"], row["digital_link"])
        assert {key_of(text) for text in spellings if text} == {key}, row["id"]
        assert key is not None
        assert key_of(uri_of(key)) == key


def test_data_behind_an_epc_are_read() -> None:
    for row in table("epc_aidc"):
        found = identify(row["hex"], form="epc")
        link = CANONICAL_HOST + row["digital_link_path"]
        assert (found.digital_link, found.kind) == (link, "instance"), row
        assert (found.key or "").partition("/21/")[2] == "S1", row


def test_data_behind_an_epc_are_written() -> None:
    for row in table("epc_aidc"):
        if row["hex"] in WRONG:
            with pytest.raises(InvalidIdentifier, match="check digit"):
                written(row)
        elif row["hex"] in REWRITTEN:
            again = identify(written(row).ljust(len(row["hex"]), "0"), form="epc")
            assert again == identify(row["hex"], form="epc"), row
        else:
            assert written(row) == row["hex"].rstrip("0"), row


def test_field_reports_of_tags_are_read_as_their_bits_say() -> None:
    for row in table("epc_field_reports"):
        found = identify(row["hex"], form="epc")
        if row.get("valid") is False:
            assert found.kind == "raw", row["hex"]
            continue
        assert (found.element_string, found.tag_uri) == (
            row["check"].get("element_string", found.element_string),
            row["check"].get("tag_uri", found.tag_uri),
        )


def test_every_invalid_tag_is_refused_or_kept_raw() -> None:
    taken = []
    for row in table("epc_invalid"):
        try:
            if identify(row["hex"], form="epc").kind != "raw":
                taken.append(row)
        except InvalidIdentifier:
            continue
    assert taken == []


def test_what_a_scheme_cannot_carry_is_not_written() -> None:
    for row in table("epc_encode_refuse"):
        parsed = parse_epc_uri(row["pure_identity"])
        name = row["binary_scheme"].rpartition(".")[2].replace("_", "-")
        with pytest.raises(InvalidIdentifier):
            encode_bits(name, 0, parsed.parts)
        with pytest.raises(InvalidIdentifier):
            encode_tag(name, 0, parsed.elements, company_digits=len(parsed.parts[0]))
