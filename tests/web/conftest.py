"""Pages over a small real ledger, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from tests.engines import open_place
from tests.web.browser import chromium, chromium_path
from tests.web.pseudo import CARRIER, write_pseudo
from traceability.assets import folder
from traceability.ledger.append import Ledger, Opening
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

NOW = datetime(2026, 11, 19, 14, 32, 5, tzinfo=UTC)
MakeApp = Callable[..., Flask]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with nothing but its opening, in Porto."""
    flow = (folder("flows") / "garment.toml").read_text(encoding="utf-8")
    database = open_place(tmp_path / "ledger.sqlite")
    opening = Opening(flow, name="Porto", namespace="porto.invalid", zone="Europe/Lisbon")
    yield Ledger.open(database, opening=opening)
    database.close()


@pytest.fixture
def make_app(ledger: Ledger) -> MakeApp:
    """Make an app around the ledger; settings by name."""

    def make(**settings: object) -> Flask:
        chosen = {"clock": lambda: NOW, **settings}
        app = create_app(
            reading=reading_of(ledger),
            settings=Settings(**chosen),  # type: ignore[arg-type]  # by name, from a test
        )
        app.testing = True
        return app

    return make


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """The app as the owner of the PC meets it."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser on the same PC."""
    return app.test_client()


@pytest.fixture(scope="session")
def pseudo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled catalogues of the pseudo-language."""
    return write_pseudo(tmp_path_factory.mktemp("pseudo"))


@pytest.fixture
def pseudo_client(make_app: MakeApp, pseudo_folder: Path) -> FlaskClient:
    """A browser on the same PC that reads the pseudo-language."""
    app = make_app(languages=(CARRIER,), translations=str(pseudo_folder))
    return app.test_client()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    if chromium_path() is None:
        pytest.skip("no Chromium here: install the package chromium")
    with chromium() as found:
        yield found
