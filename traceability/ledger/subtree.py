"""A stretch of the book with a seal of its own: a day's entries, provable without the rest.

A subtree covers the leaves from ``start`` up to ``end``, not including it, where the tree has a
node for them, or would have one if it ended there: ``start`` is a multiple of the smallest power of
two that is not below their number. A proof in it is shorter than one in the whole tree, and one
proof of the subtree serves all that is in it.

Source: draft-ietf-plants-merkle-tree-certs, section "Subtrees".

>>> from traceability.ledger.merkle import Frontier, leaf_hash
>>> leaves = [leaf_hash(str(number).encode()) for number in range(7)]
>>> day, book = Frontier().append(leaves[4:6]).root(), Frontier().append(leaves).root()
>>> read = lambda nodes: [Frontier().append(leaves[at << level:][:1 << level]).root()
...                       for level, at in nodes]
>>> proof = subtree_inclusion_proof(5, 4, 6, read)
>>> verify_subtree_inclusion(5, 4, 6, leaves[5], proof, day)
True
>>> proof = subtree_consistency_proof(4, 6, 7, read)
>>> verify_subtree_consistency(4, 6, 7, day, book, proof)
True
"""

from collections.abc import Sequence

from traceability.ledger.merkle import (
    EMPTY_ROOT,
    HashReader,
    Node,
    are_hashes,
    inclusion_proof,
    node_hash,
    read_ranges,
    split_of,
    verify_inclusion,
)

__all__ = [
    "is_subtree",
    "subtree_consistency_proof",
    "subtree_inclusion_proof",
    "verify_subtree_consistency",
    "verify_subtree_inclusion",
]


def is_subtree(start: int, end: int) -> bool:
    """Say whether the leaves from ``start`` up to ``end`` are a subtree; an empty one is, too.

    >>> is_subtree(4, 7), is_subtree(2, 5), is_subtree(3, 3)
    (True, False, True)
    """
    if not 0 <= start <= end:
        return False
    return start == end or start % (1 << (end - start - 1).bit_length()) == 0


def subtree_inclusion_proof(index: int, start: int, end: int, read: HashReader) -> list[bytes]:
    """Make the proof that a leaf stands in a subtree.

    Args:
        index: Position of the leaf in the whole tree.
        start: First leaf of the subtree.
        end: The leaf behind its last.
        read: Gives the hashes of full nodes of the whole tree.

    Raises:
        ValueError: If there is no such subtree, or the leaf is not in it.
    """
    if not is_subtree(start, end) or not start <= index < end:
        raise ValueError(f"No subtree from {start} to {end} has a leaf {index}.")

    def shifted(nodes: Sequence[Node]) -> Sequence[bytes]:
        return read([(level, (start >> level) + at) for level, at in nodes])

    return inclusion_proof(index - start, end - start, shifted)


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether a proof leads from a leaf hash to the root of a subtree.

    Args:
        index: Position of the leaf in the whole tree.
        start: First leaf of the subtree.
        end: The leaf behind its last.
        leaf: Leaf hash.
        proof: Hashes from the leaf upward.
        root: Root of the subtree, from a source that is trusted.
    """
    return is_subtree(start, end) and verify_inclusion(
        index - start, end - start, leaf, proof, root
    )


def subtree_consistency_proof(start: int, end: int, size: int, read: HashReader) -> list[bytes]:
    """Make the proof that a subtree is part of the tree of a size.

    Raises:
        ValueError: If there is no such subtree in that tree, or it is empty.
    """
    if not is_subtree(start, end) or not start < end <= size:
        raise ValueError(f"A tree of {size} leaves has no subtree from {start} to {end}.")
    first, last, is_whole = 0, size, True
    walked: list[tuple[int, int]] = []
    while (start, end) != (first, last):
        middle = first + split_of(last - first)
        if end <= middle:
            walked.append((middle, last))
            last = middle
        else:
            walked.append((first, middle))
            # What reaches over the split begins where the node does: its left half is told.
            if start < middle:
                start, is_whole = middle, False
            first = middle
    whole = [] if is_whole else [(first, last)]
    return read_ranges([*whole, *reversed(walked)], read)


def verify_subtree_consistency(
    start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether a proof shows that a subtree is part of a tree.

    An empty subtree is part of every tree that is long enough: the draft calls that valid, though
    it proves nothing, not even of the root, which nobody looks at then.

    Args:
        start: First leaf of the subtree.
        end: The leaf behind its last.
        size: Leaves of the tree.
        subtree_root: Root of the subtree.
        root: Root of the tree, from a source that is trusted.
        proof: As `subtree_consistency_proof` makes it.
    """
    if not is_subtree(start, end) or end > size:
        return False
    if start == end:
        return not proof and subtree_root == EMPTY_ROOT
    if not are_hashes(subtree_root, root, *proof):
        return False
    found = _roots(start, end, size, subtree_root, list(proof))
    return found == (subtree_root, root)


def _roots(
    start: int, end: int, size: int, known: bytes, proof: list[bytes]
) -> tuple[bytes, bytes] | None:
    """Return the roots of subtree and tree that a proof gives; None if it has not their length.

    Args:
        start: First leaf of the subtree, counted from the first of the tree.
        end: The leaf behind its last.
        size: Leaves of the tree.
        known: Root of the subtree as it was given; empty where only a part of it is looked at.
        proof: Hashes, the one of the root's child last.
    """
    if (start, end) == (0, size):
        only = [known, *proof] if known else proof
        return (only[0], only[0]) if len(only) == 1 else None
    if not proof:
        return None
    middle, below, beside = split_of(size), proof[:-1], proof[-1]
    if end <= middle:
        found = _roots(start, end, middle, known, below)
        return found and (found[0], node_hash(found[1], beside))
    if start >= middle:
        found = _roots(start - middle, end - middle, size - middle, known, below)
        return found and (found[0], node_hash(beside, found[1]))
    found = _roots(0, end - middle, size - middle, b"", below)
    return found and (node_hash(beside, found[0]), node_hash(beside, found[1]))
