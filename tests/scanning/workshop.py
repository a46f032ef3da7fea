"""A small workshop of one's own in a real ledger, and a device that scans in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.engines import open_place
from traceability.assets import folder
from traceability.epcis.event_time import format_time
from traceability.labels.codes import ShortCode
from traceability.ledger.append import Draft, Ledger, Opening
from traceability.projections.entering import master_draft
from traceability.projections.rebuild import rebuild
from traceability.projections.state import read_state
from traceability.projections.view import look
from traceability.scanning.answer import Answer
from traceability.scanning.batch import Answered, once, work_off
from traceability.scanning.desk import Desk, Scan, read_amount, read_desk, read_scan
from traceability.scanning.rolls import new_roll

NS = "tailor.invalid"
NAVY, GREY = f"//{NS}/class/P-Shirt-navy-M", f"//{NS}/class/P-Shirt-grey-L"
EAN = "/01/09521141001059"
BEGINS_AT = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)


def ticket(running: int) -> str:
    """Return the key of a ticket."""
    return ShortCode("B", running).key(NS)


def digits(running: int) -> str:
    """Return what a person types of it."""
    return ShortCode("B", running).digits


def carton(running: int) -> str:
    """Return the text on a carton's label."""
    return ShortCode("C", running).text


def key_of_carton(running: int) -> str:
    """Return the key of a carton."""
    return ShortCode("C", running).key(NS)


ANA = f"//{NS}/obj/{ShortCode('W', 1900).text}"


class Workshop:
    """A workshop with two orders, tickets of both, and a clock that goes a minute a scan."""

    def __init__(self, path: Path, flow: str = "workshop") -> None:
        text = (folder("flows") / f"{flow}.toml").read_text("utf-8")
        opening = Opening(text, name="Tailor", namespace=NS, zone="Europe/Lisbon")
        self.database = open_place(path / "shop.sqlite")
        self.ledger = Ledger.open(self.database, opening=opening)
        self.at = BEGINS_AT
        self.counters: dict[str, int] = {}
        self.opened: dict[str, tuple[str, ...]] = {}
        self.person: str | None = None
        self.enter("product", NAVY, name="Shirt, navy, M", style="Shirt", colour="navy", size="M")
        self.enter("product", GREY, name="Shirt, grey, L", style="Shirt", colour="grey", size="L")
        self.enter("product", EAN, name="Shirt, green, S", style="Shirt", colour="green", size="S")
        for name in ("fabric-in", "cutting", "sewing", "packing", "shipping", "store"):
            self.enter("place", f"//{NS}/loc/{name}", name=name.replace("-", " ").title())
        self.order("118", NAVY, [20, 20, 20], first=1000)
        self.order("119", GREY, [10, 10], first=1100)

    def enter(self, kind: str, key: str, /, **values: Any) -> None:
        """Enter master data."""
        self.ledger.append([master_draft(kind, key, values, by="office")])

    def order(
        self,
        number: str,
        product: str,
        pieces: Sequence[int],
        *,
        first: int,
        marked: str = "counted",
    ) -> None:
        """Enter an order with a ticket for each bundle."""
        lines = [{"product": product, "pieces": sum(pieces)}]
        key = f"//{NS}/bt/{number}"
        self.enter("order", key, number=number, title=number, marked=marked, lines=lines)
        for place, count in enumerate(pieces):
            self.enter(
                "ticket",
                ticket(first + place),
                order=number,
                product=product,
                pieces=count,
                running=place + 1,
                of=len(pieces),
            )

    def desk(self, stage: str, device: str = "pc") -> Desk:
        """Return the desk of a device at a step."""
        with look(self.ledger) as view:
            tree = {
                "device": device,
                "epoch": 1,
                "stage": stage,
                "opened": list(self.opened.get(device, ())),
                "person": self.person,
            }
            return read_desk(tree, view.flow, NS)

    def next_scan(self, text: str, device: str = "pc", **more: Any) -> Scan:
        """Return the next scan of a device, a minute later."""
        self.at += timedelta(seconds=more.pop("after_s", 60))
        counter = self.counters[device] = self.counters.get(device, 0) + 1
        at = format_time(int(self.at.timestamp() * 1_000_000), "+00:00")
        return read_scan({"counter": counter, "at": at, "text": text, **more})

    def scan(self, stage: str, text: str, device: str = "pc", **more: Any) -> Answer:
        """Scan something at a step."""
        return self.scans(stage, [text], device, **more)[0].answer

    def scans(
        self, stage: str, texts: Sequence[str], device: str = "pc", **more: Any
    ) -> list[Answered]:
        """Scan several things at a step, in one request."""
        desk = self.desk(stage, device)
        found, after = work_off(
            self.ledger, desk, [self.next_scan(text, device, **more) for text in texts]
        )
        self.opened[device], self.person = after.opened, after.person
        return found

    def roll(
        self,
        text: str,
        amount: str = "92.5",
        unit: str = "MTR",
        stage: str = "fabric-in",
        **said: Any,
    ) -> Answer:
        """Enter a new roll, as the person does who was asked what is on it."""
        scan, measured = self.next_scan(text), read_amount(amount, unit)
        answered = once(
            self.ledger,
            self.desk(stage),
            scan,
            lambda view, desk, one: new_roll(view, desk, one, said, measured),
        )
        self.opened["pc"] = answered.answer.opened
        return answered.answer

    def hold(self, *keys: str) -> None:
        """Stop things."""
        tree = {
            "type": "hold",
            "id": "Q-1",
            "reason": "hole",
            "contact": "Ines, 214",
            "things": list(keys),
        }
        self.ledger.append([Draft("hold", "hold:Q-1", tree)])

    def state(self) -> Any:
        """Return the whole state."""
        with self.database.read() as connection:
            return read_state(connection, self.ledger.ledger_id)

    def rebuilt(self) -> Any:
        """Return the state that a rebuild from the entries alone gives."""
        rebuild(self.ledger)
        return self.state()

    def progress(self, stage: str, order: str = "118", product: str = NAVY) -> str:
        """Return the pieces of an order's line at a step."""
        with look(self.ledger) as view:
            found = view.flow.stage(stage)
        assert found is not None
        rows: dict[tuple[str, str, int], str] = self.state().progress
        return rows.get((f"//{NS}/bt/{order}", product, found.number), "0")
