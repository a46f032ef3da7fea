"""What happened, in plain words: one sentence for each thing that happened, verb first.

The same words stand in an item's timeline, in the board's "Now" and in a trace. No stage is named
here: the verb comes from what the thing was in the event (packed, made from, taken out) and from
the business step of the standard; the stage's own title stands beside it.

>>> item_path("//knit.example/class/B-17"), item_path("/01/09521141001011/21/7")
('/items/knit.example/class/B-17', '/items/01/09521141001011/21/7')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup, escape

from traceability.epcis.vocabulary import STEPS
from traceability.flow import Flow, Kind, Stage
from traceability.projections.holding import class_of
from traceability.projections.touches import Role
from traceability.projections.view import Label, View
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.words import bold, number, quantity, titled

if TYPE_CHECKING:
    from traceability.projections.happenings import Line
    from traceability.projections.timeline import Happening

CUT_UNITS = frozenset({"MTR", "YRD"})
"""What is measured by length and becomes pieces was cut."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened, ready for a row of the feed or of a timeline."""

    icon: str
    words: str
    """Verb first; Markup, names are bold."""
    where: str = ""
    state: str = ""
    """hold, stop, late, offline …, or nothing if all is as it should be."""
    href: str = ""
    """The page of the thing that it is about."""


STEP_ICONS = {"BizStep-shipping": "truck", "BizStep-packing": "carton", "BizStep-holding": "hold"}
"""Where no stage of the flow has an icon for the step."""
AT: dict[str, LazyString] = {
    "BizStep-accepting": lazy_gettext("Accepted at %(place)s"),
    "BizStep-arriving": lazy_gettext("Arrived at %(place)s"),
    "BizStep-collecting": lazy_gettext("Collected at %(place)s"),
    "BizStep-commissioning": lazy_gettext("Marked at %(place)s"),
    "BizStep-cycle_counting": lazy_gettext("Counted at %(place)s"),
    "BizStep-departing": lazy_gettext("Left %(place)s"),
    "BizStep-destroying": lazy_gettext("Destroyed at %(place)s"),
    "BizStep-encoding": lazy_gettext("Tag written at %(place)s"),
    "BizStep-entering_exiting": lazy_gettext("Passed %(place)s"),
    "BizStep-holding": lazy_gettext("Set aside at %(place)s"),
    "BizStep-inspecting": lazy_gettext("Checked at %(place)s"),
    "BizStep-loading": lazy_gettext("Loaded at %(place)s"),
    "BizStep-packing": lazy_gettext("Packed at %(place)s"),
    "BizStep-picking": lazy_gettext("Picked at %(place)s"),
    "BizStep-receiving": lazy_gettext("Came in at %(place)s"),
    "BizStep-repairing": lazy_gettext("Repaired at %(place)s"),
    "BizStep-retail_selling": lazy_gettext("Sold at %(place)s"),
    "BizStep-shipping": lazy_gettext("Shipped from %(place)s"),
    "BizStep-stock_taking": lazy_gettext("Counted at %(place)s"),
    "BizStep-stocking": lazy_gettext("Put on the shelf at %(place)s"),
    "BizStep-storing": lazy_gettext("Stored at %(place)s"),
    "BizStep-transporting": lazy_gettext("Carried past %(place)s"),
    "BizStep-unloading": lazy_gettext("Unloaded at %(place)s"),
    "BizStep-unpacking": lazy_gettext("Unpacked at %(place)s"),
}
"""The verb of a business step, with the place where it was done."""
DID: dict[str, LazyString] = {
    "BizStep-accepting": lazy_gettext("Accepted %(thing)s"),
    "BizStep-arriving": lazy_gettext("Arrived: %(thing)s"),
    "BizStep-commissioning": lazy_gettext("Marked %(thing)s"),
    "BizStep-cycle_counting": lazy_gettext("Counted %(thing)s"),
    "BizStep-departing": lazy_gettext("Left: %(thing)s"),
    "BizStep-destroying": lazy_gettext("Destroyed %(thing)s"),
    "BizStep-holding": lazy_gettext("Set aside %(thing)s"),
    "BizStep-inspecting": lazy_gettext("Checked %(thing)s"),
    "BizStep-loading": lazy_gettext("Loaded %(thing)s"),
    "BizStep-packing": lazy_gettext("Packed %(thing)s"),
    "BizStep-receiving": lazy_gettext("Came in: %(thing)s"),
    "BizStep-repairing": lazy_gettext("Repaired %(thing)s"),
    "BizStep-retail_selling": lazy_gettext("Sold %(thing)s"),
    "BizStep-shipping": lazy_gettext("Shipped %(thing)s"),
    "BizStep-stock_taking": lazy_gettext("Counted %(thing)s"),
    "BizStep-stocking": lazy_gettext("Put on the shelf: %(thing)s"),
    "BizStep-storing": lazy_gettext("Stored %(thing)s"),
    "BizStep-unpacking": lazy_gettext("Unpacked %(thing)s"),
}
"""The same verbs with what it was done to."""


def item_path(key: str) -> str:
    """Return the address of a thing's page."""
    return "/items/" + quote(key.lstrip("/"), safe="/:@!$&'()*+,;=~-._")


def kind_word(kind: Kind) -> str:
    """Return what one thing of a kind is called inside a sentence."""
    title = titled(kind)
    # German and Chinese keep their titles as they are; the others write common nouns small.
    return title[:1].lower() + title[1:] if title.isascii() else title


def named(label: Label, flow: Flow) -> str:
    """Return what people call a thing: its name; a bare code gets the word of its kind.

    A garment is "Overshirt, navy, M …0012", a carton "carton …7013", a bundle "bundle B-101".
    """
    kind = flow.kind_of(class_of(label.key))
    if kind is None or kind.form == "holding":
        return str(label)
    if label.detail and kind.form == "thing":
        return f"{label.name} {label.detail}"
    return f"{kind_word(kind)} {label.name}"


def as_title(name: str) -> str:
    """Return a name as it stands alone at the head of a page or a row.

    >>> as_title("roll R-2001")
    'Roll R-2001'
    """
    return name[:1].upper() + name[1:]


def bold_name(label: Label, flow: Flow) -> Markup:
    """Return the name of a thing as the bold part of a sentence."""
    return bold(named(label, flow))


def step_name(view_or_flow: View | Flow, step: str) -> str:
    """Return a step in words: the flow's title for it, else the standard's word without hyphens."""
    flow = view_or_flow if isinstance(view_or_flow, Flow) else view_or_flow.flow
    stage = flow.stage_of(step, None) or flow.stage_of(None, step)
    return titled(stage) if stage is not None else step.rsplit("/", 1)[-1].replace("_", " ")


def _spelled(step: str) -> str:
    return STEPS.web_uri(step).rsplit("/", 1)[-1] if step in STEPS.words else ""


def _step_word(stage: Stage | None, step: str) -> str:
    return _spelled(stage.step if stage is not None else step)


def _icon(stage: Stage | None, step: str) -> str:
    return stage.icon if stage is not None else STEP_ICONS.get(_spelled(step), "reader")


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


# --- one thing's own story -------------------------------------------------------------------


def happening(one: Happening, flow: Flow) -> Told:
    """Tell what happened to a thing, from the thing's side: "Packed into carton …7013"."""
    where = _joined(
        titled(one.stage) if one.stage is not None else "", one.place.name if one.place else ""
    )
    if one.role == Role.COUNT and one.quantity is not None:
        where = _joined(where, quantity(one.quantity, one.uom))
    if one.is_inside and one.other is not None:
        where = _joined(_("inside %(thing)s", thing=named(one.other, flow)), where)
    if one.is_void:
        undone = Markup("<s>{}</s>").format(_own_words(one, flow))
        return Told("undo", undone, _joined(_("declared wrong afterwards"), where), "late")
    if one.is_unread:
        spot = one.read_point or one.place
        words = _("Not read at %(place)s", place=bold(spot.name if spot else ""))
        return Told("again", words, where, "again")
    if one.reason:
        return _only_seen(one)
    words = _own_words(one, flow)
    if one.place is not None and where.endswith(one.place.name) and escape(one.place.name) in words:
        # The sentence says the place already.
        where = where[: -len(one.place.name)].removesuffix(" · ")
    return Told(_icon(one.stage, one.step), words, where)


def _only_seen(one: Happening) -> Told:
    """Tell of a read that did not count for the stage, and why."""
    spot = one.read_point or one.place
    place = bold(spot.name if spot else "")
    why = REASONS.get(one.reason)
    if one.reason in QUIET:
        at = Markup(str(QUIET[one.reason])) % {"place": place}  # noqa: S704 - our own sentence
        amount = quantity(abs(one.quantity), one.uom) if one.quantity is not None else ""
        return Told("reader", at, _joined(amount, str(why) if why is not None else ""))
    if one.verdict == "STOP" or one.reason == "held":
        words, state = _("Stopped at %(place)s", place=place), "stop"
    else:
        words, state = _("Read at %(place)s, and no more", place=place), "again"
    return Told(state, words, str(why) if why is not None else "", state)


REASONS: dict[str, LazyString] = {
    "unknown": lazy_gettext("nobody knew what it is"),
    "not-expected-here": lazy_gettext("not expected there"),
    "nothing-open": lazy_gettext("no ticket or carton was open"),
    "other-product": lazy_gettext("another product than the ticket's"),
    "other-carton": lazy_gettext("it belongs in another carton"),
    "too-many": lazy_gettext("more than expected"),
    "loose": lazy_gettext("outside any carton"),
    "missing": lazy_gettext("the carton was not complete"),
    "not-known": lazy_gettext("nobody knew what should be in the carton"),
    "held": lazy_gettext("a hold stops it"),
    "no-tag": lazy_gettext("no tag answered"),
    "already": lazy_gettext("it was done before"),
    "not-before": lazy_gettext("an earlier step was not done"),
    "not-here": lazy_gettext("it is not scanned there"),
    "other-order": lazy_gettext("another order than the one in work"),
    "no-roll": lazy_gettext("a roll that nobody knew yet"),
    "no-ticket": lazy_gettext("nobody printed this ticket"),
    "no-badge": lazy_gettext("nobody wears this badge"),
    "mistyped": lazy_gettext("a digit was wrong"),
    "product": lazy_gettext("the code of a product, not of a piece"),
    "which": lazy_gettext("several carry this code"),
    "empty": lazy_gettext("nothing was in it"),
    "gone": lazy_gettext("it had left already"),
    "no-count": lazy_gettext("nobody said how many pieces it has"),
    "bad": lazy_gettext("they were bad"),
}
"""Why a thing was only seen; the words are those that stations and desks write."""
QUIET: dict[str, LazyString] = {
    "opened": lazy_gettext("Opened at %(place)s"),
    "came-in": lazy_gettext("Came in at %(place)s"),
    "person": lazy_gettext("Signed on at %(place)s"),
    "bad": lazy_gettext("Pieces taken out at %(place)s"),
}
"""What is as it should be, although the step was not done by it."""


def _own_words(one: Happening, flow: Flow) -> str:
    if one.is_inside:
        return _at_place(one)
    other = bold_name(one.other, flow) if one.other is not None else Markup("")
    if one.other is not None and one.role == Role.CHILD:
        return _("Packed into %(thing)s", thing=other)
    if one.other is not None and one.role == Role.INFERRED_CHILD:
        return _("Seen inside %(thing)s", thing=other)
    if one.other is not None and one.role == Role.UNCHILD:
        return _("Taken out of %(thing)s", thing=other)
    if one.role in (Role.INPUT, Role.OUTPUT) and one.partners:
        return _across(one, flow)
    return _by_role(one) or _at_place(one)


def _across(one: Happening, flow: Flow) -> str:
    """Tell of making: what it came from, or what came out of it."""
    first = _and_more(bold_name(one.partners[0], flow), one.partners_count - 1)
    if one.role == Role.OUTPUT:
        source = flow.kind_of(class_of(one.partners[0].key))
        if source is not None and source.unit in CUT_UNITS:
            return _("Cut from %(thing)s", thing=first)
        return _("Made from %(thing)s", thing=first)
    if one.uom in CUT_UNITS:
        return _("Cut into %(thing)s", thing=first)
    return _("Made into %(thing)s", thing=first)


def _by_role(one: Happening) -> str:
    amount = quantity(abs(one.quantity), one.uom) if one.quantity is not None else ""
    if one.role == Role.PARENT:
        many = quantity(one.partners_count, "") if one.partners_count else ""
        return _("Packed: %(amount)s put in", amount=many) if many else _("Packed")
    if one.role == Role.RELEASE:
        return _("Emptied: everything taken out")
    if one.role == Role.REMOVED:
        return _("Taken out of use")
    if one.role == Role.OUTPUT:
        return _("Made: %(amount)s", amount=amount) if amount else _("Made")
    if one.role == Role.INPUT:
        return _("Worked on: %(amount)s used", amount=amount) if amount else _("Used up")
    if one.role == Role.QUANTITY and one.quantity is not None:
        if one.quantity < 0:
            return _("Taken away: %(amount)s", amount=amount)
        return _("Added: %(amount)s", amount=amount)
    if one.role == Role.COUNT and one.quantity is not None:
        if _step_word(one.stage, one.step) in AT:
            return ""
        return _("Counted: %(amount)s", amount=amount)
    return ""


def _at_place(one: Happening) -> str:
    where = one.place.name if one.place is not None else ""
    verb = AT.get(_step_word(one.stage, one.step))
    if verb is not None and where:
        return _filled(verb, place=bold(where))
    if one.role == Role.ADDED:
        return _("First marked")
    if one.stage is not None:
        return _("Went through %(stage)s", stage=bold(titled(one.stage)))
    where = where or (one.read_point.name if one.read_point is not None else "")
    return _("Read at %(place)s", place=bold(where)) if where else _("Read")


def _filled(sentence: LazyString, **values: object) -> str:
    return Markup(str(sentence)) % values  # noqa: S704 - our own sentence; values are escaped


# --- the workshop's story --------------------------------------------------------------------


def line(one: Line, flow: Flow) -> Told:
    """Tell what happened in the workshop: "Shipped carton …7013, 18 pieces"."""
    teller = _OTHER.get(one.type)
    return teller(one) if teller is not None else _event(one, flow)


def _event(one: Line, flow: Flow) -> Told:
    where = _joined(
        titled(one.stage) if one.stage is not None else "", one.place.name if one.place else ""
    )
    href = item_path(one.things[0].key) if one.things else ""
    icon = _icon(one.stage, "")
    first = bold_name(one.things[0], flow) if one.things else bold(_("something"))
    pieces = quantity(one.pieces, "") if one.pieces else ""
    if one.type == "TransformationEvent":
        return Told(icon, _made(one, flow, first, pieces), where, href=href)
    if one.type in ("AggregationEvent", "AssociationEvent"):
        return Told(icon, _packed(one, first, pieces), where, href=href)
    thing = _things(one, flow, pieces)
    if one.action == "DELETE":
        kind = flow.kind_of(class_of(one.things[0].key)) if one.things else None
        if kind is not None and kind.form == "lot":
            return Told(icon, _("Pieces taken out of %(thing)s", thing=thing), where, href=href)
        return Told(icon, _("Taken out of use: %(thing)s", thing=thing), where, href=href)
    verb = DID.get(_step_word(one.stage, ""))
    if verb is not None:
        return Told(icon, _filled(verb, thing=thing), where, href=href)
    if one.stage is not None:
        return Told(icon, _("Went through: %(thing)s", thing=thing), where, href=href)
    if one.action == "ADD":
        return Told(icon, _("First marked: %(thing)s", thing=thing), where, href=href)
    return Told(icon, _("Read %(thing)s", thing=thing), where, href=href)


def _things(one: Line, flow: Flow, pieces: str) -> Markup:
    """Name the first thing, and say how much more: a carton carries the rest along."""
    if not one.things:
        return bold(pieces or _("nothing"))
    first = bold_name(one.things[0], flow)
    kind = flow.kind_of(class_of(one.things[0].key))
    if kind is not None and not kind.in_stock and pieces:
        return Markup("{}, {}").format(first, pieces)
    return _and_more(first, one.things_count - 1)


def _and_more(first: Markup, more: int) -> Markup:
    if more <= 0:
        return first
    words = _("%(thing)s and %(count)s more", thing=first, count=number(more))
    return words if isinstance(words, Markup) else Markup(words)  # noqa: S704 - our own sentence


def _made(one: Line, flow: Flow, first: Markup, pieces: str) -> str:
    kinds = [flow.kind_of(class_of(label.key)) for label in one.things]
    source = kinds[0] if kinds else None
    if source is None or not pieces:
        return _("Made from %(thing)s", thing=first)
    if source.unit in CUT_UNITS:
        return _("Cut %(pieces)s from %(thing)s", pieces=pieces, thing=first)
    return _("Made %(pieces)s from %(thing)s", pieces=pieces, thing=first)


def _packed(one: Line, first: Markup, pieces: str) -> str:
    pieces = pieces or number(max(one.things_count - 1, 0))
    if one.action == "DELETE":
        return _("Taken out of %(thing)s: %(pieces)s", thing=first, pieces=pieces)
    if one.action == "OBSERVE":
        return _("Seen inside %(thing)s: %(pieces)s", thing=first, pieces=pieces)
    return _("Packed %(pieces)s into %(thing)s", pieces=pieces, thing=first)


def _gap(one: Line) -> Told:
    words = _("Silent for a while: reader %(reader)s", reader=bold(one.read_point))
    return Told("down", words, one.reason, "down")


def _hold(one: Line) -> Told:
    words = _("Stopped %(count)s: no gate lets them pass", count=bold(quantity(one.pieces, "")))
    return Told("hold", words, one.reason, "hold")


def _release(one: Line) -> Told:
    if not one.pieces:
        return Told("pass", _("Set free again: everything of one hold"), one.reason)
    words = _("Set free again: %(count)s", count=bold(quantity(one.pieces, "")))
    return Told("pass", words, one.reason)


def _declaration(one: Line) -> Told:
    first = bold(str(one.things[0])) if one.things else Markup("")
    about = _and_more(first, one.things_count - 1)
    words = _("Taken back: what was said about %(thing)s", thing=about)
    return Told("undo", words, one.place.name if one.place else "", "late")


_OTHER = {"gap": _gap, "hold": _hold, "release": _release, "declaration": _declaration}
