"""A time in which nobody heard a reader stands in the record, and behind the gate that it is at."""

from __future__ import annotations

from flask.testing import FlaskClient

from traceability.epcis.event_ids import station_event_id


def capture(client: FlaskClient, station: str, counter: int) -> None:
    tree = {
        "type": "gap",
        "reader": f"{station}.1",
        "station": station,
        "from": "2026-03-02T09:00:00.000000Z",
        "to": "2026-03-02T11:30:00.000000Z",
        "reason": "The station was not running.",
    }
    name = station_event_id(1_772_450_000_000_000 + counter, station, 7, counter)
    said = client.post(
        "/api/capture", json=[{"gap": tree, "id": name, "run": [station, 7, counter]}]
    )
    assert said.json[0]["status"] == "accepted", said.json  # type: ignore[index]  # a list


def test_a_gate_and_the_record_say_when_a_reader_was_not_heard(client: FlaskClient) -> None:
    capture(client, "dock", 1)
    capture(client, "store", 1)
    gate, record = client.get("/gate/dock?why=1").text, client.get("/ledger").text
    assert ("dock.1" in gate, "store.1" in gate) == (True, False)
    assert "The station was not running." in gate
    assert "2 h 30" in gate
    assert ("dock.1" in record, "store.1" in record) == (True, True)
