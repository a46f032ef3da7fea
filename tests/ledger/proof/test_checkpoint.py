"""Checkpoints: three lines, one spelling, and a name on each signature."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import vectors
from tests.golden import tables
from traceability.ledger.merkle import leaf_hash, verify_inclusion
from traceability.ledger.proof.checkpoint import Checkpoint, open_checkpoint
from traceability.ledger.proof.note import (
    ED25519,
    InvalidNote,
    Signer,
    Verifier,
    parse_note,
    sign_note,
)

MILL = Signer.make("mill.example/main", seed=bytes(32))
ROOT = bytes(range(32))


# `Any`: vectors have the shape their makers gave them.
def known(name: str) -> Any:
    """Read one file of checkpoints of others; nothing where the folder is absent."""
    path = vectors.path(f"tlog/checkpoints/{name}.json")
    empty: dict[str, list[Any]] = {"cases": [], "checkpoints": [], "bad": []}
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else empty


@pytest.mark.parametrize("row", tables.rows("checkpoints.jsonl"), ids=lambda row: row["text"])
def test_a_checkpoint_has_one_spelling(row: dict[str, Any]) -> None:
    if "refused" in row:
        with pytest.raises(InvalidNote):
            Checkpoint.parse(row["text"])
        return
    found = Checkpoint.parse(row["text"])
    assert (found.origin, found.size) == (row["origin"], row["size"])
    assert (list(found.extensions), found.text) == (row["extensions"], row["text"])


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read(size: int, root: bytes) -> None:
    written = Checkpoint("mill.example/main", size, root)
    assert Checkpoint.parse(written.text) == written


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions"),
    [
        ("", 1, ROOT, ()),
        ("a\nb", 1, ROOT, ()),
        ("a", -1, ROOT, ()),
        ("a", 2**63, ROOT, ()),
        ("a", 1, ROOT[:31], ()),
        ("a", 1, ROOT, ("",)),
    ],
)
def test_what_could_not_be_read_is_not_written(
    origin: str, size: int, root: bytes, extensions: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidNote):
        Checkpoint(origin, size, root, extensions)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    data = sign_note(Checkpoint("mill.example/main", 5, ROOT).text, MILL)
    found, opened = open_checkpoint(data, [MILL.verifier], origin="mill.example/main")
    assert (found.size, opened.by) == (5, ((MILL.verifier, None),))
    with pytest.raises(InvalidNote, match="expected 'port"):
        open_checkpoint(data, [MILL.verifier], origin="port.example/main")


@pytest.mark.vectors
@pytest.mark.parametrize("text", known("sumdb")["checkpoints"], ids=lambda text: text[21:40])
def test_real_checkpoints_open(text: str) -> None:
    verifier = Verifier.parse(known("sumdb")["vkey"])
    found, opened = open_checkpoint(text.encode(), [verifier], origin="go.sum database tree")
    assert (found.text, opened.by) == (opened.text, ((verifier, None),))


@pytest.mark.vectors
def test_the_text_of_a_real_log_is_written_as_it_writes_it() -> None:
    case = known("sumdb-text")
    found = Checkpoint.parse(case["text"])
    assert (found.size, found.text) == (case["tree_size"], case["text"])


@pytest.mark.vectors
@pytest.mark.parametrize("text", known("sumdb-text")["bad"], ids=lambda text: text[:30])
def test_a_bad_text_is_refused_or_of_another_log(text: str) -> None:
    try:
        found = Checkpoint.parse(text)
    except InvalidNote:
        return
    assert found.origin != "go.sum database tree"


@pytest.mark.vectors
@pytest.mark.parametrize("case", known("rekor-v2")["cases"], ids=lambda case: case["name"])
def test_cosigned_checkpoints_with_their_proofs_are_judged_as_they_say(
    case: dict[str, Any],
) -> None:
    assert _is_proven(case) is case["expect_ok"]


def _is_proven(case: dict[str, Any]) -> bool:
    """Say whether a trusted log signed for the leaf of a case."""
    verifiers = []
    for log in case["trusted_logs"]:
        if log["keyDetails"] == "PKIX_ED25519":
            name = log["baseUrl"].removeprefix("https://")
            # The last 32 bytes of a DER key of this kind are the key (RFC 8410).
            verifier = Verifier.of(name, ED25519, b64decode(log["publicKeySPKI_b64"])[-32:])
            assert verifier.key_id == b64decode(log["logId"])[:4]
            verifiers.append(verifier)
    try:
        found, opened = open_checkpoint(case["checkpoint"].encode(), verifiers)
    except InvalidNote:
        return False
    assert len(opened.by) + len(opened.unknown) == len(
        parse_note(case["checkpoint"].encode()).signatures
    )
    proof = [b64decode(item) for item in case["hashes"]]
    leaf = leaf_hash(b64decode(case["canonicalizedBody"]))
    is_signed_by_log = any(verifier.name == found.origin for verifier, _time in opened.by)
    return (
        is_signed_by_log
        and (found.size, found.root) == (int(case["treeSize"]), b64decode(case["rootHash"]))
        and verify_inclusion(int(case["logIndex"]), found.size, leaf, proof, found.root)
    )
