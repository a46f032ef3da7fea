"""A head that is not as it was when it was locked: nothing of that append becomes true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import engines
from tests.ledger.books import draft, open_book, packed
from traceability.errors import DatabaseBusy
from traceability.ledger.verify import verify

MOVES = {
    engines.FILE: (
        """CREATE TRIGGER mover AFTER INSERT ON entry
        BEGIN UPDATE ledger SET epoch = epoch + 1 WHERE ledger_id = new.ledger_id; END""",
    ),
    engines.SERVER: (
        """CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE ledger SET epoch = epoch + 1 WHERE ledger_id = new.ledger_id; RETURN NULL; END $$""",
        "CREATE TRIGGER mover AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION move()",
    ),
}
STANDS_STILL = {
    engines.FILE: ("DROP TRIGGER mover",),
    engines.SERVER: ("DROP TRIGGER mover ON entry", "DROP FUNCTION move()"),
}


def test_an_append_whose_head_was_moved_stores_nothing(engine: str, tmp_path: Path) -> None:
    ledger = open_book(tmp_path / "book.sqlite")
    ledger.append([draft(packed(1))])
    before = verify(ledger)
    # Another connection sees to it that the head moves while this one has it locked.
    with engines.past(ledger.database) as execute:
        for statement in MOVES[engine]:
            execute(statement)
    with pytest.raises(DatabaseBusy, match="moved from 2 entries in epoch 1 while it was locked"):
        ledger.append([draft(packed(2)), draft(packed(3))])
    with engines.past(ledger.database) as execute:
        for statement in STANDS_STILL[engine]:
            execute(statement)
        ((epoch, entries),) = execute("SELECT epoch, (SELECT count(*) FROM entry) FROM ledger")
    after = verify(ledger, projections=True)
    assert (epoch, entries, after.root, after.finding) == (1, 2, before.root, None)
    outcomes = ledger.append([draft(packed(2)), draft(packed(3))])
    assert [(one.status, one.position) for one in outcomes] == [("accepted", 2), ("accepted", 3)]
    assert verify(ledger, projections=True).finding is None
    ledger.database.close()
