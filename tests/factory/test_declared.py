"""A restore is said in the record, under a new key; a record that was only put back is noticed."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.factory.premises import NOW, Premises
from traceability.database import open_database
from traceability.database_file import copy_file
from traceability.factory.backup import back_up
from traceability.factory.coming_back import come_back
from traceability.factory.declared import declare, declared, news, rolled_back
from traceability.factory.folder import Factory
from traceability.factory.recovery import code_of
from traceability.factory.restore import restore
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.proof.log_keys import read_log_keys
from traceability.ledger.proof.note import open_note
from traceability.ledger.proof.signing import LogSigner, RolledBack
from traceability.ledger.verify import verify
from traceability.projections import links
from traceability.projections.view import look


@contextlib.contextmanager
def opened(factory: Factory) -> Iterator[Ledger]:
    """Open a workshop's record as its server does."""
    with contextlib.closing(open_database(factory.url, create=False)) as database:
        database.own()
        yield Ledger.open(database)


def sign(ledger: Ledger) -> bytes:
    """Sign for a record without waiting for the second to be over."""
    return LogSigner(ledger, every_s=0.0).sign()


@pytest.fixture
def backup(premises: Premises) -> Path:
    """A backup of a signed record that went on afterwards."""
    sign(premises.ledger)
    made = back_up(premises.factory, at=NOW)
    premises.write(5)
    sign(premises.ledger)
    return made.path


def test_the_first_opening_declares_the_restore_under_a_new_key(
    premises: Premises, backup: Path, tmp_path: Path
) -> None:
    code = code_of(premises.factory)
    factory = Factory.find(restore(backup, tmp_path / "again", passphrase=code).folder)
    with look(premises.ledger) as view:
        old = read_log_keys(view.connection, view.ledger_id)
    with opened(factory) as ledger:
        size = ledger.size
        assert come_back(factory, ledger, at=NOW, stations={"dock": size + 3})
        with look(ledger) as view:
            [said] = declared(view.connection, view.ledger_id)
            keys = read_log_keys(view.connection, view.ledger_id)
        assert (said.position, said.size, said.epoch) == (size, size, 2)
        assert (said.backup, said.known_size, said.is_signed_by_old) == (
            backup.name,
            size + 4,
            True,
        )
        assert said.missing == range(size, size + 4)
        assert keys[0] == old[0]
        assert (keys[1].epoch, keys[1].is_vouched_for) == (2, True)
        note = open_note(sign(ledger), [keys[1].verifier])
        assert [verifier for verifier, _ in note.by] == [keys[1].verifier]
        assert verify(ledger, projections=True).finding is None
        assert rolled_back(ledger) is None


def test_it_is_said_once_however_often_the_power_goes(
    premises: Premises, backup: Path, tmp_path: Path
) -> None:
    folder = restore(backup, tmp_path / "again").folder
    factory = Factory.find(folder)
    sign_of_it = (folder / ".from-backup").read_bytes()
    with opened(factory) as ledger:
        come_back(factory, ledger, at=NOW)
    (folder / ".from-backup").write_bytes(sign_of_it)
    with opened(factory) as ledger:
        assert come_back(factory, ledger, at=NOW + timedelta(minutes=1))
        with look(ledger) as view:
            assert len(declared(view.connection, view.ledger_id)) == 1
            assert len(read_log_keys(view.connection, view.ledger_id)) == 2


def test_without_the_recovery_code_the_new_key_has_no_word_of_the_old_one(
    backup: Path, tmp_path: Path
) -> None:
    factory = Factory.find(restore(backup, tmp_path / "again").folder)
    with opened(factory) as ledger:
        come_back(factory, ledger, at=NOW)
        with look(ledger) as view:
            [said] = declared(view.connection, view.ledger_id)
        assert (said.is_signed_by_old, said.known_size) == (False, None)
        assert sign(ledger)


def test_two_restores_of_one_backup_are_two_lives(backup: Path, tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        factory = Factory.find(restore(backup, tmp_path / name).folder)
        with opened(factory) as ledger:
            come_back(factory, ledger, at=NOW)
            with look(ledger) as view:
                keys |= {one.verifier for one in declared(view.connection, view.ledger_id)}
    assert len(keys) == 2


def test_every_record_of_the_folder_says_it(premises: Premises, tmp_path: Path) -> None:
    premises.close()
    shutil.copy(
        premises.factory.folder / "practice.sqlite", premises.factory.folder / "ledger.sqlite"
    )
    made = back_up(premises.factory, at=NOW)
    factory = Factory.find(restore(made.path, tmp_path / "again").folder)
    with opened(factory) as ledger:
        come_back(factory, ledger, at=NOW)
    for practice in (True, False):
        with opened(factory.with_practice(practice)) as ledger, look(ledger) as view:
            assert len(declared(view.connection, view.ledger_id)) == 1


def test_what_customers_were_sent_ends_with_the_restore(premises: Premises, tmp_path: Path) -> None:
    link = links.new_link("//x/bt/1", by="ana", made_at=NOW, expires_at=NOW + timedelta(days=30))
    premises.ledger.append([link.draft()])
    made = back_up(premises.factory, at=NOW)
    factory = Factory.find(restore(made.path, tmp_path / "again").folder)
    with opened(factory) as ledger:
        come_back(factory, ledger, at=NOW)
        with look(ledger) as view:
            found = links.link(view, link.id)
    assert found is not None
    assert (found.state(NOW), found.ended_by) == ("ended", "restore")


def put_back(premises: Premises) -> tuple[Factory, int]:
    """Sign, copy the record, go on and sign, then put the copy back in its place by hand."""
    file = premises.factory.folder / "practice.sqlite"
    sign(premises.ledger)
    back_up(premises.factory, at=NOW)
    old = file.with_name("old.sqlite")
    copy_file(file, old)
    premises.write(4)
    sign(premises.ledger)
    signed = premises.ledger.size
    premises.close()
    old.replace(file)
    return premises.factory, signed


def test_a_record_that_was_put_back_by_hand_is_noticed_and_not_signed(premises: Premises) -> None:
    factory, signed = put_back(premises)
    with opened(factory) as ledger:
        found = rolled_back(ledger)
        assert found is not None
        assert (found.size, found.signed) == (signed - 4, signed)
        with pytest.raises(RolledBack):
            sign(ledger)
        # It grows past what was signed: another history all the same.
        ledger.append([Draft("master", f"m:{n}", {"type": "place", "id": f"//p/loc/{n}"})
                       for n in range(9)])  # fmt: skip
        assert rolled_back(ledger) is not None


def test_declaring_it_names_the_gap_and_signing_goes_on(premises: Premises) -> None:
    factory, signed = put_back(premises)
    with opened(factory) as ledger:
        size = ledger.size
        ledger.append([Draft("master", "m:1", {"type": "place", "id": "//p/loc/1"})])
        said = declare(ledger, at=NOW, by="owner")
        assert (said.position, said.size, said.known_size) == (size + 1, size, signed)
        assert said.is_signed_by_old
        assert rolled_back(ledger) is None
        assert sign(ledger)
        assert verify(ledger, projections=True).finding is None
        [aside] = (factory.folder / "practice.sqlite.keys").glob("main.signed.before-*")
        assert str(signed) in aside.read_text(encoding="utf-8").splitlines()


def test_who_comes_later_with_a_higher_position_widens_the_gap(
    backup: Path, tmp_path: Path
) -> None:
    factory = Factory.find(restore(backup, tmp_path / "again").folder)
    with opened(factory) as ledger:
        assert not news(ledger, "gate", 500)
        come_back(factory, ledger, at=NOW)
        with look(ledger) as view:
            [said] = declared(view.connection, view.ledger_id)
        heard = [news(ledger, "gate", at) for at in (said.size - 1, 900, 899, 900, 950)]
        assert heard == [False, True, False, False, True]
        with look(ledger) as view:
            [said] = declared(view.connection, view.ledger_id)
        assert said.known_size == 951
