"""The visitor's hands, over HTTP on the loopback address."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from traceability.simulation.control import BadWish, Control, Json


class Recorder:
    """Hands that only remember what they were asked for."""

    def state(self) -> Json:
        return {"readers": []}

    def wave(self, *, tag: bytes | None, garment: str | None, reader: str | None) -> Json:
        return {"waved": tag.hex() if tag else garment, "reader": reader}

    def push(self, *, carton: str | None, missing: int) -> Json:
        if carton == "gone":
            raise BadWish("Carton gone has left.")
        return {"carton": carton, "missing": missing}

    def unplug(self, *, reader: str, seconds: float) -> Json:
        return {"reader": reader, "seconds": seconds}

    def flip(self, *, reader: str, bits: int) -> Json:
        return {"reader": reader, "bits": bits}

    def network(self, *, seconds: float) -> Json:
        return {"seconds": seconds}

    def tamper(self) -> Json:
        return {"position": 3}

    def untamper(self) -> Json:
        return {"position": None}


@pytest.fixture
def control() -> Iterator[Control]:
    control = Control(Recorder())
    control.start()
    yield control
    control.stop()


def ask(
    control: Control, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection(control.url.removeprefix("http://"), timeout=5)
    sent = {
        "Content-Type": "application/json",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    connection.request("GET" if body is None else "POST", path, body, sent)
    answer = connection.getresponse()
    result = answer.status, json.loads(answer.read())
    connection.close()
    return result


WISHES = [
    ("/wave", {"tag": "3034AB00"}, {"waved": "3034ab00", "reader": None}),
    ("/wave", {"garment": "/01/1/21/2", "reader": "r"}, {"waved": "/01/1/21/2", "reader": "r"}),
    ("/push", {}, {"carton": None, "missing": 1}),
    ("/push", {"carton": "/00/1", "missing": 0}, {"carton": "/00/1", "missing": 0}),
    ("/unplug", {"reader": "r"}, {"reader": "r", "seconds": 10.0}),
    ("/flip", {"reader": "r", "n": 2}, {"reader": "r", "bits": 2}),
    ("/network", {"seconds": 1.5}, {"seconds": 1.5}),
    ("/tamper", {}, {"position": 3}),
    ("/untamper", {}, {"position": None}),
]


@pytest.mark.parametrize(("path", "wish", "done"), WISHES)
def test_a_wish_is_done(control: Control, path: str, wish: Json, done: Json) -> None:
    assert ask(control, path, json.dumps(wish).encode()) == (200, done)


def test_the_state_is_told(control: Control) -> None:
    assert ask(control, "/state") == (200, {"readers": []})


BAD = [
    ("/wave", b"{}", 400, 'Nothing to wave: expected "tag" or "garment".'),
    ("/wave", b'{"tag":"xyz"}', 400, "Cannot wave 'xyz': expected a tag in hex."),
    (
        "/wave",
        b'{"tag":"303"}',
        400,
        "Cannot wave '303': expected a tag in hex.",
    ),
    (
        "/wave",
        b'{"tag":"303440"}',
        400,
        "Cannot wave a tag of 3 bytes: expected 2 to 62, an even number.",
    ),
    ("/push", b'{"missing":4}', 400, 'Cannot use 4 as "missing": expected 0 to 3.'),
    ("/push", b'{"missing":true}', 400, 'Cannot use True as "missing": expected 0 to 3.'),
    ("/push", b'{"carton":"gone"}', 409, "Carton gone has left."),
    ("/unplug", b"{}", 400, 'Cannot use None as "reader": expected a short text.'),
    (
        "/unplug",
        b'{"reader":"r","seconds":1e9}',
        400,
        'Cannot use 1000000000.0 as "seconds": expected more than 0, at most 120.',
    ),
    ("/network", b"[]", 400, "Cannot read the wish: expected a JSON object."),
    ("/network", b"{", 400, "Cannot read the wish: expected JSON."),
    ("/network", b"x" * 10_001, 400, "A wish has at most 10000 bytes."),
]


@pytest.mark.parametrize(("path", "body", "status", "sentence"), BAD)
def test_a_bad_wish_gets_one_sentence(
    control: Control, path: str, body: bytes, status: int, sentence: str
) -> None:
    assert ask(control, path, body) == (status, {"error": sentence})


def test_an_unknown_wish_names_the_known_ones(control: Control) -> None:
    status, body = ask(control, "/explode", b"{}")
    assert status == 404
    assert str(body["error"]).startswith("There is no /explode: expected one of /wave, /push")


def test_a_form_on_a_foreign_page_cannot_wish(control: Control) -> None:
    status, body = ask(control, "/tamper", b"{}", Content_Type="text/plain")
    assert (status, body) == (400, {"error": "Expected Content-Type application/json."})


def test_a_foreign_host_name_is_refused(control: Control) -> None:
    status, body = ask(control, "/state", Host="evil.example:80")
    assert (status, body) == (400, {"error": "Host 'evil.example' is not this machine."})
