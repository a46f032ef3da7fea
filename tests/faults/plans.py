"""What the callers of a fault run want to write: drawn from a seed, the same in every process."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

from tests.ledger.books import GTIN, NAMESPACE, draft
from traceability.ledger.append import Draft

BATCHES = 12
"""Appends of one caller: enough that every place of the append is passed more than twice."""
GARMENTS = 24
"""Shared by all callers, so that what one says comes late for what another has said."""
PLACES = ("sewing", "packing", "shipping")
TOO_LONG = "urn:uuid:" + "0" * 600


@lru_cache(maxsize=64)
def plan(seed: int, caller: int, batches: int = BATCHES) -> list[list[Draft]]:
    """Return what a caller appends, one list at a time, in this order."""
    chance = random.Random(f"{seed} {caller}")
    return [_batch(chance, caller, number) for number in range(batches)]


def ids(seed: int, caller: int, batches: int = BATCHES) -> list[str]:
    """Return the ids that a caller's plan brings into the record, in the order of first saying."""
    said = [one for batch in plan(seed, caller, batches) for one in batch]
    return list(dict.fromkeys(one.id for one in said if one.id != TOO_LONG))


def clashing(seed: int, caller: int, batches: int = BATCHES) -> set[str]:
    """Return the ids that a caller's plan says twice with different content."""
    said: dict[str, object] = {}
    clashes = set()
    for one in (one for batch in plan(seed, caller, batches) for one in batch):
        if one.kind == "event" and said.setdefault(one.id, one.tree) != one.tree:
            clashes.add(one.id)
    return clashes


def _batch(chance: random.Random, caller: int, number: int) -> list[Draft]:
    first = caller * 100_000 + number * 100
    seen = [_seen(chance, first + one) for one in range(chance.randint(1, 4))]
    drafts = [draft(tree, run=(f"s{caller}", 7, first + at)) for at, tree in enumerate(seen)]
    turn = number % 6
    if turn == 0:
        drafts += [_person(caller, number), _product(caller, number)]
    elif turn == 1:
        drafts.append(_with_document(_packed_in_carton(chance, first + 50, caller)))
    elif turn == 2:
        wrong = {"declarationTime": f"2026-01-09T{number:02}:00:00Z"}
        drafts.append(draft({**seen[0], "errorDeclaration": wrong}))
    elif turn == 3:
        drafts += [drafts[0], _refused(first + 60)]
    elif turn == 4:
        drafts.append(draft({**seen[0], "bizStep": "shipping"}))  # the same id, other content
    else:
        drafts.append(_gap(caller, number))
    return drafts


def _event(number: int, hour: int, **members: Any) -> dict[str, Any]:
    return {
        "eventID": f"urn:uuid:00000000-0000-7000-8000-{number:012d}",
        "eventTime": f"2026-01-05T{hour:02}:{number % 60:02}:{number // 60 % 60:02}Z",
        "eventTimeZoneOffset": "+00:00",
        **members,
    }


def _garment(number: int) -> str:
    return f"https://id.gs1.org{GTIN}/21/{number}"


def _seen(chance: random.Random, number: int) -> dict[str, Any]:
    place = chance.choice(PLACES)
    return _event(
        number,
        chance.randrange(24),
        type="ObjectEvent",
        action="OBSERVE",
        bizStep="packing",
        disposition="in_progress",
        bizLocation={"id": f"https://{NAMESPACE}/loc/{place}"},
        epcList=[_garment(one) for one in chance.sample(range(GARMENTS), 2)],
    )


def _packed_in_carton(chance: random.Random, number: int, caller: int) -> dict[str, Any]:
    return _event(
        number,
        chance.randrange(24),
        type="AggregationEvent",
        action="ADD",
        bizStep="packing",
        parentID=f"https://{NAMESPACE}/obj/carton-{caller}",
        childEPCs=[_garment(one) for one in chance.sample(range(GARMENTS), 3)],
    )


def _with_document(tree: dict[str, Any]) -> Draft:
    said = draft(tree)
    return Draft(said.kind, said.id, tree, said.event, "test", document=said.id.encode() * 9)


def _person(caller: int, number: int) -> Draft:
    key = f"//{NAMESPACE}/obj/person-{caller}-{number}"
    return Draft("master", f"master:{key}", {"type": "person", "id": key}, private={"name": "Rina"})


def _product(caller: int, number: int) -> Draft:
    key = f"//{NAMESPACE}/class/shirt-{caller}-{number}"
    tree = {"type": "product", "id": key, "values": {"name": f"Shirt {number}"}}
    return Draft("master", f"master:{key}", tree)


def _refused(number: int) -> Draft:
    said = draft(_event(number, 1, type="ObjectEvent", action="OBSERVE", epcList=[_garment(1)]))
    return Draft(said.kind, TOO_LONG, said.tree, said.event)


def _gap(caller: int, number: int) -> Draft:
    tree = {
        "type": "gap",
        "reader": "R2000",
        "station": f"s{caller}",
        "from": f"2026-01-05T{number:02}:10:00Z",
        "to": f"2026-01-05T{number:02}:10:40Z",
        "reason": "unplugged",
    }
    return Draft("gap", f"gap:{caller}:{number}", tree)
