"""An event read again from the body that the ledger sealed: what moves things, and nothing else.

A body was read with all its rules before it was sealed, and its bytes are known to be the same.
Whoever folds a million of them again need not ask again whether each rule was kept. Free text and
members that no fold reads are passed over.

>>> body = b'{"action":"OBSERVE","epcList":["urn:x:1"],"eventTime":"2026-03-02T09:15:30Z",'
>>> body += b'"eventTimeZoneOffset":"+00:00","type":"ObjectEvent"}'
>>> read_sealed(body).epcs, read_sealed(body).event_time
(('urn:x:1',), 1772442930000000)
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

import msgspec

from traceability.epcis.event import ErrorDeclaration
from traceability.epcis.event_time import parse_time
from traceability.epcis.quantity import Quantity
from traceability.epcis.vocabulary import (
    DISPOSITIONS,
    ERROR_REASONS,
    OPERATION,
    PRODUCT,
    SOURCE_TYPES,
    STEPS,
    TRANSACTION_TYPES,
    Vocabulary,
)
from traceability.errors import InvalidEvent

if TYPE_CHECKING:
    from traceability.epcis.event import Event

__all__ = ["read_sealed"]


class _Place(msgspec.Struct):
    id: str


class _Amount(msgspec.Struct, rename={"epc_class": "epcClass"}):
    epc_class: str
    quantity: Decimal | None = None
    uom: str | None = None


class _Paper(msgspec.Struct, rename={"id": "bizTransaction"}):
    id: str
    type: str | None = None


class _Source(msgspec.Struct, rename={"id": "source"}):
    id: str
    type: str


class _Destination(msgspec.Struct, rename={"id": "destination"}):
    id: str
    type: str


class _Wrong(
    msgspec.Struct,
    rename={"declared_at": "declarationTime", "corrective_ids": "correctiveEventIDs"},
):
    declared_at: str
    reason: str | None = None
    corrective_ids: tuple[str, ...] = ()


class _Made(msgspec.Struct, rename={"product": PRODUCT}):
    product: str | None = None


class _Sealed(
    msgspec.Struct,
    rename={
        "event_id": "eventID",
        "at": "eventTime",
        "offset": "eventTimeZoneOffset",
        "epcs": "epcList",
        "amounts": "quantityList",
        "parent": "parentID",
        "children": "childEPCs",
        "child_amounts": "childQuantityList",
        "inputs": "inputEPCList",
        "input_amounts": "inputQuantityList",
        "outputs": "outputEPCList",
        "output_amounts": "outputQuantityList",
        "transformation_id": "transformationID",
        "step": "bizStep",
        "read_point": "readPoint",
        "place": "bizLocation",
        "papers": "bizTransactionList",
        "sources": "sourceList",
        "destinations": "destinationList",
        "error": "errorDeclaration",
        "operation": OPERATION,
    },
):
    """The members of a body that a fold reads, by the names that an event gives them."""

    type: str
    at: str
    offset: str
    event_id: str = ""
    action: str | None = None
    epcs: tuple[str, ...] = ()
    amounts: tuple[_Amount, ...] = ()
    parent: str | None = None
    children: tuple[str, ...] = ()
    child_amounts: tuple[_Amount, ...] = ()
    inputs: tuple[str, ...] = ()
    input_amounts: tuple[_Amount, ...] = ()
    outputs: tuple[str, ...] = ()
    output_amounts: tuple[_Amount, ...] = ()
    transformation_id: str | None = None
    step: str | None = None
    disposition: str | None = None
    read_point: _Place | None = None
    place: _Place | None = None
    papers: tuple[_Paper, ...] = ()
    sources: tuple[_Source, ...] = ()
    destinations: tuple[_Destination, ...] = ()
    ilmd: _Made | None = None
    error: _Wrong | None = None
    operation: str | None = None


class _Event(msgspec.Struct, frozen=True):
    """An event by the names and in the order of `Event`: a struct is made in a fifth of the time.

    The checks of an event's shape are left out with it: they were made before it was sealed.
    """

    type: str
    event_id: str
    event_time: int
    offset: str
    action: str | None
    epcs: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    parent: str | None
    children: tuple[str, ...]
    child_quantities: tuple[Quantity, ...]
    inputs: tuple[str, ...]
    input_quantities: tuple[Quantity, ...]
    outputs: tuple[str, ...]
    output_quantities: tuple[Quantity, ...]
    transformation_id: str | None
    step: str | None
    disposition: str | None
    read_point: str | None
    place: str | None
    transactions: tuple[tuple[str | None, str], ...]
    sources: tuple[tuple[str, str], ...]
    destinations: tuple[tuple[str, str], ...]
    ilmd: dict[str, str]
    extensions: dict[str, str]
    error: ErrorDeclaration | None


_DECODER: Final = msgspec.json.Decoder(_Sealed)


def read_sealed(body: bytes) -> Event:
    """Read an event from a stored body whose hash is the one that was sealed.

    Args:
        body: Canonical JSON (`traceability.epcis.body.canonical`).

    Returns:
        The event as `read_event` reads it, to be looked at and not changed; of its extensions and
        master data only the operation and the product.

    Raises:
        InvalidEvent: If it is no event.
    """
    try:
        sent = _DECODER.decode(body)
        operation, made = sent.operation, sent.ilmd
        told = _Event(
            sent.type,
            sent.event_id,
            parse_time(sent.at),
            sent.offset,
            sent.action,
            sent.epcs,
            _amounts(sent.amounts) if sent.amounts else (),
            sent.parent,
            sent.children,
            _amounts(sent.child_amounts) if sent.child_amounts else (),
            sent.inputs,
            _amounts(sent.input_amounts) if sent.input_amounts else (),
            sent.outputs,
            _amounts(sent.output_amounts) if sent.output_amounts else (),
            sent.transformation_id,
            _word(sent.step, STEPS),
            _word(sent.disposition, DISPOSITIONS),
            None if sent.read_point is None else sent.read_point.id,
            None if sent.place is None else sent.place.id,
            tuple([(_word(one.type, TRANSACTION_TYPES), one.id) for one in sent.papers]),
            _parties(sent.sources) if sent.sources else (),
            _parties(sent.destinations) if sent.destinations else (),
            {PRODUCT: made.product} if made is not None and made.product is not None else {},
            {} if operation is None else {OPERATION: operation},
            None if sent.error is None else _declaration(sent.error),
        )
        # It has all that an event has, by the same names; no fold asks which of the two it is.
        return cast("Event", told)
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvalidEvent(f"Cannot read {body[:80]!r} as a sealed event: {error}") from error


def _amounts(sent: tuple[_Amount, ...]) -> tuple[Quantity, ...]:
    return tuple([Quantity(one.epc_class, one.quantity, one.uom or None) for one in sent])


def _parties(sent: tuple[_Source, ...] | tuple[_Destination, ...]) -> tuple[tuple[str, str], ...]:
    return tuple([(SOURCE_TYPES.read(one.type) or one.type, one.id) for one in sent])


def _word(sent: str | None, vocabulary: Vocabulary) -> str | None:
    return None if sent is None else vocabulary.read(sent) or sent


def _declaration(sent: _Wrong) -> ErrorDeclaration:
    return ErrorDeclaration(
        parse_time(sent.declared_at), _word(sent.reason, ERROR_REASONS), sent.corrective_ids
    )
