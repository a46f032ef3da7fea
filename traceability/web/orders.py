"""The orders for the people of the workshop: the list, one order, and the links for customers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from traceability.errors import Refused
from traceability.labels import garments
from traceability.projections import links, progress
from traceability.projections.board import leaving_stage
from traceability.projections.links import Link
from traceability.projections.progress import OrderCard, OrderRow, StageProgress
from traceability.projections.steps import Carton, cartons
from traceability.projections.view import View
from traceability.web import access, customer, order_sheet, tickets
from traceability.web.clock import now
from traceability.web.doors import Door
from traceability.web.layout import MenuEntry
from traceability.web.network import outer_url
from traceability.web.reading import current
from traceability.web.sentences import gettext as _
from traceability.web.sentences import lazy_gettext, ngettext
from traceability.web.shapes import column_sums
from traceability.web.telling import item_path
from traceability.web.why import Why, WhyPart
from traceability.web.words import local, titled

blueprint = Blueprint("orders", __name__)
MENU = MenuEntry(lazy_gettext("Orders"), "orders.show", 20)

ROWS_SHOWN = 50
CARTONS_SHOWN = 60
NEWS_SHOWN = 7
WHY_PARTS_MAX = 12
DAYS_OFFERED = (7, 30, 90, 365)
DAYS_USUAL = 30
LOOK_HOURS = 24
"""How long a link opens that staff made to see what the customer sees."""
LOOK_LEFT = timedelta(minutes=30)
"""Such a link is used again while it opens at least this long: looking is no reason to write."""
OVER = ("done", "left")


# --- addresses ---------------------------------------------------------------------------------


def number_of(key: str, namespace: str) -> str:
    """Return what stands for an order in an address: its number in the workshop's own names.

    >>> number_of("//knit.example/bt/4471", "knit.example")
    '4471'
    """
    return key.removeprefix(f"//{namespace}/bt/")


def order_path(key: str) -> str:
    """Return the address of an order's page."""
    return url_for("orders.show_one", number=number_of(key, current().opening.namespace))


def key_of_number(view: View, number: str) -> str:
    """Return the key of an order from its address; 404 if nobody entered it."""
    keys = (f"//{view.namespace}/bt/{number}", number, f"/{number}", f"//{number}")
    found = view.master("order", keys)
    return next((key for key in keys if key in found), "") or abort(404)


def demo_link() -> str:
    """Return the address that leads to what the customer of the order that is furthest on sees.

    Nothing if there is no order yet.
    """
    with current().look() as view:
        rows = progress.orders(view)
        if not rows:
            return ""
        best = max(rows, key=lambda row: (row.finished, row.left, row.begun))
        return url_for("orders.as_customer", number=number_of(best.label.key, view.namespace))


# --- the list ----------------------------------------------------------------------------------


@blueprint.get("/orders")
def show() -> str:
    """List the orders, the one promised first on top."""
    today = local(now()).date()
    wish = request.args.get("show", "open")
    first = _first_row()
    with current().look() as view:
        rows = progress.orders(view)
        groups = {
            "open": [row for row in rows if row.standing(today) not in OVER],
            "over": [row for row in rows if row.standing(today) in OVER],
            "all": rows,
        }
        chosen = groups.get(wish, groups["open"])
        page = chosen[first : first + ROWS_SHOWN]
        styles = order_sheet.styles(view, page)
        leaving = leaving_stage(view)
    return render_template(
        "orders.html",
        rows=page,
        styles=styles,
        standing={row.label.key: row.standing(today) for row in page},
        words={row.label.key: order_sheet.standing_word(row, today) for row in page},
        paths={row.label.key: order_path(row.label.key) for row in page},
        leaving=leaving,
        today=today,
        wish=wish if wish in groups else "open",
        counts={name: len(group) for name, group in groups.items()},
        late_count=sum(row.standing(today) == "late" for row in rows),
        due_count=sum(row.standing(today) == "due" for row in rows),
        first=first,
        more=len(chosen) - first - len(page),
        step=ROWS_SHOWN,
    )


def _first_row() -> int:
    wish = request.args.get("from", "0")
    return int(wish) if wish.isdecimal() and len(wish) < 5 else 0


@blueprint.get("/api/orders")
def list_orders() -> Response:
    """Give the orders as JSON, the one promised first on top."""
    today = local(now()).date()
    with current().look() as view:
        rows = progress.orders(view)
        tree = {
            "size": view.size,
            "at": view.record_at.isoformat(),
            "orders": [_row_tree(row, today, view.namespace) for row in rows],
        }
    return jsonify(tree)


def _row_tree(row: OrderRow, today: date, namespace: str) -> dict[str, Any]:
    return {
        "id": row.label.key,
        "number": number_of(row.label.key, namespace),
        "title": row.label.name,
        "customer": order_sheet.customer_name(row.values),
        "due": row.due.isoformat() if row.due is not None else None,
        "state": row.standing(today),
        "ordered": _plain(row.ordered),
        "begun": _plain(row.begun),
        "left": _plain(row.left),
        "finished": _plain(row.finished),
    }


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


# --- one order ---------------------------------------------------------------------------------


@blueprint.get("/orders/<path:number>")
def show_one(number: str) -> str:
    """Show one order to the people of the workshop."""
    with current().look() as view:
        key = key_of_number(view, number)
        card = progress.order(view, key)
        if card is None:
            abort(404)
        everyone = progress.orders(view)
        row = next((one for one in everyone if one.label.key == key), None)
        boxes = cartons(view, key)
        stage = order_sheet.shown_stage(card, leaving_stage(view), request.args.get("stage", ""))
        made = links.links(view, key)
        happened = order_sheet.news(card, boxes, view.flow)
        today = local(now()).date()
        return render_template(
            "order.html",
            card=card,
            number=number_of(key, view.namespace),
            row=row,
            standing=row.standing(today) if row is not None else "new",
            standing_word=order_sheet.standing_word(row, today) if row is not None else "",
            today=today,
            words={one.stage.name: order_sheet.stage_words(one) for one in card.stages},
            matrix=order_sheet.matrix(card, stage.stage) if stage is not None else None,
            shown=stage,
            matrix_sums=column_sums,
            coming=order_sheet.coming(card),
            queue=order_sheet.queue_words(progress.queue(view, key, everyone)),
            cartons=boxes[:CARTONS_SHOWN],
            carton_count=len(boxes),
            carton_names={
                one.label.key: order_sheet.carton_name(one, view.flow, stands_alone=True)
                for one in boxes[:CARTONS_SHOWN]
            },
            item_path=item_path,
            tickets=tickets.standing(view, key),
            hang_tags=garments.standing(view, key) if garments.are_single(view, key) else None,
            news=happened if request.args.get("news") == "all" else happened[:NEWS_SHOWN],
            news_count=len(happened),
            why=_why(view, card, boxes, stage),
            **_sending(card, number_of(key, view.namespace), made, stage),
        )


def _sending(
    card: OrderCard, number: str, made: list[Link], stage: StageProgress | None
) -> dict[str, Any]:
    """Return what the part of the page shows that makes and ends links."""
    at = now()
    sent = next((one for one in made if one.id == request.args.get("sent")), None)
    sent = sent if sent is not None and sent.state(at) == "open" else None
    return {
        "links": made,
        "link_states": {one.id: one.state(at) for one in made},
        # Who only reads must not hand out what opens longer than his own link.
        "addresses": {
            one.id: customer.address(one)
            for one in made
            if one.state(at) == "open" and access.role() == "admin"
        },
        "sent": sent,
        "message": _message(card, number, sent, stage),
        "may_send": access.role() == "admin",
        "day_options": [
            (str(days), ngettext("%(num)s day", "%(num)s days", days)) for days in DAYS_OFFERED
        ],
        "person_name": _person_name,
        "days_usual": DAYS_USUAL,
        "opens_in_house": bool(outer_url(Door.PLAIN)),
        "opens_only_here": access.is_loopback_host(request.host) and not outer_url(Door.PLAIN),
    }


def _message(card: OrderCard, number: str, link: Link | None, stage: StageProgress | None) -> str:
    """Write what goes to the customer: with the link if there is one, else with the files."""
    heading = _("Order %(number)s, %(title)s", number=number, title=card.label.name)
    if link is not None:
        heading = _(
            "Order %(number)s, %(title)s: see how far it is at any time, until %(day)s: "
            "%(address)s",
            number=number,
            title=card.label.name,
            day=f"{local(link.expires_at):%Y-%m-%d}",
            address=customer.address(link),
        )
    asked = _("Page and picture stand still: ask for newer ones.") if link is None else ""
    return "\n".join(filter(None, (heading, order_sheet.summary(card, stage), asked)))


def _person_name(by: str) -> str:
    """Return who made or ended a link: until there are accounts, that is the owner."""
    if by.startswith("key:"):
        return _("another owner")
    return _("the owner") if by in ("", "admin") else by


@blueprint.get("/api/orders/<path:number>")
def give_one(number: str) -> Response:
    """Give one order as JSON: lines, stages with first and last time, cartons."""
    with current().look() as view:
        key = key_of_number(view, number)
        card = progress.order(view, key)
        if card is None:
            abort(404)
        tree = {
            "id": key,
            "number": number_of(key, view.namespace),
            "title": card.label.name,
            "customer": order_sheet.customer_name(card.values),
            "due": card.due.isoformat() if card.due is not None else None,
            "ordered": _plain(card.ordered),
            "finished": _plain(card.finished),
            "size": view.size,
            "at": view.record_at.isoformat(),
            "lines": [
                {
                    "product": line.product.key,
                    "name": line.product.name,
                    "ordered": _plain(line.ordered),
                    "made": {name: _plain(pieces) for name, pieces in line.done.items()},
                }
                for line in card.lines
            ],
            "stages": [_stage_tree(one) for one in card.stages],
            "cartons": [_carton_tree(one) for one in cartons(view, key)],
        }
    return jsonify(tree)


def _stage_tree(one: StageProgress) -> dict[str, Any]:
    return {
        "stage": one.stage.name,
        "counts": one.kind.name if one.kind is not None else "pieces",
        "made": _plain(one.done),
        "total": _plain(one.total),
        "first_at": one.first_at.isoformat() if one.first_at is not None else None,
        "last_at": one.last_at.isoformat() if one.last_at is not None else None,
    }


def _carton_tree(one: Carton) -> dict[str, Any]:
    return {
        "id": one.label.key,
        "number": one.number,
        "pieces": _plain(one.pieces),
        "place": one.place.key if one.place is not None else None,
        "stage": one.stage.name if one.stage is not None else None,
        "since": one.since.isoformat(),
    }


# --- why ---------------------------------------------------------------------------------------


def _why(
    view: View, card: OrderCard, boxes: list[Carton], shown: StageProgress | None
) -> Why | None:
    asked = request.args.get("why", "")
    stages = {f"stage-{one.stage.name}": one for one in card.stages}
    if asked == "sizes" and shown is not None:
        return _why_stage(view, asked, card, shown, [])
    if asked in stages:
        return _why_stage(view, asked, card, stages[asked], boxes)
    return None


def _why_stage(
    view: View, name: str, card: OrderCard, one: StageProgress, boxes: list[Carton]
) -> Why:
    rule = _(
        "Pieces of this order that came to %(stage)s: seen there, or inside a carton that was. "
        "A piece that is seen twice counts once.",
        stage=titled(one.stage),
    )
    if one.kind is not None:
        rule = _("Seen at %(stage)s, of all that this order was cut from.", stage=titled(one.stage))
    return Why(
        name=name,
        figure=one.done,
        rule=rule,
        parts=_parts(view, card, one, boxes),
        position=view.size - 1,
        at=view.record_at,
        rule_name="progress",
    )


def _parts(
    view: View, card: OrderCard, one: StageProgress, boxes: list[Carton]
) -> tuple[WhyPart, ...]:
    mine = [step for step in card.steps if step.stage == one.stage]
    if one.kind is not None:
        return tuple(
            WhyPart(1, str(step.thing), item_path(step.thing.key), _("open"))
            for step in mine
            if step.thing is not None
        )[:WHY_PARTS_MAX]
    named = {box.label.key: box for box in boxes}
    inside: dict[str, Decimal] = {}
    for step in mine:
        where = step.carton if step.carton in named else ""
        inside[where] = inside.get(where, Decimal()) + step.pieces
    if set(inside) != {""} and inside and len(inside) <= WHY_PARTS_MAX:
        return tuple(
            WhyPart(
                pieces, order_sheet.carton_name(named[key], view.flow), item_path(key), _("open")
            )
            if key
            else WhyPart(pieces, _("not in a carton"))
            for key, pieces in inside.items()
        )
    return tuple(
        WhyPart(line.done[one.stage.name], line.product.name)
        for line in card.lines
        if line.done[one.stage.name]
    )[:WHY_PARTS_MAX]


# --- links for customers -------------------------------------------------------------------------


@blueprint.post("/orders/<path:number>/links")
def make_link(number: str) -> BaseResponse:
    """Make a link for the customer of an order, and show it."""
    given = request.form.get("days", "")
    if given not in {str(days) for days in DAYS_OFFERED}:
        offered = ", ".join(str(days) for days in DAYS_OFFERED)
        raise Refused(f"Cannot make a link for {given!r} days: expected one of {offered}.")
    with current().look() as view:
        key = key_of_number(view, number)
    link = _make(key, timedelta(days=int(given)))
    return redirect(url_for("orders.show_one", number=number, sent=link.id) + "#send", 303)


@blueprint.post("/orders/<path:number>/links/<link_id>/end")
def end_link(number: str, link_id: str) -> BaseResponse:
    """End a link: its address opens nothing from now on."""
    with current().look() as view:
        key = key_of_number(view, number)
        link = links.link(view, link_id)
    if link is None or link.order != key:
        abort(404)
    if link.ended_at is None:
        customer.end(link)
    return redirect(url_for("orders.show_one", number=number) + "#send", 303)


@blueprint.get("/orders/<path:number>/as-customer")
@access.only("admin")
def as_customer(number: str) -> BaseResponse:
    """Lead to the customer's page, by a link that ends within a day."""
    at = now()
    with current().look() as view:
        key = key_of_number(view, number)
        ready = next(
            (
                one
                for one in links.links(view, key)
                if one.is_look and one.state(at + LOOK_LEFT) == "open"
            ),
            None,
        )
    link = ready or _make(key, timedelta(hours=LOOK_HOURS), is_look=True)
    return redirect(customer.address(link), 303)


def _make(key: str, lasting: timedelta, *, is_look: bool = False) -> Link:
    at = now()
    link = links.new_link(
        key, by=access.role() or "", made_at=at, expires_at=at + lasting, is_look=is_look
    )
    customer.append(link)
    return link
