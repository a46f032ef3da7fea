"""What stays of an event when its words must go: which things, when, where, how much, and why.

People write names into notes, partners send members that nobody here knows. Where such a body has
to be erased, this is what takes its place. Everything that moves a thing or an amount is kept
letter by letter, so that the floor looks as it did; everything else goes.

>>> sent = {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": "2026-03-02T09:15:30Z",
...         "eventTimeZoneOffset": "+00:00", "epcList": ["urn:x:carton"],
...         "https://hangtag.invalid/voc/by": "Rosa", "readPoint": {"id": "urn:x:1", "x:note": "R"}}
>>> left = redacted(sent)
>>> sorted(sent.keys() - left.keys()), left["readPoint"]
(['https://hangtag.invalid/voc/by'], {'id': 'urn:x:1'})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from traceability.epcis.body import Tree
from traceability.epcis.vocabulary import OPERATION, PRODUCT

__all__ = ["redacted"]

_AS_SENT: Final = (
    "type",
    "eventID",
    "eventTime",
    "eventTimeZoneOffset",
    "action",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "parentID",
    "epcList",
    "childEPCs",
    "inputEPCList",
    "outputEPCList",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputQuantityList",
    "transformationID",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    OPERATION,
)
"""Members that hold nothing but identifiers, words of a vocabulary, times and amounts."""
_INSIDE: Final = {
    "readPoint": ("id",),
    "bizLocation": ("id",),
    "errorDeclaration": ("declarationTime", "reason", "correctiveEventIDs"),
    # The product that a thing without a number of its own is of: its stock is counted under it.
    "ilmd": (PRODUCT,),
}
"""Members of which only these members are kept."""


def redacted(tree: Mapping[str, Tree]) -> dict[str, Tree]:
    """Return an event without free text, extensions, sensor notes and members nobody here knows.

    Args:
        tree: A valid event with names in full, as it is stored. It is not changed.

    Returns:
        An event that names the same things, times, places and amounts, and so folds to the same.
    """
    kept = {name: tree[name] for name in _AS_SENT if name in tree}
    for name, members in _INSIDE.items():
        inner = tree.get(name)
        if isinstance(inner, Mapping):
            left = {member: inner[member] for member in members if member in inner}
            if left:
                kept[name] = left
    # An event about a place alone said what was measured there; these two must name their things.
    if tree.get("type") in ("ObjectEvent", "TransactionEvent") and "quantityList" not in kept:
        kept.setdefault("epcList", [])
    return kept
