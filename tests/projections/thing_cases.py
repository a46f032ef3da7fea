"""Stories of things, and of the cartons, pallets and trucks that they are in."""

from __future__ import annotations

from tests.projections.cases import (
    B1,
    C1,
    C2,
    DOCK,
    G1,
    G2,
    O1,
    P1,
    SHOP,
    T1,
    TABLE,
    Case,
    added,
    deleted,
    looked_into,
    made,
    packed,
    seen,
    unpacked,
)
from tests.projections.small_flow import CLOTH, SHIRT, SOCK
from tests.projections.telling import key, place, thing, told, wrong

THINGS = [
    Case(
        "a thing that is marked stands where it was marked, and is stock",
        [added(1, G1, step="assembling", disposition="active")],
        {
            G1: {
                "kind": "garment",
                "form": "thing",
                "product": "",
                "place": key(TABLE),
                "step": "assembling",
                "disposition": "active",
                "container": "",
                "active": True,
                "quantity": "1",
                "consumed": "0",
                "uom": "",
                "stages": 1 << 2,
                "order": "",
                "flags": "",
            }
        },
        stock={(key(TABLE), "", "assembling", "active", ""): "1"},
        progress={},
        stays=set(),
    ),
    Case(
        "what an event does not say stays as it was",
        [
            added(1, G1, step="assembling", disposition="active"),
            told("Object", 2, action="OBSERVE", epcs=[G1], disposition="damaged"),
        ],
        {G1: {"place": key(TABLE), "step": "assembling", "disposition": "damaged"}},
    ),
    Case(
        "the operation is the step text, and decides the stage alone",
        [added(1, G1, step="assembling", operation="cutting")],
        {G1: {"step": "cutting", "stages": 1 << 1}},
    ),
    Case(
        "an operation that no stage has reaches no stage",
        [added(1, G1, step="assembling", operation="ironing")],
        {G1: {"step": "ironing", "stages": 0}},
    ),
    Case(
        "the product of a shirt with a GTIN is in its key",
        [added(1, f"{SHIRT}/21/7", product=SOCK)],
        {f"{SHIRT}/21/7": {"kind": "garment", "product": key(SHIRT)}},
    ),
    Case(
        "the product of a local thing is named where it is marked, and the latest word counts",
        [
            added(1, G1, product=SHIRT),
            added(3, G1, product=SOCK),
            seen(5, G1, product=None),
        ],
        {G1: {"product": key(SOCK)}},
    ),
    Case(
        "a thing with an at sign in its name is a thing",
        [added(1, thing("G@5"))],
        {thing("G@5"): {"kind": "garment", "form": "thing"}},
        stock={(key(TABLE), "", "", "", ""): "1"},
    ),
    Case(
        "a late event does not make a shirt or a roll forget what product it is",
        [
            told("Object", 5, action="ADD", epcs=[f"{SHIRT}/21/7"]),
            told("Object", 5, number=77, action="ADD", quantities=[(f"{CLOTH}/10/R1", 9, "MTR")]),
            seen(3, f"{SHIRT}/21/7", f"{CLOTH}/10/R1"),
        ],
        {
            f"{SHIRT}/21/7": {"product": key(SHIRT), "place": key(TABLE)},
            f"{CLOTH}/10/R1": {"product": key(CLOTH), "place": key(TABLE)},
        },
    ),
    Case(
        "seen before it was marked is a discrepancy",
        [seen(1, G1)],
        {G1: {"active": True, "flags": "unborn"}},
    ),
    Case(
        "seen before it was marked is healed by the marking, even a later one",
        [seen(1, G1), added(2, G1)],
        {G1: {"flags": ""}},
    ),
    Case(
        "a thing born by being packed is not unborn, nor is a container",
        [packed(1, C1, G1)],
        {G1: {"flags": "", "container": key(C1)}, C1: {"flags": "", "active": True}},
    ),
    Case(
        "a container passes its place on to everything inside at that moment",
        [
            packed(1, C1, G1),
            packed(2, P1, C1),
            packed(3, T1, P1),
            seen(4, T1, at=DOCK, step="shipping", disposition="in_transit"),
            unpacked(5, C1, G1),
            seen(6, T1, at=SHOP),
        ],
        {
            G1: {
                "place": key(DOCK),
                "step": "shipping",
                "disposition": "in_transit",
                "container": "",
                "stages": 1 << 4,
            },
            C1: {"place": key(SHOP), "container": key(P1), "stages": 1 << 4},
            P1: {"place": key(SHOP), "container": key(T1)},
        },
        stays={(G1, 1, C1, 5), (C1, 2, P1, None), (P1, 3, T1, None)},
    ),
    Case(
        "a late event of the carton does not reach the child that was packed elsewhere",
        [
            packed(1, C1, G1, G2, at=TABLE),
            packed(5, C2, G1, at=DOCK),
            seen(7, C1, at=SHOP),
            seen(3, C1, at=place("line")),
        ],
        {
            G1: {"place": key(DOCK), "container": key(C2)},
            G2: {"place": key(SHOP), "container": key(C1)},
        },
        stays={(G1, 1, C1, 5), (G2, 1, C1, None), (G1, 5, C2, None)},
    ),
    Case(
        "a late event of the carton reaches the child that was inside then",
        [
            packed(1, C1, G1, at=TABLE),
            unpacked(5, C1, G1),
            seen(3, C1, at=DOCK, step="shipping"),
        ],
        {G1: {"place": key(DOCK), "step": "shipping", "container": "", "stages": 1 << 4}},
    ),
    Case(
        "a late event of the truck does not reach what was removed three containers below",
        [
            packed(1, C1, G1, at=TABLE),
            packed(2, P1, C1, at=TABLE),
            packed(3, T1, P1, at=TABLE),
            deleted(5, G1, at=SHOP),
            seen(6, T1, at=DOCK),
        ],
        {
            G1: {"place": key(SHOP), "container": "", "active": False, "quantity": "0"},
            C1: {"place": key(DOCK)},
        },
    ),
    Case(
        "a late event of the carton reaches the child that has left without naming the carton",
        [
            packed(1, C1, G1, at=TABLE),
            packed(5, C2, G1, at=None),
            seen(3, C1, at=DOCK, step="shipping"),
        ],
        {G1: {"place": key(DOCK), "step": "shipping", "container": key(C2)}},
    ),
    Case(
        "a late event of the carton reaches the child that was late found to have left it",
        [
            packed(1, C1, G1, at=TABLE),
            told("Object", 9, action="OBSERVE", epcs=[G1]),
            packed(5, C2, G1, at=None),
            seen(3, C1, at=DOCK),
        ],
        {G1: {"place": key(DOCK), "container": key(C2)}, C2: {"place": ""}},
    ),
    Case(
        "a late event of the truck reaches what was sold out of it three containers below",
        [
            packed(1, C1, G1, at=TABLE),
            packed(2, P1, C1, at=TABLE),
            packed(3, T1, P1, at=TABLE),
            told("Object", 9, action="DELETE", epcs=[G1]),
            seen(6, T1, at=DOCK),
        ],
        {G1: {"place": key(DOCK), "container": "", "active": False}},
    ),
    Case(
        "entering a second container leaves the first",
        [packed(1, C1, G1), packed(2, C2, G1)],
        {G1: {"container": key(C2)}},
        stays={(G1, 1, C1, 2), (G1, 2, C2, None)},
    ),
    Case(
        "packed again into the same carton, the stay goes on",
        [packed(1, C1, G1), packed(2, C1, G1), unpacked(3, C1, G1)],
        stays={(G1, 1, C1, 3)},
    ),
    Case(
        "leaving and coming back are two stays",
        [packed(1, C1, G1), unpacked(2, C1, G1), packed(3, C1, G1)],
        stays={(G1, 1, C1, 2), (G1, 3, C1, None)},
    ),
    Case(
        "a thing listed twice is packed once",
        [packed(1, C1, G1, G1)],
        {G1: {"quantity": "1"}},
        stays={(G1, 1, C1, None)},
    ),
    Case(
        "unpacked from a carton where it is not, it stays where it is",
        [packed(1, C1, G1), unpacked(2, C2, G1, at=DOCK)],
        {G1: {"container": key(C1), "place": key(DOCK)}},
        stays={(G1, 1, C1, None)},
    ),
    Case(
        "unpacked from the pallet that holds its carton, it stays in the carton",
        [packed(1, C1, G1), packed(2, P1, C1), unpacked(3, P1, G1)],
        {G1: {"container": key(C1)}},
    ),
    Case(
        "a carton put into what it holds is refused and reported; it stands there all the same",
        [
            packed(1, C1, G1),
            packed(2, P1, C1),
            packed(3, C1, P1, at=DOCK),
        ],
        {
            P1: {"container": "", "flags": "loop", "place": key(DOCK)},
            C1: {"container": key(P1), "flags": ""},
            G1: {"place": key(DOCK)},
        },
        stays={(G1, 1, C1, None), (C1, 2, P1, None), (P1, 3, C1, 3)},
    ),
    Case(
        "a carton put into itself is refused and reported",
        [packed(1, C1, C1)],
        {C1: {"container": "", "flags": "loop"}},
        stays={(C1, 1, C1, 1)},
    ),
    Case(
        "a loop is none when the first packing is declared wrong",
        [
            packed(2, P1, C1),
            packed(3, C1, P1),
            wrong(packed(2, P1, C1), 9),
        ],
        {P1: {"container": key(C1), "flags": ""}, C1: {"container": ""}},
        stays={(P1, 3, C1, None)},
    ),
    Case(
        "unpacking without children lets everything out, one level deep",
        [packed(1, C1, G1), packed(2, P1, C1, C2), unpacked(3, P1, at=DOCK)],
        {
            C1: {"container": "", "place": key(DOCK)},
            C2: {"container": "", "place": key(DOCK)},
            G1: {"container": key(C1), "place": key(DOCK)},
            P1: {"active": True},
        },
        stays={(G1, 1, C1, None), (C1, 2, P1, 3), (C2, 2, P1, 3)},
    ),
    Case(
        "what is seen inside is inferred to have been packed, and the unlisted stay",
        [packed(1, C1, G1), looked_into(2, C1, G2)],
        {
            G1: {"container": key(C1), "flags": ""},
            G2: {"container": key(C1), "flags": "inferred"},
            C1: {"flags": ""},
        },
    ),
    Case(
        "an inferred thing is certain again when it is next seen itself",
        [looked_into(1, C1, G1), seen(2, G1)],
        {G1: {"container": key(C1), "flags": ""}},
    ),
    Case(
        "an event of its container makes an inferred thing no more certain",
        [looked_into(1, C1, G1), seen(2, C1)],
        {G1: {"flags": "inferred"}},
    ),
    Case(
        "children seen without a container are just seen",
        [
            packed(1, C1, G1),
            told("Aggregation", 2, action="OBSERVE", children=[G1], place=DOCK),
        ],
        {G1: {"container": key(C1), "place": key(DOCK), "flags": ""}},
    ),
    Case(
        "a lot seen among children without a container is just seen",
        [
            told(
                "Aggregation",
                2,
                action="OBSERVE",
                children=[G1],
                child_quantities=[(B1, 5), (SOCK, 5)],
                place=DOCK,
            ),
        ],
        {B1: {"place": key(DOCK), "quantity": "0", "active": False}, f"{SOCK}@{key(DOCK)}": None},
    ),
    Case(
        "a carton that is destroyed lets its contents out where it was",
        [packed(1, C1, G1), deleted(2, C1, at=DOCK)],
        {
            C1: {"active": False, "quantity": "0", "place": key(DOCK)},
            G1: {"container": "", "place": key(DOCK), "active": True},
        },
        stays={(G1, 1, C1, 2)},
    ),
    Case(
        "what was removed lives again when it is seen",
        [added(1, G1), deleted(2, G1), seen(3, G1)],
        {G1: {"active": True, "quantity": "1", "flags": ""}},
    ),
    Case(
        "a thing used up is consumed, keeps its order and counts as made; no bit for being used",
        [
            added(1, G1, step="assembling", orders=[("prodorder", O1)]),
            made(2, inputs=[G1], outputs=[G2], step="stocking"),
        ],
        {
            G1: {
                "active": False,
                "quantity": "0",
                "consumed": "1",
                "stages": 1 << 2,
                "step": "stocking",
            },
            G2: {"active": True, "stages": 1 << 6, "order": key(O1)},
        },
        progress={(key(O1), "", 2): "1", (key(O1), "", 6): "1"},
    ),
    Case(
        "what was used up and is seen again was not used up",
        [added(1, G1), made(2, inputs=[G1], outputs=[G2]), seen(3, G1)],
        {G1: {"active": True, "quantity": "1", "consumed": "0"}},
    ),
]
