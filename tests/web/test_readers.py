"""The page of the readers: what is plugged in, what to do next, and what a person is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.pseudo import CARRIER, literals
from traceability.floor_values import (
    Finding,
    FloorRefused,
    KnownReader,
    Nothing,
    PlacedReader,
    Plugged,
    PortNow,
    Reading,
    Seen,
    Trouble,
)
from traceability.simulation import labels
from traceability.web.reader_words import NOTHING, REFUSED, STEPS, TROUBLES
from traceability.web.readers import anchor_of

AT = datetime(2026, 11, 19, 14, 32, tzinfo=UTC)
USB = "/dev/ttyUSB0"
NET = "socket://192.0.2.7:4001"
GTIN = labels.gtin("9521141", 7)
TAG = labels.sgtin_tag(GTIN, 7, 4711)
R200 = KnownReader("r200_bb7e", "R200", "tags", 115200, "M100 26dBm V1.0", "V2.3.5", "eu", (26.0,))
GUN = KnownReader("barcode_lines", "Scanner", "barcodes", 9600, text="5901234123457")
PORT = PortNow(USB, "QinHeng USB Serial", "usb 1a86:7523 at 1-2", False, False, None)
GATE = PlacedReader(
    "dock.1", "dock", "Dock gate", "shipping", "r200_bb7e", "R200", "tags", 115200, USB,
    "working", "", AT, AT, 1204, 3, 0, 0, True, 1,
)  # fmt: skip


class Bench:
    """A floor of values, in any state a test needs."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self.listed: list[PortNow] = []
        self.placed: list[PlacedReader] = []
        self.plugs: list[Plugged] = []
        self.findings: dict[str, Finding] = {}
        self.readings: dict[str, Reading] = {}
        self.did: list[tuple[object, ...]] = []
        self.refuses: FloorRefused | None = None

    def ports(self) -> list[PortNow]:
        return self.listed

    def stations(self) -> list[PlacedReader]:
        return self.placed

    def unseen(self) -> list[Plugged]:
        return self.plugs

    def finding(self, url: str) -> Finding | None:
        return self.findings.get(url)

    def known(self, url: str) -> KnownReader | None:
        found = self.findings.get(url)
        return found.reader if found is not None else None

    def reading(self, url: str) -> Reading | None:
        return self.readings.get(url)

    def add_port(self, text: str) -> str:
        self._do("add", text)
        return f"socket://{text}" if text[:1].isdigit() else text

    def forget_port(self, url: str) -> None:
        self._do("forget", url)

    def find_out(self, url: str, *, wait_s: float = 12.0) -> Finding:
        self._do("find out", url, wait_s)
        return self.findings.get(url) or Finding(url, "listen", None, is_done=False)

    def read_now(
        self, url: str, protocol: str | None = None, baud: int | None = None, **more: float
    ) -> Reading:
        self._do("read now", url, protocol, baud, more)
        return self.readings.get(url) or reading(url)

    def place(self, url: str, **more: object) -> PlacedReader:
        self._do("place", url, more)
        return GATE

    def remove(self, reader: str) -> None:
        self._do("remove", reader)
        self.placed = [one for one in self.placed if one.name != reader]

    def rename(self, station: str, title: str) -> None:
        self._do("rename", station, title)

    def beep(self, url: str) -> None:
        self._do("beep", url)

    def _do(self, *what: object) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.did.append(what)


def found(url: str, reader: KnownReader) -> Finding:
    return Finding(url, "done", reader.baud, is_done=True, reader=reader)


def reading(url: str = USB, *codes: str, **more: Any) -> Reading:  # `Any`: members by name
    seen = tuple(
        Seen(code, len(code) == 24, 41, -55.0 if len(code) == 24 else None, None, AT)
        for code in codes
    )
    given = {"seconds": 10.0, "left_s": 7.2, "is_done": False, "more": 0, "noise": 0, **more}
    return Reading(url=url, seen=seen, **given)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def page(app: Flask, bench: Bench) -> FlaskClient:
    app.extensions["hangtag.floor"] = bench
    return app.test_client()


def words(html: str) -> str:
    """Return what stands on a page, without its marks."""
    main = html.partition("<main")[2].partition("</main>")[0]
    bare = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", main, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare)).replace("\u202f", " ")


def press(
    client: FlaskClient, act: str, form: Mapping[str, str], *, is_script: bool = False
) -> tuple[int, str]:
    """Press a button of the page; return status and where it leads."""
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/readers").text)
    assert token is not None
    headers = {"HX-Request": "true"} if is_script else {}
    answer = client.post(f"/readers/{act}", data={"csrf": token[1], **form}, headers=headers)
    return answer.status_code, answer.headers.get("Location", "")


def test_a_server_without_a_floor_says_how_to_have_one(client: FlaskClient) -> None:
    told = words(client.get("/readers").text)
    assert "This server has no readers of its own" in told
    assert "hangtag start" in told
    assert client.get("/api/readers").status_code == 400


def test_readers_of_other_pcs_are_listed_with_what_their_stations_say(
    app: Flask, client: FlaskClient
) -> None:
    lines = [
        {"name": "store.pad", "is_up": True, "reads": 61418, "noise": 2},
        {"name": "store.gun", "is_up": False, "reads": 0, "noise": 0},
    ]
    state = {"state": "READY", "title": "Store", "stage": "store", "readers": lines}
    app.extensions["hangtag.live"].publish_gate("store", state)
    told = words(client.get("/readers").text)
    assert re.search(r"Store store\.pad working 61 418 2", told)
    assert re.search(r"Store store\.gun cannot be heard 0 0", told)


def test_an_empty_bench_says_what_will_fill_it(page: FlaskClient) -> None:
    told = words(page.get("/readers").text)
    assert "No serial reader is plugged in Plug one in: it appears here by itself." in told
    assert "hangtag readers emulate --protocol r200_bb7e --port tcp" in told


def test_a_port_says_whose_it_is_and_what_to_do(page: FlaskClient, bench: Bench) -> None:
    bench.listed = [PORT]
    html = page.get("/readers").text
    told = words(html)
    assert "QinHeng USB Serial /dev/ttyUSB0" in told
    assert "Find out At most ten seconds. Nothing in the reader is changed." in told
    assert f'id="{anchor_of(USB)}"' in html
    assert "It stands at" not in told


@pytest.mark.parametrize("step", list(STEPS))
def test_every_step_of_finding_out_is_told_while_it_goes_on(
    page: FlaskClient, bench: Bench, step: str
) -> None:
    bench.listed = [PORT]
    bench.findings[USB] = Finding(USB, step, 115200, is_done=False)
    html = page.get("/readers").text
    assert str(STEPS[step][1]) in words(html)
    assert "data-pending" in html


def test_what_was_found_is_one_sentence_and_leads_on(page: FlaskClient, bench: Bench) -> None:
    bench.listed = [PORT, replace(PORT, url="/dev/ttyACM0", title="Voyager")]
    bench.findings = {USB: found(USB, R200), "/dev/ttyACM0": found("/dev/ttyACM0", GUN)}
    told = words(page.get("/readers").text)
    assert "R200, 115 200 baud, 26 dBm, region EU M100 26dBm V1.0 · firmware V2.3.5" in told
    assert "Barcode scanner, 9 600 baud, scanned 5901234123457" in told
    assert "Read now" in told
    stages = ["Fabric in", "Cutting", "Sewing", "Checking &amp; packing", "Shipping", "Store"]
    assert f"It stands at {' '.join(stages)}" in told
    assert "r200_bb7e" not in told


@pytest.mark.parametrize("reason", list(NOTHING))
def test_every_reason_for_nothing_has_its_sentence(
    page: FlaskClient, bench: Bench, reason: str
) -> None:
    bench.listed = [PORT]
    nothing = Nothing(reason, "Raw words of the machine.")
    bench.findings[USB] = Finding(USB, "done", None, is_done=True, nothing=nothing)
    told = words(page.get("/readers").text)
    assert str(NOTHING[reason][1]).replace("'", "&#39;") in told
    assert "Find out again" in told


@pytest.mark.parametrize("kind", list(TROUBLES))
def test_every_trouble_of_a_port_has_its_remedy(page: FlaskClient, bench: Bench, kind: str) -> None:
    trouble = Trouble(kind, "dialout", "ana", "sudo usermod -aG dialout ana")
    bench.listed = [replace(PORT, trouble=trouble)]
    told = words(page.get("/readers").text)
    assert str(TROUBLES[kind][1]) in told
    assert "sudo usermod -aG dialout ana" in told


def test_without_rights_the_group_and_the_command_are_named(
    page: FlaskClient, bench: Bench
) -> None:
    bench.listed = [
        replace(PORT, trouble=Trouble("group", "dialout", "ana", "sudo usermod -aG dialout ana"))
    ]
    assert (
        "You may not open this port: it belongs to a group that you are not in: dialout"
        " Type this in a terminal, then log out and in again: sudo usermod -aG dialout ana"
    ) in words(page.get("/readers").text)


def test_one_that_can_beep_has_a_button_and_the_others_a_way_to_tell_them_apart(
    page: FlaskClient, bench: Bench
) -> None:
    bench.listed = [PORT]
    bench.findings[USB] = found(USB, replace(R200, can_beep=True))
    beeped = words(page.get(f"/readers?beeped={anchor_of(USB)}").text)
    bench.findings[USB] = found(USB, R200)
    mute = words(page.get("/readers").text)
    assert "Read now Beep Find out again That one has just beeped or blinked." in beeped
    assert "Beep" not in mute
    assert "Its light blinks while it reads; or unplug it and see which row goes." in mute


def test_what_is_read_now_is_shown_by_name_and_said_to_be_unrecorded(
    page: FlaskClient, bench: Bench
) -> None:
    bench.listed = [PORT]
    bench.findings[USB] = found(USB, R200)
    bench.readings[USB] = reading(USB, TAG.hex(), "]E05901234123457", "hello", noise=2)
    html = page.get("/readers").text
    told = words(html)
    assert "Reading 8 seconds left 3 things read nothing of it is recorded" in told
    assert f"not met before (01) {GTIN} (21) 4711 41 times −55 dBm" in told
    assert "(01) 05901234123457 41 times" in told
    assert "2 damaged pieces were refused" in told
    assert "data-pending" in html
    bench.readings[USB] = reading(USB, is_done=True)
    assert "Nothing read" in words(page.get("/readers").text)


def test_a_reader_at_work_says_how_it_is(page: FlaskClient, bench: Bench) -> None:
    bench.listed = [replace(PORT, station="dock")]
    bench.placed = [replace(GATE, waiting=4)]
    told = words(page.get("/readers").text)
    assert "1 reader Plug a reader in" in told
    assert (
        "Dock gate Shipping R200 /dev/ttyUSB0 working last read 5 s ago 1 204 reads"
        " 3 damaged pieces refused 4 waiting to be sent"
    ) in told
    assert "Its screen Try it Pause, find out, go on Take away" in told
    assert "No other reader is plugged in" in told


def test_a_reader_that_is_down_says_what_to_do(page: FlaskClient, bench: Bench) -> None:
    bench.listed = [replace(PORT, station="dock", trouble=Trouble("missing"))]
    bench.placed = [replace(GATE, state="down", problem="Cannot open it.")]
    told = words(page.get("/readers").text)
    assert "1 reader , 1 down" in told or "1 reader, 1 down" in told
    assert "Nothing is plugged in here now Put the plug in again" in told
    bench.placed = [replace(GATE, state="stopped", problem="The station works at stage 'x'.")]
    assert "This reader&#39;s station has stopped" in words(page.get("/readers").text)


def test_a_step_that_has_a_reader_offers_both_ways(page: FlaskClient, bench: Bench) -> None:
    bench.listed = [PORT]
    bench.findings[USB] = found(USB, R200)
    bench.placed = [replace(GATE, url="/dev/ttyUSB9", title="Shipping")]
    html = page.get("/readers").text
    assert 'name="spot" value="shipping dock"' in html
    assert "Shipping, beside its reader Shipping 2 Store" in words(html)


def test_a_usual_title_is_said_in_the_language_of_the_page(page: FlaskClient, bench: Bench) -> None:
    bench.placed = [replace(GATE, title="Shipping 2"), replace(GATE, name="dock.2")]
    told = words(page.get("/readers?lang=zh_Hans").text)
    assert "发货 2" in told
    assert "Dock gate" in told


ACTS = [
    ("find-out", {"port": USB}, [("find out", USB, 12.0)], f"/readers#{anchor_of(USB)}"),
    (
        "find-out",
        {"address": "192.0.2.7:4001"},
        [("add", "192.0.2.7:4001"), ("find out", NET, 12.0)],
        f"/readers#{anchor_of(NET)}",
    ),
    (
        "read-now",
        {"port": USB},
        [("read now", USB, None, None, {"seconds": 10.0, "wait_s": 12.0})],
        f"/readers#{anchor_of(USB)}",
    ),
    (
        "place",
        {"port": USB, "spot": "shipping", "title": ""},
        [("place", USB, {
            "stage": "shipping", "title": "Shipping", "place": "shipping",
            "zone": "Europe/Lisbon", "language": "en", "protocol": None, "baud": None,
            "beside": None,
        })],
        "/readers#reader-dock-1",
    ),
    (
        "place",
        {"port": USB, "spot": "packing dock", "title": " Table 4 "},
        [("place", USB, {
            "stage": "packing", "title": "Table 4", "place": "packing",
            "zone": "Europe/Lisbon", "language": "en", "protocol": None, "baud": None,
            "beside": "dock",
        })],
        "/readers#reader-dock-1",
    ),
    ("beep", {"port": USB}, [("beep", USB)], f"/readers?beeped={anchor_of(USB)}#{anchor_of(USB)}"),
    ("take-away", {"reader": "dock.1"}, [("remove", "dock.1")], "/readers"),
    ("rename", {"station": "dock", "title": "Gate 1"}, [("rename", "dock", "Gate 1")], "/readers"),
    ("rename", {"station": "dock", "title": " "}, [], "/readers"),
    ("forget", {"port": NET}, [("forget", NET)], "/readers"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "form", "did", "led"), ACTS)
def test_a_button_does_one_thing_and_leads_back_to_its_row(
    page: FlaskClient,
    bench: Bench,
    act: str,
    form: Mapping[str, str],
    did: Sequence[tuple[object, ...]],
    led: str,
) -> None:
    assert press(page, act, form) == (303, led)
    assert bench.did == list(did)


def test_a_script_does_not_wait_for_what_takes_its_time(page: FlaskClient, bench: Bench) -> None:
    press(page, "find-out", {"port": USB}, is_script=True)
    assert bench.did == [("find out", USB, 0.0)]


@pytest.mark.parametrize("kind", [*REFUSED, "unsent"])
def test_what_is_refused_is_said_on_the_page(page: FlaskClient, bench: Bench, kind: str) -> None:
    bench.refuses = FloorRefused(kind, "In English.", count=3)
    status, led = press(page, "take-away", {"reader": "dock.1"})
    told = words(page.get(led).text)
    title = REFUSED[kind][1] if kind in REFUSED else "3 reads are not in the record yet"
    assert status == 303
    assert str(title) in told


def test_a_stage_that_is_gone_and_no_stage_are_refused(page: FlaskClient, bench: Bench) -> None:
    for spot, sentence in (("washing", "not one of yours any more"), ("", "Nothing was chosen")):
        _status, led = press(page, "place", {"port": USB, "spot": spot})
        assert sentence in words(page.get(led).text)
    assert bench.did == []


def test_a_typed_address_that_is_none_stands_in_the_field_again(
    page: FlaskClient, bench: Bench
) -> None:
    bench.refuses = FloorRefused("address", "In English.")
    _status, led = press(page, "find-out", {"address": "reader one"})
    html = page.get(led).text
    assert "This is no address of a reader" in words(html)
    assert 'value="reader one"' in html


def test_a_file_that_cannot_be_used_is_named(page: FlaskClient, bench: Bench) -> None:
    bench.problems = {"dock.toml": "The station has no stage."}
    assert "dock.toml: The station has no stage." in words(page.get("/readers").text)


def test_programs_do_the_same_by_json(page: FlaskClient, bench: Bench) -> None:
    bench.listed = [PORT]
    bench.findings[USB] = found(USB, R200)
    bench.placed = [GATE]
    every = page.get("/api/readers").json
    assert every is not None
    assert every["ports"][0]["finding"]["reader"]["region"] == "eu"
    assert every["readers"][0]["name"] == "dock.1"
    answers = [
        page.post("/api/readers/find-out", json={"port": USB, "wait": False}),
        page.post("/api/readers/read-now", json={"port": USB, "seconds": 2}),
        page.post("/api/readers/beep", json={"port": USB}),
        page.post("/api/readers/place", json={"port": USB, "stage": "store", "baud": 9600}),
        page.post("/api/readers/take-away", json={"reader": "dock.1"}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert [one[0] for one in bench.did if one[0] != "add"] == [
        "find out", "read now", "beep", "place", "remove",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ([], "expected a JSON object, got list"),
        ({}, "Cannot use port None: expected a text."),
        ({"port": USB, "seconds": -1}, "Cannot use seconds -1: expected a number up to 60."),
        ({"port": USB, "baud": "fast"}, "Cannot use baud 'fast': expected a number up to 4e+06."),
    ],
)
def test_what_a_program_says_wrong_is_named(page: FlaskClient, body: object, sentence: str) -> None:
    answer = page.post("/api/readers/read-now", json=body)
    assert answer.status_code == 400
    assert sentence in answer.json["detail"]  # type: ignore[index]  # a problem object


def test_only_the_owner_opens_these_doors(make_app: Callable[..., Flask], bench: Bench) -> None:
    app = make_app(listens_on_loopback=False)
    app.extensions["hangtag.floor"] = bench
    stranger = app.test_client()
    assert stranger.get("/readers").status_code == 401
    assert stranger.get("/api/readers").status_code == 401
    assert stranger.post("/api/readers/find-out", json={"port": USB}).status_code == 401


def test_every_word_goes_through_the_catalogue(
    make_app: Callable[..., Flask], pseudo_folder: Path, bench: Bench
) -> None:
    app = make_app(languages=(CARRIER,), translations=str(pseudo_folder))
    app.extensions["hangtag.floor"] = bench
    gun = "/dev/ttyACM0"
    group = Trouble("group", "dialout", "ana", "sudo usermod -aG dialout ana")
    bench.listed = [
        PORT,
        replace(PORT, url=gun, title="Voyager"),
        PortNow(NET, "", "", True, True, None),
        replace(PORT, url="/dev/ttyS9", trouble=group),
    ]
    bench.findings = {
        USB: found(USB, R200),
        gun: Finding(gun, "scan", 9600, is_done=False),
        NET: Finding(NET, "done", None, True, nothing=Nothing("silent", "")),
    }
    bench.readings[USB] = reading(USB, TAG.hex(), noise=1)
    bench.placed = [replace(GATE, url="/dev/ttyUSB9", state="down", waiting=2, parked=1)]
    bench.plugs = [Plugged("1-2", "1a86:7523", "USB Serial", "storage", is_new=True)]
    facts = [
        "USB Serial", "1a86:7523",
        "QinHeng USB Serial", "Voyager", "Dock gate", "R200", "M100 26dBm V1.0", "V2.3.5",
        "dialout", "Fabric in", "Cutting", "Sewing", "Checking & packing", "Shipping", "Store",
        "Porto",
    ]  # fmt: skip
    assert literals(app.test_client().get("/readers").text, facts) == []
