"""Numbers given out: never twice, not even to two who print at once; a reprint keeps them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.labels.conftest import NAMESPACE, enter_order
from traceability.errors import Conflict, Refused
from traceability.labels import tickets
from traceability.labels.codes import ShortCode, WrongCode
from traceability.labels.issuing import Wish, issue, next_running
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft
from traceability.projections.entering import master_draft
from traceability.projections.people import people
from traceability.projections.view import look

ORDER = f"//{NAMESPACE}/bt/118"
CHINESE = f"//{NAMESPACE}/bt/119"


def have(ledger: Ledger, number: str = "118") -> list[tickets.Ticket]:
    with look(ledger) as view:
        return tickets.of_order(view, number)


def test_the_first_number_of_a_workshop_is_a_thousand(ledger: Ledger) -> None:
    with look(ledger) as view:
        assert next_running(view) == 1000


def test_an_order_gets_a_ticket_for_every_bundle(ledger: Ledger) -> None:
    codes = tickets.make(ledger, ORDER, size=20, by="admin")
    made = have(ledger)
    assert [code.running for code in codes] == list(range(1000, 1020))
    assert [one.code for one in made] == [code.text for code in codes]
    assert [(one.running, one.of) for one in made] == [(n, 20) for n in range(1, 21)]
    assert sum(one.pieces for one in made) == 400


def test_made_again_nothing_is_new_and_nothing_changes(ledger: Ledger) -> None:
    tickets.make(ledger, ORDER, size=20, by="admin")
    before, size = have(ledger), ledger.size
    assert tickets.make(ledger, ORDER, size=20, by="admin") == []
    assert tickets.make(ledger, ORDER, size=7, by="admin") == []
    assert (have(ledger), ledger.size) == (before, size)


def test_a_larger_order_gets_only_what_lacks(ledger: Ledger) -> None:
    tickets.make(ledger, ORDER, size=20, by="admin")
    with look(ledger) as view:
        asked = tickets.ordered(view, ORDER)
    first = next(iter(asked))
    enter_order(
        ledger, "118", {key: int(n) + (30 if key == first else 0) for key, n in asked.items()}
    )
    more = tickets.make(ledger, ORDER, size=20, by="admin")
    made = have(ledger)
    assert [one.pieces for one in made[20:]] == [20, 10]
    assert [(one.running, one.of) for one in made[20:]] == [(21, 22), (22, 22)]
    assert len(more) == 2


def test_tickets_cartons_and_badges_share_one_row_of_numbers(ledger: Ledger) -> None:
    issue(ledger, lambda _view: [Wish("C", {})] * 3, by="admin")
    issue(ledger, lambda _view: [Wish("W", {}, {"name": "Inês"})], by="admin")
    [ticket] = tickets.make(ledger, f"//{NAMESPACE}/bt/120", size=20, by="admin")
    assert ticket.running == 1004
    with look(ledger) as view:
        assert sorted(view.masters("carton")) == [
            ShortCode("C", running).key(NAMESPACE) for running in (1000, 1001, 1002)
        ]
        [person] = people(view)
    assert (person.name, person.badge) == ("Inês", ShortCode("W", 1003).text)


def test_codes_of_others_making_do_not_move_the_numbers(ledger: Ledger) -> None:
    for text in ("B-17", "B-99999999", "B-of-last-year", "B-2000/1"):
        key = f"//{NAMESPACE}/class/{text}"
        ledger.append([master_draft("ticket", key, {"order": "1", "pieces": 3}, by="admin")])
    with look(ledger) as view:
        assert next_running(view) == 1000


def test_two_orders_printed_at_once_share_no_number(ledger: Ledger) -> None:
    orders = [enter_order(ledger, f"4{n}", {f"//{NAMESPACE}/class/P-{n}": 200}) for n in range(8)]
    with ThreadPoolExecutor(8) as hands:
        made = list(
            hands.map(
                lambda one: tickets.make(ledger, one, size=20, by="admin"), [*orders, *orders]
            )
        )
    numbers = [code.running for codes in made for code in codes]
    assert sorted(numbers) == list(range(1000, 1080))
    assert [len(have(ledger, f"4{n}")) for n in range(8)] == [10] * 8


def test_a_number_that_another_process_took_is_passed_over(ledger: Ledger) -> None:
    """The other one entered it after our look: the record takes his and refuses ours."""

    def wanted(_view: object) -> list[Wish]:
        taken = ShortCode("C", 1001)
        tree = {"type": "carton", "id": taken.key(NAMESPACE), "values": {"of": "another"}}
        ledger.append([Draft("master", f"code:{NAMESPACE}:1001", tree)])
        return [Wish("B", {"order": "118", "pieces": 1})] * 3

    # The look that gives out numbers is the one before his entry, as between two processes.
    made = issue(ledger, wanted, by="admin")
    assert [code.running for code in made] == [1000, 1003, 1002]


def test_who_never_gets_a_number_is_told(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceability.labels.issuing.TRIES", 0)
    with pytest.raises(Conflict, match="Somebody else is printing at the same moment"):
        issue(ledger, lambda _view: [Wish("C", {})], by="admin")


def test_a_ticket_is_found_by_what_is_typed(ledger: Ledger) -> None:
    [first, *_] = tickets.make(ledger, ORDER, size=20, by="admin")
    with look(ledger) as view:
        found = {tickets.found(view, typed) for typed in (first.text, first.digits, " b10006 ")}
        assert {one.code for one in found if one} == {"B-10006"}
        assert tickets.found(view, ShortCode("", 5000).digits) is None
        with pytest.raises(WrongCode, match="the last digit should be 6"):
            tickets.found(view, "10007")


def test_a_range_holds_the_tickets_of_all_orders(ledger: Ledger) -> None:
    first = tickets.make(ledger, ORDER, size=20, by="admin")
    second = tickets.make(ledger, CHINESE, size=20, by="admin")
    with look(ledger) as view:
        found = tickets.between(view, first[-1], second[0])
        assert [one.code for one in found] == [first[-1].text, second[0].text]
        with pytest.raises(Refused, match="expected the lower code first"):
            tickets.between(view, second[0], first[0])


@pytest.mark.parametrize("number", ['7"8', "7%", "7_8", "七/8", "7\\8"])
def test_an_order_of_any_number_finds_its_own_tickets(ledger: Ledger, number: str) -> None:
    lines = {f"//{NAMESPACE}/class/P-1": 30}
    key, other = enter_order(ledger, number, lines), enter_order(ledger, "7x8", lines)
    tickets.make(ledger, key, size=20, by="admin")
    tickets.make(ledger, other, size=20, by="admin")
    assert [one.pieces for one in have(ledger, number)] == [20, 10]
    assert {one.order for one in have(ledger, number)} == {number}
