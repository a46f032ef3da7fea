"""Answers at a desk as the page takes them: word, sentence, figures, and what can be touched."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

from traceability.epcis.event_time import format_time
from traceability.projections.holding import class_of
from traceability.projections.people import person
from traceability.projections.view import Values, View
from traceability.scanning.answer import Answer
from traceability.scanning.batch import Answered
from traceability.scanning.desk import UNITS
from traceability.scanning.rolls import last_roll
from traceability.scanning.things import Thing, thing
from traceability.web import scan_question as question
from traceability.web import screen
from traceability.web.layout import find_url
from traceability.web.scan_lines import WORDS, Lines
from traceability.web.sentences import gettext as _
from traceability.web.telling import as_title, named
from traceability.web.words import quantity

__all__ = ["Teller", "opened_tree"]


def opened_tree(view: View, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what is open, with names, as JSON."""
    label = view.labels(keys)
    found = []
    for key in keys:
        kind = view.flow.kind_of(class_of(key))
        found.append(
            {
                "key": key,
                "name": as_title(named(label[key], view.flow)),
                "kind": kind.name if kind is not None else "",
                "icon": kind.icon if kind is not None else "tag",
            }
        )
    return found


class Teller(Lines):
    """Writes the answers of one view as JSON."""

    def tree(self, one: Answered, *, stage: str = "") -> dict[str, Any]:
        """Return one answer as JSON for the page."""
        answer, scan = one.answer, one.scan
        key = answer.key
        found = thing(self.view, key) if key else None
        kind = found.kind if found is not None else None
        find = find_url()
        tree: dict[str, Any] = {
            "counter": scan.counter,
            "text": scan.text,
            "state": answer.state,
            "said": answer.said,
            "word": str(WORDS[answer.said]),
            "line": self.line(answer),
            "name": self._name(answer, found),
            "code": self._code(found),
            "key": key,
            "kind": kind.name if kind is not None else "",
            "icon": kind.icon if kind is not None else "tag",
            "sound": answer.sound,
            "done": answer.done,
            "of": answer.of,
            "unit": answer.unit,
            "position": one.position,
            "event": one.event,
            "can_undo": one.position is not None
            and not one.is_undone
            and answer.said not in ("conflict", "undone", "built-upon", "too-old"),
            "status": one.status,
            "undone": one.is_undone,
            "at": format_time(scan.at, scan.offset),
            "href": f"{find}?code={quote(key)}" if find and key else "",
            "actions": [],
        }
        if stage:
            tree["stage"] = stage
        if answer.facts.get("counts"):
            pieces = int(Decimal(str(answer.facts["pieces"])))
            bad = int(answer.facts.get("bad", 0))
            tree["count"] = {"pieces": pieces, "good": pieces - bad, "bad": bad}
        self._add_actions(tree, answer, found)
        return tree

    def _name(self, answer: Answer, found: Thing | None) -> str:
        if found is None:
            return str(answer.facts.get("text", ""))[:80]
        if answer.said in ("person", "no-badge"):
            return self._person(found.key)
        return self.called(found.key)

    def _code(self, found: Thing | None) -> str:
        if found is None:
            return ""
        return str(found.values.get("code") or screen.code_of(found.key))

    def _person(self, key: str) -> str:
        known = person(self.view, key)
        return known.name or known.badge if known is not None else key.rsplit("/", 1)[-1]

    # --- what can be touched ---------------------------------------------------------------------

    def _add_actions(self, tree: dict[str, Any], answer: Answer, found: Thing | None) -> None:
        actions: list[dict[str, Any]] = tree["actions"]
        text = str(answer.facts.get("text", ""))
        offers = answer.facts.get("offers", [])
        is_again = answer.said == "already" and found is not None and found.is_measured
        offered = question.actions(self.view, text, offers) if offers else []
        if answer.said == "no-roll" or "roll" in offers or is_again:
            tree["roll"] = self._roll(text, found)
            body = {name: tree["roll"][name] for name in ROLL_MEMBERS} | {"another": is_again}
            title = _("Another roll with this code") if is_again else _("New roll")
            what = "roll-again" if is_again else "roll"
            asked = {"what": what, "title": title, "post": "/api/scans/roll", "body": body}
            # The question keeps the order of what is likely here: a roll need not come first.
            place = next((n for n, one in enumerate(offered) if one["what"] == "roll"), None)
            if place is None:
                actions.append(asked)
            else:
                offered[place] |= {**asked, "title": offered[place]["title"]}
        actions += offered
        for key in answer.facts.get("keys", ()):
            one = thing(self.view, str(key))
            title = f"{as_title(self.called(key))} · {quantity(one.left, one.unit)}"
            actions.append({"what": "choose", "title": title, "text": str(key)})

    def _roll(self, text: str, found: Thing | None) -> dict[str, Any]:
        last: Values = last_roll(self.view) or {}
        values = {**last, **(found.values if found is not None else {})}
        return {
            "text": text,
            "code": text,
            "amount": str(values.get("amount") or values.get("metres") or ""),
            "unit": values.get("unit") if values.get("unit") in UNITS else "MTR",
            "dye_lot": str(values.get("dye_lot") or ""),
            "supplier": str(values.get("supplier") or ""),
            "material": str(values.get("material") or ""),
            "is_first": not last,
        }


ROLL_MEMBERS = ("text", "amount", "unit", "dye_lot", "supplier", "material")
