"""Reading a flow file: what the person who wrote it said, or one sentence about what is wrong.

>>> from traceability.errors import InvalidFlow
>>> try:
...     parse_flow('title = "No name"')
... except InvalidFlow as error:
...     print(error)
The flow has no name: write name = "…".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import get_args

from traceability.epcis.vocabulary import DISPOSITIONS, STEPS, Vocabulary
from traceability.errors import InvalidFlow
from traceability.flow import STAGES_MAX, Flow, Form, Kind, Observes, Stage, Work, look

TEXT_MAX = 200_000
_EVENTS = ("ObjectEvent", "AggregationEvent", "TransformationEvent", "AssociationEvent")
_ACTIONS = ("ADD", "OBSERVE", "DELETE")
_MARKS = ("rfid", "barcode", "counted")
_UNITS = ("", "MTR", "YRD", "KGM")
_TRANSACTIONS = ("prodorder", "po")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+")


def parse_flow(text: str) -> Flow:
    """Read a flow file.

    Raises:
        InvalidFlow: With one sentence about the first mistake found.
    """
    if len(text) > TEXT_MAX:
        raise InvalidFlow(f"The flow has {len(text)} characters; at most {TEXT_MAX} are read.")
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidFlow(f"The flow is not readable as TOML: {error}.") from error
    table = _Table("The flow", tree)
    name, title = table.name(), table.text("title")
    titles = table.titles()
    summary, summaries = table.text("summary", ""), table.titles("summaries")
    kinds = tuple(_kind(each) for each in table.tables("kind"))
    stages = _stages(table)
    table.done()
    _check_kinds(kinds)
    _check_stages(kinds, stages)
    return Flow(
        name=name,
        title=title,
        titles=titles,
        summary=summary,
        summaries=summaries,
        kinds=kinds,
        stages=stages,
        text=text,
    )


def _stages(table: _Table) -> tuple[Stage, ...]:
    """Read the stages; one that is off keeps its number, so that no other changes its meaning."""
    tables = table.tables("stage")
    off = [each.flag("off", default=False) for each in tables]
    said = [_stage(number, each) for number, each in enumerate(tables)]
    before = {each.name: each.after for each, is_off in zip(said, off, strict=True) if is_off}
    if len(before) == len(said):
        raise InvalidFlow("Every stage of the flow is off; leave at least one on.")
    return tuple(
        replace(each, after=_past(each.after, before))
        for each, is_off in zip(said, off, strict=True)
        if not is_off
    )


def _past(after: tuple[str, ...], off: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return what comes before a stage when stages that are off are passed by.

    >>> _past(("sewing",), {"sewing": ("cutting",)})
    ('cutting',)
    """
    found: list[str] = []
    seen: set[str] = set()
    waiting = list(after)
    while waiting:
        name = waiting.pop(0)
        if name in off and name not in seen:
            seen.add(name)
            waiting = [*off[name], *waiting]
        elif name not in off:
            found.append(name)
    return tuple(dict.fromkeys(found))


class _Table:
    """One table of the file; members are taken out, and what is left over is a mistake."""

    def __init__(self, who: str, tree: dict[str, object]) -> None:
        self.who = who
        self._tree = dict(tree)

    def name(self) -> str:
        value = self.text("name")
        if not _NAME.fullmatch(value):
            raise InvalidFlow(
                f"{self.who} is named {value!r}: expected small letters, digits and hyphens, "
                "at most 32, beginning with a letter or digit."
            )
        return value

    def text(self, member: str, default: str | None = None) -> str:
        value = self._tree.pop(member, default)
        if value is None:
            raise InvalidFlow(f'{self.who} has no {member}: write {member} = "…".')
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise InvalidFlow(f"{self.who}: {member} is {value!r}; expected a text in quotes.")
        return value

    def choice(self, member: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(member, default)
        if value not in allowed:
            listed = ", ".join(repr(each) for each in allowed)
            raise InvalidFlow(f"{self.who}: {member} is {value!r}; expected one of {listed}.")
        return value

    def word(self, member: str, vocabulary: Vocabulary) -> str:
        value = self.text(member)
        if value not in vocabulary.words and not _URI.fullmatch(value):
            raise InvalidFlow(
                f"{self.who}: {member} is {value!r}, which is neither {vocabulary.title} of "
                "CBV 2.0 nor a URI of your own (https://…)."
            )
        return value

    def flag(self, member: str, *, default: bool) -> bool:
        value = self._tree.pop(member, default)
        if not isinstance(value, bool):
            raise InvalidFlow(f"{self.who}: {member} is {value!r}; expected true or false.")
        return value

    def hours(self, member: str) -> int | None:
        value = self._tree.pop(member, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 87_600:
            raise InvalidFlow(
                f"{self.who}: {member} is {value!r}; expected whole hours from 1 to 87600."
            )
        return value

    def texts(self, member: str) -> tuple[str, ...]:
        value = self._tree.pop(member, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise InvalidFlow(
                f'{self.who}: {member} is {value!r}; expected a list of texts, like ["a", "b"].'
            )
        if len(set(value)) != len(value):
            twice = next(each for each in value if value.count(each) > 1)
            raise InvalidFlow(f"{self.who}: {member} names {twice!r} twice; say it once.")
        return tuple(value)

    def titles(self, member: str = "titles") -> tuple[tuple[str, str], ...]:
        value = self._tree.pop(member, {})
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise InvalidFlow(
                f"{self.who}: {member} is {value!r}; expected {member} by language, "
                'like { zh_Hans = "…" }.'
            )
        return tuple(sorted(value.items()))

    def tables(self, member: str) -> list[_Table]:
        value = self._tree.pop(member, None)
        if not isinstance(value, list) or not value:
            raise InvalidFlow(f"{self.who} has no {member}: write at least one [[{member}]].")
        found = []
        for number, each in enumerate(value, start=1):
            if not isinstance(each, dict):
                raise InvalidFlow(f"{self.who}: {member} is {each!r}; expected [[{member}]].")
            name = each.get("name")
            word = member.capitalize()
            found.append(_Table(f"{word} {name!r}" if name else f"{word} number {number}", each))
        return found

    def works(self) -> list[_Table]:
        value = self._tree.pop("work", [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise InvalidFlow(f"{self.who}: work is {value!r}; expected [[stage.work]].")
        return [_Table(f"{self.who}, work {n}", each) for n, each in enumerate(value, start=1)]

    def has(self, member: str) -> bool:
        return member in self._tree

    def done(self) -> None:
        if self._tree:
            left = ", ".join(repr(each) for each in sorted(self._tree))
            raise InvalidFlow(f"{self.who} says {left}, which no flow knows; correct or delete it.")


def _kind(table: _Table) -> Kind:
    name, title = table.name(), table.text("title")
    chosen = table.choice("form", get_args(Form))
    form = next(each for each in get_args(Form) if each == chosen)
    patterns = table.texts("patterns")
    if not patterns:
        raise InvalidFlow(f'{table.who} has no patterns: write patterns = ["/01/*/21/*"].')
    for pattern in patterns:
        if not pattern.startswith("/") or len(pattern) > 200:
            raise InvalidFlow(
                f"{table.who}: pattern {pattern!r} fits no key; keys of GS1 begin with one slash, "
                "labels of your own with //*/obj/ or //*/class/."
            )
    unit = table.choice("unit", _UNITS, "")
    if form == "thing" and unit:
        raise InvalidFlow(
            f"{table.who} has form 'thing' and unit {unit!r}; a thing is one piece. "
            "Use form 'lot' or leave the unit out."
        )
    kind = Kind(
        name=name,
        title=title,
        form=form,
        patterns=patterns,
        unit=unit,
        in_stock=table.flag("in_stock", default=True),
        icon=table.text("icon", "tag"),
        titles=table.titles(),
    )
    table.done()
    return kind


def _stage(number: int, table: _Table) -> Stage:
    name, title = table.name(), table.text("title")
    step = table.word("step", STEPS)
    operation = table.text("operation") if table.has("operation") else None
    disposition = None
    if table.has("disposition"):
        disposition = table.word("disposition", DISPOSITIONS)
    event, action = _event(table, None)
    observes = table.choice("observes", get_args(Observes), "nothing")
    transaction = None
    if table.has("transaction"):
        transaction = table.choice("transaction", _TRANSACTIONS)
    stage = Stage(
        number=number,
        name=name,
        title=title,
        step=step,
        event=event,
        action=action,
        operation=operation,
        disposition=disposition,
        counts=table.texts("counts"),
        observes=next(each for each in get_args(Observes) if each == observes),
        after=table.texts("after"),
        optional=table.flag("optional", default=False),
        by_other_firm=table.flag("by_other_firm", default=False),
        dwell_hours=table.hours("dwell_hours"),
        transaction=transaction,
        works=tuple(_work(each, (event, action)) for each in table.works()),
        icon=table.text("icon", "tag"),
        titles=table.titles(),
    )
    table.done()
    return stage


def _event(table: _Table, default: tuple[str, str | None] | None) -> tuple[str, str | None]:
    """Return the event type and action; those of the stage where a work says none."""
    if default is not None and not table.has("event"):
        if table.has("action"):
            raise InvalidFlow(f'{table.who} has an action without an event: write event = "…".')
        return default
    event = table.choice("event", _EVENTS)
    if event == "TransformationEvent":
        if table.has("action"):
            raise InvalidFlow(f"{table.who}: a TransformationEvent has no action; delete it.")
        return event, None
    return event, table.choice("action", _ACTIONS)


def _work(table: _Table, stage_event: tuple[str, str | None]) -> Work:
    event, action = _event(table, stage_event)
    marked = table.texts("marked")
    for mark in marked:
        if mark not in _MARKS:
            listed = ", ".join(repr(each) for each in _MARKS)
            raise InvalidFlow(f"{table.who}: marked is {mark!r}; expected one of {listed}.")
    work = Work(
        opens=table.texts("opens"),
        takes=table.texts("takes"),
        carries=table.texts("carries"),
        marked=marked,
        each=table.flag("each", default=False),
        opens_many=table.flag("opens_many", default=False),
        needs_pass=table.flag("needs_pass", default=False),
        in_and_out=table.flag("in_and_out", default=False),
        event=event,
        action=action,
    )
    table.done()
    if not work.takes and not work.carries:
        raise InvalidFlow(f'{table.who} takes nothing: write takes = ["…"] or carries = ["…"].')
    if work.opens and work.carries:
        raise InvalidFlow(f"{table.who} both opens and carries; a table opens, a gate carries.")
    if work.in_and_out and (work.opens or event != "ObjectEvent"):
        raise InvalidFlow(
            f"{table.who} is in_and_out, so what it takes comes alone; leave opens out and write "
            'event = "ObjectEvent".'
        )
    if event in ("TransformationEvent", "AggregationEvent", "AssociationEvent") and not work.opens:
        raise InvalidFlow(f"{table.who}: {event} needs opens, the kind that is scanned first.")
    return work


def _check_kinds(kinds: tuple[Kind, ...]) -> None:
    _check_distinct("kinds", [kind.name for kind in kinds])
    looks = [(kind, pattern) for kind in kinds for pattern in kind.patterns]
    for (first, wide), (second, narrow) in combinations(looks, 2):
        # A star of the narrow pattern is an ordinary letter to the wide one: if that fits,
        # whatever the narrow one could ever see has been taken before.
        if re.fullmatch(look(wide), narrow):
            raise InvalidFlow(
                f"Kind {second.name!r}: pattern {narrow!r} is never reached, because {wide!r} of "
                f"kind {first.name!r} comes first and takes all of it; put the narrow one first."
            )


def _check_distinct(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InvalidFlow(f"Two {what} are named {name!r}; each needs a name of its own.")


def _check_stages(kinds: tuple[Kind, ...], stages: tuple[Stage, ...]) -> None:
    if len(stages) > STAGES_MAX:
        raise InvalidFlow(f"The flow has {len(stages)} stages; at most {STAGES_MAX} can be told.")
    _check_distinct("stages", [stage.name for stage in stages])
    _check_distinct("stages' operations", [each.operation for each in stages if each.operation])
    known = {kind.name: kind for kind in kinds}
    names = [stage.name for stage in stages]
    for stage in stages:
        _check_kind_names(stage, known)
        for before in stage.after:
            if before not in names:
                raise InvalidFlow(
                    f"Stage {stage.name!r} comes after {before!r}, which is no stage of this flow; "
                    f"expected one of {', '.join(map(repr, names))}."
                )
    _check_shared_steps(stages)
    _check_circle(stages)


def _check_kind_names(stage: Stage, known: dict[str, Kind]) -> None:
    lists = [("counts", stage.counts)]
    for work in stage.works:
        lists += [("opens", work.opens), ("takes", work.takes), ("carries", work.carries)]
    for member, names in lists:
        for name in names:
            if name not in known:
                raise InvalidFlow(
                    f"Stage {stage.name!r}: {member} names kind {name!r}, which is not declared; "
                    f"expected one of {', '.join(map(repr, known))}."
                )
    for work in stage.works:
        for name in work.carries:
            if known[name].form != "thing":
                raise InvalidFlow(
                    f"Stage {stage.name!r} carries kind {name!r} of form {known[name].form!r}; "
                    "only a thing with a serial can hold goods."
                )


def _check_shared_steps(stages: tuple[Stage, ...]) -> None:
    for first, second in combinations([each for each in stages if not each.operation], 2):
        if first.step == second.step:
            raise InvalidFlow(
                f"Stages {first.name!r} and {second.name!r} share the business step "
                f"{first.step!r}; give one of them an operation, so that events can be told apart."
            )


def _check_circle(stages: tuple[Stage, ...]) -> None:
    before = {stage.name: set(stage.after) for stage in stages}
    while free := [name for name, names in before.items() if not names]:
        before = {name: names - set(free) for name, names in before.items() if name not in free}
    if before:
        circle = ", ".join(repr(name) for name in before)
        raise InvalidFlow(
            f"Stages {circle} come after one another in a circle; goods could never begin. "
            "Remove one name from an after list."
        )
