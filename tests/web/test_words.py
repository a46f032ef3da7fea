"""Numbers, times and identities as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask

from traceability.web import words

NOW = datetime(2026, 11, 19, 14, 32, 5, tzinfo=UTC)
THIN = words.THIN
HERE = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (1284907, f"1{THIN}284{THIN}907"),
        (-1240, f"−1{THIN}240"),
        (Decimal("92.500"), "92.5"),
        (Decimal(1180), f"1{THIN}180"),
        (Decimal("-0.25"), "−0.25"),
        (97.9, "97.9"),
        (None, "–"),
        ("Q-17", "Q-17"),
    ],
)
def test_a_number_keeps_its_value_and_parts_its_thousands(
    app: Flask, value: object, expected: str
) -> None:
    with app.test_request_context("/"):
        assert words.number(value) == expected  # type: ignore[arg-type]  # what templates give


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (1680, "28 min"),
        (3600, "1 h"),
        (11_400, "3 h 10"),
        (18_120, "5 h 02"),
        (187_200, "2 d 4 h"),
        (172_800, "2 d"),
        (-5, "0 s"),
    ],
)
def test_a_duration_is_said_as_people_say_it(app: Flask, seconds: int, expected: str) -> None:
    with app.test_request_context("/"):
        assert words.duration(seconds) == expected


def test_ago_carries_the_exact_time(app: Flask) -> None:
    with app.test_request_context("/", environ_base=HERE):
        app.preprocess_request()
        shown = words.ago(NOW - timedelta(minutes=28))
    assert shown == (
        '<time datetime="2026-11-19T14:04:05.000+00:00" title="2026-11-19 14:04:05 +0000">'
        "28 min ago</time>"
    )


def test_times_stand_in_the_zone_of_the_factory(app: Flask) -> None:
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    with app.test_request_context("/", environ_base=HERE):
        app.preprocess_request()
        assert words.clock(summer) == "13:00:00"
        assert words.clock(1_782_907_200_000_000) == "13:00:00"


def test_the_language_writes_its_own_dates_and_durations(app: Flask) -> None:
    with app.test_request_context("/?lang=zh_Hans"):
        assert words.duration(1680) == "28 分钟"
        assert words.day(NOW) == "11月19日周四"
    with app.test_request_context("/?lang=en"):
        assert words.day(NOW) == "Thu 19 Nov"
        assert words.quantity(1, "") == "1 piece"
        assert words.quantity(1240, "") == f"1{THIN}240 pieces"
        assert words.quantity(Decimal("92.5"), "MTR") == f"92.5{THIN}m"


def test_the_thing_of_a_sentence_is_escaped(app: Flask) -> None:
    from traceability.web.sentences import gettext

    with app.test_request_context("/"):
        shown = gettext("Shipped %(thing)s", thing=words.bold("<script>"))
    assert shown == "Shipped <b>&lt;script&gt;</b>"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-Hans", "zh-Hans"),
        ("zh-TW,en;q=0.5", "en"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
    ],
)
def test_the_browser_gets_the_language_it_wants(app: Flask, accept: str, expected: str) -> None:
    html = app.test_client().get("/menu", headers={"Accept-Language": accept}).text
    assert f'<html lang="{expected}"' in html


def test_a_chosen_language_is_kept(app: Flask) -> None:
    client = app.test_client()
    client.get("/menu?lang=zh_Hans")
    assert "菜单" in client.get("/menu").text
