"""Which members an event of each type may have.

Source: EPCIS-JSON-Schema 2.0.0, the schemas of the five types; EPCIS 2.0 sections 7.4.2 to
7.4.6.

>>> "childEPCs" in SHAPES["AggregationEvent"].members, "ilmd" in SHAPES["ObjectEvent"].members
(True, True)
"""

from dataclasses import dataclass
from typing import Final, Literal

KEPT: Final = frozenset(
    {"@context", "certificationInfo", "persistentDisposition", "sensorElementList"}
)
"""Members of the standard that an event keeps as sent, among its extensions."""
# The schema gives persistentDisposition to ObjectEvent and TransformationEvent alone; a carton
# received unopened (completeness_inferred) is an AggregationEvent, and so it is sent by all.

_EVERYWHERE: Final = (
    "type eventID eventTime eventTimeZoneOffset recordTime errorDeclaration bizStep disposition "
    "readPoint bizLocation bizTransactionList sourceList destinationList "
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What one event type demands and allows."""

    members: frozenset[str]
    """Names of the members that an event reads; see also `KEPT`."""
    has_action: bool
    rule: Literal["object", "container", "transformation", "transaction"]


def _shape(
    rule: Literal["object", "container", "transformation", "transaction"], members: str
) -> Shape:
    names = frozenset((_EVERYWHERE + members).split())
    return Shape(names, "action" in names, rule)


SHAPES: Final = {
    "ObjectEvent": _shape("object", "action epcList quantityList ilmd"),
    "AggregationEvent": _shape("container", "action parentID childEPCs childQuantityList"),
    "AssociationEvent": _shape("container", "action parentID childEPCs childQuantityList"),
    "TransactionEvent": _shape("transaction", "action parentID epcList quantityList"),
    "TransformationEvent": _shape(
        "transformation",
        "inputEPCList inputQuantityList outputEPCList outputQuantityList transformationID ilmd",
    ),
}
MEMBERS: Final = frozenset[str]().union(KEPT, *(shape.members for shape in SHAPES.values()))
"""Every member name of the standard."""
