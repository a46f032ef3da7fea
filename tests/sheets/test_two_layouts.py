"""Sizes across or a line for each: the same orders give the same plan, whatever wrote the sheet."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sheets.desk import orders_of, planned, sentences, workbook, workshop
from traceability.ledger.append import Ledger

SIZES = ("XS", "S", "M", "L", "XL", "2XL", "36", "38", "40", "均码")
WORD = st.text("ABCDEFGHKLMN0123456789", min_size=1, max_size=6).map(lambda text: f"Q{text}")
COLOUR = st.sampled_from(["navy", "ecru", "off white", "藏青", "dark-grey", ""])
CELLS = st.dictionaries(
    st.sampled_from(SIZES), st.integers(1, 5000), min_size=1, max_size=len(SIZES)
)
ORDERS = st.dictionaries(
    st.integers(100, 999).map(str),
    st.dictionaries(st.tuples(WORD, COLOUR), CELLS, min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)
HEADS = {"en": ("Order", "Style", "Colour", "Total"), "zh": ("订单号", "款号", "颜色", "合计")}
Said = dict[str, dict[tuple[str, str], dict[str, int]]]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return workshop(Path(tmp_path_factory.mktemp("layouts")))


def across(orders: Said, heads: tuple[str, ...], *, merged: bool) -> list[list[object]]:
    rows: list[list[object]] = [[*heads[:3], *SIZES, heads[3]]]
    for number, lines in orders.items():
        for at, ((style, colour), cells) in enumerate(lines.items()):
            shown = "" if merged and at else number
            rows.append(
                [shown, style, colour, *(cells.get(size) for size in SIZES), sum(cells.values())]
            )
    return rows


def listed(orders: Said, heads: tuple[str, ...]) -> list[list[object]]:
    rows: list[list[object]] = [[*heads[:3], "Size", "Qty"]]
    rows += [
        [number, style, colour, size, pieces]
        for number, lines in orders.items()
        for (style, colour), cells in lines.items()
        for size, pieces in cells.items()
    ]
    total = sum(int(str(row[4])) for row in rows[1:])
    return [*rows, ["Total", None, None, None, total]]


def as_text(rows: list[list[object]], mark: str) -> str:
    return "\n".join(mark.join("" if one is None else str(one) for one in row) for row in rows)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ORDERS, st.sampled_from(["en", "zh"]), st.booleans())
def test_both_layouts_say_the_same(ledger: Ledger, orders: Said, words: str, merged: bool) -> None:
    heads = HEADS[words]
    wide = across(orders, heads, merged=merged)
    long = listed(orders, heads)
    plans = [
        planned(ledger, as_text(wide, "\t")),
        planned(ledger, as_text(wide, ";").encode("gb18030")),
        planned(ledger, as_text(long, ",")),
        planned(ledger, workbook(Orders=long)),
    ]
    assert [sentences(one) for one in plans] == [[], [], [], []]
    pieces = [
        {number: dict(sorted(lines.items())) for number, lines in orders_of(one).items()}
        for one in plans
    ]
    assert pieces[0] == pieces[1] == pieces[2] == pieces[3]
    assert sum(sum(lines.values()) for lines in pieces[0].values()) == sum(
        n for lines in orders.values() for cells in lines.values() for n in cells.values()
    )
    keys = [sorted(change.key for change in one.of("product")) for one in plans]
    assert keys[0] == keys[2]
