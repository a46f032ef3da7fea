"""A workshop that works: cloth is cut, bundles are sewn, shirts packed, shipped, unpacked, sold.

Each act is possible when it happens; what reaches the ledger, and when, is another matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.projections.chance import Chance
from tests.projections.small_flow import CLOTH, SHIRT, SOCK
from tests.projections.telling import Tree, class_, order, place, thing, told


class ShopFloor:
    """What is where, as the people on the floor would know it."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.rolls: list[str] = []
        self.bundles: dict[str, int] = {}
        self.loose: list[str] = []
        self.packed: dict[str, list[str]] = {}
        """Things inside each container; an empty carton stays in use."""
        self.inside: dict[str, str] = {}
        self.made = 0

    def next(self, minute: int, number: int) -> Tree:
        """Do one thing that can be done now, and tell it."""
        acts: list[Callable[[], dict[str, Any]]] = [self._receive]
        if self.rolls:
            acts += [self._cut] * 2
        if self.bundles:
            acts += [self._sew] * 4
        if self.loose:
            acts += [self._pack] * 5 + [self._see]
        if self.packed:
            acts += [self._load] * 2 + [self._pass_gate] * 4 + [self._repack] * 3
            acts += [self._unpack, self._empty, self._look_into]
        acts += [self._deliver_socks, self._pack_socks, self._count_socks]
        told_by = self.chance.pick(acts)()
        return told(told_by.pop("type"), minute, number=number, **told_by)

    def _name(self, letter: str) -> str:
        self.made += 1
        return f"{letter}{100 + self.made}"

    def _receive(self) -> dict[str, Any]:
        roll = f"{CLOTH}/10/{self._name('R')}"
        self.rolls.append(roll)
        return {
            "type": "Object",
            "action": "ADD",
            "quantities": [(roll, f"{self.chance.number(20, 99)}.5", "MTR")],
            "step": "receiving",
            "place": place("dock"),
        }

    def _cut(self) -> dict[str, Any]:
        rolls = list(dict.fromkeys(self.chance.pick(self.rolls) for _ in range(2)))
        bundles = [(class_(self._name("B")), self.chance.number(2, 30)) for _ in range(2)]
        named = order(self.chance.pick(("4471", "4472")))
        self.bundles.update(bundles)
        return {
            "type": "Transformation",
            "input_quantities": [(roll, "7.125", "MTR") for roll in rolls],
            "output_quantities": bundles,
            "operation": "cutting",
            "step": "creating_class_instance",
            "place": place("table"),
            "product": SHIRT,
            "orders": [("prodorder", named)],
        }

    def _sew(self) -> dict[str, Any]:
        bundle = self.chance.pick(list(self.bundles))
        count = min(self.bundles[bundle], self.chance.number(1, 4))
        self.bundles[bundle] -= count
        if not self.bundles[bundle]:
            del self.bundles[bundle]
        shirts = [
            f"{SHIRT}/21/{self._name('S')}" if self.chance.often(50) else thing(self._name("G"))
            for _ in range(count)
        ]
        self.loose += shirts
        return {
            "type": "Transformation",
            "input_quantities": [(bundle, count)],
            "outputs": shirts,
            "step": "assembling",
            "place": place("line"),
        }

    def _put(self, box: str, children: list[str]) -> None:
        for child in children:
            if child in self.inside:
                self.packed[self.inside[child]].remove(child)
            self.inside[child] = box
        self.packed.setdefault(box, []).extend(children)

    def _pack(self) -> dict[str, Any]:
        cartons = [each for each in self.packed if "/obj/C" in each]
        box = (
            self.chance.pick(cartons)
            if cartons and self.chance.often(60)
            else thing(self._name("C"))
        )
        children, self.loose = self.loose[:3], self.loose[3:]
        self._put(box, children)
        return {
            "type": "Aggregation",
            "action": "ADD",
            "parent": box,
            "children": children,
            "step": "packing",
            "place": place("table"),
        }

    def _load(self) -> dict[str, Any]:
        """Put cartons on a pallet, or pallets on a truck."""
        for inner, outer in (("P", "T"), ("C", "P")):
            free = [b for b in self.packed if f"/obj/{inner}" in b and b not in self.inside]
            if free and self.chance.often(70):
                box = thing(f"{outer}{self.chance.number(1, 2)}")
                self._put(box, free[:2])
                return {
                    "type": "Aggregation",
                    "action": "ADD",
                    "parent": box,
                    "children": free[:2],
                    "place": place("dock"),
                }
        return self._pass_gate()

    def _pass_gate(self) -> dict[str, Any]:
        box = self.chance.pick(list(self.packed))
        is_out = self.chance.often(60)
        return {
            "type": "Object",
            "action": "OBSERVE",
            "epcs": [box],
            "step": "shipping" if is_out else "stocking",
            "disposition": "in_transit" if is_out else "in_progress",
            "place": place("dock" if is_out else "shop"),
        }

    def _take(self, box: str) -> list[str]:
        children = self.packed[box]
        count = self.chance.number(1, max(1, len(children)))
        taken, self.packed[box] = children[:count], children[count:]
        for child in taken:
            del self.inside[child]
        self.loose += [child for child in taken if child not in self.packed]
        return taken

    def _unpack(self) -> dict[str, Any]:
        box = self.chance.pick(list(self.packed))
        return {
            "type": "Aggregation",
            "action": "DELETE",
            "parent": box,
            "children": self._take(box),
            "step": "unpacking",
            "place": place("shop"),
        }

    def _empty(self) -> dict[str, Any]:
        """Let everything out, destroy the carton, or sell what is in it without saying more."""
        box = self.chance.pick(list(self.packed))
        if self.chance.often(40):
            sold = self._take(box) or [box]
            self.loose = [each for each in self.loose if each not in sold]
            return {
                "type": "Object",
                "action": "DELETE",
                "epcs": sold,
                "step": "retail_selling",
                "disposition": "retail_sold",
                "place": place("shop"),
            }
        for child in self.packed[box]:
            del self.inside[child]
        self.loose += [child for child in self.packed[box] if child not in self.packed]
        self.packed[box] = []
        if self.chance.often(50):
            return {"type": "Aggregation", "action": "DELETE", "parent": box}
        return {
            "type": "Object",
            "action": "DELETE",
            "epcs": [box],
            "step": "destroying",
            "place": place("shop"),
        }

    def _repack(self) -> dict[str, Any]:
        """Pack shirts elsewhere without saying that they left: the carton is not named."""
        full = [box for box in self.packed if self.packed[box] and "/obj/C" in box]
        if not full:
            return self._see()
        moved = self.packed[self.chance.pick(full)][:2]
        box = thing(self._name("C"))
        self._put(box, moved)
        return {
            "type": "Aggregation",
            "action": "ADD",
            "parent": box,
            "children": moved,
            "place": place("line"),
        }

    def _look_into(self) -> dict[str, Any]:
        box = self.chance.pick(list(self.packed))
        return {
            "type": "Aggregation",
            "action": "OBSERVE",
            "parent": box,
            "children": self.packed[box] or [thing(self._name("G"))],
            "place": place("dock"),
        }

    def _see(self) -> dict[str, Any]:
        shirts = self.loose[:2] or [thing(self._name("G"))]
        return {
            "type": "Object",
            "action": "OBSERVE",
            "epcs": shirts,
            "step": "inspecting",
            "place": place("line"),
        }

    def _deliver_socks(self) -> dict[str, Any]:
        return {
            "type": "Object",
            "action": "ADD",
            "quantities": [(SOCK, self.chance.number(1, 50))],
            "step": "assembling",
            "place": place(self.chance.pick(("table", "line"))),
            "orders": [("prodorder", order("4473"))],
        }

    def _pack_socks(self) -> dict[str, Any]:
        action = self.chance.pick(("ADD", "ADD", "DELETE"))
        return {
            "type": "Aggregation",
            "action": action,
            "parent": thing(f"C{self.chance.number(1, 3)}"),
            "child_quantities": [(SOCK, self.chance.number(1, 9))],
            "step": "packing" if action == "ADD" else "unpacking",
            "place": place("table" if action == "ADD" else "shop"),
        }

    def _count_socks(self) -> dict[str, Any]:
        return {
            "type": "Object",
            "action": "OBSERVE",
            "quantities": [(SOCK, self.chance.number(0, 60))],
            "step": "stock_taking",
            "place": place(self.chance.pick(("table", "line"))),
        }
