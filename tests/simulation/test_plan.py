"""The plan: everything that will happen, fixed by one number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from epcpy.utils.parsers import hex_to_tag_encodable

from traceability.simulation import labels, trade
from traceability.simulation.jobs import Beep, Show
from traceability.simulation.plan import GARMENTS_MAX, Plan, make_plan

SIZES = (9, 10, 30, 47, 300, 1000)


def test_the_same_seed_gives_the_same_plan() -> None:
    assert make_plan(7, 300) == make_plan(7, 300)


def test_another_seed_gives_another_plan() -> None:
    assert make_plan(7, 300).jobs != make_plan(8, 300).jobs


def test_a_plan_is_not_touched_by_what_others_draw() -> None:
    import random

    first = make_plan(7, 60)
    random.seed(1)
    assert make_plan(7, 60) == first


@pytest.mark.parametrize("garments", SIZES)
def test_every_garment_is_planned_cut_and_packed_once(garments: int) -> None:
    plan = make_plan(7, garments)
    sewn = [thing for order in plan.orders for bundle in order.bundles for thing in bundle.garments]
    packed = [
        thing for order in plan.orders for carton in order.cartons for thing in carton.garments
    ]
    in_cartons = sum(carton.pieces for order in plan.orders for carton in order.cartons)
    assert (plan.pieces, in_cartons) == (garments, garments)
    assert packed == sewn
    assert len({thing.serial for thing in sewn}) == len(sewn)


@pytest.mark.parametrize("garments", SIZES)
def test_no_job_waits_for_a_later_one(garments: int) -> None:
    plan = make_plan(7, garments)
    assert [job.number for job in plan.jobs] == list(range(len(plan.jobs)))
    assert all(waits < job.number for job in plan.jobs for waits in job.after)


@pytest.mark.parametrize("garments", SIZES)
def test_every_roll_is_longer_than_what_is_cut_from_it(garments: int) -> None:
    plan = make_plan(3, garments)
    for roll in plan.rolls:
        used = sum(
            bundle.pieces * (bundle.product.metres_each or 0)
            for order in plan.orders
            for bundle in order.bundles
            if bundle.roll == roll
        )
        assert 0 < used < roll.metres


def test_a_truck_is_unloaded_only_when_it_is_loaded() -> None:
    plan = make_plan(7, 300)
    docks = {
        job.title.rpartition(" onto ")[2]: set[int]() for job in plan.jobs if job.station == "dock"
    }
    for job in plan.jobs:
        if job.station == "dock":
            docks[job.title.rpartition(" onto ")[2]].add(job.number)
    for job in plan.jobs:
        if job.station == "store":
            assert job.after == docks[job.title.rpartition(" off ")[2]]


def test_one_order_is_tagged_one_coded_one_counted() -> None:
    plan = make_plan(7, 300)
    steps = {order.marked: _steps(plan, index) for index, order in enumerate(plan.orders)}
    assert set(steps) == {"rfid", "barcode", "counted"}
    assert any(isinstance(step, Show) for step in steps["rfid"])
    assert not any(isinstance(step, Show) for step in steps["barcode"] + steps["counted"])
    assert {step.aim for step in steps["barcode"] if isinstance(step, Beep)} == {
        "]C1",
        "]d2",
        "]C0",
    }


def test_a_strange_tag_and_a_strange_code_come_once_each() -> None:
    plan = make_plan(7, 300)
    steps = [step for job in plan.jobs for step in job.steps]
    shown = [step for step in steps if isinstance(step, Show) and plan.foreign_tag in step.tags]
    scanned = [step for step in steps if step == Beep(*plan.foreign_scan)]
    assert (len(shown), len(scanned)) == (1, 1)


def test_the_bad_roll_is_in_the_first_carton_and_in_later_ones() -> None:
    plan = make_plan(7, 300)
    bad = set(plan.bad_garments)
    cartons = [bool(bad & set(carton.garments)) for carton in plan.orders[0].cartons]
    assert cartons[0]
    assert sum(cartons) > 1
    assert not all(cartons)


def test_a_shaded_tag_is_missing_at_the_first_try_only() -> None:
    shaded = [job for job in make_plan(7, 1000).jobs if job.shaded]
    assert shaded
    for job in shaded:
        assert isinstance(job.steps[0], Show)
        assert isinstance(job.first_try[0], Show)
        assert set(job.steps[0].tags) - set(job.first_try[0].tags) == job.shaded
        assert replace(job, shaded=frozenset()).first_try == job.steps


@pytest.mark.parametrize("garments", [8, 0, -1, GARMENTS_MAX + 1])
def test_a_size_out_of_range_is_refused_with_a_sentence(garments: int) -> None:
    with pytest.raises(ValueError, match=f"Cannot plan {garments} garments: expected 9 to 100000."):
        make_plan(7, garments)


def test_tags_say_to_others_what_they_say_to_us() -> None:
    plan = make_plan(7, 30)
    garment = plan.orders[0].cartons[0].garments[0]
    carton = plan.orders[0].cartons[0]
    assert carton.tag is not None
    item = garment.product.gtin
    assert [
        hex_to_tag_encodable(tag.hex().upper()).epc_uri for tag in (garment.tag, carton.tag)
    ] == [
        f"urn:epc:id:sgtin:{trade.COMPANY}.0{item[8:13]}.{garment.serial}",
        f"urn:epc:id:sscc:{trade.COMPANY}.0{carton.scan[0][10:19]}",
    ]


def test_check_digits_are_those_of_published_numbers() -> None:
    # GS1 General Specifications, section 7.9.1 (GTIN-13, SSCC); EPC TDS 2.3, annex E.3 (GTIN-14).
    published = ["6291041500213", "376104250021234569", "09506000134352"]
    assert [labels.with_check_digit(number[:-1]) for number in published] == published


def _steps(plan: Plan, order: int) -> list[object]:
    cartons = set(plan.orders[order].cartons)
    tickets = {bundle.ticket for bundle in plan.orders[order].bundles}
    return [
        step
        for job in plan.jobs
        for step in job.steps
        if job.carton in cartons
        or any(isinstance(other, Beep) and other.text in tickets for other in job.steps)
    ]


def test_a_later_series_uses_no_number_again() -> None:
    def names(plan: Plan) -> set[str]:
        orders = {order.number for order in plan.orders}
        things = {thing for order in plan.orders for box in order.cartons for thing in box.contents}
        cartons = {box.key for order in plan.orders for box in order.cartons}
        tickets = {bundle.key for order in plan.orders for bundle in order.bundles}
        return orders | things | cartons | tickets | {roll.key for roll in plan.rolls}

    first, second = make_plan(7, 100), make_plan(7, 100, series=1)
    assert names(first).isdisjoint(names(second))


def test_a_product_has_one_number_and_a_number_one_product() -> None:
    products = {product for seed in range(20) for product in make_plan(seed, 300).products()}
    assert len({product.gtin for product in products}) == len(products)
    assert len({product.name for product in products}) == len(products)
