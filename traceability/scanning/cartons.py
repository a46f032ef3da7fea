"""A box that came with somebody else's code on it becomes a carton here, under that code.

>>> carton_text("BOX 7")
'C-BOX 7'
"""

from __future__ import annotations

from traceability.gs1.local import LENGTH_MAX, normalise_name
from traceability.ledger.drafts import Draft
from traceability.projections.view import View
from traceability.scanning.answer import Answer
from traceability.scanning.desk import Desk, Scan
from traceability.scanning.things import thing
from traceability.scanning.writing import draft_of, seen

__all__ = ["carton_text", "new_carton"]


def carton_text(code: str) -> str:
    """Return the local name of a carton with somebody else's code.

    Raises:
        InvalidIdentifier: If the code can be no name.
    """
    return f"C-{normalise_name(code.removeprefix('C-'))}"[:LENGTH_MAX].strip()


def new_carton(view: View, desk: Desk, scan: Scan) -> tuple[Answer, tuple[Draft, ...]]:
    """Enter a box as a carton and open it."""
    key = f"//{view.namespace}/obj/{carton_text(scan.text)}"
    one = thing(view, key)
    answer = Answer("ready", "opened", key, opened=(key,), person=desk.person)
    event = seen(desk, one, "opened", is_new=one.item is None)
    drafts = [draft_of(desk, scan, event, answer)]
    if one.entered != "carton":
        tree = {"type": "carton", "id": key, "values": {"code": scan.text[:LENGTH_MAX]}}
        name = f"master:carton:{key}:{desk.event_id(scan)}"
        drafts.insert(0, Draft("master", name, tree, by=desk.device))
    return answer, tuple(drafts)
