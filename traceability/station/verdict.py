"""What a gate says to the person in front of it: go, again, stop, and why.

The verdict follows from what was read and what the station has cached, so it needs no network. It
is asked on the live set after every new tag and once more when the pass is closed.

| what was read                                      | live       | closed, 1st time | 2nd  |
|----------------------------------------------------|------------|------------------|------|
| nothing                                            | READY      | READY            |      |
| anything held, or a carton that holds such         | HOLD       | HOLD             | HOLD |
| all that the carton should hold and can be read    | PASS       | PASS             | PASS |
| less                                               | READING    | READ AGAIN       | STOP |
| a thing of another carton, or one too many of ours | READING    | STOP             | STOP |
| no carton, or one whose contents nobody told       | READING    | UNKNOWN          |      |

Tags that belong to nobody here (a visitor's jacket) never spoil a verdict: they are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from traceability.flow import Flow, Work
from traceability.station.cache import Cache, Carton, Content, Hold

State = Literal["READY", "READING", "PASS", "READ AGAIN", "STOP", "UNKNOWN", "HOLD"]
Reason = Literal["missing", "too-many", "other-carton", "not-known", "held", "blank", "no-tag"]


@dataclass(frozen=True, slots=True)
class Missing:
    """A thing that should be here and was not read."""

    key: str
    name: str
    place: str | None
    """Where it was last seen, by name."""
    seen_at: str | None


@dataclass(frozen=True, slots=True)
class Other:
    """A thing that was read and does not belong to the carton."""

    key: str
    name: str
    belongs_to: str | None
    """Key of the carton that it should lie in; None if no carton misses it."""
    is_ours: bool
    """False for what no product of ours explains."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One screen's worth of decision."""

    state: State
    count: int = 0
    """Things of the carton that were read."""
    expected: int | None = None
    """Things of the carton that a reader can read; None if nobody knows."""
    cartons: tuple[str, ...] = ()
    order: str | None = None
    destination: str | None = None
    missing: tuple[Missing, ...] = ()
    others: tuple[Other, ...] = ()
    reason: Reason | None = None
    hold: Hold | None = None

    @property
    def is_final(self) -> bool:
        """True if nothing that may still be read would make it better."""
        return self.state in ("PASS", "HOLD")


READY = Verdict("READY")


def judge(
    seen: Collection[str], cache: Cache, work: Work, *, is_closed: bool, attempt: int = 1
) -> Verdict:
    """Decide what a gate shows.

    Args:
        seen: Keys read in this visit, and in the visits before it that this one repeats.
        cache: What the station knows; its flow says which keys are cartons.
        work: The stage's rule with the kinds that are carried and taken.
        is_closed: False while tags are still coming in.
        attempt: How often this carton has come to the end of a pass, from 1.
    """
    if not seen:
        return READY
    flow = cache.flow
    assert flow is not None, "a station without a flow judges nothing"
    boxes = find_cartons(seen, cache, flow, work)
    held = _held(seen, boxes, cache)
    contents = {each.key: each for box in boxes for each in box.contents}
    readable = {key for key, each in contents.items() if is_readable(each, cache, flow)}
    read = readable & set(seen)
    labels = {key for key in seen if _is_carried(key, flow, work)}
    others = _others(set(seen) - set(contents) - labels, cache)
    # A carton that is announced, but of which nobody has said what is in it, tells nothing.
    told = bool(boxes) and labels <= {box.key for box in boxes if box.contents}
    facts = _Facts(
        count=len(read) if told and readable else len(seen) if not told else len(boxes),
        expected=(len(readable) or len(boxes)) if told else None,
        cartons=tuple(sorted(labels | {box.key for box in boxes})),
        orders={box.order or cache.order_of(box.key) for box in boxes},
        destinations={box.destination for box in boxes},
    )
    missing = tuple(
        Missing(key, each.name or cache.name_of(key), each.place_name, each.seen_at)
        for key, each in sorted(contents.items())
        if key in readable - read
    )
    if held is not None:
        return facts.verdict("HOLD", (), others, "held", held)
    ours = [each for each in others if each.is_ours]
    if told and not missing and not ours:
        return facts.verdict("PASS", (), others, None)
    if not is_closed:
        return facts.verdict("READING", missing, others, None)
    if not told:
        return facts.verdict("UNKNOWN", (), others, "not-known")
    if ours:
        wrong = any(each.belongs_to for each in ours)
        return facts.verdict("STOP", missing, others, "other-carton" if wrong else "too-many")
    return facts.verdict("READ AGAIN" if attempt <= 1 else "STOP", missing, others, "missing")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What every verdict of one visit says, whatever it decides."""

    count: int
    expected: int | None
    cartons: tuple[str, ...]
    orders: Collection[str | None]
    destinations: Collection[str | None]

    def verdict(
        self,
        state: State,
        missing: tuple[Missing, ...],
        others: tuple[Other, ...],
        reason: Reason | None,
        hold: Hold | None = None,
    ) -> Verdict:
        return Verdict(
            state=state,
            count=self.count,
            expected=self.expected,
            cartons=self.cartons,
            order=next(iter(self.orders)) if len(self.orders) == 1 else None,
            destination=next(iter(self.destinations)) if len(self.destinations) == 1 else None,
            missing=missing,
            others=others,
            reason=reason,
            hold=hold,
        )


def find_cartons(seen: Collection[str], cache: Cache, flow: Flow, work: Work) -> tuple[Carton, ...]:
    """Find the cartons that pass: by their labels, or by most of what was read.

    Where no label was read, a carton is taken to be here if it holds more than half of the things
    that belong to any carton: one forgotten label must not stop forty garments.
    """
    labelled = [cache.cartons[key] for key in sorted(seen) if key in cache.cartons]
    if labelled or any(_is_carried(key, flow, work) for key in seen):
        return tuple(labelled)
    votes = Counter(cache.carton_of[key] for key in seen if key in cache.carton_of)
    if not votes:
        return ()
    key, count = min(votes.items(), key=lambda pair: (-pair[1], pair[0]))
    return (cache.cartons[key],) if count * 2 > votes.total() else ()


def is_readable(content: Content, cache: Cache, flow: Flow) -> bool:
    """Tell whether a reader of tags can see a content at all.

    Lots and garments of orders that are counted or carry printed codes are in the carton by the
    word of the packing table; nobody waits for a tag that does not exist.
    """
    kind = flow.kind_of(content.key)
    if kind is not None and kind.form != "thing":
        return False
    order = cache.master.orders.get(content.order or "")
    return order is None or order.marked in ("", "rfid")


def _is_carried(key: str, flow: Flow, work: Work) -> bool:
    kind = flow.kind_of(key)
    return kind is not None and kind.name in work.carries


def _held(seen: Collection[str], boxes: Collection[Carton], cache: Cache) -> Hold | None:
    holds: Mapping[str, Hold] = cache.holds
    if not holds:
        return None
    inside = (each.key for box in boxes for each in box.contents)
    for key in sorted({*seen, *(box.key for box in boxes), *inside}):
        if key in holds:
            return holds[key]
    return None


def _others(keys: Collection[str], cache: Cache) -> tuple[Other, ...]:
    return tuple(
        Other(
            key,
            cache.name_of(key),
            cache.carton_of.get(key),
            key in cache.carton_of or is_ours(key, cache),
        )
        for key in sorted(keys)
    )


def is_ours(key: str, cache: Cache) -> bool:
    """Tell whether a key can be one of this workshop's: a product it knows, or a local label."""
    if key.startswith("//"):
        return key.startswith(f"//{cache.namespace}/")
    parts = key.split("/")
    if key.startswith("/01/"):
        return "/".join(parts[:3]) in cache.master.products
    return key in cache.cartons
