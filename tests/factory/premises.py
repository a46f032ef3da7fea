"""A workshop's folder as a running server holds it: ledger open, a key, a picture, a full spool."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from traceability.database import open_database
from traceability.factory.folder import Factory
from traceability.ledger.append import Draft, Ledger
from traceability.station.spool import Element, Spool
from traceability.web.settings import kept_secret

NOW = datetime(2026, 11, 19, 14, 32, 5, tzinfo=UTC)


@dataclass(slots=True)
class Premises:
    """The folder, and what a server that runs on it holds open."""

    factory: Factory
    ledger: Ledger
    spool: Spool
    written: int = 0

    def write(self, count: int = 1) -> None:
        """Append entries, each durable before the next."""
        for _ in range(count):
            self.written += 1
            name = f"place-{self.written}"
            tree = {"type": "place", "id": f"//porto.invalid/loc/{name}", "values": {"name": name}}
            self.ledger.append([Draft("master", f"master:{name}", tree)])

    def close(self) -> None:
        """Let go of the files, as a server that stops."""
        self.spool.close()
        self.ledger.database.close()


def write_premises(folder: Path, *, entries: int = 40) -> Premises:
    """Make a workshop in a new folder and open it as a server does."""
    factory = Factory.make(folder, name="Porto Knit", zone="Europe/Lisbon")
    kept_secret(factory.key)
    (factory.uploads / "orders.csv").write_text("118;Ecru;M;40\n", encoding="utf-8")
    (factory.uploads / "roll.jpg").write_bytes(bytes(range(256)) * 600)
    (factory.stations / "dock.toml").write_text('name = "dock"\n', encoding="utf-8")
    spool = Spool(factory.stations / "dock.spool.sqlite", "dock", epoch=1)
    spool.put([Element(1, "urn:uuid:1", b"{}")])
    database = open_database(factory.url)
    database.own()
    found = Premises(factory, Ledger.open(database), spool)
    found.write(entries)
    return found


def names_below(folder: Path) -> list[str]:
    """List every file below a folder, but for what a running database leaves beside its own."""
    traces = ("-wal", "-shm", ".lock", ".from-backup")
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.relative_to(folder).as_posix() for path in found if not path.name.endswith(traces)
    )
