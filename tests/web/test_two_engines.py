"""Every page and every answer is the same on a file and on a server.

Two ledgers with something of everything are told on a file and copied row by row to a server. Then
every address that answers a GET is asked on both: those of the map, with all the things in them,
and whatever the pages lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.routing import Rule

from tests import engines
from tests.ledger.books import draft
from tests.scanning.workshop import ANA, NAVY, NS, Workshop, carton, digits
from tests.web import story
from tests.web.conftest import NOW
from traceability.database import Database, insert_rows, metadata
from traceability.ledger.append import Draft, Ledger
from traceability.projections import happenings, keys
from traceability.projections.entering import master_draft
from traceability.projections.state import state_hash
from traceability.web import create_app
from traceability.web.opening import reading_of
from traceability.web.settings import Settings

pytestmark = pytest.mark.postgres

LINKS_MAX = 25
"""Addresses that pages lead to, beside those of the map."""
NOT_ASKED = re.compile(
    r"/static|/safe|/doctor|/k/|/sim$|.*(as-customer|evidence|checkpoint|proof|continues)"
)
"""What speaks of the place of the ledger, or shows no ledger; and what writes to it when asked: the
two would grow apart."""
PASSING = re.compile(rb'name="csrf[^>]*value="[^"]*"|nonce="[^"]*"|data-csrf="[^"]*"')
"""What differs from one answer to the next, whatever is asked."""
ODD = (
    "",
    "%",
    "_",
    "\\",
    'a"b',
    "it's",
    "!",
    "[a]",
    "ÄÖ 襯衫",
    "x" * 3000,
    "-1",
    "99999999999999999999",
    "//w.invalid/obj/%",
)
"""Texts that mean something to one engine or the other, or are too much for one of them."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The same ledger behind two apps."""

    on_file: Flask
    on_server: Flask


def copied(source: Database, target: Database) -> None:
    """Copy every row of every table."""
    with source.read() as reading, target.write() as writing:
        for table in metadata.sorted_tables:
            insert_rows(writing, table, [tuple(row) for row in reading.execute(select(table))])


def app_of(ledger: Ledger) -> Flask:
    settings = Settings(secret="s" * 40, admin_token="t" * 32, clock=lambda: NOW)
    app = create_app(reading=reading_of(ledger), settings=settings)
    app.testing = False  # a page that fails answers 500, and is compared
    return app


def a_day(folder: Path) -> Ledger:
    """Tell one day of the demo's factory, with a stop, a gap and an event taken back."""
    ledger = story.story_ledger(folder / "day.sqlite", garments=40, share=0.8)
    with ledger.database.read() as connection:
        things = list(
            connection.execute(
                text("SELECT key FROM item WHERE key LIKE '%/21/%' ORDER BY item_no LIMIT 3")
            ).scalars()
        )
    story.hold(ledger, things)
    story.gap(ledger)
    ledger.append([draft(_packed(1)), draft(_packed(2))])
    ledger.append([draft({**_packed(1), "action": "ADD"})])  # the same id: kept aside
    story.declare_wrong(ledger, _packed(2))
    story.fold_late(ledger)
    return ledger


def _packed(number: int) -> dict[str, Any]:
    from tests.ledger.books import packed

    return packed(number, at="2026-01-05T12:00:00Z")


def a_workshop(folder: Path) -> Ledger:
    """Tell a morning of a small workshop that scans: rolls, tickets, cartons, people, keys."""
    shop = Workshop(folder)
    shop.ledger.append(
        [master_draft("person", ANA, {"badge": "1900"}, by="office", private={"name": "Ana"})]
    )
    shop.enter("alias", f"//{NS}/obj/OLD-7", text="OLD-7", key=NAVY)
    shop.enter("printer", f"//{NS}/obj/zebra", name="Zebra 50%_\\", address="10.0.0.7")
    shop.enter("roll", f"//{NS}/class/R-9", product=NAVY, dye_lot='D"7\\')
    shop.roll("MILL-7")
    shop.scans("cutting", ["MILL-7", digits(1000), digits(1001), "nonsense"])
    shop.scans("sewing", [digits(1000), digits(1000)], "phone")
    shop.scans("packing", [carton(2000), digits(1000)])
    shop.hold(NAVY)
    key, _secret = keys.new_key(
        "device", "Sewing", made_at=NOW, expires_at=NOW.replace(year=2027), by="admin"
    )
    shop.ledger.append([key.draft(by="admin")])
    shop.ledger.append(
        [Draft("master", "stray:1", {"type": "stray", "id": "x1", "values": {"text": "ß"}})]
    )
    while happenings.follow(shop.ledger):
        pass
    return shop.ledger


@pytest.fixture(scope="module", params=[a_day, a_workshop], ids=lambda tell: tell.__name__)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("engines")
    first = request.param(folder)
    with engines.on(engines.SERVER):
        database = engines.open_place(folder / "copy.sqlite")
        copied(first.database, database)
        second = Ledger.open(database)
        hashes = []
        for ledger in (first, second):
            with ledger.database.read() as connection:
                hashes.append(state_hash(connection, ledger.ledger_id))
        assert hashes[0] == hashes[1]
        yield Pair(app_of(first), app_of(second))
    first.database.close()


def things(app: Flask) -> dict[str, list[str]]:
    """Return what to put into the gaps of an address, by the gap's name."""
    ledger = app.extensions["hangtag.reading"].ledger
    with ledger.database.read() as connection:

        def ask(query: str) -> list[str]:
            return [str(one) for one in connection.execute(text(query)).scalars()]

        items = ask("SELECT min(key) FROM item GROUP BY kind_no, form, place_no")
        names = ask("SELECT min(key) FROM master_data GROUP BY type")
        orders = ask("SELECT key FROM master_data WHERE type = 'order' ORDER BY key LIMIT 3")
        holds = ask("SELECT hold_id FROM hold")
        last = ask("SELECT size - 1 FROM ledger")
    paths = [one.lstrip("/") for one in (*items, *names) if one.strip("/")]
    return {
        "path": [*paths, *(one for one in ODD if one.strip("/"))],
        "rest": [one.partition("/")[2] for one in paths[:4]],
        "text": [one.rpartition("/")[2] for one in paths[:4]],
        "number": [*(one.rpartition("/")[2] for one in orders), "%"],
        "hold_id": [*holds, "none"],
        "position": ["0", "7", *last, "999999"],
        "station": ["dock", "none"],
        "name": ["dock", "orders", "stock", "items"],
        "ending": ["xlsx", "csv"],
        "badge": ["1900", "1"],
        "ledger": ["main"],
        "state": ["waiting"],
        "key": [*items[:3], *ODD],
    }


def filled(rule: Rule, gaps: dict[str, list[str]]) -> Iterator[str]:
    """Yield addresses of one rule of the map."""
    names = sorted(rule.arguments)
    longest = max((len(gaps.get(name, ("none",))) for name in names), default=1)
    for number in range(longest):
        address = str(rule.rule)
        for name in names:
            values = gaps.get(name, ["none"])
            value = quote(values[number % len(values)])
            address = re.sub(rf"<(?:[^:<>]+:)?{name}>", lambda _, v=value: v, address)  # type: ignore[misc]
        yield address


def asked(pair: Pair) -> list[str]:
    """List the addresses of the map, with their gaps filled, and questions about odd texts."""
    gaps = things(pair.on_file)
    found: list[str] = []
    for rule in pair.on_file.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not NOT_ASKED.match(rule.rule):
            found += filled(rule, gaps)
    for one in gaps["key"]:
        given = quote(one, safe="")
        found += [
            f"/api/identify?text={given}",
            f"/api/trace?id={given}",
            f"/identify/bound?code={given}",
            f"/stock?place={given}",
            f"/trace?code={given}",
        ]
    return list(dict.fromkeys(found))


def answer(client: FlaskClient, address: str) -> tuple[int, str, bytes]:
    response = client.get(address, headers={"Accept-Language": "en"})
    data = PASSING.sub(b"", response.get_data())
    if (response.mimetype or "").startswith(
        ("application/vnd.openxml", "application/pdf", "image/")
    ):
        data = b""  # a file with its own time in it
    response.close()
    return response.status_code, response.headers.get("Location", ""), data


def links(address: str, page: bytes) -> list[str]:
    """Return where a page leads, on the same site."""
    found = []
    for link in re.findall(rb'(?:href|hx-get|src|action)="([^"#]*)', page):
        url = urlsplit(urljoin(address, link.decode().replace("&amp;", "&")))
        is_here = not url.netloc and url.path.startswith("/")
        if is_here and not NOT_ASKED.match(url.path):
            found.append(url.path + (f"?{url.query}" if url.query else ""))
    return found


def test_every_address_answers_alike(pair: Pair) -> None:
    here, there = pair.on_file.test_client(), pair.on_server.test_client()
    waiting = asked(pair)
    seen = set(waiting)
    room = LINKS_MAX
    different: dict[str, object] = {}
    statuses: dict[int, int] = {}
    for address in waiting:
        ours, theirs = answer(here, address), answer(there, address)
        statuses[ours[0]] = statuses.get(ours[0], 0) + 1
        if ours != theirs:
            different[address] = (ours[:2], theirs[:2], _first_difference(ours[2], theirs[2]))
        for link in links(address, ours[2]):
            if link not in seen and room:
                room -= 1
                seen.add(link)
                waiting.append(link)
    assert different == {}
    assert statuses.get(200, 0) > 100
    assert statuses.get(500, 0) == 0


@pytest.mark.parametrize(
    "address", ["/items/a%00b", "/api/trace?id=a%00b", "/trace?code=a%00b", "/obj/a%00b"]
)
def test_a_sign_that_no_text_has_breaks_no_page(pair: Pair, address: str) -> None:
    for app in (pair.on_file, pair.on_server):
        assert app.test_client().get(address).status_code < 500


def _first_difference(ours: bytes, theirs: bytes) -> tuple[str, str]:
    at = next(
        (n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b),
        min(len(ours), len(theirs)),
    )
    start = max(0, at - 60)
    return ours[start : at + 60].decode("utf-8", "replace"), theirs[start : at + 60].decode(
        "utf-8", "replace"
    )
