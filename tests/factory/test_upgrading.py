"""An old record under a new version: the same entries, root and state, or untouched."""

from __future__ import annotations

import contextlib
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from tests.factory.premises import NOW
from traceability.database import open_database, open_file
from traceability.errors import Refused
from traceability.factory import upgrading
from traceability.factory.upgrading import DRAFT, bring_up
from traceability.ledger.append import Ledger
from traceability.ledger.verify import verify
from traceability.projections.entering import master_draft
from traceability.projections.state import read_state
from traceability.schema import newest, revision

RELEASES = Path(__file__).parents[1] / "releases"
KNOWN = sorted(path.stem for path in RELEASES.glob("*.json"))
OLDEST = "0.1.0"


def unpacked(version: str, folder: Path) -> Path:
    """Lay the record of a release into a folder, under the name that a factory's has."""
    path = folder / "ledger.sqlite"
    path.write_bytes(lzma.decompress((RELEASES / f"{version}.sqlite.xz").read_bytes()))
    return path


def facts(version: str) -> dict[str, Any]:
    """Return what the release knew of its own record."""
    found: dict[str, Any] = json.loads((RELEASES / f"{version}.json").read_text(encoding="utf-8"))
    return found


def test_there_is_a_record_of_a_release_and_it_is_small() -> None:
    assert OLDEST in KNOWN
    assert all((RELEASES / f"{one}.sqlite.xz").stat().st_size < 60_000 for one in KNOWN)


@pytest.mark.parametrize("version", KNOWN)
def test_the_record_of_every_release_opens_with_its_root_and_state(
    version: str, tmp_path: Path
) -> None:
    path, said = unpacked(version, tmp_path), facts(version)
    before = path.read_bytes()
    told: list[str] = []
    done = bring_up(path, keep=tmp_path / "backups", at=NOW, tell=told.append)
    with contextlib.closing(open_database(f"sqlite:///{path}", create=False)) as database:
        assert revision(database) == newest()
        ledger = Ledger.open(database)
        report = verify(ledger, projections=True)
        assert (report.finding, report.size, report.root) == (None, said["size"], said["root"])
        with database.read() as connection:
            assert read_state(connection, ledger.ledger_id).hash == said["state"]
        outcome = ledger.append([master_draft("place", "//tailor.invalid/loc/new", {}, by="x")])[0]
        assert (outcome.status, outcome.position) == ("accepted", said["size"])
    if said["tables"] == newest():
        assert (done, told) == (None, [])
        return
    assert done is not None
    assert (done.before, done.entries) == (said["tables"], said["size"])
    assert done.aside == tmp_path / "backups" / "before-upgrade-20261119-143205" / path.name
    assert done.aside.read_bytes() == before
    assert told[-1].startswith(f"ledger.sqlite: {said['size']} entries, same roots, same state.")
    assert bring_up(path, keep=tmp_path / "backups", at=NOW) is None


def untouched(path: Path, words: str) -> None:
    """See to it that a record is refused in one sentence and is as it was, byte by byte."""
    before = path.read_bytes()
    with pytest.raises(Refused) as refused:
        bring_up(path, keep=path.parent / "backups", at=NOW)
    assert words in str(refused.value)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.glob(f"*{DRAFT}*")] == []
    assert not (path.parent / "backups").exists()


def test_a_record_of_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = unpacked(OLDEST, tmp_path)
    with contextlib.closing(open_file(path)) as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    untouched(path, "was written by a newer Hangtag than this one")


def test_without_room_it_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrading, "SPARE_BYTES", 10**18)
    untouched(unpacked(OLDEST, tmp_path), "MB are free. Make room, then start again")


def test_a_record_that_was_changed_is_not_upgraded_over(tmp_path: Path) -> None:
    path = unpacked(OLDEST, tmp_path)
    with contextlib.closing(open_file(path)) as database, database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER body_update")
        connection.exec_driver_sql("UPDATE body SET body = x'7b7d' WHERE position = 7")
    untouched(path, "was not upgraded and is as it was: The body at position 7")


def test_what_a_cut_off_upgrade_left_is_swept_and_it_begins_again(tmp_path: Path) -> None:
    path = unpacked(OLDEST, tmp_path)
    path.with_name(f"{path.name}{DRAFT}").write_bytes(b"half a copy")
    path.with_name(f"{path.name}{DRAFT}-wal").write_bytes(b"of another")
    done = bring_up(path, keep=tmp_path / "backups", at=NOW)
    assert done is not None
    assert [one.name for one in tmp_path.glob(f"*{DRAFT}*")] == []


def test_a_file_that_is_not_there_is_nobodys_matter(tmp_path: Path) -> None:
    assert bring_up(tmp_path / "ledger.sqlite", keep=tmp_path, at=NOW) is None
