"""A small factory floor for station tests: what is known, what is scanned, what tags say."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from readers.reads import Received, Scan, TagRead
from traceability.epcis.event import Event
from traceability.epcis.event_ids import station_event_id
from traceability.flow import Flow
from traceability.observation.passes import PassRules
from traceability.simulation import labels
from traceability.station.cache import Cache
from traceability.station.interpret import Closed, Post, interpret
from traceability.station.passes import StationPasses

FLOWS = Path(__file__).parents[2] / "flows"
NS = "demo.workshop.invalid"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COMPANY = "9521141"

SHIRT = labels.gtin(COMPANY, 101)
APRON = labels.gtin(COMPANY, 102)
CLOTH = labels.gtin("9524137", 7)
FOREIGN = labels.gtin("9526064", 5)
ROLL = f"/01/{CLOTH}/10/R-2001"
ROLL_2 = f"/01/{CLOTH}/10/R-2002"
TICKET = f"//{NS}/class/B-101"
COUNTED_TICKET = f"//{NS}/class/B-102"
BOX = labels.sscc(COMPANY, 7701)
BOX_2 = labels.sscc(COMPANY, 7702)
COUNTED_BOX = f"//{NS}/obj/C-7703"

EPOCH = 3


@lru_cache
def flow(name: str = "garment") -> Flow:
    return Flow.parse((FLOWS / f"{name}.toml").read_text(encoding="utf-8"))


def garment(serial: int, gtin: str = SHIRT) -> str:
    return f"/01/{gtin}/21/{serial}"


def content(key: str, order: str = "4471", quantity: str = "1") -> dict[str, object]:
    return {
        "key": key,
        "name": "Overshirt, navy, M",
        "order": order,
        "product": f"/01/{SHIRT}",
        "quantity": quantity,
        "uom": "",
        "place": f"//{NS}/loc/Packing",
        "place_name": "Packing",
        "seen_at": "2026-03-02T08:12:33.120000Z",
    }


def box(key: str, contents: Sequence[dict[str, object]], order: str = "4471") -> dict[str, object]:
    return {
        "carton": key,
        "name": f"…{key[-4:]}",
        "order": order,
        "destination": f"//{NS}/loc/Store",
        "contents": list(contents),
    }


def tree(
    *,
    expected: Sequence[dict[str, object]] = (),
    holds: Sequence[dict[str, object]] = (),
    flow_name: str = "garment",
    pieces: int = 4,
    size: int = 10,
) -> dict[str, object]:
    return {
        "size": size,
        "master_position": 5,
        "namespace": NS,
        "flow": (FLOWS / f"{flow_name}.toml").read_text(encoding="utf-8"),
        "master": {
            "product": {
                f"/01/{SHIRT}": {"name": "Overshirt, navy, M", "metres_each": "1.95"},
                f"/01/{APRON}": {"name": "Apron, denim, M", "metres_each": "0.9"},
                f"/01/{CLOTH}": {"name": "Twill 240 g, navy"},
            },
            "place": {f"//{NS}/loc/Packing": {"name": "Packing"}},
            "order": {
                "4471": {"number": "4471", "title": "Overshirts", "marked": "rfid"},
                "4473": {"number": "4473", "title": "Aprons", "marked": "counted"},
            },
            "ticket": {
                TICKET: {"order": "4471", "product": f"/01/{SHIRT}", "pieces": pieces},
                COUNTED_TICKET: {"order": "4473", "product": f"/01/{APRON}", "pieces": 12},
            },
            "roll": {ROLL: {"product": f"/01/{CLOTH}", "metres": "86.5"}},
        },
        "expected": list(expected),
        "holds": list(holds),
    }


def cache(**more: object) -> Cache:
    return Cache.from_json(tree(**more))  # type: ignore[arg-type]  # passed through as given


def at(ms: float) -> datetime:
    return START + timedelta(milliseconds=ms)


def tag(ms: float, epc: bytes, reader: str = "radio") -> Received:
    return Received(at(ms), reader, TagRead(epc=epc, antenna=1, rssi_dbm=-52.0, rssi_raw=204))


def shirt_tag(ms: float, serial: int, gtin: str = SHIRT) -> Received:
    return tag(ms, labels.sgtin_tag(gtin, 7, serial))


def box_tag(ms: float, sscc: str = BOX) -> Received:
    return tag(ms, labels.sscc_tag(sscc, 7))


def scan(ms: float, text: str, symbology: str = "]C0") -> Received:
    return Received(at(ms), "hand", Scan(text=text, symbology=symbology))


def roll_scan(ms: float, lot: str = "R-2001") -> Received:
    return scan(ms, *labels.roll_scan(CLOTH, lot))


def carton_scan(ms: float, sscc: str = BOX) -> Received:
    return scan(ms, *labels.carton_scan(sscc))


def post(stage: str, flow_name: str = "garment", place: str | None = "Room") -> Post:
    found = flow(flow_name).stage(stage)
    assert found is not None
    return Post(
        name=stage,
        stage=found,
        zone=ZoneInfo("Europe/Lisbon"),
        place=f"//{NS}/loc/{place}" if place else None,
        read_point=f"//{NS}/loc/{stage}-reader",
    )


RULES = PassRules(quiet_ms=200, merge_s=60)


def closed_passes(
    where: Post,
    known: Cache,
    heard: Iterable[Received],
    *,
    rules: PassRules = RULES,
    ticks: random.Random | None = None,
) -> list[Closed]:
    """Let a station hear everything, asking it about the time now and then if `ticks` is given."""
    passes = StationPasses(where, rules, known)
    closed: list[Closed] = []
    moment = START
    for received in heard:
        while ticks is not None and moment < received.at and ticks.random() < 0.7:
            moment += (received.at - moment) * ticks.random()
            closed += passes.advance(moment)
        moment = received.at
        closed += passes.hear(received)
    return closed + passes.advance(moment + timedelta(hours=1))


def events_of(
    where: Post,
    known: Cache,
    heard: Iterable[Received],
    *,
    rules: PassRules = RULES,
    ticks: random.Random | None = None,
) -> list[Event]:
    """Return the numbered events of everything heard."""
    events: list[Event] = []
    last = 0
    for closed in closed_passes(where, known, heard, rules=rules, ticks=ticks):
        for event in interpret(closed, known, where, last):
            name = station_event_id(event.event_time, where.name, EPOCH, len(events) + 1)
            events.append(replace(event, event_id=name))
            last = event.event_time
    return events
