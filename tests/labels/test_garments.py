"""Numbers for garments: entered once, kept for good, whoever prints at the same moment."""

from __future__ import annotations

import threading

import pytest

from tests.labels.conftest import NAMESPACE, enter_order
from traceability.errors import Refused
from traceability.labels import garments
from traceability.labels.garments import Garment, Wanted
from traceability.ledger.append import Ledger
from traceability.projections.entering import master_draft
from traceability.projections.view import look
from traceability.scanning.things import thing

ORDER = f"//{NAMESPACE}/bt/120"
SHIRT = f"//{NAMESPACE}/class/P-Overshirt-navy-S"
GTIN = "/01/09521141001011"


def enter_barcoded(ledger: Ledger) -> str:
    values = {"name": "Overshirt, navy, M", "style": "Overshirt", "colour": "navy", "size": "M"}
    ledger.append([master_draft("product", GTIN, values, by="admin")])
    return enter_order(ledger, "130", {GTIN: 30, SHIRT: 10})


def test_a_product_of_ones_own_gets_codes_that_can_be_typed(ledger: Ledger) -> None:
    made = garments.make(ledger, Wanted(SHIRT, 3), by="admin")
    assert [one.code for one in made] == ["G-10006", "G-10014", "G-10022"]
    with look(ledger) as view:
        assert garments.of_product(view, SHIRT) == made
        assert garments.garment(view, made[1].key) == made[1]
        assert garments.typed(view, "10014") == made[1]
        assert garments.typed(view, "10015") is None


def test_a_product_with_a_barcode_number_gets_serials_of_it(ledger: Ledger) -> None:
    enter_barcoded(ledger)
    made = garments.make(ledger, Wanted(GTIN, 3, "130"), by="admin")
    serials = [int(one.code) for one in made]
    assert serials == list(range(serials[0], serials[0] + 3))
    assert all(0 < serial < 2**38 for serial in serials)
    assert made[0] == Garment(f"{GTIN}/21/{serials[0]}", GTIN, "130")
    again = garments.make(ledger, Wanted(GTIN, 2), by="admin")
    assert not {one.key for one in again} & {one.key for one in made}
    with look(ledger) as view:
        assert garments.of_order(view, "130") == made
        assert garments.of_product(view, GTIN) == [*made, *again]
        assert garments.garment(view, made[2].key) == made[2]
        assert garments.garment(view, f"{GTIN}/21/{serials[0] + 77}") is None


def test_only_what_an_order_lacks_is_numbered(ledger: Ledger) -> None:
    order = enter_barcoded(ledger)
    first = garments.make_missing(ledger, order, by="admin", most=12)
    rest = garments.make_missing(ledger, order, by="admin")
    size = ledger.size
    assert (len(first), len(rest)) == (12, 28)
    assert garments.make_missing(ledger, order, by="admin") == []
    assert ledger.size == size
    with look(ledger) as view:
        assert set(garments.missing(view, order).values()) == {0}
        assert len(garments.of_order(view, "130")) == 40


def test_one_product_of_an_order_can_be_numbered_alone(ledger: Ledger) -> None:
    order = enter_barcoded(ledger)
    made = garments.make_missing(ledger, order, by="admin", product=SHIRT)
    assert {one.product for one in made} == {SHIRT}
    with look(ledger) as view:
        assert garments.missing(view, order) == {GTIN: 30, SHIRT: 0}


def test_two_who_print_one_order_number_its_garments_once(ledger: Ledger) -> None:
    order = enter_barcoded(ledger)
    threads = [
        threading.Thread(target=garments.make_missing, args=(ledger, order), kwargs={"by": "admin"})
        for _ in range(3)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with look(ledger) as view:
        assert len(garments.of_order(view, "130")) == 40


def test_from_the_torn_one_on_stays_within_what_was_numbered_together(ledger: Ledger) -> None:
    made = garments.make(ledger, Wanted(SHIRT, 3, "120"), by="admin")
    garments.make(ledger, Wanted(SHIRT, 2), by="admin")
    with look(ledger) as view:
        assert garments.after(view, made[1]) == made[1:]


@pytest.mark.parametrize("count", [0, -1, 2_001])
def test_a_count_that_cannot_be_is_refused(ledger: Ledger, count: int) -> None:
    with pytest.raises(Refused, match=f"Cannot number {count} garments at once: expected 1 to"):
        garments.make(ledger, Wanted(SHIRT, count), by="admin")


def test_a_numbered_garment_is_known_where_it_is_scanned(ledger: Ledger) -> None:
    [one] = garments.make(ledger, Wanted(SHIRT, 1, "120"), by="admin")
    with look(ledger) as view:
        met = thing(view, one.key)
    assert (met.entered, met.product, met.order, met.is_ours) == ("garment", SHIRT, ORDER, True)
