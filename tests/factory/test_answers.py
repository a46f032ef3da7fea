"""The questions of the first page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from traceability.database import open_database
from traceability.errors import Refused
from traceability.factory.answers import Answers, answer, answers_of, has_begun
from traceability.factory.folder import Factory
from traceability.factory.shaping import steps_of, template
from traceability.ledger.append import Ledger
from traceability.projections.entering import event_draft
from traceability.projections.people import people
from traceability.projections.view import look

GIVEN = Answers(name="Rua 12", language="en", zone="Europe/Lisbon")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(open_database(Factory.make(tmp_path / "shop").url))


def test_each_answer_is_an_entry_and_the_steps_are_places(ledger: Ledger) -> None:
    flow = answer(ledger, GIVEN, by="admin")
    with look(ledger) as view:
        assert (view.opening["name"], view.opening["zone"]) == ("Rua 12", "Europe/Lisbon")
        assert {one["name"] for one in view.masters("place").values()} == {
            stage.title for stage in flow.stages
        }
        assert view.workshop["working_days"] == [0, 1, 2, 3, 4, 5]
        assert view.size == 2 + len(flow.stages)


def test_the_same_answers_again_enter_nothing(ledger: Ledger) -> None:
    answer(ledger, replace(GIVEN, new_people=("Ana", "Rui")), by="admin")
    size = ledger.size
    answer(ledger, replace(GIVEN, new_people=("ana", "Rui")), by="admin")
    assert ledger.size == size


def test_what_was_answered_is_offered_again(ledger: Ledger) -> None:
    steps = tuple(
        replace(one, by_other_firm=one.name == "sewing")
        for one in steps_of(template("workshop").text)
    )
    given = replace(GIVEN, steps=steps, marked="mixed", works_alone=False, working_days=(0, 6))
    answer(ledger, given, by="admin")
    with look(ledger) as view:
        assert answers_of(view, language="xx", zone="UTC") == given
        assert [one.by_other_firm for one in view.flow.stages if one.name == "sewing"] == [True]


def test_people_get_badges_and_their_names_stay_apart(ledger: Ledger) -> None:
    answer(ledger, replace(GIVEN, new_people=("Ana Lopes", " Rui  Sá ", "")), by="admin")
    with look(ledger) as view:
        found = people(view)
    assert [one.name for one in found] == ["Ana Lopes", "Rui Sá"]
    assert len({one.badge for one in found}) == 2


def test_other_steps_are_a_choice_until_work_has_begun(ledger: Ledger) -> None:
    answer(ledger, replace(GIVEN, template="tailoring"), by="admin")
    with look(ledger) as view:
        assert (view.flow.name, has_begun(view)) == ("tailoring", False)
        space = view.namespace
    seen = {
        "type": "ObjectEvent",
        "eventTime": "2026-01-05T09:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "epcList": [f"https://{space}/obj/C-10008"],
    }
    ledger.append([event_draft(seen, by="admin")])
    with pytest.raises(Refused, match="because scans are recorded under these"):
        answer(ledger, replace(GIVEN, template="workshop"), by="admin")
    with look(ledger) as view:
        first = replace(steps_of(view.flow.text)[0], title="The long table")
    changed = answer(ledger, replace(GIVEN, template="tailoring", steps=(first,)), by="admin")
    assert changed.stages[0].title == "The long table"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (replace(GIVEN, name=" "), "a name of 1 to 60 characters, got 0"),
        (replace(GIVEN, zone="Lisbon"), "no time zone 'Lisbon': expected one such as"),
        (replace(GIVEN, working_days=()), "at least one day of the week"),
        (replace(GIVEN, working_days=(7,)), "at least one day of the week"),
        (replace(GIVEN, marked="chalk"), "cannot be marked 'chalk'"),
        (replace(GIVEN, new_people=("x" * 61,)), "write one name per line"),
        (replace(GIVEN, template="nothing"), "no steps named 'nothing'"),
    ],
)
def test_answers_that_cannot_be(ledger: Ledger, given: Answers, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        answer(ledger, given, by="admin")
    assert ledger.size == 1
