"""A small invented factory day in a real ledger, for page tests and for looking at pages.

The goods are those of `traceability.simulation.plan`; what happens to them is written here by hand,
pass by pass, so that a page test needs neither readers nor stations.

    python -m tests.web.story FILE [GARMENTS] [SHARE]

writes such a ledger to a file, ending a minute ago.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.engines import open_place, past
from traceability.assets import folder
from traceability.epcis.event import read_event
from traceability.epcis.vocabulary import OPERATION, PRODUCT, READER
from traceability.gs1 import uri_of
from traceability.ledger.append import Draft, Ledger, Opening
from traceability.projections import happenings
from traceability.simulation import trade
from traceability.simulation.floor import STATIONS, master_entries
from traceability.simulation.goods import Bundle, Carton, Order, Roll
from traceability.simulation.plan import Plan, make_plan

Tree = dict[str, Any]  # JSON with exact numbers

BEGINS_AT = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
"""A Monday, 07:00 in Lisbon."""
PASS_EVERY = timedelta(seconds=150)
GAP = {
    "type": "gap",
    "reader": "sewing.pad",
    "station": "sewing",
    "from": "2026-01-05T08:10:00Z",
    "to": "2026-01-05T08:10:40Z",
    "reason": "the line went away",
}


def empty_ledger(file: Path, *, is_demo: bool = True) -> Ledger:
    """Make a ledger that holds only its opening."""
    flow = (folder("flows") / "garment.toml").read_text("utf-8")
    opening = Opening(
        flow=flow,
        name="Demo: simulated" if is_demo else "Rua do Tecido",
        namespace=trade.NAMESPACE,
        is_demo=is_demo,
        zone="Europe/Lisbon",
    )
    return Ledger.open(open_place(file), opening=opening)


def story_ledger(
    file: Path,
    *,
    garments: int = 60,
    share: float = 0.7,
    begins_at: datetime = BEGINS_AT,
    every: timedelta = PASS_EVERY,
    is_demo: bool = True,
) -> Ledger:
    """Make a ledger in the middle of its day, with the late projections folded.

    Args:
        file: Where the SQLite file goes.
        garments: Pieces of the three orders together.
        share: How much of the day's work is done.
        begins_at: When the first roll comes in.
        every: Time between two passes.
        is_demo: Whether the opening says that it is a demo.
    """
    ledger = empty_ledger(file, is_demo=is_demo)
    plan = make_plan(7, garments, today=begins_at.date())
    tell_master(ledger, plan)
    passes = list(day(plan))
    passes = passes[: round(len(passes) * share)]
    tell(ledger, passes, begins_at=begins_at, every=every)
    fold_late(ledger)
    return ledger


def tell_master(ledger: Ledger, plan: Plan) -> None:
    """Enter what an office knows before the first roll comes."""
    entries = master_entries(plan)
    ledger.append([Draft("master", f"{one['type']}:{one['id']}", one) for one in entries])


def tell(
    ledger: Ledger,
    passes: list[tuple[str, Tree]],
    *,
    begins_at: datetime = BEGINS_AT,
    every: timedelta = PASS_EVERY,
    epoch: int = 1,
    order: list[int] | None = None,
) -> None:
    """Append passes as the stations would: numbered, with times that follow one another.

    Args:
        ledger: The ledger.
        passes: Station and event of each, in the order in which they happened.
        begins_at: Time of the first.
        every: Time between two.
        epoch: Number of the stations' runs.
        order: In which order they arrive, if not as they happened.
    """
    counters: dict[str, int] = {}
    drafts = []
    for number, (station, tree) in enumerate(passes):
        counters[station] = counters.get(station, 0) + 1
        at = begins_at + number * every
        event = read_event(
            tree
            | {
                "eventID": f"urn:uuid:00000000-0000-7000-{epoch:04x}-{number:012x}",
                "eventTime": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "eventTimeZoneOffset": "+00:00",
            }
        )
        run = (station, epoch, counters[station])
        drafts.append(Draft("event", event.event_id, event.tree(), event, station, run))
    outcomes = ledger.append([drafts[one] for one in order] if order else drafts)
    wrong = [one.problem for one in outcomes if one.status != "accepted"]
    assert not wrong, wrong


def hold(ledger: Ledger, things: list[str], *, name: str = "Q-17") -> None:
    """Stop things."""
    tree = {
        "type": "hold",
        "id": name,
        "reason": "hole near the seam",
        "contact": "Inês Carvalho, 214",
        "things": things,
    }
    ledger.append([Draft("hold", f"hold:{name}", tree)])


def gap(ledger: Ledger) -> None:
    """Write that a reader's line was silent for a while."""
    ledger.append([Draft("gap", "gap:sewing:1", GAP, by="sewing", run=("sewing", 2, 1))])


def declare_wrong(ledger: Ledger, tree: Tree) -> None:
    """Take an event back."""
    said = {"declarationTime": "2026-01-06T09:00:00Z", "reason": "incorrect_data"}
    event = read_event({**tree, "errorDeclaration": said})
    ledger.append([Draft("declaration", event.event_id, event.tree(), event)])


def alter(ledger: Ledger, position: int, body: bytes) -> None:
    """Change what an entry says in the database itself, past Hangtag, as a dishonest hand would."""
    with past(ledger.database) as execute:
        execute("UPDATE body SET body = ? WHERE position = ?", (body, position))


def said_at(ledger: Ledger, position: int) -> bytes:
    """Return the body of an entry as it is stored."""
    with past(ledger.database) as execute:
        return bytes(execute("SELECT body FROM body WHERE position = ?", (position,))[0][0])


def fold_late(ledger: Ledger) -> None:
    """Do at once what the follower does within a second."""
    while happenings.follow(ledger):
        pass


def day(plan: Plan) -> Iterator[tuple[str, Tree]]:
    """Yield station and event of each pass, the three orders side by side."""
    makers = [_order(order) for order in plan.orders]
    while makers:
        for maker in list(makers):
            done = next(maker, None)
            if done is None:
                makers.remove(maker)
            else:
                yield done


def _order(order: Order) -> Iterator[tuple[str, Tree]]:
    cartons = list(order.cartons)
    truck: list[Carton] = []
    sewn: set[str] = set()
    has_shipped = False
    for roll in dict.fromkeys(bundle.roll for bundle in order.bundles):
        bundles = [bundle for bundle in order.bundles if bundle.roll == roll]
        yield _receive(roll)
        yield from (_cut(order, roll, bundle) for bundle in bundles)
        for bundle in bundles:
            yield _sew(order, bundle)
            sewn.update([garment.key for garment in bundle.garments] or [bundle.key])
            while cartons and sewn.issuperset(cartons[0].contents):
                carton = cartons.pop(0)
                yield _pack(order, carton)
                truck.append(carton)
                if len(truck) == (3 if has_shipped else 1) or not cartons:
                    has_shipped = True
                    yield from (_pass("dock", order, one) for one in truck)
                    yield from (_pass("store", order, one) for one in truck)
                    truck = []


def _said(station: str, type_: str, **members: Any) -> tuple[str, Tree]:
    post = next(one for one in STATIONS if one.name == station)
    step, operation, disposition = {
        "fabric-in": ("receiving", "fabric-in", "in_progress"),
        "cutting": ("commissioning", "cutting", "in_progress"),
        "sewing": ("commissioning", "sewing", "active"),
        "packing": ("packing", None, "in_progress"),
        "dock": ("shipping", None, "in_transit"),
        "store": ("receiving", None, "in_progress"),
    }[station]
    tree: Tree = {
        "type": f"{type_}Event",
        "bizStep": step,
        "disposition": disposition,
        "readPoint": {"id": uri_of(post.place)},
        "bizLocation": {"id": uri_of(post.place)},
        READER: post.readers[-1].name,
        **members,
    }
    return station, tree | ({OPERATION: operation} if operation else {})


def _amount(key: str, quantity: int | Decimal, unit: str = "") -> Tree:
    element: Tree = {"epcClass": uri_of(key), "quantity": quantity}
    return element | ({"uom": unit} if unit else {})


def _for(order: Order) -> list[Tree]:
    name = uri_of(f"//{trade.NAMESPACE}/bt/{order.number}")
    return [{"type": "prodorder", "bizTransaction": name}]


def _receive(roll: Roll) -> tuple[str, Tree]:
    amount = [_amount(roll.key, roll.metres, "MTR")]
    return _said("fabric-in", "Object", action="OBSERVE", quantityList=amount)


def _cut(order: Order, roll: Roll, bundle: Bundle) -> tuple[str, Tree]:
    used = bundle.pieces * (bundle.product.metres_each or Decimal(1))
    return _said(
        "cutting",
        "Transformation",
        inputQuantityList=[_amount(roll.key, used, "MTR")],
        outputQuantityList=[_amount(bundle.key, bundle.pieces)],
        ilmd={PRODUCT: uri_of(bundle.product.key)},
        bizTransactionList=_for(order),
    )


def _sew(order: Order, bundle: Bundle) -> tuple[str, Tree]:
    amount = [_amount(bundle.key, bundle.pieces)]
    if not bundle.garments:
        return _said(
            "sewing",
            "Object",
            action="OBSERVE",
            quantityList=amount,
            bizTransactionList=_for(order),
        )
    return _said(
        "sewing",
        "Transformation",
        inputQuantityList=amount,
        outputEPCList=[uri_of(garment.key) for garment in bundle.garments],
        bizTransactionList=_for(order),
    )


def _pack(order: Order, carton: Carton) -> tuple[str, Tree]:
    inside: Tree = {"childEPCs": [uri_of(garment.key) for garment in carton.garments]}
    if carton.bundles:
        amounts = [_amount(bundle.key, bundle.pieces) for bundle in carton.bundles]
        inside = {"childQuantityList": amounts}
    return _said(
        "packing",
        "Aggregation",
        action="ADD",
        parentID=uri_of(carton.key),
        bizTransactionList=_for(order),
        **inside,
    )


def _pass(station: str, order: Order, carton: Carton) -> tuple[str, Tree]:
    return _said(
        station,
        "Object",
        action="OBSERVE",
        epcList=[uri_of(carton.key)],
        bizTransactionList=_for(order),
    )


def main(arguments: list[str]) -> int:
    """Write a story that ends a minute ago."""
    file = Path(arguments[0])
    garments = int(arguments[1]) if len(arguments) > 1 else 300
    share = float(arguments[2]) if len(arguments) > 2 else 0.7
    count = round(len(list(day(make_plan(7, garments)))) * share)
    begins_at = datetime.now(UTC) - timedelta(minutes=1) - count * PASS_EVERY
    ledger = story_ledger(file, garments=garments, share=share, begins_at=begins_at)
    sys.stdout.write(f"{file}: {ledger.size} entries\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
