"""One budget over all that a workshop writes: what it says, and what is given up at its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from readers.recordings.tape import Tape
from readers.recordings.tapes import give_up, seal, segments
from tests.factory.premises import Premises, names_below, write_premises
from tests.faults.small_disk import may_mount, mounted
from traceability.errors import DiskFull, Refused
from traceability.factory import daily
from traceability.factory.budget import (
    GB,
    Budget,
    Part,
    Usage,
    measure,
    part_of,
    read_limits,
)
from traceability.factory.thinning import last_thinned, thin
from traceability.ledger.append import Draft
from traceability.projections.view import look

MB = 1_000_000
AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Premises]:
    found = write_premises(tmp_path / "shop", entries=40)
    yield found
    found.close()


def disk(free: int, total: int = 238 * GB) -> Usage:
    return Usage(total, free)


def recording(shop: Premises, name: str, *, age_h: float, size: int = 100_000) -> Path:
    folder = shop.factory.stations / "tapes"
    folder.mkdir(exist_ok=True)
    return aged(folder / f"{name}.jsonl", age_h, size)


def aged(path: Path, age_h: float, size: int = 100_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    at = (now() - timedelta(hours=age_h)).timestamp()
    os.utime(path, (at, at))
    return path


def now() -> datetime:
    return datetime.now(UTC)


def measured(shop: Premises, free: int, *, days: float = 5) -> Budget:
    factory = shop.factory
    with look(shop.ledger) as view:
        at = view.record_at + timedelta(days=days)
        plan, last = daily.read_plan(factory), daily.last(factory)
        return measure(factory, view, plan, last, at, usage=lambda _: disk(free))


def settings(shop: Premises, **said: object) -> None:
    shop.factory.write({**shop.factory.settings(), "disk": said})


USED = "41 of 238 GB are used"
MONTHS = f"{USED}; full in about 14 months (January 2028)"


@pytest.mark.parametrize(
    ("a_day", "parts", "sentence"),
    [
        (None, (), f"{USED}; after three days of work this says how long the rest lasts."),
        (45e7, ("recordings",), f"{MONTHS}; recordings are thinned first."),
        (45e7, ("thumbnails",), f"{MONTHS}; small pictures go first."),
        (45e7, ("ledger",), f"{MONTHS}."),
        (
            1e10,
            ("backups",),
            f"{USED}; full in about 20 days (2026-12-11); the oldest backups here go first.",
        ),
        (3e11, ("ledger",), f"{USED}; what is to stay free is used up."),
        (1e8, ("ledger",), f"{USED}; full in about 5 years (March 2032)."),
        (1e3, ("recordings",), f"{USED}; the rest is enough for more than 20 years."),
    ],
)
def test_one_sentence_with_a_date(
    a_day: float | None, parts: tuple[str, ...], sentence: str
) -> None:
    found = tuple(Part(name, GB, 5) for name in parts)  # type: ignore[arg-type]  # names of parts
    budget = Budget(found, 238 * GB, 197 * GB, 2 * GB, None, 0, a_day, AT)
    assert budget.sentence == sentence


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("ledger.sqlite-wal", "ledger"),
        ("practice.sqlite.keys/main-1.key", "ledger"),
        ("uploads/sheets/a.xlsx", "uploads"),
        ("uploads/thumbnails/a.jpg", "thumbnails"),
        ("stations/live/dock.spool.sqlite", "spool"),
        ("stations/tapes/dock-1.jsonl", "recordings"),
        ("stations/tapes/dock-gate/000017.jsonl.gz", "recordings"),
        ("stations/tapes/dock-gate/000017.kept.gz", "spool"),
        ("backups/hangtag-a.zip", "backups"),
        ("server.log", "logs"),
    ],
)
def test_what_a_file_is(path: str, part: str) -> None:
    assert part_of(Path(path)) == part


def test_all_that_is_in_the_folder_is_counted_once(shop: Premises) -> None:
    recording(shop, "dock-1", age_h=2)
    daily.make(shop.factory, at=now())
    budget = measured(shop, 100 * GB)
    on_disk = sum(path.stat().st_size for path in shop.factory.folder.rglob("*") if path.is_file())
    assert budget.own_bytes == on_disk
    parts = {part.name: part for part in budget.parts}
    assert (parts["recordings"].bytes, parts["backups"].count, budget.given_up_first) == (
        100_000,
        1,
        "recordings",
    )


def test_the_pace_counts_recordings_and_the_backups_that_are_kept(shop: Premises) -> None:
    bare = measured(shop, 100 * GB).bytes_a_day
    recording(shop, "dock-1", age_h=2, size=6 * MB)
    with_tape = measured(shop, 100 * GB).bytes_a_day
    daily.make(shop.factory, at=now())
    with_backups = measured(shop, 100 * GB)
    assert bare is not None
    assert with_tape is not None
    assert with_backups.bytes_a_day is not None
    assert with_tape - bare == pytest.approx(MB)  # six days are known
    assert with_backups.bytes_a_day > with_tape
    assert with_backups.pledged_bytes == 13 * daily.last(shop.factory).bytes


def test_what_goes_goes_in_order_and_never_the_last_backup(shop: Premises) -> None:
    factory = shop.factory
    settings(shop, keep_free_gb=0.000001)
    kept_files = set(names_below(factory.folder))
    old = [daily.make(factory, at=now() - timedelta(days=days)).path for days in (3, 2, 1)]
    recording(shop, "old", age_h=50)
    recording(shop, "older", age_h=60)
    running = recording(shop, "running", age_h=0)
    aged(factory.uploads / "thumbnails" / "a.jpg", 1)
    stranger = aged(factory.backups / "hangtag-strange.zip", 90 * 24)

    gone = []
    for free in range(20):
        before = set(names_below(factory.folder))
        # Each time a single byte too much is used, so that one file has to go.
        done = thin(factory, now(), usage=lambda _: disk(999))
        after = set(names_below(factory.folder))
        gone += sorted(before - after)
        if done is None:
            break
        assert last_thinned(factory) == done, free
    assert [Path(one).name for one in gone] == [
        "older.jsonl",
        "old.jsonl",
        "a.jpg",
        old[0].name,
        old[1].name,
    ]
    left = set(names_below(factory.folder))
    assert kept_files <= left
    assert running.exists()
    assert stranger.exists()
    assert old[2].exists()


def test_without_a_verified_backup_none_goes(shop: Premises) -> None:
    made = [daily.make(shop.factory, at=now() - timedelta(days=days)).path for days in (2, 1)]
    (shop.factory.backups / "last.json").unlink()
    assert thin(shop.factory, now(), usage=lambda _: disk(0)) is None
    assert all(path.exists() for path in made)


def test_a_tenth_more_than_needed_goes_at_once(shop: Premises) -> None:
    settings(shop, keep_free_gb=0.001)
    for number in range(9):
        recording(shop, f"tape-{number}", age_h=100 - number)
    done = thin(shop.factory, now(), usage=lambda _: disk(650_000))
    assert done is not None
    assert (done.recordings, done.bytes, done.is_enough) == (5, 500_000, True)
    assert sorted(path.stem for path in (shop.factory.stations / "tapes").iterdir()) == [
        f"tape-{number}" for number in range(5, 9)
    ]


def test_the_workshop_may_be_given_less_than_the_disk(shop: Premises) -> None:
    recording(shop, "tape", age_h=5, size=3 * MB)
    settings(shop, keep_free_gb=0, most_gb=0.002)
    assert measured(shop, 100 * GB).room_bytes < 0
    done = thin(shop.factory, now(), usage=lambda _: disk(100 * GB))
    assert done is not None
    assert done.recordings == 1
    assert "0.0 GB allowed" in measured(shop, 100 * GB).sentence


def test_recordings_elsewhere_on_the_disk_belong_to_it(shop: Premises, tmp_path: Path) -> None:
    tapes = tmp_path / "tapes"
    aged(tapes / "dock-1.jsonl", 9)
    aged(tapes / "letter.txt", 9)
    (shop.factory.stations / "dock.toml").write_text(f'name = "dock"\nrecordings = "{tapes}"\n')
    done = thin(shop.factory, now(), usage=lambda _: disk(0))
    assert done is not None
    assert [path.name for path in tapes.iterdir()] == ["letter.txt"]


def test_what_an_event_points_to_stays_when_its_recording_goes(shop: Premises) -> None:
    folder = shop.factory.stations / "tapes" / "dock-gate"
    tape = Tape(folder, "barcode_lines")
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    tape(at, "in", b"B-102\r\n")
    pointer = tape.mark(at, at)
    tape(at + timedelta(hours=1), "in", b"nothing happened here" * 2000)
    tape.close()
    seal(folder / "000001.jsonl")
    done = thin(shop.factory, now(), usage=lambda _: disk(0), give_up_recording=give_up)
    assert done is not None
    assert done.recordings == 1
    (left,) = segments(folder)
    assert left.state == "kept"
    assert pointer is not None
    assert pointer.sum.encode() in left.read()
    assert b"nothing happened here".hex().encode() not in left.read()


@pytest.mark.parametrize("value", ["much", -1, True, 1e9])
def test_a_setting_that_cannot_be_is_named(shop: Premises, value: object) -> None:
    settings(shop, keep_free_gb=value)
    with pytest.raises(Refused, match="expected keep_free_gb as a number of gigabytes"):
        read_limits(shop.factory)


def test_on_a_full_disk_recording_goes_on_when_recordings_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not may_mount():
        pytest.skip("this machine lets nobody mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    monkeypatch.setenv("HANGTAG_DISK_FLOOR_MB", "1")
    with mounted(folder) as small, opened(folder) as shop:
        settings(shop, keep_free_gb=0.002)
        recording(shop, "old", age_h=9, size=3 * MB)
        small.fill(but=400_000)
        with pytest.raises(DiskFull):
            shop.ledger.append([place(1)])
        done = thin(shop.factory, now())
        assert done is not None
        assert (done.recordings, done.is_enough) == (1, True)
        assert shop.ledger.append([place(1)])[0].status == "accepted"


@contextmanager
def opened(folder: Path) -> Iterator[Premises]:
    shop = write_premises(folder / "shop", entries=1)
    try:
        yield shop
    finally:
        shop.close()


def place(number: int) -> Draft:
    tree = {"type": "place", "id": f"//porto.invalid/loc/p{number}", "values": {}}
    return Draft("master", f"master:p{number}", tree)
