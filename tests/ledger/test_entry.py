"""One line of the book: what it commits to, and that nothing but itself reads as it."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.epcis import body
from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.entry import ENTRY_SIZE_MAX, KINDS, Entry, body_commitment

HASH = sha256(b"").digest()
ENTRY = Entry(
    kind="declaration",
    at=1_772_439_330_250_000,
    record=1_772_439_331_000_000,
    body=HASH,
    by="station dock",
    id="urn:uuid:1",
    origin="localhost/main",
    document=HASH,
    fold_at=1_772_439_331_000_000,
    run=("dock", 3, 17),
    wrong=(41, HASH),
    clock="held",
)
hashes = st.binary(min_size=32, max_size=32)
instants = st.integers(-(2**62), 2**62)
words = st.text(
    st.characters(codec="ascii", exclude_characters="\0") | st.sampled_from("袖口é😀"), max_size=40
)
entries = st.builds(
    lambda wrong, **members: (
        Entry(**members, wrong=wrong) if members["kind"] == "declaration" else Entry(**members)
    ),
    kind=st.sampled_from(sorted(KINDS)),
    at=instants,
    record=instants,
    body=hashes,
    by=words,
    id=words,
    origin=words,
    document=st.none() | hashes,
    fold_at=st.none() | instants,
    run=st.none() | st.tuples(words, st.integers(0, 2**40), st.integers(0, 2**40)),
    wrong=st.none() | st.tuples(st.integers(0, 2**40), hashes),
    clock=st.none() | st.just("held"),
)


def test_an_entry_is_one_line_of_canonical_json() -> None:
    assert ENTRY.encode().decode() == (
        f'{{"at":1772439330250000,"body":"{HASH.hex()}","by":"station dock","clock":"held",'
        f'"document":"{HASH.hex()}","fold_at":1772439331000000,"id":"urn:uuid:1",'
        '"kind":"declaration","origin":"localhost/main","record":1772439331000000,'
        f'"run":["dock",3,17],"v":1,"wrong":[41,"{HASH.hex()}"]}}'
    )


@given(entries)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    data = entry.encode()
    assert Entry.parse(data) == entry
    assert body.canonical(body.parse(data)) == data


@given(entries, st.data())
def test_no_changed_byte_reads_as_the_same_entry(entry: Entry, data: st.DataObject) -> None:
    line = bytearray(entry.encode())
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= data.draw(st.integers(1, 255))
    try:
        changed = Entry.parse(bytes(line))
    except LedgerCorrupt:
        return
    assert changed != entry


def _respelled(**changes: Any) -> bytes:
    members = {**json.loads(ENTRY.encode()), **changes}
    members = {name: value for name, value in members.items() if value is not None}
    return json.dumps(members, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        ENTRY.encode() + b"\n",
        b" " + ENTRY.encode(),
        ENTRY.encode().replace(b'"by"', b'"b\\u0079"'),
        ENTRY.encode().replace(b'{"at"', b'{"at":1,"at"'),
        ENTRY.encode().replace(HASH.hex().encode(), HASH.hex().upper().encode()),
        ENTRY.encode().replace(b"1772439330250000", b"1772439330250000.0"),
        _respelled(v=2),
        _respelled(kind="rumour"),
        _respelled(body="00"),
        _respelled(body=HASH.hex()[:-1] + "g"),
        _respelled(position=7),
        _respelled(by=None),
        _respelled(at="1"),
        _respelled(at=2**70),
        _respelled(kind="event"),
        _respelled(clock="stopped"),
        _respelled(run=["dock", 3]),
        ENTRY.encode()[:-1],
    ],
)
def test_every_other_spelling_is_corrupt(data: bytes) -> None:
    with pytest.raises(LedgerCorrupt, match="as an entry: "):
        Entry.parse(data)


def test_the_plain_respelling_is_the_entry() -> None:
    assert Entry.parse(_respelled()) == ENTRY


@pytest.mark.parametrize(
    "changes",
    [
        {"body": bytes(31)},
        {"document": bytes(33)},
        {"wrong": (1, b"")},
        {"kind": "rumour"},
        {"kind": "event"},
        {"clock": "stopped"},
        {"at": 2**63},
        {"record": -(2**63) - 1},
        {"fold_at": 2**64},
    ],
)
def test_an_entry_that_could_not_be_is_never_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"got|kind"):
        replace(ENTRY, **changes)


def test_an_entry_longer_than_its_page_is_refused() -> None:
    longest = replace(ENTRY, by="")
    longest = replace(longest, by="x" * (ENTRY_SIZE_MAX - len(longest.encode())))
    assert len(longest.encode()) == ENTRY_SIZE_MAX
    with pytest.raises(Refused) as refusal:
        replace(longest, by=longest.by + "x").encode()
    assert str(refusal.value) == (
        "Cannot enter 'urn:uuid:1': expected an entry of at most 4096 bytes, got 4097."
    )


@pytest.mark.parametrize("text", ["e\u0301", "\0"])
def test_a_text_with_two_spellings_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="expected texts in Unicode normal form C without U"):
        replace(ENTRY, by=text).encode()


def test_the_commitment_binds_salt_and_body() -> None:
    assert body_commitment(bytes(16), b"{}") == sha256(bytes(16) + b"{}").digest()
    with pytest.raises(ValueError, match="A salt has 16 bytes, got 15"):
        body_commitment(bytes(15), b"{}")
