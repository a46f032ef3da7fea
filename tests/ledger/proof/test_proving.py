"""Proofs out of the table of tiles of a real ledger, and out of a log of another implementation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from tests import vectors
from tests.ledger.books import draft, open_book, packed
from traceability.errors import LedgerCorrupt
from traceability.ledger.append import Ledger
from traceability.ledger.merkle import (
    Frontier,
    HashReader,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from traceability.ledger.proof.checkpoint import Checkpoint, open_checkpoint
from traceability.ledger.proof.note import Verifier
from traceability.ledger.proof.proving import Proofs
from traceability.ledger.tiles import decode_bundle, hash_reader, tile_path

SIZE = 600


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Return a ledger of 600 entries: two full tiles, a partial one, and one above them."""
    ledger = open_book(tmp_path_factory.mktemp("proving") / "ledger.sqlite")
    ledger.append([draft(packed(number)) for number in range(1, SIZE)])
    yield ledger
    ledger.database.close()


def leaves_of(ledger: Ledger) -> list[bytes]:
    """Hash every stored entry."""
    with ledger.database.read() as connection:
        rows = connection.execute(text("SELECT entry FROM entry ORDER BY position")).scalars()
        return [leaf_hash(bytes(entry)) for entry in rows]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, SIZE])
def test_roots_of_all_sizes_come_out_of_the_tiles(book: Ledger, size: int) -> None:
    leaves = leaves_of(book)
    with book.database.read() as connection:
        assert Proofs(book.ledger_id).root(connection, size) == (
            Frontier().append(leaves[:size]).root()
        )


@pytest.mark.parametrize("kept_max", [0, 1, 2048])
@pytest.mark.parametrize("size", [1, 3, 256, 300, SIZE])
def test_every_entry_is_proven_in_every_size(book: Ledger, size: int, kept_max: int) -> None:
    leaves = leaves_of(book)
    root = Frontier().append(leaves[:size]).root()
    proofs = Proofs(book.ledger_id, kept_max=kept_max)
    positions = range(0, size, 37)
    with book.database.read() as connection:
        alone = [proofs.inclusion(connection, position, size) for position in positions]
        assert proofs.inclusions(connection, positions, size) == alone
    for position, proof in zip(positions, alone, strict=True):
        assert verify_inclusion(position, size, leaves[position], proof, root)


def test_every_size_is_the_beginning_of_a_later_one(book: Ledger) -> None:
    leaves = leaves_of(book)
    proofs = Proofs(book.ledger_id)
    with book.database.read() as connection:
        for older, size in [(1, 2), (1, 600), (255, 256), (256, 257), (257, 513), (600, 600)]:
            proof = proofs.consistency(connection, older, size)
            older_root = Frontier().append(leaves[:older]).root()
            root = Frontier().append(leaves[:size]).root()
            assert verify_consistency(older, size, older_root, root, proof)


def test_what_is_kept_still_holds_when_the_ledger_has_grown(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "ledger.sqlite")
    proofs = Proofs(ledger.ledger_id)
    for batch in range(1, 6):
        ledger.append([draft(packed(100 * batch + number)) for number in range(60)])
        leaves, size = leaves_of(ledger), ledger.size
        with ledger.database.read() as connection:
            for older in (1, size // 2, size):
                root = Frontier().append(leaves[:older]).root()
                assert proofs.root(connection, older) == root
                proof = proofs.inclusion(connection, older - 1, older)
                assert verify_inclusion(older - 1, older, leaves[older - 1], proof, root)
    ledger.database.close()


def test_a_tile_that_is_gone_or_cut_stops_the_proof(tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "ledger.sqlite")
    ledger.append([draft(packed(number)) for number in range(1, 300)])
    for change, says in (
        ("UPDATE tile SET data = substr(data, 1, 64) WHERE level = 0 AND n = 1", "got 2"),
        ("DELETE FROM tile WHERE level = 0 AND n = 1", "tile/0/001 is missing"),
    ):
        with ledger.database.write() as connection:
            connection.execute(text(change))
        with (
            ledger.database.read() as connection,
            pytest.raises(LedgerCorrupt, match=says),
        ):
            Proofs(ledger.ledger_id).inclusion(connection, 290, 300)
    ledger.database.close()


@pytest.mark.vectors
def test_a_log_in_tiles_of_another_implementation_is_read() -> None:
    folder = vectors.path("tlog/tiles-log")
    meta = json.loads((folder / "meta.json").read_text())
    verifier = Verifier.parse(meta["vkey"])
    signed: dict[int, Checkpoint] = {}
    for path in sorted(folder.glob("checkpoint*")):
        found, opened = open_checkpoint(path.read_bytes(), [verifier], origin=meta["origin"])
        assert (opened.by, opened.unknown) == (((verifier, None),), ())
        assert path.name in ("checkpoint", f"checkpoint.{found.size}")
        signed[found.size] = found
    largest = max(int(path.name) for path in (folder / "tile/0/000.p").iterdir())
    read = hash_reader(lambda wanted: [(folder / tile_path(0, 0, largest)).read_bytes()])
    entries = decode_bundle((folder / tile_path(None, 0, largest)).read_bytes())
    assert [entry.decode() for entry in entries] == meta["entries_in_order"][:largest]
    for size, found in signed.items():
        _check_size(found, size, entries, read)
    for older, newer in pairwise(sorted(size for size in signed if size)):
        proof = consistency_proof(older, newer, read)
        assert verify_consistency(older, newer, signed[older].root, signed[newer].root, proof)


def _check_size(found: Checkpoint, size: int, entries: Sequence[bytes], read: HashReader) -> None:
    """Prove every entry of a signed size from the tiles."""
    leaves = [leaf_hash(entry) for entry in entries[:size]]
    assert Frontier().append(leaves).root() == found.root
    for index, leaf in enumerate(leaves):
        proof = inclusion_proof(index, size, read)
        assert verify_inclusion(index, size, leaf, proof, found.root)
