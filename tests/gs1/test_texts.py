"""Links, scans and messages: each rule of reading them, and the sentence of what breaks it."""

from __future__ import annotations

import pytest

from traceability.gs1 import InvalidIdentifier, identify, key_of
from traceability.gs1.digital_link import (
    canonical_link,
    format_binary_link,
    parse_binary_link,
    parse_link,
    read_link,
)
from traceability.gs1.element_string import (
    GS,
    format_message,
    lost_separator,
    parse_brackets,
    parse_message,
)
from traceability.gs1.gtin import expand_upc_e, format_gtin, parse_gtin, shorten_upc_a
from traceability.gs1.identity import format_link
from traceability.gs1.instance import require_instance
from traceability.gs1.scanner import scan_of, scan_of_elements

GARMENT = "/01/09506000134352/21/A1"
KEY = (("01", "09506000134352"), ("21", "A1"))


@pytest.mark.parametrize(
    "link",
    [
        "https://id.gs1.org/01/09506000134352/21/A1",
        "http://id.gs1.org/01/09506000134352/21/A1",
        "HTTPS://BRAND.EXAMPLE/01/09506000134352/21/A1",
        "https://Brand.Example:8443/shop/en/01/09506000134352/21/A1",
        "https://brand.example/01/09506000134352/21/A1?linkType=gs1:pip&context=eu",
        "https://brand.example/01/09506000134352/21/A1?17=271231#top",
        "https://brand.example/01/09506000134352/10/L7/21/A1",
        "https://brand.example/01/09506000134352/21/%41%31",
        "https://brand.example/00/faux/01/09506000134352/21/A1",
        # Read as they were until 2022, never written so.
        "https://brand.example/gtin/09506000134352/ser/A1",
        "https://brand.example/gtin/9506000134352/21/A1",
        "https://brand.example/01/9506000134352/ser/A1",
    ],
)
def test_a_link_leads_to_its_garment_under_any_host(link: str) -> None:
    assert identify(link).key == key_of(link) == GARMENT
    assert canonical_link(link).startswith("https://id.gs1.org/01/09506000134352")
    assert "gtin" not in canonical_link(link)


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("https://a/gtin/09506000134352", "expected a GS1 key such as 01, 00 or 414"),
        ("https://a/01/9506000134352", "expected 14 characters, got 13"),
        ("https://a/01/96385074", "expected 14 characters, got 8"),
    ],
)
def test_todays_standard_has_neither_names_nor_short_gtins(link: str, says: str) -> None:
    with pytest.raises(InvalidIdentifier, match=says):
        identify(link, form="link")
    assert identify(link).key == identify(link, form="uri").key


def test_a_short_gtin_may_be_permitted_in_a_link() -> None:
    found = identify("https://a/01/96385074", form="link", permit=("short-gtin",))
    assert found.key == "/01/00000096385074"


@pytest.mark.parametrize(
    ("link", "says", "position"),
    [
        ("HtTpS://a/01/09506000134352", "'https://' or 'http://' in one case", 0),
        ("https://a/01/09506000134352/21/A1/", "no slash at the end of the path", 33),
        ("https://a/01/09506000134352?999=x", "an AI that may stand in the query, got '999'", 28),
        ("https://a/01/09506000134352?21=A1", "an AI that may stand in the query, got '21'", 28),
        ("https://a/01/09506000134352?10=L7", r"expected \(10\) in the path", 28),
        ("https://a/01/09506000134352?17=271231&17=271231", r"expected \(17\) once", 38),
        ("https://a/01/09506000134352/21/A1/10/L7", "the qualifiers of 01 in their order", 10),
        ("https://a/01/09506000134352/21/A%2", "two hexadecimal digits after '%'", 32),
        ("https://a/01/09506000134352/21/A B", "a character of a URI, got ' '", 32),
        ("https://a/01/09506000134352/21/", "no slash at the end of the path", 30),
        ("https://a/01/09506000134353", "expected check digit 2, got '3'", 26),
        ("https://a/01/09506000134352?17=271231;10=L7", "expected 6 characters", 37),
        ("https://a:99999/01/09506000134352", "expected a host name", 8),
        ("https:///01/09506000134352", "expected a host name", 8),
        ("https://a/about", "expected a GS1 key such as 01, 00 or 414", 9),
    ],
)
def test_a_link_that_breaks_a_rule_is_refused_at_its_place(
    link: str, says: str, position: int
) -> None:
    with pytest.raises(InvalidIdentifier, match=says) as refusal:
        identify(link, form="link")
    assert refusal.value.position == position
    assert key_of(link) == link


def test_percent_escapes_are_undone_once() -> None:
    link = "https://a/01/09506000134352/21/A%2541"
    assert parse_link(link)[1] == ("21", "A%41")
    assert parse_link(canonical_link(link))[1] == ("21", "A%41")


def test_a_semicolon_belongs_to_the_value() -> None:
    assert parse_link("https://a/01/09506000134352?99=A;B")[1] == ("99", "A;B")


def test_a_canonical_link_keeps_only_what_identifies_and_describes() -> None:
    link = "http://A.example/x/01/09506000134352/10/L7?99=b&linkType=all&17=271231&3103=000500#f"
    canonical = "https://id.gs1.org/01/09506000134352/10/L7?17=271231&3103=000500&99=b"
    assert (canonical_link(link), canonical_link(canonical)) == (canonical, canonical)


def test_a_third_party_serial_goes_before_a_lot_into_the_path() -> None:
    link = "https://id.gs1.org/01/09520123456788/235/XYZ?10=ABC123"
    assert canonical_link(link) == link


@pytest.mark.parametrize("is_short", [False, True])
def test_a_tag_is_written_into_a_link_and_read_back(is_short: bool) -> None:
    epc = bytes.fromhex("3074257BF7194E4000001A85")
    link = format_binary_link(epc, "https://brand.example/", is_short=is_short)
    found = identify(link)
    assert (found.key, found.scheme) == ("/01/80614141123458/21/6789", "SGTIN-96")
    assert key_of(link) == found.key
    assert canonical_link(link) == "https://id.gs1.org/01/80614141123458/21/6789"


def test_what_stands_beside_a_tag_in_a_link_is_kept() -> None:
    found = identify("https://a/eh3074257bf7194e4000001a85?17=271231&linkType=all")
    assert found.key == "/01/80614141123458/21/6789"
    assert found.ais[-1] == ("17", "271231")
    assert found.digital_link == "https://id.gs1.org/01/80614141123458/21/6789?17=271231"
    with pytest.raises(InvalidIdentifier, match="an AI that may stand in the query"):
        identify("https://a/eh3074257bf7194e4000001a85?999=x")


@pytest.mark.parametrize(
    ("segment", "says"),
    [
        ("eh3", "expected 8 to 4096 bits, got 4"),
        ("eh3074257bf7194e4000001a", "expected 96 bits of SGTIN-96"),
        ("eh3500e86f8000a9e000000586", "expected a tag with a GS1 key, got 'GID-96'"),
        ("eh3074257BF7194E4000001A85", "expected a GS1 key"),
        ("exMHQle_cZTkAAABqFx", "expected zeros behind the last byte|expected a GS1 key"),
        ("exMHQle_cZTkAAABq+", "expected a GS1 key"),
        ("ehe28011602000000000000000", "E2"),
    ],
)
def test_a_link_whose_tag_is_none_is_refused(segment: str, says: str) -> None:
    with pytest.raises(InvalidIdentifier, match=says):
        identify(f"https://id.gs1.org/{segment}")


def test_a_tag_without_a_gs1_key_is_not_written_into_a_link() -> None:
    with pytest.raises(InvalidIdentifier, match="expected a tag with a GS1 key"):
        format_binary_link(bytes.fromhex("3500E86F8000A9E000000586"))
    assert parse_binary_link("https://a/01/09506000134352") is None


# Digital Link 1.1, section on compression; the last two are partly compressed.
@pytest.mark.parametrize(
    ("link", "elements"),
    [
        ("https://id.gs1.org/QUCO_anbfA", "(414)0614141123452"),
        (
            "http://example.org/AQnYUc1gmiERBhQ0ytiyZuAGOLc1TXgpNWCv1",
            "(01)05412345000013(10)ABC&+123(7003)1903061658",
        ),
        (
            "https://id.gs1.org/AQnYUc1gmiCNV4JGYgYAF6ckaEPg",
            "(01)05412345000013(10)ABC123(3103)000189(3923)2172",
        ),
        (
            "https://id.gs1.org/01/05412345000013/EEarwSMxAwAL0",
            "(01)05412345000013(10)ABC123(3103)000189",
        ),
        (
            "https://id.gs1.org/gtin/5412345000013/EEarwSMxAwAL0?17=271231&x=y",
            "(01)05412345000013(10)ABC123(3103)000189(17)271231",
        ),
    ],
)
def test_links_of_2019_are_read(link: str, elements: str) -> None:
    found = identify(link)
    assert found.element_string == elements
    assert key_of(link) == found.key


@pytest.mark.parametrize(
    "word",
    [
        "ARHKVAdpQ",  # a bit too few
        "ARHKVAdpQh",  # a padding bit set
        "ARHKVAdpQgA",  # six zeros too many
        "ARHKVAdpRA",  # another number, its check digit wrong
        "products",
        "A" * 2_000,
    ],
)
def test_a_word_that_is_not_exactly_a_compressed_link_is_none(word: str) -> None:
    with pytest.raises(InvalidIdentifier, match="expected a GS1 key"):
        identify(f"https://id.gs1.org/{word}")


# Without its separator a message is never guessed at. Where the standard allows one reading, that
# is what it means, and a remark says what looks odd.
@pytest.mark.parametrize(
    "text",
    [
        "1021072911172405310100693570007182",
        "0104062102661608112405271727112710S2400424282400522010301NNN003",
        "0104150011164140211GTFG32DLF1723033110158993A",
        "01041500111641402110V1002521JGFMG4P38R17260131",
        "10AB120100693570007182",
        "10AB12010069357000718217240531",
        "21A10109506000134352",
        "]C110AB120109506000134352",
        "]C121A10109506000134352",
        "]d22112345010950600013435217271231",
        "]C1010950600013435210AAAAAAAAAA21BBBBBBBBBBB17271231",
        "]C1400PO-1234500106141412345678908",
    ],
)
def test_a_lost_separator_is_ambiguous(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="ambiguous") as refusal:
        identify(text)
    assert "separator (FNC1) seems to be lost" in str(refusal.value)
    assert len(str(refusal.value)) < 250
    assert 0 <= refusal.value.position <= len(text)


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (
            "010950600013435210COV010917220901",
            "(10)COV010917220901 may have lost a separator (FNC1): it ends like (17)220901.",
        ),
        (
            "]C1010950600013435221A17260131",
            "(21)A17260131 may have lost a separator (FNC1): it ends like (17)260131.",
        ),
        ("01041500111641401726013110V1002521JGFMG4P38R", None),
        # A serial that ends like a product's number is no second product.
        ("01095060001343522112340119506000134359", None),
        # Nor does a number of fixed length swallow anything.
        ("]C18006190195060001390102", None),
        ("0110884521761599112107011021G0073JZ2023", None),
        (f"010950600013435210L717271231{GS}21A1", None),
    ],
)
def test_a_message_that_may_be_legal_is_read_and_remarked_on(text: str, remark: str | None) -> None:
    found = identify(text)
    assert found.key is not None
    assert found.remark == remark


def test_only_a_real_date_is_remarked_on() -> None:
    message = parse_message("010950600013435210COV17229901", requisites=False)
    assert lost_separator("010950600013435210COV17229901", message) is None


def test_a_scanners_own_separator_and_gs_both_count() -> None:
    for text in ("010950600013435210L7|21A1", f"010950600013435210L7{GS}21A1"):
        assert identify(text, fnc1="|").ais == (
            ("01", "09506000134352"),
            ("10", "L7"),
            ("21", "A1"),
        )
    assert identify("]C110L7|21A1", fnc1="|").ais == (("10", "L7"), ("21", "A1"))


def test_unassigned_ais_are_read_only_where_permitted() -> None:
    for text, form in (("(89)ABC", "element"), ("]C1010950600013435204ABC", "scan")):
        with pytest.raises(InvalidIdentifier, match="Application Identifier"):
            identify(text, form=form)
    assert identify("(89)ABC", permit=("unknown-ais",)).kind == "data"
    assert parse_message("^19271231"[1:], permit_unknown=True) == (("19", "271231"),)
    link = "https://a/01/09506000134352?89=ABC"
    elements = parse_link(link, permit_unknown=True)
    assert format_link(elements, "https://a", permit_unknown=True) == link
    with pytest.raises(InvalidIdentifier, match="may stand in the query"):
        parse_link(link)
    with pytest.raises(InvalidIdentifier, match=r"\(89\) may not stand in a query"):
        format_link(elements)


def test_a_permit_that_does_not_exist_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="Cannot permit everything: expected words of missing"):
        identify("x", permit=("everything",))


def test_a_square_code_without_data_is_no_thing_and_no_fault() -> None:
    for scan in ("]Q1", "]d1", "]J0"):
        assert (identify(scan).kind, identify(scan).key) == ("data", None)
    for scan in ("]C1", "]d2", "]Q3", "]J1", "]e0", "]E0", "]C0", "]I1", "]XX"):
        with pytest.raises(InvalidIdentifier, match="expected data, got none"):
            identify(scan)


def test_a_link_marked_as_gs1_data_is_read_as_the_link_that_it_is() -> None:
    assert identify("]Q3https://a.example/01/09506000134352/21/A1").key == GARMENT


@pytest.mark.parametrize(
    ("symbology", "data", "scan"),
    [
        ("GS1-128", "^010950600013435210L7^21A1", f"]C1010950600013435210L7{GS}21A1"),
        ("GS1 DataMatrix", "^010950600013435221A1^", "]d2010950600013435221A1"),
        ("QR", "https://a.example/01/09506000134352", "]Q1https://a.example/01/09506000134352"),
        ("QR", "\\\\^x", "]Q1\\^x"),
        ("Code 128", "HT-000123", "]C0HT-000123"),
        ("ITF-14", "09506000134352", "]I109506000134352"),
        ("EAN-13", "^0109506000134352", "]E09506000134352"),
        ("UPC-A", "614141000036", "]E00614141000036"),
        ("DataBar Omni", "09506000134352|^10L7", "]e0010950600013435210L7"),
        ("GS1-128", "^0109506000134352|^10L7", "]e0010950600013435210L7"),
        ("GS1-128", "^10L7|^21A1", f"]e010L7{GS}21A1"),
    ],
)
def test_what_a_scanner_will_send_is_said_and_read_back(
    symbology: str, data: str, scan: str
) -> None:
    assert scan_of(symbology, data) == scan
    assert identify(scan).kind != "raw"


@pytest.mark.parametrize(
    ("symbology", "data", "says"),
    [
        ("GS1-128", "PLAIN", "GS1 data that begin with FNC1"),
        ("GS1-128", "^010950600013435", "expected 14 characters"),
        ("EAN-13", "950600013435", "expected 13 digits"),
        ("EAN-13", "9506000134353", "the right check digit"),
        ("EAN-8", "19506000134352", "expected 8 digits"),
        ("ITF-14", "09506000134352|^10L7", "no composite part"),
        ("DataBar Limited", "20000000000004", "a number up to 19999999999999"),
        ("QR", "^10L7|^21A1", "a character of the GS1 set of 82"),
        ("Aztec", "x", "a symbology that can carry it"),
        ("Code 128", "", "a symbology that can carry it"),
    ],
)
def test_a_symbol_that_cannot_be_is_refused(symbology: str, data: str, says: str) -> None:
    with pytest.raises(InvalidIdentifier, match=says):
        scan_of(symbology, data)


def test_a_separator_is_written_only_where_it_is_needed() -> None:
    elements = (("01", "09506000134352"), ("10", "L7"), ("17", "271231"), ("21", "A1"))
    assert format_message(elements, "^") == "010950600013435210L7^1727123121A1"
    assert parse_message(format_message(elements)) == elements
    assert scan_of_elements("GS1 QR", elements) == f"]Q3010950600013435210L7{GS}1727123121A1"


def test_gtins_of_all_lengths_are_one_number() -> None:
    for short in ("96385074", "000096385074", "0000096385074", "00000096385074"):
        assert parse_gtin(short) == "00000096385074"
        assert format_gtin(parse_gtin(short), len(short)) == short
    with pytest.raises(InvalidIdentifier, match="expected 6 zeros in front, got 095060"):
        format_gtin("09506000134352", 8)
    with pytest.raises(ValueError, match="8, 12, 13 or 14"):
        format_gtin("09506000134352", 10)


# GS1 General Specifications, section 5.2.2.4: one row for each last digit.
@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("01234505", "012000003455"),
        ("04252614", "042100005264"),
        ("08679339", "086700000939"),
        ("06397126", "063200009716"),
        ("02345673", "023456000073"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
    ],
)
def test_a_upc_e_leaves_out_zeros_that_come_back(short: str, long: str) -> None:
    assert (expand_upc_e(short), expand_upc_e(short[:7])) == (long, long)
    assert shorten_upc_a(long) == short


def test_a_upc_that_has_no_such_zeros_stays_long() -> None:
    with pytest.raises(InvalidIdentifier, match="Cannot write '614141000036' as UPC-E"):
        shorten_upc_a("614141000036")
    with pytest.raises(InvalidIdentifier, match="expected number system 0 or 1, got 9"):
        expand_upc_e("96385074")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(01)09506000134352", "which names a product: expected a serial number (21) with it."),
        ("9506000134352", "which names a product: expected a serial number (21) with it."),
        ("(01)09506000134352(10)L7", "which names a batch: expected a serial number (21) with it."),
        (
            "(8006)095060001343520102",
            "which names a product: expected a serial number (21) with it.",
        ),
        ("(8010)9506000Q-1", "which names a product: expected a serial number (8011) with it."),
        ("(8003)09506000000770", "which names a product: expected a serial number at its end."),
        ("(253)9506000000138", "which names a kind of paper: expected a serial number at its end."),
        ("(99)x", "which names none: expected a key such as (01) with (21), or (00)."),
        ("]Q1", "which names none: expected a key such as (01) with (21), or (00)."),
    ],
)
def test_a_code_for_many_things_is_refused_where_one_is_needed(text: str, says: str) -> None:
    with pytest.raises(InvalidIdentifier) as refusal:
        require_instance(identify(text))
    assert str(refusal.value).endswith(says)


@pytest.mark.parametrize(
    "text",
    [
        "(01)09506000134352(21)A1",
        "(00)095060001343500071",
        "(414)9506000000138",
        "(8004)950600042",
        "(8003)09506000000770Z9",
        "(253)9506000000138c9",
        "Bundle 17",
        "urn:epc:id:gid:1.2.3",
    ],
)
def test_a_code_for_one_thing_is_enough(text: str) -> None:
    assert require_instance(identify(text)).key == identify(text).key


def test_brackets_may_hold_what_a_message_cannot_tell() -> None:
    text = "(10)12345\\(11)991225"
    elements = parse_brackets(text, requisites=False)
    assert elements == (("10", "12345(11)991225"),)
    assert (
        read_link("https://a/01/09506000134352/10/12345%2811%29991225").elements[1] == elements[0]
    )
