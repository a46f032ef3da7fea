"""The rows of the record itself: entries, their words, what finds them again, and the seal.

Everything here is written inside the append's transaction, and once only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from sqlalchemy import Connection, text

from traceability.database import insert_rows, upsert
from traceability.ledger import tables
from traceability.ledger.crash_points import pass_point
from traceability.ledger.drafts import Prepared
from traceability.ledger.erasing import erase
from traceability.ledger.merkle import Frontier, leaf_hash
from traceability.ledger.runs import extend
from traceability.ledger.tiles import Tile, grow, tails_of

__all__ = ["Record"]

COMMON_KINDS = ("event", "declaration", "master")


class Record:
    """The record of one ledger in an open transaction."""

    def __init__(self, connection: Connection, ledger_id: int) -> None:
        self._connection = connection
        self._ledger_id = ledger_id

    def write(
        self, frontier: Frontier, accepted: Sequence[Prepared], entries: Sequence[bytes]
    ) -> Frontier:
        """Write entries and all that belongs to them; return the frontier after them.

        Args:
            frontier: Of the tree before.
            accepted: What the entries say, in order.
            entries: Their bytes.
        """
        connection, key = self._connection, self._ledger_id
        positions = range(frontier.size, frontier.size + len(accepted))
        numbered = list(zip(positions, accepted, strict=True))
        insert_rows(
            connection,
            tables.entry,
            [
                (key, at, draft.kind, entry)
                for (at, draft), entry in zip(numbered, entries, strict=True)
            ],
        )
        pass_point("entries written")
        insert_rows(
            connection, tables.body, [(key, at, draft.salt, draft.body) for at, draft in numbered]
        )
        pass_point("bodies written")
        # In the order of the key: neighbours in the index are written together (measured: half
        # the time of random ones).
        names = sorted([(key, draft.id, draft.declared_at, at) for at, draft in numbered])
        insert_rows(connection, tables.event_id, names)
        insert_rows(
            connection,
            tables.landmark,
            [(key, draft.kind, at) for at, draft in numbered if draft.kind not in COMMON_KINDS],
        )
        pass_point("event ids written")
        self._write_documents(accepted)
        pass_point("documents written")
        self._write_private(numbered)
        pass_point("private written")
        self._count_runs(accepted)
        pass_point("runs counted")
        grown, tiles = grow(
            frontier, [leaf_hash(entry) for entry in entries], self._tails(frontier)
        )
        self._write_tiles(tiles)
        pass_point("tiles written")
        return grown

    def _tails(self, frontier: Frontier) -> dict[int, bytes]:
        return {
            level: self._connection.execute(
                text("SELECT data FROM tile WHERE ledger_id = :l AND level = :v AND n = :n"),
                {"l": self._ledger_id, "v": level, "n": n},
            ).scalar_one()
            for level, (n, _) in tails_of(frontier.size).items()
        }

    def _write_tiles(self, tiles: Sequence[Tile]) -> None:
        upsert(
            self._connection,
            tables.tile,
            [
                {"ledger_id": self._ledger_id, "level": tile.level, "n": tile.n, "data": tile.data}
                for tile in tiles
            ],
        )

    def _write_documents(self, accepted: Sequence[Prepared]) -> None:
        documents = {draft.document_hash: draft for draft in accepted if draft.document_deflated}
        upsert(
            self._connection,
            tables.document,
            [
                {
                    "ledger_id": self._ledger_id,
                    "sha256": digest,
                    "media_type": "application/json",
                    "bytes": draft.document_deflated,
                    "job_no": None,
                }
                for digest, draft in documents.items()
            ],
        )

    def _write_private(self, numbered: Sequence[tuple[int, Prepared]]) -> None:
        rows = [
            (self._ledger_id, position, field, salt, value)
            for position, draft in numbered
            for field, salt, value in draft.private
        ]
        insert_rows(self._connection, tables.private, rows)
        for position, draft in numbered:
            if draft.kind == "erasure":
                erase(self._connection, self._ledger_id, position, draft.tree)

    def _count_runs(self, accepted: Sequence[Prepared]) -> None:
        counters: dict[tuple[str, int], list[int]] = {}
        for draft in accepted:
            if draft.run is not None:
                counters.setdefault(draft.run[:2], []).append(draft.run[2])
        for (station, epoch), numbers in counters.items():
            where = {"l": self._ledger_id, "s": station, "e": epoch}
            row = self._connection.execute(
                text(
                    "SELECT contiguous, holes FROM station_run "
                    "WHERE ledger_id = :l AND station = :s AND epoch = :e"
                ),
                where,
            ).first()
            ahead = [] if row is None else [(a, b) for a, b in json.loads(row.holes)]
            contiguous, ahead = extend(0 if row is None else row.contiguous, ahead, numbers)
            upsert(
                self._connection,
                tables.station_run,
                [
                    {
                        "ledger_id": self._ledger_id,
                        "station": station,
                        "epoch": epoch,
                        "contiguous": contiguous,
                        "holes": json.dumps(ahead),
                        "seen_at": time.time_ns() // 1000,
                    }
                ],
            )
