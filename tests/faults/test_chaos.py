"""The long run of `make chaos` works: here its random kills, with one seed."""

from __future__ import annotations

from pathlib import Path

from tests.faults import chaos
from tests.faults.processes import Writers
from tests.faults.seeds import SEED
from tests.faults.shelf import Shelf
from tests.house.project import ROOT


def test_processes_killed_at_random_lose_nothing(
    shelf: Shelf, writers: Writers, tmp_path: Path
) -> None:
    house = chaos.House(tmp_path, {"file": shelf}, writers, None)
    for seed in range(SEED, SEED + 20):  # on a busy machine whoever kills may come too late
        (tally,) = chaos.kills(house, range(seed, seed + 1), callers=(1, 2), batches=6)
        assert tally.problems == []
        if tally.kills:
            break
    assert tally.kills > 0


def test_every_part_is_run_by_make_chaos() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "-m tests.faults.chaos $(CHAOS_ARGS)" in makefile
    parts = {"points", "disk", "power", "kills", "logs", "servers", "safe"}
    assert set(chaos.PARTS) == parts
