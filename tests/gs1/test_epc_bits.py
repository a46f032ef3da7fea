"""Tags: what is read, what is refused and why, and that writing is the inverse of reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden import tables
from tests.gs1.bit_fields import assemble
from traceability.gs1 import InvalidIdentifier, identify_epc
from traceability.gs1.components import SET_82
from traceability.gs1.epc_bits import EpcTag, decode_bits, elements_of, encode_bits
from traceability.gs1.epc_schemes import BY_NAME
from traceability.gs1.epc_uri import parse_epc_uri
from traceability.gs1.identify import identity_of_tag
from traceability.gs1.identity import format_elements
from traceability.gs1.key import key_by_rules, key_of, uri_of
from traceability.gs1.tag_key import key_of_bits, key_of_epc, key_of_hex

READ = tables.rows("gs1_epc_bits.jsonl")
REFUSED = tables.rows("gs1_epc_refused.jsonl")
RESERVED = {"SSCC-96": range(24), "GSRN-96": range(24), "GSRNP-96": range(24)}


@pytest.mark.parametrize("row", READ, ids=lambda row: row["tag_uri"])
def test_a_tag_says_what_its_fields_say(row: dict[str, Any]) -> None:
    value, bits = assemble(row["fields"])
    tag = decode_bits(value, bits)
    said = (tag.scheme.name, tag.tag_uri, key_of_bits(value, bits), elements_of(tag))
    elements = parse_epc_uri(row["tag_uri"]).elements
    elements = tuple(element for element in elements if element != ("254", "0"))
    assert said == (row["scheme"], row["tag_uri"], row["key"], elements)
    assert (format_elements(elements) or None) == row["element_string"]


@pytest.mark.parametrize("row", READ, ids=lambda row: row["tag_uri"])
def test_writing_a_tag_gives_its_bits_back(row: dict[str, Any]) -> None:
    value, bits = assemble(row["fields"])
    tag = decode_bits(value, bits)
    padding = -bits % 16
    assert encode_bits(tag.scheme.name, tag.filter, tag.parts) == (value << padding).to_bytes(
        (bits + padding) // 8, "big"
    )


@pytest.mark.parametrize("row", READ, ids=lambda row: row["tag_uri"])
def test_every_spelling_of_a_tag_has_its_key(row: dict[str, Any]) -> None:
    value, bits = assemble(row["fields"])
    tag = decode_bits(value, bits)
    assert {key_of(tag.tag_uri), key_of(tag.epc_uri), key_of(uri_of(row["key"]))} == {row["key"]}


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["says"])
def test_a_wrong_tag_is_refused_with_its_reason(row: dict[str, Any]) -> None:
    value, bits = assemble(row["fields"])
    with pytest.raises(InvalidIdentifier) as refusal:
        decode_bits(value, bits)
    assert row["says"] in str(refusal.value)
    assert refusal.value.position == row["position"]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["says"])
def test_a_wrong_tag_is_kept_raw_and_never_lost(row: dict[str, Any]) -> None:
    value, bits = assemble(row["fields"])
    if bits % 8:
        value, bits = value << 8 - bits % 8, bits + 8 - bits % 8
    epc = value.to_bytes(bits // 8, "big")
    kept = identify_epc(epc)
    key = f"urn:epc:raw:{bits}.x{epc.hex().upper()}"
    assert (kept.key, kept.kind, kept.epc_uri, key_of_epc(epc)) == (key, "raw", key, key)
    assert kept.reason is not None
    assert key_of(key) == uri_of(key) == key


@st.composite
def tags(draw: st.DrawFn, names: tuple[str, ...]) -> EpcTag:
    """Draw any legal tag of these schemes."""
    scheme = BY_NAME[draw(st.sampled_from(names))]
    partition = draw(st.integers(0, 6))
    length = 12 - partition
    size = scheme.reference[partition][0]
    company = draw(st.integers(0, 10**length - 1))
    reference = draw(st.integers(0, 10**size - 1))
    parts = [f"{company:0{length}d}", f"{reference:0{size}d}" if size else ""]
    for form, width in scheme.tail:
        if form == "number":
            parts.append(str(draw(st.integers(0, 2**width - 1))))
        elif form == "text7":
            parts.append(draw(st.text(SET_82, min_size=1, max_size=width // 7)))
    return EpcTag(scheme, draw(st.integers(0, 7)), tuple(parts))


@given(tags(("sgtin-96", "sscc-96", "sgtin-198", "sgln-96", "sgln-195", "grai-96", "grai-170")))
def test_reading_undoes_writing(tag: EpcTag) -> None:
    epc = encode_bits(tag.scheme.name, tag.filter, tag.parts)
    assert decode_bits(int.from_bytes(epc), 8 * len(epc)) == tag


@given(tags(("sgtin-96", "sscc-96")))
def test_every_legal_tag_has_one_key_in_all_spellings(tag: EpcTag) -> None:
    epc = encode_bits(tag.scheme.name, tag.filter, tag.parts)
    key = identify_epc(epc).key
    spellings = {key_of_epc(epc), key_of_hex(epc.hex()), key_of(tag.tag_uri), key_of(tag.epc_uri)}
    assert spellings == {key}
    assert key is not None
    assert key_of(uri_of(key)) == key


@given(st.binary(min_size=12, max_size=12).map(lambda data: b"\x30" + data[1:]))
def test_the_short_way_agrees_with_the_long_way(epc: bytes) -> None:
    long_way = key_of_bits(int.from_bytes(epc), 96)
    assert (key_of_epc(epc), key_of_hex(epc.hex())) == (long_way, long_way)


@given(tags(("sgtin-96", "sgtin-198", "sscc-96")))
def test_an_identity_is_the_same_by_the_short_and_the_long_way(tag: EpcTag) -> None:
    epc = encode_bits(tag.scheme.name, tag.filter, tag.parts)
    assert identify_epc(epc) == identity_of_tag(tag)
    assert tag.epc_uri is not None
    assert key_of(tag.epc_uri) == key_by_rules(tag.epc_uri)
    link = identity_of_tag(tag).id
    assert link is not None
    assert key_of(link) == key_by_rules(link)


@pytest.mark.parametrize(
    "uri",
    [
        "urn:epc:id:sgtin:9506000.13435.1",
        "urn:epc:id:sgtin:950600.0013435.A~1",
        "https://a.example/01/09506000134353/21/1",
        "https://a.example/01/09506000134352/21/A~1",
        "https://a.example/00/095060001343500072",
        "https://a..example/00/095060001343500071",
        "https://a.example/01/09506000134352",
        "https://a.example/stem/01/09506000134352",
    ],
)
def test_the_short_way_is_no_more_lenient_than_the_rules(uri: str) -> None:
    assert key_of(uri) == key_by_rules(uri)


@given(tags(("sscc-96", "gsrn-96", "gsrnp-96")), st.integers(0, 23))
def test_any_reserved_bit_that_is_set_is_refused(tag: EpcTag, bit: int) -> None:
    epc = encode_bits(tag.scheme.name, tag.filter, tag.parts)
    assert identify_epc((int.from_bytes(epc) ^ 1 << bit).to_bytes(len(epc))).kind == "raw"


@given(tags(("sgtin-198", "sgln-195", "grai-170")), st.data())
def test_any_padding_bit_that_is_set_is_refused(tag: EpcTag, data: st.DataObject) -> None:
    epc = encode_bits(tag.scheme.name, tag.filter, tag.parts)
    text_bits = tag.scheme.tail[0][1] - 7 * len(tag.parts[2])
    free = 8 * len(epc) - tag.scheme.bits + text_bits
    if free == 0:
        return
    # The first seven free bits of the text would be its next character; any but NUL and behind
    # it zeros is another legal tag, so only the bits behind that character are reserved.
    reserved = free - 7 if text_bits else free
    bit = data.draw(st.integers(0, max(0, reserved - 1)))
    assert identify_epc((int.from_bytes(epc) ^ 1 << bit).to_bytes(len(epc))).kind == "raw"


@pytest.mark.parametrize(
    ("name", "filter_value", "parts", "says"),
    [
        ("SGTIN-96", 1, ("9506000", "013435", "0123"), "expected no leading zero, got '0123'"),
        ("SGTIN-96", 1, ("9506000", "013435", "A1"), "a longer scheme can carry it"),
        ("SGTIN-96", 1, ("9506000", "013435", str(2**38)), "expected a number below 274877906944"),
        ("SGTIN-96", 8, ("9506000", "013435", "1"), "expected a filter 0 to 7, got 8"),
        ("SGTIN-96", 1, ("9506000", "13435", "1"), "expected a reference of 6 digits"),
        ("GIAI-96", 0, ("9506000", "042"), "expected no leading zero"),
        ("SGTIN-95", 1, (), "expected a binary EPC scheme"),
        ("GID-96", None, ("1", "2", str(2**36)), "expected a number below 68719476736"),
        ("GID-96", None, ("1.2", "3"), "expected the parts of such a name"),
        ("GID-96", None, ("1", "2", "٣"), "expected a well-formed GID"),
        ("USDOD-96", 16, ("1ABC2", "12"), "expected a filter 0 to 15, got 16"),
        ("USDOD-96", 0, ("1ABI2", "12"), "expected a well-formed USDOD"),
        ("ADI-var", 64, ("1ABC2", "", "S"), "expected a filter 0 to 63, got 64"),
        ("ADI-var", 0, ("1ABC2", "p", "S"), "expected a well-formed ADI"),
        ("ADI-var", 0, ("1ABC2", "P", "S" * 31), "at most 30 characters"),
        ("GDTI-113", 0, ("9506000", "00013", "A1"), "a longer scheme can carry it"),
    ],
)
def test_what_a_scheme_cannot_carry_is_not_written(
    name: str, filter_value: int, parts: tuple[str, ...], says: str
) -> None:
    with pytest.raises(InvalidIdentifier) as refusal:
        encode_bits(name, filter_value, parts)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["", "0x34257BF7194E4000001A85", "3034_57BF7194E4000001A85", "٣" * 24]
)
def test_only_hexadecimal_digits_are_read_as_a_tag(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="expected hexadecimal digits"):
        key_of_hex(text)
