"""Tags of TDS 2.x: what each says, what is refused, and how every AI is written in bits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.golden import tables
from tests.gs1.bit_fields import assemble
from traceability.gs1 import InvalidIdentifier, identify_epc, key_of_epc
from traceability.gs1.application_identifiers import AIS
from traceability.gs1.element_string import parse_brackets
from traceability.gs1.epc_bits import BITS_MAX, decode_bits, encode_tag
from traceability.gs1.epc_cursor import number_width
from traceability.gs1.epc_values import COMPONENTS, Component
from traceability.gs1.identity import Elements, format_elements

READ = tables.rows("gs1_epc_plus.jsonl")
REFUSED = tables.rows("gs1_epc_plus_refused.jsonl")
FORMATS = tables.rows("gs1_epc_formats.jsonl")
GARMENT: Elements = (("01", "09506000134352"), ("21", "S1"))


def bank(row: dict[str, Any]) -> bytes:
    """Return a row's bits, filled up to a whole word."""
    value, bits = assemble(row["fields"])
    return (value << -bits % 16).to_bytes((bits + -bits % 16) // 8)


def named(row: dict[str, Any]) -> str:
    """Name a row in a test's id."""
    return f"{row['scheme']} {row['elements']} {row['extra']} {row['host'] or ''}"


@pytest.mark.parametrize("row", READ, ids=named)
def test_a_tag_says_what_its_fields_say(row: dict[str, Any]) -> None:
    epc = bank(row)
    tag = decode_bits(int.from_bytes(epc), 8 * len(epc))
    assert (tag.scheme.name, tag.filter, tag.host) == (row["scheme"], row["filter"], row["host"])
    said = (format_elements(tag.elements), format_elements(tag.extra))
    assert said == (row["elements"], row["extra"])
    found = identify_epc(epc)
    assert (found.key, found.digital_link, key_of_epc(epc)) == (row["key"], row["link"], row["key"])
    assert (found.epc_uri, found.tag_uri, found.id) == (
        None,
        None,
        f"https://id.gs1.org{row['key']}",
    )
    assert found.element_string == row["elements"] + row["extra"]


@pytest.mark.parametrize("row", READ, ids=named)
def test_what_a_tag_says_is_written_in_the_fewest_bits(row: dict[str, Any]) -> None:
    elements = parse_brackets(row["elements"], requisites=False)
    extra = parse_brackets(row["extra"], requisites=False) if row["extra"] else ()
    written = encode_tag(row["scheme"], row["filter"], elements, host=row["host"], extra=extra)
    if row["is_shortest"]:
        assert written == bank(row)
    else:
        assert len(written) <= len(bank(row))
        assert identify_epc(written) == identify_epc(bank(row))


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["says"] + row["source"][-30:])
def test_a_wrong_tag_is_refused_with_its_reason(row: dict[str, Any]) -> None:
    value, bits = assemble(row["fields"])
    with pytest.raises(InvalidIdentifier) as refusal:
        decode_bits(value, bits)
    assert row["says"] in str(refusal.value)
    assert 0 <= refusal.value.position <= -(-bits // 4)
    kept = identify_epc((value << -bits % 8).to_bytes((bits + -bits % 8) // 8))
    assert (kept.kind, kept.key) == ("raw", kept.epc_uri)


SECTIONS = {
    "number": "14.5.2", "digits": "14.5.4", "nibbles": "14.5.5", "text": "14.5.6",
    "bit": "14.5.7", "date": "14.5.8", "clock": "14.5.9", "range": "14.5.10", "moment": "14.5.11",
    "country": "14.5.12", "count": "14.5.13", "sign": "14.5.14", "sequence": "14.5.15",
}  # fmt: skip


def described(component: Component) -> str:
    """Spell a component as the table does: section, characters, bits (of method and length)."""
    size = component.size
    bits = {
        "number": number_width(size), "digits": 4 * size, "nibbles": 4,
        "text": f"3+{size.bit_length()}", "bit": 1, "date": 16, "clock": 11, "range": 1,
        "moment": 2, "country": 12, "count": size.bit_length(), "sign": 1, "sequence": 8,
    }  # fmt: skip
    return f"{SECTIONS[component.form]} {size} {bits[component.form]}"


def ais_of(row: dict[str, Any]) -> list[str]:
    """List the AIs of a row; ``710-716`` is all from the first to the last."""
    found = []
    for word in row["ais"].split():
        first, _, last = word.partition("-")
        found += [f"{n:0{len(first)}d}" for n in range(int(first), int(last or first) + 1)]
    return found


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row["ais"][:40])
def test_every_ai_is_written_as_the_standards_table_says(row: dict[str, Any]) -> None:
    for ai in ais_of(row):
        assert [described(component) for component in COMPONENTS[ai]] == row["components"], ai


def test_the_table_of_formats_names_every_ai_once() -> None:
    assert sorted(ai for row in FORMATS for ai in ais_of(row)) == sorted(AIS)


@pytest.mark.parametrize(
    ("name", "elements", "more", "says"),
    [
        ("SGTIN+", GARMENT[:1], {}, "expected (01)(21), other AIs behind the EPC, got (01)"),
        ("SGTIN+", (*GARMENT, ("10", "L")), {}, "got (01)(21)(10)"),
        ("SGTIN+", (*GARMENT, ("21", "S1")), {}, "got (01)(21)(21)"),
        ("DSGTIN+", GARMENT, {}, "expected (01)(21) and a date"),
        ("DSGTIN+", (*GARMENT, ("11", "260101"), ("17", "260101")), {}, "and a date"),
        ("DSGTIN+", (*GARMENT, ("7007", "260101260102")), {}, "expected one day"),
        ("SGTIN+", (("01", "09506000134353"), ("21", "1")), {}, "expected check digit 2"),
        ("SGTIN+", (("01", "09506000134352"), ("21", "A B")), {}, "a character of the GS1 set"),
        ("SGTIN+", GARMENT, {"host": "a.example"}, "expected no host name, got 'a.example'"),
        ("SGTIN++", GARMENT, {}, "expected a host name, got None"),
        ("SGTIN++", GARMENT, {"host": "a b"}, "expected a name such as"),
        ("SGTIN++", GARMENT, {"host": "ä.example"}, "expected a name such as"),
        ("SGTIN++", GARMENT, {"host": "a" * 64 + ".example"}, "expected at most 63 codes"),
        ("SGTIN+", GARMENT, {"extra": (("21", "S1"),)}, "(21) is there"),
        ("SGTIN+", GARMENT, {"extra": (("14", "1"),)}, "no GS1 Application Identifier"),
        ("SGTIN+", GARMENT, {"extra": (("00", "0" * 18),)}, "it reads as filling zeros"),
        ("SGTIN+", GARMENT, {"extra": (("37", "5"),)}, "they never stand on one thing"),
        ("SGTIN+", GARMENT, {"extra": (("91", "g" * 70),)}, "expected at most 496 bits"),
        ("GRAI+", (("8003", "09506000000770"),), {}, "expected a serial behind it"),
        ("SGTIN+", GARMENT, {"filter_value": 8}, "expected a filter 0 to 7, got 8"),
        ("SGTIN+", GARMENT, {"filter_value": None}, "expected a filter 0 to 7, got None"),
        ("SGTIN-96", GARMENT, {}, "expected the length of the company prefix, got none"),
        ("SGTIN-96", GARMENT, {"company_digits": 7}, "a longer scheme can carry it"),
        ("SGTIN-96", GARMENT, {"company_digits": 5}, "expected 6 to 12"),
        ("SGTIN-198", (*GARMENT, ("10", "L")), {"company_digits": 7}, "got (01)(21)(10)"),
        ("SSCC-96", GARMENT, {"company_digits": 7}, "expected the AIs of a serialised SSCC"),
        ("SGTIN-198", GARMENT, {"company_digits": 7, "host": "a.example"}, "a '+' scheme"),
        ("SGTIN-198", (("01", "1"), ("21", "1")), {"company_digits": 7}, "14 characters"),
        ("GID-96", GARMENT, {"company_digits": 7}, "expected an EPC scheme for GS1 keys"),
        ("SGTIN", GARMENT, {}, "expected an EPC scheme for GS1 keys"),
    ],
)
def test_what_a_scheme_cannot_carry_is_not_written(
    name: str, elements: Elements, more: dict[str, Any], says: str
) -> None:
    arguments = {"filter_value": 0, **more}
    with pytest.raises(InvalidIdentifier) as refusal:
        encode_tag(name, elements=elements, **arguments)
    assert says in str(refusal.value)


def test_one_door_writes_the_classic_schemes_too() -> None:
    for name, elements, digits, epc in (
        ("SGTIN-96", (("01", "80614141123458"), ("21", "6789")), 7, "3034257BF7194E4000001A85"),
        ("SSCC-96", (("00", "799999990000000583"),), 7, "31D66259FDA13B863A000000"),
        ("SGLN-96", (("414", "9521141123454"),), 7, "3216451FD460720000000000"),
    ):
        filter_value = int(epc[:4], 16) >> 5 & 7
        written = encode_tag(name, filter_value, elements, company_digits=digits)
        assert written.hex().upper() == epc


def test_a_host_name_or_data_never_change_the_key() -> None:
    lot = (("10", "L7"), ("22", "2A"), ("17", "261231"), ("99", "x"))
    tags = [
        encode_tag("SGTIN+", 1, GARMENT),
        encode_tag("SGTIN+", 5, GARMENT, extra=lot),
        encode_tag("SGTIN++", 1, GARMENT, host="one.example"),
        encode_tag("SGTIN++", 1, GARMENT, host="Two.Example", extra=lot),
        encode_tag("DSGTIN+", 1, (*GARMENT, ("11", "260101"))),
        encode_tag("SGTIN-198", 1, GARMENT, company_digits=7),
    ]
    assert {identify_epc(epc).key for epc in tags} == {"/01/09506000134352/21/S1"}
    assert identify_epc(tags[3]).digital_link == (
        "https://two.example/01/09506000134352/22/2A/10/L7/21/S1?17=261231&99=x"
    )


def test_a_bank_of_zeros_behind_a_tag_is_filling_however_long() -> None:
    epc = encode_tag("SSCC+", 2, (("00", "095060001343520000"),))
    for words in (1, 5, 6, 100):
        longer = epc + bytes(2 * words)
        assert identify_epc(longer).key == "/00/095060001343520000"
    assert 8 * len(longer) < BITS_MAX
