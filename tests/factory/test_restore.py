"""A workshop out of its backup: the same root, or one sentence and a folder as it was."""

from __future__ import annotations

import contextlib
import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.factory.premises import NOW, Premises, names_below, write_premises
from traceability import __version__
from traceability.database import open_database
from traceability.errors import LedgerCorrupt, Refused, TraceabilityError
from traceability.factory.archive import MANIFEST, Manifest
from traceability.factory.backup import back_up
from traceability.factory.coming_back import come_back
from traceability.factory.folder import UNPACKED, Factory
from traceability.factory.restore import (
    is_bare,
    is_prepared,
    prepare,
    restore,
    settle,
)
from traceability.ledger.append import Draft, Ledger
from traceability.ledger.verify import verify
from traceability.projections import keys
from traceability.projections.view import look


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One good backup that all tests of this file may copy."""
    place = tmp_path_factory.mktemp("good")
    premises = write_premises(place / "porto")
    made = back_up(premises.factory, place, at=NOW)
    premises.close()
    return made.path


def rewritten(
    path: Path,
    target: Path,
    change: Callable[[dict[str, Any]], object] = lambda _: None,
    more: dict[str, bytes] | None = None,
) -> Path:
    """Write a backup again with another list, or with more files than it lists."""
    with zipfile.ZipFile(path) as held, zipfile.ZipFile(target, "w") as made:
        for info in held.infolist():
            data = held.read(info)
            if info.filename == MANIFEST:
                tree = json.loads(data)
                change(tree)
                data = json.dumps(tree).encode()
            made.writestr(info.filename, data)
        for name, data in (more or {}).items():
            made.writestr(name, data)
    return target


def refusal(path: Path, folder: Path) -> str:
    """Try to restore; return the sentence, and see to it that nothing was left."""
    with pytest.raises(TraceabilityError) as refused:
        restore(path, folder)
    assert not folder.exists()
    return str(refused.value)


def members(path: Path) -> list[tuple[str, int, int]]:
    """List each member of an archive with the place and length of its bytes."""
    with zipfile.ZipFile(path) as held:
        found = [(one.filename, one.header_offset, one.compress_size) for one in held.infolist()]
    data = path.read_bytes()
    return [
        (name, at + 30 + int.from_bytes(data[at + 26 : at + 28], "little")
         + int.from_bytes(data[at + 28 : at + 30], "little"), length)
        for name, at, length in found
    ]  # fmt: skip


def test_one_flipped_byte_in_any_file_is_found(backup: Path, tmp_path: Path) -> None:
    good = backup.read_bytes()
    told = {}
    for name, at, length in members(backup):
        assert length > 0
        spoilt = bytearray(good)
        spoilt[at + length // 2] ^= 0x10
        path = tmp_path / "spoilt.zip"
        path.write_bytes(spoilt)
        told[name] = refusal(path, tmp_path / "again")
    assert len(told) == 9
    assert [name for name, words in told.items() if "spoilt.zip is damaged: " not in words] == []
    assert "uploads/roll.jpg" in told["uploads/roll.jpg"]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_one_that_was_cut_off_is_refused(backup: Path, tmp_path: Path, share: float) -> None:
    good = backup.read_bytes()
    path = tmp_path / "cut.zip"
    path.write_bytes(good[: int(len(good) * share)])
    words = refusal(path, tmp_path / "again")
    assert words.startswith(("cut.zip is damaged: its end is missing", "cut.zip is not a backup"))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("photo.zip", b"\xff\xd8\xff\xe0" * 50, "photo.zip is not a backup of Hangtag"),
        ("empty.zip", b"", "empty.zip is not a backup of Hangtag"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert refusal(tmp_path / name, tmp_path / "again").startswith(words)


def test_another_programs_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "holiday.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("beach.jpg", b"sun")
    assert refusal(path, tmp_path / "again") == (
        "holiday.zip is not a backup of Hangtag: it holds no manifest.json. Choose a file "
        "hangtag-….zip that `hangtag backup` or the page Safe has made."
    )


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "gone.zip"
    assert refusal(path, tmp_path / "again") == (
        f"There is no backup at {path}: expected a file hangtag-….zip."
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(format=3, version="9.0.0"),
        lambda tree: tree.update(tables=["0001", "9999"], version="9.0.0"),
    ],
)
def test_one_of_a_later_hangtag_names_the_version_to_install(
    backup: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    path = rewritten(backup, tmp_path / "later.zip", change)
    words = refusal(path, tmp_path / "again")
    assert words == (
        "later.zip cannot be restored here: it was made by Hangtag 9.0.0, which is newer than "
        "this one. Install that version first."
    )


@pytest.mark.parametrize(
    "name",
    ["../key", "/etc/passwd", "a/../../key", "C:key", "a\\b", "", ".", "a//b", "a/./b", "x" * 500,
     "bell\x07", "manifest.json"],
)  # fmt: skip
def test_a_path_that_leaves_the_folder_is_refused(backup: Path, tmp_path: Path, name: str) -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["files"][0]["path"] = name

    path = rewritten(backup, tmp_path / "sly.zip", change)
    assert "sly.zip is damaged: " in refusal(path, tmp_path / "again")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["sly.zip"]


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(kind="something else"),
        lambda tree: tree.pop("files"),
        lambda tree: tree.update(files={"a": 1}),
        lambda tree: tree["files"].append(tree["files"][0]),
        lambda tree: tree["files"].pop(),
        lambda tree: tree["files"][0].update(size=-1),
        lambda tree: tree["files"][0].update(size=True),
        lambda tree: tree["files"][0].update(size=1),
        lambda tree: tree["files"][0].update(sha256="0" * 64),
        lambda tree: tree["files"][0].update(sha256="short"),
        lambda tree: tree["files"][0].update(path=tree["files"][0]["path"].upper()),
        lambda tree: tree.update(made_at="yesterday"),
        lambda tree: tree.update(made_at="2026-11-19T14:32:05"),
        lambda tree: tree["ledgers"][0].update(root="no"),
    ],
)
def test_a_list_that_does_not_fit_is_refused(
    backup: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    path = rewritten(backup, tmp_path / "odd.zip", change)
    assert "odd.zip is damaged: " in refusal(path, tmp_path / "again")


def test_a_file_that_is_not_on_the_list_is_refused(backup: Path, tmp_path: Path) -> None:
    path = rewritten(backup, tmp_path / "more.zip", more={"stations/evil.toml": b"x"})
    assert "what is in it is not what its list says" in refusal(path, tmp_path / "again")


def test_one_that_promises_little_and_unpacks_to_much_is_stopped(
    backup: Path, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(backup) as held, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made:
        for info in held.infolist():
            data = held.read(info)
            made.writestr(info.filename, bytes(50_000_000) if info.filename == "key" else data)
    # Both headers of the member claim the size that the list names.
    was, claimed = (50_000_000).to_bytes(4, "little"), (44).to_bytes(4, "little")
    bomb.write_bytes(bomb.read_bytes().replace(was, claimed))
    assert "bomb.zip is damaged: " in refusal(bomb, tmp_path / "again")


@pytest.mark.parametrize("change", ["size", "root"])
def test_a_ledger_that_is_not_the_one_on_the_list_is_refused(
    backup: Path, tmp_path: Path, change: str
) -> None:
    def alter(tree: dict[str, Any]) -> None:
        book = tree["ledgers"][0]
        book.update(size=book["size"] - 1) if change == "size" else book.update(root="0" * 64)

    path = rewritten(backup, tmp_path / "other.zip", alter)
    with pytest.raises(LedgerCorrupt, match=r"holds 41 entries of practice\.sqlite"):
        restore(path, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_folder_that_holds_anything_stays_as_it_is(backup: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(Refused, match=r"mine is not empty: a backup is restored into a new"):
        restore(backup, folder)
    assert names_below(folder) == ["letter.txt"]


def test_an_empty_folder_is_taken_and_left_empty_after_a_refusal(
    backup: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    spoilt = tmp_path / "spoilt.zip"
    data = bytearray(backup.read_bytes())
    name, at, length = members(backup)[3]
    data[at + length // 2] ^= 1
    spoilt.write_bytes(data)
    with pytest.raises(Refused, match=name):
        restore(spoilt, folder)
    assert (folder.is_dir(), names_below(folder)) == (True, [])
    assert restore(backup, folder).manifest.version == __version__
    assert Factory.find(folder).is_practice


# --- over an empty workshop that is open ----------------------------------------------------------


@pytest.fixture
def empty(tmp_path: Path) -> Factory:
    """A workshop that nobody has set up yet."""
    return Factory.make(tmp_path / "new", name="New")


def size_of(factory: Factory) -> int:
    """Verify a workshop's ledger and return its size."""
    with contextlib.closing(open_database(factory.url, create=False)) as database:
        report = verify(Ledger.open(database))
    assert report.finding is None
    return report.size


def test_links_in_a_backup_open_nothing_until_they_are_made_anew(
    premises: Premises, tmp_path: Path
) -> None:
    key, _secret = keys.new_key(
        "device", "Sewing", by="admin", made_at=NOW, expires_at=NOW + timedelta(days=9)
    )
    premises.ledger.append([key.draft(by="admin")])
    made = back_up(premises.factory, tmp_path, at=NOW)
    restore(made.path, tmp_path / "again")
    factory = Factory.find(tmp_path / "again")
    database = open_database(factory.url)
    ledger = Ledger.open(database)
    with look(ledger) as view:
        assert keys.key(view, key.id) == key
    assert [come_back(factory, ledger, at=NOW) for _ in range(2)] == [True, False]
    with look(ledger) as view:
        found = keys.key(view, key.id)
    assert found is not None
    assert found.state(NOW) == "ended"
    database.close()


def test_a_prepared_backup_is_moved_in_at_the_next_start(backup: Path, empty: Factory) -> None:
    prepare(backup, empty)
    assert (is_prepared(empty.folder), size_of(empty)) == (True, 1)
    aside = settle(empty.folder, at=NOW)
    assert aside == empty.backups / "before-restore-20261119-143205"
    assert (size_of(Factory.find(empty.folder)), size_of(Factory(aside))) == (41, 1)
    assert settle(empty.folder, at=NOW) is None
    assert not (empty.folder / UNPACKED).exists()
    assert (empty.stations.is_dir(), empty.uploads.is_dir()) == (True, True)


def test_nothing_is_moved_under_a_server_that_has_the_ledger_open(
    backup: Path, empty: Factory
) -> None:
    prepare(backup, empty)
    database = open_database(empty.url)
    database.own()
    with contextlib.closing(database):
        assert settle(empty.folder, at=NOW) is None
        assert Ledger.open(database).size == 1
    assert settle(empty.folder, at=NOW) is not None
    assert size_of(Factory.find(empty.folder)) == 41


def test_a_refused_one_changes_nothing(empty: Factory, tmp_path: Path) -> None:
    before = names_below(empty.folder)
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(Refused):
        prepare(tmp_path / "bad.zip", empty)
    assert (names_below(empty.folder), is_prepared(empty.folder)) == (before, False)


class PowerCut(BaseException):
    """The plug was pulled."""


@pytest.mark.parametrize("moment", range(1, 40))
def test_moving_in_survives_a_power_cut_at_any_moment(
    backup: Path, empty: Factory, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    prepare(backup, empty)
    calls = 0
    replace, remove = Path.replace, shutil.rmtree

    def step() -> None:
        nonlocal calls
        calls += 1
        if calls == moment:
            raise PowerCut

    def stepping(path: Path, target: Path) -> Path:
        step()
        return replace(path, target)

    def removing(path: Path) -> None:
        step()
        remove(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", stepping)
        patched.setattr(shutil, "rmtree", removing)
        with contextlib.suppress(PowerCut):
            settle(empty.folder, at=NOW)
    again = Factory.find(empty.folder)  # it is a workshop at every moment
    settle(again.folder, at=NOW)
    assert size_of(Factory.find(empty.folder)) == 41
    asides = list(empty.backups.glob("before-restore-*"))
    assert [size_of(Factory(aside)) for aside in asides] == [1]


def test_only_a_workshop_without_anything_of_its_own_is_bare(premises: Premises) -> None:
    with look(premises.ledger) as view:
        assert is_bare(view)  # places are set up before the first piece
    tree = {"type": "order", "id": "//porto.invalid/bt/118", "values": {"number": "118"}}
    premises.ledger.append([Draft("master", "master:order:118", tree)])
    with look(premises.ledger) as view:
        assert not is_bare(view)


def test_the_list_is_read_back_as_it_was_written(backup: Path) -> None:
    with zipfile.ZipFile(backup) as held:
        data = held.read(MANIFEST)
    assert Manifest.parse(data).encode() == data
