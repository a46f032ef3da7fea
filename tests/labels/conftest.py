"""A workshop with three orders, for everything that prints."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from tests.engines import open_place
from tests.web.browser import chromium, chromium_path
from traceability.assets import folder
from traceability.ledger.append import Ledger, Opening
from traceability.projections.entering import master_draft
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

NAMESPACE = "rua.invalid"
CHINESE = ("男式长袖衬衫 两个胸袋", "藏青色", "上海某某服装贸易有限公司")


def product(ledger: Ledger, style: str, colour: str, size: str) -> str:
    """Enter a product and return its key."""
    key = f"//{NAMESPACE}/class/P-{style}-{colour}-{size}"
    values = {"name": f"{style}, {colour}, {size}", "style": style, "colour": colour, "size": size}
    ledger.append([master_draft("product", key, values, by="admin")])
    return key


def enter_order(ledger: Ledger, number: str, lines: dict[str, int], customer: str = "") -> str:
    """Enter an order of pieces by product and return its key."""
    key = f"//{NAMESPACE}/bt/{number}"
    values = {
        "number": number,
        "title": f"Order of {customer}",
        "customer": customer,
        "due": "2026-12-03",
        "lines": [{"product": one, "pieces": pieces} for one, pieces in lines.items()],
    }
    ledger.append([master_draft("order", key, values, by="admin")])
    return key


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Order 118: 20 bundles of 20 in four sizes; order 119: in Chinese; order 120: one shirt."""
    flow = (folder("flows") / "garment.toml").read_text(encoding="utf-8")
    database = open_place(tmp_path / "ledger.sqlite")
    opening = Opening(flow, name="Rua do Tecido", namespace=NAMESPACE, zone="Europe/Lisbon")
    made = Ledger.open(database, opening=opening)
    shirts = {product(made, "Overshirt", "navy", size): 100 for size in ("S", "M", "L", "XL")}
    enter_order(made, "118", shirts, "Alder & Finch")
    style, colour, customer = CHINESE
    enter_order(made, "119", {product(made, style, colour, "170/92A"): 50}, customer)
    enter_order(made, "120", {next(iter(shirts)): 1})
    yield made
    database.close()


@pytest.fixture
def app(ledger: Ledger) -> Flask:
    """The app as the owner of the PC meets it."""
    made = create_app(reading=reading_of(ledger), settings=Settings())
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser on the same PC."""
    return app.test_client()


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The address of a real server around the app."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    if chromium_path() is None:
        pytest.skip("no Chromium here: install the package chromium")
    with chromium() as found:
        yield found
