"""A backup a day: due by the workshop's own evening, kept in number, noted, never a nuisance."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.factory.premises import NOW, Premises, names_below, write_premises
from traceability.errors import Refused
from traceability.factory import daily
from traceability.factory.drives import mounted
from traceability.factory.folder import Factory

LISBON = ZoneInfo("Europe/Lisbon")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0, zone: ZoneInfo = LISBON) -> datetime:
    """Return a moment of November 2026 by a workshop's clock, as UTC."""
    return datetime(2026, 11, day, hour, minute, tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("before", "now", "zone", "due"),
    [
        (at(18, 18, 5), at(19, 9), LISBON, False),
        (at(18, 18, 5), at(19, 17, 59), LISBON, False),
        (at(18, 18, 5), at(19, 18), LISBON, True),
        (at(19, 18), at(19, 18, 1), LISBON, False),
        (at(19, 17), at(19, 18), LISBON, True),  # by hand at five: the evening's own still comes
        (at(18, 8), at(19, 8), LISBON, True),  # the PC was off in the evening
        (at(18, 8), at(19, 7, 59), LISBON, False),
        (at(10, 12), at(19, 3), LISBON, True),
        (at(19, 17, zone=SHANGHAI), at(19, 18, zone=SHANGHAI), SHANGHAI, True),
        (at(19, 17, zone=SHANGHAI), at(19, 18, zone=SHANGHAI), LISBON, False),
    ],
)
def test_it_is_due_in_the_evening_or_after_a_day(
    before: datetime, now: datetime, zone: ZoneInfo, due: bool
) -> None:
    assert daily.is_due(before, now, zone) is due


def born(premises: Premises) -> datetime:
    """Return when the workshop was begun, by the real clock of its ledger."""
    begun, _zone = daily.birth(premises.factory)
    assert begun is not None
    return begun


def test_a_new_workshop_gets_its_first_one_within_a_day_and_then_one_a_day(
    premises: Premises,
) -> None:
    begun = born(premises)
    moments = [begun + timedelta(hours=hours) for hours in range(24 * 4)]
    made = [moment for moment in moments if daily.look_after(premises.factory, moment)]
    hours = {moment.astimezone(LISBON).hour for moment in made}
    assert (len(made), hours) == (4, {18})
    assert daily.last(premises.factory).made_at == made[-1]


def test_none_is_made_where_the_owner_wants_none(premises: Premises) -> None:
    daily.write_plan(premises.factory, daily.Plan(is_daily=False))
    assert daily.look_after(premises.factory, born(premises) + timedelta(days=9)) is None
    assert names_below(premises.factory.backups) == []


def test_only_the_newest_are_kept_and_nothing_of_others_goes(
    premises: Premises, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    stranger = write_premises(tmp_path / "stranger")
    theirs = daily.make(stranger.factory, at=NOW - timedelta(days=90), target=stick)
    stranger.close()
    (stick / "hangtag-porto-knit-20200101-0000.zip").write_bytes(b"not one of ours")
    daily.choose(premises.factory, stick, keep=3, is_daily=True)
    made = [daily.make(premises.factory, at=NOW + timedelta(days=day)) for day in range(6)]
    assert names_below(stick) == sorted(
        [theirs.path.name, "hangtag-porto-knit-20200101-0000.zip"]
        + [one.path.name for one in made[-3:]]
    )


def test_one_that_was_asked_for_elsewhere_rotates_nothing(
    premises: Premises, tmp_path: Path
) -> None:
    daily.write_plan(premises.factory, daily.Plan(keep=1))
    for day in range(3):
        daily.make(premises.factory, at=NOW + timedelta(days=day), target=tmp_path)
    assert len(daily.kept(tmp_path)) == 3


def test_a_failed_one_is_noted_keeps_the_earlier_and_is_tried_again(premises: Premises) -> None:
    factory = premises.factory
    good = daily.make(factory, at=NOW)
    daily.write_plan(factory, daily.Plan(Path("/media/nobody/STICK"), is_drive=True))
    later = NOW + timedelta(days=2)
    with pytest.raises(Refused, match="STICK is not plugged in: plug it in, or choose another"):
        daily.look_after(factory, later)
    noted = daily.last(factory)
    assert (noted.made_at, noted.path, noted.tried_at) == (NOW, str(good.path), later)
    assert noted.error.startswith("/media/nobody/STICK is not plugged in")
    assert daily.look_after(factory, later + timedelta(minutes=14)) is None
    daily.write_plan(factory, daily.Plan())
    assert daily.look_after(factory, later + timedelta(minutes=15)) is not None
    assert daily.last(factory).error == ""


def test_nothing_is_written_to_the_empty_mount_point_of_a_stick(
    premises: Premises, tmp_path: Path
) -> None:
    mount_point = tmp_path / "stick"
    mount_point.mkdir()
    daily.write_plan(premises.factory, daily.Plan(mount_point, is_drive=True))
    with pytest.raises(Refused, match="is not plugged in"):
        daily.make(premises.factory, at=NOW)
    assert names_below(mount_point) == []


def test_the_choice_is_kept_beside_the_other_settings(premises: Premises, tmp_path: Path) -> None:
    target = tmp_path / 'stick "blue" 晨光'
    target.mkdir()
    plan = daily.choose(premises.factory, target, keep=7, is_daily=False)
    assert daily.read_plan(premises.factory) == plan
    assert (plan.target, plan.keep, plan.is_daily) == (target, 7, False)
    assert Factory.find(premises.factory.folder).is_practice


@pytest.mark.parametrize(
    ("place", "keep", "words"),
    [
        ("nowhere", 14, "There is no folder"),
        ("porto/uploads", 14, "lies inside the workshop's own folder"),
        ("porto/backups", 0, "Cannot keep 0 backups: expected 1 to 1000"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(
    premises: Premises, tmp_path: Path, place: str, keep: int, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        daily.choose(premises.factory, tmp_path / place, keep=keep, is_daily=True)


@pytest.mark.parametrize("note", ["", "{", "[]", '{"made_at": "yesterday"}', '{"size": "many"}'])
def test_a_note_that_cannot_be_read_counts_as_none(premises: Premises, note: str) -> None:
    (premises.factory.backups / daily.LAST).write_text(note, encoding="utf-8")
    assert daily.last(premises.factory).made_at is None
    assert daily.look_after(premises.factory, born(premises) + timedelta(days=1)) is not None


def test_the_thread_makes_one_and_ends_when_it_is_told(premises: Premises) -> None:
    stop, made = threading.Event(), threading.Event()
    begun = born(premises)

    def clock() -> datetime:
        if daily.last(premises.factory).made_at is not None:
            made.set()
        return begun + timedelta(days=2)

    thread = daily.keep(premises.factory, stop, clock)
    for _ in range(200):
        if daily.last(premises.factory).made_at is not None:
            break
        threading.Event().wait(0.05)
    stop.set()
    thread.join(5)
    assert (thread.is_alive(), daily.last(premises.factory).made_at) == (
        False,
        begun + timedelta(days=2),
    )


def test_trouble_never_ends_the_thread(premises: Premises) -> None:
    stop, asked = threading.Event(), threading.Event()

    def clock() -> datetime:
        asked.set()
        raise RuntimeError("a clock that fell off the wall")

    thread = daily.keep(premises.factory, stop, clock)
    assert asked.wait(5)
    assert thread.is_alive()
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_sticks_are_told_from_disks_that_stay() -> None:
    lines = [
        "/dev/sda2 / ext4 rw,relatime 0 0",
        "/dev/sdb1 /media/ana/BLUE\\040STICK vfat rw 0 0",
        "/dev/sdc1 /run/media/ana/CARD exfat rw 0 0",
        "/dev/sdd1 /mnt/outer ext4 rw 0 0",
        "//nas/share /mnt/nas cifs rw 0 0",
        "tmpfs /mnt/memory tmpfs rw 0 0",
        "/dev/loop3 /media/image squashfs ro 0 0",
        "/dev/sr0 /media/cdrom iso9660 ro 0 0",
        "/dev/sda3 /home ext4 rw 0 0",
        "broken line",
        "",
    ]
    assert [path.as_posix() for path in mounted("\n".join(lines))] == [
        "/media/ana/BLUE STICK",
        "/run/media/ana/CARD",
        "/mnt/outer",
        "/mnt/nas",
    ]
