"""Proofs from stored tiles: made and verified, against hashing the same bytes and nothing else.

The raw limit of a proof is SHA-256 over as many pairs of hashes as its path has, once to verify it;
what reads tiles and walks the tree comes on top. Positions are drawn at random: "each tile once" is
the worst case, a tile of 256 leaves read and hashed for a single proof.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection

from bench.bench_ledger import open_book
from traceability.database import insert_rows
from traceability.ledger import tables
from traceability.ledger.append import Ledger
from traceability.ledger.merkle import Frontier, verify_consistency, verify_inclusion
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.note import Signer, open_note, sign_note
from traceability.ledger.proof.proving import Proofs
from traceability.ledger.tiles import grow

LEAVES = 200_000
PROOFS = 5_000
SEED = 20261122


def measure(*, leaves: int = LEAVES, proofs: int = PROOFS) -> list[dict[str, object]]:
    """Measure proofs in a ledger of so many entries, so many of each kind."""
    hashes = [sha256(number.to_bytes(8)).digest() for number in range(leaves)]
    with tempfile.TemporaryDirectory() as folder:
        ledger = open_book(Path(folder) / "proofs.sqlite")
        frontier = _fill(ledger, hashes)
        try:
            with ledger.database.read() as connection:
                return _measure(connection, ledger.ledger_id, hashes, frontier, proofs)
        finally:
            ledger.database.close()


def _fill(ledger: Ledger, hashes: list[bytes]) -> Frontier:
    """Put the tiles of a tree over these leaves into the ledger's own table."""
    frontier, tiles = grow(Frontier(), hashes, {})
    with ledger.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM tile")
        rows = [(ledger.ledger_id, tile.level, tile.n, tile.data) for tile in tiles]
        insert_rows(connection, tables.tile, rows)
    return frontier


def _measure(
    connection: Connection, ledger_id: int, hashes: list[bytes], frontier: Frontier, proofs: int
) -> list[dict[str, object]]:
    size, root = frontier.size, frontier.root()
    drawn = random.Random(SEED)
    positions = [drawn.randrange(size) for _ in range(proofs)]
    known, narrow = Proofs(ledger_id), Proofs(ledger_id, kept_max=8)

    def make_and_verify(made: Callable[[int], list[bytes]]) -> Callable[[], None]:
        def run() -> None:
            for position in positions:
                proof = made(position)
                assert verify_inclusion(position, size, hashes[position], proof, root)

        return run

    def each_tile_once() -> None:
        for position in positions[: proofs // 10]:
            narrow.inclusion(connection, position, size)

    def in_one_question() -> None:
        Proofs(ledger_id).inclusions(connection, positions, size)

    def continue_older() -> None:
        for position in positions[: proofs // 10]:
            older = position + 1
            proof = known.consistency(connection, older, size)
            assert verify_consistency(older, size, known.root(connection, older), root, proof)

    make_and_verify(lambda at: known.inclusion(connection, at, size))()  # reads the tiles
    path = len(known.inclusion(connection, 0, size))
    raw = _rate(proofs, lambda: _hash_pairs(proofs * path))
    rates = {
        "inclusion, made and verified, tiles kept": _rate(
            proofs, make_and_verify(lambda at: known.inclusion(connection, at, size))
        ),
        "inclusion, many in one question": _rate(proofs, in_one_question),
        "inclusion, each tile once": _rate(proofs // 10, each_tile_once),
        "consistency, made and verified": _rate(proofs // 10, continue_older),
    }
    rows: list[dict[str, object]] = [
        {"bench": name, "leaves": size, "per_second": round(rate), "ratio_to_raw": rate / raw}
        for name, rate in rates.items()
    ]
    return rows + _signatures(root, size, proofs // 10, raw)


def _signatures(root: bytes, size: int, count: int, raw: float) -> list[dict[str, object]]:
    signer = Signer.make("bench.invalid/main", seed=bytes(32))
    text = Checkpoint(signer.name, size, root).text
    note = sign_note(text, signer)
    sign = _rate(count, lambda: [sign_note(text, signer) for _ in range(count)])
    check = _rate(count, lambda: [open_note(note, [signer.verifier]) for _ in range(count)])
    return [
        {"bench": name, "leaves": size, "per_second": round(rate), "ratio_to_raw": rate / raw}
        for name, rate in (("checkpoint signed", sign), ("checkpoint opened", check))
    ]


def _hash_pairs(count: int) -> None:
    pair = b"\x01" + bytes(64)
    for _ in range(count):
        sha256(pair).digest()


def _rate(count: int, work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


def main() -> int:
    """Print each figure; with --json a line of JSON for each."""
    for row in measure():
        if "--json" in sys.argv:
            print(json.dumps(row))
        else:
            print(
                f"{row['bench']:<42} {row['per_second']:>9,}/s   "
                f"{row['ratio_to_raw']:.2f} of hashing the path"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
