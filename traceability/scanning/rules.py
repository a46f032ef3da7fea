"""What a scan means at a step, and what the person is told: the flow's rules, worked off by hand.

Nothing here names a step. A kind that the step *opens* becomes the work in hand; a kind that it
*takes* is worked on, with what is open if the rule wants that; a kind that it *carries* passes with
its contents. Whatever does not fit is only seen, with a reason, and the answer says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from traceability.epcis.event import Event
from traceability.flow import Stage, Work
from traceability.gs1.local import LENGTH_MAX
from traceability.ledger.drafts import Draft
from traceability.projections.touches import Role
from traceability.projections.view import View
from traceability.projections.world import Item
from traceability.scanning import counts
from traceability.scanning.answer import Answer, Facts, Said, State
from traceability.scanning.desk import Desk, Scan
from traceability.scanning.meaning import Meaning, mean, takes_measured
from traceability.scanning.pieces import (
    MADE,
    first_marked,
    made_draft,
    order_of,
    piece_event,
    pieces_in,
    work_for,
)
from traceability.scanning.rolls import new_roll
from traceability.scanning.strangers import told
from traceability.scanning.things import (
    Thing,
    applies,
    first_at,
    holds_on,
    inside,
    last_touch,
    things,
)
from traceability.scanning.twice import said_before
from traceability.scanning.writing import (
    blank_event,
    counted,
    draft_of,
    seen,
    stood,
    without,
    work_event,
)

__all__ = ["Taken", "take"]

Outcome = tuple[Answer, Event]

AT_WORK_US = 2_000_000
"""Nothing that comes in is done within two seconds."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one scan comes to."""

    answer: Answer
    drafts: tuple[Draft, ...]
    """The scan's event last; before it what had to be entered for it."""


def take(view: View, desk: Desk, scan: Scan) -> Taken:
    """Decide what a scan means, what is written, and what the person is told.

    Args:
        view: The ledger as it was before the scan.
        desk: Where it was scanned, and what is open there.
        scan: The scan.
    """
    taking = _Taking(view, desk, scan)
    meaning = mean(view, desk.stage, scan.text)
    if scan.amount is not None and not meaning.found and takes_measured(view, desk.stage):
        answer, drafts = new_roll(view, desk, scan, {}, scan.amount)
        return Taken(answer, drafts)
    answer, event = taking.decide(meaning)
    if taking.made is not None:
        made = made_draft(desk, scan, taking.made)
        event = replace(event, extensions={**event.extensions, MADE: made.id})
        return Taken(answer, (made, draft_of(desk, scan, event, answer)))
    return Taken(answer, (draft_of(desk, scan, event, answer),))


class _Taking:
    """One scan on its way to an answer."""

    def __init__(self, view: View, desk: Desk, scan: Scan) -> None:
        self.view = view
        self.desk = desk
        self.scan = scan
        self.stage = desk.stage
        known = things(view, desk.opened)
        self.opened = [known[key] for key in desk.opened]
        self.made: Event | None = None
        """That a piece of this scan begins to be known: written before the scan's own event."""

    def decide(self, meaning: Meaning) -> Outcome:
        """Find the rule that the scan falls under."""
        if not meaning.found:
            return self._stranger(meaning)
        if len(meaning.found) > 1:
            keys = [one.key for one in meaning.found]
            return self._only_seen("unknown", "which", meaning.found[0], {"keys": keys})
        one = meaning.found[0]
        if one.entered == "person":
            return self._person(one)
        holds = holds_on(self.view, [one, *self.opened, *meaning.stopped])
        if holds:
            hold = holds[0]
            facts = {"hold": hold.id, "reason": hold.reason, "contact": hold.contact}
            return self._only_seen("hold", "held", one, facts)
        if one.is_piece:
            return self._piece(one)
        name = one.kind.name if one.kind is not None else ""
        wants: Work | None = None
        for work in self.stage.works:
            if not applies(self.view, work, one):
                continue
            if name in work.opens:
                return self._open(work, one)
            if name in work.carries:
                return self._carry(work, one)
            if name in work.takes:
                if work.carries:
                    return self._loose(work, one)
                if not work.opens:
                    return self._do(work, one)
                if self._fits(work):
                    return self._do_with(work, one)
                wants = wants or work
        if wants is not None:
            return self._only_seen("stop", "nothing-open", one, {"opens": list(wants.opens)})
        return self._elsewhere(one, name)

    # --- what nobody expects here --------------------------------------------------------

    def _stranger(self, meaning: Meaning) -> Outcome:
        state, said, facts = told(self.view, self.stage, meaning)
        key = meaning.stranger
        # A tag that nobody wrote stands for no thing, so its event names none.
        event = blank_event(self.desk.place, {key: 1}) if said == "blank" else None
        return self._answer(state, said, "", facts, seen_key=key, event=event)

    def _person(self, one: Thing) -> Outcome:
        if one.values.get("is_active", True) is False:
            return self._only_seen("unknown", "no-badge", one)
        answer, event = self._only_seen("ready", "person", one)
        return replace(answer, person=one.key), event

    def _elsewhere(self, one: Thing, name: str) -> Outcome:
        if one.entered in ("product", "order", "place") or (
            one.kind and one.kind.form != "thing" and one.kind.form != "lot"
        ):
            facts: dict[str, Any] = {"is": one.entered or "product"}
            is_product = facts["is"] == "product" and one.entered
            if is_product and work_for(self.view, self.stage, one) is not None:
                facts |= {"offers": ["garment"], "text": self.scan.text[:LENGTH_MAX]}
            return self._only_seen("unknown", "product", one, facts)
        stages = [
            stage.name
            for stage in self.view.flow.stages
            if any(name in (*w.opens, *w.takes, *w.carries) for w in stage.works)
        ]
        return self._only_seen("stop", "not-here", one, {"stages": stages})

    # --- opening -------------------------------------------------------------------------

    def _fits(self, work: Work) -> bool:
        names = {one.kind.name if one.kind is not None else "" for one in self.opened}
        return bool(names) and names <= set(work.opens)

    def _open(self, work: Work, one: Thing) -> Outcome:
        if not one.is_measured:
            refused = self._cannot_open(one)
            if refused is not None:
                return refused
        opened: tuple[str, ...] = (one.key,)
        said: Said = "opened"
        state: State = "ready"
        if one.key in self.desk.opened:
            opened, said = self.desk.opened, "opened-again"
        elif work.opens_many and self._fits(work) and all(map(self._is_untouched, self.opened)):
            opened = (*self.desk.opened, one.key)
        facts: dict[str, Any] = {"count": len(opened), "takes": list(work.takes)}
        if one.is_measured:
            lot = one.values.get("dye_lot")
            facts |= {"left": str(one.left), "unit": one.unit, "dye_lot": lot}
            if one.is_posted and one.left <= 0:
                state, said = "late", "used-up"
            elif not one.is_posted:
                state, said = "late", "not-booked"
                facts["stage"] = next(iter(self.stage.after), "")
        is_new = not one.is_class and one.item is None
        done, of, unit = counts.of_opened(self.view, one)
        answer = Answer(state, said, one.key, facts, done, of, unit, opened, self.desk.person)
        return answer, seen(self.desk, one, "opened", is_new=is_new)

    def _cannot_open(self, one: Thing) -> Outcome | None:
        if one.is_class:
            before = self._not_yet(one)
            if before is not None:
                return self._too_early(one, before)
            if one.is_posted and one.left <= 0:
                return self._already(one)
            return None
        if one.item is None or not inside(self.view, [one.item.item_no]):
            return None
        later = [
            stage
            for stage in self.view.flow.stages
            if stage.number > self.stage.number and one.is_done(stage)
        ]
        if not later:
            return None
        facts = {"stage": later[-1].name, "at": first_at(self.view, one.item, later[-1])}
        return self._only_seen("stop", "gone", one, facts)

    def _is_untouched(self, one: Thing) -> bool:
        """Say whether nothing was made of an opened thing since it was opened."""
        touch = last_touch(self.view, one)
        return touch is not None and touch["role"] == Role.SEEN and touch["stage_no"] is None

    # --- working -------------------------------------------------------------------------

    def _do(self, work: Work, one: Thing) -> Outcome:
        """Do the step with what comes alone: a roll comes in, a ticket is sewn."""
        if one.is_measured:
            return self._book(work, one)
        if one.is_done(self.stage):
            return self._already(one)
        before = self._not_yet(one)
        if before is not None:
            return self._too_early(one, before)
        if self._lacks_count(one):
            return self._only_seen("stop", "no-count", one)
        is_in = one.place == self.desk.place
        if work.in_and_out and (not is_in or self._has_just_come(one)):
            answer, _ = self._answer("ready", "came-in", one.key, self._pieces(one), one=one)
            return answer, stood(self.desk, one)
        facts = self._pieces(one)
        if work.in_and_out:
            facts["counts"] = True
        return self._done(work, [one], facts)

    def _has_just_come(self, one: Thing) -> bool:
        # A trigger pulled twice is no work done.
        touch = last_touch(self.view, one)
        return touch is not None and self.scan.at - touch["event_at"] < AT_WORK_US

    def _book(self, work: Work, one: Thing) -> Outcome:
        """Take in a roll: the first time by its label, again only to say how much is left."""
        if self.scan.amount is not None:
            said: Said = "recounted" if one.is_done(self.stage) else "done"
            event = counted(self.view, self.desk, work, one, self.scan.amount)
            amount = self.scan.amount
            said_now = {"amount": str(amount.quantity), "unit": amount.unit}
            return self._answer("pass", said, one.key, said_now, one=one, event=event)
        if one.is_done(self.stage):
            return self._already(one)
        if one.amount is None:
            return self._answer(
                "unknown", "no-roll", one.key, {"text": self.scan.text}, one=one, seen_key=one.key
            )
        lot = one.values.get("dye_lot")
        facts: dict[str, Any] = {"amount": str(one.amount), "unit": one.unit, "dye_lot": lot}
        event = work_event(self.view, self.desk, work, [one])
        return self._answer("pass", "done", one.key, facts, one=one, event=event)

    def _do_with(self, work: Work, one: Thing) -> Outcome:
        """Do the step under what is open: cut from the roll, put into the carton."""
        if work.event in ("AggregationEvent", "AssociationEvent"):
            refused = self._cannot_pack(one)
        else:
            refused = self._cannot_make(one)
        if refused is not None:
            return refused
        if self._lacks_count(one):
            return self._only_seen("stop", "no-count", one)
        before = self._not_yet(one)
        if before is not None:
            return self._too_early(one, before)
        if one.order is not None:
            others = counts.orders_in_work(self.view, work, self.opened) - {one.order}
            is_new = others and one.order not in counts.orders_in_work(self.view, work, self.opened)
            if is_new and not said_before(self.view, self.desk, self.scan, one, "other-order"):
                facts = {"order": one.order, "others": sorted(others)}
                return self._only_seen("stop", "other-order", one, facts)
        return self._done(work, [one], self._pieces(one))

    def _cannot_pack(self, one: Thing) -> Outcome | None:
        box = one.item.container_no if one.item is not None else None
        if box is None:
            return None
        mine = self.opened[0].item
        if mine is not None and mine.item_no == box:
            return self._already(one)
        keys = counts.keys_of(self.view, [box])
        return self._only_seen("stop", "other-carton", one, {"carton": keys[box]})

    def _cannot_make(self, one: Thing) -> Outcome | None:
        if one.is_done(self.stage):
            return self._already(one)
        if one.is_class:
            return None
        source = self.opened[0]
        if source.product and one.product and source.product != one.product:
            facts = {"product": one.product, "wanted": source.product}
            return self._only_seen("stop", "other-product", one, facts)
        if source.is_class and source.is_posted and source.left <= 0:
            return self._only_seen("stop", "too-many", one, {"ticket": source.key})
        return None

    def _done(self, work: Work, listed: Sequence[Thing], facts: dict[str, Any]) -> Outcome:
        """Write that the step is done, and tell how far the order is with it."""
        one = listed[0]
        event = work_event(self.view, self.desk, work, listed, self.opened if work.opens else ())
        state: State = "pass"
        said: Said = "done"
        over = counts.overfull(self.view, self.stage, one)
        if over is not None:
            state, said = "late", "overfull"
            facts = {**facts, "made": str(over[0]), "ordered": str(over[1])}
        if one.order is not None:
            facts = {**facts, "order": one.order}
        done, of, unit = counts.after(self.view, self.stage, one, self.opened if work.opens else [])
        answer = Answer(
            state, said, one.key, facts, done, of, unit, self.desk.opened, self.desk.person
        )
        return answer, event

    def _piece(self, one: Thing) -> Outcome:
        """Count one more piece of a product whose own code stands on every piece."""
        work = work_for(self.view, self.stage, one)
        if work is None:
            return self._elsewhere(one, "")
        if work.opens and not self._fits(work):
            return self._only_seen("stop", "nothing-open", one, {"opens": list(work.opens)})
        one = replace(one, order=order_of(self.view, work, one, self.opened))
        opened = self.opened if work.opens else []
        event = piece_event(self.view, self.desk, work, one, opened)
        facts: dict[str, Any] = {"order": one.order}
        done, unit = None, ""
        if work.opens:
            self.made = first_marked(self.view, self.desk, one)
            done, unit = pieces_in(self.view, self.opened[0].item) + 1, "pieces"
        answer, _ = self._answer("pass", "done", one.key, facts, event=event)
        return replace(answer, done=done, unit=unit), event

    # --- cartons that pass ---------------------------------------------------------------

    def _carry(self, work: Work, box: Thing) -> Outcome:
        if box.is_done(self.stage):
            return self._already(box)
        contents: list[Item] = []
        if box.item is not None:
            contents = inside(self.view, [box.item.item_no])
        if not contents:
            return self._only_seen("stop", "empty", box)
        orders = counts.orders_of(self.view, contents)
        box = replace(box, order=next(iter(orders)) if len(orders) == 1 else None)
        facts: dict[str, Any] = {"inside": len(contents)}
        if box.order is not None:
            facts["order"] = box.order
        before = [
            name
            for name in self.stage.after
            if (s := self.view.flow.stage(name)) is not None and box.is_done(s)
        ]
        state: State = "pass"
        short: list[dict[str, Any]] = []
        done = of = None
        if work.needs_pass:
            found = counts.missing(self.view, self.stage, orders)
            short, done, of = found.left_behind, found.done, found.of
            if found.coming:
                facts["coming"] = found.coming[: counts.SHOWN_MAX]
                facts["coming_count"] = len(found.coming)
            if short:
                facts["missing"] = short[: counts.SHOWN_MAX]
                facts["missing_count"] = len(short)
                if not said_before(self.view, self.desk, self.scan, box, "missing"):
                    answer, event = self._only_seen("stop", "missing", box, facts)
                    answer = replace(answer, done=done, of=of, unit="tickets" if of else "")
                    return answer, without(event, [each["key"] for each in short if "key" in each])
                state = "late"
        elif self.stage.after and not before:
            state = "late"
            facts["skipped"] = self.stage.after[0]
        event = work_event(self.view, self.desk, work, [box])
        event = without(event, [each["key"] for each in short if "key" in each])
        answer, _ = self._answer(state, "done", box.key, facts, event=event)
        return replace(answer, done=done, of=of, unit="tickets" if of else ""), event

    def _loose(self, work: Work, one: Thing) -> Outcome:
        """Answer a ticket or garment that comes to a gate by itself."""
        box = one.item.container_no if one.item is not None else None
        if one.is_done(self.stage):
            return self._already(one)
        if box is not None:
            keys = counts.keys_of(self.view, [box])
            return self._only_seen("stop", "loose", one, {"carton": keys[box]})
        if work.needs_pass:
            packing = counts.packing_stage(self.view, one)
            if packing is not None:
                return self._only_seen("stop", "loose", one, {"stage": packing.name})
            before = self._not_yet(one)
            if before is not None:
                return self._too_early(one, before)
        if self._lacks_count(one):
            return self._only_seen("stop", "no-count", one)
        return self._done(work, [one], self._pieces(one))

    # --- shared --------------------------------------------------------------------------

    def _not_yet(self, one: Thing) -> Stage | None:
        """Return the step that should have been before this one, if it was not."""
        name = one.kind.name if one.kind is not None else ""
        stages = [self.view.flow.stage(each) for each in self.stage.after]
        asked = [stage for stage in stages if stage is not None and name in stage.counts]
        if not asked or any(one.is_done(stage) for stage in asked):
            return None
        if one.is_adopted and (one.item is None or not one.item.stages_reached):
            return None
        return asked[0]

    def _too_early(self, one: Thing, before: Stage) -> Outcome:
        place = f"//{self.view.namespace}/loc/{before.name}"
        facts = {"stage": before.name, "is_in": one.place == place}
        return self._only_seen("stop", "not-before", one, facts)

    def _lacks_count(self, one: Thing) -> bool:
        return one.is_class and not one.is_posted and one.amount is None

    def _pieces(self, one: Thing) -> dict[str, Any]:
        if not one.is_class:
            return {}
        return {"pieces": str(one.left if one.is_posted else one.amount)}

    def _already(self, one: Thing) -> Outcome:
        facts: dict[str, Any] = {}
        if one.item is not None:
            facts["at"] = first_at(self.view, one.item, self.stage) or one.item.last_at
            if one.item.container_no is not None and not one.is_measured:
                box = one.item.container_no
                facts["carton"] = counts.keys_of(self.view, [box])[box]
        if one.is_measured:
            facts |= {"left": str(one.left), "unit": one.unit, "text": self.scan.text}
        return self._only_seen("again", "already", one, facts)

    def _only_seen(
        self, state: State, said: Said, one: Thing, facts: Facts | None = None
    ) -> Outcome:
        return self._answer(state, said, one.key, facts or {}, one=one)

    def _answer(
        self,
        state: State,
        said: Said,
        key: str,
        facts: Facts,
        *,
        one: Thing | None = None,
        seen_key: str = "",
        event: Event | None = None,
        done: int | None = None,
        of: int | None = None,
        unit: str = "",
    ) -> Outcome:
        answer = Answer(
            state,
            said,
            key,
            {name: value for name, value in facts.items() if value is not None},
            done,
            of,
            unit,
            self.desk.opened,
            self.desk.person,
        )
        if event is None:
            event = seen(self.desk, one if one is not None else seen_key, said)
        return answer, event
