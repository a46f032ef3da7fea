"""What a closed pass tells the ledger, stage by stage, in both shipped flows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readers.reads import Received
from tests.station.floor import (
    APRON,
    BOX,
    BOX_2,
    CLOTH,
    COUNTED_BOX,
    COUNTED_TICKET,
    FOREIGN,
    NS,
    ROLL,
    ROLL_2,
    SHIRT,
    TICKET,
    box,
    box_tag,
    cache,
    carton_scan,
    closed_passes,
    content,
    events_of,
    garment,
    post,
    roll_scan,
    scan,
    shirt_tag,
    tag,
)
from traceability.epcis import body
from traceability.epcis.event import Event, Quantity, read_event
from traceability.epcis.vocabulary import OPERATION, PART, PRODUCT
from traceability.gs1 import uri_of
from traceability.observation.passes import PassRules
from traceability.simulation import labels
from traceability.station.cache import Roll
from traceability.station.interpret import MISSING, REASON, VERDICT, Post, interpret
from traceability.station.passes import StationPasses


def said(events: Sequence[Event]) -> list[tuple[str, str | None, str | None, object]]:
    """Return what each event is: type, action, step, and why it only saw something."""
    return [(each.type, each.action, each.step, each.extensions.get(REASON)) for each in events]


def uris(*keys: str) -> tuple[str, ...]:
    return tuple(uri_of(key) for key in keys)


def order(number: str) -> tuple[tuple[str, str], ...]:
    return (("prodorder", f"https://{NS}/bt/{number}"),)


EXPECTED = [
    box(f"/00/{BOX}", [content(garment(serial)) for serial in (1, 2, 3)]),
    box(f"/00/{BOX_2}", [content(garment(serial)) for serial in (11, 12)]),
    box(COUNTED_BOX, [content(COUNTED_TICKET, "4473", "12")], "4473"),
]


def carton(ms: float, *serials: int) -> list[Received]:
    return [box_tag(ms), *(shirt_tag(ms + 5 * n, each) for n, each in enumerate(serials, 1))]


# --- tables ---------------------------------------------------------------------------------


def test_a_roll_that_comes_in_is_as_long_as_its_label_says() -> None:
    (event,) = events_of(post("fabric-in"), cache(), [roll_scan(0)])
    assert (
        event.type,
        event.action,
        event.step,
        event.quantities,
        event.extensions[OPERATION],
    ) == (
        "ObjectEvent",
        "OBSERVE",
        "receiving",
        (Quantity(uri_of(ROLL), Decimal("86.5"), "MTR"),),
        "fabric-in",
    )


def test_each_ticket_is_cut_from_the_roll_scanned_before() -> None:
    heard = [roll_scan(0), scan(1_000, "B-101"), scan(2_000, "B-102")]
    events = events_of(post("cutting"), cache(), heard)
    assert [
        (each.type, each.input_quantities, each.output_quantities, each.transactions, each.ilmd)
        for each in events
    ] == [
        (
            "TransformationEvent",
            (Quantity(uri_of(ROLL), Decimal("7.8"), "MTR"),),
            (Quantity(uri_of(TICKET), Decimal(4)),),
            order("4471"),
            {PRODUCT: uri_of(f"/01/{SHIRT}")},
        ),
        (
            "TransformationEvent",
            (Quantity(uri_of(ROLL), Decimal("10.8"), "MTR"),),
            (Quantity(uri_of(COUNTED_TICKET), Decimal(12)),),
            order("4473"),
            {PRODUCT: uri_of(f"/01/{APRON}")},
        ),
    ]


@pytest.mark.parametrize(
    ("unit", "amount", "used"),
    [("YRD", "94.6", Decimal("8.530")), ("KGM", "40", None), ("MTR", "86.5", Decimal("7.8"))],
)
def test_a_roll_is_measured_in_the_unit_of_its_own_label(
    unit: str, amount: str, used: Decimal | None
) -> None:
    known = cache()
    roll = Roll(f"/01/{CLOTH}", Decimal(amount), unit)
    known = replace(known, master=replace(known.master, rolls={ROLL: roll}))
    (came,) = events_of(post("fabric-in"), known, [roll_scan(0)])
    assert came.quantities == (Quantity(uri_of(ROLL), Decimal(amount), unit),)
    (cut,) = events_of(post("cutting"), known, [roll_scan(0), scan(1_000, "B-101")])
    assert cut.input_quantities == (Quantity(uri_of(ROLL), used, unit),)


def test_a_lay_of_two_rolls_shares_what_is_used() -> None:
    heard = [roll_scan(0), roll_scan(500, "R-2002"), scan(1_000, "B-101")]
    (event,) = events_of(post("cutting"), cache(pieces=3), heard)
    assert [(each.epc_class, each.quantity) for each in event.input_quantities] == [
        (uri_of(ROLL), Decimal("2.925")),
        (uri_of(ROLL_2), Decimal("2.925")),
    ]


def test_a_roll_after_a_ticket_begins_a_new_lay() -> None:
    heard = [roll_scan(0), scan(1_000, "B-101"), roll_scan(2_000, "R-2002"), scan(3_000, "B-102")]
    events = events_of(post("cutting"), cache(), heard)
    assert [[each.epc_class for each in one.input_quantities] for one in events] == [
        [uri_of(ROLL)],
        [uri_of(ROLL_2)],
    ]


def test_garments_come_out_of_the_ticket_scanned_before() -> None:
    heard = [scan(0, "B-101"), *(shirt_tag(100 + 7 * n, n % 4) for n in range(12))]
    (event,) = events_of(post("sewing"), cache(), heard)
    assert (event.input_quantities, event.outputs, event.transactions, event.ilmd) == (
        (Quantity(uri_of(TICKET), Decimal(4)),),
        uris(*(garment(serial) for serial in range(4))),
        order("4471"),
        {},
    )


def test_a_counted_bundle_is_sewn_when_its_ticket_is_scanned() -> None:
    (event,) = events_of(post("sewing"), cache(), [scan(0, "B-102")])
    assert (event.type, event.action, event.quantities, event.transactions) == (
        "ObjectEvent",
        "OBSERVE",
        (Quantity(uri_of(COUNTED_TICKET), Decimal(12)),),
        order("4473"),
    )


def test_hang_tags_are_sewn_by_scanner_too() -> None:
    heard = [scan(0, "B-101")]
    heard += [scan(1_000 * n, *labels.garment_scan(SHIRT, str(n))) for n in (1, 2, 3, 4)]
    (event,) = events_of(post("sewing"), cache(), heard)
    assert event.outputs == uris(*(garment(serial) for serial in (1, 2, 3, 4)))


def test_the_rest_of_a_bundle_makes_an_event_with_the_rest_only() -> None:
    heard = [scan(0, "B-101"), shirt_tag(100, 1), shirt_tag(110, 2)]
    heard += [shirt_tag(9_000, 1), shirt_tag(9_010, 3), shirt_tag(9_020, 4)]
    events = events_of(post("sewing"), cache(), heard)
    assert [(each.input_quantities[0].quantity, each.outputs) for each in events] == [
        (Decimal(2), uris(garment(1), garment(2))),
        (Decimal(2), uris(garment(3), garment(4))),
    ]


def test_garments_before_any_ticket_are_only_seen_then_belong_to_it() -> None:
    heard = [shirt_tag(0, 1), scan(3_000, "B-101"), shirt_tag(3_100, 1)]
    events = events_of(post("sewing"), cache(), heard)
    assert said(events) == [
        ("ObjectEvent", "OBSERVE", None, "nothing-open"),
        ("TransformationEvent", None, "commissioning", None),
    ]


def test_a_garment_of_another_product_is_not_sewn_from_this_ticket() -> None:
    heard = [scan(0, "B-101"), shirt_tag(100, 1), shirt_tag(110, 7, APRON)]
    events = events_of(post("sewing"), cache(), heard)
    assert [each.extensions.get(REASON) for each in events] == [None, "other-product"]


def test_garments_and_tickets_are_packed_into_the_carton_scanned_before() -> None:
    heard = [carton_scan(0), shirt_tag(10, 1), shirt_tag(20, 2)]
    heard += [scan(2_000, "C-7703"), scan(3_000, "B-102")]
    first, second = events_of(post("packing"), cache(), heard)
    assert (
        (first.type, first.action, first.parent, first.children),
        (second.parent, second.child_quantities, second.transactions),
    ) == (
        ("AggregationEvent", "ADD", uri_of(f"/00/{BOX}"), uris(garment(1), garment(2))),
        (uri_of(COUNTED_BOX), (Quantity(uri_of(COUNTED_TICKET), Decimal(12)),), order("4473")),
    )


def test_what_a_stage_does_not_know_is_kept_with_a_reason_and_changes_nothing() -> None:
    heard = [carton_scan(0), tag(10, bytes.fromhex("ffee0102030405060708090a"))]
    heard += [roll_scan(5_000), scan(9_000, "\x01 what is this")]
    events = events_of(post("packing"), cache(), heard)
    assert [
        (each.extensions[REASON], each.step, each.disposition, each.place, each.epcs)
        for each in events
    ] == [
        ("unknown", None, None, None, ("urn:epc:raw:96.xFFEE0102030405060708090A",)),
        ("not-expected-here", None, None, None, ()),
        ("unknown", None, None, None, uris(f"//{NS}/obj/· what is this")),
    ]


def test_a_ticket_that_nobody_told_the_station_is_only_seen() -> None:
    events = events_of(post("cutting"), cache(), [roll_scan(0), scan(1_000, "B-999")])
    assert said(events) == [("ObjectEvent", "OBSERVE", None, "unknown")]


def test_a_large_pass_is_split_into_marked_parts() -> None:
    rules = PassRules(quiet_ms=200, still_ms=60_000)
    heard = [carton_scan(0), *(shirt_tag(1 + n / 10, n) for n in range(4_500))]
    events = events_of(post("packing"), cache(), heard, rules=rules)
    assert [(len(each.children), each.extensions[PART]) for each in events] == [
        (2_000, "1 of 3"),
        (2_000, "2 of 3"),
        (500, "3 of 3"),
    ]


# --- gates ----------------------------------------------------------------------------------


def test_a_complete_carton_is_shipped_with_all_that_was_read() -> None:
    (event,) = events_of(post("shipping"), cache(expected=EXPECTED), carton(0, 1, 2, 3))
    assert (event.step, event.disposition, event.epcs, event.transactions, event.destinations) == (
        "shipping",
        "in_transit",
        uris(f"/00/{BOX}", garment(1), garment(2), garment(3)),
        order("4471"),
        (("location", f"https://{NS}/loc/Store"),),
    )


def test_an_incomplete_carton_is_seen_then_shipped_when_it_is_complete() -> None:
    heard = carton(0, 1, 2) + carton(3_000, 1, 2, 3)
    first, second = events_of(post("shipping"), cache(expected=EXPECTED), heard)
    assert (
        (first.step, first.extensions[REASON], first.extensions[MISSING]),
        (second.step, second.extensions[VERDICT], second.epcs),
    ) == (
        (None, "missing", list(uris(garment(3)))),
        ("shipping", "PASS", uris(f"/00/{BOX}", garment(1), garment(2), garment(3))),
    )


def test_a_carton_that_stays_incomplete_is_stopped_and_never_shipped() -> None:
    heard = carton(0, 1, 2) + carton(3_000, 1, 2)
    events = events_of(post("shipping"), cache(expected=EXPECTED), heard)
    assert [(each.step, each.extensions[VERDICT]) for each in events] == [
        (None, "READ AGAIN"),
        (None, "STOP"),
    ]


def test_a_carton_that_waits_in_the_field_after_passing_says_nothing_more() -> None:
    heard = carton(0, 1, 2, 3) + carton(400, 1, 2, 3) + carton(5_000, 1, 2, 3)
    assert len(events_of(post("shipping"), cache(expected=EXPECTED), heard)) == 1


def test_a_garment_of_another_carton_stops_this_one() -> None:
    events = events_of(post("shipping"), cache(expected=EXPECTED), carton(0, 1, 2, 11))
    assert [(each.epcs, each.step, each.extensions[REASON]) for each in events] == [
        (uris(f"/00/{BOX}", garment(1), garment(2)), None, "other-carton"),
        (uris(garment(11)), None, "other-carton"),
    ]


def test_a_carton_with_printed_codes_passes_by_its_label() -> None:
    heard = [scan(0, "C-7703")]
    (event,) = events_of(post("shipping"), cache(expected=EXPECTED), heard)
    assert (event.step, event.epcs) == ("shipping", uris(COUNTED_BOX))


def test_what_comes_to_the_store_is_received_complete_or_not() -> None:
    heard = [*carton(0, 1, 2), shirt_tag(30, 5, FOREIGN)]
    events = events_of(post("store"), cache(expected=EXPECTED), heard)
    assert [(each.step, each.epcs, each.extensions.get(REASON)) for each in events] == [
        ("receiving", uris(f"/00/{BOX}", garment(1), garment(2)), None),
        (None, uris(garment(5, FOREIGN)), "unknown"),
    ]


def test_a_second_pass_at_the_store_brings_the_new_ones_only() -> None:
    heard = carton(0, 1, 2) + carton(2_000, 1, 2, 3)
    events = events_of(post("store"), cache(expected=EXPECTED), heard)
    assert [each.epcs for each in events] == [
        uris(f"/00/{BOX}", garment(1), garment(2)),
        uris(garment(3)),
    ]


def test_a_carton_learnt_of_while_it_stands_in_the_gate_passes_at_once() -> None:
    passes = StationPasses(post("shipping"), PassRules(quiet_ms=200), cache())
    closed = [each for one in carton(0, 1, 2, 3) for each in passes.hear(one)]
    assert (closed, passes.wants_refresh) == ([], True)
    passes.cache = cache(expected=EXPECTED)
    (after,) = passes.recheck()
    assert after.verdict is not None
    assert (after.verdict.state, after.visit.closed_by) == ("PASS", "complete")


# --- the same for both flows ----------------------------------------------------------------

YARN = "Y-1"
JOURNEYS: dict[str, dict[str, list[Received]]] = {
    "garment": {
        "fabric-in": [roll_scan(0)],
        "cutting": [roll_scan(0), scan(900, "B-101")],
        "sewing": [scan(0, "B-101"), *(shirt_tag(90 + n, n) for n in range(4))],
        "packing": [carton_scan(0), shirt_tag(90, 1), shirt_tag(95, 2), shirt_tag(99, 3)],
        "shipping": carton(0, 1, 2, 3),
        "store": carton(0, 1, 2, 3),
    },
    "knitwear_counted": {
        "yarn-in": [scan(0, YARN)],
        "knitting": [scan(0, YARN), scan(900, "B-102")],
        "washing": [scan(0, "B-102")],
        "pressing": [scan(0, "B-102")],
        "bagging": [scan(0, "S-1"), scan(900, "B-102")],
        "dispatch": [scan(0, "S-1")],
    },
}
EVERY_STAGE = [(name, stage) for name, stages in JOURNEYS.items() for stage in stages]


def known_to(name: str) -> dict[str, object]:
    bag = box(f"//{NS}/obj/S-1", [content(COUNTED_TICKET, "4473", "12")], "4473")
    return {"flow_name": name, "expected": [*EXPECTED, bag]}


@pytest.mark.parametrize(("name", "stage"), EVERY_STAGE)
def test_every_stage_of_every_flow_writes_the_event_that_it_declares(name: str, stage: str) -> None:
    where = post(stage, name)
    events = events_of(where, cache(**known_to(name)), JOURNEYS[name][stage])
    assert [
        (each.type, each.action, each.step, each.disposition, each.extensions.get(OPERATION))
        for each in events
    ] == [
        (
            where.stage.event,
            where.stage.action,
            where.stage.step,
            where.stage.disposition,
            where.stage.operation,
        )
    ]


@pytest.mark.parametrize(("name", "stage"), EVERY_STAGE)
def test_every_event_is_valid_epcis(name: str, stage: str) -> None:
    for event in events_of(post(stage, name), cache(**known_to(name)), JOURNEYS[name][stage]):
        tree = body.parse(body.canonical(event.tree()))
        assert isinstance(tree, dict)
        assert read_event(tree) == event


# --- determinism ----------------------------------------------------------------------------

FACTS = cache(expected=EXPECTED)
POSTS = [post(stage) for stage in JOURNEYS["garment"]]

STEPS = st.lists(
    st.tuples(
        st.integers(0, 2_500),
        st.sampled_from(
            ["B-101", "B-102", "B-999", "carton", "box tag", "junk", "roll", "R-2002", "C-7703"]
            + [f"shirt {n}" for n in (1, 2, 3, 11)]
            + ["apron 5", "foreign 6"]
        ),
    ),
    max_size=40,
)


def heard_of(steps: list[tuple[int, str]]) -> list[Received]:
    heard, ms = [], 0.0
    for gap, what in steps:
        ms += gap
        word, _, number = what.partition(" ")
        if what == "carton":
            heard.append(carton_scan(ms))
        elif what == "box tag":
            heard.append(box_tag(ms))
        elif what == "roll":
            heard.append(roll_scan(ms))
        elif what == "R-2002":
            heard.append(roll_scan(ms, what))
        elif what == "junk":
            heard.append(tag(ms, b"\x01\x02"))
        elif number:
            gtin = {"shirt": SHIRT, "apron": APRON, "foreign": FOREIGN}[word]
            heard.append(shirt_tag(ms, int(number), gtin))
        else:
            heard.append(scan(ms, what))
    return heard


@settings(max_examples=150, deadline=None)
@given(
    steps=STEPS,
    seed=st.integers(0, 2**32),
    where=st.sampled_from(POSTS),
)
def test_the_same_reads_give_the_same_events_with_the_same_ids_under_any_ticks(
    steps: list[tuple[int, str]], seed: int, where: Post
) -> None:
    heard, facts = heard_of(steps), FACTS
    once = events_of(where, facts, heard)
    again = events_of(where, facts, heard, ticks=random.Random(seed))
    assert [body.canonical(each.tree()) for each in again] == [
        body.canonical(each.tree()) for each in once
    ]


@settings(max_examples=150, deadline=None)
@given(
    steps=STEPS,
    where=st.sampled_from(POSTS),
)
def test_events_of_a_station_never_tie_and_every_tag_read_is_in_one(
    steps: list[tuple[int, str]], where: Post
) -> None:
    heard, facts = heard_of(steps), FACTS
    events = events_of(where, facts, heard)
    times = [each.event_time for each in events]
    named = {
        uri for each in events for uri in (*each.epcs, *each.children, *each.outputs, *each.inputs)
    }
    radio = [each for each in heard if each.reader == "radio"]
    tags = {
        uri_of(one.key)
        for closed in closed_passes(where, facts, radio)
        for one in closed.visit.sightings
    }
    assert (times, tags - named) == (sorted(set(times)), set())


def test_a_pass_without_news_says_nothing() -> None:
    (closed,) = closed_passes(post("packing"), cache(), [carton_scan(0), shirt_tag(9, 1)])
    old = tuple(replace(each, is_new=False) for each in closed.visit.sightings)
    again = replace(closed, visit=replace(closed.visit, sightings=old))
    assert interpret(again, cache(), post("packing")) == ()
