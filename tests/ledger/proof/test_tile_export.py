"""The record as files: what others read is what is stored, and a second export adds what is new."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.ledger import naive_tree
from tests.ledger.books import draft, open_book, packed
from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.entry import Entry, body_commitment
from traceability.ledger.proof.checkpoint import Checkpoint, open_checkpoint
from traceability.ledger.proof.note import Verifier
from traceability.ledger.proof.signing import LogSigner
from traceability.ledger.proof.tile_export import (
    Exported,
    export_tiles,
    read_body,
    read_bundle,
    read_tile,
)
from traceability.ledger.tiles import TileName, decode_bundle, tile_names, tile_path


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Ledger]:
    """Return a new ledger; its first entry is its opening, its second will be its key."""
    ledger = open_book(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.database.close()


def export(ledger: Ledger, folder: Path, *, with_bodies: bool = False) -> Exported:
    """Export without waiting for the second between two signatures."""
    signer = LogSigner(ledger, every_s=0)
    return export_tiles(ledger, folder, with_bodies=with_bodies, signer=signer)


def grow(ledger: Ledger, first: int, count: int) -> None:
    """Append events."""
    ledger.append([draft(packed(number)) for number in range(first, first + count)])


def files_of(folder: Path) -> set[str]:
    """Name all files in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def check_as_a_stranger(folder: Path) -> tuple[Checkpoint, list[bytes]]:
    """Read an export with nothing but its files: entries must give the tiles and the root."""
    verifier = Verifier.parse((folder / "log.vkey").read_text().strip())
    found, _opened = open_checkpoint((folder / "checkpoint").read_bytes(), [verifier])
    entries: list[bytes] = []
    for at in range(0, found.size, 256):
        path = tile_path(None, at // 256, min(256, found.size - at))
        entries += decode_bundle((folder / path).read_bytes())
    assert naive_tree.root(entries) == found.root
    for name in tile_names(found.size):
        data = (folder / tile_path(name.level, name.n, name.width)).read_bytes()
        width = 256 ** (name.level or 0)
        first = name.n * 256
        assert data == b"".join(
            naive_tree.root(entries[at * width : (at + 1) * width])
            for at in range(first, first + name.width)
        )
    return found, entries


def test_an_export_is_a_log_in_tiles(book: Ledger, tmp_path: Path) -> None:
    grow(book, 0, 298)
    told: list[tuple[int, int]] = []
    found = export_tiles(
        book,
        tmp_path / "out",
        progress=lambda done, total: told.append((done, total)),
        signer=LogSigner(book, every_s=0),
    )
    checkpoint, entries = check_as_a_stranger(tmp_path / "out")
    assert (found.checkpoint, found.size_before) == (checkpoint, 0)
    assert (checkpoint.origin, checkpoint.size, len(entries)) == ("localhost/main", 300, 300)
    assert [Entry.parse(entry).kind for entry in entries[-2:]] == ["event", "key"]
    assert files_of(tmp_path / "out") == {
        "checkpoint",
        "log.vkey",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    }
    assert found.file_count == 7
    assert told == [(256, 300), (300, 300)]


def test_a_second_export_adds_what_is_new(book: Ledger, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grow(book, 0, 298)
    export(book, out)
    grow(book, 1_000, 10)
    found = export(book, out)
    assert (found.size_before, found.checkpoint.size, found.file_count) == (300, 310, 4)
    assert "tile/0/001.p/44" in files_of(out), "it belongs to a size that was signed"
    grow(book, 2_000, 210)
    assert export(book, out).checkpoint.size == 520
    check_as_a_stranger(out)
    full = {path for path in files_of(out) if "/001" in path}
    assert full == {"tile/0/001", "tile/entries/001"}, "partial ones give way to the full one"
    assert export(book, out).file_count == 2


def test_bodies_come_along_if_they_are_wanted(book: Ledger, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grow(book, 0, 10)
    export(book, out, with_bodies=True)
    _checkpoint, entries = check_as_a_stranger(out)
    lines = [json.loads(line) for line in (out / "bodies/000.p/12").read_text().splitlines()]
    assert [line["position"] for line in lines] == list(range(12))
    for line, entry in zip(lines, entries, strict=True):
        salt, body = bytes.fromhex(line["salt"]), b64decode(line["body"])
        assert body_commitment(salt, body) == Entry.parse(entry).body


def test_what_was_erased_goes_out_of_the_folder_with_the_next_export(
    book: Ledger, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    grow(book, 0, 260)
    export(book, out, with_bodies=True)
    _erase(book, 3)
    _erase(book, 259)
    export(book, out, with_bodies=True)
    lines = (out / "bodies/000").read_text().splitlines()
    assert json.loads(lines[3])["erased_by"] == 262
    assert json.loads((out / "bodies/001.p/8").read_text().splitlines()[3])["erased_by"] == 263
    assert {path for path in files_of(out) if path.startswith("bodies")} == {
        "bodies/000",
        "bodies/001.p/8",
    }
    check_as_a_stranger(out)
    with book.database.read() as connection:
        body = read_body(connection, book.ledger_id, 3)
        assert body is not None
        assert body.tree() == {"erased_by": 262}
        assert read_body(connection, book.ledger_id, 1_000) is None


def _erase(ledger: Ledger, position: int) -> None:
    """Take a body away as an erasure does; the entry that says so stands after it."""
    ledger.append([Draft("gap", f"erasure of {position}", {"type": "gap"})])
    with ledger.database.write() as connection:
        where = {"e": position, "p": ledger.size - 1, "l": ledger.ledger_id}
        connection.execute(text("INSERT INTO erasure VALUES (:l, :e, :p)"), where)
        connection.execute(text("DROP TRIGGER IF EXISTS body_delete"))
        connection.execute(text("DELETE FROM body WHERE position = :e"), where)


def test_another_log_in_the_folder_is_left_alone(book: Ledger, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grow(book, 0, 5)
    export(book, out)
    before = (out / "checkpoint").read_bytes()
    other = open_book(tmp_path / "other.sqlite")
    grow(other, 50, 9)
    with pytest.raises(Refused) as refusal:
        export(other, out)
    assert str(refusal.value) == (
        f"{out} holds 7 entries of 'localhost/main' that are not the beginning of the 11 entries "
        "of this ledger: keep it, it may be evidence, and name another folder."
    )
    assert (out / "checkpoint").read_bytes() == before
    other.database.close()


def test_a_folder_of_something_else_is_left_alone(book: Ledger, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="name a new or empty folder"):
        export(book, tmp_path)
    (tmp_path / "checkpoint").write_text("a diary\n")
    with pytest.raises(Refused, match="is not what an export writes"):
        export(book, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="Cannot write into"):
        export(book, tmp_path / "file" / "out")


def test_an_export_that_was_cut_off_is_begun_again(book: Ledger, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grow(book, 0, 10)
    export(book, out)
    (out / "checkpoint").unlink()
    (out / "tile/0/000.p/12").write_bytes(b"half")
    assert export(book, out).size_before == 0
    check_as_a_stranger(out)


def test_only_what_the_size_has_can_be_read(book: Ledger) -> None:
    grow(book, 0, 11)
    there = [TileName(0, 0, 12), TileName(0, 0, 1), TileName(None, 0, 12), TileName(None, 0, 3)]
    missing = [
        TileName(0, 0, 13),
        TileName(0, 0, 256),
        TileName(0, 1, 1),
        TileName(1, 0, 1),
        TileName(63, 0, 256),
        TileName(None, 0, 13),
        TileName(None, 2**55, 256),
    ]
    with book.database.read() as connection:
        for name in there + missing:
            read = read_bundle if name.level is None else read_tile
            data = read(connection, book.ledger_id, name, book.size)
            assert (data is not None) is (name in there), name
            if data is not None:
                count = len(data) // 32 if name.level == 0 else len(decode_bundle(data))
                assert count == name.width


def test_rows_that_are_gone_stop_the_reader(book: Ledger) -> None:
    grow(book, 0, 11)
    with book.database.write() as connection:
        connection.execute(text("DROP TRIGGER entry_delete"))
        connection.execute(text("DELETE FROM entry WHERE position = 5"))
        connection.execute(text("DELETE FROM tile"))
        with pytest.raises(LedgerCorrupt, match="Entries 0 to 11: expected 12, got 11"):
            read_bundle(connection, book.ledger_id, TileName(None, 0, 12), 12)
        with pytest.raises(LedgerCorrupt, match="tile/0/000: expected 12 hashes, got 0"):
            read_tile(connection, book.ledger_id, TileName(0, 0, 12), 12)
