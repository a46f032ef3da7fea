"""Turns what was seen into what is kept: events with their ids, gaps with their times, in order.

This is the one place where the counter of a station goes up. What it returns from is durable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from readers.reads import LineDown, LineUp
from traceability.epcis import body
from traceability.epcis.event import Event
from traceability.epcis.event_ids import station_event_id
from traceability.epcis.vocabulary import RECORDING
from traceability.observation.passes import Pass
from traceability.station.cache import Cache
from traceability.station.interpret import Closed, Post, interpret
from traceability.station.live import spell_time
from traceability.station.passes import StationPasses
from traceability.station.spool import Element, Known, Spool

ALIVE_S = 5.0
"""How often a running station notes that it runs; a gap after a crash begins at the last note."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One closed pass and the events it made."""

    closed: Closed
    events: tuple[Event, ...]


class Keeper:
    """Writes one station's spool. Owned by the thread that reads."""

    def __init__(
        self,
        spool: Spool,
        post: Post,
        recorded: Callable[[Pass], Sequence[str]] = lambda _: (),
    ) -> None:
        """Write to `spool`.

        Args:
            spool: The station's own.
            post: Where the station stands.
            recorded: Says where a pass stands on the tapes of its readers.
        """
        self._spool = spool
        self._post = post
        self._recorded = recorded
        self._last_time = 0

    def keep(self, closed: Closed, passes: StationPasses, cache: Cache) -> Kept:
        """Interpret a pass and keep its events; durable when it returns.

        Raises:
            DatabaseBusy: If the disk does not take them: nothing has happened then, and the same
                call may be made again.
        """
        events = self._number(interpret(closed, cache, self._post, self._last_time))
        if events and (recorded := self._recorded(closed.visit)):
            events = tuple(
                replace(each, extensions={**each.extensions, RECORDING: list(recorded)})
                for each in events
            )
        last_time = events[-1].event_time if events else self._last_time
        self._spool.put(
            self._elements(events),
            snapshot=_snapshot(passes, last_time),
            known=[
                Known(one.key, one.last_seen_at, one.context)
                for one in closed.visit.sightings
                if one.is_new
            ],
        )
        self._last_time = last_time
        return Kept(closed, events)

    def remember_work(self, passes: StationPasses) -> None:
        """Keep what is in hand, so that a station that is killed goes on with it."""
        self._spool.put([], snapshot=_snapshot(passes, self._last_time))

    def resume(self, passes: StationPasses, at: datetime) -> None:
        """Take up what the station had in hand when it stopped."""
        window = timedelta(seconds=passes.builder.rules.merge_s)
        known = self._spool.known(at - window)
        snapshot = json.loads(self._spool.meta("snapshot") or "{}")
        self._last_time = int(snapshot.get("last_event_time") or 0)
        passes.restore(snapshot, [(each.key, each.at, each.context) for each in known])

    def line_down(self, down: LineDown) -> None:
        """Note that a reader cannot be heard."""
        self._spool.line_down(down.reader, down.at, down.reason)

    def line_up(self, up: LineUp) -> bool:
        """Note that a reader is heard again; True if a gap came out of it.

        Raises:
            DatabaseBusy: If the disk does not take the gap: the line counts as silent still.
        """
        since = self._spool.down_since(up.reader)
        if since is None:
            return False
        begun_at, reason = since
        self.gap(up.reader, begun_at, up.at, reason)
        return True

    def gap(self, reader: str, begun_at: datetime, ended_at: datetime, reason: str) -> None:
        """Keep that a reader could have spoken without being heard; it is heard from now on.

        Raises:
            DatabaseBusy: If the disk does not take it: nothing has happened then.
        """
        counter = self._spool.next_counter
        instant = int(ended_at.timestamp() * 1_000_000)
        tree = {
            "type": "gap",
            "reader": reader,
            "station": self._post.name,
            "from": spell_time(begun_at),
            "to": spell_time(max(begun_at, ended_at)),
            "reason": reason[:500],
        }
        name = station_event_id(instant, self._post.name, self._spool.epoch, counter)
        # One transaction ends the silence and tells of it: killed between two, it would be lost.
        self._spool.put([Element(counter, name, body.canonical(tree), "gap")], heard_again=reader)

    def begin(self, readers: Sequence[str], at: datetime) -> None:
        """Note that the station runs; what it missed while it did not is a gap of every reader."""
        alive = self._spool.meta("alive_at")
        if alive:
            begun_at = datetime.fromisoformat(alive)
            is_planned = self._spool.meta("stopped_well") == "yes"
            reason = "The station was stopped." if is_planned else "The station was not running."
            known = json.loads(self._spool.meta("readers") or "null")
            for reader in readers:
                # One that stands here since now has missed nothing here; and a station that only
                # begins anew, for another flow or title, is as good as never away.
                is_new = known is not None and reader not in known
                if not is_new and (not is_planned or (at - begun_at).total_seconds() > ALIVE_S):
                    self._spool.line_down(reader, begun_at, reason)
        self._spool.set_meta("readers", json.dumps(list(readers)))
        self._spool.set_meta("stopped_well", "no")
        self.alive(at)

    def alive(self, at: datetime) -> None:
        """Note that the station runs."""
        self._spool.set_meta("alive_at", at.isoformat())

    def end(self, at: datetime) -> None:
        """Note that the station was stopped on purpose."""
        self.alive(at)
        self._spool.set_meta("stopped_well", "yes")

    def _number(self, events: Sequence[Event]) -> tuple[Event, ...]:
        first = self._spool.next_counter
        return tuple(
            replace(
                event,
                event_id=station_event_id(
                    event.event_time, self._post.name, self._spool.epoch, first + number
                ),
            )
            for number, event in enumerate(events)
        )

    def _elements(self, events: Sequence[Event]) -> list[Element]:
        first = self._spool.next_counter
        return [
            Element(first + number, event.event_id, body.canonical(event.tree()))
            for number, event in enumerate(events)
        ]


def _snapshot(passes: StationPasses, last_time: int) -> str:
    return json.dumps({**passes.snapshot(), "last_event_time": last_time}, ensure_ascii=False)
