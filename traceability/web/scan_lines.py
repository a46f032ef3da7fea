"""The sentences of a desk's answers: each says what to do next, in the page's language.

>>> sorted(WORDS)[:3]
['already', 'blank', 'bound']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from traceability.errors import InvalidIdentifier
from traceability.gs1 import identify
from traceability.projections.view import View, moment
from traceability.scanning.answer import Answer
from traceability.scanning.counts import number_of
from traceability.scanning.rolls import last_roll
from traceability.web.clock import now
from traceability.web.sentences import LazyString, lazy_gettext, ngettext
from traceability.web.sentences import gettext as _
from traceability.web.telling import as_title, named
from traceability.web.words import day, local, minute, quantity, titled

__all__ = ["WORDS", "Lines"]

WORDS: dict[str, LazyString] = {
    "done": lazy_gettext("Done"),
    "came-in": lazy_gettext("Came in"),
    "opened": lazy_gettext("Open"),
    "opened-again": lazy_gettext("Open"),
    "person": lazy_gettext("Welcome"),
    "already": lazy_gettext("Already done"),
    "other-order": lazy_gettext("Other order"),
    "other-carton": lazy_gettext("Other carton"),
    "other-product": lazy_gettext("Other product"),
    "too-many": lazy_gettext("Too many"),
    "not-before": lazy_gettext("Not yet"),
    "not-here": lazy_gettext("Not here"),
    "nothing-open": lazy_gettext("Nothing open"),
    "unknown": lazy_gettext("Unknown"),
    "blank": lazy_gettext("Empty tag"),
    "stray": lazy_gettext("Not ours"),
    "bound": lazy_gettext("Known now"),
    "codes-differ": lazy_gettext("Two codes"),
    "no-roll": lazy_gettext("New roll?"),
    "no-ticket": lazy_gettext("No ticket"),
    "no-badge": lazy_gettext("Who is it?"),
    "mistyped": lazy_gettext("Mistyped"),
    "product": lazy_gettext("Not one piece"),
    "which": lazy_gettext("Which one?"),
    "held": lazy_gettext("Hold"),
    "used-up": lazy_gettext("Used up"),
    "not-booked": lazy_gettext("Not taken in"),
    "overfull": lazy_gettext("Too many"),
    "missing": lazy_gettext("Stop"),
    "empty": lazy_gettext("Empty"),
    "gone": lazy_gettext("Has left"),
    "loose": lazy_gettext("Not packed"),
    "no-count": lazy_gettext("How many?"),
    "recounted": lazy_gettext("Counted"),
    "counted": lazy_gettext("Counted"),
    "undone": lazy_gettext("Taken back"),
    "built-upon": lazy_gettext("Went on"),
    "too-old": lazy_gettext("Too late"),
    "conflict": lazy_gettext("Scan again"),
}
"""The word of each answer, at most fourteen letters: it stands large on a phone."""


BOUND: dict[str, LazyString] = {
    "bundle": lazy_gettext("It is a bundle now: %(thing)s."),
    "garment": lazy_gettext("It is a garment now: %(thing)s."),
    "carton": lazy_gettext("It is a carton now: %(thing)s."),
    "place": lazy_gettext("It stands for a place now: %(thing)s."),
    "person": lazy_gettext("It is a badge now: %(thing)s."),
    "same": lazy_gettext("It is another code of %(thing)s now."),
}
"""What a code became, once somebody said it."""

DIFFERING: dict[str, LazyString] = {
    "company": lazy_gettext("company"),
    "product": lazy_gettext("product number"),
    "serial": lazy_gettext("serial number"),
    "carton number": lazy_gettext("carton number"),
    "lot": lazy_gettext("lot"),
    "variant": lazy_gettext("variant"),
    "piece": lazy_gettext("piece"),
}
"""What two codes of one thing may say otherwise."""


def empty_tags(count: int) -> str:
    """Say that tags were never written, and what to do with them."""
    return ngettext(
        "%(num)s tag that was never written: give it a number first.",
        "%(num)s tags that were never written: give them a number first.",
        count,
    )


def codes_differ(facts: Mapping[str, Any]) -> str:
    """Say that two codes of one thing disagree, with both values."""
    what = str(facts.get("what", ""))
    return _(
        "Two codes of one thing disagree: one says %(what)s %(code)s, the other %(thing)s. "
        "Put it aside; nothing was joined.",
        what=DIFFERING.get(what, what),
        code=facts.get("code", ""),
        thing=facts.get("thing", ""),
    )


class Lines:
    """Puts the reasons of answers into sentences, by the names of one view."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.flow = view.flow

    def called(self, key: object) -> str:
        """Return what people call a thing."""
        return named(self.view.label(str(key)), self.flow)

    def stage(self, name: object) -> str:
        """Return the title of a step by its name."""
        found = self.flow.stage(str(name))
        return titled(found) if found is not None else str(name)

    def _kinds(self, names: object) -> str:
        wanted = names if isinstance(names, list) else []
        titles = [titled(kind) for kind in self.flow.kinds if kind.name in wanted]
        return " / ".join(title.lower() if title.isascii() else title for title in titles)

    def _when(self, at: object) -> str:
        then = moment(int(str(at)))
        if local(then).date() == local(now()).date():
            return minute(then)
        return f"{day(local(then).date())} {minute(then)}"

    def _amount(self, facts: Mapping[str, Any], member: str = "amount") -> str:
        return quantity(Decimal(str(facts.get(member, 0))), str(facts.get("unit", "")))

    def _order(self, key: object) -> str:
        return number_of(self.view, str(key))

    def line(self, answer: Answer) -> str:
        """Return the one sentence of an answer."""
        tell = getattr(self, "_" + answer.said.replace("-", "_") + "_line")
        line = str(tell(answer, answer.facts))
        bound = answer.facts.get("bound")
        if not isinstance(bound, Mapping) or answer.said in ("bound", "stray"):
            return line
        return f"{self._bound_to(bound)} {line}"

    def _bound_to(self, bound: Mapping[str, Any]) -> str:
        """Say what a code was made that nobody knew a moment ago."""
        sort = str(bound.get("as", ""))
        name = as_title(self.called(bound.get("key", "")))
        return str(BOUND.get(sort, BOUND["same"])) % {"thing": name}

    def _done_line(self, answer: Answer, facts: Mapping[str, Any]) -> str:
        if "skipped" in facts:
            return _(
                "It is here. It was never scanned at %(stage)s.", stage=self.stage(facts["skipped"])
            )
        if facts.get("missing_count"):
            count = int(facts["missing_count"])
            return ngettext(
                "Goes without %(num)s that is missing.",
                "Goes without %(num)s that are missing.",
                count,
            )
        if "amount" in facts:
            parts = [self._amount(facts)]
            if facts.get("dye_lot"):
                parts.append(_("dye lot %(lot)s", lot=facts["dye_lot"]))
            return _("%(amount)s taken in. Scan the next one.", amount=", ".join(parts))
        if facts.get("coming_count"):
            return _(
                "Nothing ready is left behind. Still to come: %(things)s.",
                things=self._listed(facts["coming"], int(facts["coming_count"])),
            )
        if "inside" in facts:
            return _("Nothing is missing. Scan the next one.")
        if answer.of and answer.done is not None and answer.done >= answer.of:
            return _("That was the last one.")
        if facts.get("pieces"):
            pieces = quantity(Decimal(str(facts["pieces"])), "")
            product = self.view.label(answer.key).detail if answer.key else ""
            if product:
                return _(
                    "%(product)s: %(pieces)s. Scan the next one.", product=product, pieces=pieces
                )
            return _("%(pieces)s. Scan the next one.", pieces=pieces)
        return _("Scan the next one.")

    def _came_in_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _("It is here. Scan it once more when it is done.")

    def _opened_line(self, answer: Answer, facts: Mapping[str, Any]) -> str:
        if facts.get("count", 1) > 1:
            return _(
                "%(count)s of them together. Scan what is cut from them.", count=facts["count"]
            )
        taken = self._kinds(facts.get("takes"))
        if taken:
            return _("Now scan what belongs to it: %(kinds)s.", kinds=taken)
        return _("Now scan what belongs to it.")

    def _opened_again_line(self, answer: Answer, facts: Mapping[str, Any]) -> str:
        return _("It is open already. Scan what belongs to it.")

    def _person_line(self, answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _("What is scanned now is yours. Scan the next one.")

    def _already_line(self, answer: Answer, facts: Mapping[str, Any]) -> str:
        when = self._when(facts.get("at", 0))
        if "carton" in facts:
            return _(
                "Already in %(carton)s since %(time)s. Nothing to do.",
                carton=self.called(facts["carton"]),
                time=when,
            )
        if "left" in facts:
            return _(
                "Taken in %(time)s, %(amount)s are left. Nothing to do.",
                time=when,
                amount=self._amount(facts, "left"),
            )
        return _("Already done, %(time)s. Nothing to do.", time=when)

    def _other_order_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        others = ", ".join(self._order(one) for one in facts.get("others", ()))
        return _(
            "Belongs to order %(order)s; here is %(others)s. Put it aside, or scan it once more "
            "to take it all the same.",
            order=self._order(facts.get("order", "")),
            others=others,
        )

    def _other_carton_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _(
            "It is packed in %(carton)s. Put it there, or take that scan back first.",
            carton=self.called(facts.get("carton", "")),
        )

    def _other_product_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _(
            "This is %(product)s, the open ticket is %(wanted)s. Put it aside.",
            product=self.called(facts.get("product", "")),
            wanted=self.called(facts.get("wanted", "")),
        )

    def _too_many_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _(
            "All pieces of %(ticket)s are done. Open the next ticket.",
            ticket=self.called(facts.get("ticket", "")),
        )

    def _not_before_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        stage = self.stage(facts.get("stage", ""))
        if facts.get("is_in"):
            return _(
                "It is still at %(stage)s. Scan it there when it is done, then here.", stage=stage
            )
        return _("It was not at %(stage)s yet. Scan it there first.", stage=stage)

    def _not_here_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        stages = facts.get("stages") or []
        if not stages:
            return _("Nothing is done with this here. Put it aside.")
        return _(
            "It is not scanned here but at %(stage)s.",
            stage=" / ".join(self.stage(one) for one in stages),
        )

    def _nothing_open_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _(
            "First scan what it belongs to: %(kinds)s. Then scan this again.",
            kinds=self._kinds(facts.get("opens")),
        )

    def _unknown_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        text = str(facts.get("text", ""))
        try:
            found = identify(text, namespace=self.view.namespace)
        except InvalidIdentifier:
            return _("Nobody can read this code. Is it damaged? Type the number below the bars.")
        if found.kind in ("local", "raw"):
            return _("Nobody here knows this code. What is it?")
        return _("Not one of ours. What is it?")

    def _blank_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return empty_tags(1)

    def _stray_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        if "bound" in facts:
            return _("Kept as not ours: nobody is asked again. Put it aside.")
        return _("Somebody said so before. Put it aside, scan the next one.")

    def _bound_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return self._bound_to(facts.get("bound", {}))

    def _codes_differ_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return codes_differ(facts)

    def _no_roll_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        last = last_roll(self.view)
        if last is None:
            return _("How much is on it? Type what the label says.")
        return _("A new roll, like the one before? Say yes, or change the figure.")

    def _no_ticket_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _("Nobody printed a ticket with this number. Print it from its order.")

    def _no_badge_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _("This badge is not in use. Tap your name, or print a new badge.")

    def _mistyped_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _(
            "One digit is wrong: no number of ours reads so. Look again and type it anew. "
            "If it is another's code: what is it?"
        )

    def _product_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        if facts.get("is") == "order":
            return _("This is an order. Scan one of its tickets.")
        if facts.get("is") == "place":
            return _("This is a place. Scan a ticket, a roll or a carton.")
        return _("This code is on every piece of its kind. Scan the ticket, or the piece's own.")

    def _which_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return ngettext(
            "%(num)s roll carries this code. Touch the one that you have.",
            "%(num)s rolls carry this code. Touch the one that you have.",
            len(facts.get("keys", ())),
        )

    def _held_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        why = str(facts.get("reason", ""))
        if facts.get("contact"):
            return _(
                "Do not move it: %(reason)s. Call %(contact)s.",
                reason=why,
                contact=facts["contact"],
            )
        return _("Do not move it: %(reason)s.", reason=why)

    def _used_up_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _("By the record nothing is left on it. It is open all the same: go on if there is.")

    def _not_booked_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _(
            "It is open, but was never taken in. Scan it at %(stage)s later on.",
            stage=self.stage(facts.get("stage", "")),
        )

    def _overfull_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _(
            "Done, but order %(order)s has %(made)s of this now and wants %(ordered)s.",
            order=self._order(facts.get("order", "")),
            made=quantity(Decimal(str(facts["made"])), ""),
            ordered=quantity(Decimal(str(facts["ordered"])), ""),
        )

    def _missing_line(self, answer: Answer, facts: Mapping[str, Any]) -> str:
        told = self._listed(facts.get("missing") or [{}], int(facts.get("missing_count", 1)))
        if answer.of:
            return _(
                "%(done)s of %(of)s. Missing: %(things)s. Look for it, or scan once more to "
                "ship without.",
                done=answer.done,
                of=answer.of,
                things=told,
            )
        return _(
            "Missing: %(things)s. Look for it, or scan once more to ship without.", things=told
        )

    def _listed(self, listed: Sequence[Mapping[str, Any]], count: int) -> str:
        """Name the first of some things, where it was last seen, and how many more there are."""
        first = listed[0]
        parts = [self.called(first.get("key") or first.get("product") or "")]
        if first.get("pieces"):
            parts.append(quantity(Decimal(str(first["pieces"])), ""))
        if first.get("at"):
            parts.append(
                _(
                    "last seen %(place)s %(time)s",
                    place=self.called(first.get("place", "")),
                    time=self._when(first["at"]),
                )
            )
        told = ", ".join(parts)
        if count > 1:
            told += ngettext(" and %(num)s more", " and %(num)s more", count - 1)
        return told

    def _empty_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _("By the record nothing is in it. Scan what is in it where cartons are packed.")

    def _gone_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _(
            "It was at %(stage)s, %(time)s. Take another carton.",
            stage=self.stage(facts.get("stage", "")),
            time=self._when(facts.get("at", 0)),
        )

    def _loose_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        if "carton" in facts:
            return _("It is in %(carton)s: scan the carton.", carton=self.called(facts["carton"]))
        return _(
            "It is in no carton. Scan it at %(stage)s first.",
            stage=self.stage(facts.get("stage", "")),
        )

    def _no_count_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _("Nobody said how many pieces it has. Print its ticket from the order.")

    def _recounted_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _("%(amount)s are on it now.", amount=self._amount(facts))

    def _counted_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _("%(good)s good, %(bad)s bad.", good=facts.get("good"), bad=facts.get("bad"))

    def _undone_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _("The record says that it did not happen. You may scan it again.")

    def _built_upon_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        thing_name = as_title(self.called(facts.get("thing", "")))
        when = self._when(facts.get("at", 0))
        if facts.get("is_count"):
            return _(
                "Pieces of %(thing)s were counted at %(time)s. Count them as good first.",
                thing=thing_name,
                time=when,
            )
        where = self.stage(facts["stage"]) if "stage" in facts else ""
        where = where or self.called(facts.get("place", ""))
        return _(
            "%(thing)s went on to %(stage)s at %(time)s. Take that back first.",
            thing=thing_name,
            stage=where,
            time=when,
        )

    def _too_old_line(self, _answer: Answer, _facts: Mapping[str, Any]) -> str:
        return _("Only the last ten scans of this device can be taken back.")

    def _conflict_line(self, _answer: Answer, facts: Mapping[str, Any]) -> str:
        return _("This scan was counted wrongly by the device. Open the page anew and scan again.")
