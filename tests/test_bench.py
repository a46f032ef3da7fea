"""The benchmarks measure what they say, on a small scale; `make bench` names them all."""

from __future__ import annotations

import importlib
import sqlite3
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench.bench_append import measure as measure_append
from bench.bench_append import measure_peer
from bench.bench_ledger import measure, open_in
from bench.bench_proofs import measure as measure_proofs
from bench.bench_session import measure as measure_sessions
from bench.bench_verify import measure as measure_verify
from bench.callers import measure_callers
from bench.raw import RawFile
from traceability.database import open_file

RAW_TABLES = ("e", "touch", "item")
ROOT = Path(bench.__file__).parent


def test_make_bench_runs_every_benchmark() -> None:
    assert {path.stem for path in ROOT.glob("bench_*.py")} == set(bench.BENCHES)


@pytest.mark.parametrize("name", bench.BENCHES)
def test_a_benchmark_can_be_started(name: str) -> None:
    assert callable(importlib.import_module(f"bench.{name}").main)


def test_verifying_is_measured_against_hashing() -> None:
    rows = measure(events=60, things=5)
    assert [row["bench"] for row in rows] == ["verify, chain, 5 things an event"]
    assert all(float(str(row["ratio_to_raw"])) > 0 for row in rows)


def test_appends_are_measured_against_the_same_rows(tmp_path: Path) -> None:
    ledger = open_in(open_file(tmp_path / "book.sqlite"))
    raw = RawFile(tmp_path / "raw.sqlite", like=ledger)
    rows = list(measure_append(ledger, raw, 40))
    raw.close()
    assert [row["bench"] for row in rows] == [
        *(f"append, {batch} a batch" for batch in (1, 10, 100, 1000)),
        "append, 100 things an event",
        "append, 1000 a batch, follower beside",
    ]
    assert all(float(str(row["ratio_to_raw"])) > 0 for row in rows)
    written = sqlite3.connect(tmp_path / "raw.sqlite")
    counts = [written.execute(f"SELECT count(*) FROM {name}").fetchone() for name in RAW_TABLES]
    assert counts == [(ledger.size - 2,), (200,), (200,)]


def test_callers_are_measured_beside_an_import(tmp_path: Path) -> None:
    ledger = open_in(open_file(tmp_path / "book.sqlite"))
    row = measure_callers(ledger, callers=4, seconds=0.2, imports=True, series=1)
    assert set(row) == {"bench", "events_per_s", "p50_ms", "p99_ms", "imported_per_s"}


def test_the_ledger_of_other_authors_is_measured(tmp_path: Path) -> None:
    row = measure_peer(tmp_path, 50)
    assert float(str(row["ratio_to_peer"])) > 0


def test_checks_are_measured_against_hashing_and_appending() -> None:
    rows = {str(row["bench"]): row for row in measure_verify(events=100)}
    for name in ("verify, chain", "verify, with projections", "rows read and hashed"):
        assert float(str(rows[name]["ratio_to_raw"])) > 0
    assert 0 < float(str(rows["log beside the database, writer and checks"]["mb"])) < 64


def test_proofs_are_measured_against_hashing_their_paths() -> None:
    rows = measure_proofs(leaves=700, proofs=30)
    names = [str(row["bench"]).partition(",")[0] for row in rows]
    assert {"inclusion", "consistency", "checkpoint signed", "checkpoint opened"} <= set(names)
    assert all(float(str(row["ratio_to_raw"])) > 0 for row in rows)


def test_sessions_lose_nothing_at_full_speed_and_with_several_ports() -> None:
    rows = measure_sessions(seconds=0.5, ports=3, rate=400, burst=0.003)
    assert [row["bench"] for row in rows[:3]] == [
        f"tape, {count} reads a piece" for count in (1, 10, 195)
    ]
    heard = {row["bench"]: row["lost"] for row in rows[4:]}
    assert heard == {
        "session": 0,
        "session, recorded": 0,
        "3 ports of 400 reads/s, recorded": 0,
    }
    assert all(float(str(row["us_a_read"])) > 0 for row in rows)
