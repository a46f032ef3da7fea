"""Killed at every named place of a backup and of a restore: whole, or not taken for one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.factory.premises import NOW, names_below, write_premises
from tests.faults.processes import Writers
from tests.faults.safe_sweep import (
    MOVING_POINTS,
    Deposit,
    sweep_backup,
    sweep_replace,
    sweep_restore,
)
from tests.faults.small_disk import SmallDisk, may_mount, mounted, read_only
from traceability.errors import Refused
from traceability.factory.backup import back_up
from traceability.factory.folder import UNPACKED, Factory
from traceability.factory.restore import prepare, restore
from traceability.ledger.crash_points import (
    BACKUP_POINTS,
    REPLACE_POINTS,
    RESTORE_POINTS,
    UNPACKING_POINTS,
)


@pytest.fixture(scope="module")
def deposit(tmp_path_factory: pytest.TempPathFactory) -> Deposit:
    """A workshop that nobody works in, and a good backup of it."""
    return Deposit.made(tmp_path_factory.mktemp("deposit"))


@pytest.mark.parametrize("point", BACKUP_POINTS + UNPACKING_POINTS)
def test_a_backup_that_was_cut_off_is_none(deposit: Deposit, writers: Writers, point: str) -> None:
    done = sweep_backup(deposit, writers, point, hits=(1,))
    assert (done.kills, done.problems) == (1, [])


@pytest.mark.parametrize("point", UNPACKING_POINTS + RESTORE_POINTS)
def test_a_restore_that_was_cut_off_is_empty_or_complete(
    deposit: Deposit, writers: Writers, point: str
) -> None:
    done = sweep_restore(deposit, writers, point, hits=(2,) if point.startswith("file") else (1,))
    assert (done.kills, done.problems) == (1, [])


@pytest.mark.parametrize("point", REPLACE_POINTS + MOVING_POINTS)
def test_a_workshop_is_the_old_or_the_new_one_wherever_moving_in_is_cut_off(
    deposit: Deposit, writers: Writers, point: str
) -> None:
    done = sweep_replace(deposit, writers, point, hits=(1,))
    assert (done.kills, done.problems) == (1, [])


def test_a_place_that_is_never_passed_fails_the_run(deposit: Deposit, writers: Writers) -> None:
    done = sweep_restore(deposit, writers, "part begun", hits=(1,))
    assert done.problems == ["part begun was not passed 1 times."]


def test_what_others_put_beside_a_restore_that_was_cut_off_stays(
    deposit: Deposit, writers: Writers, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    deposit.kill(writers, "file moved in:3", "restore", str(deposit.good), str(folder))
    (folder / "letter.txt").write_text("dear", encoding="utf-8")
    before = names_below(folder)
    with pytest.raises(Refused, match="is not empty: a backup is restored into a new"):
        restore(deposit.good, folder)
    assert names_below(folder) == before
    with pytest.raises(Refused, match=r"was cut off, or still runs: .* hangtag restore FILE"):
        Factory.find(folder)


def test_two_restores_into_one_folder_do_not_meet(
    deposit: Deposit, writers: Writers, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    with (
        deposit.halted(writers, "restore checked", "restore", str(deposit.good), str(folder)),
        pytest.raises(Refused, match=r"is being restored into .* at this moment: wait"),
    ):
        restore(deposit.good, folder)
    assert not (folder / UNPACKED).exists()
    assert deposit.problems_of(folder) == []


def test_a_backup_that_is_being_made_is_not_swept(deposit: Deposit, writers: Writers) -> None:
    with deposit.halted(writers, "part synced", "backup", str(deposit.factory.folder)):
        made = back_up(deposit.factory, deposit.stick, at=NOW)
        assert len(deposit.halves()) == 2
    assert (deposit.halves(), made.path.exists()) == ([], True)


def test_a_disk_that_fills_while_a_backup_is_unpacked_leaves_one_sentence(
    deposit: Deposit, on_bad_disk: Writers, tmp_path: Path
) -> None:
    folder = tmp_path / "again.sqlite"  # all below is what the failing disk looks at
    shim = "write fail=ENOSPC 2 1"
    sentence = deposit.refused(on_bad_disk, shim, "restore", str(deposit.good), str(folder))
    assert "is full: no half file was left" in sentence
    assert not folder.exists()
    assert restore(deposit.good, folder).was_cut_off is False


@pytest.fixture
def bulky(tmp_path: Path) -> Iterator[Factory]:
    """A workshop whose backup is larger than a small stick."""
    premises = write_premises(tmp_path / "porto")
    (premises.factory.uploads / "big.jpg").write_bytes(os.urandom(9_000_000))
    with contextlib.closing(premises):
        yield premises.factory


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "stick"
    folder.mkdir()
    with mounted(folder) as made:
        yield made


if may_mount():

    def test_a_stick_that_is_full_is_one_sentence_and_keeps_what_it_had(
        bulky: Factory, stick: SmallDisk
    ) -> None:
        (stick.folder / "letter.txt").write_text("dear", encoding="utf-8")
        with pytest.raises(Refused, match=r"stick is full: no half file was left\. Delete"):
            back_up(bulky, stick.folder, at=NOW)
        assert names_below(stick.folder) == ["letter.txt"]
        (bulky.uploads / "big.jpg").unlink()
        assert back_up(bulky, stick.folder, at=NOW).path.parent == stick.folder

    def test_a_restore_into_a_disk_that_is_too_small_is_refused_before_it_begins(
        deposit: Deposit, stick: SmallDisk
    ) -> None:
        with pytest.raises(Refused, match=r"has \d MB free and .* needs \d+ MB: choose a folder"):
            restore(deposit.good, stick.folder)
        assert list(stick.folder.iterdir()) == []


@pytest.mark.parametrize(
    "deed",
    [
        lambda deposit, place: back_up(deposit.factory, place, at=NOW),
        lambda deposit, place: restore(deposit.good, place / "again"),
    ],
)
def test_a_stick_that_may_not_be_written_to_is_one_sentence(
    deposit: Deposit, tmp_path: Path, deed: Callable[[Deposit, Path], object]
) -> None:
    place = tmp_path / "stick"
    place.mkdir()
    with read_only(place):
        with pytest.raises(Refused, match="may not be written to: no half file was left"):
            deed(deposit, place)
        assert list(place.iterdir()) == []


def test_a_wrong_passphrase_in_a_workshop_in_use_changes_nothing(deposit: Deposit) -> None:
    before = names_below(deposit.factory.folder)
    with pytest.raises(Refused, match="does not open this backup"):
        prepare(deposit.good, deposit.factory, passphrase="of another workshop altogether")
    assert names_below(deposit.factory.folder) == before
