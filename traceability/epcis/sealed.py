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
from typing import Final

import msgspec

from traceability.epcis.event import ErrorDeclaration, Event
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


_DECODER: Final = msgspec.json.Decoder(_Sealed)


def read_sealed(body: bytes) -> Event:
    """Read an event from a stored body whose hash is the one that was sealed.

    Args:
        body: Canonical JSON (`traceability.epcis.body.canonical`).

    Returns:
        The event as `read_event` reads it, but for its extensions and master data: of these only
        the operation and the product.

    Raises:
        InvalidEvent: If it is no event.
    """
    try:
        sent = _DECODER.decode(body)
        operation, made = sent.operation, sent.ilmd
        return Event(
            type=sent.type,
            event_id=sent.event_id,
            event_time=parse_time(sent.at),
            offset=sent.offset,
            action=sent.action,
            epcs=sent.epcs,
            quantities=_amounts(sent.amounts),
            parent=sent.parent,
            children=sent.children,
            child_quantities=_amounts(sent.child_amounts),
            inputs=sent.inputs,
            input_quantities=_amounts(sent.input_amounts),
            outputs=sent.outputs,
            output_quantities=_amounts(sent.output_amounts),
            transformation_id=sent.transformation_id,
            step=_word(sent.step, STEPS),
            disposition=_word(sent.disposition, DISPOSITIONS),
            read_point=None if sent.read_point is None else sent.read_point.id,
            place=None if sent.place is None else sent.place.id,
            transactions=tuple(
                [(_word(one.type, TRANSACTION_TYPES), one.id) for one in sent.papers]
            ),
            sources=_parties(sent.sources),
            destinations=_parties(sent.destinations),
            ilmd={PRODUCT: made.product} if made is not None and made.product is not None else {},
            extensions={} if operation is None else {OPERATION: operation},
            error=None if sent.error is None else _declaration(sent.error),
        )
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
