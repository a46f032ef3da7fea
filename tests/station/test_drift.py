"""A reader that gets worse is told from its own past, and a busy or a quiet day is not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.reads import Received, TagRead
from readers.session import Session
from traceability.station.drift import NOW, PAST_MIN, Window, drifts
from traceability.station.health import Watch

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def usual(count: int, **worse: float) -> list[Window]:
    """Return windows of a reader on ordinary days, or with something about it changed."""
    chance = random.Random(7)
    return [
        Window(
            chance.gauss(60, 6) * worse.get("rate", 1),
            abs(chance.gauss(0.01, 0.005)) + worse.get("noise", 0),
            chance.gauss(-57, 1.5) + worse.get("rssi", 0),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("worse", "told"),
    [
        ({}, ()),
        ({"rate": 0.3}, ("rate",)),
        ({"rate": 2.0}, ()),
        ({"noise": 0.3}, ("noise",)),
        ({"rssi": -9.0}, ("rssi",)),
        ({"rssi": 9.0}, ()),
        ({"rate": 0.3, "noise": 0.3, "rssi": -9.0}, ("rate", "noise", "rssi")),
    ],
)
def test_what_has_got_worse_is_told(worse: dict[str, float], told: tuple[str, ...]) -> None:
    assert drifts([*usual(200), *usual(NOW, **worse)]) == told


def test_one_bad_window_is_no_drift() -> None:
    assert drifts([*usual(200), *usual(2), *usual(1, rate=0.05, rssi=-30)]) == ()


def test_without_four_hours_of_past_nothing_is_said() -> None:
    worse = {"rate": 0.1, "noise": 0.5, "rssi": -20.0}
    assert drifts([*usual(PAST_MIN - 1), *usual(NOW, **worse)]) == ()
    assert drifts([*usual(PAST_MIN), *usual(NOW, **worse)]) != ()


@given(
    st.lists(
        st.builds(
            Window,
            st.floats(0, 2_000),
            st.floats(0, 1),
            st.none() | st.floats(-100, 0),
        ),
        max_size=60,
    )
)
def test_any_past_is_taken(windows: list[Window]) -> None:
    assert set(drifts(windows)) <= {"rate", "noise", "rssi"}


def test_a_past_survives_a_new_start_and_an_idle_reader_makes_none() -> None:
    session = Session("gate", "r2000_a0", "socket://127.0.0.1:9")
    watch = Watch(["gate"], NOON)

    def heard(at: datetime, **more: Any) -> Received:  # `Any`: passed on by name
        tag = TagRead(epc=b"\x30", antenna=1, rssi_dbm=-50.0, rssi_raw=200)
        return Received(at, "gate", tag, **more)

    for second in range(10):
        for _ in range(4):
            watch.hear(heard(NOON + timedelta(seconds=second)))
    assert not watch.beat([session], NOON + timedelta(seconds=599))
    assert watch.beat([session], NOON + timedelta(seconds=601))
    assert watch.beat([session], NOON + timedelta(seconds=1_300))
    again = Watch(["gate", "new"], NOON, watch.kept())
    assert again.kept() == '{"gate": [[4.0, 0.0, -50.0]], "new": []}'
    [told] = watch.readers([session], {"gate": NOON})
    assert (told.last_read_at, told.rssi_dbm) == (NOON + timedelta(seconds=9), None)
