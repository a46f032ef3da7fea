"""Whoever has the file can change everything in it: what a check then says, and what it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ledger.attacked import Hand, copied, make_book
from tests.ledger.books import draft, packed
from traceability.errors import LedgerCorrupt
from traceability.ledger.append import Ledger
from traceability.ledger.checks.finding import Finding
from traceability.ledger.verify import Kept, kept_by_signer, verify

EVENTS, EVERY = 590, 100
SIZE = 17 + EVENTS
"""Checkpoints stand at 117, 217 … and at the end."""


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed ledger with checkpoints on the way."""
    file = tmp_path_factory.mktemp("attacked") / "book.sqlite"
    make_book(file, EVENTS, every=EVERY).database.close()
    return file


@pytest.fixture
def hand(honest: Path, tmp_path: Path) -> Hand:
    """Somebody with a copy of it, its keys and the signer's memory included."""
    return Hand(copied(honest, tmp_path))


def found(ledger: Ledger, *, kept: Kept | None = None) -> Finding | None:
    """Check the entries against what the signer remembers, or against what is given."""
    try:
        return verify(ledger, kept=kept_by_signer(ledger) if kept is None else kept).finding
    finally:
        ledger.database.close()


def other_words(body: bytes) -> bytes:
    """Change what a body says."""
    assert b"packing" in body
    return body.replace(b"packing", b"shipping")


def swap(hand: Hand, one: int, two: int) -> Hand:
    """Put two entries with their bodies into each other's place."""
    for table in ("entry", "body"):
        hand.run(
            f"UPDATE {table} SET position = -1 WHERE position = {one}",
            f"UPDATE {table} SET position = {one} WHERE position = {two}",
            f"UPDATE {table} SET position = {two} WHERE position = -1",
        )
    return hand


def move_up(hand: Hand, first: int, by: int) -> None:
    """Let every row from a position on stand further up or down."""
    for table in ("entry", "body", "event_id"):
        hand.run(
            f"UPDATE {table} SET position = -1 - position WHERE position >= {first}",
            f"UPDATE {table} SET position = -1 - position + {by} WHERE position < 0",
        )


def put_in(hand: Hand, position: int) -> None:
    """Put a copy of entry 30 between others."""
    move_up(hand, position, 1)
    for table, columns in (("entry", "kind, entry"), ("body", "salt, body")):
        hand.run(
            f"INSERT INTO {table} SELECT ledger_id, {position}, {columns} FROM {table} "
            "WHERE position = 30"
        )


def take_out(hand: Hand, position: int) -> None:
    """Take an entry out and let the others move up."""
    hand.run(*(f"DELETE FROM {t} WHERE position = {position}" for t in ("entry", "body")))
    hand.run(f"DELETE FROM event_id WHERE position = {position}")
    move_up(hand, position + 1, -1)


Change = Callable[[Hand], object]

# What shows by itself, whoever looks: nothing outside the database is asked.
PLAIN: dict[str, tuple[Change, tuple[int | None, str]]] = {
    "a body": (
        lambda hand: hand.run(
            "UPDATE body SET body = CAST(replace(CAST(body AS TEXT), 'packing', 'pecking') AS BLOB)"
            " WHERE position = 314"
        ),
        (314, "changed body"),
    ),
    "a salt that takes a byte from its body": (
        lambda hand: hand.run(
            "UPDATE body SET salt = CAST(salt || substr(body, 1, 1) AS BLOB), "
            "body = substr(body, 2) WHERE position = 20"
        ),
        (20, "changed body"),
    ),
    "a body and its entry": (
        lambda hand: hand.rewrite(314, other_words),
        (314, "changed entry"),
    ),
    "the kind beside an entry": (
        lambda hand: hand.run("UPDATE entry SET kind = 'master' WHERE position = 44"),
        (44, "changed entry"),
    ),
    "a leaf in a tile": (
        lambda hand: hand.run(
            "UPDATE tile SET data = CAST(substr(data, 1, 320) || zeroblob(32) || substr(data, 353) "
            "AS BLOB) WHERE level = 0 AND n = 1"
        ),
        (266, "tile altered"),
    ),
    "a leaf in the last tile": (
        lambda hand: hand.run(
            "UPDATE tile SET data = CAST(zeroblob(32) || substr(data, 33) AS BLOB) "
            "WHERE level = 0 AND n = 2"
        ),
        (512, "tile altered"),
    ),
    "a hash in an upper tile": (
        lambda hand: hand.run(
            "UPDATE tile SET data = CAST(substr(data, 1, 32) || zeroblob(32) || substr(data, 65) "
            "AS BLOB) WHERE level = 1"
        ),
        (256, "tile altered"),
    ),
    "a tile too many": (
        lambda hand: hand.run("INSERT INTO tile VALUES (1, 0, 9, zeroblob(32))"),
        (None, "tile altered"),
    ),
    "an entry put in": (lambda hand: put_in(hand, 300), (300, "inserted")),
    "an entry taken out": (lambda hand: take_out(hand, 300), (300, "deleted")),
    "a row deleted": (
        lambda hand: hand.run("DELETE FROM entry WHERE position = 300"),
        (300, "deleted"),
    ),
    "two entries swapped": (lambda hand: swap(hand, 30, 31), (30, "reordered")),
    "two entries swapped from tile to tile": (
        lambda hand: swap(hand, 30, 580),
        (30, "reordered"),
    ),
    "two entries swapped and all hashes made anew": (
        lambda hand: swap(hand, 30, 31).recompute(),
        (31, "reordered"),
    ),
    "the tail": (
        lambda hand: hand.run("DELETE FROM entry WHERE position >= 590"),
        (590, "truncated tail"),
    ),
    "the tail and the head, but not the checkpoints": (
        lambda hand: hand.cut(590),
        (590, "truncated tail"),
    ),
    "an entry beyond the end": (
        lambda hand: hand.run(
            f"INSERT INTO entry SELECT ledger_id, {SIZE}, kind, entry FROM entry "
            "WHERE position = 30"
        ),
        (SIZE, "inserted"),
    ),
    "a body gone": (
        lambda hand: hand.run("DELETE FROM body WHERE position = 50"),
        (50, "missing body"),
    ),
    "a body gone, with a row that says it was erased": (
        lambda hand: hand.run(
            "INSERT INTO erasure VALUES (1, 50, 60)", "DELETE FROM body WHERE position = 50"
        ),
        (50, "missing body"),
    ),
    "an erased body that is back": (
        lambda hand: hand.run(
            "INSERT INTO body SELECT 1, 7, salt, body FROM body WHERE position = 6"
        ),
        (7, "changed body"),
    ),
    "the root": (
        lambda hand: hand.run("UPDATE ledger SET root = zeroblob(32)"),
        (None, "root altered"),
    ),
    "the edge": (
        lambda hand: hand.run("UPDATE ledger SET frontier = zeroblob(length(frontier))"),
        (None, "root altered"),
    ),
    "the record time": (
        lambda hand: hand.run("UPDATE ledger SET record_at = record_at + 1"),
        (None, "head altered"),
    ),
    "a landmark gone": (
        lambda hand: hand.run("DELETE FROM landmark WHERE kind = 'gap'"),
        (10, "side row"),
    ),
    "a landmark too many": (
        lambda hand: hand.run("INSERT INTO landmark VALUES (1, 'hold', 33)"),
        (33, "side row"),
    ),
    "an erasure's row gone": (lambda hand: hand.run("DELETE FROM erasure"), (7, "missing body")),
    "an erasure's row too many": (
        lambda hand: hand.run("INSERT INTO erasure VALUES (1, 44, 60)"),
        (44, "side row"),
    ),
    "a personal value": (
        lambda hand: hand.run("UPDATE private SET value = 'Eve'"),
        (15, "side row"),
    ),
    "a personal value gone": (lambda hand: hand.run("DELETE FROM private"), (15, "side row")),
    "a personal value too many": (
        lambda hand: hand.run("INSERT INTO private VALUES (1, 40, 'x', zeroblob(16), 'Eve')"),
        (None, "side row"),
    ),
    "a sender's original": (
        lambda hand: hand.run("UPDATE document SET bytes = zeroblob(9)"),
        (5, "changed document"),
    ),
    "a sender's original gone": (
        lambda hand: hand.run("DELETE FROM document"),
        (5, "missing document"),
    ),
    "a checkpoint's size": (
        lambda hand: hand.run("UPDATE checkpoint SET size = 116 WHERE size = 117"),
        (116, "checkpoint altered"),
    ),
    "a checkpoint's root": (
        lambda hand: hand.run(
            "UPDATE checkpoint SET note = replace(note, '\n117\n', '\n117\nAA') WHERE size = 117"
        ),
        (117, "checkpoint altered"),
    ),
    "an entry and its body between two positions": (
        lambda hand: hand.run(
            "UPDATE entry SET position = 30.5 WHERE position = 30",
            "UPDATE body SET position = 30.5 WHERE position = 30",
        ),
        (30, "deleted"),
    ),
    "a second body, where no key forbids it": (
        lambda hand: hand.run(
            "CREATE TABLE twice AS SELECT * FROM body",
            "INSERT INTO twice SELECT * FROM body WHERE position = 41",
            "DROP TABLE body",
            "ALTER TABLE twice RENAME TO body",
        ),
        (42, "inserted"),
    ),
    "an entry as text": (
        lambda hand: hand.run("UPDATE entry SET entry = CAST(entry AS TEXT) WHERE position = 31"),
        (31, "changed entry"),
    ),
    "a body as text": (
        lambda hand: hand.run("UPDATE body SET body = CAST(body AS TEXT) WHERE position = 31"),
        (31, "changed body"),
    ),
    "a rule of his own": (
        lambda hand: hand.run(
            "CREATE TRIGGER quiet BEFORE INSERT ON checkpoint BEGIN SELECT RAISE(IGNORE); END"
        ),
        (None, "trigger added"),
    ),
    "a key's entry": (
        lambda hand: (
            hand.rewrite(1, lambda body: body.replace(b'"epoch":1', b'"epoch":2')),
            hand.recompute(),
        ),
        (None, "key not signed"),
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_what_shows_by_itself(hand: Hand, name: str) -> None:
    change, expected = PLAIN[name]
    change(hand)
    finding = found(hand.done(), kept=Kept())
    assert finding is not None
    assert (finding.position, finding.kind) == expected


# Every hash made anew: only what was signed tells, and how often was signed says how near.
ANEW: dict[str, tuple[Change, tuple[int | None, str]]] = {
    "a body": (lambda hand: hand.rewrite(314, other_words), (217, "forked history")),
    "an entry taken out": (lambda hand: take_out(hand, 118), (117, "forked history")),
    "an entry put in": (lambda hand: put_in(hand, 605), (605, "reordered")),
    "the tail": (lambda hand: hand.cut(590), (590, "truncated tail")),
}


@pytest.mark.parametrize("name", ANEW)
def test_a_history_made_anew_is_not_the_one_that_was_signed(hand: Hand, name: str) -> None:
    change, expected = ANEW[name]
    change(hand)
    finding = found(hand.recompute().done(), kept=Kept())
    assert finding is not None
    assert (finding.position, finding.kind) == expected


def test_without_the_table_the_signers_memory_tells(hand: Hand) -> None:
    hand.rewrite(314, other_words).recompute().run("DELETE FROM checkpoint")
    finding = found(hand.done())
    assert finding is not None
    assert (finding.position, finding.kind) == (0, "forked history")
    assert "The signer's memory" in finding.detail


def test_without_anything_outside_nobody_can_tell(hand: Hand) -> None:
    hand.rewrite(314, other_words).recompute().run("DELETE FROM checkpoint")
    assert found(hand.done(), kept=Kept()) is None


def test_a_checkpoint_in_a_drawer_tells_where_everything_else_was_made_anew(
    hand: Hand, honest: Path
) -> None:
    note = Path(f"{honest}.keys/main.signed").read_bytes()
    hand.rewrite(314, other_words).recompute().run("DELETE FROM checkpoint")
    finding = found(hand.done(), kept=Kept((("drawer.txt", note),)))
    assert finding is not None
    assert finding.detail.startswith(f"drawer.txt has another root for {SIZE} entries")


def test_an_old_copy_put_back_is_seen_by_the_signers_memory(hand: Hand) -> None:
    hand.cut(317).run("DELETE FROM checkpoint WHERE size > 317")
    finding = found(hand.done())
    assert finding is not None
    assert (finding.position, finding.kind) == (317, "rolled back")


def test_an_old_copy_put_back_shows_nothing_by_itself(hand: Hand) -> None:
    hand.cut(317).run("DELETE FROM checkpoint WHERE size > 317")
    assert found(hand.done(), kept=Kept()) is None


def test_an_old_copy_that_has_grown_again_is_a_fork(hand: Hand) -> None:
    hand.cut(317).run("DELETE FROM checkpoint WHERE size > 317")
    ledger = hand.done()
    ledger.append([draft(packed(number)) for number in range(20_000, 20_400)])
    finding = found(ledger)
    assert finding is not None
    assert (finding.position, finding.kind) == (317, "forked history")


@pytest.mark.parametrize("put_back", [True, False])
def test_a_rule_that_was_taken_out_is_named(hand: Hand, put_back: bool) -> None:
    finding = found(hand.done(put_back=put_back))
    assert (finding is None) == put_back
    if finding is not None:
        assert (finding.position, finding.kind) == (None, "trigger removed")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DROP TABLE landmark", "The record cannot be read to its end: no such table: landmark."),
        (
            "UPDATE tile SET data = CAST(data AS TEXT)",
            "The record cannot be read to its end: Could",
        ),
        ("UPDATE ledger SET size = 'many'", "The ledger is said to have 'many' entries."),
    ],
)
def test_what_cannot_even_be_read_is_said_in_one_sentence(
    hand: Hand, statement: str, sentence: str
) -> None:
    ledger = hand.run(statement).done()
    with pytest.raises(LedgerCorrupt) as told:
        verify(ledger, kept=Kept())
    assert str(told.value).startswith(sentence)
    ledger.database.close()
