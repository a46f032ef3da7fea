"""A ledger with something of everything, and a hand at its file that can change all of it.

The hand can do what whoever has the file can do: drop the triggers, write any row, and compute
every hash anew. What it cannot do is sign, and reach what lies elsewhere.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.ledger.books import GTIN, NAMESPACE, draft, open_book, packed
from traceability.database import APPEND_ONLY
from traceability.epcis.event import read_event
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.entry import Entry, body_commitment
from traceability.ledger.erasing import erase_bodies, erasure_draft
from traceability.ledger.merkle import Frontier, leaf_hash
from traceability.ledger.proof.signing import LogSigner
from traceability.ledger.tiles import grow
from traceability.projections import happenings
from traceability.projections.entering import master_draft

CARTON = "https://id.gs1.org/00/095011010000000018"
PERSON = f"//{NAMESPACE}/obj/W-1"


def moment(number: int) -> str:
    """Return a time that grows with a number."""
    return f"2026-01-05T{9 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"


def packing(number: int) -> dict[str, Any]:
    """Return an event that packs one garment into the carton."""
    tree = packed(number, at=moment(number), action="ADD")
    things = tree.pop("epcList")
    return {**tree, "type": "AggregationEvent", "parentID": CARTON, "childEPCs": things}


def other(kind: str, tree: dict[str, Any], number: int) -> Draft:
    """Return an entry that is no event."""
    return Draft(kind, f"{kind}:{UUID(int=number)}", tree)  # type: ignore[arg-type]


def first_drafts() -> list[Draft]:
    """Return one of everything."""
    sent = packed(7000, at=moment(1))
    order = {
        "number": "4471",
        "title": "Shirts",
        "lines": [{"product": GTIN, "pieces": 500}],
        "due": "2026-02-01",
    }
    named = [{"type": "prodorder", "bizTransaction": f"https://{NAMESPACE}/bt/4471"}]
    waited = [{"type": "prodorder", "bizTransaction": f"https://{NAMESPACE}/bt/4472"}]
    return [
        master_draft("order", f"//{NAMESPACE}/bt/4471", order, by="test"),
        master_draft("person", PERSON, {"active": True}, by="test", private={"name": "Rosa"}),
        master_draft("person", PERSON, {"active": True}, by="test", private={"name": "Rosa A."}),
        Draft("event", sent["eventID"], sent, read_event(sent), document=b"<sent/>"),
        draft(packed(7001, at=moment(2), bizTransactionList=named)),
        draft(packed(7002, at=moment(3), bizTransactionList=waited)),
        draft(packing(7003), run=("dock", 1, 1)),
        draft(packing(7004), run=("dock", 1, 3)),
        other("gap", {"type": "gap", "reader": "gate-1", "from": moment(1), "to": moment(5)}, 1),
        other("hold", {"type": "hold", "id": "H-1", "things": [f"{GTIN}/21/7001"]}, 2),
        draft(packed(7005, at=moment(4), readPoint={"id": f"https://{NAMESPACE}/loc/gate"})),
    ]


def make_book(file: Path, events: int, *, every: int = 0) -> Ledger:
    """Make a ledger that is signed, followed up, and has something of everything.

    Args:
        file: Where; its keys lie beside it.
        events: How many plain events follow what there is of everything.
        every: A checkpoint is signed after so many events; 0 means at the end alone.
    """
    ledger = open_book(file)
    signer = LogSigner(ledger, every_s=0)
    signer.prepare()
    ledger.append(first_drafts())
    wrong = {"declarationTime": "2026-01-06T08:00:00Z"}
    ledger.append(
        [
            draft({**packing(7004), "errorDeclaration": wrong}),
            erasure_draft(PERSON, ["name"], by="test"),
            master_draft("person", PERSON, {"active": True}, by="test", private={"name": "R."}),
        ]
    )
    erase_bodies(ledger, [7], reason="asked for", by="test")
    drafts = [draft(packed(number, at=moment(number + 60))) for number in range(events)]
    for first in range(0, events, every or events):
        ledger.append(drafts[first : first + (every or events)])
        signer.sign()
    while happenings.follow(ledger):
        pass
    return ledger


class Hand:
    """Somebody who can write the file, and knows how everything is computed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.raw = sqlite3.connect(file)
        for name in APPEND_ONLY:
            self.raw.execute(f"DROP TRIGGER {name}")

    def run(self, *statements: str) -> Hand:
        """Change rows."""
        for statement in statements:
            self.raw.execute(statement)
        return self

    def rewrite(self, position: int, change: Callable[[bytes], bytes]) -> Hand:
        """Change a body and seal the changed one in the entry."""
        salt, body, entry = self.raw.execute(
            "SELECT salt, body, entry FROM body JOIN entry USING (ledger_id, position) "
            "WHERE position = ?",
            [position],
        ).fetchone()
        changed = change(body)
        sealed = json.loads(entry) | {"body": body_commitment(salt, changed).hex()}
        line = json.dumps(sealed, separators=(",", ":"), ensure_ascii=False).encode()
        Entry.parse(line)
        self.raw.execute("UPDATE body SET body = ? WHERE position = ?", [changed, position])
        self.raw.execute("UPDATE entry SET entry = ? WHERE position = ?", [line, position])
        return self

    def entries(self) -> list[bytes]:
        """Return all entries."""
        return [row[0] for row in self.raw.execute("SELECT entry FROM entry ORDER BY position")]

    def recompute(self) -> Hand:
        """Make all tiles, the head's hashes and its size anew from the entries."""
        entries = self.entries()
        frontier, tiles = grow(Frontier(), [leaf_hash(entry) for entry in entries], {})
        self.raw.execute("DELETE FROM tile")
        self.raw.executemany(
            "INSERT INTO tile VALUES (1, ?, ?, ?)",
            [(tile.level, tile.n, tile.data) for tile in tiles],
        )
        self.raw.execute(
            "UPDATE ledger SET size = ?, root = ?, frontier = ?, record_at = ?",
            [
                frontier.size,
                frontier.root(),
                frontier.encode(),
                Entry.parse(entries[-1]).record if entries else 0,
            ],
        )
        return self

    def cut(self, size: int) -> Hand:
        """Let the ledger end earlier, and leave nothing of what came later beside it."""
        for table in ("entry", "body", "event_id", "landmark", "private", "erasure"):
            self.raw.execute(f"DELETE FROM {table} WHERE position >= ?", [size])
        return self.recompute()

    def done(self, *, put_back: bool = True) -> Ledger:
        """Put the triggers back as if nothing had been, and open the file."""
        if put_back:
            for name, rule in APPEND_ONLY.items():
                self.raw.execute(f"CREATE TRIGGER {name} {rule}")
        self.raw.commit()
        self.raw.close()
        return open_book(self.file)


def copied(honest: Path, folder: Path) -> Path:
    """Copy a closed ledger with its keys and its signer's memory."""
    file = folder / honest.name
    with sqlite3.connect(honest) as source, sqlite3.connect(file) as target:
        source.backup(target)
    for one in (source, target):
        one.close()
    keys = Path(f"{honest}.keys")
    if keys.is_dir():
        shutil.copytree(keys, f"{file}.keys")
    return file
