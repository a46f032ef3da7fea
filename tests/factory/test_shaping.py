"""Steps as a workshop wants them."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from traceability.errors import Refused
from traceability.factory.shaping import Step, places_of, shape, steps_of, template, templates
from traceability.flow import Flow

USUAL = templates()[0]


def step(name: str, **changes: object) -> Step:
    found = next(one for one in steps_of(USUAL.text) if one.name == name)
    return replace(found, **changes)  # type: ignore[arg-type]  # by name, from a test


def test_three_ways_to_begin_are_offered() -> None:
    assert [flow.name for flow in templates()] == ["workshop", "sewn-out", "tailoring"]
    assert all(flow.summary_in("zh_Hans") != flow.summary for flow in templates())


@pytest.mark.parametrize("flow", templates(), ids=lambda flow: flow.name)
def test_nothing_wished_changes_nothing(flow: Flow) -> None:
    assert shape(flow.text, steps_of(flow.text)) == flow.text


@pytest.mark.parametrize("flow", templates(), ids=lambda flow: flow.name)
def test_any_one_step_can_be_off(flow: Flow) -> None:
    for off in steps_of(flow.text):
        shaped = Flow.parse(shape(flow.text, [replace(off, is_on=False)]))
        kept = [stage for stage in flow.stages if stage.name != off.name]
        assert [(s.name, s.number) for s in shaped.stages] == [(s.name, s.number) for s in kept]
        assert off.name not in {name for stage in shaped.stages for name in stage.after}


@pytest.mark.parametrize("flow", templates(), ids=lambda flow: flow.name)
def test_only_what_was_wished_differs(flow: Flow) -> None:
    renamed = [replace(one, title=f"{one.title} 2") for one in steps_of(flow.text)]
    shaped = tomllib.loads(shape(flow.text, renamed))
    for stage, was in zip(shaped["stage"], tomllib.loads(flow.text)["stage"], strict=True):
        was.pop("titles")
        assert stage == {**was, "title": f"{was['title']} 2"}


def test_a_step_done_elsewhere_and_back_again() -> None:
    out = shape(USUAL.text, [step("sewing", by_other_firm=True)])
    assert [one.name for one in steps_of(out) if one.by_other_firm] == ["sewing"]
    assert Flow.parse(shape(out, [step("sewing")])).stages == USUAL.stages


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ([step("sewing", title=" ")], "expected 1 to 40 characters, got 0"),
        ([step("sewing", title="x" * 41)], "expected 1 to 40 characters, got 41"),
        ([step("sewing", title="Cutting")], "Two steps are named 'Cutting'"),
        ([replace(one, is_on=False) for one in steps_of(USUAL.text)], "Every step is off"),
    ],
)
def test_wishes_that_cannot_be(wishes: list[Step], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        shape(USUAL.text, wishes)


def test_an_unknown_template_is_answered_with_those_there_are() -> None:
    with pytest.raises(Refused, match="no steps named 'x': expected one of 'workshop'"):
        template("x")


def test_every_step_is_a_place_under_a_lasting_key() -> None:
    renamed = Flow.parse(shape(USUAL.text, [step("cutting", title="The long table")]))
    places = places_of(renamed, "w.invalid", "en")
    assert places["//w.invalid/loc/cutting"]["name"] == "The long table"
    assert list(places) == list(places_of(USUAL, "w.invalid", "zh_Hans"))
    assert places_of(USUAL, "w.invalid", "zh_Hans")["//w.invalid/loc/cutting"]["name"] == "裁剪"
