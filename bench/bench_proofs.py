"""Proofs from stored tiles: made and verified, against hashing the same bytes and nothing else.

The raw limit of a proof is SHA-256 over as many pairs of hashes as its path has, once to verify it;
what reads tiles and walks the tree comes on top. Positions are drawn at random. "nothing kept"
begins with no tile in memory; "each tile once" is the worst case: 255 pairs of a tile are hashed
for a single proof, and nothing of it serves the next one; its own raw limit is to hash these 255.
All is CPU time, the best of three rounds that take turns: neighbours do not count.
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
from traceability.ledger.tiles import WIDTH, grow

LEAVES = 200_000
PROOFS = 5_000
ROUNDS = 3
RAW, RAW_TILE = "hashing the pairs of a path", "hashing the pairs of a tile"
EACH_ONCE = "inclusion, each tile once"
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
    few = proofs // 10
    rates = _rates(
        {
            RAW: (proofs, lambda: _hash_pairs(proofs * path)),
            RAW_TILE: (few, lambda: _hash_pairs(few * (WIDTH - 1))),
            "inclusion, made and verified, tiles kept": (
                proofs,
                make_and_verify(lambda at: known.inclusion(connection, at, size)),
            ),
            "inclusion, nothing kept": (proofs, in_one_question),
            EACH_ONCE: (few, each_tile_once),
            "consistency, made and verified": (few, continue_older),
        }
    )
    raw = rates[RAW]
    rows: list[dict[str, object]] = [
        {
            "bench": name,
            "leaves": size,
            "per_second": round(rate),
            "ratio_to_raw": rate / (rates[RAW_TILE] if name == EACH_ONCE else raw),
        }
        for name, rate in rates.items()
    ]
    return rows + _signatures(root, size, proofs // 10, raw)


def _signatures(root: bytes, size: int, count: int, raw: float) -> list[dict[str, object]]:
    signer = Signer.make("bench.invalid/main", seed=bytes(32))
    text = Checkpoint(signer.name, size, root).text
    note = sign_note(text, signer)
    rates = _rates(
        {
            "checkpoint signed": (
                count,
                lambda: [sign_note(text, signer) for _ in range(count)],
            ),
            "checkpoint opened": (
                count,
                lambda: [open_note(note, [signer.verifier]) for _ in range(count)],
            ),
        }
    )
    return [
        {"bench": name, "leaves": size, "per_second": round(rate), "ratio_to_raw": rate / raw}
        for name, rate in rates.items()
    ]


def _hash_pairs(count: int) -> None:
    pair = b"\x01" + bytes(64)
    for _ in range(count):
        sha256(pair).digest()


def _rates(works: dict[str, tuple[int, Callable[[], object]]]) -> dict[str, float]:
    """Return how many a CPU second each did in its best round."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(ROUNDS):
        for name, (_count, work) in works.items():
            begun = time.process_time()
            work()
            best[name] = min(best[name], time.process_time() - begun)
    return {name: count / best[name] for name, (count, _work) in works.items()}


def main() -> int:
    """Print each figure; with --json a line of JSON for each."""
    for row in measure():
        if "--json" in sys.argv:
            print(json.dumps(row))
        else:
            print(
                f"{row['bench']:<42} {row['per_second']:>9,}/s   "
                f"{row['ratio_to_raw']:.2f} of its hashing"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
