"""The commands of proofs: what they print, what they write, what they refuse in one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import main
from tests.ledger.books import draft, open_book, packed
from traceability.ledger.append import Ledger
from traceability.ledger.entry import Entry
from traceability.ledger.merkle import verify_consistency
from traceability.ledger.proof import key_files
from traceability.ledger.proof.checkpoint import Checkpoint, open_checkpoint
from traceability.ledger.proof.log_keys import read_log_keys
from traceability.ledger.proof.note import Verifier, decode_base64, parse_note
from traceability.ledger.proof.proof_file import ProofFile
from traceability.ledger.proof.signing import LogSigner


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Return a ledger of 12 entries, the last one its key, and sign without pauses."""
    monkeypatch.setattr("traceability.ledger.proof.signing.EVERY_S", 0)
    monkeypatch.setattr(LogSigner.__init__, "__kwdefaults__", {"every_s": 0})
    ledger = open_book(tmp_path / "ledger.sqlite")
    ledger.append([draft(packed(number)) for number in range(10)])
    LogSigner(ledger).sign()
    yield ledger
    ledger.database.close()


def run(ledger: Ledger, *words: object) -> Result:
    """Run a command of `hangtag ledger` on a ledger."""
    db = f"sqlite:///{ledger.database.path}"
    return CliRunner().invoke(main, ["ledger", *(str(word) for word in words), "--db", db])


def key_of(ledger: Ledger) -> Verifier:
    """Return the key in force."""
    with ledger.database.read() as connection:
        return read_log_keys(connection, ledger.ledger_id)[-1].verifier


def test_checkpoint_prints_what_was_signed(book: Ledger) -> None:
    book.append([draft(packed(10))])
    result = run(book, "checkpoint")
    found, _opened = open_checkpoint(result.stdout.encode(), [key_of(book)])
    assert (result.exit_code, result.stderr, found.size) == (0, "", 13)
    tree = json.loads(run(book, "checkpoint", "--json").stdout)
    assert tree == {
        "origin": "localhost/main",
        "size": 13,
        "root": found.root.hex(),
        "note": result.stdout,
    }


@pytest.mark.parametrize("name", ["4", "urn:uuid:00000000-0000-7000-8000-000000000003"])
def test_prove_writes_a_proof_that_checks(book: Ledger, tmp_path: Path, name: str) -> None:
    file = tmp_path / "garment.tlog-proof"
    result = run(book, "prove", name, "-o", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "Entry 4 of localhost/main, event urn:uuid:00000000-0000-7000-8000-000000000003: 4 hashes "
        "lead to the root that was signed for 12 entries.\n"
    )
    proof = ProofFile.parse(file.read_bytes())
    assert proof.extra is not None
    checkpoint, _opened = proof.verify(proof.extra, [key_of(book)], origin="localhost/main")
    assert (proof.index, checkpoint.size) == (4, 12)
    assert Entry.parse(proof.extra).id == "urn:uuid:00000000-0000-7000-8000-000000000003"


def test_prove_signs_what_no_signature_has_yet(book: Ledger, tmp_path: Path) -> None:
    book.append([draft(packed(10))])
    file = tmp_path / "p"
    assert json.loads(run(book, "prove", 12, "-o", file, "--json").stdout) == {
        "origin": "localhost/main",
        "size": 13,
        "root": Checkpoint.parse(parse_note(LogSigner(book).sign()).text).root.hex(),
        "position": 12,
        "id": "urn:uuid:00000000-0000-7000-8000-000000000010",
        "kind": "event",
        "hashes": 2,
        "file": str(file),
    }


def test_prove_without_a_file_prints_the_proof_alone(book: Ledger) -> None:
    result = run(book, "prove", 4)
    assert ProofFile.parse(result.stdout.encode()).index == 4
    assert result.stderr.startswith("Entry 4 of localhost/main")


def test_prove_from_an_older_size(book: Ledger) -> None:
    older = Checkpoint.parse(parse_note(LogSigner(book).sign()).text)
    book.append([draft(packed(10)), draft(packed(11))])
    result = run(book, "prove", "--from", older.size)
    head, _blank, note = result.stdout.partition("\n\n")
    old, *lines = head.split("\n")
    found, _opened = open_checkpoint(note.encode(), [key_of(book)])
    proof = [decode_base64(line) or b"" for line in lines]
    assert (old, result.stderr) == (
        "old 12",
        "localhost/main of 14 entries continues the one of 12.\n",
    )
    assert verify_consistency(older.size, found.size, older.root, found.root, proof)


REFUSED: tuple[tuple[tuple[object, ...], int, str], ...] = (
    (("prove", 12), 1, "has 12 entries, from 0 to 11: there is no position 12."),
    (("prove", "urn:uuid:0"), 1, "No entry of the ledger 'main' has the id 'urn:uuid:0'."),
    (("prove", "--from", 13), 1, "has 12 entries: it does not continue one of 13."),
    (("prove",), 2, "Name one thing to prove"),
    (("prove", 1, "--from", 1), 2, "Name one thing to prove"),
    (("prove", "--from", 0), 2, "is not in the range"),
    (("prove", 1, "-o", "/nowhere/p"), 1, "Cannot write /nowhere/p: No such file"),
    (("checkpoint", "--ledger", "other"), 1, "There is no ledger 'other'"),
    (("export-tiles", "/dev/null/out"), 1, "Cannot write into /dev/null/out"),
)


def test_what_cannot_be_done_is_one_sentence(book: Ledger) -> None:
    for words, status, sentence in REFUSED:
        result = run(book, *words)
        assert (result.exit_code, sentence in result.stderr) == (status, True), result.stderr


def test_an_entry_that_was_changed_cannot_be_proven(book: Ledger) -> None:
    with book.database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER entry_update")
        connection.exec_driver_sql(
            "UPDATE entry SET entry = (SELECT entry FROM entry WHERE position = 5) "
            "WHERE position = 4"
        )
    result = run(book, "prove", 4)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Entry 4 cannot be proven, hangtag ledger verify says why" in result.stderr


def test_export_tiles_says_what_is_new(book: Ledger, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(book, "export-tiles", out, "--bodies")
    assert (result.exit_code, result.stdout) == (
        0,
        f"{out} holds 12 entries, 12 of them new; signed by {key_of(book)}.\n",
    )
    assert (out / "log.vkey").read_text() == f"{key_of(book)}\n"
    book.append([draft(packed(10))])
    tree = json.loads(run(book, "export-tiles", out, "--json").stdout)
    assert (tree["size"], tree["from"], tree["files"]) == (13, 12, 4)
    assert (tree["vkey"], tree["folder"]) == (str(key_of(book)), str(out))


def test_rotate_key_says_which_key_signs_now(book: Ledger) -> None:
    old = key_of(book)
    result = run(book, "rotate-key")
    new = key_of(book)
    assert new != old
    assert result.stdout == f"From now on {new} signs. The old key signed it, too.\n"
    key_files.key_file(LogSigner(book).folder, "main", 2).unlink()
    refused = run(book, "rotate-key")
    assert (refused.exit_code, "rotate-key --lost" in refused.stderr) == (1, True)
    lost = run(book, "rotate-key", "--lost", "--json")
    assert json.loads(lost.stdout) == {"vkey": str(key_of(book))}


def test_a_key_that_others_can_read_is_told_of(book: Ledger) -> None:
    path = key_files.key_file(LogSigner(book).folder, "main", 1)
    path.chmod(0o640)
    result = run(book, "checkpoint")
    assert (result.exit_code, result.stderr) == (0, LogSigner(book).exposed() + "\n")
