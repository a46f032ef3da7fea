"""What a chip is to carry: the shortest scheme that holds the whole key, read back as that key."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.commissioning.tags import FILTERS, filter_of, tag_of
from traceability.errors import InvalidIdentifier
from traceability.gs1 import identify, identify_epc
from traceability.gs1.company import Prefixes
from traceability.gs1.components import SET_82

OURS = Prefixes(("9506000", "0614141", "4012345"))
NONE = Prefixes()


@pytest.mark.parametrize(
    ("text", "classic", "plus"),
    [
        ("(01)09506000134352(21)123", "SGTIN-96", "SGTIN+"),
        ("(01)09506000134352(21)274877906943", "SGTIN-96", "SGTIN+"),
        ("(01)09506000134352(21)274877906944", "SGTIN-198", "SGTIN+"),
        ("(01)09506000134352(21)0123", "SGTIN-198", "SGTIN+"),
        ("(01)09506000134352(21)A-1", "SGTIN-198", "SGTIN+"),
        ("(01)09506000134352(21)123(10)L7", "SGTIN-96", "SGTIN+"),
        ("(00)106141412345678908", "SSCC-96", "SSCC+"),
        ("(414)0614141123452", "SGLN-96", "SGLN+"),
        ("(414)0614141123452(254)0", "SGLN-96", "SGLN+"),
        ("(414)0614141123452(254)32", "SGLN-96", "SGLN+"),
        ("(414)0614141123452(254)A/7", "SGLN-195", "SGLN+"),
        ("(8003)0061414112345217", "GRAI-96", "GRAI+"),
        ("(8003)00614141123452A", "GRAI-170", "GRAI+"),
        ("(8004)0614141123", "GIAI-96", "GIAI+"),
        ("(8004)0614141A", "GIAI-202", "GIAI+"),
        ("(8010)06141415PQ7(8011)12345", "CPI-var", "CPI+"),
        ("(8010)0614141123(8011)5", "CPI-96", "CPI+"),
        ("(8006)040123451234560104(21)977", "ITIP-110", "ITIP+"),
        ("(8006)040123451234560104(21)A", "ITIP-212", "ITIP+"),
        ("(8018)061414112345678902", "GSRN-96", "GSRN+"),
        ("(8017)061414112345678902", "GSRNP-96", "GSRNP+"),
        ("(253)061414112345217", "GDTI-96", "GDTI+"),
        ("(253)0614141123452A", "GDTI-174", "GDTI+"),
        ("(255)401234567890104711", "SGCN-96", "SGCN+"),
    ],
)
def test_the_shortest_scheme_that_says_the_whole_truth(text: str, classic: str, plus: str) -> None:
    thing = identify(text)
    for prefixes, scheme in ((OURS, classic), (NONE, plus)):
        back = identify_epc(tag_of(thing, prefixes))
        assert (back.key, back.scheme) == (thing.key, scheme)


def test_a_product_of_eight_digits_needs_no_prefix() -> None:
    back = identify_epc(tag_of(identify("(01)00000095010939(21)7"), NONE))
    assert back.scheme == "SGTIN-96"
    assert back.epc_uri == "urn:epc:id:sgtin:00000950.01093.7"


def test_the_filter_says_what_the_thing_is_unless_somebody_knows_better() -> None:
    texts = ("(01)09506000134352(21)1", "(01)19506000134359(21)1", "(00)106141412345678908",
             "(8003)00614141123452A")  # fmt: skip
    assert [identify_epc(tag_of(identify(text), OURS)).filter for text in texts] == [1, 2, 2, 0]
    roll = tag_of(identify(texts[0]), OURS, FILTERS["roll"])
    assert identify_epc(roll).filter == 0
    assert filter_of("//w.invalid/obj/B-1") == 0


def test_elements_will_do_as_well() -> None:
    elements = (("01", "09506000134352"), ("21", "123"))
    assert tag_of(elements, OURS) == tag_of(identify("(01)09506000134352(21)123"), OURS)


def test_a_short_chip_gets_what_fits_it() -> None:
    thing = identify("(01)09506000134352(21)A-1")
    assert identify_epc(tag_of(thing, OURS)).scheme == "SGTIN-198"
    assert identify_epc(tag_of(thing, OURS, bits_max=128)).scheme == "SGTIN+"
    with pytest.raises(InvalidIdentifier) as refused:
        tag_of(identify("(01)09506000134352(21)ABCDEFGHIJKLMNOPQRST"), OURS, bits_max=96)
    assert str(refused.value) == (
        "Cannot write (01)09506000134352(21)ABCDEFGHIJKLMNOPQRST into this chip: "
        "SGTIN+ needs 192 bits, expected at most 96."
    )


@pytest.mark.parametrize(
    "text", ["Bundle 17", "(01)09506000134352", "(01)09506000134352(10)L7", "(99)1"]
)
def test_what_is_no_single_thing_with_a_key_goes_into_no_chip(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="into a chip: expected a single thing with a GS1"):
        tag_of(identify(text), OURS)


@settings(deadline=None)
@given(
    st.text(SET_82, min_size=1, max_size=20),
    st.sampled_from([OURS, NONE]),
    st.sampled_from([0, 1, 2, 4, 6, 7]),
)
def test_what_is_written_is_read_back_whatever_the_serial(
    serial: str, prefixes: Prefixes, filter_value: int
) -> None:
    elements = (("01", "09506000134352"), ("21", serial))
    back = identify_epc(tag_of(elements, prefixes, filter_value))
    assert (dict(back.ais), back.filter) == (dict(elements), filter_value)
