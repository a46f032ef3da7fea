"""Workers alone, with wires that only remember and a screen that says what the test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.simulation.running_demo import until
from traceability.simulation import floor
from traceability.simulation.factory import Factory, Pace, Sight, Wire
from traceability.simulation.faults import Mischief, swallowable
from traceability.simulation.jobs import Job
from traceability.simulation.plan import make_plan

HASTE = Pace((0.0, 0.0), beep_gap=0.0, hold=0.0, patience=0.3, settle=0.0)


class Remembering:
    """The far end of a wire on which nobody listens."""

    def __init__(self, name: str, diary: list[tuple[str, object]]) -> None:
        self.name = name
        self.diary = diary
        self.silent = 0
        self.is_connected = True

    def note(self, what: object) -> None:
        self.diary.append((self.name, what))

    def show(self, tags: Sequence[bytes]) -> None:
        self.note(tuple(tags))

    def clear(self) -> None:
        pass

    def scan(self, text: str, aim: str | None = None) -> bool:
        if self.silent:
            self.silent -= 1
            self.note("no beep")
            return False
        self.note(text)
        return True

    def unplug(self) -> None:
        self.note("out")

    def plug(self) -> None:
        self.note("in")

    def flip_bits(self, count: int) -> None:
        self.note(f"flip {count}")

    def swallow_next(self, count: int = 1) -> None:
        self.note(f"swallow {count}")


class Saying:
    """A screen that answers as the test tells it to."""

    def __init__(self, say: Callable[[str], Sight | None]) -> None:
        self.look = say


class Floor:
    """A small plan, workers, and a diary of what they did."""

    def __init__(self, say: Callable[[str], Sight | None] | None = None, **more: Any) -> None:
        self.plan = make_plan(7, 30)
        self.diary: list[tuple[str, object]] = []
        readers = [reader.name for station in floor.STATIONS for reader in station.readers]
        self.wires = {name: Remembering(name, self.diary) for name in readers}
        wires: dict[str, Wire] = dict(self.wires)
        self.factory = Factory(
            self.plan, wires, Saying(say or self.passing), more.pop("pace", HASTE), **more
        )

    def passing(self, station: str) -> Sight | None:
        """Say PASS for whatever carton was pushed last."""
        boxes = {job.carton.scan[0]: job.carton for job in self.plan.jobs if job.carton}
        for name, what in reversed(self.diary):
            if not name.startswith(f"{station}."):
                continue
            for box in boxes.values():
                if what == box.scan[0] or (isinstance(what, tuple) and box.tag in what):
                    return Sight("PASS", box.key, datetime.now(UTC))
        return None

    def job(self, station: str, nth: int = 0) -> Job:
        return [job for job in self.plan.jobs if job.station == station][nth]


@pytest.fixture
def hire() -> Iterator[Callable[..., Floor]]:
    floors: list[Floor] = []

    def start(*arguments: Any, **more: Any) -> Floor:
        floors.append(Floor(*arguments, **more))
        return floors[-1]

    yield start
    for one in floors:
        one.factory.stop()


def test_every_step_of_the_plan_is_done_once(hire: Callable[..., Floor]) -> None:
    one = hire()
    one.factory.start()
    assert one.factory.wait(10)
    steps = sum(len(job.steps) for job in one.plan.jobs)
    assert len(one.diary) == steps + sum(bool(job.shaded) for job in one.plan.jobs)
    assert (one.factory.put_aside, one.factory.done_count) == ((), len(one.plan.jobs))


def test_no_beep_is_scanned_again(hire: Callable[..., Floor]) -> None:
    one = hire()
    one.wires["fabric-in.gun"].silent = 2
    one.factory.start()
    assert one.factory.wait(20)
    first = [what for name, what in one.diary if name == "fabric-in.gun"][:3]
    assert first == ["no beep", "no beep", one.plan.rolls[0].scan[0]]


def test_a_carton_is_pushed_again_until_the_gate_says_pass(hire: Callable[..., Floor]) -> None:
    later = timedelta(seconds=1)

    def stubborn(station: str) -> Sight | None:
        pushes = [what for name, what in one.diary if name.startswith(f"{station}.")]
        seen = one.passing(station)
        if seen is not None and station == "dock" and len(pushes) == 1:
            return Sight("READ AGAIN", seen.carton, datetime.now(UTC) + later)
        return seen

    one = hire(stubborn)
    one.factory.start()
    assert one.factory.wait(20)
    dock = [what for name, what in one.diary if name.startswith("dock.")]
    assert dock[0] == dock[1]
    assert one.factory.retry_count >= 1


def test_a_held_carton_stays_and_nobody_unloads_it(hire: Callable[..., Floor]) -> None:
    def holding(station: str) -> Sight | None:
        seen = one.passing(station)
        return Sight("HOLD", seen.carton, datetime.now(UTC)) if seen else None

    one = hire(holding)
    one.factory.start()
    assert until(lambda: len([n for n, _ in one.diary if n.startswith("dock.")]) >= 3, 10)
    assert not one.factory.wait(0.5)
    assert not any(name.startswith("store.") for name, _ in one.diary)
    assert not one.factory.is_done(one.job("dock"))


def test_a_dark_screen_puts_a_carton_aside_in_the_end(hire: Callable[..., Floor]) -> None:
    pace = Pace((0.0, 0.0), beep_gap=0.0, hold=0.0, patience=0.01, settle=0.0)
    one = hire(lambda _station: None, pace=pace)
    one.factory.start()
    assert one.factory.wait(20)
    assert one.job("dock").title in one.factory.put_aside


def test_one_tagged_carton_is_kept_for_the_visitor(hire: Callable[..., Floor]) -> None:
    one = hire(keeps_one=True)
    one.factory.start()
    assert until(lambda: one.factory.waiting_cartons() != [], 10)
    assert not one.factory.wait(0.5)
    (kept,) = one.factory.waiting_cartons()
    assert kept.carton is not None
    assert kept.carton.tag is not None
    assert one.factory.claim(kept)
    assert not one.factory.claim(kept)
    one.factory.finish(kept, is_done=True)
    assert one.factory.wait(10)


def test_a_jacket_that_comes_too_near_is_no_carton_for_the_visitor(
    hire: Callable[..., Floor],
) -> None:
    one = hire()
    one.factory.start()
    assert one.factory.wait(10)
    (jacket,) = [job for job in one.plan.jobs if job.station == "dock" and job.carton is None]
    one.factory.finish(jacket, is_done=False)
    assert one.factory.waiting_cartons() == []


def test_an_unplugged_scanner_waits_for_its_cable(hire: Callable[..., Floor]) -> None:
    one = hire()
    one.factory.unplug("fabric-in.gun", 0.5)
    one.factory.start()
    assert one.factory.wait(10)
    first = [what for name, what in one.diary if name == "fabric-in.gun"][:3]
    assert first == ["out", "in", one.plan.rolls[0].scan[0]]


def test_tags_stay_before_an_antenna_until_somebody_listens(hire: Callable[..., Floor]) -> None:
    pace = Pace((0.0, 0.0), beep_gap=0.0, hold=0.1, patience=0.3, settle=0.0)
    one = hire(pace=pace)
    pad = one.wires["packing.pad"]
    pad.is_connected = False
    one.factory.start()
    packed = next(job for job in one.plan.jobs if job.station == "packing" and len(job.steps) == 2)
    assert until(lambda: any(name == "packing.pad" for name, _ in one.diary), 10)
    assert not one.factory.wait(0.5)
    assert not one.factory.is_done(packed)
    pad.is_connected = True
    assert one.factory.wait(10)


def test_what_is_swallowed_is_the_scan_of_a_roll() -> None:
    plan = make_plan(7, 300)
    assert [plan.jobs[number].title for number, _ in swallowable(plan)] == [
        f"roll {roll.lot} comes in"
        for roll in sorted(plan.rolls, key=lambda roll: _arrives(plan.jobs, roll.lot))
    ]


def test_mischief_hits_first_attempts_only_and_the_same_ones_each_time() -> None:
    def diary() -> list[tuple[str, object]]:
        said: list[tuple[str, object]] = []
        plan = make_plan(7, 60)
        names = [reader.name for station in floor.STATIONS for reader in station.readers]
        wires: dict[str, Wire] = {name: Remembering(name, said) for name in names}
        mischief = Mischief(plan, wires, lambda _name, _seconds: None, is_noisy=True, swallow=2)
        for job in plan.jobs:
            for index in range(len(job.steps)):
                mischief.before_step(job, 1, index)
        assert said == []
        for job in plan.jobs:
            for index in range(len(job.steps)):
                mischief.before_step(job, 0, index)
        return said

    first = diary()
    assert first == diary()
    assert [what for _, what in first].count("swallow 1") == 2
    assert any(str(what).startswith("flip") for _, what in first)


def _arrives(jobs: Sequence[Job], lot: str) -> int:
    return next(job.number for job in jobs if job.title == f"roll {lot} comes in")
