"""What is kept outside: keys, checkpoints in drawers, witnesses, restores that are declared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import main
from tests.ledger.attacked import Hand, copied, make_book
from tests.ledger.books import draft, open_book, packed
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.checks.start import find_start, remember
from traceability.ledger.proof.checkpoint import Checkpoint
from traceability.ledger.proof.key_files import key_file, key_folder, read_key, write_key
from traceability.ledger.proof.log_keys import endorse, key_draft
from traceability.ledger.proof.note import COSIGNATURE, Signer, sign_note
from traceability.ledger.proof.signing import LogSigner
from traceability.ledger.verify import Kept, Report, kept_by_signer, verify

EVENTS = 590
SIZE = 17 + EVENTS


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed ledger that was signed at its end."""
    file = tmp_path_factory.mktemp("kept") / "book.sqlite"
    make_book(file, EVENTS).database.close()
    return file


@pytest.fixture
def book(honest: Path, tmp_path: Path) -> Iterator[Ledger]:
    """A copy of it with its keys."""
    ledger = open_book(copied(honest, tmp_path))
    yield ledger
    ledger.database.close()


def grow(ledger: Ledger, count: int) -> None:
    """Append events."""
    first = ledger.size + 10_000
    ledger.append([draft(packed(first + number)) for number in range(count)])


def signer_of(ledger: Ledger, epoch: int = 1) -> Signer:
    """Return the private key of a ledger."""
    signer = read_key(key_file(key_folder(ledger.database), ledger.name, epoch))
    assert signer is not None
    return signer


def note_of(ledger: Ledger, *signers: Signer, at_s: int | None = None) -> bytes:
    """Return a checkpoint of a ledger as it is, signed."""
    report = verify(ledger)
    checkpoint = Checkpoint(ledger.origin, report.size, bytes.fromhex(report.root))
    return sign_note(checkpoint.text, *signers, at_s=at_s)


def restore_draft(
    ledger: Ledger, first: int, new: Signer, *old: Signer, missing: int | None = None
) -> Draft:
    """Return the entry that declares a restore of so many entries."""
    tree: dict[str, Any] = {
        "type": "restore",
        "from": first,
        "root": verify(ledger).root,
        "at": "2026-11-22T08:00:00.000000Z",
        "backup": {"name": "b.zip", "sha256": None},
        "missing": {"known_size": missing, "signed": missing, "stations": {}},
        "epoch": 2,
        "vkey": str(new.verifier),
        "signatures": endorse(2, new.verifier, *old, new),
    }
    return Draft("key", f"restore:2:{first}", tree, by="restore")


def finding(report: Report) -> tuple[int | None, str] | None:
    """Return position and kind of what was found."""
    return None if report.finding is None else (report.finding.position, report.finding.kind)


def test_a_key_signed_by_both_is_a_key(book: Ledger) -> None:
    old = signer_of(book)
    LogSigner(book, every_s=0).rotate()
    assert finding(verify(book, kept=Kept(verifiers=(old.verifier,)))) is None
    assert finding(verify(book, kept=Kept(verifiers=(signer_of(book, 2).verifier,)))) is None


def test_a_key_that_the_one_before_did_not_sign_is_named(book: Ledger) -> None:
    book.append([key_draft(2, Signer.make(book.origin))])
    assert finding(verify(book, kept=kept_by_signer(book))) == (SIZE, "key not signed")


def test_a_lost_key_is_believed_where_somebody_knows_the_new_one(book: Ledger) -> None:
    new = Signer.make(book.origin)
    book.append([key_draft(2, new)])
    assert finding(verify(book, kept=Kept(verifiers=(new.verifier,)))) is None
    write_key(key_file(key_folder(book.database), book.name, 2), new)
    assert finding(verify(book, kept=kept_by_signer(book))) is None


def test_a_key_that_is_none_of_the_ledgers_is_swapped(book: Ledger) -> None:
    other = Signer.make(book.origin)
    assert finding(verify(book, kept=Kept(verifiers=(other.verifier,)))) == (1, "key swapped")
    kept = Kept((("drawer.txt", note_of(book, other)),))
    assert finding(verify(book, kept=kept)) == (1, "key swapped")


def test_a_history_signed_anew_with_a_stolen_key_is_a_fork(book: Ledger, tmp_path: Path) -> None:
    witness = Signer.make("brand.example/witness", algorithm=COSIGNATURE)
    signer = signer_of(book)
    note = note_of(book, signer, witness, at_s=1_790_000_000)
    path = book.database.path
    assert path is not None
    book.database.close()
    hand = Hand(path).rewrite(300, lambda body: body.replace(b"packing", b"shipping"))
    anew = hand.recompute().run("DELETE FROM checkpoint").done()
    key_folder(anew.database).joinpath("main.signed").unlink()
    LogSigner(anew, every_s=0).sign()
    assert finding(verify(anew, kept=kept_by_signer(anew))) is None
    kept = Kept((("drawer.txt", note),), (witness.verifier,))
    assert finding(verify(anew, kept=kept)) == (0, "forked history")
    anew.database.close()


def test_witnesses_whose_keys_are_known_are_named(book: Ledger) -> None:
    witness = Signer.make("brand.example/witness", algorithm=COSIGNATURE)
    note = note_of(book, signer_of(book), witness, at_s=1_790_000_000)
    report = verify(book, kept=Kept((("drawer.txt", note),), (witness.verifier,)))
    assert [(one.size, one.cosigned_by) for one in report.outside] == [
        (SIZE, ("brand.example/witness",))
    ]
    assert [one.cosigned_by for one in verify(book, kept=Kept((("d", note),))).outside] == [()]


def test_a_head_that_names_another_record_is_altered(book: Ledger) -> None:
    path, note = book.database.path, note_of(book, signer_of(book))
    assert path is not None
    book.database.close()
    evil = Hand(path).run("UPDATE ledger SET origin = 'evil.example/log'").done()
    assert finding(verify(evil, kept=Kept((("drawer.txt", note),)))) == (None, "head altered")
    assert finding(verify(evil, kept=kept_by_signer(evil))) == (None, "head altered")
    assert finding(verify(evil)) == (0, "changed entry")


def rolled_back(book: Ledger, size: int) -> tuple[Ledger, bytes]:
    """Sign a larger size, then put the old file back; return it and what was signed."""
    path = book.database.path
    assert path is not None
    note = note_of(book, signer_of(book))
    book.database.close()
    return Hand(path).cut(size).run(f"DELETE FROM checkpoint WHERE size > {size}").done(), note


def test_a_declared_restore_is_a_named_gap(book: Ledger) -> None:
    old, new = signer_of(book), Signer.make(book.origin)
    ledger, note = rolled_back(book, 500)
    ledger.append([restore_draft(ledger, 500, new, old, missing=SIZE)])
    grow(ledger, 300)
    report = verify(ledger, kept=Kept((("drawer.txt", note),)))
    (gap,) = report.gaps
    assert finding(report) is None
    assert (gap.position, gap.first, gap.known_size, gap.seen_size) == (500, 500, SIZE, SIZE)
    assert (gap.is_signed_by_old, gap.is_understated) == (True, False)
    ledger.database.close()


def test_an_undeclared_one_is_a_rollback(book: Ledger) -> None:
    ledger, note = rolled_back(book, 500)
    assert finding(verify(ledger, kept=Kept((("drawer.txt", note),)))) == (500, "rolled back")
    ledger.database.close()


def test_a_gap_named_too_small_is_told(book: Ledger) -> None:
    old, new = signer_of(book), Signer.make(book.origin)
    ledger, note = rolled_back(book, 500)
    ledger.append([restore_draft(ledger, 500, new, old, missing=510)])
    news = {"type": "restore-news", "restore": 500, "station": "dock", "position": 520}
    ledger.append([Draft("key", "restore-news:500:dock", news)])
    (gap,) = verify(ledger, kept=Kept((("drawer.txt", note),))).gaps
    assert (gap.known_size, gap.seen_size, gap.is_understated) == (521, SIZE, True)
    ledger.database.close()


def test_a_restore_that_the_old_key_did_not_sign_explains_nothing(book: Ledger) -> None:
    new = Signer.make(book.origin)
    ledger, note = rolled_back(book, 500)
    ledger.append([restore_draft(ledger, 500, new, missing=SIZE)])
    kept = Kept((("drawer.txt", note),))
    assert finding(verify(ledger)) is None
    assert finding(verify(ledger, kept=kept)) == (500, "rolled back")
    believed = Kept(kept.notes, (new.verifier,))
    assert finding(verify(ledger, kept=believed)) is None
    ledger.database.close()


def test_a_restore_of_another_root_is_a_fork(book: Ledger) -> None:
    old, new = signer_of(book), Signer.make(book.origin)
    said = restore_draft(book, SIZE, new, old)
    book.append([Draft("key", said.id, {**said.tree, "from": 500})])
    assert finding(verify(book)) == (500, "forked history")


# What came since, and samples before.


def changed(book: Ledger, position: int, *, anew: bool) -> Ledger:
    """Change a body, and all hashes if that is asked for."""
    path = book.database.path
    assert path is not None
    book.database.close()
    hand = Hand(path)
    if anew:
        hand.rewrite(position, lambda body: body.replace(b"packing", b"shipping")).recompute()
    else:
        hand.run(f"UPDATE body SET body = zeroblob(9) WHERE position = {position}")
    return hand.run("DELETE FROM checkpoint").done()


def since(ledger: Ledger, given: str = "") -> Report:
    """Check what came since the last check."""
    kept = kept_by_signer(ledger)
    return verify(ledger, kept=kept, start=find_start(ledger, given, kept))


def test_only_what_came_since_is_looked_at(book: Ledger) -> None:
    remember(book, verify(book))
    grow(book, 100)
    report = since(book)
    assert (finding(report), report.since, report.sampled) == (None, 512, 512)
    assert since(book, str(SIZE)).since == 512
    remember(book, report)
    grow(book, 100)
    assert since(book).since == 512


def test_a_fault_since_then_is_found(book: Ledger) -> None:
    remember(book, verify(book))
    grow(book, 100)
    ledger = changed(book, SIZE + 50, anew=False)
    assert finding(since(ledger)) == (SIZE + 50, "changed body")
    ledger.database.close()


def test_an_old_fault_is_found_by_lot(book: Ledger) -> None:
    remember(book, verify(book))
    ledger = changed(book, 300, anew=False)
    assert finding(since(ledger)) == (300, "changed body")  # of two tiles, both are drawn
    ledger.database.close()


def test_an_old_history_made_anew_does_not_lead_to_where_it_begins(book: Ledger) -> None:
    remember(book, verify(book))
    ledger = changed(book, 300, anew=True)
    assert finding(since(ledger)) == (0, "forked history")
    ledger.database.close()


def test_an_old_history_is_held_against_a_start_at_the_end_of_a_tile(tmp_path: Path) -> None:
    # 512 entries: the walk begins right there, and meets that size no more.
    book = make_book(tmp_path / "book.sqlite", 495)
    assert book.size == 512
    remember(book, verify(book))
    ledger = changed(book, 300, anew=True)
    grow(ledger, 100)
    assert finding(since(ledger)) == (0, "forked history")
    ledger.database.close()


def test_older_checkpoints_are_proven_from_the_tiles(book: Ledger) -> None:
    note = note_of(book, signer_of(book))
    grow(book, 600)
    remember(book, verify(book))
    kept = Kept((("drawer.txt", note),))
    start = find_start(book, "", kept)
    assert finding(verify(book, kept=kept, start=start)) is None
    forged = sign_note(Checkpoint(book.origin, SIZE, bytes(32)).text, signer_of(book))
    kept = Kept((("drawer.txt", forged),))
    assert finding(verify(book, kept=kept, start=start)) == (0, "forked history")


# The command.


def run(ledger: Ledger, *words: str) -> Result:
    """Run the command on a ledger."""
    url = f"sqlite:///{ledger.database.path}"
    return CliRunner().invoke(main, ["ledger", "verify", "--db", url, *words])


def test_the_command_holds_files_against_the_ledger(book: Ledger, tmp_path: Path) -> None:
    witness = Signer.make("brand.example/witness", algorithm=COSIGNATURE)
    file = tmp_path / "drawer.txt"
    file.write_bytes(note_of(book, signer_of(book), witness, at_s=1_790_000_000))
    words = ["--checkpoint", str(file), "--vkey", str(witness.verifier), "--projections"]
    done = run(book, *words, "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ok"], told["size"], told["projections"]) == (0, True, SIZE, True)
    assert [one["cosigned"] for one in told["outside"]] == [[], ["brand.example/witness"]]
    later = run(book, "--from-checkpoint", "--json")
    assert json.loads(later.stdout)["since"] == 512
    assert run(book).stdout.splitlines()[-1].startswith("Held against 1 checkpoints of its own")


def test_the_command_names_a_rollback(book: Ledger, tmp_path: Path) -> None:
    ledger, note = rolled_back(book, 500)
    file = tmp_path / "drawer.txt"
    file.write_bytes(note)
    done = run(ledger, "--checkpoint", str(file), "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ok"], told["position"], told["kind"]) == (
        1, False, 500, "rolled back",
    )  # fmt: skip
    ledger.database.close()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--vkey", "nonsense"], "Cannot read a public key"),
        (["--from-checkpoint", "99"], "No checkpoint of 99 entries is stored"),
        (["--from-checkpoint", str(2**64)], f"Cannot begin at '{2**64}': expected a checkpoint's"),
        (["--from-checkpoint", "nowhere.txt"], "Cannot begin at 'nowhere.txt'"),
        (["--checkpoint", __file__], "test_verify_kept.py is no checkpoint: "),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(
    book: Ledger, words: list[str], sentence: str
) -> None:
    done = run(book, *words)
    assert (done.exit_code, sentence in done.stderr) == (1, True), done.stderr


def test_ledgers_near_by_are_named(
    book: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "ledger.sqlite").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HANGTAG_DB", raising=False)
    done = CliRunner().invoke(main, ["ledger", "verify"])
    assert done.exit_code == 1
    assert "There is one near by: --db sqlite:///shop/ledger.sqlite" in done.stderr
