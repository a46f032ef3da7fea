"""The signer: forwards only, one history only, whatever becomes of the database or the process."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.ledger.books import draft, open_book, packed, reopened
from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.crash_points import SIGNING_POINTS, arm
from traceability.ledger.proof import key_files
from traceability.ledger.proof.checkpoint import Checkpoint, open_checkpoint
from traceability.ledger.proof.log_keys import key_body, read_log_keys
from traceability.ledger.proof.note import Signer, parse_note
from traceability.ledger.proof.signing import (
    EVERY_S,
    Forked,
    LogSigner,
    RolledBack,
    SigningState,
    keep_signing,
    latest_note,
    sign_now,
)
from traceability.ledger.verify import verify


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Ledger]:
    """Return a new ledger with 10 events after its opening."""
    ledger = open_book(tmp_path / "ledger.sqlite")
    ledger.append([draft(packed(number)) for number in range(10)])
    yield ledger
    ledger.database.close()


def signer_of(ledger: Ledger) -> LogSigner:
    """Return a signer that does not wait between two signatures."""
    return LogSigner(ledger, every_s=0)


def read(ledger: Ledger, data: bytes) -> Checkpoint:
    """Open a checkpoint with the keys that stand in the ledger."""
    with ledger.database.read() as connection:
        keys = read_log_keys(connection, ledger.ledger_id)
    return open_checkpoint(data, [key.verifier for key in keys], origin=ledger.origin)[0]


def root_of(ledger: Ledger) -> tuple[int, bytes]:
    """Return size and root as they stand in the head row."""
    with ledger.database.read() as connection:
        size, root = connection.execute(text("SELECT size, root FROM ledger")).one()
    return size, root


def folder_of(ledger: Ledger) -> Path:
    """Return where the keys of a ledger lie."""
    return key_files.key_folder(ledger.database)


def test_the_first_signature_makes_the_key_and_enters_it(book: Ledger) -> None:
    note = signer_of(book).sign()
    checkpoint = read(book, note)
    assert (checkpoint.size, checkpoint.root) == root_of(book) == (12, checkpoint.root)
    with book.database.read() as connection:
        (key,) = read_log_keys(connection, book.ledger_id)
        assert latest_note(connection, book.ledger_id) == note
    assert (key.epoch, key.position, key.verifier.name) == (1, 11, "localhost/main")
    assert folder_of(book) == Path(f"{book.database.path}.keys")
    assert sorted(path.name for path in folder_of(book).iterdir()) == [
        "main-1.key",
        "main.lock",
        "main.signed",
    ]
    assert (folder_of(book) / "main.signed").read_bytes() == note
    assert verify(book, projections=True).is_true


def test_nobody_else_can_read_the_key(book: Ledger) -> None:
    signer_of(book).sign()
    path = folder_of(book) / "main-1.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert signer_of(book).exposed() == ""
    path.chmod(0o644)
    assert signer_of(book).exposed() == (
        f"Others on this machine can read the key {path}, and sign in its name: "
        f"take that away with chmod 600 {path}."
    )


def test_what_has_not_grown_is_not_signed_again(book: Ledger) -> None:
    first = signer_of(book).sign()
    assert signer_of(book).sign() == first
    book.append([draft(packed(10))])
    second = signer_of(book).sign()
    assert (read(book, first).size, read(book, second).size) == (12, 13)
    with book.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM checkpoint")).scalar_one() == 2


def test_signatures_of_witnesses_are_kept(book: Ledger) -> None:
    signer_of(book).sign()
    with book.database.write() as connection:
        connection.execute(text("UPDATE checkpoint SET note = note || '— w AAAAAQI=' || char(10)"))
    assert len(parse_note(signer_of(book).sign()).signatures) == 2


def test_two_signatures_are_a_second_apart(book: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("traceability.ledger.proof.signing.time.sleep", slept.append)
    LogSigner(book).sign()
    book.append([draft(packed(10))])
    LogSigner(book).sign()
    assert len(slept) == 1
    assert 0 < slept[0] <= EVERY_S


def rolled_back(ledger: Ledger, copy: Path) -> Ledger:
    """Put an old copy of a ledger's file back, and leave all beside it as it is."""
    path = ledger.database.path
    assert path is not None
    ledger.database.close()
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    shutil.copyfile(copy, path)
    return open_book(path)


def copy_of(ledger: Ledger, name: str) -> Path:
    """Copy a ledger's file as it is now."""
    path = ledger.database.path
    assert path is not None
    with ledger.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    target = path.with_name(name)
    shutil.copyfile(path, target)
    return target


def test_an_old_copy_that_was_put_back_gets_no_signature(book: Ledger) -> None:
    signer_of(book).sign()
    old = copy_of(book, "old")
    book.append([draft(packed(10)), draft(packed(11))])
    signed = signer_of(book).sign()
    now = rolled_back(book, old)
    with pytest.raises(RolledBack) as refusal:
        signer_of(now).sign()
    size, root = root_of(now)
    was = parse_note(signed).text.split("\n")
    assert (size, was[1]) == (12, "14")
    assert str(refusal.value) == (
        f"The ledger 'main' has 12 entries with root {root.hex()[:16]}, but 14 entries with root "
        f"{read(now, signed).root.hex()[:16]} were signed: it went back to an old state. Nothing "
        "is signed until the newer state is back, or the restore is declared."
    )
    # Grown past the signed size it is another history.
    now.append([draft(packed(number)) for number in range(20, 26)])
    with pytest.raises(Forked, match="does not continue what was signed, for 14 entries"):
        signer_of(now).sign()
    with now.database.read() as connection:
        assert latest_note(connection, now.ledger_id) != signed
    assert (folder_of(now) / "main.signed").read_bytes() == signed
    now.database.close()


def test_a_history_of_the_same_size_that_differs_gets_no_signature(book: Ledger) -> None:
    signer_of(book).sign()
    old = copy_of(book, "old")
    book.append([draft(packed(10))])
    signer_of(book).sign()
    now = rolled_back(book, old)
    now.append([draft(packed(99))])
    with pytest.raises(Forked, match=r"with 13 entries and root .* for 13 entries"):
        signer_of(now).sign()
    now.database.close()


def test_a_ledger_from_before_its_key_gets_no_second_one(book: Ledger) -> None:
    old = copy_of(book, "old")
    signer_of(book).sign()
    now = rolled_back(book, old)
    for attempt in (signer_of(now).sign, signer_of(now).prepare, signer_of(now).rotate):
        with pytest.raises(RolledBack):
            attempt()
    assert now.size == 11
    now.database.close()


def test_a_tree_that_was_altered_gets_no_signature(book: Ledger) -> None:
    signer_of(book).sign()
    book.append([draft(packed(10))])
    with book.database.write() as connection:
        connection.execute(
            text("UPDATE tile SET data = cast(zeroblob(32) || substr(data, 33) AS blob)")
        )
    with pytest.raises(Forked):
        signer_of(book).sign()


def test_a_root_that_does_not_fit_its_tiles_is_never_signed(book: Ledger) -> None:
    with book.database.write() as connection:
        connection.execute(text("UPDATE ledger SET root = zeroblob(32)"))
    with pytest.raises(LedgerCorrupt, match="not that of its tiles"):
        signer_of(book).sign()
    assert not list(folder_of(book).glob("*.key"))


def test_without_its_file_the_signer_remembers_what_was_stored(book: Ledger) -> None:
    note = signer_of(book).sign()
    (folder_of(book) / "main.signed").unlink()
    assert signer_of(book).sign() == note
    with book.database.write() as connection:
        connection.execute(
            text("UPDATE tile SET data = cast(zeroblob(32) || substr(data, 33) AS blob)")
        )
        connection.execute(text("UPDATE ledger SET root = zeroblob(32)"))
    with pytest.raises(Forked):
        signer_of(book).sign()


def test_a_memory_that_cannot_be_read_stops_the_signer(book: Ledger) -> None:
    signer_of(book).sign()
    (folder_of(book) / "main.signed").write_bytes(b"\n")
    with pytest.raises(LedgerCorrupt, match=r"main\.signed is not what the signer wrote"):
        signer_of(book).sign()


def test_the_memory_of_another_ledger_stops_the_signer(book: Ledger, tmp_path: Path) -> None:
    signer_of(book).sign()
    path = folder_of(book) / "main.signed"
    path.write_bytes(path.read_bytes().replace(b"localhost/main\n", b"elsewhere/main\n", 1))
    with pytest.raises(Forked, match="is of 'elsewhere/main'"):
        signer_of(book).sign()


def test_a_missing_key_is_asked_for_and_no_new_one_is_made(book: Ledger) -> None:
    signer_of(book).sign()
    book.append([draft(packed(10))])
    path = folder_of(book) / "main-1.key"
    path.rename(path.with_suffix(".away"))
    for attempt in (signer_of(book).sign, signer_of(book).rotate):
        with pytest.raises(Refused, match=r"put main-1\.key back into .* from a backup"):
            attempt()
    key_files.write_key(path, Signer.make("localhost/main"))
    with pytest.raises(Refused, match="is not the key localhost/main"):
        signer_of(book).sign()
    path.write_text("PRIVATE+KEY+")
    with pytest.raises(Refused, match="Cannot read the key"):
        signer_of(book).sign()


def test_a_new_key_is_signed_by_the_old_one_and_by_itself(book: Ledger) -> None:
    first = signer_of(book).sign()
    new = signer_of(book).rotate()
    with book.database.read() as connection:
        old_key, new_key = read_log_keys(connection, book.ledger_id)
        note = latest_note(connection, book.ledger_id)
    assert (old_key.epoch, new_key.epoch, new_key.position) == (1, 2, 12)
    assert (new_key.verifier, old_key.is_vouched_for, new_key.is_vouched_for) == (new, False, True)
    assert note is not None
    # The size with the new key is signed by both: whoever knows the old one can go on.
    for key in (old_key, new_key):
        assert open_checkpoint(note, [key.verifier])[0].size == 13
    book.append([draft(packed(10))])
    by_new = signer_of(book).sign()
    assert open_checkpoint(by_new, [new])[1].unknown == ()
    assert read(book, first).size == 12


def test_a_lost_key_has_a_successor_that_nobody_vouches_for(book: Ledger) -> None:
    signer_of(book).sign()
    (folder_of(book) / "main-1.key").unlink()
    signer_of(book).rotate(is_lost=True)
    with book.database.read() as connection:
        assert [key.is_vouched_for for key in read_log_keys(connection, book.ledger_id)] == [
            False,
            False,
        ]
    assert read(book, signer_of(book).sign()).size == 13


def test_a_key_that_did_not_sign_itself_stops_all_who_read_it(book: Ledger) -> None:
    first, second = Signer.make("localhost/main"), Signer.make("localhost/main")
    for number, tree in enumerate(
        (
            key_body(1, first) | {"vkey": str(second.verifier)},
            key_body(1, first) | {"epoch": 2},
        )
    ):
        ledger = open_book(Path(f"{book.database.path}.{number}"))
        ledger.append([Draft("key", "k", tree)])
        with (
            ledger.database.read() as connection,
            pytest.raises(LedgerCorrupt, match="Entry 1 begins no key"),
        ):
            read_log_keys(connection, ledger.ledger_id)
        ledger.database.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
@pytest.mark.parametrize("point", SIGNING_POINTS)
def test_a_killed_signer_leaves_nothing_that_it_cannot_go_on_from(
    tmp_path: Path, point: str
) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = open_book(path)
    ledger.append([draft(packed(number)) for number in range(3)])
    ledger.database.close()
    child = multiprocessing.get_context("fork").Process(target=_die_signing, args=(path, point))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    ledger = open_book(path)
    remembered = signer_of(ledger).remembered()
    note = signer_of(ledger).sign()
    assert read(ledger, note).size == 5
    assert remembered == (None if point == "before memory" else read(ledger, note))
    assert positions_of_keys(ledger) == [4]
    ledger.database.close()


def _die_signing(path: Path, point: str) -> None:
    arm(f"{point}:1")
    sign_now(open_book(path))


def positions_of_keys(ledger: Ledger) -> list[int]:
    """Return the positions of a ledger's keys."""
    with ledger.database.read() as connection:
        return [key.position for key in read_log_keys(connection, ledger.ledger_id)]


def test_many_signers_at_once_make_one_key_and_no_fork(book: Ledger) -> None:
    notes: list[bytes] = []

    def work(number: int) -> None:
        for turn in range(5):
            book.append([draft(packed(100 + 10 * number + turn))])
            notes.append(signer_of(book).sign())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(positions_of_keys(book)) == 1
    signed = {read(book, note).size: read(book, note).root for note in notes}
    assert len({(read(book, note).size, note) for note in notes}) == len(signed)
    assert max(signed) == book.size == 32


def test_the_thread_signs_what_grows_and_says_what_stands_in_its_way(book: Ledger) -> None:
    stopping = threading.Event()
    told: list[SigningState] = []

    def tell(state: SigningState) -> None:
        told.append(state)
        if len(told) == 1:
            book.append([draft(packed(10))])
        elif len(told) == 2:
            (folder_of(book) / "main.signed").write_bytes(b"\n")
            book.append([draft(packed(11))])
        else:
            stopping.set()

    keep_signing(book, stopping, tell)
    assert [(state.size, bool(state.problem)) for state in told] == [
        (12, False),
        (13, False),
        (13, True),
    ]
    assert "is not what the signer wrote" in told[2].problem


def test_a_chosen_place_holds_the_keys(
    book: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGTAG_KEYS", str(tmp_path / "elsewhere"))
    sign_now(book)
    assert (tmp_path / "elsewhere" / "ledger.sqlite.keys" / "main-1.key").is_file()
    assert not Path(f"{book.database.path}.keys").exists()


def test_a_folder_that_cannot_be_written_is_said(book: Ledger, tmp_path: Path) -> None:
    Path(f"{book.database.path}.keys").write_text("a file")
    with pytest.raises(Refused, match="Cannot write the keys' folder"):
        sign_now(book)


def test_a_reopened_ledger_is_signed_on(book: Ledger) -> None:
    signer_of(book).sign()
    again = reopened(book)
    again.append([draft(packed(10))])
    assert read(again, signer_of(again).sign()).size == 13
    again.database.close()
