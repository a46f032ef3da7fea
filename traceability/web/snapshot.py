"""An order to be sent: words, one page in one file, one picture. They open without this PC.

What is sent stands still: it says of which time it is, and to ask for a newer one. Nothing in it
depends on the day on which it is opened, so there is no "today" in it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, render_template, request
from flask_babel import force_locale, get_locale
from markupsafe import Markup

from traceability.assets import folder
from traceability.projections import progress
from traceability.projections.board import leaving_stage
from traceability.projections.progress import OrderCard
from traceability.projections.steps import cartons
from traceability.projections.view import View
from traceability.web import access, order_sheet, snapshot_picture
from traceability.web.clock import now
from traceability.web.house import is_practice
from traceability.web.order_sheet import stamp, whole_day
from traceability.web.orders import key_of_number
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.snapshot_picture import Bar, Row, Sheet
from traceability.web.words import local, number, quantity, titled

blueprint = Blueprint("snapshot", __name__)

BYTES_MAX = 150_000
"""What every messenger and mailbox takes without asking."""
NEWS_SENT = 12
_TAG = re.compile(r"<[^>]+>")
_INDENT = re.compile(r"\n\s*")


@dataclass(frozen=True, slots=True)
class Moment:
    """One order as it stands now, ready to be written down."""

    number: str
    card: OrderCard
    stage: progress.StageProgress | None
    matrix: order_sheet.Matrix | None
    steps: tuple[tuple[str, int, int, str, str], ...]
    """Name, made, of, "18 / 24", since when."""
    coming: tuple[str, ...]
    news: tuple[tuple[str, str, str], ...]
    """What, when, where."""
    taken_at: datetime

    @property
    def customer(self) -> str:
        """For whom the order is."""
        return order_sheet.customer_name(self.card.values)


def take(view: View, key: str, number_: str) -> Moment | None:
    """Take down an order; None if there is none."""
    card = progress.order(view, key)
    if card is None:
        return None
    stage = order_sheet.shown_stage(card, leaving_stage(view))
    news = order_sheet.news(card, cartons(view, key), view.flow)[:NEWS_SENT]
    return Moment(
        number=number_,
        card=card,
        stage=stage,
        matrix=order_sheet.matrix(card, stage.stage) if stage is not None else None,
        steps=tuple(
            (one.name, int(one.made), int(one.of), _of(one.made, one.of), _plain(one.words))
            for one in order_sheet.steps(card)
        ),
        coming=tuple(_plain(line) for line in order_sheet.coming(card)),
        news=tuple((_plain(one.words), _plain(one.when), one.where) for one in news),
        taken_at=now(),
    )


def _of(made: Any, of: Any) -> str:  # an int or a Decimal
    return f"{number(made)} / {number(of)}"


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub("", text))


@contextmanager
def standing_still(language: str) -> Iterator[None]:
    """Write every day as a day, in one of the languages of the pages, while this lasts."""
    known = current_app.extensions["hangtag.settings"].languages
    with force_locale(language if language in known else str(get_locale() or "en")):
        g.stands_still = True
        try:
            yield
        finally:
            g.stands_still = False


# --- the two files -------------------------------------------------------------------------------


@blueprint.get("/orders/<path:number>/snapshot.html")
@access.only("admin")
def page(number: str) -> Response:
    """Give an order as one page in one file."""
    taken, language = _taken(number), request.args.get("words", "")
    with standing_still(language):
        moment = taken()
        style = _style()
        text = render_template(
            "snapshot.html",
            moment=moment,
            card=moment.card,
            style=Markup(style),  # noqa: S704 - our own file
            stamp=stamp,
            whole_day=whole_day,
        )
    response = Response(_INDENT.sub("\n", text), mimetype="text/html")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # Looked at from here, the page's own style must not be forbidden to it; nothing else is let in.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    response.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'none'"
    return _to_keep(response, number, "html")


@blueprint.get("/orders/<path:number>/snapshot.png")
@access.only("admin")
def picture(number: str) -> Response:
    """Give an order as one picture."""
    taken, language = _taken(number), request.args.get("words", "")
    with standing_still(language):
        data = snapshot_picture.draw(_sheet(taken()))
    return _to_keep(Response(data, mimetype="image/png"), number, "png")


def _taken(number_: str) -> Any:  # a function that takes the moment once the language is set
    def taken() -> Moment:
        with current().look() as view:
            return take(view, key_of_number(view, number_), number_) or abort(404)

    return taken


def _sheet(moment: Moment) -> Sheet:
    card, reading = moment.card, current()
    promised = _("No day was promised")
    if card.due is not None:
        promised = _("Promised %(day)s.", day=whole_day(card.due))
    matrix = moment.matrix
    has_rows = matrix is not None and bool(matrix.rows)
    heading = _("Order %(number)s", number=moment.number)
    if moment.customer:
        heading += " · " + _("for %(customer)s", customer=moment.customer)
    return Sheet(
        workshop=reading.opening.name,
        heading=heading,
        title=card.label.name or heading,
        facts=(quantity(card.ordered, ""), promised),
        notice=_notice(),
        steps_title=_("Where it is now"),
        bars=tuple(Bar(*one) for one in moment.steps),
        matrix_title=_("%(stage)s, by size and colour", stage=titled(matrix.stage))
        if matrix is not None
        else "",
        sizes=matrix.sizes if matrix is not None and has_rows else (),
        rows=tuple(Row(one.colour, one.swatch, one.cells) for one in matrix.rows)
        if matrix is not None
        else (),
        foot=(
            _("Figures of %(time)s", time=stamp(moment.taken_at)),
            _("This stands still. Ask %(workshop)s for a newer one.", workshop=workshop_name()),
        ),
    )


def _notice() -> str:
    """Return what must be known of figures that count for nothing."""
    if current().opening.is_demo:
        return _("Demo: simulated")
    return f"{_('Practice')}: {_('Nothing here counts.')}" if is_practice() else ""


def workshop_name() -> str:
    """Return who is to be asked for a newer one."""
    return current().opening.name


def _to_keep(response: Response, number_: str, kind: str) -> Response:
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", number_).strip("-.") or "order"
    there = local(now())
    name = f"{clean}-{there:%Y-%m-%d-%H%M}.{kind}"
    how = "inline" if request.args.get("look") else "attachment"
    response.headers["Content-Disposition"] = f'{how}; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@lru_cache(maxsize=4)
def _read_style(_changed: tuple[int, ...]) -> str:
    css = folder("static") / "css"
    whole = "\n".join((css / name).read_text("utf-8") for name in ("tokens.css", "snapshot.css"))
    return _INDENT.sub("\n", whole)


def _style() -> str:
    css = folder("static") / "css"
    return _read_style(
        tuple((css / name).stat().st_mtime_ns for name in ("tokens.css", "snapshot.css"))
    )
