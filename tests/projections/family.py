"""A small family in a real ledger: one roll, two bundles, a handful of garments, one carton."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.web.story import empty_ledger
from traceability.epcis.event import read_event
from traceability.epcis.vocabulary import OPERATION, PRODUCT
from traceability.gs1 import uri_of
from traceability.ledger.append import Draft, Ledger
from traceability.simulation.floor import STATIONS
from traceability.simulation.trade import NAMESPACE

BEGINS_AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SHIRT_M, SHIRT_L = "/01/09521141001059", "/01/09521141001066"
CLOTH = "/01/09524137001002"
ROLL = f"{CLOTH}/10/R-1"
ORDER = f"//{NAMESPACE}/bt/4471"
CARTON = "/00/095211410000077016"
FLOOR, TABLE, DOCK, SHOP = (STATIONS[number].place for number in (2, 3, 4, 5))


def bundle(number: int) -> str:
    """Return the key of a ticket."""
    return f"//{NAMESPACE}/class/B-{number}"


def shirt(serial: int, product: str = SHIRT_M) -> str:
    """Return the key of a garment."""
    return f"{product}/21/{serial}"


class Floor:
    """A ledger, and the things that people do, a minute apart."""

    def __init__(self, folder: Path) -> None:
        self.ledger: Ledger = empty_ledger(folder / "family.sqlite")
        self.at = BEGINS_AT
        self.count = 0
        self.enter("product", SHIRT_M, name="Shirt, navy, M", style="Shirt", size="M")
        self.enter("product", SHIRT_L, name="Shirt, navy, L", style="Shirt", size="L")
        self.enter("product", CLOTH, name="Twill, navy")
        self.enter("roll", ROLL, product=CLOTH, metres="50", dye_lot="D7", supplier="Mill")
        names = {FLOOR: "Floor", TABLE: "Table", DOCK: "Dock gate", SHOP: "Shop"}
        for key, name in names.items():
            self.enter("place", key, name=name, kind="floor")
        self.enter("ticket", bundle(1), product=SHIRT_M, order="4471", pieces=5)
        self.enter("ticket", bundle(2), product=SHIRT_L, order="4471", pieces=4)
        lines = [{"product": SHIRT_M, "pieces": 5}, {"product": SHIRT_L, "pieces": 4}]
        self.enter("order", ORDER, number="4471", title="Shirts", due="2026-02-01", lines=lines)

    def enter(self, kind: str, key: str, /, **values: Any) -> None:
        """Enter master data."""
        tree = {"type": kind, "id": key, "values": values}
        self.ledger.append([Draft("master", f"{kind}:{key}", tree)])

    def tell(self, type_: str, place: str, step: str, after: timedelta, **members: Any) -> int:
        """Append one event; return its position."""
        self.at += after
        self.count += 1
        tree = {
            "type": f"{type_}Event",
            "eventID": f"urn:uuid:00000000-0000-7000-8000-{self.count:012x}",
            "eventTime": self.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "eventTimeZoneOffset": "+00:00",
            "bizStep": step,
            "readPoint": {"id": uri_of(place)},
            "bizLocation": {"id": uri_of(place)},
            **members,
        }
        event = read_event(tree)
        outcome = self.ledger.append([Draft("event", event.event_id, event.tree(), event)])[0]
        assert outcome.status == "accepted", outcome.problem
        return outcome.position or 0

    def receive(self) -> int:
        """Bring the roll in."""
        amount = {"epcClass": uri_of(ROLL), "quantity": Decimal(50), "uom": "MTR"}
        said = {"action": "OBSERVE", "quantityList": [amount], OPERATION: "fabric-in"}
        return self.tell("Object", FLOOR, "receiving", timedelta(minutes=1), **said)

    def cut(self, pieces: dict[str, int]) -> int:
        """Cut bundles from the roll."""
        used = {"epcClass": uri_of(ROLL), "quantity": Decimal(2) * sum(pieces.values())}
        made = [{"epcClass": uri_of(key), "quantity": count} for key, count in pieces.items()]
        return self.tell(
            "Transformation",
            FLOOR,
            "commissioning",
            timedelta(minutes=1),
            inputQuantityList=[{**used, "uom": "MTR"}],
            outputQuantityList=made,
            ilmd={PRODUCT: uri_of(SHIRT_M)},
            bizTransactionList=_FOR,
            **{OPERATION: "cutting"},
        )

    def sew(self, ticket: str, used: int, garments: list[str]) -> int:
        """Sew garments out of a bundle."""
        return self.tell(
            "Transformation",
            FLOOR,
            "commissioning",
            timedelta(minutes=1),
            inputQuantityList=[{"epcClass": uri_of(ticket), "quantity": used}],
            outputEPCList=[uri_of(key) for key in garments],
            bizTransactionList=_FOR,
            **{OPERATION: "sewing"},
        )

    def pack(self, garments: list[str], carton: str = CARTON) -> int:
        """Put garments into a carton."""
        said = {"parentID": uri_of(carton), "childEPCs": [uri_of(key) for key in garments]}
        minute = timedelta(minutes=1)
        return self.tell("Aggregation", TABLE, "packing", minute, action="ADD", **said)

    def passes(self, keys: list[str], *, place: str = DOCK, step: str = "shipping") -> int:
        """Push things through a gate: these were read."""
        epcs = {"action": "OBSERVE", "epcList": [uri_of(key) for key in keys]}
        return self.tell("Object", place, step, timedelta(minutes=1), **epcs)

    def hold(self, things: list[str], name: str = "Q-1") -> None:
        """Stop things."""
        tree = {
            "type": "hold",
            "id": name,
            "reason": "hole",
            "contact": "Inês, 214",
            "things": things,
        }
        self.ledger.append([Draft("hold", f"hold:{name}", tree)])


_FOR = [{"type": "prodorder", "bizTransaction": uri_of(ORDER)}]
