"""The seal over the whole book: one hash that changes if any entry ever changes.

Entries are the leaves of a binary tree; every node is the hash of its two children. Whoever
holds the root can check one entry with a handful of hashes (inclusion), and that yesterday's
book is the beginning of today's (consistency).

A node is named by (level, index): level 0 are the leaves, node (l, i) covers the 2^l leaves from
i * 2^l. Only full nodes, whose leaves are all there, are ever stored or asked for.

Source: RFC 6962 section 2.1; RFC 9162 sections 2.1.3.2 and 2.1.4.2 (verification).

>>> leaves = [leaf_hash(entry) for entry in (b"rolls in", b"cut", b"sewn")]
>>> frontier = Frontier().append(leaves)
>>> frontier.size, frontier.root().hex()[:16]
(3, 'd15269bd1a75f8fe')
>>> proof = inclusion_proof(1, 3, lambda nodes: [leaves[index] for _level, index in nodes])
>>> verify_inclusion(1, 3, leaves[1], proof, frontier.root())
True
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Final, TypeAlias

HASH_SIZE: Final = 32
"""Bytes of a SHA-256 hash."""
EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of the tree without leaves."""
_PAIR: Final = Struct("64s")
"""Two hashes beside each other: cut by C, not by slices, a row costs a tenth less."""

Node: TypeAlias = tuple[int, int]
"""Level and index of a full node."""
HashReader: TypeAlias = Callable[[Sequence[Node]], Sequence[bytes]]
"""Returns the hashes of full nodes, in the order asked; all that a proof needs is asked at once."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash the bytes of one entry as a leaf.

    Source: RFC 6962 section 2.1.

    >>> leaf_hash(b"").hex()[:16]
    '6e340b9cffb37a98'
    """
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children of 32 bytes each into their parent.

    Source: RFC 6962 section 2.1.
    """
    return sha256(b"\x01" + left + right).digest()


def parents_of(row: bytes) -> bytes:
    """Hash a row of neighbours two by two into the row of nodes above them.

    Args:
        row: An even number of hashes, 32 bytes each, left to right.

    >>> parents_of(EMPTY_ROOT * 4) == node_hash(EMPTY_ROOT, EMPTY_ROOT) * 2
    True
    """
    return b"".join([sha256(b"\x01" + pair).digest() for (pair,) in _PAIR.iter_unpack(row)])


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that is needed to append to it and to know its root.

    One hash for each 1 in the binary size, largest subtree first: at most 64 hashes.
    """

    size: int = 0
    """Number of leaves."""
    hashes: tuple[bytes, ...] = ()
    """Hashes of the full subtrees from left to right."""

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(
                f"A frontier of size {self.size} has "
                f"{max(self.size, 0).bit_count()} hashes, got {len(self.hashes)}."
            )
        if any(len(item) != HASH_SIZE for item in self.hashes):
            raise ValueError(f"A hash has {HASH_SIZE} bytes.")

    @classmethod
    def decode(cls, size: int, data: bytes) -> "Frontier":
        """Read the hashes written by `encode`.

        Raises:
            ValueError: If `data` is not as long as `size` demands.
        """
        return cls(size, tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)))

    def encode(self) -> bytes:
        """Write the hashes one after the other, largest subtree first."""
        return b"".join(self.hashes)

    def append(
        self, leaf_hashes: Iterable[bytes], *, on_row: Callable[[int, bytes], None] | None = None
    ) -> "Frontier":
        """Return the frontier after more leaves.

        Args:
            leaf_hashes: 32 bytes each, in order.
            on_row: Told for each level, from the leaves upward, the hashes of all full nodes that
                are new on it, from left to right in one piece.
        """
        # A level at a time, not a leaf at a time: one call for a row of nodes instead of two for
        # each node was half of the time.
        row = b"".join(leaf_hashes)
        size = self.size + len(row) // HASH_SIZE
        pending = list(self.hashes)
        edge: list[bytes] = []
        for level in range(size.bit_length()):
            if row and on_row is not None:
                on_row(level, row)
            if self.size >> level & 1:
                row = pending.pop() + row
            if size >> level & 1:
                edge.append(row[-HASH_SIZE:])
                row = row[:-HASH_SIZE]
            row = parents_of(row)
        return Frontier(size, tuple(reversed(edge)))

    def root(self) -> bytes:
        """Return the root of the tree.

        >>> Frontier().root() == EMPTY_ROOT
        True
        """
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """Make the proof that a leaf stands in the tree of a size.

    Args:
        index: Position of the leaf.
        size: Leaves of the tree whose root the proof leads to.
        read: Gives the hashes of full nodes of that tree.

    Raises:
        ValueError: If there is no such leaf.

    Source: RFC 6962 section 2.1.1.
    """
    if not 0 <= index < size:
        raise ValueError(f"A tree of {size} leaves has no leaf {index}.")
    return read_ranges(_inclusion_ranges(index, 0, size), read)


def consistency_proof(older_size: int, size: int, read: HashReader) -> list[bytes]:
    """Make the proof that the tree of `older_size` is the beginning of the tree of `size`.

    Raises:
        ValueError: If `older_size` is 0, which proves nothing, or larger than `size`.

    Source: RFC 6962 section 2.1.2.
    """
    if not 0 < older_size <= size:
        raise ValueError(f"No proof leads from size {older_size} to size {size}.")
    ranges: list[tuple[int, int]] = []
    first, end, is_whole = 0, size, True
    # Walk down to where the older tree ends, as the recursion SUBPROOF does.
    walked: list[tuple[int, int]] = []
    while older_size != end:
        middle = first + split_of(end - first)
        if older_size <= middle:
            walked.append((middle, end))
            end = middle
        else:
            walked.append((first, middle))
            first, is_whole = middle, False
    if not is_whole:
        ranges.append((first, end))
    ranges.extend(reversed(walked))
    return read_ranges(ranges, read)


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether a proof leads from a leaf hash to a root.

    Args:
        index: Position of the leaf.
        size: Leaves of the tree.
        leaf: Leaf hash.
        proof: Hashes from the leaf upward.
        root: Root of the tree, from a source that is trusted.

    Source: RFC 9162 section 2.1.3.2. Hashes that are not 32 bytes long are refused even where no
    step would look at them.
    """
    if not 0 <= index < size or not are_hashes(leaf, root, *proof):
        return False
    node, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            current = node_hash(sibling, current)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and current == root


def verify_consistency(
    older_size: int, size: int, older_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether a proof shows that an older tree is the beginning of a newer one.

    Source: RFC 9162 section 2.1.4.2. An older size of 0 is refused, also against size 0: an empty
    tree is the beginning of every tree, so it proves nothing. Hashes of another length than 32
    bytes are refused before any step.
    """
    if not 0 < older_size <= size:
        return False
    # Nothing is hashed between trees of one size: two equal roots prove it whatever they are, as
    # the published vectors have it ("sizes are equal (one) and proof is empty").
    if older_size == size:
        return not proof and older_root == root != b""
    if not are_hashes(older_root, root, *proof):
        return False
    steps = list(proof)
    # A full older tree is itself the first step; the proof leaves it out.
    if older_size & (older_size - 1) == 0:
        steps.insert(0, older_root)
    if not steps:
        return False
    node, last = older_size - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            newer = node_hash(newer, step)
        node >>= 1
        last >>= 1
    return last == 0 and older == older_root and newer == root


def are_hashes(*items: bytes) -> bool:
    """Say whether each of these has the 32 bytes of a hash."""
    return all(len(item) == HASH_SIZE for item in items)


def split_of(count: int) -> int:
    """Return where a tree splits: the largest power of two below a count of at least 2.

    Source: RFC 6962 section 2.1.
    """
    return 1 << (count - 1).bit_length() - 1


def _inclusion_ranges(index: int, first: int, end: int) -> list[tuple[int, int]]:
    walked: list[tuple[int, int]] = []
    while end - first > 1:
        middle = first + split_of(end - first)
        if index < middle:
            walked.append((middle, end))
            end = middle
        else:
            walked.append((first, middle))
            first = middle
    return walked[::-1]


def _full_nodes(first: int, end: int) -> list[Node]:
    """Cut a range that begins at a split of the tree into its full nodes, largest first."""
    nodes: list[Node] = []
    while first < end:
        level = (end - first).bit_length() - 1
        nodes.append((level, first >> level))
        first += 1 << level
    return nodes


def read_ranges(ranges: Sequence[tuple[int, int]], read: HashReader) -> list[bytes]:
    """Return the hash of each range of leaves; all full nodes are read in one question.

    Args:
        ranges: First leaf and the one behind the last, each range beginning at a split of the tree.
        read: Gives the hashes of full nodes.
    """
    cut = [_full_nodes(first, end) for first, end in ranges]
    wanted = [node for nodes in cut for node in nodes]
    hashes = read(wanted) if wanted else []
    assert len(hashes) == len(wanted), (len(hashes), len(wanted))
    found: list[bytes] = []
    at = 0
    for nodes in cut:
        current = hashes[at + len(nodes) - 1]
        for left in reversed(hashes[at : at + len(nodes) - 1]):
            current = node_hash(left, current)
        found.append(current)
        at += len(nodes)
    return found
