"""The questions of the first page: each answer is an entry, and each can be given again.

>>> Answers(name=" Rua 12 ", zone="Europe/Lisbon").checked().name
'Rua 12'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import text

from traceability.errors import Refused
from traceability.factory.shaping import Step, places_of, shape, steps_of, template
from traceability.flow import Flow
from traceability.labels.issuing import Wish, issue
from traceability.ledger.append import Ledger
from traceability.ledger.drafts import Draft
from traceability.projections.entering import flow_draft, master_draft
from traceability.projections.people import people
from traceability.projections.view import View, look

__all__ = ["MARKS", "Answers", "answer", "answers_of", "has_begun", "names_in"]

MARKS = ("counted", "barcode", "rfid", "mixed")
"""How goods are told apart: a ticket with a count, a label or a tag on each garment, or each order
as it says."""
NAME_MAX = 60
PEOPLE_MAX = 500


@dataclass(frozen=True, slots=True)
class Answers:
    """What the owner said about the workshop."""

    name: str = ""
    language: str = "en"
    zone: str = "UTC"
    working_days: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    """Monday is 0."""
    template: str = "workshop"
    steps: tuple[Step, ...] = ()
    """The steps of the template as they are wanted; empty: as the template says."""
    marked: str = "counted"
    new_people: tuple[str, ...] = ()
    """Names of people who are not entered yet."""
    works_alone: bool = True

    def checked(self) -> Answers:
        """Return the answers without stray blanks.

        Raises:
            Refused: At the first answer that cannot be, with what would work.
        """
        name = " ".join(self.name.split())
        if not name or len(name) > NAME_MAX:
            raise Refused(
                f"The workshop needs a name of 1 to {NAME_MAX} characters, got {len(name)}."
            )
        if self.zone not in available_timezones():
            raise Refused(
                f"There is no time zone {self.zone[:60]!r}: expected one such as Europe/Lisbon."
            )
        if not self.working_days or not set(self.working_days) <= set(range(7)):
            raise Refused("Choose at least one day of the week on which you work.")
        if self.marked not in MARKS:
            raise Refused(
                f"Goods cannot be marked {self.marked[:40]!r}: expected one of {', '.join(MARKS)}."
            )
        names = tuple(dict.fromkeys(" ".join(one.split()) for one in self.new_people))
        names = tuple(one for one in names if one)
        if len(names) > PEOPLE_MAX:
            raise Refused(f"Enter at most {PEOPLE_MAX} people at once, got {len(names)}.")
        for one in names:
            if len(one) > NAME_MAX:
                raise Refused(
                    f"The name {one[:30]!r}… has {len(one)} characters: expected at most "
                    f"{NAME_MAX}; write one name per line."
                )
        # Who enters somebody is not alone any more.
        return replace(
            self, name=name, new_people=names, works_alone=self.works_alone and not names
        )


def answers_of(view: View, *, language: str, zone: str) -> Answers:
    """Return the answers so far.

    Args:
        view: The record.
        language: Used while nobody has answered: that of the browser.
        zone: Used while nobody has answered: that of the PC.
    """
    said = view.workshop
    if not said:
        return Answers(
            name="", language=language, zone=zone, template=view.flow.name, works_alone=True
        )
    return Answers(
        name=str(view.opening.get("name", "")),
        language=str(view.opening.get("language", language)),
        zone=str(view.opening.get("zone", zone)),
        working_days=tuple(int(day) for day in said.get("working_days", range(6))),
        template=view.flow.name,
        steps=steps_of(view.flow.text),
        marked=str(said.get("marks", said.get("marked", "counted"))),
        works_alone=said.get("people", "alone") == "alone",
    )


def has_begun(view: View) -> bool:
    """Say whether anything has happened here: then other steps would change what it meant."""
    found = view.connection.execute(
        text("SELECT 1 FROM touch WHERE ledger_id = :l LIMIT 1"), {"l": view.ledger_id}
    )
    return found.first() is not None


def answer(ledger: Ledger, given: Answers, *, by: str) -> Flow:
    """Enter what was answered; what is so already is not entered again.

    Returns:
        The steps now in force.

    Raises:
        Refused: If an answer cannot be, or other steps are wanted after work has begun.
        InvalidFlow: If the steps make no flow.
    """
    given = given.checked()
    with look(ledger) as view:
        flow = _flow(view, given)
        drafts = _drafts(view, given, flow, by)
        known = {one.name.casefold() for one in people(view)}
    if drafts:
        for outcome in ledger.append(drafts):
            if outcome.status == "refused":
                raise Refused(outcome.problem or "The answers were not taken.")
    wishes = [
        Wish("W", {"is_active": True}, {"name": name})
        for name in given.new_people
        if name.casefold() not in known
    ]
    if wishes:
        issue(ledger, lambda _view: wishes, by=by)
    return flow


def _flow(view: View, given: Answers) -> Flow:
    current = view.flow
    if given.template != current.name and has_begun(view):
        raise Refused(
            "Other steps cannot be chosen any more, because scans are recorded under these. "
            "Switch single steps off or on, or begin another factory with hangtag new."
        )
    text_before = current.text if given.template == current.name else template(given.template).text
    return Flow.parse(shape(text_before, given.steps))


def _drafts(view: View, given: Answers, flow: Flow, by: str) -> list[Draft]:
    marked = "counted" if given.marked == "mixed" else given.marked
    values: dict[str, Any] = {
        "name": given.name,
        "language": given.language,
        "zone": given.zone,
        "working_days": list(given.working_days),
        "marked": marked,
        "marks": given.marked,
        "template": flow.name,
        "people": "alone" if given.works_alone else "several",
        "is_set_up": True,
    }
    drafts: list[Draft] = []
    if dict(view.workshop) != values:
        drafts.append(master_draft("workshop", view.namespace, values, by=by))
    if flow.text != view.flow.text:
        drafts.append(flow_draft(flow.text, by=by))
    places = places_of(flow, view.namespace, given.language)
    known = view.master("place", list(places))
    for key, said in places.items():
        if dict(known.get(key, {})) != said:
            drafts.append(master_draft("place", key, said, by=by))
    return drafts


def names_in(pasted: str) -> Sequence[str]:
    r"""Return the names that were pasted: one in each line, or divided by commas or tabs.

    >>> names_in("Ana; Rui\n李娜、王伟\n")
    ['Ana', 'Rui', '李娜', '王伟']
    """
    for mark in ("\t", ";", ",", "，", "、", "；"):
        pasted = pasted.replace(mark, "\n")
    return [" ".join(line.split()) for line in pasted.splitlines() if line.strip()]
