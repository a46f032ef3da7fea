"""Station and server as programs of their own, each killed in the middle: all is there, once."""

from __future__ import annotations

from pathlib import Path

from tests.faults.processes import KILLED, Writers
from tests.faults.servers import Server, wait_until
from tests.faults.station import OFFLINE_EXIT
from tests.faults.writer import Job
from tests.ledger.books import open_book
from traceability.ledger.crash_points import SETTING, SPOOL_POINTS
from traceability.ledger.verify import verify
from traceability.station.spool import Spool

COUNT = 9


def test_a_delivery_that_is_cut_anywhere_comes_once(tmp_path: Path, writers: Writers) -> None:
    file, spool = tmp_path / "book.sqlite", tmp_path / "dock.spool.sqlite"
    url, log = f"sqlite:///{file}", tmp_path / "log"

    def run(server: Server, crash_at: str = "") -> int:
        return writers.run(
            Job(str(spool), "", "", 0, batches=COUNT, server=server.url, crash_at=crash_at)
        )

    # The opening and the key are the server's first appends, the station's delivery the third.
    with Server(url, log, **{SETTING: "before answer:3"}) as server:
        wait_until(lambda: server.ask("/healthz").tree["size"] == 2)
        assert run(server) == OFFLINE_EXIT
        assert server.process.wait(20) == KILLED
    with Server(url, log) as server:
        ends = [run(server, f"{point}:1") for point in SPOOL_POINTS]
        assert (ends, run(server)) == ([KILLED] * len(SPOOL_POINTS), 0)
    kept = Spool(spool, "dock", epoch=99)
    counts = kept.counts()
    kept.close()
    assert (counts.waiting, counts.parked, counts.holes, counts.next_counter) == (
        0, 0, 0, COUNT + 1,
    )  # fmt: skip
    ledger = open_book(file)
    assert (ledger.size, verify(ledger, projections=True).finding) == (COUNT + 2, None)
    ledger.database.close()
