"""A log beside a database that ends anywhere: what a file system may leave of the last write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.ledger.books import draft, open_book, packed
from traceability.ledger.verify import verify

HEADER = 32
FRAME_HEADER = 24
APPENDS = 4


@dataclass(frozen=True, slots=True)
class Cut:
    """A database with its log, and how far the log had grown at each acknowledgement."""

    file: Path
    log: bytes
    main: bytes
    acknowledged: tuple[tuple[int, int], ...]
    """Bytes of the log, entries."""
    frame: int
    """Bytes of one frame."""

    def cuts(self, step: int) -> Iterator[int]:
        """Yield where to cut: every so many bytes of the last frame, and all of its header."""
        first = len(self.log) - self.frame
        yield from sorted({*range(first, first + FRAME_HEADER), *range(first, len(self.log), step)})

    def check(self, cuts: Iterable[int], *, thorough: int) -> list[str]:
        """Reopen with the log cut off at each place; return what is wrong.

        Args:
            cuts: Lengths of the log.
            thorough: Every so many cuts everything is verified, not only counted.
        """
        found = []
        for number, length in enumerate(cuts):
            size = self._size(length)
            expected = max(count for at, count in self.acknowledged if at <= length)
            if size != expected:
                found.append(f"Cut at {length}: {size} entries, expected {expected}.")
            if number % thorough == 0:
                found += self._verified(length)
        return found

    def _size(self, length: int) -> int:
        self._lay(length)
        with closing(sqlite3.connect(self.file)) as opened:
            size, counted = opened.execute(
                "SELECT size, (SELECT count(*) FROM entry) FROM ledger"
            ).fetchone()
        assert size == counted
        return int(size)

    def _verified(self, length: int) -> list[str]:
        self._lay(length)
        ledger = open_book(self.file)
        finding = verify(ledger, projections=True).finding
        again = ledger.append([draft(packed(number)) for number in range(1, APPENDS + 1)])
        after = verify(ledger, projections=True).finding
        ledger.database.close()
        statuses = {one.status for one in again}
        is_well = finding is None and after is None and statuses <= {"accepted", "duplicate"}
        return [] if is_well else [f"Cut at {length}: {finding}, {after}, {statuses}."]

    def _lay(self, length: int) -> None:
        self.file.write_bytes(self.main)
        self.file.with_name(self.file.name + "-wal").write_bytes(self.log[:length])
        self.file.with_name(self.file.name + "-shm").unlink(missing_ok=True)


def written(folder: Path) -> Cut:
    """Make a ledger whose last appends are in its log alone."""
    file = folder / "whole.sqlite"
    open_book(file).database.close()
    ledger = open_book(file)
    log = file.with_name(file.name + "-wal")
    acknowledged = [(0, ledger.size)]
    for number in range(1, APPENDS + 1):
        ledger.append([draft(packed(number))])
        acknowledged.append((log.stat().st_size, ledger.size))
    with closing(sqlite3.connect(file)) as opened:
        (page,) = opened.execute("PRAGMA page_size").fetchone()
    cut = Cut(
        folder / "cut.sqlite", log.read_bytes(), file.read_bytes(), tuple(acknowledged),
        int(page) + FRAME_HEADER,
    )  # fmt: skip
    ledger.database.close()
    return cut
