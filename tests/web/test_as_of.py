"""Pages and answers about a thing as the record had it at an earlier entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.projections.family import CARTON, DOCK, Floor, bundle, shirt
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    """Three shirts sewn, two packed, all at the dock."""
    made = Floor(tmp_path)
    made.receive()
    made.cut({bundle(1): 3})
    made.sew(bundle(1), 3, [shirt(1), shirt(2), shirt(3)])
    return made


@pytest.fixture
def client(floor: Floor) -> FlaskClient:
    """A browser on the same PC."""
    app = create_app(reading=reading_of(floor.ledger), settings=Settings(clock=lambda: floor.at))
    app.testing = True
    return app.test_client()


def test_a_thing_is_shown_as_it_was(client: FlaskClient, floor: Floor) -> None:
    sewn = floor.ledger.size - 1
    floor.pack([shirt(1), shirt(2)])
    floor.passes([CARTON, shirt(1)])
    path = f"/items{shirt(1)}"
    now, then = client.get(f"/api{path}").json, client.get(f"/api{path}?as_of={sewn}").json
    assert now is not None
    assert then is not None
    assert (now["place"]["id"], now["container"]["id"]) == (DOCK, CARTON)
    assert (then["container"], then["as_of"], then["name"]) == (None, sewn + 1, now["name"])
    assert [one["position"] for one in then["timeline"]] == [sewn]
    page = client.get(f"{path}?as_of={sewn}")
    assert page.status_code == 200
    assert "As the record was at entry" in page.text
    assert "As the record was at entry" not in client.get(path).text


def test_a_trace_is_told_as_it_was(client: FlaskClient, floor: Floor) -> None:
    sewn = floor.ledger.size - 1
    floor.pack([shirt(1), shirt(2)])
    floor.passes([CARTON, shirt(1)])
    then = client.get(f"/api/trace?id=R-1&as_of={sewn}").json
    assert then is not None
    assert (then["as_of"], then["pieces"]) == (sewn + 1, "3")
    assert {one["place"] for one in then["places"]} != {DOCK}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("soon", "Cannot look at entry 'soon': expected a position, a whole number."),
        ("99999", "There is no entry 99999: the record has"),
    ],
)
def test_what_is_no_entry_is_said(client: FlaskClient, asked: str, sentence: str) -> None:
    answer = client.get(f"/api/items{shirt(1)}?as_of={asked}")
    assert (answer.status_code, sentence in answer.text.replace("\\u0027", "'")) == (400, True)


def test_what_came_later_was_not_met(client: FlaskClient) -> None:
    answer = client.get(f"/api/items{shirt(1)}?as_of=3")
    assert (answer.status_code, "was ever seen here up to entry 3" in answer.text) == (404, True)
