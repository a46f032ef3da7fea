"""The one spelling of an event, and everything that could mean two things and is refused."""

from __future__ import annotations

import json
import random
import time
from decimal import Decimal
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.golden import tables
from traceability.epcis import body
from traceability.errors import InvalidEvent

texts = st.text().filter(lambda text: "\0" not in text).map(lambda text: normalize("NFC", text))
names = texts.filter(lambda text: ":" not in text)
numbers = st.one_of(
    st.integers(-(10**28) + 1, 10**28 - 1),
    st.builds(
        lambda digits, exponent: Decimal(digits).scaleb(exponent),
        st.integers(-(10**9), 10**9),
        st.integers(-19, 19),
    ),
)
trees = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(names, inner, max_size=5)),
    max_leaves=30,
)


@pytest.mark.parametrize("row", tables.rows("canonical_json.jsonl"), ids=lambda row: row["sent"])
def test_each_value_has_one_spelling(row: dict[str, str]) -> None:
    assert body.canonical(body.parse(row["sent"].encode())).decode() == row["canonical"]


@pytest.mark.parametrize("row", tables.rows("refused_json.jsonl"), ids=lambda row: row["sent"])
def test_what_can_mean_two_things_is_refused_in_one_sentence(row: dict[str, str]) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        body.canonical(body.parse(row["sent"].encode()))
    sentence = str(refusal.value)
    assert sentence.startswith("Cannot read the body: expected ")
    assert sentence.endswith(".")
    assert row["says"] in sentence


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'"\xff"', "expected UTF-8, got byte 0xff at byte 1."),
        (b'"\xed\xa0\x80"', "expected UTF-8, got byte 0xed at byte 1."),
        (b'"\xc0\x80"', "expected UTF-8, got byte 0xc0 at byte 1."),
        (b"[" * 33 + b"]" * 33, "expected at most 32 levels, got more."),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "expected at most 32 levels, got more."),
        (b"[" * 100_000, "expected at most 32 levels, got far more."),
        (b" " * body.SIZE_MAX + b"1", "expected at most 4194304 bytes, got 4194305."),
        (b"1\0", "expected JSON, got '\\x00' at character 1 (extra data)."),
    ],
)
def test_bytes_that_are_no_text_or_too_much_are_refused(data: bytes, says: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        body.parse(data)
    assert str(refusal.value) == "Cannot read the body: " + says


def test_the_limits_themselves_are_allowed() -> None:
    deepest = b"[" * 32 + b"]" * 32
    assert body.canonical(body.parse(deepest)) == deepest
    assert body.parse(b" " * (body.SIZE_MAX - 1) + b"1") == 1
    wide = b"[" + b",".join([b"{}"] * 1000) + b"]"
    assert body.canonical(body.parse(wide)) == wide
    assert body.parse(b"[[[1]]]", depth_max=3) == [[[1]]]


def test_a_backslash_before_u0000_is_an_innocent_text() -> None:
    innocent = rb'"C:\\u0000"'
    assert body.parse(innocent) == "C:\\u0000"
    assert body.canonical("C:\\u0000") == innocent


@pytest.mark.parametrize("number", [1.5, float("nan"), 1e300, 0.0])
def test_a_float_never_becomes_a_body(number: float) -> None:
    unlawful: Any = {"quantity": number}  # what mypy forbids
    with pytest.raises(TypeError, match="A body holds no float"):
        body.canonical(unlawful)


@pytest.mark.parametrize("word", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_decimal_that_is_no_number_never_becomes_a_body(word: str) -> None:
    with pytest.raises(InvalidEvent, match="expected a number"):
        body.canonical([Decimal(word)])


@pytest.mark.parametrize("tree", ["\0", "\ud800", "e\u0301", {"\0": 1}, {"e\u0301": 1}])
def test_our_own_trees_are_held_to_the_same_rules(tree: body.Tree) -> None:
    with pytest.raises(InvalidEvent, match="Cannot read the body: expected texts"):
        body.canonical(tree)


@given(trees)
@example({"a": Decimal("-0.00"), "é": ["\u2028", "\x7f"]})
def test_parsing_what_was_written_gives_the_same_value(tree: body.Tree) -> None:
    data = body.canonical(tree)
    again = body.parse(data)
    assert again == tree
    assert body.canonical(again) == data


@given(trees)
@example({"type": "ObjectEvent", "epcList": ["urn:a"], "n": 2**63, "m": -1, "gs1:x": {"a": None}})
@example([0, 2**63 - 1, True, {"a": [{"b": "c"}]}])
def test_plain_bodies_are_written_like_all_others(tree: body.Tree) -> None:
    assert body.canonical(tree) == body._ENCODER.encode(body._exact(tree, 0))


@given(trees, st.randoms(use_true_random=False))
def test_order_of_members_and_blanks_do_not_matter(tree: body.Tree, chance: random.Random) -> None:
    assert body.canonical(body.parse(_loosely(tree, chance).encode())) == body.canonical(tree)


@given(st.binary(max_size=60) | st.text('{}[]":,\\u0e1-.+aE \t', max_size=40).map(str.encode))
@example(b'{"a":1e5,"a":1}')
@example(b'{"a":1,"a":1.0}')
@example(b'["\\u00e9\\/",1E2]')
def test_the_fast_reader_never_takes_what_the_strict_one_refuses(data: bytes) -> None:
    fast = body._parse_fast(data)
    if fast is not None:
        assert body._parse_slow(data, body.DEPTH_MAX) == fast


@given(trees)
def test_the_fast_reader_agrees_with_the_strict_one(tree: body.Tree) -> None:
    for data in (body.canonical(tree), _loosely(tree, random.Random(7)).encode()):
        fast = body._parse_fast(data)
        assert fast is None or fast == body._parse_slow(data, body.DEPTH_MAX)


def test_reading_and_writing_costs_little() -> None:
    data = json.dumps(
        {
            "type": "ObjectEvent",
            "eventID": "urn:uuid:019cad9d-ddca-7817-b209-fd3a77f13609",
            "epcList": ["https://id.gs1.org/01/09506000134352/21/123"],
            "bizLocation": {"id": "https://id.gs1.org/414/9506000134338"},
            "note:remark": "x" * 260,
        }
    ).encode()
    started = time.process_time()
    for _ in range(2_000):
        body.canonical(body.parse(data))
    # Ten times what was measured; only a reader that has become another kind fails here.
    assert (time.process_time() - started) / 2_000 < 160e-6


def _loosely(tree: body.Tree, chance: random.Random) -> str:
    """Write a value as somebody else might: other order, blanks, escapes, zeros."""
    blank = chance.choice(["", " ", "\n\t"])
    if isinstance(tree, dict):
        members = list(tree.items())
        chance.shuffle(members)
        inner = [
            f"{_loosely(name, chance)}{blank}:{_loosely(value, chance)}" for name, value in members
        ]
        return "{" + blank + f"{blank},".join(inner) + blank + "}"
    if isinstance(tree, list):
        return "[" + f",{blank}".join(_loosely(item, chance) for item in tree) + blank + "]"
    if isinstance(tree, Decimal):
        text = format(tree, "f")
        return text + "0" if "." in text and len(text) < 60 else text
    return json.dumps(tree, ensure_ascii=chance.random() < 0.5)
