"""Ledgers to be spoilt: each case gets one of its own, on a file or on a server."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import history
from tests.faults.plans import BATCHES
from tests.faults.processes import answers_of, lines_of
from tests.faults.writer import Job
from tests.ledger.books import NAMESPACE, open_book
from traceability.assets import folder
from traceability.database import file_url, open_database
from traceability.ledger.append import Ledger, Opening


@dataclass(frozen=True, slots=True)
class Place:
    """One ledger and the file that its callers' answers go into."""

    url: str
    ledger: str
    acks: Path

    def job(self, seed: int, **more: Any) -> Job:
        """Return what a process shall write here."""
        return Job(self.url, self.ledger, str(self.acks), seed, **more)

    def check(
        self,
        seed: int,
        *,
        callers: tuple[int, ...] = (1,),
        batches: int = BATCHES,
        clean: str | None = None,
    ) -> list[str]:
        """Open the ledger anew and return what is wrong with its history."""
        ledger = self.open()
        try:
            return history.check(
                ledger,
                answers_of(self.acks),
                seed=seed,
                callers=callers,
                batches=batches,
                clean=clean,
            )
        finally:
            ledger.database.close()

    def was_hit(self, hit: int) -> bool:
        """Say whether the preloaded disk of the last writer counted so far."""
        return any(line.get("hits", 0) >= hit for line in lines_of(self.acks))

    def open(self) -> Ledger:
        """Open the ledger as a server that was started again does."""
        return Ledger.open(open_database(self.url, create=False), self.ledger)

    def state(self) -> str:
        """Return the hash of the ledger's state."""
        ledger = self.open()
        try:
            return history.read_record(ledger).state
        finally:
            ledger.database.close()


class Shelf:
    """Where the ledgers of a test stand."""

    def __init__(self, room: Path, url: str | None = None) -> None:
        """Choose a place.

        Args:
            room: A folder for files.
            url: A database on a server; without one each ledger is a file in the folder.
        """
        self._room = room
        self._url = url
        self._count = 0
        if url is None:
            open_book(room / "new.sqlite").database.close()

    def fresh(self) -> Place:
        """Return a ledger that holds only its opening."""
        self._count += 1
        acks = self._room / f"{self._count}.acks"
        if self._url is None:
            file = self._room / f"{self._count}.sqlite"
            shutil.copy(self._room / "new.sqlite", file)
            return Place(file_url(file), "main", acks)
        name = f"case-{self._count}"
        flow = (folder("flows") / "garment.toml").read_text("utf-8")
        opening = Opening(flow, namespace=NAMESPACE)
        Ledger.open(open_database(self._url), name, opening=opening).database.close()
        return Place(self._url, name, acks)
