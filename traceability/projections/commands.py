"""`hangtag trace`: back to the roll, forward to everything made from it."""

from __future__ import annotations

import json
from typing import Any

import click

from traceability.errors import Refused
from traceability.gs1 import identify
from traceability.opening import ledger_options, open_ledger
from traceability.projections.genealogy import Node, Trace
from traceability.projections.genealogy import trace as trace_thing
from traceability.projections.search import find_key
from traceability.projections.state import plain
from traceability.projections.view import View, look


@click.command("trace")
@click.argument("thing", metavar="ID")
@ledger_options
def trace(thing: str, db: str | None, ledger_name: str, as_json: bool) -> None:
    """Say what ID was made from and where everything made from it is now.

    ID is anything that names a thing: a scan, a link, a tag in hex, a ticket's short code.
    """
    with look(open_ledger(db, ledger_name)) as view:
        key = find_key(view, thing)
        found = trace_thing(view, key) if key is not None else None
        if found is None:
            raise Refused(
                f"Nothing called {thing!r} was ever seen here: "
                f"it reads as {identify(thing, namespace=view.namespace).key}."
            )
        if as_json:
            click.echo(json.dumps(as_tree(view, found), ensure_ascii=False))
        else:
            click.echo(_sentences(found))


def as_tree(view: View, found: Trace) -> dict[str, Any]:
    """Return a trace as JSON: keys, names, figures as texts."""
    return {
        "id": found.start.label.key,
        "name": str(found.start.label),
        "back": [[_node(node) for node in level] for level in found.back],
        "forward": [[_node(node) for node in level] for level in found.forward],
        "edges": [
            {
                "from": edge.source,
                "to": edge.target,
                "position": edge.position,
                "certain": edge.is_certain,
            }
            for edge in found.edges
        ],
        "pieces": _figure(found.pieces),
        "places": [
            {
                "place": count.place.key,
                "name": count.place.name,
                "stage": count.stage,
                "pieces": _figure(count.pieces),
            }
            for count in found.places
        ],
        "unaccounted": [
            {
                "id": one.last.label.key,
                "name": str(one.last.label),
                "pieces": _figure(one.pieces),
                "overdue": one.is_overdue,
                "last_place": one.last.place.name if one.last.place else None,
                "last_at": one.last.last_at.isoformat(),
            }
            for one in found.unaccounted
        ],
        "as_of": view.size,
    }


def _figure(value: Any) -> str:  # a Decimal
    return plain(int(value * 1_000_000))


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.label.key,
        "name": str(node.label),
        "kind": node.kind.name if node.kind else None,
        "place": node.place.name if node.place else None,
        "step": node.step,
        "disposition": node.disposition,
        "order": node.order.detail if node.order else None,
        "container": node.container.key if node.container else None,
        "pieces": _figure(node.pieces),
        "left": _figure(node.quantity),
        "uom": node.uom,
        "held": node.is_held,
    }


def _sentences(found: Trace) -> str:
    lines = [f"{found.start.label} ({found.start.label.key})"]
    for number, level in enumerate(found.back, start=1):
        lines.append(f"  made from, level {number}: {_names(level)}")
    for number, level in enumerate(found.forward, start=1):
        lines.append(f"  made into, level {number}: {_names(level)}")
    lines.append(f"  {_figure(found.pieces)} pieces now:")
    lines += [
        f"    {_figure(count.pieces):>6}  {count.place.name or 'no place'}, {count.stage}"
        for count in found.places
    ]
    lines += [
        f"    {_figure(one.pieces):>6}  not accounted for, last seen as {one.last.label}"
        for one in found.unaccounted
    ]
    return "\n".join(lines)


def _names(level: list[Node]) -> str:
    shown = ", ".join(str(node.label) for node in level[:6])
    return shown if len(level) <= 6 else f"{shown} and {len(level) - 6} more"
