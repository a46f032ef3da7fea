"""One thing as JSON: what its page shows, for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from markupsafe import Markup

from traceability.projections.items import ItemCard
from traceability.projections.timeline import Happening
from traceability.projections.view import Label, View
from traceability.web.telling import happening

__all__ = ["as_tree"]


def as_tree(view: View, card: ItemCard) -> dict[str, Any]:
    """Return a thing as JSON: keys, names, figures as texts, newest happening first."""

    def plain(label: Label | None) -> dict[str, str] | None:
        return {"id": label.key, "name": str(label)} if label is not None else None

    return {
        "id": card.label.key,
        "known": True,
        "name": str(card.label),
        "kind": card.kind.name if card.kind is not None else None,
        "product": plain(card.product),
        "place": plain(card.place),
        "step": card.step,
        "stage": card.stage.title if card.stage is not None else None,
        "disposition": card.disposition,
        "order": plain(card.order),
        "container": plain(card.container),
        "contents": [plain(one) for one in card.contents],
        "contents_count": card.contents_count,
        "active": card.is_active,
        "quantity": _figure(card.quantity),
        "consumed": _figure(card.consumed),
        "uom": card.uom,
        "flags": sorted(card.flags),
        "holds": [
            {"id": hold.id, "reason": hold.reason, "contact": hold.contact} for hold in card.holds
        ],
        "made_from": [plain(one) for one in card.made_from],
        "made_into": [plain(one) for one in card.made_into],
        "made_into_count": card.made_into_count,
        "timeline": [_happening_tree(one, view) for one in card.timeline],
        "as_of": view.size,
    }


def _happening_tree(one: Happening, view: View) -> dict[str, Any]:
    words = happening(one, view.flow)
    return {
        "at": one.at.isoformat(),
        "recorded_at": one.recorded_at.isoformat(),
        "position": one.position,
        "role": one.role.name.lower(),
        "words": Markup(words.words).striptags(),  # noqa: S704 - our own sentence
        "where": words.where,
        "stage": one.stage.name if one.stage is not None else None,
        "place": one.place.key if one.place is not None else None,
        "inside": one.other.key if one.is_inside and one.other is not None else None,
        "read": not one.is_unread,
        "void": one.is_void,
    }


def _figure(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"
