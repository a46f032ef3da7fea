"""Splitting: nothing lost, nothing twice, no ticket made twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import Refused
from traceability.labels.bundles import SIZE_MAX, TICKETS_MAX, Bundle, plan, split

SIZES = st.integers(1, SIZE_MAX)
PIECES = st.integers(0, 20_000)


@given(PIECES, SIZES, st.booleans())
def test_bundles_sum_up_to_the_pieces(pieces: int, size: int, is_equal: bool) -> None:
    found = split(pieces, size, is_equal=is_equal)
    assert sum(found) == pieces
    assert all(1 <= one <= size for one in found)
    assert len(found) == -(-pieces // size)


@given(PIECES, SIZES)
def test_only_the_last_bundle_is_smaller(pieces: int, size: int) -> None:
    assert set(split(pieces, size)[:-1]) <= {size}


@given(st.integers(1, 20_000), SIZES)
def test_equal_bundles_differ_by_one_piece_at_most(pieces: int, size: int) -> None:
    found = split(pieces, size, is_equal=True)
    assert max(found) - min(found) <= 1


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 300), max_size=6),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 300), max_size=6),
    st.integers(5, SIZE_MAX),
)
def test_a_plan_makes_up_exactly_what_lacks(
    ordered: dict[str, int], ticketed: dict[str, int], size: int
) -> None:
    found = plan(ordered, size=size, ticketed=ticketed)
    for product, pieces in ordered.items():
        lacking = max(0, pieces - ticketed.get(product, 0))
        assert sum(one.pieces for one in found if one.product == product) == lacking
    assert plan(ordered, size=size, ticketed=ordered) == ()


def test_bundles_keep_the_order_of_the_lines() -> None:
    assert plan({"M": 25, "S": 5}, size=20) == (Bundle("M", 20), Bundle("M", 5), Bundle("S", 5))


@pytest.mark.parametrize("size", [0, -3, SIZE_MAX + 1, 10**9])
def test_a_bundle_size_that_cannot_be_is_refused(size: int) -> None:
    with pytest.raises(Refused) as told:
        plan({"M": 25}, size=size)
    assert str(told.value) == (
        f"Cannot make bundles of {size} pieces: expected a whole number from 1 to 500."
    )


def test_half_a_piece_gets_no_ticket() -> None:
    with pytest.raises(Refused, match=r"for 2\.5 pieces of 'M': expected a whole number"):
        plan({"M": Decimal("2.5")}, size=20)


def test_a_slip_in_the_order_does_not_make_a_million_tickets() -> None:
    with pytest.raises(Refused, match=f"50000 tickets at once: expected at most {TICKETS_MAX}"):
        plan({"M": 1_000_000}, size=20)
