"""The figures of the board, from a factory day in a real ledger."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.web import story
from traceability.projections import board as question
from traceability.projections import happenings
from traceability.projections.board import Board
from traceability.projections.view import look
from traceability.simulation.plan import make_plan
from traceability.simulation.trade import NAMESPACE

NOW = story.BEGINS_AT + timedelta(hours=3)


def at(file: Path, share: float) -> Board:
    ledger = story.story_ledger(file, share=share)
    with look(ledger) as view:
        return question.board(view, NOW)


def by_stage(board: Board) -> dict[str, tuple[str, str, str]]:
    return {
        card.stage.name: (str(card.done), str(card.planned), str(card.waiting))
        for card in board.stages
    }


def test_a_stage_counts_the_orders_in_work_and_what_waits_behind_it(tmp_path: Path) -> None:
    board = at(tmp_path / "day.sqlite", 0.7)
    done = {name: Decimal(row[0]) for name, row in by_stage(board).items()}
    waiting = {name: Decimal(row[2]) for name, row in by_stage(board).items()}
    assert {row[1] for name, row in by_stage(board).items() if name != "fabric-in"} == {"60"}
    stages = ["cutting", "sewing", "packing", "shipping", "store"]
    # What passed a stage and not the next waits there: nothing is between two stages.
    for first, then in itertools.pairwise(stages):
        assert waiting[first] == done[first] - done[then]
    assert waiting["store"] == 0
    assert sum(waiting.values()) > 0


def test_the_bars_of_a_day_add_up_to_what_was_done(tmp_path: Path) -> None:
    board = at(tmp_path / "day.sqlite", 1.0)
    for card in board.stages:
        assert sum((pieces for _, pieces in card.hours), Decimal()) == card.today
    counted = [card for card in board.stages if not card.uom]
    assert [card.today for card in counted] == [Decimal(60)] * 5


def test_the_oldest_thing_in_a_carton_is_called_by_the_carton(tmp_path: Path) -> None:
    board = at(tmp_path / "day.sqlite", 0.7)
    oldest = {card.stage.name: card.oldest for card in board.stages}
    found = oldest["shipping"]
    assert found is not None
    assert found.thing.key.startswith(("/00/", f"//{NAMESPACE}/obj/C-"))
    assert oldest["store"] is None
    assert board.longest is not None
    assert not board.longest.is_leaving


def test_what_stands_longer_than_the_flow_allows_is_behind(tmp_path: Path) -> None:
    ledger = story.story_ledger(tmp_path / "day.sqlite", share=0.5)
    with look(ledger) as view:
        early = question.board(view, NOW)
        late = question.board(view, NOW + timedelta(days=12))
    assert [card.stage.name for card in early.stages if card.is_behind] == []
    behind = {card.stage.name for card in late.stages if card.is_behind}
    assert behind == {card.stage.name for card in late.stages if card.oldest is not None}


def test_orders_come_soonest_first_and_leave_the_board_after_their_day(tmp_path: Path) -> None:
    ledger = story.story_ledger(tmp_path / "day.sqlite", share=1.0)
    with look(ledger) as view:
        today = question.board(view, NOW)
        later = question.board(view, NOW + timedelta(days=30))
    assert [(one.label.detail, one.is_done) for one in today.orders] == [
        ("4473", True),
        ("4471", True),
        ("4472", True),
    ]
    assert later.orders == []


def test_what_leaves_today_and_what_is_ready(tmp_path: Path) -> None:
    board = at(tmp_path / "day.sqlite", 0.7)
    stage = board.leaving.stage
    assert stage is not None
    left = {card.stage.name: card for card in board.stages}
    assert (stage.name, board.leaving.today) == ("shipping", left["shipping"].done)
    assert board.leaving.ready == left["packing"].waiting


def test_a_late_event_changes_the_figures_of_the_board(tmp_path: Path) -> None:
    whole = story.story_ledger(tmp_path / "whole.sqlite", share=1.0)
    plan = make_plan(7, 60, today=story.BEGINS_AT.date())
    passes = list(story.day(plan))
    shuffled = story.empty_ledger(tmp_path / "late.sqlite")
    story.tell_master(shuffled, plan)
    story.tell(shuffled, passes, order=list(reversed(range(len(passes)))))
    story.fold_late(shuffled)
    with look(whole) as one, look(shuffled) as other:
        assert by_stage(question.board(one, NOW)) == by_stage(question.board(other, NOW))


def test_open_holds_stand_on_the_board(tmp_path: Path) -> None:
    ledger = story.story_ledger(tmp_path / "day.sqlite")
    with look(ledger) as view:
        key = question.delivered(view)
        assert key is not None
    story.hold(ledger, [key])
    with look(ledger) as view:
        (hold,) = question.board(view, NOW).holds
    assert (hold.id, hold.count, hold.contact) == ("Q-17", 1, "Inês Carvalho, 214")


def test_an_empty_factory_has_a_board(tmp_path: Path) -> None:
    with look(story.empty_ledger(tmp_path / "empty.sqlite")) as view:
        board = question.board(view, NOW)
        assert question.delivered(view) is None
        assert happenings.latest(view) == []
    assert (len(board.stages), board.orders, board.holds, board.longest) == (6, [], [], None)


def test_a_gate_tells_of_all_the_pieces_in_a_carton(tmp_path: Path) -> None:
    ledger = story.story_ledger(tmp_path / "day.sqlite", share=1.0)
    with look(ledger) as view:
        lines = happenings.latest(view, limit=500)
    packed = {one.things[0].key: one.pieces for one in lines if one.type == "AggregationEvent"}
    gates = [one for one in lines if one.stage is not None and one.stage.name == "shipping"]
    assert {one.things[0].key: one.pieces for one in gates} == packed
    assert sum(packed.values()) == 60


def test_what_is_declared_wrong_counts_for_nothing(tmp_path: Path) -> None:
    ledger = story.story_ledger(tmp_path / "day.sqlite", share=1.0)
    with look(ledger) as view:
        before = happenings.by_hour(view, story.BEGINS_AT)
        sewn = next(one for one in happenings.latest(view, limit=500) if one.pieces > 1)
    story.declare_wrong(ledger, json.loads(story.said_at(ledger, sewn.position)))
    story.fold_late(ledger)
    with look(ledger) as view:
        after = happenings.by_hour(view, story.BEGINS_AT)
    assert sewn.stage is not None
    number = sewn.stage.number
    assert sum(before[number].values()) - sum(after[number].values()) == sewn.pieces


@pytest.mark.parametrize("spoilt", [b'{"type":"ObjectEvent"}', b"no JSON at all", b"[]"])
def test_a_spoilt_entry_does_not_stop_the_feed(tmp_path: Path, spoilt: bytes) -> None:
    ledger = story.story_ledger(tmp_path / "day.sqlite")
    with look(ledger) as view:
        before = [one.position for one in happenings.latest(view)]
    story.alter(ledger, before[3], spoilt)
    with look(ledger) as view:
        after = [one.position for one in happenings.latest(view)]
    assert after[:11] == [*before[:3], *before[4:]]
