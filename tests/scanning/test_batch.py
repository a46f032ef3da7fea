"""Scans in bulk: sent again, sent late, sent by two at once, they count once and in order."""

from __future__ import annotations

import threading
from time import process_time

import pytest
from sqlalchemy import text

from tests.scanning.test_rules import cut
from tests.scanning.workshop import NAVY, Workshop, digits, ticket
from traceability.scanning.batch import Answered, work_off
from traceability.scanning.desk import Desk, Scan


def test_later_scans_see_what_earlier_ones_did(shop: Workshop) -> None:
    shop.roll("MILL-7")
    found = shop.scans("cutting", ["MILL-7", digits(1000), digits(1000), digits(1001)])
    assert [one.answer.said for one in found] == ["opened", "done", "already", "done"]
    assert [one.answer.done for one in found] == [None, 1, None, 2]


def sent(shop: Workshop, texts: list[str]) -> tuple[Desk, list[Scan]]:
    """Make a request that can be sent more than once."""
    return shop.desk("cutting"), [shop.next_scan(text) for text in texts]


def answers(found: list[Answered]) -> list[object]:
    """Return what the device is told of each, without whether it was told before."""
    return [(one.scan, one.answer, one.event, one.position) for one in found]


def test_the_same_request_again_gives_the_same_answers(shop: Workshop) -> None:
    shop.roll("MILL-7")
    desk, scans = sent(shop, ["MILL-7", digits(1000), "nonsense", digits(1000)])
    first, left = work_off(shop.ledger, desk, scans)
    size = shop.ledger.size
    second, right = work_off(shop.ledger, desk, scans)
    assert (answers(second), right) == (answers(first), left)
    assert {one.status for one in second} == {"duplicate"}
    assert shop.ledger.size == size


@pytest.mark.usefixtures("engine")
def test_a_request_cut_off_in_the_middle_is_finished_by_the_next(shop: Workshop) -> None:
    shop.roll("MILL-7")
    desk, scans = sent(shop, ["MILL-7", digits(1000), digits(1001)])
    work_off(shop.ledger, desk, scans[:2])
    found, _ = work_off(shop.ledger, desk, scans)
    assert [(one.status, one.answer.said) for one in found] == [
        ("duplicate", "opened"),
        ("duplicate", "done"),
        ("accepted", "done"),
    ]
    assert shop.progress("cutting") == "40"


def test_one_number_for_two_scans_is_refused(shop: Workshop) -> None:
    desk, scans = sent(shop, ["one thing"])
    work_off(shop.ledger, desk, scans)
    other = Scan(scans[0].counter, scans[0].at, "+00:00", "another thing")
    found, after = work_off(shop.ledger, desk, [other])
    assert (found[0].status, found[0].answer.said, after.opened) == ("conflict", "conflict", ())


def test_scans_kept_without_a_network_come_in_order_with_their_own_times(shop: Workshop) -> None:
    cut(shop, 1000)
    desk = shop.desk("sewing", "phone")
    kept = [shop.next_scan(digits(1000), "phone") for _ in range(2)]
    cut(shop, 1001)
    found, _ = work_off(shop.ledger, desk, kept)
    assert [one.answer.said for one in found] == ["came-in", "done"]
    with shop.database.read() as connection:
        times = connection.execute(
            text(
                "SELECT t.event_at FROM touch t JOIN item i ON i.ledger_id = t.ledger_id "
                "AND i.item_no = t.item_no WHERE i.key = :k ORDER BY t.position"
            ),
            {"k": ticket(1000)},
        ).scalars()
        assert list(times)[-2:] == [scan.at for scan in kept]


def test_the_numbers_of_a_device_have_no_hole(shop: Workshop) -> None:
    shop.scans("cutting", ["nonsense", digits(1000), "10009"])
    with shop.database.read() as connection:
        row = connection.execute(
            text("SELECT contiguous, holes FROM station_run WHERE station = 'pc' AND epoch = 1")
        ).one()
    assert (row.contiguous, row.holes) == (3, "[]")


@pytest.mark.usefixtures("engine")
def test_two_devices_with_one_ticket_cut_it_once(shop: Workshop) -> None:
    shop.roll("MILL-7")
    requests = []
    for device in ("a", "b", "c", "d"):
        shop.scan("cutting", "MILL-7", device)
        requests.append((shop.desk("cutting", device), [shop.next_scan(digits(1000), device)]))
    said: list[str] = []

    def scan(desk: Desk, scans: list[Scan]) -> None:
        said.append(work_off(shop.ledger, desk, scans)[0][0].answer.said)

    threads = [threading.Thread(target=scan, args=each) for each in requests]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(said) == ["already", "already", "already", "done"]
    assert shop.progress("cutting") == "20"


def test_a_scan_is_answered_in_a_tenth_of_a_second(shop: Workshop) -> None:
    shop.order("200", NAVY, [20] * 100, first=2000)
    shop.roll("MILL-7")
    shop.scan("cutting", "MILL-7")
    began = process_time()
    found = shop.scans("cutting", [digits(2000 + number) for number in range(100)])
    took_s = process_time() - began
    assert [one.answer.done for one in found] == list(range(1, 101))
    # The process's own seconds: what runs beside the tests is not the desk's doing.
    assert took_s / 100 < 0.1
