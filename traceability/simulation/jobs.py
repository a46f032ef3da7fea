"""The work of the floor as single jobs: who scans what, where, and what must be done before.

A job is one pass at one station. Jobs are numbered in the order in which they would be done one
by one; no job waits for a later one.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from traceability.simulation import labels, trade
from traceability.simulation.goods import Bundle, Carton, Garment, Order, Roll

__all__ = ["Beep", "Job", "Show", "Step", "jobs_of", "with_strangers"]

_WEAK_SHARE = 0.15
"""How many cartons keep a garment's tag in the shade the first time they pass a gate."""


@dataclass(frozen=True, slots=True)
class Beep:
    """A trigger is pulled: one line goes out of a hand scanner."""

    text: str
    aim: str


@dataclass(frozen=True, slots=True)
class Show:
    """Tags come before the antennas of a radio reader, all at once."""

    tags: tuple[bytes, ...]


Step = Beep | Show


@dataclass(frozen=True, slots=True)
class Job:
    """One pass at one station: what a worker does without looking up."""

    number: int
    station: str
    title: str
    steps: tuple[Step, ...]
    """Everything that should be read."""
    shaded: frozenset[bytes] = frozenset()
    """Tags that stay silent at the first try; the thing is then shown again."""
    after: frozenset[int] = frozenset()
    """Jobs that must be done before."""
    carton: Carton | None = None

    @property
    def first_try(self) -> tuple[Step, ...]:
        """The steps with the shaded tags left out."""
        return tuple(
            Show(tuple(tag for tag in step.tags if tag not in self.shaded))
            if isinstance(step, Show)
            else step
            for step in self.steps
        )


def jobs_of(orders: Iterable[Order], chance: random.Random) -> Iterator[Job]:
    """Put the orders' work in one row: the tagged order leads, the others go beside it."""
    floor = _Floor(chance)
    makers = [floor.order(order) for order in orders]
    while makers:
        for maker in list(makers):
            job = next(maker, None)
            if job is None:
                makers.remove(maker)
            else:
                yield job


def with_strangers(
    jobs: tuple[Job, ...], foreign_tag: bytes, foreign_scan: labels.Scan
) -> tuple[Job, ...]:
    """Let somebody's jacket come too near to the gate once, and somebody scan his lunch.

    Both happen half-way, so that the first things a visitor sees are the workshop's own.
    """
    half = {
        station: [job.number for job in jobs if job.station == station]
        for station in ("dock", "packing")
    }
    strangers: tuple[tuple[str, str, Step], ...] = (
        ("dock", "a visitor's jacket comes too near", Show((foreign_tag,))),
        ("packing", "somebody scans his lunch", Beep(*foreign_scan)),
    )
    return jobs + tuple(
        Job(
            number,
            station,
            title,
            (step,),
            after=frozenset({half[station][(len(half[station]) - 1) // 2]}),
        )
        for number, (station, title, step) in enumerate(strangers, start=len(jobs))
    )


@dataclass(slots=True)
class _Floor:
    """Numbers the jobs and remembers which job made what."""

    chance: random.Random
    _number: int = -1
    _done_by: dict[str, int] = field(default_factory=dict)
    _truck: int = 0

    def order(self, order: Order) -> Iterator[Job]:
        """Do one order: lay by lay, each carton as soon as its garments are sewn."""
        cartons = list(order.cartons)
        truck: list[Carton] = []
        rolls = dict.fromkeys(bundle.roll for bundle in order.bundles)
        shipped = 0
        for roll in rolls:
            bundles = [bundle for bundle in order.bundles if bundle.roll == roll]
            yield self._receive(roll)
            yield self._cut(roll, bundles)
            for bundle in bundles:
                yield self._sew(bundle)
                while cartons and all(key in self._done_by for key in cartons[0].contents):
                    carton = cartons.pop(0)
                    yield self._pack(carton)
                    truck.append(carton)
                    # The first truck leaves with one carton, so that something arrives soon.
                    if len(truck) == (1 if shipped == 0 else 3) or not cartons:
                        yield from self._drive(truck)
                        shipped += len(truck)
                        truck = []

    def _job(
        self,
        station: str,
        title: str,
        steps: Iterable[Step],
        after: Iterable[str] = (),
        makes: Iterable[str] = (),
        **more: object,
    ) -> Job:
        self._number += 1
        carton, shaded = more.get("carton"), more.get("shaded", frozenset())
        assert carton is None or isinstance(carton, Carton)
        assert isinstance(shaded, frozenset)
        waits = frozenset(self._done_by[name] for name in after)
        for name in makes:
            self._done_by[name] = self._number
        return Job(self._number, station, title, tuple(steps), shaded, waits, carton)

    def _receive(self, roll: Roll) -> Job:
        title = f"roll {roll.lot} comes in"
        return self._job("fabric-in", title, [Beep(*roll.scan)], makes=[roll.key])

    def _cut(self, roll: Roll, bundles: list[Bundle]) -> Job:
        tickets = [Beep(*labels.local_scan(bundle.ticket)) for bundle in bundles]
        return self._job(
            "cutting",
            f"roll {roll.lot} is cut into {len(bundles)} bundles",
            [Beep(*roll.scan), *tickets],
            after=[roll.key],
            makes=[f"cut {bundle.ticket}" for bundle in bundles],
        )

    def _sew(self, bundle: Bundle) -> Job:
        steps: list[Step] = [Beep(*labels.local_scan(bundle.ticket))]
        makes = [garment.key for garment in bundle.garments] or [bundle.key]
        steps.extend(self._things(bundle.garments, bundle))
        return self._job(
            "sewing",
            f"bundle {bundle.ticket} is sewn: {bundle.pieces} x {bundle.product.name}",
            steps,
            after=[f"cut {bundle.ticket}"],
            makes=makes,
        )

    def _pack(self, carton: Carton) -> Job:
        steps: list[Step] = [Beep(*carton.scan)]
        steps.extend(self._things(carton.garments, None, is_tagged=carton.tag is not None))
        steps.extend(Beep(*labels.local_scan(bundle.ticket)) for bundle in carton.bundles)
        return self._job(
            "packing",
            f"carton {carton.scan[0]} is packed: {carton.pieces} pieces",
            steps,
            after=carton.contents,
            makes=[f"packed {carton.key}"],
            carton=carton,
        )

    def _drive(self, cartons: list[Carton]) -> Iterator[Job]:
        self._truck += 1
        truck = f"truck {self._truck}"
        loaded = [f"loaded {carton.key}" for carton in cartons]
        for carton, name in zip(cartons, loaded, strict=True):
            packed = [f"packed {carton.key}"]
            yield self._gate("dock", f"goes onto {truck}", carton, packed, name)
        # Nobody unloads a truck that is still being loaded.
        for carton in cartons:
            yield self._gate("store", f"comes off {truck}", carton, loaded, f"in {carton.key}")

    def _gate(
        self, station: str, verb: str, carton: Carton, after: Iterable[str], makes: str
    ) -> Job:
        shaded: frozenset[bytes] = frozenset()
        steps: list[Step] = [Beep(*carton.scan)]
        if carton.tag is not None:
            tags = [garment.tag for garment in carton.garments]
            steps = [Show((carton.tag, *tags))]
            if station == "dock" and self.chance.random() < _WEAK_SHARE:
                shaded = frozenset({self.chance.choice(tags)})
        return self._job(
            station,
            f"carton {carton.scan[0]} {verb}",
            steps,
            after=after,
            makes=[makes],
            carton=carton,
            shaded=shaded,
        )

    @staticmethod
    def _things(
        garments: tuple[Garment, ...], bundle: Bundle | None, *, is_tagged: bool | None = None
    ) -> Iterator[Step]:
        if not garments:
            return
        if is_tagged is None:
            assert bundle is not None
            is_tagged = garments[0].product.style == trade.STYLES[0].name
        if is_tagged:
            yield Show(tuple(garment.tag for garment in garments))
        else:
            yield from (Beep(*garment.scan) for garment in garments)
