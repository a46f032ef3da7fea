"""The benchmarks measure what they say, on a small scale; `make bench` names them all."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench.bench_ledger import measure
from bench.bench_proofs import measure as measure_proofs

ROOT = Path(bench.__file__).parent


def test_make_bench_runs_every_benchmark() -> None:
    assert {path.stem for path in ROOT.glob("bench_*.py")} == set(bench.BENCHES)


@pytest.mark.parametrize("name", bench.BENCHES)
def test_a_benchmark_can_be_started(name: str) -> None:
    assert callable(importlib.import_module(f"bench.{name}").main)


@pytest.mark.parametrize("things", [1, 5])
def test_the_ledger_is_measured_against_the_same_rows(things: int) -> None:
    rows = measure(events=60, things=things)
    assert [row["bench"] for row in rows] == [f"append, {things} things an event", "verify, chain"]
    assert all(float(str(row["ratio_to_raw"])) > 0 for row in rows)


def test_proofs_are_measured_against_hashing_their_paths() -> None:
    rows = measure_proofs(leaves=700, proofs=30)
    assert [str(row["bench"]).partition(",")[0] for row in rows] == [
        "inclusion",
        "inclusion",
        "inclusion",
        "consistency",
        "checkpoint signed",
        "checkpoint opened",
    ]
    assert all(float(str(row["ratio_to_raw"])) > 0 for row in rows)
