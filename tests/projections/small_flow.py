"""A workshop small enough to be read at one sight, in which every fold rule has something to do."""

from __future__ import annotations

from traceability.flow import Flow

SHIRT = "https://id.gs1.org/01/09506000134352"
CLOTH = "https://id.gs1.org/01/09506000134369"
SOCK = "https://id.gs1.org/01/09506000134376"
STRAY = "https://id.gs1.org/01/09506000134383"
"""A product that no kind of the flow knows."""

_KINDS = """
name = "small"
title = "Small workshop"
[[kind]]
name = "garment"
title = "Garment"
form = "thing"
patterns = ["/01/09506000134352/21/*", "//shop.invalid/obj/G*"]
[[kind]]
name = "roll"
title = "Roll"
form = "lot"
unit = "MTR"
patterns = ["/01/09506000134369/10/*"]
[[kind]]
name = "bundle"
title = "Bundle"
form = "lot"
patterns = ["//shop.invalid/class/B*"]
[[kind]]
name = "sock"
title = "Socks"
form = "holding"
patterns = ["/01/09506000134376"]
[[kind]]
name = "thread"
title = "Thread"
form = "holding"
unit = "KGM"
patterns = ["//shop.invalid/class/thread*"]
[[kind]]
name = "carton"
title = "Carton"
form = "thing"
in_stock = false
patterns = ["/00/*", "//shop.invalid/obj/C*"]
[[kind]]
name = "pallet"
title = "Pallet"
form = "thing"
in_stock = false
patterns = ["//shop.invalid/obj/P*"]
[[kind]]
name = "truck"
title = "Truck"
form = "thing"
in_stock = false
patterns = ["//shop.invalid/obj/T*"]
"""

_STAGES: tuple[tuple[str, str, str | None, list[str], str], ...] = (
    # name, step, operation, counts, observes
    ("fabric-in", "receiving", None, ["roll"], "nothing"),
    ("cutting", "creating_class_instance", "cutting", ["bundle"], "nothing"),
    ("sewing", "assembling", None, ["garment", "sock"], "nothing"),
    ("packing", "packing", None, ["garment", "sock"], "nothing"),
    ("shipping", "shipping", None, ["garment", "sock"], "move"),
    ("counting", "stock_taking", None, [], "count"),
    ("store", "stocking", None, ["garment", "bundle"], "nothing"),
)


def _stage(name: str, step: str, operation: str | None, counts: list[str], observes: str) -> str:
    """Write one stage as the flow file has it; what stations do there is not needed here."""
    lines = [
        "[[stage]]",
        f'name = "{name}"',
        f'title = "{name}"',
        f'step = "{step}"',
        'event = "ObjectEvent"',
        'action = "OBSERVE"',
        f"counts = {counts}",
        f'observes = "{observes}"',
        *([f'operation = "{operation}"'] if operation else []),
        "[[stage.work]]",
        'takes = ["garment"]',
    ]
    return "\n".join(lines) + "\n"


FLOW_TEXT = _KINDS + "".join(_stage(*stage) for stage in _STAGES)
FLOW = Flow.parse(FLOW_TEXT)
