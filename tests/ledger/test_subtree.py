"""Stretches of the tree with a seal of their own: others' vectors, and the recursion by hand."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger import naive_tree
from tests.ledger.test_merkle import ENTRIES, LEAVES, merkle_vectors, read_nodes
from traceability.ledger.merkle import EMPTY_ROOT
from traceability.ledger.subtree import (
    is_subtree,
    subtree_consistency_proof,
    subtree_inclusion_proof,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)


@st.composite
def subtrees(draw: st.DrawFn) -> tuple[int, int, int]:
    """Draw start, end and the size of a tree that has that subtree."""
    size = draw(st.integers(1, len(ENTRIES)))
    pairs = st.tuples(st.integers(0, size - 1), st.integers(1, size))
    start, end = draw(pairs.filter(lambda pair: pair[0] < pair[1] and is_subtree(*pair)))
    return start, end, size


def naive_subproof(start: int, end: int, entries: list[bytes], is_known: bool) -> list[bytes]:
    """Write SUBTREE_SUBPROOF out as the draft does."""
    if (start, end) == (0, len(entries)):
        return [] if is_known else [naive_tree.root(entries)]
    split = 1
    while split * 2 < len(entries):
        split *= 2
    left, right = entries[:split], entries[split:]
    if end <= split:
        return [*naive_subproof(start, end, left, is_known), naive_tree.root(right)]
    if split <= start:
        below = naive_subproof(start - split, end - split, right, is_known)
        return [*below, naive_tree.root(left)]
    return [*naive_subproof(0, end - split, right, False), naive_tree.root(left)]


@settings(max_examples=40)
@given(subtrees(), st.data())
def test_proofs_are_those_of_the_recursion_in_the_draft(
    drawn: tuple[int, int, int], data: st.DataObject
) -> None:
    start, end, size = drawn
    stretch, root = naive_tree.root(ENTRIES[start:end]), naive_tree.root(ENTRIES[:size])
    proof = subtree_consistency_proof(start, end, size, read_nodes)
    assert proof == naive_subproof(start, end, ENTRIES[:size], True)
    assert verify_subtree_consistency(start, end, size, stretch, root, proof)
    assert not verify_subtree_consistency(start, end, size, stretch, LEAVES[-1][::-1], proof)
    assert not verify_subtree_consistency(start, end, size, stretch, root, [*proof, root])
    assert not verify_subtree_consistency(start, end, size, LEAVES[-1][::-1], root, proof)
    index = data.draw(st.integers(start, end - 1))
    path = subtree_inclusion_proof(index, start, end, read_nodes)
    assert path == naive_tree.path(index - start, ENTRIES[start:end])
    assert verify_subtree_inclusion(index, start, end, LEAVES[index], path, stretch)
    assert not verify_subtree_inclusion(index, start, end, LEAVES[index][::-1], path, stretch)


@settings(max_examples=40)
@given(st.integers(1, len(ENTRIES)), st.data())
def test_one_that_begins_the_tree_is_an_older_tree(size: int, data: st.DataObject) -> None:
    older = data.draw(st.integers(1, size))
    proof = subtree_consistency_proof(0, older, size, read_nodes)
    assert proof == naive_tree.proof(older, ENTRIES[:size])


@pytest.mark.parametrize(("start", "end"), [(1, 3), (2, 5), (2, 6), (3, 2), (-1, 0), (4, 9)])
def test_what_the_tree_has_no_node_for_is_no_subtree(start: int, end: int) -> None:
    assert not is_subtree(start, end)
    assert not verify_subtree_inclusion(start, start, end, LEAVES[0], [], LEAVES[0])
    assert not verify_subtree_consistency(start, end, 9, LEAVES[0], LEAVES[0], [])
    with pytest.raises(ValueError, match="No subtree from"):
        subtree_inclusion_proof(start, start, end, read_nodes)
    with pytest.raises(ValueError, match="has no subtree from"):
        subtree_consistency_proof(start, end, 9, read_nodes)


def test_an_empty_one_is_nobodys_proof() -> None:
    assert verify_subtree_consistency(3, 3, 3, EMPTY_ROOT, LEAVES[0], [])
    assert not verify_subtree_consistency(3, 3, 2, EMPTY_ROOT, LEAVES[0], [])
    assert not verify_subtree_consistency(3, 3, 3, LEAVES[0], LEAVES[0], [])
    assert not verify_subtree_consistency(0, 0, 0, b"", b"", [])
    with pytest.raises(ValueError, match="has no subtree from 3 to 3"):
        subtree_consistency_proof(3, 3, 3, read_nodes)


def _bytes(one: str | None) -> bytes:
    return b64decode(one or "")


@pytest.mark.vectors
@pytest.mark.parametrize(
    "case", merkle_vectors("subtreeinclusion")["cases"], ids=lambda case: case["file"]
)
def test_inclusion_proofs_of_others_are_judged_as_they_say(case: dict[str, Any]) -> None:
    proof = [_bytes(item) for item in case["proof"] or []]
    leaf, root = _bytes(case["leafHash"]), _bytes(case["root"])
    is_good = verify_subtree_inclusion(
        case["leafIdx"], case["start"], case["end"], leaf, proof, root
    )
    assert is_good is not case["wantErr"]


@pytest.mark.vectors
@pytest.mark.parametrize(
    "case", merkle_vectors("subtreeconsistency")["cases"], ids=lambda case: case["file"]
)
def test_consistency_proofs_of_others_are_judged_as_they_say(case: dict[str, Any]) -> None:
    proof = [_bytes(item) for item in case["proof"] or []]
    stretch, root = _bytes(case["root1"]), _bytes(case["root2"])
    is_good = verify_subtree_consistency(
        case["start"], case["end"], case["size"], stretch, root, proof
    )
    assert is_good is not case["wantErr"]
