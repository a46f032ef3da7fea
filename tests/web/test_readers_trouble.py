"""A reader that does not work: the page names the cause and what to do, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from readers import diagnosis, inquiry, ports, usb
from tests.web.test_readers import PORT, R200, USB, Bench, bench, found, page, reading, words
from traceability.floor_values import Finding, Hint, Nothing, Plugged, Trouble
from traceability.web.reader_words import HINTS, REGIONS, TROUBLES, UNSEEN

__all__ = ["bench", "page"]  # fixtures of the page of readers


def test_every_cause_that_readers_name_has_words_on_the_page() -> None:
    assert set(TROUBLES) == set(ports._SENTENCES)
    assert {*UNSEEN, "port"} == set(usb._SENTENCES)
    assert set(HINTS) == set(diagnosis._SENTENCES)
    assert set(REGIONS) == set(inquiry.REGIONS)


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (
            Trouble("modem manager", "ModemManager", "", "sudo systemctl disable --now M", 7),
            (
                "ModemManager takes this reader for a modem and holds its port Type this in a"
                " terminal, then plug the reader in again: sudo systemctl disable --now M"
            ),
        ),
        (
            Trouble("braille", "brltty", "", "sudo systemctl mask --now brltty", 7),
            (
                "brltty takes this reader for a braille display and holds its port Type this in a"
                " terminal, then plug the reader in again: sudo systemctl mask --now brltty"
            ),
        ),
        (
            Trouble("service", "agetty", "", "sudo systemctl disable --now g", 7),
            "A service of this PC holds this port: agetty Type this in a terminal",
        ),
        (
            Trouble("held", "minicom", "", "kill 7", 7),
            (
                "Another program holds this port: minicom Close that program, or end it in a"
                " terminal: kill 7"
            ),
        ),
        (
            Trouble("hidden", "", "", "sudo fuser -v /dev/ttyUSB0"),
            (
                "A program of another user holds this port This names it in a terminal; close"
                " it: sudo fuser -v /dev/ttyUSB0"
            ),
        ),
    ],
)
def test_who_holds_a_port_is_named_with_what_helps(
    page: FlaskClient, bench: Bench, trouble: Trouble, sentence: str
) -> None:
    nothing = Nothing("closed", "Raw words.", trouble)
    bench.listed = [PORT]
    bench.findings[USB] = Finding(USB, "done", None, is_done=True, nothing=nothing)
    assert sentence in words(page.get("/readers").text)
    said = words(page.get("/readers?lang=zh_Hans").text)
    assert trouble.command in said
    assert "Type this" not in said


def test_where_nothing_appears_the_page_says_what_to_check(page: FlaskClient, bench: Bench) -> None:
    told = words(page.get("/readers").text)
    assert (
        "I plugged it in and nothing appears This PC notices nothing new in its sockets Take the"
        " cable that came with the reader: many cables only charge and carry no data."
    ) in told
    bench.plugs = [Plugged("1-2", "046d:c31c", "Logitech Keyboard", "keyboard")]
    assert "This PC notices nothing new in its sockets" in words(page.get("/readers").text)


@pytest.mark.parametrize("kind", list(UNSEEN))
def test_what_is_plugged_in_without_a_port_is_named_with_the_reason(
    page: FlaskClient, bench: Bench, kind: str
) -> None:
    command = "sudo modprobe ch341" if kind == "no driver" else ""
    bench.plugs = [Plugged("1-2", "1a86:7523", "QinHeng USB Serial", kind, command, is_new=True)]
    told = words(page.get("/readers").text)
    title, line = (str(each).replace("'", "&#39;") for each in UNSEEN[kind][1:])
    assert f"QinHeng USB Serial 1a86:7523 just plugged in {title} {line}" in told
    assert command in told
    assert "This PC notices nothing new" not in told


def test_a_reader_that_is_not_as_it_left_its_box_is_said_so(
    page: FlaskClient, bench: Bench
) -> None:
    bench.listed = [PORT]
    hints = (Hint("pushing"), Hint("address", "9"), Hint("no antenna", "3"), Hint("weak", "5"))
    bench.findings[USB] = found(USB, replace(R200, hints=hints))
    assert (
        "It speaks by itself, as whoever had it before has set it. It is used as it is."
        " It is set to address 9; it is spoken to whatever its address is."
        " Nothing is connected to antenna 3."
        " It sends with 5 dBm, which reaches a hand: 20 to 30 dBm reach a gate."
    ) in words(page.get("/readers").text)


def test_a_reader_that_answers_and_hears_no_tag_says_what_to_try(
    page: FlaskClient, bench: Bench
) -> None:
    bench.listed = [PORT]
    bench.findings[USB] = found(USB, R200)
    hints = (Hint("antenna", "0x22 antenna missing"), Hint("tag"), Hint("region", "us"))
    bench.readings[USB] = reading(USB, is_done=True, hints=hints)
    told = words(page.get("/readers").text).replace("&#39;", "'")
    assert (
        "It answers, but hears no tag It says that an antenna is missing or broken: screw the cable"
        " on, try another one. 0x22 antenna missing Hold a UHF tag a hand's width before the"
        " antenna, not on metal, not in the hand. It is set to region US: tags answer only where it"
        " may send. Is that your country?"
    ) in told
