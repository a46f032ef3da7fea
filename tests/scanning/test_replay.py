"""Any day at a desk: what the record says of it alone is what the pages showed all along."""

from __future__ import annotations

import pytest

from tests.projections.chance import Chance, Dice
from tests.projections.kept_ledger import differences
from tests.scanning.conftest import MakeShop
from tests.scanning.workshop import Workshop, carton, digits
from traceability.scanning import quality
from traceability.scanning.undo import undo

STEPS = ("fabric-in", "cutting", "sewing", "sewing", "packing", "shipping", "store")
TEXTS = (
    *("MILL-1", "MILL-2", "MILL-3"),
    *(digits(number) for number in (1000, 1001, 1002, 1100, 1101)),
    *(carton(number) for number in (1500, 1501)),
    *("5449000000996", "10009", "nonsense"),
)


def day(shop: Workshop, chance: Chance) -> None:
    """Scan whatever comes, take some of it back, count some of it."""
    events: list[tuple[str, str]] = []
    for _ in range(60):
        device = chance.pick(("pc", "phone"))
        text = chance.pick(TEXTS)
        amount = {"quantity": "50", "unit": chance.pick(("MTR", "YRD"))}
        is_roll = text.startswith("MILL")
        more = {"amount": amount} if is_roll and chance.number(0, 2) else {}
        found = shop.scans(chance.pick(STEPS), [text], device, **more)[0]
        if found.answer.facts.get("counts") and chance.number(0, 1):
            at = int(shop.at.timestamp() * 1_000_000) + 1_000_000
            quality.count(shop.ledger, device, found.event, good=None, bad=1, at=at)
        events.append((device, found.event))
        if not chance.number(0, 5):
            who, event = chance.pick(events[-4:])
            undo(shop.ledger, who, event, at=int(shop.at.timestamp() * 1_000_000) + 2_000_000)


@pytest.mark.parametrize("seed", range(6))
def test_a_day_at_the_desk_is_rebuilt_from_its_entries(make_shop: MakeShop, seed: int) -> None:
    shop = make_shop()
    shop.roll("MILL-1")
    shop.scan("cutting", "MILL-1")
    day(shop, Dice(seed))
    assert differences(shop.state(), shop.rebuilt()) == {}
    assert all(not item[-1].count("below_zero") for item in shop.state().items.values())
