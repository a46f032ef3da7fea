"""Ids of events: made again they are the same, and no two events share one."""

from __future__ import annotations

import uuid
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.epcis.event_ids import fresh_event_id, station_event_id

times = st.integers(0, 2**48 * 1000 - 1)
counters = st.integers(0, 2**64 - 1)


@given(times, st.text(max_size=20), counters, counters)
def test_a_station_makes_the_same_id_again(at: int, station: str, epoch: int, counter: int) -> None:
    found = station_event_id(at, station, epoch, counter)
    value = uuid.UUID(found.removeprefix("urn:uuid:"))
    assert found == station_event_id(at, station, epoch, counter) == value.urn
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert value.int >> 80 == at // 1000


def test_the_other_bits_come_from_station_epoch_and_counter() -> None:
    digest = sha256(b"dock" + bytes(7) + b"\x03" + bytes(7) + b"\x11").digest()
    value = uuid.UUID(station_event_id(0, "dock", 3, 17)).int
    assert value >> 64 & 0xFFF == int.from_bytes(digest[:2]) & 0xFFF
    assert value & (1 << 62) - 1 == int.from_bytes(digest[2:10]) & (1 << 62) - 1


@given(
    st.tuples(st.sampled_from(["a", "b", "a\0"]), st.integers(0, 300), st.integers(0, 300)),
    st.tuples(st.sampled_from(["a", "b", "a\0"]), st.integers(0, 300), st.integers(0, 300)),
)
def test_two_events_never_share_an_id(
    first: tuple[str, int, int], second: tuple[str, int, int]
) -> None:
    assert (station_event_id(5, *first) == station_event_id(5, *second)) == (first == second)


def test_an_id_of_the_standard_is_made_from_its_bits() -> None:
    # RFC 9562 appendix A.6: 2022-02-22 14:22:22.000-05:00, rand_a CC3, rand_b 18C4DC0C0C07398F.
    randomness = bytes.fromhex("0cc318c4dc0c0c07398f")
    assert fresh_event_id(0x017F22E279B0 * 1000, randomness) == (
        "urn:uuid:017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    )


def test_fresh_ids_differ() -> None:
    assert len({fresh_event_id(0) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("at", "epoch", "counter"), [(-1, 0, 0), (2**48 * 1000, 0, 0), (0, -1, 0), (0, 0, 2**64)]
)
def test_numbers_that_do_not_fit_are_refused(at: int, epoch: int, counter: int) -> None:
    with pytest.raises(ValueError, match="got"):
        station_event_id(at, "dock", epoch, counter)
