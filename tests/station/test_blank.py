"""Tags never written, or that share one number, at wired readers: counted, never a thing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from readers.emulated.emulation import EmulatedReader
from readers.protocols.r200_bb7e.emulator import R200Emulator
from readers.reads import Received, TagRead
from tests.station.floor import (
    BOX,
    NS,
    SHIRT,
    TICKET,
    at,
    box,
    box_tag,
    cache,
    closed_passes,
    content,
    events_of,
    garment,
    post,
    scan,
    shirt_tag,
    tag,
    tree,
)
from tests.station.workshop import floor_of, open_ledger, recorded, serve, until
from traceability.epcis.vocabulary import VOC
from traceability.simulation import labels
from traceability.station.cache import Cache
from traceability.station.live import shown

EMPTY = bytes(12)
CHIP = bytes.fromhex("E2801160600002054D5A1234")
CHIP_2 = bytes.fromhex("E2801160600002054D5A1235")
RAW = "urn:epc:raw:96.x"
GATE, TABLE = post("shipping"), post("sewing")


def worded(ms: float, epc: bytes, pc: int) -> Received:
    """A read with its protocol control word."""
    read = TagRead(epc=epc, antenna=1, rssi_dbm=-52.0, rssi_raw=204, pc=pc)
    return Received(at(ms), "radio", read)


def told(events: Any) -> list[tuple[object, object, tuple[str, ...]]]:
    """Return reason, blank tags and things of each event."""
    return [
        (one.extensions.get(VOC + "reason"), one.extensions.get(VOC + "blank"), one.epcs)
        for one in events
    ]


def test_tags_that_were_never_written_are_counted_and_make_no_thing() -> None:
    heard = [tag(0, EMPTY), tag(10, CHIP), tag(20, CHIP_2), tag(30, EMPTY)]
    (closed,) = closed_passes(GATE, cache(), heard)
    screen = shown(closed)
    assert (screen.verdict.state, screen.verdict.reason, screen.blank) == ("UNKNOWN", "blank", 3)
    assert told(events_of(GATE, cache(), heard)) == [
        (
            "blank",
            [
                {"tag": RAW + "0" * 24, "tags": 1},
                {"tag": RAW + "E2801160600002054D5A1234", "tags": 1},
                {"tag": RAW + "E2801160600002054D5A1235", "tags": 1},
            ],
            (),
        )
    ]


def test_they_never_spoil_a_verdict_about_goods() -> None:
    shirts = [garment(serial) for serial in (1, 2)]
    known = cache(expected=[box(f"/00/{BOX}", [content(key) for key in shirts])])
    heard = [box_tag(0), tag(5, EMPTY), shirt_tag(10, 1), shirt_tag(20, 2)]
    (closed,) = closed_passes(GATE, known, heard)
    assert closed.verdict is not None
    assert (closed.verdict.state, closed.blank) == ("PASS", {RAW + "0" * 24: 1})
    shipped, empty = events_of(GATE, known, heard)
    assert len(shipped.epcs) == 3
    assert told([empty])[0][0] == "blank"


def test_at_a_table_they_belong_to_no_work() -> None:
    heard = [scan(0, "B-101"), shirt_tag(500, 1), tag(510, EMPTY), tag(520, CHIP)]
    made = events_of(TABLE, cache(), heard)
    assert [one.type for one in made] == ["TransformationEvent", "ObjectEvent"]
    assert len(made[0].outputs) == 1
    assert told(made[1:])[0][0] == "blank"
    assert TICKET.endswith("B-101")


def test_one_number_with_two_control_words_is_on_two_tags() -> None:
    shared = labels.sgtin_tag(SHIRT, 7, 4711)
    heard = [worded(0, shared, 0x3000), worded(20, shared, 0x3400), worded(40, shared, 0x3000)]
    (closed,) = closed_passes(TABLE, cache(), heard)
    assert closed.blank == {garment(4711): 2}
    assert told(events_of(TABLE, cache(), heard)) == [
        ("blank", [{"tag": garment(4711), "tags": 2}], ())
    ]
    # The same word twice is one tag that answers twice.
    (alone,) = closed_passes(TABLE, cache(), [heard[0], heard[2]])
    assert alone.blank == {}


# --- what people said of codes ---------------------------------------------------------------


def with_master(**more: object) -> Cache:
    """A cache that knows what people said codes are."""
    given = tree()
    master = given["master"]
    assert isinstance(master, dict)
    return Cache.from_json({**given, "master": {**master, **more}})


def test_a_bound_code_is_the_thing_at_a_station_too() -> None:
    card = f"//{NS}/obj/CARD 12"
    known = with_master(alias={card: {"stands_for": TICKET, "as": "bundle"}})
    made = events_of(TABLE, known, [scan(0, "CARD 12"), shirt_tag(500, 1)])
    assert [one.type for one in made] == ["TransformationEvent"]


def test_what_is_not_ours_passes_without_a_word() -> None:
    strange = garment(5, labels.gtin("9526064", 5))
    known = with_master(stray={strange: {"code": "x"}})
    heard = [shirt_tag(0, 5, labels.gtin("9526064", 5))]
    assert closed_passes(GATE, known, heard) == []
    assert events_of(GATE, known, heard) == []
    assert len(events_of(GATE, cache(), heard)) == 1


# --- a label and a chip ------------------------------------------------------------------------


def label(ms: float, serial: int) -> Received:
    """A scan of a garment's label."""
    return scan(ms, f"01{SHIRT}21{serial}", "]C1")


def test_a_label_and_a_chip_that_disagree_are_not_joined() -> None:
    packing = post("packing")
    heard = [box_tag(0), label(2000, 6788), shirt_tag(2200, 6789)]
    *_, closed = closed_passes(packing, cache(), heard)
    assert closed.differing is not None
    assert (closed.differing.what, closed.differing.label, closed.differing.tag) == (
        "serial", "6788", "6789",
    )  # fmt: skip
    screen = shown(closed)
    assert (screen.verdict.state, screen.reason) == ("STOP", "codes-differ")
    made = events_of(packing, cache(), heard)
    assert [one[0] for one in told(made)] == ["codes-differ"]
    assert [one.type for one in made] == ["ObjectEvent"]


@pytest.mark.parametrize(
    "heard",
    [
        [label(2000, 6789), shirt_tag(2200, 6789)],
        [label(2000, 6788), shirt_tag(2100, 6788), shirt_tag(2200, 6789)],
        [label(2000, 6788), shirt_tag(2200, 6789), shirt_tag(2210, 6790)],
    ],
)
def test_what_can_both_be_right_is_no_conflict(heard: list[Received]) -> None:
    *_, closed = closed_passes(post("packing"), cache(), [box_tag(0), *heard])
    assert closed.differing is None


# --- a reader on a wire --------------------------------------------------------------------------


def test_a_roll_of_new_tags_at_a_real_reader(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    served = serve(ledger)
    floor = floor_of(served, tmp_path / "stations")
    reader = EmulatedReader("new", "r200_bb7e", emulator=R200Emulator(), folder=tmp_path / "dev")

    def seen() -> list[dict[str, Any]]:  # `Any`: bodies are JSON
        return [one for one in recorded(ledger, "event") if VOC + "blank" in one]

    try:
        floor.place(reader.url, stage="shipping", title="Dock", protocol="r200_bb7e", baud=115_200)
        until(lambda: reader.is_connected)
        reader.show([EMPTY, CHIP])
        until(seen)
        (event,) = seen()
        tags = [one["tag"] for one in event[VOC + "blank"]]
        assert tags == [RAW + "0" * 24, RAW + CHIP.hex().upper()]
        assert event["epcList"] == []
    finally:
        floor.stop_all()
        reader.stop()
        served.stop()
        ledger.database.close()
