"""A sealed body is read as it was when it came; what is left of an erased one moves the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from tests.epcis.test_published_events import EPCIS, documents, events_of
from tests.projections.small_flow import FLOW
from traceability.epcis import body
from traceability.epcis.event import Event, event_body, read_event
from traceability.epcis.redaction import redacted
from traceability.epcis.sealed import read_sealed
from traceability.epcis.vocabulary import OPERATION, PRODUCT
from traceability.errors import InvalidEvent
from traceability.projections.touches import facts_of

NAMES = [one.name for one in fields(Event)]
"""All that an event has."""

pytestmark = pytest.mark.vectors


def published() -> Iterator[Mapping[str, Any]]:
    """Yield every event of other people that we take, as it is stored."""
    for name in documents():
        try:
            found = list(events_of(body.parse((EPCIS / name).read_bytes(), depth_max=64)))
        except InvalidEvent:
            continue
        for tree in found:
            try:
                read_event(tree)
            except InvalidEvent:
                continue
            assert isinstance(tree, Mapping)
            stored = body.parse(event_body({**tree, "eventID": "urn:x:1", OPERATION: "sewing"}))
            assert isinstance(stored, Mapping)
            yield stored


def test_a_sealed_event_is_read_as_it_came() -> None:
    count = 0
    for tree in published():
        event = read_event(tree)
        wanted = replace(
            event,
            ilmd={name: value for name, value in event.ilmd.items() if name == PRODUCT},
            extensions={OPERATION: "sewing"},
        )
        sealed = read_sealed(body.canonical(tree))
        assert {name: getattr(sealed, name) for name in NAMES} == {
            name: getattr(wanted, name) for name in NAMES
        }
        count += 1
    assert count > 150


def test_what_is_left_of_an_event_moves_the_same() -> None:
    for tree in published():
        event, left = read_event(tree), read_event(redacted(tree))
        assert facts_of(left, FLOW) == facts_of(event, FLOW)
        assert set(left.extensions) <= {OPERATION, "persistentDisposition"}
        assert "sensorReport" not in json.dumps(left.tree(), default=str)


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="as a sealed event"):
        read_sealed(b'{"type":"ObjectEvent"}')
