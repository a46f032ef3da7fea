"""Live states as a station posts them: one for each screen of a gate."""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]  # JSON

CARTON = {"key": "/00/395212340000044179", "name": "…4179"}
STORE = {"key": "/414/9521141000029", "name": "Shop, back door"}
UP = {
    "name": "dock.gate", "role": "tags", "is_up": True, "since": "2026-11-19T12:00:00Z",
    "reads": 3811, "noise": 2,
}  # fmt: skip
GONE = UP | {"is_up": False, "since": "2026-11-19T14:30:00Z"}


def thing(serial: int, name: str = "Overshirt, navy, M") -> Tree:
    """A garment as a station names it."""
    return {"key": f"/01/09521141001011/21/{serial}", "name": name}


def seen(serial: int, at: str = "2026-11-19T14:02:11.000000Z") -> Tree:
    """A garment that was not read."""
    return thing(serial) | {"place": "Packing table", "seen_at": at}


def state(word: str, **members: Any) -> Tree:
    """What a station posts."""
    tree: Tree = {
        "station": "dock", "title": "Dock gate", "stage": "shipping",
        "at": "2026-11-19T14:32:04.100000Z", "state": word, "reason": None, "count": 0,
        "expected": None, "carton": None, "order": None, "destination": None, "items": [],
        "missing": [], "missing_count": 0, "others": [], "strays": [], "open": [], "hold": None,
        "waiting": 0, "parked": 0, "online": True, "delivered_position": 811,
        "readers": [UP], "reader": "up",
    }  # fmt: skip
    return tree | members


OF_CARTON: Tree = {"carton": CARTON, "order": "4471", "destination": STORE, "expected": 18}
READ = [*(thing(10_000 + n) for n in range(12)), *(
    thing(20_000 + n, "Overshirt, navy, L") for n in range(6)
)]  # fmt: skip
OTHER = thing(30_007, "Overshirt, ecru, S") | {"belongs_to": "/00/395212340000044186"}

BLANK = {"key": "urn:epc:raw:96.x000000000000000000000000", "name": "…", "belongs_to": None}

STATES: dict[str, Tree] = {
    "blank": state("UNKNOWN", reason="blank", count=3, blank=3, others=[BLANK]),
    "blank-one": state("UNKNOWN", reason="blank", count=1, blank=1),
    "blank-beside": state("PASS", **OF_CARTON, count=18, items=[CARTON, *READ], blank=2),
    "watched": state(
        "READY", watch={
            "standing_by": 3,
            "completeness": {"low": 0.9712, "high": 0.9894, "things": 4_812, "passes": 203},
            "completeness_now": {"low": 0.8214, "high": 0.9012},
            "completeness_usual": {"low": 0.9705, "high": 0.989},
        },
        clock={"server_ahead_ms": 4_210, "error_ms": 2.1, "drift_ppm": 41.0},
    ),
    "no-tag": state("UNKNOWN", reason="no-tag"),
    "two-codes": state(
        "STOP", reason="codes-differ", count=2, title="Packing table", stage="packing",
        differ={"what": "serial", "label": "6789", "tag": "6788"},
    ),
    "ready": state("READY"),
    "open": state(
        "READY", title="Packing table", stage="packing",
        open=[{"key": "//w.invalid/class/B-101", "name": "B-101", "done": 3, "pieces": 14}],
    ),
    "reading": state("READING", **OF_CARTON, count=11, items=READ[:11], missing_count=7),
    "reading-blind": state("READING", count=3, items=READ[:3]),
    "pass": state("PASS", **OF_CARTON, count=18, items=[CARTON, *READ]),
    "pass-blind": state("PASS", count=3, items=READ[:3]),
    "again": state(
        "READ AGAIN", **OF_CARTON, reason="missing", count=17, items=READ[1:], missing_count=1,
        missing=[seen(10_007)],
    ),
    "again-many": state(
        "READ AGAIN", **OF_CARTON, reason="missing", count=12, items=READ[6:], missing_count=6,
        missing=[seen(10_000 + n) for n in range(6)],
    ),
    "stop": state(
        "STOP", **OF_CARTON, reason="missing", count=17, items=READ[1:], missing_count=1,
        missing=[seen(10_007)],
    ),
    "stop-other": state(
        "STOP", **OF_CARTON, reason="other-carton", count=18, items=[*READ, OTHER], others=[OTHER]
    ),
    "stop-many": state(
        "STOP", **OF_CARTON, reason="too-many", count=18, items=READ,
        others=[thing(30_000 + n, "Overshirt, ecru, S") for n in range(5)],
    ),
    "unknown": state(
        "UNKNOWN", reason="not-known", count=3, carton=CARTON,
        items=[thing(9, "…0009"), thing(8, "…0008"), thing(7, "…0007")],
    ),
    "hold": state(
        "HOLD", **OF_CARTON, reason="held", count=18, items=READ,
        hold={"id": "Q-17", "reason": "hole near the seam", "contact": "Inês Carvalho, 214"},
    ),
    "down": state("READY", reader="down", readers=[GONE], order="4471", destination=STORE),
    "offline": state(
        "PASS", **OF_CARTON, count=18, items=READ, online=False, waiting=214, reader="up"
    ),
}  # fmt: skip
