"""Stories of amounts: rolls, bundles and what lies at a place."""

from __future__ import annotations

from tests.projections.cases import (
    B1,
    C1,
    DOCK,
    G1,
    O1,
    ROLL,
    SHOP,
    T1,
    TABLE,
    Case,
    amounts,
    deleted,
    made,
    packed,
    seen,
    unpacked,
)
from tests.projections.small_flow import CLOTH, SOCK
from tests.projections.telling import class_, key, place, thing

AMOUNTS = [
    Case(
        "a roll has one quantity, and one place",
        [
            amounts(1, "ADD", (ROLL, "92.5", "MTR"), step="receiving"),
            amounts(2, "DELETE", (ROLL, "2.25", "MTR"), at=DOCK),
        ],
        {
            ROLL: {
                "kind": "roll",
                "form": "lot",
                "product": key(CLOTH),
                "place": key(DOCK),
                "active": True,
                "quantity": "90.25",
                "uom": "MTR",
                "stages": 1,
            }
        },
        stock={(key(DOCK), key(CLOTH), "receiving", "", "MTR"): "90.25"},
    ),
    Case(
        "a lot that is seen keeps its quantity",
        [amounts(1, "ADD", (B1, 20)), amounts(2, "OBSERVE", (B1, 18), at=DOCK)],
        {B1: {"quantity": "20", "place": key(DOCK)}},
    ),
    Case(
        "a lot that is counted has what was counted",
        [
            amounts(1, "ADD", (B1, 20)),
            amounts(2, "OBSERVE", (B1, 18), step="stock_taking"),
            amounts(3, "DELETE", (B1, 1)),
        ],
        {B1: {"quantity": "17", "active": True}},
    ),
    Case(
        "a late delivery before the count does not change the count",
        [
            amounts(1, "ADD", (SOCK, 20)),
            amounts(5, "OBSERVE", (SOCK, 18), step="stock_taking"),
            amounts(3, "ADD", (SOCK, 7)),
        ],
        {f"{SOCK}@{key(TABLE)}": {"quantity": "18"}},
    ),
    Case(
        "removed without quantity, a lot is gone",
        [amounts(1, "ADD", (B1, 20)), amounts(2, "DELETE", (B1, None))],
        {B1: {"quantity": "0", "active": False}},
        stock={},
    ),
    Case(
        "a lot named without quantity is seen",
        [amounts(1, "ADD", (B1, None), at=DOCK)],
        {B1: {"quantity": "0", "active": False, "place": key(DOCK), "uom": ""}},
    ),
    Case(
        "a ticket scanned like a thing is the lot that it is, and keeps its quantity",
        [
            seen(1, B1, at=TABLE),
            amounts(2, "ADD", (B1, 20)),
            packed(3, T1, B1),
            seen(4, B1, T1, at=DOCK),
        ],
        {
            B1: {
                "form": "lot",
                "quantity": "20",
                "place": key(DOCK),
                "container": key(T1),
                "flags": "",
            }
        },
    ),
    Case(
        "a ticket removed like a thing is empty",
        [amounts(1, "ADD", (B1, 20)), deleted(2, B1)],
        {B1: {"quantity": "0", "active": False}},
    ),
    Case(
        "a roll used without saying how much is an ancestor, loses nothing, and names no order",
        [
            amounts(1, "ADD", (ROLL, 50, "MTR")),
            made(2, inputs=[ROLL], outputs=[G1], orders=[("prodorder", O1)]),
        ],
        {
            ROLL: {"quantity": "50", "consumed": "0", "order": "", "active": True},
            G1: {"order": key(O1)},
        },
    ),
    Case(
        "a bundle used without saying how much hands its order down",
        [
            amounts(1, "ADD", (B1, 20), orders=[("prodorder", O1)]),
            made(2, inputs=[B1], outputs=[G1]),
        ],
        {B1: {"quantity": "20", "consumed": "0"}, G1: {"order": key(O1)}},
    ),
    Case(
        "another unit is not added",
        [
            amounts(1, "ADD", (ROLL, 10, "MTR")),
            amounts(2, "ADD", (ROLL, 11, "YRD")),
            amounts(3, "DELETE", (ROLL, 4, "MTR")),
        ],
        {ROLL: {"quantity": "6", "uom": "MTR", "flags": "unit"}},
    ),
    Case(
        "the unit is that of the earliest posting, not of the first to arrive",
        [
            amounts(2, "ADD", (ROLL, 11, "YRD")),
            amounts(1, "ADD", (ROLL, 10, "MTR")),
        ],
        {ROLL: {"quantity": "10", "uom": "MTR", "flags": "unit"}},
    ),
    Case(
        "below zero is shown as it is",
        [amounts(1, "DELETE", (SOCK, 3), step="shipping")],
        {f"{SOCK}@{key(TABLE)}": {"quantity": "-3", "active": True, "flags": "below_zero"}},
        stock={(key(TABLE), key(SOCK), "shipping", "", ""): "-3"},
    ),
    Case(
        "below zero is healed by what came before",
        [amounts(3, "DELETE", (SOCK, 3)), amounts(1, "ADD", (SOCK, 3))],
        {f"{SOCK}@{key(TABLE)}": {"quantity": "0", "active": False, "flags": ""}},
        stock={},
    ),
    Case(
        "a holding without place is no holding",
        [amounts(1, "ADD", (SOCK, 3), at=None)],
        {f"{SOCK}@": None},
        stock={},
        stays=set(),
    ),
    Case(
        "a holding at a place never moves, whatever happens there",
        [
            amounts(1, "ADD", (SOCK, 10)),
            amounts(2, "ADD", (SOCK, 4), at=DOCK),
        ],
        {
            f"{SOCK}@{key(TABLE)}": {"place": key(TABLE), "quantity": "10"},
            f"{SOCK}@{key(DOCK)}": {"place": key(DOCK), "quantity": "4", "form": "holding"},
        },
    ),
    Case(
        "a holding is what it is, though it was held before anybody knew of it",
        [amounts(2, "ADD", (SOCK, 14)), amounts(1, "DELETE", (SOCK, 4))],
        {
            f"{SOCK}@{key(TABLE)}": {
                "kind": "sock",
                "form": "holding",
                "product": key(SOCK),
                "place": key(TABLE),
                "quantity": "10",
            }
        },
        stock={(key(TABLE), key(SOCK), "", "", ""): "10"},
        held=(f"{SOCK}@{key(TABLE)}",),
    ),
    Case(
        "an at sign in the name of a class is no place",
        [amounts(1, "ADD", (class_("thread@9"), 5, "KGM"))],
        {
            f"{class_('thread@9')}@{key(TABLE)}": {
                "kind": "thread",
                "form": "holding",
                "product": key(class_("thread@9")),
                "place": key(TABLE),
            }
        },
    ),
    Case(
        "an at sign in the name of a place or carton belongs to the name",
        [
            amounts(1, "ADD", (SOCK, 5), at=place("hall@2")),
            packed(2, thing("C@1"), child_quantities=[(SOCK, 2)], at=place("hall@2")),
        ],
        {
            f"{SOCK}@{key(place('hall@2'))}": {"kind": "sock", "place": key(place("hall@2"))},
            f"{SOCK}@{key(thing('C@1'))}": {"kind": "sock", "container": key(thing("C@1"))},
        },
    ),
    Case(
        "a move takes from the source and gives to the destination",
        [
            amounts(1, "ADD", (SOCK, 10)),
            amounts(
                2,
                "OBSERVE",
                (SOCK, 4),
                at=None,
                step="shipping",
                sources=[TABLE],
                destinations=[SHOP],
            ),
        ],
        {
            f"{SOCK}@{key(TABLE)}": {"quantity": "6", "place": key(TABLE), "step": "shipping"},
            f"{SOCK}@{key(SHOP)}": {"quantity": "4", "place": key(SHOP), "step": "shipping"},
        },
    ),
    Case(
        "a move without destination goes to the place of the event",
        [amounts(2, "OBSERVE", (SOCK, 4), at=DOCK, step="shipping", sources=[TABLE])],
        {
            f"{SOCK}@{key(TABLE)}": {"quantity": "-4", "place": key(TABLE)},
            f"{SOCK}@{key(DOCK)}": {"quantity": "4"},
        },
    ),
    Case(
        "seeing a holding does nothing where the stage does not count or move",
        [amounts(1, "OBSERVE", (SOCK, 4), step="packing")],
        {f"{SOCK}@{key(TABLE)}": None},
    ),
    Case(
        "a packed holding goes from the place into the carton, and travels with it",
        [
            amounts(1, "ADD", (SOCK, 10)),
            packed(2, C1, child_quantities=[(SOCK, 4)]),
            seen(3, C1, at=SHOP, step="stocking"),
        ],
        {
            f"{SOCK}@{key(TABLE)}": {"quantity": "6", "place": key(TABLE), "container": ""},
            f"{SOCK}@{key(C1)}": {
                "kind": "sock",
                "form": "holding",
                "product": key(SOCK),
                "quantity": "4",
                "place": key(SHOP),
                "step": "stocking",
                "container": key(C1),
            },
        },
        stays={(f"{SOCK}@{key(C1)}", 2, C1, None)},
    ),
    Case(
        "an unpacked holding goes from the carton to the place; the empty rest stays inside",
        [
            packed(2, C1, child_quantities=[(SOCK, 4)], at=None),
            unpacked(3, C1, child_quantities=[(SOCK, 4)], at=SHOP),
        ],
        {
            f"{SOCK}@{key(C1)}": {"quantity": "0", "active": False, "container": key(C1)},
            f"{SOCK}@{key(SHOP)}": {"quantity": "4", "place": key(SHOP)},
        },
    ),
    Case(
        "a bundle packed into a tote keeps its quantity and takes the tote's place",
        [
            amounts(1, "ADD", (B1, 20)),
            packed(2, T1, child_quantities=[(B1, 20)]),
            seen(3, T1, at=DOCK),
            unpacked(4, T1, child_quantities=[(B1, None)]),
            seen(5, T1, at=SHOP),
        ],
        {B1: {"quantity": "20", "place": key(DOCK), "container": ""}},
        stays={(B1, 2, T1, 4)},
    ),
]
