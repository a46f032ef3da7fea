"""Who else may come in: every link that was handed out, and its end with one touch.

A link for a device, an auditor or another owner is a key of the record; a customer's link stands
here as well. The secret part of a new link is kept in memory for some minutes, to be shown or
scanned, and nowhere else.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from traceability.errors import Refused
from traceability.flow import Stage
from traceability.labels.square import QUIET_MODULES, qr_code
from traceability.projections import keys, links
from traceability.projections.keys import Key, KeyKind
from traceability.projections.links import Link
from traceability.projections.view import View
from traceability.web import access, customer
from traceability.web.clock import now
from traceability.web.doors import Door, door
from traceability.web.network import outer_url
from traceability.web.orders import number_of
from traceability.web.reading import current
from traceability.web.sentences import LazyString, lazy_gettext, ngettext
from traceability.web.sentences import gettext as _
from traceability.web.words import titled

blueprint = Blueprint("keys", __name__)

SHOWN_FOR = timedelta(minutes=10)
SHOWN_MAX = 50
OVER_SHOWN = 20
"""Links that have ended and still stand in the list."""
DAYS: dict[KeyKind, tuple[int, ...]] = {
    "device": (365,),
    "auditor": (7, 30, 90),
    "admin": (1, 7, 30, 90),
}
USUAL_DAYS: dict[KeyKind, int] = {"device": 365, "auditor": 30, "admin": 7}

KIND_WORDS: dict[str, LazyString] = {
    "device": lazy_gettext("Device at a step"),
    "auditor": lazy_gettext("Auditor, reads only"),
    "admin": lazy_gettext("Everything"),
    "order": lazy_gettext("Customer of an order"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One link as the page lists it."""

    id: str
    kind: str
    """device, auditor, admin or order."""
    title: str
    line: str
    """The step of a device, the customer of an order."""
    made_at: datetime
    made_by: str
    expires_at: datetime
    state: str
    """open, expired or ended."""
    ended_at: datetime | None
    last_used: datetime | None
    href: str = ""

    @property
    def word(self) -> str:
        """What the link opens."""
        return str(KIND_WORDS[self.kind])


@dataclass(slots=True)
class Shown:
    """Secrets that were just made, by the id of their key. Owned by its lock."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _secrets: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def keep(self, key_id: str, secret: str, at: datetime) -> None:
        """Keep a secret for some minutes; of too many, the oldest goes."""
        with self._lock:
            if len(self._secrets) >= SHOWN_MAX:
                del self._secrets[next(iter(self._secrets))]
            self._secrets[key_id] = (secret, at + SHOWN_FOR)

    def secret(self, key_id: str, at: datetime) -> str:
        """Return a secret that may still be shown, else nothing."""
        with self._lock:
            for old in [one for one, (_, until) in self._secrets.items() if until <= at]:
                del self._secrets[old]
            return self._secrets.get(key_id, ("", at))[0]

    def forget(self, key_id: str) -> None:
        """Show a secret no more: it has come to its device, or was ended."""
        with self._lock:
            self._secrets.pop(key_id, None)


def shown() -> Shown:
    """Return what was just made on this server."""
    found = current_app.extensions.setdefault("hangtag.shown", Shown())
    assert isinstance(found, Shown)
    return found


@dataclass(frozen=True, slots=True)
class Ticket:
    """A new link, ready to be handed over."""

    key: Key
    address: str
    """The whole address, for a message."""
    scanned: str
    """What its square code says: for a phone, the way over the page that helps it to trust."""
    picture: Markup
    opens_only_here: bool


def ticket(view: View, key_id: str) -> Ticket | None:
    """Return a link that was just made, as long as it may be shown."""
    secret = shown().secret(key_id, now())
    found = keys.key(view, key_id) if secret else None
    if found is None or found.state(now()) != "open":
        return None
    safe = outer_url(Door.SAFE)
    address = f"{safe or request.host_url.rstrip('/')}/k/{secret}"
    plain = outer_url(Door.PLAIN)
    # Behind the # it stays in the phone: what is sent in the plain is the page's name alone.
    scanned = f"{plain}/trust#{secret}" if found.kind == "device" and plain else address
    only_here = not safe and access.is_loopback_host(request.host)
    return Ticket(found, address, scanned, square(scanned), only_here)


def square(text: str) -> Markup:
    """Draw a text as a square code that every camera reads, in light and dark pages alike."""
    code = qr_code(text)
    side = code.size + 2 * QUIET_MODULES
    return Markup(
        '<svg class="square" viewBox="0 0 {side} {side}" role="img" aria-label="{label}" '
        'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"></path>'
        '<path fill="#000" d="{path}"></path></svg>'
    ).format(side=side, path=code.path, label=_("Code to scan with the phone's camera"))


# --- coming in -----------------------------------------------------------------------------------


@blueprint.get("/k/<token>")
@access.open_to_all
def come_in(token: str) -> BaseResponse:
    """Take a link: leave a cookie, and lead to where its holder begins."""
    with current().look() as view:
        found = keys.holder(view, token)
    if found is None:
        abort(401, "key-unknown")
    state = found.state(now())
    if state != "open":
        abort(401, f"key-{state}")
    if door() is Door.PLAIN and found.kind != "device":
        abort(403, "key-plain")
    shown().forget(found.id)
    answer = redirect(access.let_in(found), 303)
    # The address is the key: it must not travel on, nor stay in a cache.
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


# --- the list ------------------------------------------------------------------------------------


@blueprint.get("/keys")
@access.only("admin")
def show() -> str:
    """List every link that opens something here, and what was ended."""
    with current().look() as view:
        rows = [*(key_row(view, one) for one in keys.keys(view)), *_link_rows(view)]
        made = ticket(view, request.args.get("made", ""))
    rows.sort(key=lambda row: row.made_at, reverse=True)
    return render_template(
        "keys.html",
        rows=[row for row in rows if row.state == "open"],
        over=[row for row in rows if row.state != "open"][:OVER_SHOWN],
        made=made,
        days={kind: _day_options(offered) for kind, offered in DAYS.items()},
        usual=USUAL_DAYS,
        is_open=bool(outer_url(Door.SAFE)),
    )


def _day_options(offered: tuple[int, ...]) -> list[tuple[str, str]]:
    return [(str(days), ngettext("%(num)s day", "%(num)s days", days)) for days in offered]


def key_row(view: View, one: Key) -> Row:
    """Return a key as a line of the list."""
    stage = view.flow.stage(one.stage) if one.stage else None
    return Row(
        id=one.id,
        kind=one.kind,
        title=one.title,
        line=stage_title(stage) if stage is not None else "",
        made_at=one.made_at,
        made_by=one.by,
        expires_at=one.expires_at,
        state=one.state(now()),
        ended_at=one.ended_at,
        last_used=access.last_used(one.id),
    )


def stage_title(stage: Stage) -> str:
    """Return what a step is called on the page."""
    return titled(stage)


def _link_rows(view: View) -> list[Row]:
    made = [one for one in links.every_link(view) if not one.is_look]
    orders = view.master("order", list({one.order for one in made}))
    return [_link_row(view, one, orders.get(one.order, {}).get("customer", "")) for one in made]


def _link_row(view: View, one: Link, name: object) -> Row:
    number = number_of(one.order, view.namespace)
    return Row(
        id=one.id,
        kind="order",
        title=_("Order %(number)s", number=number),
        line=str(name),
        made_at=one.made_at,
        made_by=one.by,
        expires_at=one.expires_at,
        state=one.state(now()),
        ended_at=one.ended_at,
        last_used=access.last_used(one.id),
        href=url_for("orders.show_one", number=number) + "#send",
    )


# --- making, naming, ending ----------------------------------------------------------------------


@blueprint.post("/keys")
@access.only("admin")
def make() -> BaseResponse:
    """Make a link for an auditor or another owner, and show it."""
    wish = request.form.get("kind", "")
    kind = next((one for one in keys.KINDS if one == wish and one != "device"), None)
    if kind is None:
        raise Refused(f"Cannot make a link of kind {wish!r}: expected auditor or admin.")
    days = request.form.get("days", "")
    if days not in {str(one) for one in DAYS[kind]}:
        offered = ", ".join(str(one) for one in DAYS[kind])
        raise Refused(f"Cannot make a link for {days!r} days: expected one of {offered}.")
    usual = _("Auditor") if kind == "auditor" else _("Second owner")
    made = make_key(kind, request.form.get("title", "").strip() or usual, days=int(days))
    return redirect(url_for("keys.show", made=made.id) + "#made", 303)


def make_key(kind: KeyKind, title: str, *, days: int, stage: str = "", place: str = "") -> Key:
    """Write a new key into the record and keep its secret to be shown."""
    at = now()
    made, secret = keys.new_key(
        kind,
        title,
        made_at=at,
        expires_at=at + timedelta(days=days),
        by=access.by(),
        stage=stage,
        place=place,
    )
    _append(made)
    shown().keep(made.id, secret, at)
    return made


@blueprint.post("/keys/<key_id>/end")
@access.only("admin")
def end(key_id: str) -> BaseResponse:
    """End a key or a customer's link: it opens nothing from now on."""
    with current().look() as view:
        found, link = keys.key(view, key_id), links.link(view, key_id)
    if found is not None and found.ended_at is None:
        _append(keys.ended(found, by=access.by(), at=now()))
        shown().forget(key_id)
    elif link is not None and link.ended_at is None:
        customer.end(link)
    elif found is None and link is None:
        abort(404)
    return _back()


@blueprint.post("/keys/<key_id>/name")
@access.only("admin")
def rename(key_id: str) -> BaseResponse:
    """Give a device or a person the right name."""
    with current().look() as view:
        found = keys.key(view, key_id) or abort(404)
    title = request.form.get("title", "")
    if title != found.title:
        _append(keys.renamed(found, title))
    return _back()


def _back() -> BaseResponse:
    is_phones = request.form.get("back") == "phones"
    return redirect(url_for("phones.show") + "#devices" if is_phones else url_for("keys.show"), 303)


def _append(one: Key) -> None:
    outcome = current().ledger.append([one.draft(by=access.by())])[0]
    if outcome.status == "refused":
        raise Refused(outcome.problem or "The link was not written.")
