"""The tree of the verifier that travels with a bundle: others' vectors, and the ledger's own tree.

It shares no line with the ledger: it walks from the root down, as RFC 6962 writes it.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger.test_merkle import LEAVES, merkle_vectors, read_nodes
from traceability.ledger.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    verify_inclusion,
)
from traceability.ledger.proof.bundle_check import Wrong, root_over, roots_over

ROOTS = [Frontier().append(LEAVES[:size]).root() for size in range(len(LEAVES) + 1)]


def is_included(index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> bool:
    """Say what the verifier makes of an inclusion proof; it asks for 32 bytes where it reads."""
    try:
        return {len(one) for one in (leaf, root, *proof)} == {32} and (
            root_over(index, size, leaf, proof) == root
        )
    except Wrong:
        return False


def is_beginning(older: int, size: int, older_root: bytes, root: bytes, proof: list[bytes]) -> bool:
    """Say what the verifier makes of a consistency proof."""
    try:
        return {len(one) for one in (older_root, root, *proof)} == {32} and (
            roots_over(older, size, older_root, proof) == (older_root, root)
        )
    except Wrong:
        return False


def _bytes(one: str | None) -> bytes:
    return b64decode(one or "")


@pytest.mark.vectors
@pytest.mark.parametrize(
    "row", merkle_vectors("inclusion")["cases"], ids=lambda row: f"{row['file']} {row['desc']}"
)
def test_inclusion_as_others_have_it(row: dict[str, Any]) -> None:
    proof = [_bytes(one) for one in row["proof"] or []]
    leaf, root = _bytes(row["leafHash"]), _bytes(row["root"])
    found = is_included(row["leafIdx"], row["treeSize"], leaf, proof, root)
    assert found is not row["wantErr"]


@pytest.mark.vectors
@pytest.mark.parametrize(
    "row", merkle_vectors("consistency")["cases"], ids=lambda row: f"{row['file']} {row['desc']}"
)
def test_consistency_as_others_have_it(row: dict[str, Any]) -> None:
    proof = [_bytes(one) for one in row["proof"] or []]
    roots = _bytes(row["root1"]), _bytes(row["root2"])
    # Two equal roots of no length prove nothing to an auditor; the vectors let them pass.
    expected = not row["wantErr"] and len(roots[1]) == 32
    assert is_beginning(row["size1"], row["size2"], *roots, proof) is expected


@given(st.integers(1, len(LEAVES)), st.data())
def test_what_the_ledger_proves_is_found_true_and_nothing_else(size: int, data: Any) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, read_nodes)
    assert is_included(index, size, LEAVES[index], proof, ROOTS[size])
    other = data.draw(st.integers(0, len(LEAVES) - 1).filter(lambda at: at != index))
    assert not is_included(other, size, LEAVES[index], proof, ROOTS[size])
    # A path says little of the size, which is why the size is signed: here two programs agree.
    for wrong in (size + 1, size + 8):
        found = is_included(index, wrong, LEAVES[index], proof, ROOTS[size])
        assert found is verify_inclusion(index, wrong, LEAVES[index], proof, ROOTS[size])
    assert not is_included(index, size, LEAVES[index], [*proof, bytes(32)], ROOTS[size])


@given(st.integers(1, len(LEAVES)), st.data())
def test_a_beginning_is_found_true_and_nothing_else(size: int, data: Any) -> None:
    older = data.draw(st.integers(1, size))
    proof = consistency_proof(older, size, read_nodes)
    assert is_beginning(older, size, ROOTS[older], ROOTS[size], proof)
    assert not is_beginning(older, size, ROOTS[older], ROOTS[size], [*proof, bytes(32)])
    assert not is_beginning(0, size, ROOTS[0], ROOTS[size], proof)
    if older < size:
        assert not is_beginning(older, size, ROOTS[size], ROOTS[size], proof)
        assert not is_beginning(older, size, ROOTS[older], ROOTS[older], proof)
        assert not is_beginning(older, size, ROOTS[older], ROOTS[size], proof[:-1])
