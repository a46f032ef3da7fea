"""Each rule of the fold as a short story with its end written by hand.

Every story is told to the replay and to the ledger with its projections, in the order written, in
reverse, one by one or all in one batch: the end is the same. The ledger is restarted after each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.projections.amount_cases import AMOUNTS
from tests.projections.cases import FIELDS, Case
from tests.projections.histories import as_event, as_hold, as_order
from tests.projections.kept_ledger import KeptLedger
from tests.projections.order_cases import ORDERS
from tests.projections.replay import HasRows, replay
from tests.projections.small_flow import FLOW
from tests.projections.telling import Tree, key, moment
from tests.projections.thing_cases import THINGS
from traceability.epcis.event import read_event

CASES = [*THINGS, *AMOUNTS, *ORDERS]


def by_replay(case: Case, batches: Iterable[list[Tree]], folder: Path) -> HasRows:
    events = [read_event(tree) for batch in batches for tree in batch]
    return replay(events, FLOW, {key(each) for each in case.orders})


def by_fold(case: Case, batches: Iterable[list[Tree]], folder: Path) -> HasRows:
    kept = KeptLedger.open(folder)
    try:
        if case.orders:
            kept.tell([as_order(each) for each in case.orders])
        if case.held:
            kept.tell([as_hold(1, [key(each) for each in case.held])])
        for batch in batches:
            kept.tell([as_event(tree) for tree in batch])
            kept.restart()
        return kept.folded()
    finally:
        kept.close()


TELLERS: dict[str, Callable[[Case, Iterable[list[Tree]], Path], HasRows]] = {
    "replay": by_replay,
    "fold": by_fold,
}

ARRIVALS: dict[str, Callable[[list[Tree]], list[list[Tree]]]] = {
    "one by one": lambda trees: [[tree] for tree in trees],
    "backwards": lambda trees: [[tree] for tree in reversed(trees)],
    "in one batch": lambda trees: [trees],
}


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("teller", TELLERS)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_story_ends_as_written(case: Case, teller: str, arrival: str, tmp_path: Path) -> None:
    state = TELLERS[teller](case, ARRIVALS[arrival](case.trees), tmp_path)

    assert told_part(case, state) == hand_written(case)


def told_part(case: Case, state: HasRows) -> dict[str, Any]:
    """Pick from a state what the story speaks of."""
    part: dict[str, Any] = {}
    for uri, fields in case.items.items():
        row = state.items.get(key(uri))
        named = dict(zip(FIELDS, row, strict=True)) if row is not None else {}
        part[key(uri)] = None if row is None else {name: named[name] for name in fields or named}
    if case.stock is not None:
        part["stock"] = dict(state.stock)
    if case.progress is not None:
        part["progress"] = dict(state.progress)
    if case.stays is not None:
        part["stays"] = {
            (child, at, parent, to) for (child, at, _), (parent, to, _) in state.stays.items()
        }
    return part


def hand_written(case: Case) -> dict[str, Any]:
    """Put what is written in the story into the same shape."""
    part: dict[str, Any] = {key(uri): fields for uri, fields in case.items.items()}
    if case.stock is not None:
        part["stock"] = case.stock
    if case.progress is not None:
        part["progress"] = case.progress
    if case.stays is not None:
        part["stays"] = {
            (key(child), moment(at), key(parent), "" if to is None else moment(to))
            for child, at, parent, to in case.stays
        }
    return part
