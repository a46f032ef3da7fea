"""Links by which a customer sees one order: who made each, until when, and whether it was ended.

A link is master data in the ledger: what was handed out is in the record, and so is its end. The
address itself is not: it is signed with the server's secret, so that nobody who reads the record,
or a copy of it, can open a customer's page.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import text

from traceability.epcis import body as bodies
from traceability.errors import Refused
from traceability.ledger.append import Draft
from traceability.projections.view import View

LINKS_MAX = 200
"""Links of one order that are listed."""
ALL_MAX = 1_000
"""Links of all orders together that are listed."""
DAYS_MAX = 400
_PREFIX = "link:"
_ORDER_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Link:
    """One link that was made for an order."""

    id: str
    """24 hex digits; the first half stands for the order."""
    order: str
    """Key of the order."""
    by: str
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended_by: str = ""
    is_look: bool = False
    """Made by staff to see what the customer sees."""

    def state(self, now: datetime) -> Literal["open", "expired", "ended"]:
        """Say whether the link opens its page at a moment."""
        if self.ended_at is not None:
            return "ended"
        return "open" if now < self.expires_at else "expired"

    def values(self) -> dict[str, Any]:
        """Return what the ledger says of the link: JSON."""
        tree: dict[str, Any] = {
            "order": self.order,
            "by": self.by,
            "made": _written(self.made_at),
            "expires": _written(self.expires_at),
        }
        if self.is_look:
            tree["look"] = True
        if self.ended_at is not None:
            tree |= {"ended": _written(self.ended_at), "ended_by": self.ended_by}
        return tree

    def draft(self) -> Draft:
        """Return the entry that says the link is so."""
        what = "made" if self.ended_at is None else "ended"
        tree = {"type": "link", "id": _PREFIX + self.id, "values": self.values()}
        by = self.by if self.ended_at is None else self.ended_by
        return Draft("master", f"{_PREFIX}{self.id}:{what}", tree, by=by)


def new_link(
    order: str, *, by: str, made_at: datetime, expires_at: datetime, is_look: bool = False
) -> Link:
    """Make a link with an id that nobody can guess; it exists once its draft is appended.

    Raises:
        Refused: If it would have ended already, or would open for more than 400 days.
    """
    days = (expires_at - made_at).total_seconds() / 86_400
    if not 0 < days <= DAYS_MAX:
        raise Refused(
            f"Cannot make a link for {days:.0f} days: expected more than 0 and at most {DAYS_MAX}."
        )
    return Link(
        _order_part(order) + secrets.token_hex(_ORDER_DIGITS // 2),
        order,
        by,
        made_at,
        expires_at,
        is_look=is_look,
    )


def ended(link: Link, *, by: str, at: datetime) -> Link:
    """Return a link that opens nothing from a moment on; it is so once its draft is appended."""
    return replace(link, ended_at=at, ended_by=by)


def link(view: View, link_id: str) -> Link | None:
    """Return one link; None if this ledger never made it."""
    found = view.master("link", [_PREFIX + link_id]).get(_PREFIX + link_id)
    return _read(link_id, found) if found is not None else None


def links(view: View, order: str) -> list[Link]:
    """Return the links of an order, newest first."""
    first = _PREFIX + _order_part(order)
    rows = view.connection.execute(
        # Ids are hex digits: everything that begins with these twelve sorts before "…g".
        text(
            "SELECT key, value FROM master_data "
            "WHERE ledger_id = :l AND type = 'link' AND key >= :a AND key < :b "
            "ORDER BY key LIMIT :n"
        ),
        {"l": view.ledger_id, "a": first, "b": first + "g", "n": LINKS_MAX},
    )
    found = [_read(row.key.removeprefix(_PREFIX), bodies.parse(row.value.encode())) for row in rows]
    mine = [one for one in found if one.order == order]
    return sorted(mine, key=lambda one: (one.made_at, one.id), reverse=True)


def every_link(view: View, limit: int = ALL_MAX) -> list[Link]:
    """Return the links of all orders that were made for customers, newest first."""
    rows = view.connection.execute(
        text(
            "SELECT key, value FROM master_data WHERE ledger_id = :l AND type = 'link' "
            "ORDER BY key LIMIT :n"
        ),
        {"l": view.ledger_id, "n": limit},
    )
    found = [_read(row.key.removeprefix(_PREFIX), bodies.parse(row.value.encode())) for row in rows]
    return sorted(found, key=lambda one: (one.made_at, one.id), reverse=True)


def _order_part(order: str) -> str:
    return sha256(order.encode()).hexdigest()[:_ORDER_DIGITS]


def _read(link_id: str, values: Mapping[str, Any] | Any) -> Link:
    ended = values.get("ended")
    return Link(
        id=link_id,
        order=str(values["order"]),
        by=str(values["by"]),
        made_at=datetime.fromisoformat(values["made"]),
        expires_at=datetime.fromisoformat(values["expires"]),
        ended_at=datetime.fromisoformat(ended) if ended else None,
        ended_by=str(values.get("ended_by", "")),
        is_look=bool(values.get("look")),
    )


def _written(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
