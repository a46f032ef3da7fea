"""A backup is what a person restored: whole, checked, of one moment, or not there at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from tests.factory.premises import NOW, Premises, names_below, write_premises
from traceability.database import open_database
from traceability.errors import LedgerCorrupt, Refused
from traceability.factory import backup as making
from traceability.factory import daily
from traceability.factory.archive import MANIFEST, open_archive
from traceability.factory.backup import back_up, told
from traceability.factory.folder import Factory
from traceability.factory.recovery import CODE_FILE, code_of
from traceability.factory.restore import restore
from traceability.ledger.append import Ledger
from traceability.ledger.verify import Report, verify
from traceability.projections.view import look
from traceability.schema import newest
from traceability.station.spool import Spool

ROOT = Path(__file__).resolve().parents[2]


def verified(factory: Factory) -> Report:
    """Verify a workshop's ledger and the state that follows from it."""
    database = open_database(factory.url, create=False)
    with contextlib.closing(database):
        return verify(Ledger.open(database), projections=True)


def test_what_was_backed_up_while_the_server_wrote_is_one_moment(
    premises: Premises, tmp_path: Path
) -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            premises.write()

    writer = threading.Thread(target=work)
    writer.start()
    before = premises.ledger.size
    try:
        made = [back_up(premises.factory, tmp_path, at=NOW) for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    for count, one in enumerate(made):
        book = one.manifest.newest
        assert book is not None
        again = restore(one.path, tmp_path / f"again-{count}")
        report = verified(Factory.find(again.folder))
        assert (report.finding, report.size, report.root) == (None, book.size, book.root)
        assert before <= book.size <= premises.ledger.size


def test_everything_comes_back_byte_by_byte(premises: Premises, tmp_path: Path) -> None:
    made = back_up(premises.factory, at=NOW)
    code = code_of(premises.factory)
    again = Factory.find(restore(made.path, tmp_path / "again", passphrase=code).folder)
    same = ["factory.toml", "flow.toml", "key", "uploads/orders.csv", "uploads/roll.jpg",
            "stations/dock.toml"]  # fmt: skip
    assert names_below(again.folder) == sorted(
        [*same, CODE_FILE, "practice.sqlite", "stations/dock.spool.sqlite"]
    )
    for name in same:
        assert (again.folder / name).read_bytes() == (premises.factory.folder / name).read_bytes()
    spool = Spool(again.stations / "dock.spool.sqlite", "dock", epoch=2)
    with contextlib.closing(spool):
        assert (spool.epoch, spool.counts().waiting) == (1, 1)
    assert [path.is_dir() for path in (again.backups, again.uploads, again.stations)] == [True] * 3


def test_both_records_are_in_it(premises: Premises, tmp_path: Path) -> None:
    live = write_premises(tmp_path / "live", entries=3)
    live.close()
    (live.factory.folder / "practice.sqlite").rename(premises.factory.folder / "ledger.sqlite")
    made = back_up(premises.factory, at=NOW)
    assert [(one.file, one.is_practice, one.size) for one in made.manifest.books] == [
        ("ledger.sqlite", False, 4),
        ("practice.sqlite", True, 41),
    ]
    newest = made.manifest.newest
    assert newest is not None
    assert newest.file == "ledger.sqlite"


def test_its_name_says_whose_it_is_and_when_by_the_workshops_clock(premises: Premises) -> None:
    names = [back_up(premises.factory, at=NOW).path.name for _ in range(2)]
    stem = "hangtag-porto-knit-20261119-1432"
    assert names == [f"{stem}.zip", f"{stem}-2.zip"]


@pytest.mark.skipif(os.name != "posix", reason="rights are kept otherwise there")
def test_nobody_else_can_read_it(premises: Premises, tmp_path: Path) -> None:
    made = back_up(premises.factory, at=NOW)
    again = restore(made.path, tmp_path / "again", passphrase=code_of(premises.factory))
    files = [made.path, again.folder / "key", again.folder / "practice.sqlite"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600] * 3


def test_older_backups_links_and_half_files_stay_out(premises: Premises) -> None:
    back_up(premises.factory, at=NOW)
    (premises.factory.uploads / "link").symlink_to("/etc/hostname")
    (premises.factory.folder / "running.json").write_text("{}", encoding="utf-8")
    made = back_up(premises.factory, at=NOW)
    with zipfile.ZipFile(made.path) as held:
        names = held.namelist()
    assert [
        name
        for name in names
        if "backups" in name or "link" in name or "-wal" in name or "running" in name
    ] == []
    assert MANIFEST in names
    assert [path.name for path in premises.factory.backups.iterdir() if path.name[0] == "."] == []


def test_any_unzip_opens_it(premises: Premises) -> None:
    made = back_up(premises.factory, at=NOW)
    done = subprocess.run(
        [sys.executable, "-m", "zipfile", "-t", str(made.path)], capture_output=True, text=True
    )
    assert (done.returncode, "Done testing" in done.stdout) == (0, True)


def test_progress_goes_through_three_phases_to_the_end(premises: Premises) -> None:
    told: list[tuple[str, int, int]] = []
    back_up(premises.factory, at=NOW, progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(phase for phase, _, _ in told)) == ["copying", "writing", "checking"]
    assert all(0 < done <= total for _, done, total in told)
    assert told[-1][1] == told[-1][2]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("nowhere", "There is no folder {}: plug the stick in, or make the folder first."),
        ("taken.zip", "{} is there already: name another file, or a folder."),
    ],
)
def test_a_place_that_cannot_be_is_refused(
    premises: Premises, tmp_path: Path, target: str, sentence: str
) -> None:
    (tmp_path / "taken.zip").write_bytes(b"mine")
    with pytest.raises(Refused) as refused:
        back_up(premises.factory, tmp_path / target, at=NOW)
    assert str(refused.value).startswith(sentence.format(tmp_path / target))
    assert (tmp_path / "taken.zip").read_bytes() == b"mine"


def test_a_new_file_may_be_named(premises: Premises, tmp_path: Path) -> None:
    assert back_up(premises.factory, tmp_path / "mine.zip", at=NOW).path == tmp_path / "mine.zip"


def test_a_record_that_does_not_verify_is_not_called_a_backup(
    premises: Premises, tmp_path: Path
) -> None:
    with premises.ledger.database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER body_update")
        connection.exec_driver_sql("UPDATE body SET body = x'7b7d' WHERE position = 7")
    target = tmp_path / "stick"
    target.mkdir()
    with pytest.raises(LedgerCorrupt, match="does not verify: The body at position 7"):
        back_up(premises.factory, target, at=NOW)
    assert names_below(target) == []


FULL = """
import resource, sys
from pathlib import Path
from tests.factory.premises import NOW
from traceability.errors import Refused
from traceability.factory.backup import back_up
from traceability.factory.folder import Factory
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    back_up(Factory.find(Path(sys.argv[1])), Path(sys.argv[2]), at=NOW)
except Refused as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="the limit exists on POSIX alone")
@pytest.mark.parametrize("limit", [40_000, 20_000_000])
def test_a_file_that_does_not_fit_leaves_one_sentence_and_nothing_else(
    premises: Premises, tmp_path: Path, limit: int
) -> None:
    # Pictures do not get smaller by packing: the archive passes the limit, the database's copy at
    # the larger of the two does not.
    (premises.factory.uploads / "big.jpg").write_bytes(os.urandom(21_000_000))
    target = tmp_path / "stick"
    target.mkdir()
    premises.close()
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(premises.factory.folder), str(target), str(limit)],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    assert "no half file was left" in done.stdout
    assert names_below(target) == []
    assert names_below(premises.factory.backups) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "stick is full: no half file was left. Delete something there"),
        (errno.EFBIG, "stick does not take a file this large"),
        (errno.EROFS, "stick may not be written to"),
        (errno.EIO, "stick does not answer (Input/output error): no half file was left. Plug"),
    ],
)
def test_a_disks_refusal_is_a_sentence_with_a_remedy(number: int, words: str) -> None:
    assert told(OSError(number, os.strerror(number)), Path("stick")).startswith(words)


def test_a_stick_pulled_while_it_is_read_back_leaves_no_backup(
    premises: Premises, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pulled(*_given: object, **_more: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(making, "check", pulled)
    target = tmp_path / "stick"
    target.mkdir()
    with pytest.raises(Refused, match="does not answer"):
        back_up(premises.factory, target, at=NOW)
    assert names_below(target) == []


def test_the_list_says_all_that_is_needed_to_judge_it(premises: Premises) -> None:
    made = back_up(premises.factory, at=NOW)
    with open_archive(made.path) as opened:
        said = opened.manifest
    with look(premises.ledger) as view:
        root = view.root.hex()
    assert said == made.manifest
    tables = (newest(),)
    assert (said.name, said.made_at, said.tables) == ("Porto Knit", NOW, tables)
    assert [(one.size, one.root) for one in said.books] == [(41, root)]


SLOW = """
import sys
from pathlib import Path
from tests.factory.premises import NOW
from traceability.factory.backup import back_up
from traceability.factory.folder import Factory
back_up(Factory.find(Path(sys.argv[1])), Path(sys.argv[2]), at=NOW)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_one_that_was_killed_is_no_backup_and_the_next_one_is(
    premises: Premises, tmp_path: Path
) -> None:
    (premises.factory.uploads / "big.jpg").write_bytes(os.urandom(60_000_000))
    target = tmp_path / "stick"
    target.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(premises.factory.folder), str(target)], cwd=ROOT
    )
    while not list(target.glob(".*.part-*")):
        assert process.poll() is None, "it was done before it could be killed"
    process.kill()
    process.wait()
    assert (daily.kept(target), names_below(target)[0][0]) == ([], ".")
    (premises.factory.uploads / "big.jpg").unlink()
    made = back_up(premises.factory, target, at=NOW)
    assert [one.path for one in daily.kept(target)] == [made.path]
    assert restore(made.path, tmp_path / "again").manifest == made.manifest
    premises.write()
    assert verify(premises.ledger).finding is None
