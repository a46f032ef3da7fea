"""A full disk: refused before anything is half done, read as ever, and on again without a restart.

Where nothing may be mounted, `test_bad_disk` alone fills the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.servers import Server, wait_until
from tests.faults.small_disk import SmallDisk, may_mount, mounted
from tests.ledger.books import draft, open_book, packed
from traceability.errors import DatabaseBusy, DiskFull, Refused
from traceability.ledger.append import Ledger
from traceability.ledger.disk_floor import FLOOR_MB, SETTING, floor_bytes, refuse_when_full
from traceability.ledger.verify import verify
from traceability.station.spool import Element, Spool

MANY = 100_000
"""More appends than fit on any small disk."""


def grow_until_full(ledger: Ledger, first: int) -> tuple[int, str]:
    """Append until the disk is full; return the first number not stored and the sentence."""
    for number in range(first, first + MANY, 40):
        batch = [draft(packed(one)) for one in range(number, number + 40)]
        try:
            outcomes = ledger.append(batch)
        except DiskFull as error:
            return number, str(error)
        assert {one.status for one in outcomes} == {"accepted"}
    raise AssertionError("the disk was never full")


if may_mount():

    @pytest.fixture
    def disk(tmp_path: Path) -> Iterator[SmallDisk]:
        folder = tmp_path / "disk"
        folder.mkdir()
        with mounted(folder) as made:
            yield made

    @pytest.mark.parametrize("left", [0, 60_000, 400_000])
    def test_a_full_disk_takes_whole_groups_or_nothing(
        disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, left: int
    ) -> None:
        monkeypatch.setenv(SETTING, "0")
        ledger = open_book(disk.folder / "book.sqlite")
        ledger.append([draft(packed(one)) for one in range(1, 40)])
        disk.fill(but=left)
        following, sentence = grow_until_full(ledger, 1000)
        assert sentence.startswith("The disk is full, and nothing was stored")
        before = verify(ledger)
        assert (before.finding, before.size) == (None, 40 + following - 1000)
        disk.make_room()
        outcomes = ledger.append([draft(packed(one)) for one in range(following, following + 40)])
        assert {one.status for one in outcomes} == {"accepted"}
        assert verify(ledger, projections=True).finding is None
        ledger.database.close()

    def test_below_its_floor_the_disk_is_left_alone(
        disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(SETTING, "2")
        ledger = open_book(disk.folder / "book.sqlite")
        ledger.append([draft(packed(1))])
        disk.fill(but=1_900_000)
        with pytest.raises(DiskFull, match="has 1 MB free, and the last 2 MB are not written to"):
            ledger.append([draft(packed(2))])
        assert "make room" in ledger.problem
        assert (verify(ledger, projections=True).finding, ledger.size) == (None, 2)
        disk.make_room()
        assert (ledger.problem, ledger.append([draft(packed(2))])[0].position) == ("", 2)
        ledger.database.close()

    def test_a_server_says_that_its_disk_is_full_and_goes_on_by_itself(disk: SmallDisk) -> None:
        url = f"sqlite:///{disk.folder / 'book.sqlite'}"
        with Server(url, disk.folder / "log", **{SETTING: "2"}) as server:
            assert server.capture([packed(1)]).tree[0]["status"] == "accepted"
            # The opening, the key, the event: the key comes by a thread of its own.
            wait_until(lambda: server.ask("/healthz").tree["size"] == 3)
            disk.fill(but=1_500_000)
            refused = server.capture([packed(2)])
            assert (refused.status, refused.headers["retry-after"]) == (507, "60")
            assert refused.headers["content-type"] == "application/problem+json"
            assert "has 1 MB free" in refused.tree["detail"]
            red = server.ask("/healthz")
            assert (red.status, red.tree["ok"], red.tree["size"]) == (503, False, 3)
            assert red.tree["problem"] == refused.tree["detail"]
            assert server.ask("/ledger").status == 200
            disk.make_room()
            assert server.ask("/healthz").tree == {"ok": True, "size": 3}
            assert server.capture([packed(2)]).tree[0]["status"] == "accepted"

    def test_a_station_keeps_what_it_has_when_its_disk_is_full(disk: SmallDisk) -> None:
        spool = Spool(disk.folder / "dock.spool.sqlite", "dock", epoch=7)
        disk.fill(but=100_000)
        sentence, counter = "", 0
        while not sentence:
            counter += 1
            try:
                spool.put([Element(counter, f"e{counter}", b"x" * 2000)])
            except DatabaseBusy as error:
                sentence = str(error)
        assert sentence.startswith("The spool of station 'dock' takes nothing")
        kept = spool.counts()
        assert (kept.waiting, kept.next_counter, kept.holes) == (counter - 1, counter, 0)
        assert len(spool.waiting(most=MANY, bytes_max=10**9)) == counter - 1
        disk.make_room()
        spool.put([Element(counter, "later", b"x")])
        assert (spool.counts().waiting, spool.counts().holes) == (counter, 0)
        spool.close()


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.sqlite'}"
    open_book(tmp_path / "book.sqlite").database.close()
    with Server(url, Path("/dev/full"), **{SETTING: str(10**9)}) as server:
        refused = [server.capture([packed(1)]) for _ in range(3)]
        assert [one.status for one in refused] == [507, 507, 507]
        assert server.ask("/ledger").status == 200


def test_a_ledger_that_could_not_be_begun_is_begun_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(SETTING, str(10**9))
    with pytest.raises(DiskFull):
        open_book(tmp_path / "book.sqlite")
    monkeypatch.setenv(SETTING, "0")
    ledger = open_book(tmp_path / "book.sqlite")
    assert (ledger.size, verify(ledger, projections=True).finding) == (1, None)
    ledger.database.close()


def test_the_floor_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    assert floor_bytes() == FLOOR_MB * 1_000_000
    monkeypatch.setenv(SETTING, "some")
    with pytest.raises(Refused, match="expected whole megabytes"):
        floor_bytes()
    with pytest.raises(DiskFull, match=r"Nothing was stored; recording goes on by itself"):
        refuse_when_full(tmp_path / "book.sqlite", 1 << 60)
