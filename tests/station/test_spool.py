"""The spool forgets nothing that it has taken, wherever the station is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from traceability.errors import DatabaseBusy
from traceability.station import spool as spool_module
from traceability.station.spool import Counts, Element, Known, Spool

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def element(counter: int, body: bytes = b"{}") -> Element:
    return Element(counter, f"urn:uuid:{counter}", body)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "s.sqlite", "dock", epoch=7)


def test_what_was_put_is_there_after_opening_again(spool: Spool, tmp_path: Path) -> None:
    spool.put([element(1, b'{"a":1}'), Element(2, "gap", b'{"g":2}', "gap")], snapshot="{}")
    spool.close()
    again = Spool(tmp_path / "s.sqlite", "dock", epoch=99)
    assert (again.counts(), again.waiting()) == (
        Counts(epoch=7, next_counter=3, waiting=2, parked=0, delivered_position=None, holes=0),
        [
            (1, "urn:uuid:1", b'{"event":{"a":1},"run":["dock", 7, 1]}'),
            (2, "gap", b'{"gap":{"g":2},"id":"gap","run":["dock", 7, 2]}'),
        ],
    )


def test_what_is_settled_is_kept_but_no_longer_waits(spool: Spool) -> None:
    spool.put([element(n) for n in range(1, 5)])
    spool.settle([(1, 40, None), (2, None, "refused: a sentence"), (3, 41, None)])
    assert (spool.counts(), [row[0] for row in spool.waiting()], spool.parked()) == (
        Counts(epoch=7, next_counter=5, waiting=1, parked=1, delivered_position=41, holes=0),
        [4],
        [(2, "urn:uuid:2", "refused: a sentence")],
    )


def test_a_batch_has_a_limit_in_number_and_bytes(spool: Spool) -> None:
    spool.put([element(n, b"x" * 1_000) for n in range(1, 11)])
    assert [len(spool.waiting(*limit)) for limit in ((3, 10**6), (10, 2_500), (10, 1))] == [3, 2, 1]


def test_old_deliveries_are_let_go_without_making_holes(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "KEEP_MAX", 10)
    spool.put([element(n) for n in range(1, 31)])
    spool.settle([(n, n, None) for n in range(1, 31) if n != 15])
    counts = spool.counts()
    assert (counts.waiting, counts.holes, counts.next_counter) == (1, 0, 31)


def test_a_spool_belongs_to_one_station(spool: Spool, tmp_path: Path) -> None:
    spool.close()
    with pytest.raises(ValueError, match="it belongs to 'dock'"):
        Spool(tmp_path / "s.sqlite", "store", epoch=1)


def test_counters_have_no_holes(spool: Spool) -> None:
    with pytest.raises(AssertionError, match="no holes"):
        spool.put([element(2)])


def test_a_put_that_fails_keeps_nothing_and_may_be_repeated(spool: Spool) -> None:
    spool.put([element(1)])
    with pytest.raises(DatabaseBusy, match="The spool of station 'dock' takes nothing"):
        spool.put([element(2), Element(3, None, b"")])  # type: ignore[arg-type]  # what the file refuses
    assert (spool.next_counter, len(spool.waiting())) == (2, 1)
    spool.put([element(2)])
    assert spool.counts().holes == 0


def test_what_is_known_is_forgotten_in_time(spool: Spool) -> None:
    old, new = NOW - timedelta(hours=2), NOW
    spool.put([], known=[Known("a", old, "x"), Known("b", new, ""), Known("a", new, "y")])
    spool.put([], known=[Known("c", old, "x")])
    assert spool.known(NOW - timedelta(hours=1)) == [Known("a", new, "y"), Known("b", new, "")]


def test_a_line_that_is_down_is_down_since_the_first_time(spool: Spool) -> None:
    spool.line_down("gate", NOW, "unplugged")
    spool.line_down("gate", NOW + timedelta(seconds=9), "still unplugged")
    since = spool.down_since("gate")
    # What tells of the silence ends it: killed in between, a station would never tell.
    spool.put([Element(1, "gap", b"{}", "gap")], heard_again="gate")
    assert (since, spool.down_since("gate")) == ((NOW, "unplugged"), None)


def test_a_silence_that_could_not_be_told_of_is_still_one(spool: Spool) -> None:
    spool.line_down("gate", NOW, "unplugged")
    with pytest.raises(DatabaseBusy):
        spool.put([Element(1, None, b"")], heard_again="gate")  # type: ignore[arg-type]  # refused
    assert spool.down_since("gate") == (NOW, "unplugged")


def test_what_was_delivered_makes_room_for_what_waits(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.sqlite", "dock", epoch=7, bytes_max=400_000)
    first = 1
    for _turn in range(10):
        spool.put([element(n, b"x" * 1_000) for n in range(first, first + 100)])
        spool.settle([(n, n, None) for n in range(first, first + 100)])
        first += 100
    load, counts = spool.load(), spool.counts()
    assert (load.waiting, load.oldest_at, counts.holes) == (0, None, 0)
    assert load.size_bytes < 600_000


def test_when_all_of_it_waits_nothing_more_is_taken_and_nothing_is_lost(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.sqlite", "dock", epoch=7, bytes_max=300_000)
    count = 0
    while spool.load().size_bytes < 300_000:
        spool.put([element(count + 1, b"x" * 20_000)])
        count += 1
    with pytest.raises(DatabaseBusy, match="has reached its limit of 0 MB and all of it waits"):
        spool.put([element(count + 1)])
    load = spool.load()
    assert (load.waiting, load.is_nearly_full, spool.next_counter) == (count, True, count + 1)
    assert load.oldest_at is not None
    spool.settle([(row[0], row[0], None) for row in spool.waiting(5)])
    spool.put([element(count + 1)])
    assert (spool.load().waiting, spool.counts().holes) == (count - 4, 0)


CHILD = """
import os, signal, sys
from pathlib import Path
from traceability.station.spool import Element, Spool

path, last = Path(sys.argv[1]), int(sys.argv[2])
spool = Spool(path, "dock", epoch=7)
left = last

def count(statement):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

spool._db.set_trace_callback(count)
for turn in range(3):
    first = spool.next_counter
    spool.put([Element(first + n, f"id {first + n}", b"{}") for n in range(2)], snapshot="{}")
    # From here on a screen may have shown these: they must never be forgotten.
    print(first + 1, flush=True)
    rows = spool.waiting(1)
    spool.settle([(row[0], row[0], None) for row in rows])
print("done", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_at_any_statement_it_keeps_all_that_it_acknowledged(tmp_path: Path) -> None:
    for last in range(1, 80):
        path = tmp_path / f"{last}.sqlite"
        child = subprocess.run(
            [sys.executable, "-c", CHILD, str(path), str(last)],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        said = child.stdout.split()
        acknowledged = max((int(word) for word in said if word != "done"), default=0)
        again = Spool(path, "dock", epoch=99)
        counts = again.counts()
        kept = counts.next_counter - 1
        assert (kept in (acknowledged, acknowledged + 2), counts.holes, counts.epoch) == (
            True,
            0,
            7,
        ), f"killed at statement {last}: {child.stderr}"
        again.put([Element(again.next_counter, "goes on", b"{}")])
        again.close()
        if "done" in said:
            assert child.returncode == 0
            return
        assert child.returncode == -signal.SIGKILL
    pytest.fail("the child never came to its end")


def test_a_run_is_spelled_as_the_server_reads_it(spool: Spool) -> None:
    spool.put([element(1)])
    assert json.loads(spool.waiting()[0][2])["run"] == ["dock", 7, 1]
