"""The tree over the entries: its roots and proofs against the standard, others and a slow twin."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import vectors
from tests.golden import tables
from tests.ledger import naive_tree
from traceability.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

ENTRIES = [f"entry {number}".encode() for number in range(70)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


# `Any`: vectors have the shape their makers gave them.
def merkle_vectors(name: str) -> Any:
    """Read one file of vectors; nothing where the folder is absent."""
    path = vectors.path(f"tlog/merkle/{name}.json")
    return json.loads(path.read_text()) if path.exists() else {"cases": []}


def read_nodes(nodes: Sequence[Node]) -> list[bytes]:
    """Give the hashes of full nodes, computed from the leaves below."""
    found = []
    for level, index in nodes:
        below = ENTRIES[index << level : (index + 1) << level]
        assert len(below) == 1 << level, "asked for a node that is not full"
        found.append(naive_tree.root(below))
    return found


@pytest.mark.parametrize("row", tables.rows("rfc6962.jsonl"), ids=lambda row: row["source"][:40])
def test_hashes_are_those_of_the_standard(row: dict[str, Any]) -> None:
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in row["leaves"]]
    found = leaves[0] if row["what"] == "leaf" else Frontier().append(leaves).root()
    assert found.hex() == row["hash"]


@pytest.mark.parametrize("size", range(len(ENTRIES) + 1))
def test_the_root_is_that_of_the_recursion_in_the_standard(size: int) -> None:
    assert Frontier().append(LEAVES[:size]).root() == naive_tree.root(ENTRIES[:size])


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_batch_is_the_same_as_one_by_one(first: int, second: int) -> None:
    cut, size = sorted((first, second))
    one_by_one = Frontier()
    for leaf in LEAVES[:size]:
        one_by_one = one_by_one.append([leaf])
    assert Frontier().append(LEAVES[:cut]).append(LEAVES[cut:size]) == one_by_one


def test_every_full_node_is_told_once_level_by_level() -> None:
    told: list[tuple[int, bytes]] = []
    Frontier().append(LEAVES[:3]).append(
        LEAVES[3:8], on_row=lambda level, row: told.append((level, row))
    )
    expected = [(0, [3, 4, 5, 6, 7]), (1, [1, 2, 3]), (2, [0, 1]), (3, [0])]
    assert told == [
        (level, b"".join(read_nodes([(level, index) for index in row]))) for level, row in expected
    ]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 21, 64, 70])
def test_a_frontier_survives_the_database(size: int) -> None:
    frontier = Frontier().append(LEAVES[:size])
    assert len(frontier.encode()) == 32 * size.bit_count()
    assert Frontier.decode(size, frontier.encode()) == frontier


@pytest.mark.parametrize(
    ("size", "data"), [(1, b""), (0, bytes(32)), (3, bytes(32)), (1, bytes(31)), (3, bytes(63))]
)
def test_a_frontier_of_the_wrong_length_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(ValueError, match="hash"):
        Frontier.decode(size, data)


@given(st.integers(1, 70), st.data())
def test_proofs_are_those_of_the_recursion_in_the_standard(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    root = naive_tree.root(ENTRIES[:size])
    inclusion = inclusion_proof(index, size, read_nodes)
    assert inclusion == naive_tree.path(index, ENTRIES[:size])
    assert verify_inclusion(index, size, LEAVES[index], inclusion, root)
    consistency = consistency_proof(index + 1, size, read_nodes)
    assert consistency == naive_tree.proof(index + 1, ENTRIES[:size])
    older_root = naive_tree.root(ENTRIES[: index + 1])
    assert verify_consistency(index + 1, size, older_root, root, consistency)


@given(st.integers(2, 70), st.data())
def test_a_changed_proof_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    older = data.draw(st.integers(1, size - 1))
    root, older_root = naive_tree.root(ENTRIES[:size]), naive_tree.root(ENTRIES[:older])
    inclusion = inclusion_proof(index, size, read_nodes)
    consistency = consistency_proof(older, size, read_nodes)
    for changed in _changes(inclusion, data):
        assert not verify_inclusion(index, size, LEAVES[index], changed, root)
    for changed in _changes(consistency, data):
        assert not verify_consistency(older, size, older_root, root, changed)
    assert not verify_inclusion(index, size, LEAVES[index - 1], inclusion, root)
    assert not verify_inclusion(index, size, LEAVES[index], inclusion, older_root)
    assert not verify_consistency(older, size, root, root, consistency)
    assert not verify_consistency(older, size, older_root, older_root, consistency)


def _changes(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    return [
        [*proof[:at], flipped, *proof[at + 1 :]],
        [*proof[:at], proof[at][:31], *proof[at + 1 :]],
        [*proof[:at], proof[at] + b"\0", *proof[at + 1 :]],
        [*proof, bytes(32)],
        [bytes(32), *proof],
        proof[:-1],
        proof[1:],
    ]


def test_four_traps_are_refused() -> None:
    short = b"short"
    leaf = LEAVES[0]
    assert not verify_inclusion(0, 1, short, [], short)
    assert not verify_consistency(1, 2, short, short, [short])
    assert not verify_consistency(1, 1, b"", b"", [])
    assert not verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verify_consistency(0, 1, EMPTY_ROOT, leaf, [])


@pytest.mark.parametrize(
    ("index", "size"), [(0, 0), (1, 1), (-1, 1), (2**64, 2**64 - 1), (5, 3), (0, -1)]
)
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    assert not verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])
    with pytest.raises(ValueError, match=f"has no leaf {index}"):
        inclusion_proof(index, size, read_nodes)


@pytest.mark.parametrize(("older", "size"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_sizes_out_of_order_have_no_proof(older: int, size: int) -> None:
    assert not verify_consistency(older, size, LEAVES[0], LEAVES[0], [])
    with pytest.raises(ValueError, match="No proof leads from"):
        consistency_proof(older, size, read_nodes)


def test_a_large_tree_asks_for_all_its_nodes_at_once() -> None:
    questions: list[Sequence[Node]] = []

    def read(nodes: Sequence[Node]) -> list[bytes]:
        questions.append(nodes)
        return [node_hash(bytes(32), bytes(32))] * len(nodes)

    size = 2**40 + 2**20 + 1
    inclusion_proof(12_345_678, size, read)
    consistency_proof(2**39 + 7, size, read)
    assert [len(nodes) <= 2 * 41 for nodes in questions] == [True, True]
    assert all((index + 1) << level <= size for nodes in questions for level, index in nodes)


@pytest.mark.vectors
def test_roots_are_those_of_the_certificate_log() -> None:
    known = merkle_vectors("rfc6962-roots")
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in known["leaf_inputs_hex"]]
    roots = [Frontier().append(leaves[:size]).root().hex() for size in range(9)]
    assert roots == known["root_hash_hex_by_size_0_to_8"]
    nodes: dict[int, list[str]] = {}
    Frontier().append(
        leaves,
        on_row=lambda level, row: nodes.setdefault(level, []).extend(
            row[at : at + 32].hex() for at in range(0, len(row), 32)
        ),
    )
    assert list(nodes.values()) == known["perfect_node_hash_hex_by_level"]


@pytest.mark.vectors
@pytest.mark.parametrize(
    "case", merkle_vectors("inclusion")["cases"], ids=lambda case: case["file"]
)
def test_inclusion_proofs_of_others_are_judged_as_they_say(case: dict[str, Any]) -> None:
    proof = [b64decode(item) for item in case["proof"] or []]
    root, leaf = b64decode(case["root"] or ""), b64decode(case["leafHash"] or "")
    is_good = verify_inclusion(case["leafIdx"], case["treeSize"], leaf, proof, root)
    assert is_good is not case["wantErr"]


@pytest.mark.vectors
@pytest.mark.parametrize(
    "case", merkle_vectors("consistency")["cases"], ids=lambda case: case["file"]
)
def test_consistency_proofs_of_others_are_judged_as_they_say(case: dict[str, Any]) -> None:
    proof = [b64decode(item) for item in case["proof"] or []]
    older_root, root = b64decode(case["root1"] or ""), b64decode(case["root2"] or "")
    is_good = verify_consistency(case["size1"], case["size2"], older_root, root, proof)
    assert is_good is not case["wantErr"]
