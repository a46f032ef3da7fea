"""What a code says: any scan, paste or typed text taken apart, and what it is here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from markupsafe import Markup

from traceability.commissioning import prefixes
from traceability.errors import InvalidIdentifier
from traceability.flow import Flow
from traceability.gs1 import Identity, identify
from traceability.gs1.anatomy import anatomy, visible
from traceability.gs1.blank import Blank, blank_of_key
from traceability.gs1.element_string import GS
from traceability.gs1.identify import FORMS
from traceability.gs1.same import Conflict, Different, Same, compare
from traceability.gs1.text_fields import SYMBOLS, TextField, text_fields
from traceability.projections.aliases import is_stranger
from traceability.projections.items import find_items, item
from traceability.projections.search import find_keys
from traceability.projections.view import View
from traceability.web import identify_doubts as doubting
from traceability.web import pictures
from traceability.web.identify_doubts import Doubt
from traceability.web.identify_forms import Form, forms
from traceability.web.identify_picture import Picture, draw
from traceability.web.reading import current
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.telling import as_title, item_path, named
from traceability.web.words import bold, titled

blueprint = Blueprint("identify", __name__)

LENGTHS = {8: "EAN-8", 12: "UPC-A", 13: "EAN-13", 14: "GTIN-14", 18: "SSCC"}
CHECKED = frozenset({"00", "01", "02", "03", "414", "8003", "8006"})
"""Identifiers whose value ends in, or contains, a check digit."""
CODES_MAX = 2
"""Codes that are explained on one page, and compared."""
CODE_CHARACTERS_MAX = 20_000
KNOWN_MAX = 6
_LINE_ENDS = re.compile(r"[\r\n]+")
_TYPED_GS = re.compile(r"<GS>|<FNC1>|\{GS\}|␝", re.IGNORECASE)

AS_WORDS: dict[str, LazyString] = {
    "auto": lazy_gettext("whatever it is"),
    "epc": lazy_gettext("a tag in hex"),
    "bank": lazy_gettext("a tag's whole memory in hex"),
    "scan": lazy_gettext("a scan with its ]C1"),
    "message": lazy_gettext("a scan without brackets"),
    "element": lazy_gettext("numbers in brackets"),
    "link": lazy_gettext("a web link"),
    "uri": lazy_gettext("a URN or URI"),
}
"""What a code can be said to be, by the forms of `identify`."""


@dataclass(frozen=True, slots=True)
class Known:
    """A thing of this workshop that a code leads to."""

    name: str
    line: str
    href: str
    icon: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A code in plain words."""

    raw: str
    """As it came."""
    code: str
    """The same with control characters by their names."""
    title: str
    line: str
    reason: str
    """The exact sentence of the reader, where reading failed."""
    form: str
    """Name of the barcode or tag, a name in every language: EAN-13, SGTIN-96."""
    state: str
    """pass for a thing of ours, unknown, or stop if the code itself is wrong."""
    picture: Picture
    known: tuple[Known, ...] = ()
    advice: tuple[Markup, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    forms: tuple[Form, ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """How two codes stand to each other."""

    state: str
    title: str
    line: str
    values: tuple[tuple[str, str], ...] = ()
    """What each of the two says, where they disagree."""


def explain(view: View, code: str, *, form: str = "auto", fnc1: str | None = None) -> Explained:
    """Say what a code can be read as, what each part of it is, and what it is here."""
    given, code = code, code.strip(" \t\r\n")
    try:
        found = identify(code, form=form, fnc1=fnc1, namespace=view.namespace)
    except InvalidIdentifier as error:
        return _misread(given, code, form, fnc1, error)
    parts = anatomy(code, found, form=form, fnc1=fnc1)
    characters = tuple(one for one in parts if isinstance(one, TextField))
    picture = draw(parts)
    doubts = (*_filter_doubts(view, found), *doubting.doubts(code, found, characters))
    known = tuple(_known(view, code, found))
    shared = {
        "raw": code,
        "code": visible(given),
        "reason": found.reason or "",
        "form": form_of(code, found),
        "picture": picture,
        "known": known,
        "doubts": doubts,
        "forms": tuple(forms(code, found, prefixes.known(view), form=form)),
        "key": found.key or "",
    }
    title, line, state = _headline(view, code, found, known)
    advice = () if known else tuple(_advice(view.flow, found))
    return Explained(title=title, line=line, state=state, advice=advice, **shared)  # type: ignore[arg-type]  # members by name


def _headline(
    view: View, code: str, found: Identity, known: tuple[Known, ...]
) -> tuple[str, str, str]:
    """Return title, line and state of the notice on top."""
    form = form_of(code, found)
    if len(known) == 1:
        return known[0].name, known[0].line, "pass"
    if known:
        return (
            _("It can be one of several things here"),
            _("People call more than one thing so. Choose the one you mean."),
            "pass",
        )
    if found.kind == "raw":
        blank = blank_of_key(found.key or "")
        if blank is Blank.EMPTY:
            line = _("It has no number yet, like all of its roll: it stands for no garment.")
            return _("A radio tag that nobody wrote"), line, "unknown"
        if blank is Blank.CHIP_NUMBER:
            line = _("In the place of a number it has that of its own chip.")
            return _("A radio tag that nobody wrote"), line, "unknown"
        return _("A radio tag that says nothing we can read"), "", "unknown"
    if found.kind == "local":
        title = _("Nobody here knows “%(code)s”", code=_short(code))
        line = _("It is plain text: a ticket, a name or a note, but none that was ever entered.")
        return title, line, "unknown"
    shown = found.ais[0][1] if found.ais else code
    if form in LENGTHS.values() and code[-1:].isdigit():
        shown = re.sub(r"^\]\w\w", "", code)
    right = _("check digit right") if found.ais and found.ais[0][0] in CHECKED else ""
    told = ", ".join(part for part in (f"{form} {shown}".strip(), right) if part)
    product = view.master("product", [found.key[:18]]) if found.key else {}
    if product and found.kind == "instance":
        name = str(next(iter(product.values())).get("name", ""))
        return (
            _("%(product)s: a piece that was never met here", product=name),
            _("The product is known. This one piece was neither made here nor seen by a station."),
            "unknown",
        )
    return (
        _("Not one of ours: %(told)s. What is it?", told=told),
        _("The code itself is good. It was never entered here, and no station has met it."),
        "unknown",
    )


def form_of(code: str, found: Identity) -> str:
    """Return the name of the barcode or tag that a code came from, as far as it tells."""
    said = code.strip()
    if found.scheme is not None:
        return found.scheme
    if said[:3] in SYMBOLS:
        return SYMBOLS[said[:3]]
    if said.isdigit() and len(said) in LENGTHS:
        return LENGTHS[len(said)]
    if said.startswith(("http://", "https://", "HTTP://", "HTTPS://")):
        return "GS1 Digital Link" if found.ais else ""
    return {"class": "GTIN", "instance": "SGTIN", "lot": "LGTIN", "logistic": "SSCC"}.get(
        found.kind, "GS1" if found.ais else ""
    )


def _known(view: View, code: str, found: Identity) -> Iterator[Known]:
    keys = find_keys(view, code) or ([found.key] if found.key else [])
    met = find_items(view, keys)
    # What was only ever looked at is asked about, like any other code that nobody knows.
    keys = [key for key in keys if key not in met or not is_stranger(met[key])]
    labels = view.labels(keys[:KNOWN_MAX])
    cards = {key: item(view, key) for key in keys[:KNOWN_MAX]}
    for key in keys[:KNOWN_MAX]:
        card = cards[key]
        entered = any(view.master(kind, [key]) for kind in ("product", "order", "place"))
        tickets = any(view.master(kind, [key]) for kind in ("ticket", "roll", "carton"))
        if card is None and not entered and not tickets:
            continue
        kind = view.flow.kind_of(key)
        where = ""
        if card is not None:
            stage = titled(card.stage) if card.is_active and card.stage is not None else ""
            spot = card.place.name if card.place is not None else ""
            gone = "" if stage else pictures.disposition_word(card.disposition)
            where = " · ".join(dict.fromkeys(one for one in (stage, spot, gone) if one))
        elif tickets:
            where = _("It was entered, but no station has seen it yet.")
        name = as_title(named(labels[key], view.flow)) if labels[key].name else key
        yield Known(name, where, item_path(key), kind.icon if kind is not None else "tag")


def _filter_doubts(view: View, found: Identity) -> Iterator[Doubt]:
    kind = view.flow.kind_of(found.key) if found.key is not None else None
    is_single = kind is not None and kind.form == "thing" and kind.in_stock
    words = doubting.filter_doubt(
        found, is_single=is_single, kind=titled(kind) if kind is not None else ""
    )
    if words:
        yield Doubt(words)


def _advice(flow: Flow, found: Identity) -> Iterator[Markup]:
    """Yield what can be done: how a thing of this look becomes known, and what else it can be."""
    if found.kind == "raw":
        yield _sentence(
            lazy_gettext("A tag from another house, or one that was never written: put it aside.")
        )
        yield _sentence(lazy_gettext("If it is on a garment of ours, give it a new tag."))
        return
    kind = flow.kind_of(found.key) if found.key is not None else None
    if kind is not None:
        for stage in flow.stages:
            if any(kind.name in (*work.opens, *work.takes, *work.carries) for work in stage.works):
                yield _sentence(
                    lazy_gettext(
                        "If it is ours: %(kind)s has labels like this, and it becomes known "
                        "at %(stage)s."
                    ),
                    kind=bold(titled(kind)),
                    stage=bold(titled(stage)),
                )
                break
    if found.kind == "class":
        yield _sentence(
            lazy_gettext(
                "It names a product, not one piece of it. Scan the code with the serial "
                "beside it, if there is one."
            )
        )
    yield _sentence(
        lazy_gettext("If it is not ours: put it aside. Looking it up recorded nothing.")
    )


def _sentence(text: LazyString, **values: object) -> Markup:
    return Markup(str(text)) % values  # noqa: S704 - our own sentence; values are escaped


def _misread(
    given: str, code: str, form: str, fnc1: str | None, error: InvalidIdentifier
) -> Explained:
    digits = re.sub(r"^\]\w\w", "", code)
    name = LENGTHS.get(len(digits), "") if digits.isdigit() else ""
    title = (
        _("This is no good %(form)s: %(code)s", form=name, code=_short(digits))
        if name
        else _("This code cannot be read: %(code)s", code=_short(code))
    )
    advice = (
        _sentence(lazy_gettext("Scan it again: one digit is easily misread on a creased label.")),
        _sentence(lazy_gettext("If you typed it, compare it with the label digit by digit.")),
        _sentence(
            lazy_gettext("If the label itself is wrong, put the thing aside and print a new one.")
        ),
    )
    fields = text_fields(code, form=form, fnc1=fnc1)
    marked = anatomy(code, None, form=form, fnc1=fnc1, fault=error.position)
    return Explained(
        raw=code,
        code=visible(given),
        title=title,
        line=doubting.fault(error, fields),
        reason=str(error),
        form=name or SYMBOLS.get(code[:3], ""),
        state="stop",
        picture=draw(marked),
        advice=advice,
        doubts=tuple(doubting.doubts(code, None, fields)),
    )


def _short(text: str) -> str:
    text = visible(text)
    return text if len(text) <= 48 else f"{text[:47]}…"


WHAT_WORDS: dict[str, LazyString] = {
    "company": lazy_gettext("the company"),
    "product": lazy_gettext("the product"),
    "serial": lazy_gettext("the serial"),
    "lot": lazy_gettext("the lot"),
    "variant": lazy_gettext("the variant"),
    "piece": lazy_gettext("the piece"),
    "place": lazy_gettext("the place"),
    "spot": lazy_gettext("the spot in that place"),
    "carton number": lazy_gettext("the number of the carton"),
}
"""What two codes on one thing can disagree in; a word that is not here stands as it is."""


def compare_codes(view: View, codes: tuple[str, str], *, form: str, fnc1: str | None) -> Compared:
    """Say whether two codes name the same thing; where they disagree, show both values."""
    try:
        a, b = (
            identify(code.strip(" \t\r\n"), form=form, fnc1=fnc1, namespace=view.namespace)
            for code in codes
        )
    except InvalidIdentifier:
        line = _("One of the two cannot be read, so they cannot be compared.")
        return Compared("stop", _("Not comparable"), line)
    found = compare(a, b)
    if isinstance(found, Same):
        return Compared(
            "pass", _("The same thing"), _("Both lead to one key: %(key)s", key=found.key)
        )
    if isinstance(found, Conflict):
        word = WHAT_WORDS.get(found.what)
        return Compared(
            "stop",
            _("They contradict each other in %(what)s", what=word or found.what),
            _("If both are on one thing, one of them is wrong: put it aside, let nobody guess."),
            ((_short(codes[0]), found.a_value), (_short(codes[1]), found.b_value)),
        )
    if isinstance(found, Different):
        return Compared(
            "unknown",
            _("Two different sorts of things"),
            _("They say nothing against each other: a carton and a garment, a name and a product."),
        )
    return Compared(
        "pass",
        _("The same product"),
        _("One of them says no more than the product, %(key)s.", key=found.product),
    )


def page(view: View, code: str) -> str:
    """Render the page of a code that nobody knows."""
    return _rendered([explain(view, code)], code)


@blueprint.get("/identify")
def show() -> str:
    """Explain one code bit by bit, or two beside each other."""
    given = request.args.get("code", "")[:CODE_CHARACTERS_MAX]
    form = request.args.get("as", "auto")
    fnc1 = request.args.get("fnc1", "").strip()[:1] or None
    form = form if form in FORMS else "auto"
    typed = [_TYPED_GS.sub(GS, line) for line in _LINE_ENDS.split(given) if line.strip()]
    if fnc1 is not None and form != "message":
        # The scanner's own sign counts as what it stands for; a message may begin with it.
        typed, fnc1 = [line.replace(fnc1, GS) for line in typed], None
    with current().look() as view:
        told = [explain(view, line, form=form, fnc1=fnc1) for line in typed[:CODES_MAX]]
        compared = None
        if len(told) == CODES_MAX:
            compared = compare_codes(view, (typed[0], typed[1]), form=form, fnc1=fnc1)
        return _rendered(told, given, compared, more=max(0, len(typed) - CODES_MAX), form=form)


def _rendered(
    codes: list[Explained],
    given: str,
    compared: Compared | None = None,
    *,
    more: int = 0,
    form: str = "auto",
) -> str:
    return render_template(
        "identify.html",
        codes=codes,
        compared=compared,
        # A field shows no control characters; by their names they can be read and sent again.
        code="\n".join(visible(_TYPED_GS.sub(GS, line)) for line in _LINE_ENDS.split(given)),
        more=more,
        as_form=form,
        as_words={name: word for name, word in AS_WORDS.items() if name in FORMS},
        fnc1=request.args.get("fnc1", "").strip()[:1],
    )
