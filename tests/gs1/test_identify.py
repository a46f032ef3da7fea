"""Every form of text: what it stands for, or the sentence and the place that say why not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden import tables
from traceability.gs1 import Identity, InvalidIdentifier, identify, identify_epc, key_of, uri_of
from traceability.gs1.components import SET_82
from traceability.gs1.digital_link import parse_link
from traceability.gs1.element_string import GS, parse_brackets, parse_message
from traceability.gs1.identity import format_elements, format_key, format_link

READ = tables.rows("gs1_texts.jsonl")
REFUSED = tables.rows("gs1_refused.jsonl")


def named(row: dict[str, Any]) -> str:
    """Name a row in a test's id."""
    return f"{row['form']} {ascii(row['text'])[:50]}"


@pytest.mark.parametrize("row", READ, ids=named)
def test_a_text_stands_for_its_thing(row: dict[str, Any]) -> None:
    found = identify(row["text"], form=row["form"], fnc1=row.get("fnc1"))
    assert found.key == row["key"]
    if row["element_string"] != "?":
        assert found.element_string == row["element_string"]
    if found.key is not None:
        assert found.id == uri_of(found.key)
        assert key_of(found.id) == found.key


@pytest.mark.parametrize("row", REFUSED, ids=named)
def test_a_wrong_text_is_refused_at_its_place(row: dict[str, Any]) -> None:
    with pytest.raises(InvalidIdentifier) as refusal:
        identify(row["text"], form=row["form"], fnc1=row.get("fnc1"))
    assert row["says"] in str(refusal.value)
    assert refusal.value.position == row["position"]


def test_all_forms_of_one_garment_are_one_key() -> None:
    forms = [
        "3036142C8C008F8000053244",
        "(01)08719139005740(21)340548",
        "]C1010871913900574021340548",
        "]Q1https://brand.example/01/08719139005740/21/340548?linkType=all",
        "urn:epc:id:sgtin:8719139.000574.340548",
        "urn:epc:tag:sgtin-96:1.8719139.000574.340548",
        "/01/08719139005740/21/340548",
    ]
    assert {identify(text).key for text in forms} == {"/01/08719139005740/21/340548"}


def test_a_tag_is_known_in_all_forms_that_exist() -> None:
    assert identify_epc(bytes.fromhex("3034257BF7194E4000001A85")) == Identity(
        key="/01/80614141123458/21/6789",
        id="https://id.gs1.org/01/80614141123458/21/6789",
        kind="instance",
        scheme="SGTIN-96",
        filter=1,
        ais=(("01", "80614141123458"), ("21", "6789")),
        element_string="(01)80614141123458(21)6789",
        digital_link="https://id.gs1.org/01/80614141123458/21/6789",
        epc_uri="urn:epc:id:sgtin:0614141.812345.6789",
        tag_uri="urn:epc:tag:sgtin-96:1.0614141.812345.6789",
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(01)09506000134352", "class"),
        ("(01)09506000134352(10)L7", "lot"),
        ("(01)09506000134352(21)A1", "instance"),
        ("(00)095060001343500071", "logistic"),
        ("(414)9506000000138", "place"),
        ("(417)9506000000138", "party"),
        ("(8003)09506000000770", "class"),
        ("(8003)09506000000770Z9", "asset"),
        ("(8004)950600042", "asset"),
        ("(8010)9506000Q-1", "class"),
        ("(8010)9506000Q-1(8011)7", "instance"),
        ("(253)9506000000138c9", "document"),
        ("(99)x", "data"),
        ("Bundle 17", "local"),
        ("urn:epc:id:gid:1.2.3", "other"),
        ("000000000000000000000000", "raw"),
    ],
)
def test_a_kind_says_what_sort_of_thing_it_is(text: str, kind: str) -> None:
    form = "epc" if kind == "raw" else "auto"
    assert identify(text, form=form).kind == kind


def test_plain_text_is_named_in_the_namespace_of_the_site() -> None:
    found = identify("]C0 Lot A/7 ", namespace="knit.example")
    assert (found.key, found.id) == (
        "//knit.example/obj/Lot A/7",
        "https://knit.example/obj/Lot%20A%2F7",
    )


def test_a_link_that_cannot_hold_every_attribute_is_not_made_up() -> None:
    found = identify("(01)09506000134352(8200)http:")
    assert (found.key, found.digital_link) == ("/01/09506000134352", None)


def test_a_form_or_separator_that_does_not_exist_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="expected one of auto, epc"):
        identify("x", form="qr")
    with pytest.raises(ValueError, match="expected one character"):
        identify("x", fnc1="FN")


def test_ten_thousand_characters_are_refused_with_a_short_sentence() -> None:
    for form in ("auto", "element", "message", "link"):
        with pytest.raises(InvalidIdentifier) as refusal:
            identify("(99)" + "A" * 10_000, form=form)
        assert len(str(refusal.value)) < 300


values = st.text(SET_82, min_size=1, max_size=20)
garments = st.tuples(st.just(("01", "09506000134352")), values.map(lambda v: ("21", v)))


@given(garments, values)
def test_link_message_and_brackets_carry_the_same(
    garment: tuple[tuple[str, str], tuple[str, str]], lot: str
) -> None:
    elements = (garment[0], ("10", lot), garment[1])
    message = f"01{garment[0][1]}10{lot}{GS}21{garment[1][1]}"
    assert parse_message(message) == elements
    assert parse_brackets(format_elements(elements)) == elements
    assert parse_link(format_link(elements)) == elements
    assert key_of(format_link(elements)) == format_key(elements)


def place_or_key(text: str) -> int | str | None:
    """Return the key of a text, or the place where it was refused."""
    try:
        return identify(text).key
    except InvalidIdentifier as refusal:
        return refusal.position


@given(st.text(max_size=60))
def test_any_text_is_identified_or_refused_at_a_place_inside(text: str) -> None:
    found = place_or_key(text)
    if isinstance(found, int):
        assert 0 <= found <= len(text)
    elif found is not None:
        assert key_of(uri_of(found)) == found


@given(st.text(max_size=80))
def test_key_of_never_fails(text: str) -> None:
    for uri in (text, "https://" + text, "urn:epc:id:" + text, "https://a.example/01/" + text):
        assert isinstance(key_of(uri), str)
