"""A workshop's own names: one spelling in the ledger, one in events, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.gs1 import InvalidIdentifier, key_of, product_of, uri_of
from traceability.gs1.local import LocalName, normalise_name

names = st.text(min_size=1, max_size=80).filter(
    lambda text: bool(text.strip()) and text.isprintable()
)


@given(names, st.sampled_from(["obj", "class", "loc", "bt"]))
def test_a_name_comes_back_from_its_uri_and_its_key(text: str, sort: str) -> None:
    try:
        name = LocalName("knit.example", sort, normalise_name(text))
    except InvalidIdentifier:
        assert len(normalise_name(text[:40])) > 0
        return
    assert (key_of(name.uri), uri_of(name.key)) == (name.key, name.uri)


def test_composed_and_decomposed_letters_are_one_name() -> None:
    assert key_of("https://knit.example/obj/Caf%C3%A9") == key_of(
        "https://knit.example/obj/Cafe%CC%81"
    )


def test_case_and_zeros_make_other_names() -> None:
    keys = {key_of(f"https://knit.example/obj/{text}") for text in ("a1", "A1", "A01")}
    assert len(keys) == 3


@pytest.mark.parametrize("uri", ["https://knit.example/obj/", "https://knit.example/obj/a/b",
                                 "https://knit.example/obj/%00", "https://knit.example/thing/a",
                                 "http://knit.example/obj/a"])  # fmt: skip
def test_what_is_no_local_name_is_its_own_key(uri: str) -> None:
    assert key_of(uri) == uri


@pytest.mark.parametrize(
    ("namespace", "sort", "text", "says"),
    [
        ("Knit.example", "obj", "a", "expected a host name of small letters"),
        ("knit.example", "thing", "a", "expected one of obj, class, loc, bt"),
        ("knit.example", "obj", " a", "expected it trimmed and in NFC"),
        ("knit.example", "obj", "", "expected 1 to 80 characters"),
        ("knit.example", "obj", "a\nb", "got the control character"),
        ("knit.example", "obj", "\ud800", "got the control character"),
    ],
)
def test_a_wrong_name_is_refused(namespace: str, sort: str, text: str, says: str) -> None:
    with pytest.raises(InvalidIdentifier) as refusal:
        LocalName(namespace, sort, text)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "product"),
    [
        ("/01/09506000134352/21/1", "/01/09506000134352"),
        ("/01/09506000134352", "/01/09506000134352"),
        ("/01/09506000134352/10/L7", "/01/09506000134352"),
        ("/8006/095060001343520102/21/6", "/01/09506000134352"),
        ("/00/095060001343500071", None),
        ("//knit.example/class/T", None),
        ("urn:epc:raw:16.x2FFF", None),
    ],
)
def test_a_key_with_a_gtin_has_a_product(key: str, product: str | None) -> None:
    assert product_of(key) == product
