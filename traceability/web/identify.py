"""What is this? A code nobody here knows, explained: what it says, and what to do with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify, render_template, request
from markupsafe import Markup

from traceability.errors import InvalidIdentifier, Refused
from traceability.flow import Flow
from traceability.gs1 import Identity, identify
from traceability.gs1.commands import answer
from traceability.projections.search import find_keys, is_known
from traceability.projections.view import View
from traceability.web.reading import current
from traceability.web.sentences import LazyString, lazy_gettext
from traceability.web.sentences import gettext as _
from traceability.web.telling import item_path
from traceability.web.words import bold, titled

blueprint = Blueprint("identify", __name__)

SYMBOLS = {
    "]E0": "EAN-13",
    "]E4": "EAN-8",
    "]I1": "ITF-14",
    "]C0": "Code 128",
    "]C1": "GS1-128",
    "]d1": "DataMatrix",
    "]d2": "GS1 DataMatrix",
    "]e0": "GS1 DataBar",
    "]Q1": "QR",
    "]Q3": "GS1 QR",
    "]A0": "Code 39",
}
"""Names of barcodes by what scanners type before the data (ISO/IEC 15424)."""
LENGTHS = {8: "EAN-8", 12: "UPC-A", 13: "EAN-13", 14: "GTIN-14", 18: "SSCC"}
CHECKED = frozenset({"00", "01", "02", "03", "414", "8003", "8006"})
"""Identifiers whose value ends in, or contains, a check digit."""

AI_WORDS: dict[str, LazyString] = {
    "00": lazy_gettext("carton or pallet number"),
    "01": lazy_gettext("product number"),
    "02": lazy_gettext("product inside"),
    "10": lazy_gettext("lot"),
    "11": lazy_gettext("made on"),
    "13": lazy_gettext("packed on"),
    "15": lazy_gettext("best before"),
    "17": lazy_gettext("use by"),
    "20": lazy_gettext("variant"),
    "21": lazy_gettext("serial number"),
    "22": lazy_gettext("variant for consumers"),
    "37": lazy_gettext("pieces inside"),
    "240": lazy_gettext("maker's own number"),
    "254": lazy_gettext("spot in that place"),
    "400": lazy_gettext("customer's order"),
    "414": lazy_gettext("place"),
    "8003": lazy_gettext("returnable box"),
    "8004": lazy_gettext("asset of a company"),
    "8006": lazy_gettext("piece of a set"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what a code says."""

    words: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """A code in plain words."""

    title: str
    line: str
    form: str
    """Name of the barcode or tag, a name in every language: EAN-13, SGTIN-96."""
    parts: tuple[Part, ...]
    advice: tuple[Markup, ...]
    state: str
    """unknown, or stop if the code itself is wrong."""
    raw: str


def explain(view: View, code: str) -> Explained:
    """Say what a code that nobody knows here can be read as, and what to do now."""
    try:
        found = identify(code, namespace=view.namespace)
    except InvalidIdentifier as error:
        return _misread(code, str(error))
    if found.kind == "raw":
        return _raw(found, code)
    form = form_of(code, found)
    advice = tuple(_advice(view.flow, found))
    if found.kind == "local":
        title = _("Nobody here knows “%(code)s”", code=_short(code))
        line = _("It is plain text: a ticket, a name or a note, but none that was ever entered.")
        return Explained(title, line, form, (), advice, "unknown", code)
    shown = found.ais[0][1] if found.ais else code
    if form in LENGTHS.values() and code[-1:].isdigit():
        shown = re.sub(r"^\]\w\w", "", code.strip())
    right = _("check digit right") if found.ais and found.ais[0][0] in CHECKED else ""
    told = ", ".join(part for part in (f"{form} {shown}", right) if part)
    title = _("Not one of ours: %(told)s. What is it?", told=told)
    line = _("The code itself is good. It was never entered here, and no station has met it.")
    return Explained(title, line, form, tuple(_parts(found)), advice, "unknown", code)


def form_of(code: str, found: Identity) -> str:
    """Return the name of the barcode or tag that a code came from, as far as it tells."""
    said = code.strip()
    if found.scheme is not None:
        return found.scheme
    if said[:3] in SYMBOLS:
        return SYMBOLS[said[:3]]
    if said.isdigit() and len(said) in LENGTHS:
        return LENGTHS[len(said)]
    if said.startswith(("http://", "https://")):
        return "GS1 Digital Link" if found.ais else ""
    return {"class": "GTIN", "instance": "SGTIN", "lot": "LGTIN", "logistic": "SSCC"}.get(
        found.kind, "GS1" if found.ais else ""
    )


def _parts(found: Identity) -> Iterator[Part]:
    for ai, value in found.ais:
        word = AI_WORDS.get(ai)
        note = _("check digit right") if ai in CHECKED else ""
        yield Part(f"({ai}) {word}" if word is not None else f"({ai})", value, note)


def _advice(flow: Flow, found: Identity) -> Iterator[Markup]:
    """Yield what can be done: how a thing of this look becomes known, and what else it can be."""
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


def _misread(code: str, reason: str) -> Explained:
    digits = re.sub(r"^\]\w\w", "", code.strip())
    form = LENGTHS.get(len(digits), "") if digits.isdigit() else ""
    title = (
        _("This is no good %(form)s: %(code)s", form=form, code=_short(digits))
        if form
        else _("This code cannot be read: %(code)s", code=_short(code))
    )
    advice = (
        _sentence(lazy_gettext("Scan it again: one digit is easily misread on a creased label.")),
        _sentence(lazy_gettext("If you typed it, compare it with the label digit by digit.")),
        _sentence(
            lazy_gettext("If the label itself is wrong, put the thing aside and print a new one.")
        ),
    )
    return Explained(title, reason, form, (), advice, "stop", code)


def _raw(found: Identity, code: str) -> Explained:
    advice = (
        _sentence(
            lazy_gettext("A tag from another house, or one that was never written: put it aside.")
        ),
        _sentence(lazy_gettext("If it is on a garment of ours, give it a new tag.")),
    )
    title = _("A radio tag that says nothing we can read")
    return Explained(title, found.reason or "", "", (), advice, "unknown", code)


def _short(text: str) -> str:
    return text if len(text) <= 48 else f"{text[:47]}…"


def page(view: View, code: str) -> str:
    """Render the page of a code that nobody knows."""
    return render_template("identify.html", told=explain(view, code), code=code)


@blueprint.get("/api/identify")
def api_identify() -> Response:
    """Say what a text stands for, as `hangtag identify` does, and whether it is known here."""
    text = request.args.get("text") or request.args.get("code") or ""
    form = request.args.get("as", "auto")
    if not text:
        raise Refused("Cannot identify: expected ?text= with a code, got nothing.")
    if form not in ("auto", "epc", "scan", "message", "element", "link", "uri"):
        raise Refused(f"Cannot identify as {form!r}: expected auto, epc, scan, message, element …")
    fnc1 = request.args.get("fnc1")
    if fnc1 is not None and len(fnc1) != 1:
        raise Refused(f"Cannot use {fnc1!r} as FNC1: expected one character.")
    with current().look() as view:
        said = answer(text, form=form, fnc1=fnc1, namespace=view.namespace)
        tree = json.loads(said.text)
        key = tree.get("key")
        known = [key] if key is not None and is_known(view, key) else find_keys(view, text)
        tree["known"] = bool(known)
        tree["matches"] = [
            {"key": one, "name": str(label), "href": item_path(one)}
            for one, label in view.labels(known).items()
            if one
        ]
        response = jsonify(tree)
        response.status_code = 200 if said.is_good or known else 422
        return response
