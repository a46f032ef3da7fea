"""Signed notes: what others signed opens, what is spelled wrongly does not, in either direction."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import vectors
from tests.golden import tables
from traceability.ledger.proof.note import (
    COSIGNATURE,
    ED25519,
    InvalidNote,
    Note,
    Opened,
    Signature,
    Signer,
    Verifier,
    open_note,
    parse_note,
    sign_note,
)

MILL = Signer.make("mill.example", seed=bytes(32))
PORT = Signer.make("port.example", seed=b"\x01" * 32)
TEXT = "one roll\n\ntwo lays\n"


# `Any`: vectors have the shape their makers gave them.
def known_notes() -> Any:
    """Read the notes of others; nothing where the folder is absent."""
    path = vectors.path("tlog/signed-notes.json")
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"cases": []}


@pytest.mark.parametrize("row", tables.rows("notes.jsonl"), ids=lambda row: row["what"])
def test_a_note_is_the_one_another_program_signed(row: dict[str, Any]) -> None:
    signer, verifier = Signer.parse(row["skey"]), Verifier.parse(row["vkey"])
    assert signer.seed == bytes.fromhex(row["seed"])
    assert (signer.verifier, str(signer), str(verifier)) == (verifier, row["skey"], row["vkey"])
    assert sign_note(row["text"], signer, at_s=row["at_s"]) == row["note"].encode()
    opened = open_note(row["note"].encode(), [verifier])
    assert opened == Opened(row["text"], ((verifier, row["at_s"]),), ())


@pytest.mark.parametrize("row", tables.rows("notes_refused.jsonl"), ids=lambda row: row["why"])
def test_what_is_no_note_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(InvalidNote):
        parse_note(row["note"].encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidNote, match="byte 2 is not"):
        parse_note(b"te\xff" + sign_note(TEXT, MILL))


def test_a_text_may_have_empty_lines() -> None:
    assert open_note(sign_note(TEXT, MILL), [MILL.verifier]).text == TEXT


@given(st.text(st.characters(exclude_characters="\t", min_codepoint=32, exclude_categories=["Cs"])))
def test_what_is_signed_opens(line: str) -> None:
    text = f"{line}\n"
    signed = sign_note(text, MILL, PORT)
    assert parse_note(signed).encode() == signed
    assert open_note(signed, [PORT.verifier]).text == text


@given(st.integers(0, len(sign_note(TEXT, MILL)) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_accepted(at: int, change: int) -> None:
    signed = sign_note(TEXT, MILL)
    changed = signed[:at] + bytes([signed[at] ^ change]) + signed[at + 1 :]
    with pytest.raises(InvalidNote):
        open_note(changed, [MILL.verifier])


def test_unknown_keys_are_passed_over_even_with_the_name_or_the_id_of_a_known_one() -> None:
    namesake = Signer.make(MILL.name, seed=b"\x02" * 32)
    same_id = Signature("other.example", MILL.verifier.key_id, bytes(64))
    signatures = (namesake.signature(TEXT), same_id, MILL.signature(TEXT), same_id)
    opened = open_note(Note(TEXT, signatures).encode(), [MILL.verifier])
    assert opened == Opened(TEXT, ((MILL.verifier, None),), signatures[:2])


@pytest.mark.parametrize("first", [0, 1])
def test_one_wrong_signature_of_a_known_key_spoils_the_note(first: int) -> None:
    wrong = Signature(MILL.name, MILL.verifier.key_id, bytes(64))
    order = (wrong, MILL.signature(TEXT), PORT.signature(TEXT))
    signed = Note(TEXT, order[first:] + order[:first]).encode()
    with pytest.raises(InvalidNote, match=r"The signature of 'mill.example' .* not of this text"):
        open_note(signed, [MILL.verifier, PORT.verifier])


def test_a_note_nobody_known_signed_is_not_trusted() -> None:
    with pytest.raises(InvalidNote, match="No known key signed this note"):
        open_note(sign_note(TEXT, MILL), [PORT.verifier])


def test_two_keys_that_cannot_be_told_apart_are_refused_where_they_matter() -> None:
    signed, twice = sign_note(TEXT, MILL), [MILL.verifier, PORT.verifier, MILL.verifier]
    with pytest.raises(InvalidNote, match="Two known keys"):
        open_note(signed, twice)
    assert open_note(sign_note(TEXT, PORT), twice).by == ((PORT.verifier, None),)


@pytest.mark.parametrize(("count", "is_read"), [(16, True), (100, True), (101, False)])
def test_notes_have_a_limit_of_signatures(count: int, is_read: bool) -> None:
    data = f"{TEXT}\n".encode() + f"{MILL.signature(TEXT)}\n".encode() * count
    if is_read:
        assert open_note(data, [MILL.verifier]).by == ((MILL.verifier, None),)
    else:
        with pytest.raises(InvalidNote, match="at most 100 signatures"):
            parse_note(data)


def test_notes_have_a_limit_of_bytes() -> None:
    with pytest.raises(InvalidNote, match="at most 1000000 bytes"):
        sign_note("x" * 1_000_000 + "\n", MILL)


def test_a_cosignature_has_its_time_and_its_own_id() -> None:
    cosigner = PORT.cosigner()
    signed = sign_note(TEXT, MILL, cosigner, at_s=1_772_438_400)
    opened = open_note(signed, [MILL.verifier, PORT.verifier, PORT.verifier.cosigner()])
    assert opened.by == ((MILL.verifier, None), (cosigner.verifier, 1_772_438_400))
    assert cosigner.verifier.algorithm == COSIGNATURE != PORT.verifier.algorithm == ED25519
    # The time is signed: another one does not open.
    data = cosigner.sign(TEXT, at_s=7)
    other = Signature(cosigner.name, cosigner.verifier.key_id, bytes([0] * 7 + [8]) + data[8:])
    with pytest.raises(InvalidNote, match="not of this text"):
        open_note(Note(TEXT, (other,)).encode(), [cosigner.verifier])


@pytest.mark.parametrize("at_s", [None, -1, 2**63])
def test_a_cosignature_without_a_possible_time_is_not_made(at_s: int | None) -> None:
    with pytest.raises(InvalidNote, match="needs a time"):
        PORT.cosigner().sign(TEXT, at_s=at_s)


@pytest.mark.parametrize("text", ["", "no end", "a\tb\n"])
def test_what_could_not_be_read_is_not_signed(text: str) -> None:
    with pytest.raises(InvalidNote):
        sign_note(text, MILL)


def test_a_note_without_a_signature_is_not_written() -> None:
    with pytest.raises(InvalidNote):
        sign_note(TEXT)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb", "\ud800"])
def test_a_key_of_such_a_name_is_not_made(name: str) -> None:
    with pytest.raises(InvalidNote, match="no blank and no plus sign"):
        Signer.make(name)


def test_keys_cut_or_changed_are_refused() -> None:
    vkey, skey = str(MILL.verifier), str(MILL)
    for whole, parse in ((vkey, Verifier.parse), (skey, Signer.parse)):
        cut = [whole[:end] for end in range(len(whole))]
        cut += [whole[first:] for first in range(1, len(whole))]
        changed = [
            whole[:at] + chr(ord(whole[at]) + 1) + whole[at + 1 :] for at in range(len(whole))
        ]
        for text in cut + changed:
            with pytest.raises(InvalidNote):
                parse(text)


def test_a_private_key_is_not_shown_by_accident() -> None:
    assert str(MILL.seed) not in repr(MILL)
    assert "seed" not in repr(MILL)


@pytest.mark.vectors
@pytest.mark.parametrize("case", known_notes()["cases"], ids=lambda case: case["name"])
def test_notes_of_others_are_judged_as_they_say(case: dict[str, Any]) -> None:
    verifiers = [Verifier.parse(key) for key in case["vkeys"]]
    if not case["ok"]:
        with pytest.raises(InvalidNote):
            open_note(case["note"].encode(), verifiers)
        return
    opened = open_note(case["note"].encode(), verifiers)
    assert [verifier.name for verifier, _time in opened.by] == case["verified"]
    assert [signature.name for signature in opened.unknown] == case["unverified"]


@pytest.mark.vectors
def test_keys_of_others_are_judged_as_they_say() -> None:
    known = known_notes()
    for key in known["bad_vkeys"]:
        with pytest.raises(InvalidNote):
            Verifier.parse(key)
    signing = known["deterministic_signing"]
    signer = Signer.parse(signing["private_key_note"])
    assert sign_note(signing["text"], signer).decode() == signing["signed"]
    assert str(signer) == signing["private_key_note"]
