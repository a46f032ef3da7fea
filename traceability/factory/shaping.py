"""Steps as a workshop wants them: some off, some under another name, some done by another firm.

A template is a flow file with a `summary`. What is changed in it are a few fields of its stages; no
stage is taken out, so that what was recorded under it keeps its meaning.

>>> text = templates()[0].text
>>> [step.name for step in steps_of(text)][:2] == [step.name for step in steps_of(text)][:2]
True
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from traceability.assets import folder
from traceability.errors import Refused
from traceability.factory.toml_text import toml_text
from traceability.flow import Flow

__all__ = ["Step", "places_of", "shape", "steps_of", "template", "templates"]

TITLE_MAX = 40
"""Characters of a step's name: it must fit on a gate and on a phone."""
FIRST = "workshop"
"""The template that is offered first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the floor as the owner sees it."""

    name: str
    title: str
    titles: tuple[tuple[str, str], ...] = ()
    icon: str = "tag"
    is_on: bool = True
    by_other_firm: bool = False

    def title_in(self, language: str) -> str:
        """Return the title in a language, or the plain title where none is given."""
        return dict(self.titles).get(language, self.title)


@cache
def templates() -> tuple[Flow, ...]:
    """Return the flows that are offered to a new workshop, the most usual one first."""
    found = [Flow.parse(path.read_text("utf-8")) for path in sorted(folder("flows").glob("*.toml"))]
    offered = [flow for flow in found if flow.summary]
    return tuple(sorted(offered, key=lambda flow: (flow.name != FIRST, flow.title)))


def template(name: str) -> Flow:
    """Return a template by the name of its flow.

    Raises:
        Refused: If there is none of that name.
    """
    for flow in templates():
        if flow.name == name:
            return flow
    known = ", ".join(repr(flow.name) for flow in templates())
    raise Refused(f"There are no steps named {name!r}: expected one of {known}.")


def steps_of(text: str) -> tuple[Step, ...]:
    """Return all steps of a flow file, those that are off as well, in the order of the floor."""
    return tuple(
        Step(
            name=stage["name"],
            title=stage["title"],
            titles=tuple(sorted(stage.get("titles", {}).items())),
            icon=stage.get("icon", "tag"),
            is_on=not stage.get("off", False),
            by_other_firm=stage.get("by_other_firm", False),
        )
        for stage in tomllib.loads(text)["stage"]
    )


def shape(text: str, wishes: Sequence[Step]) -> str:
    """Return a flow file whose steps are as somebody wants them.

    Args:
        text: The flow file so far.
        wishes: A step for each stage that is to change. A title that differs from the one so far
            replaces it in every language, since nobody said it in the others.

    Raises:
        Refused: If a name is too long, empty, or given twice, or nothing is left on.
        InvalidFlow: If what comes out is no flow.
    """
    tree = tomllib.loads(text)
    wanted = {step.name: step for step in wishes}
    before = {step.name: step for step in steps_of(text)}
    for stage in tree["stage"]:
        wish = wanted.get(stage["name"])
        if wish is not None:
            _change(stage, before[stage["name"]], wish)
    on = [stage["title"] for stage in tree["stage"] if not stage.get("off")]
    if not on:
        raise Refused("Every step is off. Leave at least one on.")
    for title in on:
        if on.count(title) > 1:
            raise Refused(f"Two steps are named {title!r}. Give one of them another name.")
    if tree == tomllib.loads(text):
        return text
    shaped = toml_text(tree)
    Flow.parse(shaped)
    return shaped


def _change(stage: dict[str, Any], before: Step, wish: Step) -> None:
    title = " ".join(wish.title.split())
    if not title or len(title) > TITLE_MAX:
        raise Refused(
            f"Cannot name a step {title[:60]!r}: expected 1 to {TITLE_MAX} characters, "
            f"got {len(title)}."
        )
    if title not in (before.title, *dict(before.titles).values()):
        stage["title"] = title
        stage.pop("titles", None)
    for field, is_so in (("off", not wish.is_on), ("by_other_firm", wish.by_other_firm)):
        if is_so:
            stage[field] = True
        else:
            stage.pop(field, None)


def places_of(flow: Flow, namespace: str, language: str) -> dict[str, Mapping[str, Any]]:
    """Return the place of each step, by key: goods are at the step that was done last.

    The key follows the step's name in the file, so that another title moves nothing.
    """
    return {
        f"//{namespace}/loc/{stage.name}": {"name": stage.title_in(language), "kind": "floor"}
        for stage in flow.stages
    }
