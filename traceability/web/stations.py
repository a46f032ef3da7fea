"""What a station takes along to work alone, and what its gate shows this moment."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from traceability.errors import InvalidEvent
from traceability.projections import expected
from traceability.projections.view import View
from traceability.web.clock import now
from traceability.web.live import Live
from traceability.web.reading import current
from traceability.web.screen import FACES

blueprint = Blueprint("stations", __name__)

MASTER = ("product", "place", "order", "ticket", "roll", "carton", "alias", "stray")


@blueprint.get("/api/stations/<name>/cache")
def cache(name: str) -> Response:
    """Give master data, flow, cartons on their way and holds; 204 if nothing changed since.

    Query: ``size``, the ledger size that the station knows; ``master``, the position of the newest
    master data that it knows.
    """
    known_size = request.args.get("size", type=int)
    known_master = request.args.get("master", type=int)
    if known_size is not None and current().ledger.size == known_size:
        return Response(status=204)
    with current().look() as view:
        newest = expected.newest_master(view)
        is_new = known_master is None or newest != known_master
        return jsonify(
            {
                "station": name,
                "size": view.size,
                "master_position": newest,
                "namespace": view.namespace,
                "flow": view.flow.text if is_new else None,
                "master": _master(view) if is_new else None,
                "expected": expected.cartons(view),
                "holds": expected.held(view),
            }
        )


def _master(view: View) -> dict[str, dict[str, Any]]:
    known = {kind: dict(view.masters(kind)) for kind in MASTER}
    # A station knows an order by the number that people say, not by its key.
    known["order"] = {
        str(values.get("number", key)): values for key, values in known["order"].items()
    }
    return known


@blueprint.post("/api/stations/<name>/live")
def say(name: str) -> Response:
    """Take what a gate shows now and tell every page that looks at it; it is not stored."""
    heard = now()
    state = request.get_json(silent=True)
    if not isinstance(state, dict):
        raise InvalidEvent(
            f"Cannot show this at gate {name!r}: expected a JSON object, "
            f"got {type(state).__name__}."
        )
    if state.get("state") not in FACES:
        raise InvalidEvent(
            f"Cannot show {state.get('state')!r} at gate {name!r}: expected one of "
            f"{', '.join(FACES)}."
        )
    hub: Live = current_app.extensions["hangtag.live"]
    # A station's clock may be wrong: how old its word is, the server says by its own.
    heard_at = heard.isoformat(timespec="milliseconds")
    hub.publish_gate(name, {**state, "station": name, "heard_at": heard_at})
    # When it was heard and when it is answered, µs: the station compares its clock with ours.
    clock = f"{heard.timestamp() * 1e6:.0f} {now().timestamp() * 1e6:.0f}"
    return Response(status=204, headers={"X-Hangtag-Clock": clock})


@blueprint.get("/api/stations/<name>/live")
def hear(name: str) -> Response:
    """Return what a gate showed last; 404 if it never spoke to this server."""
    hub: Live = current_app.extensions["hangtag.live"]
    state = hub.gate(name)
    if state is None:
        return Response(status=404)
    return jsonify(dict(state))
