"""Proof files: one spelling, and what was changed on the way proves nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import vectors
from tests.golden import tables
from tests.ledger import naive_tree
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.note import InvalidNote, Signer, sign_note
from traceability.ledger.proof.proof_file import ProofFile

MILL = Signer.make("mill.example/main", seed=bytes(32))
ENTRIES = [f"entry {number}".encode() for number in range(21)]


def proof_of(index: int, size: int = len(ENTRIES)) -> ProofFile:
    """Make the proof of one entry, with the entry in it."""
    root = naive_tree.root(ENTRIES[:size])
    note = sign_note(Checkpoint(MILL.name, size, root).text, MILL)
    return ProofFile(index, tuple(naive_tree.path(index, ENTRIES[:size])), note, ENTRIES[index])


# `Any`: vectors have the shape their makers gave them.
def known() -> Any:
    """Read the proof files of others; nothing where the folder is absent."""
    path = vectors.path("tlog/tlog-proof-syntax.json")
    return (
        json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"good": [], "bad": []}
    )


@pytest.mark.parametrize("row", tables.rows("proof_files.jsonl"), ids=lambda row: row["text"][:60])
def test_a_proof_has_one_spelling(row: dict[str, Any]) -> None:
    data = row["text"].encode()
    if "refused" in row:
        with pytest.raises(InvalidNote):
            ProofFile.parse(data)
        return
    found = ProofFile.parse(data)
    extra = None if found.extra is None else found.extra.hex()
    assert (found.index, len(found.hashes), extra) == (row["index"], row["hashes"], row["extra"])
    assert found.encode() == data


@given(st.integers(0, 20), st.none() | st.binary(max_size=40))
def test_what_is_written_is_read_and_proves_its_entry(index: int, extra: bytes | None) -> None:
    written = replace(proof_of(index), extra=extra)
    found = ProofFile.parse(written.encode())
    assert found == written
    checkpoint, opened = found.verify(ENTRIES[index], [MILL.verifier], origin=MILL.name)
    assert (checkpoint.size, opened.by) == (21, ((MILL.verifier, None),))


@pytest.mark.parametrize(
    "changed",
    [
        replace(proof_of(5), index=4),
        replace(proof_of(5), hashes=proof_of(5).hashes[:-1]),
        replace(proof_of(5), hashes=(*proof_of(5).hashes, bytes(32))),
        replace(proof_of(5), checkpoint=proof_of(5, 20).checkpoint),
    ],
)
def test_a_changed_proof_proves_nothing(changed: ProofFile) -> None:
    with pytest.raises(InvalidNote, match="does not lead from this entry"):
        changed.verify(ENTRIES[5], [MILL.verifier])


def test_another_entry_is_not_proven() -> None:
    with pytest.raises(InvalidNote, match="does not lead from this entry to position 5 of 21"):
        proof_of(5).verify(b"entry 5 ", [MILL.verifier])


def test_a_proof_of_an_unknown_log_is_not_trusted() -> None:
    other = Signer.make("port.example/main", seed=bytes(32))
    with pytest.raises(InvalidNote, match="No known key signed this note"):
        proof_of(5).verify(ENTRIES[5], [other.verifier])
    with pytest.raises(InvalidNote, match="expected 'port"):
        proof_of(5).verify(ENTRIES[5], [MILL.verifier], origin=other.name)


def test_what_could_not_be_read_is_not_written() -> None:
    with pytest.raises(ValueError, match="is no proof"):
        replace(proof_of(5), index=-1).encode()
    with pytest.raises(InvalidNote, match="at most 63 lines"):
        replace(proof_of(5), hashes=(bytes(32),) * 64).encode()


def test_a_proof_too_long_to_read_is_refused() -> None:
    with pytest.raises(InvalidNote):
        ProofFile.parse(b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + b"x" * 2_000_000)


@pytest.mark.vectors
@pytest.mark.parametrize("case", known()["good"], ids=lambda case: str(case["index"]))
def test_proofs_of_others_are_read_and_written_alike(case: dict[str, Any]) -> None:
    found = ProofFile.parse(case["text"].encode())
    extra = None if case["extra"] is None else case["extra"].encode()
    hashes = [sha256(word.encode()).digest() for word in case["hashes_of"]]
    assert found == ProofFile(case["index"], tuple(hashes), case["checkpoint"].encode(), extra)
    assert found.encode().decode() == case["text"]
    assert all(b64encode(item).decode() in case["text"] for item in hashes)


@pytest.mark.vectors
@pytest.mark.parametrize("case", known()["bad"], ids=lambda case: case["why"])
def test_what_others_refuse_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidNote):
        ProofFile.parse(case["text"].encode())
