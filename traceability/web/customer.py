"""The page that a customer opens with a link: one order in plain words, and nothing else.

An address is the link's id with a signature (`itsdangerous`, HMAC-SHA-256 under the server's
secret). When it ends, and whether somebody ended it, stands in the ledger under that id.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, current_app, render_template, request, url_for
from itsdangerous import BadSignature, Signer

from traceability.errors import Refused
from traceability.projections import links, progress
from traceability.projections.board import leaving_stage
from traceability.projections.links import Link
from traceability.projections.steps import cartons
from traceability.projections.view import View
from traceability.web import order_sheet
from traceability.web.access import by, is_loopback_host, note_use, open_to_all
from traceability.web.clock import now
from traceability.web.doors import Door
from traceability.web.network import outer_url
from traceability.web.reading import current
from traceability.web.words import local

blueprint = Blueprint("customer", __name__)

NEWS_SHOWN = 8
REFRESH_S = 60
"""How often the page asks anew for whoever wished that it does so by itself."""


def _signer() -> Signer:
    secret = current_app.secret_key
    assert isinstance(secret, str), "access.guard sets it"
    return Signer(secret, salt="order link", digest_method=hashlib.sha256)


def address(link: Link) -> str:
    """Return the whole address of a link, as this visitor's browser reached the server."""
    token = _signer().sign(link.id.encode()).decode()
    outer = outer_url(Door.PLAIN) if is_loopback_host(request.host) else ""
    # A customer's browser knows no certificate of ours: for him it is the plain door.
    return outer + url_for("customer.show", token=token, _external=not outer)


def end(link: Link) -> None:
    """End a link: its address opens nothing from now on."""
    append(links.ended(link, by=by(), at=now()))


def append(link: Link) -> None:
    """Write what a link is from now on into the record.

    Raises:
        Refused: If the record does not take it.
    """
    outcome = current().ledger.append([link.draft()])[0]
    # Two people may end one link in the same moment: the first one's entry is the end of it.
    if outcome.status == "refused":
        raise Refused(outcome.problem or "The link was not written.")


@blueprint.get("/o/<token>")
@open_to_all
def show(token: str) -> Response:
    """Show the order of a link; 404 for a forged address, 410 for one that has ended."""
    try:
        link_id = _signer().unsign(token.encode()).decode()
    except BadSignature:
        return _answer(render_template("customer_gone.html", has_ended=False), 404)
    with current().look() as view:
        link = links.link(view, link_id)
        if link is None:
            return _answer(render_template("customer_gone.html", has_ended=False), 404)
        if link.state(now()) == "open":
            note_use(link.id)
        else:
            return _answer(render_template("customer_gone.html", has_ended=True), 410)
        page = _page(view, link)
    if page is None:
        return _answer(render_template("customer_gone.html", has_ended=False), 404)
    return _answer(page, 200)


def _page(view: View, link: Link) -> str | None:
    card = progress.order(view, link.order)
    if card is None:
        return None
    stage = order_sheet.shown_stage(card, leaving_stage(view))
    happened = order_sheet.news(card, cartons(view, link.order), view.flow)
    wants_all = request.args.get("news") == "all"
    return render_template(
        "customer_order.html",
        card=card,
        link=link,
        today=local(now()).date(),
        steps=order_sheet.steps(card),
        matrix=order_sheet.matrix(card, stage.stage) if stage is not None else None,
        shown=stage,
        coming=order_sheet.coming(card),
        queue=order_sheet.queue_words(progress.queue(view, link.order)),
        news=happened if wants_all else happened[:NEWS_SHOWN],
        news_count=len(happened),
        refresh_s=REFRESH_S if request.args.get("every") == str(REFRESH_S) else None,
        recorded_at=view.record_at,
        size=view.size,
        root=view.root.hex()[:16],
    )


def _answer(page: str, status: int) -> Response:
    response = Response(page, status=status)
    # The address is the key: it must not travel on, nor stay in a shared cache or a search engine.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
