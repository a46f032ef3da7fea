"""`hangtag trace`: back to the roll, forward to everything made from it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import click

from traceability.database import MICRO
from traceability.errors import InvalidIdentifier, Refused
from traceability.gs1 import identify
from traceability.opening import ledger_options, open_ledger
from traceability.projections.accounting import Trace
from traceability.projections.accounting import trace as trace_thing
from traceability.projections.as_of import look_as_of
from traceability.projections.genealogy import Node, edges_of, nodes_of
from traceability.projections.search import find_keys
from traceability.projections.state import plain
from traceability.projections.view import View, look


@click.command("trace")
@click.argument("thing", metavar="ID")
@click.option(
    "--as-of", type=int, metavar="POSITION", help="As the record had it at this entry, not now."
)
@ledger_options
def trace(thing: str, as_of: int | None, db: str | None, ledger_name: str, as_json: bool) -> None:
    """Say what ID was made from and where everything made from it is now.

    ID is anything that names a thing: a scan, a link, a tag in hex, a ticket's short code.
    """
    ledger = open_ledger(db, ledger_name)
    with look(ledger) as view:
        keys = find_keys(view, thing)
        if len(keys) > 1:
            names = ", ".join(f"{label} ({key})" for key, label in view.labels(keys[:6]).items())
            raise Refused(f"{thing!r} can be {len(keys)} things: {names}. Give the whole code.")
        if as_of is None or not keys:
            found = trace_thing(view, keys[0]) if keys else None
            if found is None:
                raise Refused(_unknown(view, thing, keys))
            _say(view, found, as_json=as_json)
            return
        name = f"{view.label(keys[0])} ({keys[0]})"
    with look_as_of(ledger, as_of, keys) as view:
        found = trace_thing(view, keys[0])
        if found is None:
            raise Refused(f"{name} was not met up to entry {as_of}.")
        _say(view, found, as_json=as_json)


def _say(view: View, found: Trace, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(as_tree(view, found), ensure_ascii=False))
    else:
        click.echo(_sentences(view, found))


def _unknown(view: View, thing: str, keys: list[str]) -> str:
    if keys:
        return f"{view.label(keys[0])} ({keys[0]}) was entered, but never seen: nothing to trace."
    try:
        read = identify(thing, namespace=view.namespace).key
    except InvalidIdentifier as error:
        return f"Nothing called {thing!r} was ever seen here. {error}"
    return f"Nothing called {thing!r} was ever seen here: it reads as {read}."


def as_tree(view: View, found: Trace) -> dict[str, Any]:
    """Return a trace as JSON: keys, names, figures as texts."""
    forward = [nodes_of(view, level) for level in found.family.forward.levels]
    last = dict(
        zip(
            [one.number for one in found.unaccounted],
            nodes_of(view, [one.number for one in found.unaccounted]),
            strict=True,
        )
    )
    return {
        "id": found.start.label.key,
        "name": str(found.start.label),
        "back": [[_node(node) for node in level] for level in found.back()],
        "forward": [[_node(node) for node in level] for level in forward],
        "edges": [
            {
                "from": edge.source,
                "to": edge.target,
                "position": edge.position,
                "certain": edge.is_certain,
            }
            for edge in edges_of(view, found.family)
        ],
        "pieces": _figure(found.pieces),
        "seen": _figure(found.seen),
        "concluded": _figure(found.concluded),
        "missing": _figure(found.missing),
        "held": _figure(found.held),
        "places": [
            {
                "place": count.place.key,
                "name": count.place.name,
                "stage": count.stage.title if count.stage else count.disposition,
                "pieces": _figure(count.pieces),
                "seen": _figure(count.seen),
            }
            for count in found.places
        ],
        "unaccounted": [
            {
                "id": last[one.number].label.key,
                "name": str(last[one.number].label),
                "pieces": _figure(one.pieces),
                "reason": one.reason,
                "last_place": _place(last[one.number]),
                "last_at": last[one.number].last_at.isoformat(),
            }
            for one in found.unaccounted
        ],
        "orders": [
            {"id": order.key, "number": order.detail, "name": order.name, "pieces": _figure(count)}
            for order, count in found.orders
        ],
        "as_of": view.size,
    }


def _place(node: Node) -> str | None:
    return node.place.name if node.place else None


def _figure(value: Decimal) -> str:
    return plain(int(value * MICRO))


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.label.key,
        "name": str(node.label),
        "kind": node.kind.name if node.kind else None,
        "place": _place(node),
        "step": node.step,
        "disposition": node.disposition,
        "order": node.order.detail if node.order else None,
        "container": node.container.key if node.container else None,
        "pieces": _figure(node.pieces),
        "left": _figure(node.quantity),
        "uom": node.uom,
        "held": node.is_held,
    }


WHY_MISSING = {
    "cut": "went in and never came out",
    "left": "stayed behind while the others went on",
    "unread": "not read, although its carton was",
    "waiting": "waits longer than the flow allows",
}


def _sentences(view: View, found: Trace) -> str:
    lines = [f"{found.start.label} ({found.start.label.key})"]
    for number, level in enumerate(found.back(), start=1):
        lines.append(f"  made from, level {number}: {_names(level, len(level))}")
    for number, numbers in enumerate(found.family.forward.levels, start=1):
        lines.append(
            f"  made into, level {number}: {_names(nodes_of(view, numbers[:6]), len(numbers))}"
        )
    lines.append(f"  {_figure(found.pieces)} pieces now:")
    for count in found.places:
        state = count.stage.title if count.stage else count.disposition
        as_packed = f", {_figure(count.concluded)} as packed" if count.concluded else ""
        line = f"    {_figure(count.pieces):>6}  {count.place.name or 'no place'}, {state}"
        lines.append(line + as_packed)
    last = nodes_of(view, [one.number for one in found.unaccounted[:12]])
    for one, node in zip(found.unaccounted[:12], last, strict=True):
        lines.append(
            f"    {_figure(one.pieces):>6}  not accounted for: {node.label}, "
            f"{WHY_MISSING[one.reason]}, last seen {_place(node) or 'nowhere'} "
            f"{node.last_at:%Y-%m-%d %H:%M} UTC"
        )
    more = found.unaccounted[12:]
    if more:
        rest = sum((one.pieces for one in more), Decimal())
        lines.append(f"    {_figure(rest):>6}  not accounted for: {len(more)} more things")
    if not found.unaccounted:
        lines.append("         0  not accounted for")
    return "\n".join(lines)


def _names(level: list[Node], count: int) -> str:
    shown = ", ".join(str(node.label) for node in level[:6])
    return shown if count <= 6 else f"{shown} and {count - 6} more"
