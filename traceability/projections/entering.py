"""What staff enter: facts about products, orders, people and places, each as an entry of its own.

>>> draft = master_draft("place", "//w.invalid/loc/cutting", {"name": "Cutting"}, by="admin")
>>> draft.kind, draft.tree["values"]["name"]
('master', 'Cutting')
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from traceability.epcis.event import read_event
from traceability.ledger.drafts import Draft
from traceability.ledger.entry import Kind

__all__ = ["event_draft", "flow_draft", "master_draft"]


def master_draft(
    kind: str,
    key: str,
    values: Mapping[str, Any],
    *,
    by: str,
    private: Mapping[str, str] | None = None,
) -> Draft:
    """Say what is known of one thing from now on; it replaces what was said of it before.

    Args:
        kind: Type of master data: product, place, order, person …
        key: Key or id of the thing.
        values: JSON with exact numbers; nothing personal.
        by: Who enters it.
        private: Personal values by their names; the body only commits to them.
    """
    tree = {"type": kind, "id": key, "values": values}
    named = {f"{key}:{name}": value for name, value in (private or {}).items()}
    name = f"master:{kind}:{key[:300]}:{uuid4()}"
    return Draft("master", name, tree, by=by, private=named)


def flow_draft(flow: str, *, by: str) -> Draft:
    """Say that from now on the floor works by another flow.

    Args:
        flow: Text of a flow file that can be read.
        by: Who says so.
    """
    return Draft("flow", f"flow:{uuid4()}", {"type": "flow", "flow": flow}, by=by)


def event_draft(
    tree: Mapping[str, Any], *, by: str, run: tuple[str, int, int] | None = None
) -> Draft:
    """Say that something happened.

    Args:
        tree: An EPCIS event as JSON; without an id it gets one.
        by: Who says so.
        run: Station, epoch and counter, if the sender counts.

    Raises:
        InvalidEvent: If it is no event.
    """
    if "eventID" not in tree:
        tree = {**tree, "eventID": f"urn:uuid:{uuid4()}"}
    event = read_event(tree)
    kind: Kind = "declaration" if event.error is not None else "event"
    return Draft(kind, event.event_id, tree, event, by, run)
