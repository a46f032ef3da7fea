"""Finding a thing by whatever somebody scans, pastes or types."""

from __future__ import annotations

from contextlib import suppress

from traceability.errors import InvalidIdentifier
from traceability.gs1 import identify
from traceability.projections.items import find_items
from traceability.projections.view import View


def find_key(view: View, given: str) -> str | None:
    """Return the key of a thing that has been met, or of an order or place that was entered.

    Args:
        view: The ledger.
        given: A key, scanner text with or without AIM prefix, tag in hex, URN, link, short code.
    """
    for key in candidates(view, given):
        if find_items(view, [key]) or any(
            view.master(kind, [key]) for kind in ("order", "place", "product", "ticket", "roll")
        ):
            return key
    return None


def candidates(view: View, given: str) -> list[str]:
    """Return every key that a text may stand for, most certain first."""
    text = given.strip()
    keys = [text] if text.startswith(("/", "urn:epc:raw:")) else []
    with suppress(InvalidIdentifier):
        found = identify(text, namespace=view.namespace).key
        keys += [found] if found is not None else []
    if not keys or keys[-1].startswith("//"):
        local = view.flow.local_key(text, view.namespace)
        keys += [local] if local is not None else []
        keys += [f"//{view.namespace}/{word}/{text}" for word in ("class", "obj", "bt", "loc")]
    return list(dict.fromkeys(keys))
