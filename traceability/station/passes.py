"""From what several readers of one station say to closed passes: whose work is it, is it complete.

A table has work in hand: the ticket or carton scanned last. A gate has cartons that pass. Which
of the two a station is, and for which kinds of things, the flow says. Nothing here knows a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from readers.reads import CardRead, Input, Received, Scan, TagRead
from traceability.errors import InvalidIdentifier
from traceability.flow import Flow, Work
from traceability.gs1 import identify, key_of_epc, product_of
from traceability.observation.direction import Beam, Passage
from traceability.observation.passes import ClosedBy, Pass, PassBuilder, PassRules, Sight, Stray
from traceability.station.blank import BlankTags
from traceability.station.cache import Cache
from traceability.station.cards import HeldCards, printed
from traceability.station.gate_settings import GateSettings
from traceability.station.gate_watch import GateWatch
from traceability.station.interpret import Closed, Post, Task, Why
from traceability.station.two_codes import differing
from traceability.station.verdict import READY, Other, Verdict, find_cartons, is_readable, judge

OPEN_S = 1_800
"""Work in hand is laid down after half an hour without a read: nobody sews a bundle overnight."""
ATTEMPTS_MAX = 1_000
FOREIGN_MAX = 50
"""Things of others that came by lately; the screen shows a few of them."""


@dataclass(frozen=True, slots=True)
class InHand:
    """The work that a table has open."""

    context: str
    task: Task
    done: int
    """Things taken under it so far."""
    expected: int | None
    """Things it should come to; None if nobody knows."""
    at: datetime
    """Time of the last scan or read under it."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How often a carton came to the end of a pass here, and what was read of it."""

    count: int
    seen: frozenset[str]
    at: datetime
    state: str


class StationPasses:
    """Turns one station's reads into closed passes. Owned by one thread."""

    def __init__(
        self, post: Post, rules: PassRules, cache: Cache, gate: GateSettings | None = None
    ) -> None:
        self.post = post
        self.cache = cache
        self.watch = GateWatch(gate or GateSettings())
        """What a gate notices beside the tags: ways, strays, what it misses."""
        self.wants_refresh = False
        """True after something was read that a newer cache might know."""
        self.in_hand: InHand | None = None
        works = post.stage.works
        is_once = any(work.event == "TransformationEvent" for work in works)
        self._builder = PassBuilder(replace(rules, is_once=is_once))
        self._gate = next((work for work in works if work.carries), None)
        self._tasks: dict[str, Task] = {}
        self._reasons: dict[str, Why] = {}
        self._verdict: Verdict = READY
        self._is_stale = False
        self._seen: set[str] = set()
        self._contents: set[str] = set()
        self._left: set[str] = set()
        self._attempts: dict[str, _Attempt] = {}
        self._blank = BlankTags()
        self._cards = HeldCards()
        self._foreign: dict[str, Stray] = {}

    @property
    def deadline(self) -> datetime | None:
        """When the open pass closes if nothing more is read."""
        moments = (self._builder.deadline, self.watch.deadline)
        return min((each for each in moments if each is not None), default=None)

    @property
    def builder(self) -> PassBuilder:
        """What is lying here and what is being read, for the screen."""
        return self._builder

    def hear(self, received: Received) -> list[Closed]:
        """Take in one read, scan or input; give the passes that it closes, in order."""
        at = received.at
        value = received.value
        if isinstance(value, Input):
            return self.beam(at, received.reader, value.pin, is_high=value.is_high)
        closed = self.advance(at)
        if isinstance(value, TagRead):
            key = key_of_epc(value.epc)
            is_blank = self._blank.see(key, value)
            key = self.cache.master.aliases.get(key, key)
            sight = Sight(
                at,
                key,
                received.reader,
                antenna=value.antenna,
                rssi_dbm=value.rssi_dbm,
                read_count=received.count,
            )
        elif isinstance(value, CardRead) and not self._cards.is_act(received.reader, value, at):
            return closed
        elif isinstance(value, Scan | CardRead):
            key, is_blank = scan_key(value, self.cache), False
            key = self.cache.master.aliases.get(key, key)
            sight = Sight(at, key, received.reader, is_scan=True)
        else:
            return closed
        if key in self.cache.master.strays:
            self._meet_stray(sight)
            return closed
        if is_blank:
            # It keeps a pass open like any tag, but nothing is ever decided by it.
            self._builder.see(sight)
            return closed
        if self._gate is not None:
            return closed + self._pass_gate(sight)
        return closed + self._come_to_table(sight)

    @property
    def strays(self) -> tuple[Stray, ...]:
        """What lies near the antenna, and what came by that is known not to be ours."""
        return (*self.watch.standing(), *self._builder.strays, *self._foreign.values())

    def beam(self, at: datetime, reader: str, pin: int, *, is_high: bool) -> list[Closed]:
        """Take in a change of an input; one at which no photo-eye hangs means nothing."""
        closed = self.advance(at)
        side = self.watch.settings.eye_of(reader, pin)
        if side and self._gate is not None:
            is_broken = is_high != self.watch.settings.eyes_break_low
            self.watch.beam(Beam(at, side, is_broken))
        return closed

    def _meet_stray(self, sight: Sight) -> None:
        before = self._foreign.pop(sight.key, None)
        count = sight.read_count + (before.read_count if before is not None else 0)
        self._foreign[sight.key] = Stray(sight.key, count, sight.at)
        while len(self._foreign) > FOREIGN_MAX:
            self._foreign.pop(next(iter(self._foreign)))

    def advance(self, at: datetime) -> list[Closed]:
        """Close what is over at `at`."""
        visit = self._builder.advance(at)
        closed = self._end(visit) if visit is not None else []
        passage = self.watch.advance(at)
        return closed + self._end_bare(passage) if passage is not None else closed

    def flush(self, at: datetime, by: ClosedBy = "stop") -> list[Closed]:
        """Close the open pass now, because the station stops."""
        return self._close(by, at)

    @property
    def verdict(self) -> Verdict:
        """Of the live set at a gate; what the last pass came to if none is open."""
        if self._is_stale:
            assert self._gate is not None
            earlier, attempt = self._before(self._builder.last_at)
            self._verdict = judge(
                self._seen | earlier, self.cache, self._gate, is_closed=False, attempt=attempt + 1
            )
            self._is_stale = False
        return self._verdict

    def recheck(self) -> list[Closed]:
        """Judge the live set again after a newer cache has come."""
        at = self._builder.last_at
        if self._gate is None or at is None or not self._seen:
            return []
        self._is_stale = True
        self._plan()
        return self._close("complete", at) if self.verdict.state == "PASS" else []

    # --- gates -----------------------------------------------------------------------------

    def _pass_gate(self, sight: Sight) -> list[Closed]:
        if self.watch.is_standing(sight):
            return []
        is_found = self._builder.see(sight)
        if not sight.is_scan and self._builder.is_open(sight.key):
            self.watch.note(sight)
        if not is_found:
            return []
        self._seen.add(sight.key)
        self._is_stale = True
        # A whole verdict costs a look at every content; hundreds of tags a second need only know
        # whether one is still waited for.
        if sight.key in self._contents:
            self._left.discard(sight.key)
        else:
            self._plan()
        if not self._left and self.verdict.state == "PASS" and not self.watch.settings.tells_way:
            # Which way it goes is only known when it is through; the screen says PASS meanwhile.
            return self._close("complete", sight.at)
        return []

    def _plan(self) -> None:
        """Find the cartons that are here, and what of their contents is still waited for."""
        flow = self.cache.flow
        assert flow is not None
        assert self._gate is not None
        boxes = find_cartons(self._seen, self.cache, flow, self._gate)
        contents = [each for box in boxes for each in box.contents]
        self._contents = {each.key for each in contents}
        earlier, _ = self._before(self._builder.last_at)
        readable = {each.key for each in contents if is_readable(each, self.cache, flow)}
        self._left = readable - self._seen - earlier
        known = {box.key for box in boxes}
        kinds = {key: flow.kind_of(key) for key in self._seen - known - self._contents}
        if not contents or any(kind and kind.name in self._gate.carries for kind in kinds.values()):
            self.wants_refresh = True

    def _before(self, at: datetime | None) -> tuple[frozenset[str], int]:
        """Return what earlier visits read of the cartons that are here, and how many they were."""
        flow = self.cache.flow
        assert flow is not None
        assert self._gate is not None
        boxes = [box.key for box in find_cartons(self._seen, self.cache, flow, self._gate)]
        tries = [self._attempts[key] for key in boxes if key in self._attempts]
        window = timedelta(seconds=self._builder.rules.merge_s)
        tries = [each for each in tries if at is None or at - each.at <= window]
        seen = frozenset(key for each in tries for key in each.seen)
        return seen, max((each.count for each in tries), default=0)

    def _end_at_gate(self, visit: Pass) -> list[Closed]:
        assert self._gate is not None
        labels = {key for key in self._seen if key in self.cache.cartons}
        noticed = self.watch.end(visit, self._contents | labels)
        visit = noticed.visit
        for key in noticed.strays:
            self._builder.forget(key)
        blank = self._blank.among(visit.sightings)
        seen = {each.key for each in visit.sightings} - blank.keys()
        if not seen:
            self._seen, self._contents, self._left = set(), set(), set()
            self._is_stale = False
            return self._end_blank(visit, blank)
        self._seen = seen
        earlier, count = self._before(visit.ended_at)
        verdict = judge(seen | earlier, self.cache, self._gate, is_closed=True, attempt=count + 1)
        was_passed = all(
            key in self._attempts and self._attempts[key].state == "PASS" for key in verdict.cartons
        )
        self._seen = set()
        self._contents, self._left = set(), set()
        self._is_stale = False
        if verdict.cartons and was_passed and earlier >= seen:
            # The carton that has just passed comes again: nothing new for the ledger. But whoever
            # pushes it a second time did not see its PASS, and waits for an answer.
            self._verdict = verdict
            return [
                Closed(
                    visit,
                    gate=self._gate,
                    verdict=verdict,
                    earlier=earlier,
                    is_repeat=True,
                    blank=blank,
                    way=noticed.way,
                )
            ]
        for key in verdict.cartons:
            self._attempts.pop(key, None)
            self._attempts[key] = _Attempt(
                count + 1, frozenset(seen | earlier), visit.ended_at, verdict.state
            )
        while len(self._attempts) > ATTEMPTS_MAX:
            self._attempts.pop(next(iter(self._attempts)))
        self._verdict = verdict
        return [
            Closed(
                visit,
                gate=self._gate,
                verdict=verdict,
                earlier=earlier,
                blank=blank,
                way=noticed.way,
            )
        ]

    def _end_bare(self, passage: Passage) -> list[Closed]:
        """End a passage in which the photo-eyes saw something and no antenna heard a tag."""
        if self._gate is None:
            return []
        visit = Pass(passage.begun_at, passage.ended_at, passage.ended_at, "quiet", (), ())
        self._verdict = Verdict("UNKNOWN", reason="no-tag")
        return [Closed(visit, gate=self._gate, verdict=self._verdict, way=passage.way)]

    def _end_blank(self, visit: Pass, blank: Mapping[str, int]) -> list[Closed]:
        """End a pass in which nothing was read but tags that were never written."""
        if not blank:
            return []
        others = tuple(Other(key, key, None, is_ours=False) for key in blank)
        count = sum(blank.values())
        self._verdict = Verdict("UNKNOWN", count=count, others=others, reason="blank")
        return [Closed(visit, gate=self._gate, verdict=self._verdict, blank=blank)]

    # --- tables ----------------------------------------------------------------------------

    def _come_to_table(self, sight: Sight) -> list[Closed]:
        flow = self.cache.flow
        assert flow is not None, "a station without a flow hears nothing"
        self._lay_down(sight.at)
        kind = flow.kind_of(sight.key)
        name = kind.name if kind else ""
        for number, work in enumerate(self.post.stage.works):
            if not self._applies(work, sight.key):
                continue
            if name in work.opens:
                return self._open(number, work, sight)
            if name not in work.takes:
                continue
            if not work.opens:
                return self._take(sight, f"{number}|", Task(work))
            if self._fits(number, sight.key):
                assert self.in_hand is not None
                return self._take(sight, self.in_hand.context, self.in_hand.task)
        self._reasons[sight.key] = self._why(sight.key, name)
        self._builder.see(sight)
        return []

    def _applies(self, work: Work, key: str) -> bool:
        if not work.marked:
            return True
        order = self.cache.master.orders.get(self.cache.order_of(key) or "")
        return order is not None and order.marked in work.marked

    def _open(self, number: int, work: Work, sight: Sight) -> list[Closed]:
        """Take a ticket, roll or carton as the work that follows belongs to."""
        before = self.in_hand
        if before is not None and sight.key in before.task.opened:
            # Scanned again to be sure; with nothing done yet it may also end a lay of many rolls.
            self.in_hand = replace(before, at=sight.at)
            return []
        closed = self._close("next", sight.at)
        opened: tuple[str, ...] = (sight.key,)
        if before is not None and work.opens_many and before.task.work == work and not before.done:
            opened = (*before.task.opened, sight.key)
        if self.cache.order_of(sight.key) is None:
            self.wants_refresh = True
        context = f"{number}|{'|'.join(opened)}"
        self._builder.begin(context)
        self.in_hand = InHand(context, Task(work, opened), 0, self._expected(opened), sight.at)
        return closed

    def _expected(self, opened: tuple[str, ...]) -> int | None:
        """Return how many things the opened ticket stands for, if it says it in whole pieces."""
        ticket = self.cache.master.tickets.get(opened[0]) if len(opened) == 1 else None
        pieces = ticket.pieces if ticket else None
        return int(pieces) if pieces is not None and pieces == pieces.to_integral_value() else None

    def _fits(self, number: int, key: str) -> bool:
        """Tell whether a thing can belong to the work in hand: its rule, its product."""
        hand = self.in_hand
        if hand is None or not hand.context.startswith(f"{number}|"):
            return False
        ticket = self.cache.master.tickets.get(hand.task.opened[0])
        wanted, found = (ticket.product if ticket else None), product_of(key)
        return wanted is None or found is None or found == wanted

    def _take(self, sight: Sight, context: str, task: Task) -> list[Closed]:
        if not self._builder.see(replace(sight, context=context)):
            return []
        self._tasks[context] = task
        if sight.key.startswith("//") and self.cache.order_of(sight.key) is None:
            self.wants_refresh = True
        hand = self.in_hand
        if hand is not None and hand.context == context:
            is_new = self._builder.is_new(sight.key)
            hand = replace(hand, done=hand.done + is_new, at=sight.at)
            self.in_hand = hand
            if task.work.each:
                return self._close("each", sight.at)
            if hand.expected is not None and hand.done >= hand.expected:
                self.in_hand = None
                return self._close("complete", sight.at)
        elif task.work.each:
            return self._close("each", sight.at)
        return []

    def _why(self, key: str, kind_name: str) -> Why:
        if not kind_name:
            return "unknown"
        takers = [work for work in self.post.stage.works if kind_name in work.takes]
        if not takers:
            return "not-expected-here"
        return "nothing-open" if self.in_hand is None else "other-product"

    def _lay_down(self, at: datetime) -> None:
        if self.in_hand is not None and at - self.in_hand.at > timedelta(seconds=OPEN_S):
            self.in_hand = None

    # --- both ------------------------------------------------------------------------------

    def _close(self, by: ClosedBy, at: datetime) -> list[Closed]:
        visit = self._builder.close(by, at)
        return self._end(visit) if visit is not None else []

    def _end(self, visit: Pass) -> list[Closed]:
        if self._gate is not None:
            return self._end_at_gate(visit)
        used = {each.context for each in visit.sightings}
        closed = Closed(
            visit,
            tasks={name: task for name, task in self._tasks.items() if name in used},
            reasons=dict(self._reasons),
            blank=self._blank.among(visit.sightings),
            differing=differing(visit.sightings, self.cache.namespace),
        )
        self._tasks.clear()
        self._reasons.clear()
        return [closed] if visit.new else []

    # --- surviving a restart -------------------------------------------------------------------

    def snapshot(self) -> dict[str, object]:
        """Return the work in hand as JSON, so that a restarted station goes on with it."""
        hand = self.in_hand
        if hand is None:
            return {}
        return {
            "context": hand.context,
            "opened": list(hand.task.opened),
            "done": hand.done,
            "expected": hand.expected,
            "at": hand.at.isoformat(),
        }

    def restore(
        self, snapshot: Mapping[str, object], known: Iterable[tuple[str, datetime, str]]
    ) -> None:
        """Go on where a station of the same stage stopped.

        Args:
            snapshot: What `snapshot` gave.
            known: Key, time and context of what has made its event already.
        """
        for key, at, under in known:
            self._builder.remember(key, at, under)
        context, opened = snapshot.get("context"), snapshot.get("opened")
        if not isinstance(context, str) or not isinstance(opened, list):
            return
        works = self.post.stage.works
        number = int(context.partition("|")[0])
        if number >= len(works) or not works[number].opens:
            return  # The flow was changed meanwhile: the work is opened anew.
        done, expected = snapshot.get("done"), snapshot.get("expected")
        self.in_hand = InHand(
            context,
            Task(works[number], tuple(map(str, opened))),
            done if isinstance(done, int) else 0,
            expected if isinstance(expected, int) else None,
            datetime.fromisoformat(str(snapshot.get("at"))),
        )


def scan_key(said: Scan | CardRead, cache: Cache) -> str:
    """Return the key of what a label says, or of the number printed on a card.

    A label without a GS1 meaning is one of the workshop's own; the patterns of the flow say
    whether it names one thing or a counted class.
    """
    scan = Scan(printed(said), None) if isinstance(said, CardRead) else said
    flow: Flow | None = cache.flow
    try:
        found = identify(scan.message, form="scan", namespace=cache.namespace).key
    except InvalidIdentifier:
        found = None
    prefix = f"//{cache.namespace}/obj/"
    if found is None:
        # Unreadable as anything: kept as what it says, so that a person can look at it.
        text = "".join(letter if letter.isprintable() else "·" for letter in scan.text).strip()
        found = prefix + (text[:80].strip() or "·")
    if flow is not None and found.startswith(prefix):
        return flow.local_key(found.removeprefix(prefix), cache.namespace) or found
    return found
