"""What a visitor did, and what the screens said to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from traceability.simulation.acts import LISTEN, SAID_MAX, Acts

BEGUN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
CARTON = "/00/095211410000077016"


def state(word: str, second: float, **more: Any) -> dict[str, Any]:  # JSON of a station
    at = BEGUN + timedelta(seconds=second)
    return {
        "station": "dock",
        "state": word,
        "at": at.isoformat(),
        "carton": {"key": CARTON},
        **more,
    }


def said(*states: dict[str, Any]) -> list[tuple[object, object]]:
    """Return what is remembered of what the screen said, as (state, count)."""
    acts = Acts(lambda: BEGUN)
    acts.begin("push", {"carton": CARTON}, station="dock", keys=frozenset({CARTON}))
    for one in states:
        acts.hear(one)
    push = acts.tree()["push"]
    assert isinstance(push, dict)
    return [(one["state"], one["count"]) for one in push["said"]]


def test_only_changes_are_kept_and_a_running_count_is_one_line() -> None:
    reading = [state("READING", 1 + count / 10, count=count) for count in range(1, 10)]
    again = [state("READ AGAIN", 3, count=9), state("READ AGAIN", 3.1, count=9)]
    assert said(*reading, *again, state("STOP", 5, count=9)) == [
        ("READING", 9),
        ("READ AGAIN", 9),
        ("STOP", 9),
    ]


def test_what_is_no_answer_is_not_kept() -> None:
    late = LISTEN.total_seconds() + 1
    assert (
        said(
            state("PASS", -1),
            state("PASS", late),
            state("READY", 1),
            state("PASS", 1, carton={"key": "/00/other"}),
            state("PASS", 1, station="store"),
            {"station": "dock", "state": "PASS"},
        )
        == []
    )


def test_memory_has_an_end() -> None:
    words = ("PASS", "STOP")
    assert len(said(*[state(words[n % 2], 1) for n in range(3 * SAID_MAX)])) == SAID_MAX


def test_what_became_of_an_act_is_added_to_it() -> None:
    acts = Acts(lambda: BEGUN)
    acts.add("tamper", put_back_at="nothing was begun")
    acts.begin("tamper", {"position": 7})
    acts.add("tamper", put_back_at="08:01")
    expected = {"begun_at": BEGUN.isoformat(), "position": 7, "put_back_at": "08:01", "said": []}
    assert acts.tree() == {"tamper": expected}
