"""From a closed pass to what the ledger is told: one event per rule and action, never one per tag.

Everything here follows from the pass, the flow and what the station has cached; nothing hangs on
the present time, so bytes played back give the same events with the same ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from traceability.epcis.body import Tree
from traceability.epcis.event import Event, Quantity
from traceability.epcis.vocabulary import PART, PASS, PRODUCT, READER, VOC
from traceability.flow import Flow, Kind, Stage, Work
from traceability.gs1 import product_of, uri_of
from traceability.observation.direction import Way
from traceability.observation.passes import Pass, Sighting, split
from traceability.stage_event import BLANK, at_stage, blank_tree, share
from traceability.station.cache import Cache
from traceability.station.two_codes import TwoCodes
from traceability.station.verdict import Verdict

REASON = VOC + "reason"
"""Event member: why things were only seen, although the stage does more with others."""
VERDICT = VOC + "verdict"
"""Event member: what the gate's screen said."""
MISSING = VOC + "missing"
"""Event member: what should have been there and was not read."""
MISSING_MAX = 100
DIRECTION = VOC + "direction"
"""Event member: `in`, `out` or `unknown`, at a gate that can tell which way things went."""

Why = Literal[
    "unknown",
    "not-expected-here",
    "nothing-open",
    "other-product",
    "other-carton",
    "too-many",
    "loose",
    "missing",
    "not-known",
    "held",
    "blank",
    "codes-differ",
    "no-tag",
]
METRES_IN_YARD = Decimal("0.9144")
"""Exact since 1959 (international yard)."""
_MILLI = Decimal("0.001")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Post:
    """Where a station stands and which stage it serves."""

    name: str
    stage: Stage
    zone: ZoneInfo
    place: str | None = None
    """Key of the place where things are afterwards."""
    read_point: str | None = None
    """Key of the spot where they were read."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work in hand: the rule it follows and what was scanned to open it."""

    work: Work
    opened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed pass with all that its meaning hangs on."""

    visit: Pass
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """By the context of the sightings."""
    reasons: Mapping[str, Why] = field(default_factory=dict)
    """Why a thing without context belongs to no task."""
    gate: Work | None = None
    verdict: Verdict | None = None
    """Gates only."""
    earlier: frozenset[str] = frozenset()
    """Gates only: what the visits before read that this one repeats."""
    is_repeat: bool = False
    """Gates only: it passed a moment ago and passes again; the screen says so, the ledger knows."""
    blank: Mapping[str, int] = field(default_factory=dict)
    """Numbers that belong to no single thing, each with how many tags carry it at least."""
    way: Way | None = None
    """Gates only: which way it went; None where the gate cannot tell."""
    differing: TwoCodes | None = None
    """Tables only: a label and a chip that cannot both be right."""


def interpret(closed: Closed, cache: Cache, post: Post, after: int = 0) -> tuple[Event, ...]:
    """Say what a closed pass means.

    Args:
        closed: The pass.
        cache: What the station knows.
        post: The station.
        after: Time of the station's event before, µs UTC; the events come later than it, so that
            what one person did one after the other never ties.

    Returns:
        Events without ids, in order; empty if the pass says nothing new.
    """
    writer = _Writer(closed, cache, post)
    events = writer.gate() if closed.gate is not None else writer.table()
    instant = max((closed.visit.ended_at - _EPOCH) // timedelta(microseconds=1), after + 1)
    return tuple(
        replace(event, event_time=instant + number, offset=offset_at(instant + number, post.zone))
        for number, event in enumerate(events)
    )


def offset_at(instant: int, zone: ZoneInfo) -> str:
    """Return what the clock on the wall shows beyond UTC.

    >>> offset_at(1_772_439_330_000_000, ZoneInfo("Europe/Lisbon"))
    '+00:00'
    """
    ahead = (_EPOCH + timedelta(microseconds=instant)).astimezone(zone).utcoffset()
    minutes = int((ahead or timedelta()).total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


class _Writer:
    """Writes the events of one pass; times and ids come later."""

    def __init__(self, closed: Closed, cache: Cache, post: Post) -> None:
        assert cache.flow is not None, "a station without a flow has no passes"
        self.closed = closed
        self.cache = cache
        self.post = post
        self.flow: Flow = cache.flow
        self.stage = post.stage

    def table(self) -> list[Event]:
        """Write what was done at a table: a work event per task, the rest only seen."""
        events: list[Event] = []
        by_context: dict[str, list[Sighting]] = {}
        two = self.closed.differing.keys if self.closed.differing is not None else ()
        for sighting in self._own():
            if sighting.key not in two:
                by_context.setdefault(sighting.context, []).append(sighting)
        for context, sightings in by_context.items():
            task = self.closed.tasks.get(context)
            if task is None:
                events += self._seen_by_reason(sightings)
                continue
            parts = split([each.key for each in sightings])
            for number, keys in enumerate(parts, start=1):
                event = self._work_event(task, keys)
                if event is None:
                    events += self._seen("unknown", keys)
                else:
                    events.append(self._with_part(event, number, len(parts)))
        differing = [each.key for each in self._own() if each.key in two]
        return [*events, *self._seen("codes-differ", differing), *self._blank()]

    def _own(self) -> list[Sighting]:
        """Return what is new in the pass and has a number of its own."""
        return [each for each in self.closed.visit.new if each.key not in self.closed.blank]

    def _blank(self) -> list[Event]:
        """Write that tags were here that nobody ever wrote; they stand for no thing."""
        blank = self.closed.blank
        tags = {each.key: blank[each.key] for each in self.closed.visit.new if each.key in blank}
        if not tags:
            return []
        event = Event(
            type="ObjectEvent",
            event_time=0,
            offset="+00:00",
            action="OBSERVE",
            read_point=self._read_point(),
            extensions=self._extensions(None) | {REASON: "blank", BLANK: blank_tree(tags)},
        )
        return [event]

    def _bare(self) -> Event:
        """Write that something went through the gate in which no tag answered."""
        return Event(
            type="ObjectEvent",
            event_time=0,
            offset="+00:00",
            action="OBSERVE",
            read_point=self._read_point(),
            extensions=self._extensions(self.closed.verdict) | {REASON: "no-tag"},
        )

    def gate(self) -> list[Event]:
        """Write what passed a gate: cartons with what is in them, loose things apart."""
        verdict, work = self.closed.verdict, self.closed.gate
        assert verdict is not None
        assert work is not None
        if self.closed.is_repeat:
            return []
        new = [each.key for each in self._own()]
        if not new and verdict.reason == "blank":
            return self._blank()
        if verdict.reason == "no-tag":
            return [self._bare()]
        others = {each.key: each for each in verdict.others}
        mine = [key for key in new if key not in others]
        events: list[Event] = []
        if not work.needs_pass or verdict.state == "PASS":
            # The first event for a carton names all that was read in the visits that led to it.
            first = work.needs_pass or not self.closed.earlier
            if new or work.needs_pass:
                mine = self._with_cartons(mine, verdict, is_first=first)
                events += self._gate_events(work, mine, verdict)
            loose = [key for key in new if key in others and others[key].is_ours]
            if work.needs_pass:
                events += self._seen_others(loose, verdict)
            else:
                events += self._gate_events(work, loose, None)
        else:
            why: Why = verdict.reason or "not-known"
            if verdict.state == "STOP" and not mine:
                # Nothing new was read, but a carton that was stopped must be found later.
                mine = list(verdict.cartons)
            events += self._seen(why, mine, verdict)
            events += self._seen_others(
                [k for k in new if k in others and others[k].is_ours], verdict
            )
        strangers = [key for key in new if key in others and not others[key].is_ours]
        return events + self._seen("unknown", strangers) + self._blank()

    def _with_cartons(self, keys: list[str], verdict: Verdict, *, is_first: bool) -> list[str]:
        if not is_first:
            return keys
        others = {each.key for each in verdict.others}
        earlier = (key for key in sorted(self.closed.earlier) if key not in others)
        return list(dict.fromkeys([*verdict.cartons, *keys, *earlier]))

    def _gate_events(self, work: Work, keys: list[str], verdict: Verdict | None) -> list[Event]:
        things = [key for key in keys if not self._is_class(key)]
        classes = [key for key in keys if self._is_class(key)]
        events: list[Event] = []
        parts = split(things) or ([()] if classes else [])
        for number, part in enumerate(parts, start=1):
            event = self._event(
                work.event,
                work.action,
                epcs=_uris(part),
                quantities=self._quantities(classes) if number == 1 else (),
                orders={self.cache.order_of(key) for key in (verdict.cartons if verdict else part)},
                verdict=verdict,
            )
            if verdict is not None and verdict.destination is not None:
                to = (("location", uri_of(verdict.destination)),)
                event = replace(event, destinations=to)
            events.append(self._with_part(event, number, len(parts)))
        return events

    def _work_event(self, task: Task, keys: Sequence[str]) -> Event | None:
        """Write the event of one task; None if too little is known of a ticket to say it."""
        orders = {self.cache.order_of(key) for key in (*task.opened, *keys)}
        things = [key for key in keys if not self._is_class(key)]
        classes = [key for key in keys if self._is_class(key)]
        work = task.work
        if work.event == "TransformationEvent":
            return self._transformation(task, things, classes, orders)
        quantities = self._quantities(classes)
        if work.event == "ObjectEvent":
            epcs = _uris(things)
            return self._event(
                work.event, work.action, epcs=epcs, quantities=quantities, orders=orders
            )
        return self._event(
            work.event,
            work.action,
            parent=uri_of(task.opened[0]),
            children=_uris(things),
            child_quantities=quantities,
            orders=orders,
        )

    def _transformation(
        self, task: Task, things: list[str], classes: list[str], orders: set[str | None]
    ) -> Event | None:
        pieces = {key: self._amount(key) for key in classes}
        if None in pieces.values():
            return None
        products = {self._product(key, task) for key in (*things, *classes)}
        product = products.pop() if len(products) == 1 else None
        is_named = all(product_of(key) for key in (*things, *classes))
        inputs: list[str] = []
        amounts: list[Quantity] = []
        made = len(things) + sum((each for each in pieces.values() if each), Decimal(0))
        for number, key in enumerate(task.opened):
            if not self._is_class(key):
                inputs.append(uri_of(key))
                continue
            unit = self._unit(key)
            used = Decimal(made)
            if unit:
                total = self._in_unit(self._material(things, pieces, task), key)
                used = share(total, len(task.opened), number)
            amounts.append(Quantity(uri_of(key), used or None, unit or None))
        return self._event(
            "TransformationEvent",
            None,
            inputs=tuple(inputs),
            input_quantities=tuple(amounts),
            outputs=_uris(things),
            output_quantities=self._quantities(classes),
            ilmd={PRODUCT: uri_of(product)} if product and not is_named else {},
            orders=orders,
        )

    def _material(
        self, things: Iterable[str], pieces: Mapping[str, Decimal | None], task: Task
    ) -> Decimal:
        """Add up what the pieces take of their material; zero if no product says it."""
        total = Decimal(0)
        for key, count in {**dict.fromkeys(things, Decimal(1)), **pieces}.items():
            product = self.cache.master.products.get(self._product(key, task) or "")
            if product is None or product.amount_each is None or count is None:
                return Decimal(0)
            total += product.amount_each * count
        return total

    def _in_unit(self, amount: Decimal, key: str) -> Decimal:
        """Say what pieces take in the unit of a roll's own label; zero where no length says it."""
        kind = self.flow.kind_of(key)
        said, unit = (kind.unit if kind is not None else ""), self._unit(key)
        if said == unit:
            return amount
        if (said, unit) == ("MTR", "YRD"):
            return (amount / METRES_IN_YARD).quantize(_MILLI)
        return Decimal(0)

    def _product(self, key: str, task: Task) -> str | None:
        """Return the product of a thing: its own, its ticket's, or that of the opened ticket."""
        found = product_of(key)
        if found:
            return found
        for each in (key, *task.opened):
            ticket = self.cache.master.tickets.get(each)
            if ticket is not None:
                return ticket.product
        return None

    def _seen_by_reason(self, sightings: Iterable[Sighting]) -> list[Event]:
        by_reason: dict[Why, list[str]] = {}
        for each in sightings:
            why = self.closed.reasons.get(each.key, "unknown")
            by_reason.setdefault(why, []).append(each.key)
        return [event for why, keys in by_reason.items() for event in self._seen(why, keys)]

    def _seen_others(self, keys: Iterable[str], verdict: Verdict) -> list[Event]:
        elsewhere = {each.key for each in verdict.others if each.belongs_to}
        listed = list(keys)
        if not verdict.cartons:
            return self._seen("loose", listed)
        wrong = self._seen("other-carton", [key for key in listed if key in elsewhere])
        return wrong + self._seen("too-many", [key for key in listed if key not in elsewhere])

    def _seen(self, why: Why, keys: Sequence[str], verdict: Verdict | None = None) -> list[Event]:
        """Write that things were here, and nothing more: neither step nor place is said."""
        events = []
        parts = split(keys)
        for number, part in enumerate(parts, start=1):
            things = [key for key in part if not self._is_class(key)]
            classes = [key for key in part if self._is_class(key)]
            event = Event(
                type="ObjectEvent",
                event_time=0,
                offset="+00:00",
                action="OBSERVE",
                epcs=_uris(things),
                quantities=tuple(Quantity(uri_of(key)) for key in classes),
                read_point=self._read_point(),
                extensions=self._extensions(verdict) | {REASON: why},
            )
            events.append(self._with_part(event, number, len(parts)))
        return events

    def _event(
        self,
        event_type: str,
        action: str | None,
        *,
        epcs: tuple[str, ...] = (),
        quantities: tuple[Quantity, ...] = (),
        parent: str | None = None,
        children: tuple[str, ...] = (),
        child_quantities: tuple[Quantity, ...] = (),
        inputs: tuple[str, ...] = (),
        input_quantities: tuple[Quantity, ...] = (),
        outputs: tuple[str, ...] = (),
        output_quantities: tuple[Quantity, ...] = (),
        ilmd: Mapping[str, Tree] | None = None,
        orders: Iterable[str | None] = (),
        verdict: Verdict | None = None,
    ) -> Event:
        event = Event(
            type=event_type,
            event_time=0,
            offset="+00:00",
            action=action,
            epcs=epcs,
            quantities=quantities,
            parent=parent,
            children=children,
            child_quantities=child_quantities,
            inputs=inputs,
            input_quantities=input_quantities,
            outputs=outputs,
            output_quantities=output_quantities,
            read_point=self._read_point(),
            place=uri_of(self.post.place) if self.post.place else None,
            ilmd=ilmd or {},
            extensions=self._extensions(verdict),
        )
        named = {each for each in orders if each is not None}
        documents = (uri_of(f"//{self.cache.namespace}/bt/{each}") for each in named)
        return at_stage(event, self.stage, documents)

    def _read_point(self) -> str | None:
        return uri_of(self.post.read_point) if self.post.read_point else None

    def _extensions(self, verdict: Verdict | None) -> dict[str, Tree]:
        visit = self.closed.visit
        readers = sorted({name for each in visit.sightings for name in each.readers})
        members: dict[str, Tree] = {READER: ", ".join(readers)} if readers else {}
        members |= {
            PASS: f"{self.post.name} {visit.started_at:%Y%m%dT%H%M%S.%fZ}",
        }
        if self.closed.way is not None:
            members[DIRECTION] = self.closed.way
        if verdict is not None:
            members[VERDICT] = verdict.state
            if verdict.missing:
                members[MISSING] = [uri_of(each.key) for each in verdict.missing[:MISSING_MAX]]
        return members

    @staticmethod
    def _with_part(event: Event, number: int, parts: int) -> Event:
        if parts == 1:
            return event
        return replace(event, extensions={**event.extensions, PART: f"{number} of {parts}"})

    def _is_class(self, key: str) -> bool:
        kind = self.flow.kind_of(key)
        if kind is not None:
            return kind.form != "thing"
        return "/10/" in key or "/class/" in key or (key.startswith("/01/") and "/21/" not in key)

    def _unit(self, key: str) -> str:
        roll = self.cache.master.rolls.get(key)
        if roll is not None and roll.unit:
            return roll.unit
        kind: Kind | None = self.flow.kind_of(key)
        return kind.unit if kind else ""

    def _amount(self, key: str) -> Decimal | None:
        """Return how much a lot says it is: pieces of its ticket, metres of its label."""
        ticket = self.cache.master.tickets.get(key)
        if ticket is not None:
            return ticket.pieces
        roll = self.cache.master.rolls.get(key)
        return roll.amount if roll else None

    def _quantities(self, keys: Iterable[str]) -> tuple[Quantity, ...]:
        return tuple(
            Quantity(uri_of(key), self._amount(key), self._unit(key) or None) for key in keys
        )


def _uris(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(uri_of(key) for key in keys)
