"""The fold of the ledger is the replay of its events from zero, whatever arrives and when.

The replay shares no SQL and no fold code with the product. Hypothesis looks for new histories in
each run; two hundred seeded ones are the same in every run.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests import engines
from tests.projections.histories import Arrival, arrivals, as_event, history_of
from tests.projections.kept_ledger import KeptLedger, differences
from tests.projections.telling import wrong

SEEDS = 200
SEEDS_A_TEST = 10
SEEDS_ON_SERVER = range(400, 408)
"""Other ones: each run then knows 208 histories."""


class FoldBesideReplay(RuleBasedStateMachine):
    """Tells a ledger one batch after another and compares it with the replay after each."""

    @initialize()
    def open_ledger(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.kept = KeptLedger.open(Path(self.folder.name))
        self.told: list[Arrival] = []

    def _tell(self, batch: list[Arrival]) -> None:
        self.kept.tell(batch)
        self.told += batch

    @rule(batch=st.lists(arrivals(), min_size=1, max_size=4))
    def tell(self, batch: list[Arrival]) -> None:
        self._tell(batch)

    @precondition(lambda self: self._events())
    @rule(data=st.data())
    def tell_again(self, data: st.DataObject) -> None:
        self._tell([data.draw(st.sampled_from(self._events()))])

    @precondition(lambda self: self._events())
    @rule(data=st.data(), minute=st.integers(0, 50))
    def declare_wrong(self, data: st.DataObject, minute: int) -> None:
        event = data.draw(st.sampled_from(self._events()))
        self._tell([as_event(wrong(event.tree, minute))])

    @rule()
    def restart(self) -> None:
        self.kept.restart()

    def _events(self) -> list[Arrival]:
        return [arrival for arrival in self.told if arrival.kind == "event"]

    @invariant()
    def folds_as_replayed(self) -> None:
        if hasattr(self, "kept"):
            assert differences(self.kept.folded(), self.kept.replayed()) == {}

    def teardown(self) -> None:
        if hasattr(self, "kept"):
            folded, rebuilt = self.kept.folded(), self.kept.rebuilt()
            self.kept.close()
            self.folder.cleanup()
            assert differences(rebuilt, folded) == {}


TestFoldBesideReplay = FoldBesideReplay.TestCase
TestFoldBesideReplay.settings = settings(
    max_examples=30,
    stateful_step_count=12,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_A_TEST))
def test_random_histories_fold_as_they_replay(first: int, tmp_path: Path) -> None:
    wrong_ends = {
        seed: found
        for seed in range(first, first + SEEDS_A_TEST)
        if (found := told_and_compared(seed, tmp_path))
    }

    assert wrong_ends == {}


@pytest.mark.postgres
@pytest.mark.parametrize("seed", SEEDS_ON_SERVER)
def test_random_histories_fold_alike_on_a_server(seed: int, tmp_path: Path) -> None:
    with engines.on(engines.SERVER):
        assert told_and_compared(seed, tmp_path) == {}


class FoldOnServer(FoldBesideReplay):
    """The same, on a server."""

    @initialize()
    def open_ledger(self) -> None:
        self.server = engines.on(engines.SERVER)
        self.server.__enter__()
        super().open_ledger()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            if hasattr(self, "server"):
                self.server.__exit__(None, None, None)


TestFoldOnServer = pytest.mark.postgres(FoldOnServer.TestCase)
TestFoldOnServer.settings = settings(
    TestFoldBesideReplay.settings, max_examples=4, stateful_step_count=8
)


def told_and_compared(seed: int, folder: Path) -> dict[str, object]:
    """Tell one history to a ledger of its own; return the first differences met."""
    home = folder / str(seed)
    home.mkdir()
    kept = KeptLedger.open(home)
    history = history_of(seed)
    stops = max(1, len(history.batches) // 3)
    for number, batch in enumerate(history.batches, start=1):
        kept.tell(batch)
        if number % 4 == 0:
            kept.restart()
        is_stop = number % stops == 0 or number == len(history.batches)
        if is_stop and (found := differences(kept.folded(), kept.replayed())):
            kept.close()
            return {f"after batch {number}": found}
    folded = kept.folded()
    # Every second history is enough here: each that Hypothesis tells is rebuilt, too.
    found = differences(kept.rebuilt(), folded) if seed % 2 else {}
    kept.close()
    return {"rebuilt": found} if found else {}
