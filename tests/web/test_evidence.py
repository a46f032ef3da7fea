"""The button that gives a bundle of evidence to whoever looks at a thing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.ledger.proof.evidence_house import judged, things, unpacked
from tests.web.story import story_ledger
from traceability.ledger.append import Ledger
from traceability.web import create_app, evidence
from traceability.web.opening import reading_of
from traceability.web.settings import Settings


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """A day in a workshop."""
    ledger = story_ledger(tmp_path_factory.mktemp("floor") / "book.sqlite", garments=24)
    yield ledger
    ledger.database.close()


@pytest.fixture
def client(floor: Ledger) -> FlaskClient:
    """Its owner."""
    app = create_app(reading=reading_of(floor), settings=Settings())
    app.testing = True
    return app.test_client()


@pytest.mark.parametrize("like", ["/01/%/21/%", "%/class/B-%", "/01/%/10/%"])
def test_the_page_of_a_thing_leads_to_its_evidence(
    client: FlaskClient, floor: Ledger, like: str
) -> None:
    key = things(floor, like)[0]
    address = f"/items/{key.lstrip('/')}"
    page = client.get(address).get_data(as_text=True)
    assert f'href="{address}/evidence.zip"' in page
    trace = client.get("/trace", query_string={"code": key}).get_data(as_text=True)
    assert f'href="{address}/evidence.zip"' in trace
    answer = client.get(f"{address}/evidence.zip")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=evidence-")
    assert judged(unpacked(answer.data)) == []
    answer.close()


def test_of_what_was_never_seen_there_is_no_file(client: FlaskClient) -> None:
    assert client.get("/items/01/09521141001059/21/404/evidence.zip").status_code == 404


def test_nobody_waits_for_a_bundle_that_takes_minutes(
    client: FlaskClient, floor: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "ENTRIES_MAX", 3)
    key = things(floor, "/01/%/21/%")[0]
    answer = client.get(f"/items/{key.lstrip('/')}/evidence.zip")
    assert answer.mimetype != "application/zip"
    assert f"write them with hangtag evidence {key} -o evidence.zip." in answer.text
    assert answer.status_code == 400


def test_a_stranger_gets_nothing(client: FlaskClient, floor: Ledger) -> None:
    key = things(floor, "/01/%/21/%")[0]
    answer = client.get(
        f"/items/{key.lstrip('/')}/evidence.zip", environ_base={"REMOTE_ADDR": "10.1.2.3"}
    )
    assert answer.status_code in (401, 403)
