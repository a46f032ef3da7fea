"""Events that other people published: all are read, or the reason why not stands here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import vectors
from traceability.epcis import body
from traceability.epcis.event import event_body, read_event
from traceability.epcis.shape import SHAPES
from traceability.errors import InvalidEvent

pytestmark = pytest.mark.vectors

EPCIS = vectors.path("epcis")
FOLDERS = (
    "gs1/examples-json",
    "gs1/examples-xml",
    "hash-vectors",
    "openepcis-test-resources",
    "textile-openepcis-dpp",
    "fastnt-fixtures",
    "opentraceability",
)
UNREADABLE = {
    "gs1/examples-json/AssociationEvent/AssociationEvent-h.jsonld": "got 'eventID' twice",
}
"""Documents the schema finds valid and we refuse: the schema never sees a member named twice."""

TAKEN_THOUGH_INVALID = {
    "urn:epcglobal:cbv:": "URNs of the vocabulary are in the wild; they lead to the bare word",
    "'type' is a required property": "a sensor report without type is kept as sent",
}
"""What the schema says against documents whose events we take, and why we take them."""


def documents() -> list[str]:
    """Name every JSON document of the folders."""
    found = [path for folder in FOLDERS for path in (EPCIS / folder).rglob("*.json*")]
    return sorted(str(path.relative_to(EPCIS)) for path in found)


# `Any`: the outcome of the schema has members only where they say something.
def verdicts() -> dict[str, Any]:
    """Read what the published schema says of each document."""
    path = EPCIS / "json-schema-validity.json"
    verdicts: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return verdicts


VERDICTS = verdicts()


def events_of(tree: body.Tree) -> Iterator[body.Tree]:
    """Find the events of a document, a query document or a bare event."""
    if not isinstance(tree, dict):
        return
    kind = tree.get("type")
    if isinstance(kind, str) and kind in SHAPES:
        yield tree
    for name in ("epcisBody", "queryResults", "resultsBody"):
        yield from events_of(tree.get(name))
    listed = tree.get("eventList")
    if isinstance(listed, list):
        yield from listed
    if isinstance(tree.get("event"), dict):
        yield tree["event"]


@pytest.mark.parametrize(
    "name", [name for name in documents() if "Invalid" not in Path(name).parts]
)
def test_a_published_event_is_read_and_written_again(name: str) -> None:
    verdict = VERDICTS.get(name, {})
    data = (EPCIS / name).read_bytes()
    if verdict.get("json") == "unparsable" or name in UNREADABLE:
        with pytest.raises(InvalidEvent, match=UNREADABLE.get(name, "expected JSON")):
            body.parse(data)
        return
    for tree in events_of(body.parse(data)):
        assert isinstance(tree, dict)
        event = read_event(tree)
        assert read_event(body.parse(event_body(tree))) == event
        assert read_event(body.parse(body.canonical(event.tree()))) == event
    if verdict.get("valid") is False and list(events_of(body.parse(data))):
        assert any(reason in verdict["error"] for reason in TAKEN_THOUGH_INVALID), verdict


@pytest.mark.parametrize("name", [name for name in documents() if "Invalid" in Path(name).parts])
def test_an_invalid_event_is_refused_where_the_rule_is_about_events(name: str) -> None:
    outcomes = []
    for tree in events_of(body.parse((EPCIS / name).read_bytes())):
        try:
            read_event(tree)
        except InvalidEvent as refusal:
            outcomes.append(str(refusal))
    rule_is_about_the_document = not list(events_of(body.parse((EPCIS / name).read_bytes())))
    assert outcomes or rule_is_about_the_document
    assert all(sentence.startswith("Cannot read the event's ") for sentence in outcomes)


def test_enough_was_published() -> None:
    count = sum(
        1
        for name in documents()
        if VERDICTS.get(name, {}).get("json") != "unparsable" and name not in UNREADABLE
        for _ in events_of(body.parse((EPCIS / name).read_bytes()))
    )
    assert count >= 150
