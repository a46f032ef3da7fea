"""Stories of what is made from what, for which order, and of events declared wrong."""

from __future__ import annotations

from tests.projections.cases import (
    B1,
    B2,
    C1,
    DOCK,
    G1,
    G2,
    O1,
    O2,
    ROLL,
    TABLE,
    Case,
    added,
    amounts,
    made,
    packed,
    seen,
)
from tests.projections.small_flow import SHIRT, SOCK
from tests.projections.telling import key, order, told, wrong

ORDERS = [
    Case(
        "cutting takes metres and gives bundles that belong to the order; the roll does not",
        [
            amounts(1, "ADD", (ROLL, 50, "MTR")),
            made(
                2,
                operation="cutting",
                input_quantities=[(ROLL, "12.5", "MTR")],
                output_quantities=[(B1, 20), (B2, 10)],
                orders=[("prodorder", O1)],
                product=SHIRT,
            ),
        ],
        {
            ROLL: {"quantity": "37.5", "consumed": "12.5", "order": "", "stages": 0},
            B1: {"quantity": "20", "order": key(O1), "product": key(SHIRT), "stages": 2},
            B2: {"quantity": "10", "order": key(O1), "product": key(SHIRT)},
        },
        progress={(key(O1), key(SHIRT), 1): "30"},
    ),
    Case(
        "a bundle sewn up counts as cut: what is left and what was used",
        [
            made(
                1,
                operation="cutting",
                output_quantities=[(B1, 20)],
                orders=[("prodorder", O1)],
            ),
            made(2, step="assembling", input_quantities=[(B1, 5)], outputs=[G1]),
        ],
        {B1: {"quantity": "15", "consumed": "5", "stages": 2}, G1: {"order": key(O1)}},
        progress={(key(O1), "", 1): "20", (key(O1), "", 2): "1"},
    ),
    Case(
        "an order is inherited through generations from the one named",
        [
            made(1, output_quantities=[(B1, 20)], orders=[("prodorder", O1)]),
            made(2, input_quantities=[(B1, 5)], outputs=[G1]),
            made(3, inputs=[G1], outputs=[G2]),
        ],
        {G2: {"order": key(O1)}},
    ),
    Case(
        "made from two orders, it belongs to none, and that is reported",
        [
            made(1, output_quantities=[(B1, 20)], orders=[("prodorder", O1)]),
            made(2, output_quantities=[(B2, 20)], orders=[("prodorder", O2)]),
            made(3, input_quantities=[(B1, 5), (B2, 5)], outputs=[G1]),
        ],
        {G1: {"order": "", "flags": "orders"}},
    ),
    Case(
        "an order of its own goes before that of the inputs",
        [
            made(1, output_quantities=[(B1, 20)], orders=[("prodorder", O1)]),
            made(3, input_quantities=[(B1, 5)], outputs=[G1], orders=[("po", O2)]),
        ],
        {G1: {"order": key(O2)}},
    ),
    Case(
        "the latest event that names a known order decides; an unknown one says nothing",
        [
            added(1, G1, orders=[("prodorder", O1)]),
            seen(3, G1, orders=[("po", O2)]),
            seen(5, G1, orders=[("prodorder", order("nobody"))]),
        ],
        {G1: {"order": key(O2)}},
    ),
    Case(
        "the production order goes before the purchase order if both are known",
        [added(1, G1, orders=[("po", O2), ("prodorder", O1)])],
        {G1: {"order": key(O1)}},
    ),
    Case(
        "the purchase order stands in for a production order that is not known",
        [added(1, G1, orders=[("po", O2), ("prodorder", order("nobody"))])],
        {G1: {"order": key(O2)}},
    ),
    Case(
        "nobody's order is no order",
        [added(1, G1, orders=[("prodorder", O1)])],
        {G1: {"order": ""}},
        orders=(),
    ),
    Case(
        "things made from one another in a circle name no order, and nothing hangs",
        [made(1, inputs=[G1], outputs=[G2]), made(2, inputs=[G2], outputs=[G1])],
        {G1: {"order": ""}, G2: {"order": ""}},
    ),
    Case(
        "an event declared wrong has not happened",
        [
            added(1, G1, at=TABLE),
            seen(2, G1, at=DOCK),
            wrong(seen(2, G1, at=DOCK), 4),
        ],
        {G1: {"place": key(TABLE)}},
    ),
    Case(
        "a thing known only from an event declared wrong is not known",
        [packed(1, C1, G1), wrong(packed(1, C1, G1), 4)],
        {G1: None, C1: None},
        stock={},
        stays=set(),
    ),
    Case(
        "the same event sent twice has happened once",
        [amounts(1, "ADD", (SOCK, 3)), amounts(1, "ADD", (SOCK, 3))],
        {f"{SOCK}@{key(TABLE)}": {"quantity": "3"}},
    ),
    Case(
        "a card bound late repairs the past: the thing was where the card was",
        [
            added(1, G1, at=TABLE),
            seen(4, C1, at=DOCK, step="packing"),
            told("Association", 2, action="ADD", parent=C1, children=[G1]),
        ],
        {G1: {"place": key(DOCK), "step": "packing", "stages": 1 << 3, "container": key(C1)}},
    ),
    Case(
        "a transaction sees the things it names",
        [
            added(1, G1),
            told(
                "Transaction",
                2,
                action="ADD",
                epcs=[G1],
                quantities=[(B1, 4), (SOCK, 4)],
                place=DOCK,
                orders=[("po", O1)],
            ),
        ],
        {
            G1: {"place": key(DOCK), "order": key(O1)},
            B1: {"quantity": "0", "order": key(O1)},
            f"{SOCK}@{key(DOCK)}": None,
        },
    ),
]
