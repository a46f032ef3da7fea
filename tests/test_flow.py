"""The flow file: what it says, and the sentence for each way it can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from traceability.errors import InvalidFlow
from traceability.flow import STAGES_MAX, Flow, Kind, Stage, Work

FLOWS = Path(__file__).parent.parent / "flows"

TINY = """
name = "tiny"
title = "One table"

[[kind]]
name = "garment"
title = "Garment"
form = "thing"
patterns = ["/01/*/21/*"]

[[stage]]
name = "packing"
title = "Packing"
step = "packing"
event = "ObjectEvent"
action = "OBSERVE"
counts = ["garment"]

[[stage.work]]
takes = ["garment"]
"""

STAGE = """
[[stage]]
name = "{name}"
title = "More"
step = "inspecting"
operation = "{name}"
event = "ObjectEvent"
action = "OBSERVE"
after = [{after}]
"""


def garment() -> Flow:
    return Flow.parse((FLOWS / "garment.toml").read_text(encoding="utf-8"))


def test_a_flow_says_its_kinds_and_stages() -> None:
    assert Flow.parse(TINY) == Flow(
        name="tiny",
        title="One table",
        kinds=(Kind("garment", "Garment", "thing", ("/01/*/21/*",)),),
        stages=(
            Stage(
                number=0,
                name="packing",
                title="Packing",
                step="packing",
                event="ObjectEvent",
                action="OBSERVE",
                counts=("garment",),
                works=(Work(takes=("garment",), event="ObjectEvent", action="OBSERVE"),),
            ),
        ),
        text=TINY,
    )


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("/01/09506000134352/10/R-12", "roll"),
        ("//acme.workshop.invalid/class/R-12", "roll"),
        ("//acme.workshop.invalid/class/B-17", "bundle"),
        ("/01/09506000134352/21/123", "garment"),
        ("//acme.workshop.invalid/obj/G-17/left", "garment"),
        ("/00/095060001343500015", "carton"),
        ("//acme.workshop.invalid/obj/C-1", "carton"),
        ("/01/09506000134352", "goods"),
        ("//acme.workshop.invalid/obj/B-17", None),
        ("urn:epc:raw:96.xFF", None),
    ],
)
def test_a_key_belongs_to_the_first_kind_that_fits(key: str, kind: str | None) -> None:
    found = garment().kind_of(key)
    assert (found.name if found else None) == kind


@pytest.mark.parametrize(
    ("operation", "step", "stage"),
    [
        ("cutting", "commissioning", "cutting"),
        ("sewing", "commissioning", "sewing"),
        ("sewing", None, "sewing"),
        (None, "receiving", "store"),
        ("fabric-in", "receiving", "fabric-in"),
        (None, "commissioning", None),
        ("embroidery", "packing", None),
        (None, None, None),
    ],
)
def test_the_operation_decides_before_the_step(
    operation: str | None, step: str | None, stage: str | None
) -> None:
    found = garment().stage_of(operation, step)
    assert (found.name if found else None) == stage


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("B-17", "//acme.invalid/class/B-17"),
        ("C-17", "//acme.invalid/obj/C-17"),
        ("X-17", None),
    ],
)
def test_bare_text_of_a_label_is_read_by_the_patterns(text: str, key: str | None) -> None:
    assert garment().local_key(text, "acme.invalid") == key


@pytest.mark.parametrize("path", sorted(FLOWS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_flow_names_its_stages_in_chinese_too(path: Path) -> None:
    flow = Flow.parse(path.read_text(encoding="utf-8"))
    named: list[Kind | Stage] = [*flow.kinds, *flow.stages]
    assert [each.name for each in named if each.title_in("zh_Hans") == each.title] == []


def test_a_title_falls_back_to_the_plain_one() -> None:
    assert garment().stages[0].title_in("tr") == "Fabric in"


def test_the_counted_flow_has_six_steps_one_elsewhere_one_optional_and_no_serials() -> None:
    flow = Flow.parse((FLOWS / "knitwear_counted.toml").read_text(encoding="utf-8"))
    counted = {name for stage in flow.stages for name in stage.counts}
    assert (
        len(flow.stages),
        [stage.name for stage in flow.stages if stage.by_other_firm],
        [stage.name for stage in flow.stages if stage.optional],
        {kind.form for kind in flow.kinds if kind.name in counted},
    ) == (6, ["washing"], ["pressing"], {"lot"})


def changed(old: str, new: str) -> str:
    assert old in TINY
    return TINY.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", "The flow is not readable as TOML: Invalid value (at end of document)."),
        (changed('name = "tiny"', ""), 'The flow has no name: write name = "…".'),
        (
            changed('"tiny"', '"Tiny flow"'),
            (
                "The flow is named 'Tiny flow': expected small letters, digits and hyphens, "
                "at most "
                "32, beginning with a letter or digit."
            ),
        ),
        (
            changed('title = "One table"', "title = 7"),
            "The flow: title is 7; expected a text in quotes.",
        ),
        (
            changed('form = "thing"', ""),
            "Kind 'garment' has no form: write form = \"…\".",
        ),
        (
            changed('"thing"', '"single"'),
            "Kind 'garment': form is 'single'; expected one of 'thing', 'lot', 'holding'.",
        ),
        (
            changed('form = "thing"', 'form = "thing"\nunit = "MTR"'),
            (
                "Kind 'garment' has form 'thing' and unit 'MTR'; a thing is one piece. "
                "Use form 'lot' or leave the unit out."
            ),
        ),
        (
            changed('form = "thing"', 'form = "lot"\nunit = "metres"'),
            "Kind 'garment': unit is 'metres'; expected one of '', 'MTR', 'YRD', 'KGM'.",
        ),
        (
            changed('["/01/*/21/*"]', "[]"),
            "Kind 'garment' has no patterns: write patterns = [\"/01/*/21/*\"].",
        ),
        (
            changed('["/01/*/21/*"]', '["G-*"]'),
            (
                "Kind 'garment': pattern 'G-*' fits no key; keys of GS1 begin with one slash, "
                "labels of your own with //*/obj/ or //*/class/."
            ),
        ),
        (
            changed('["/01/*/21/*"]', '["/01/*", "/01/*/21/*"]'),
            (
                "Kind 'garment': pattern '/01/*/21/*' is never reached, because '/01/*' of kind "
                "'garment' comes first and takes all of it; put the narrow one first."
            ),
        ),
        (
            TINY + '[[kind]]\nname = "garment"\ntitle = "G"\nform = "thing"\npatterns = ["/00/*"]',
            "Two kinds are named 'garment'; each needs a name of its own.",
        ),
        (
            changed('step = "packing"', 'step = "sewing"'),
            (
                "Stage 'packing': step is 'sewing', which is neither a business step of CBV "
                "2.0 nor "
                "a URI of your own (https://…)."
            ),
        ),
        (
            changed('step = "packing"', 'step = "packing"\ndisposition = "fine"'),
            (
                "Stage 'packing': disposition is 'fine', which is neither a disposition of "
                "CBV 2.0 nor "
                "a URI of your own (https://…)."
            ),
        ),
        (
            changed('"ObjectEvent"', '"Scan"'),
            (
                "Stage 'packing': event is 'Scan'; expected one of 'ObjectEvent', "
                "'AggregationEvent', "
                "'TransformationEvent', 'AssociationEvent'."
            ),
        ),
        (
            changed('"OBSERVE"', '"SEE"'),
            "Stage 'packing': action is 'SEE'; expected one of 'ADD', 'OBSERVE', 'DELETE'.",
        ),
        (
            changed('"ObjectEvent"', '"TransformationEvent"'),
            "Stage 'packing': a TransformationEvent has no action; delete it.",
        ),
        (
            changed('counts = ["garment"]', 'counts = ["shirt"]'),
            (
                "Stage 'packing': counts names kind 'shirt', which is not declared; expected "
                "one of "
                "'garment'."
            ),
        ),
        (
            changed('takes = ["garment"]', 'takes = ["shirt"]'),
            (
                "Stage 'packing': takes names kind 'shirt', which is not declared; expected one of "
                "'garment'."
            ),
        ),
        (
            changed('takes = ["garment"]', 'opens = ["garment"]'),
            'Stage \'packing\', work 1 takes nothing: write takes = ["…"] or carries = ["…"].',
        ),
        (
            changed('takes = ["garment"]', 'takes = ["garment"]\nmarked = ["nfc"]'),
            (
                "Stage 'packing', work 1: marked is 'nfc'; expected one of 'rfid', 'barcode', "
                "'counted'."
            ),
        ),
        (
            changed('takes = ["garment"]', 'takes = ["garment"]\naction = "ADD"'),
            "Stage 'packing', work 1 has an action without an event: write event = \"…\".",
        ),
        (
            changed(
                'takes = ["garment"]',
                'takes = ["garment"]\nevent = "AggregationEvent"\naction = "ADD"',
            ),
            (
                "Stage 'packing', work 1: AggregationEvent needs opens, the kind that is scanned "
                "first."
            ),
        ),
        (
            changed('takes = ["garment"]', 'opens = ["garment"]\ncarries = ["garment"]'),
            "Stage 'packing', work 1 both opens and carries; a table opens, a gate carries.",
        ),
        (
            changed('counts = ["garment"]', "dwell_hours = 0"),
            "Stage 'packing': dwell_hours is 0; expected whole hours from 1 to 87600.",
        ),
        (
            changed('counts = ["garment"]', 'optional = "yes"'),
            "Stage 'packing': optional is 'yes'; expected true or false.",
        ),
        (
            changed('counts = ["garment"]', 'colour = "red"'),
            "Stage 'packing' says 'colour', which no flow knows; correct or delete it.",
        ),
        (
            TINY + STAGE.format(name="packing", after=""),
            "Two stages are named 'packing'; each needs a name of its own.",
        ),
        (
            TINY + STAGE.format(name="checking", after='"sewing"'),
            (
                "Stage 'checking' comes after 'sewing', which is no stage of this flow; "
                "expected one "
                "of 'packing', 'checking'."
            ),
        ),
        (
            TINY
            + STAGE.format(name="a", after='"c"')
            + STAGE.format(name="b", after='"a"')
            + STAGE.format(name="c", after='"b"'),
            (
                "Stages 'a', 'b', 'c' come after one another in a circle; goods could never begin. "
                "Remove one name from an after list."
            ),
        ),
        (
            TINY
            + STAGE.format(name="a", after="")
            .replace('operation = "a"', "")
            .replace("inspecting", "packing"),
            (
                "Stages 'packing' and 'a' share the business step 'packing'; give one of them an "
                "operation, so that events can be told apart."
            ),
        ),
        (
            TINY + "".join(STAGE.format(name=f"s{n}", after="") for n in range(STAGES_MAX)),
            "The flow has 63 stages; at most 62 can be told.",
        ),
        (
            changed("[[stage]]", "[[stages]]"),
            "The flow has no stage: write at least one [[stage]].",
        ),
    ],
)
def test_every_mistake_has_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidFlow) as caught:
        Flow.parse(text)
    assert str(caught.value) == sentence


def test_a_stage_that_is_off_is_passed_by() -> None:
    text = (FLOWS / "garment.toml").read_text("utf-8")
    for name in ("sewing", "packing"):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\noff = true\n', 1)
    flow = Flow.parse(text)
    assert [(each.number, each.name, each.after) for each in flow.stages] == [
        (0, "fabric-in", ()),
        (1, "cutting", ("fabric-in",)),
        (4, "shipping", ("cutting",)),
        (5, "store", ("shipping",)),
    ]


def test_one_stage_at_least_is_on() -> None:
    with pytest.raises(InvalidFlow, match="Every stage of the flow is off; leave at least one on"):
        Flow.parse(TINY.replace('name = "packing"\n', 'name = "packing"\noff = true\n'))


@pytest.mark.parametrize("name", ["workshop", "tailoring", "sewn_out"])
def test_a_template_says_whom_it_suits_in_both_languages(name: str) -> None:
    flow = Flow.parse((FLOWS / f"{name}.toml").read_text("utf-8"))
    assert flow.summary_in("en").endswith(".")
    assert flow.summary_in("zh_Hans").endswith("。")
    assert flow.title_in("zh_Hans") != flow.title
    keys = {
        "/01/09506000134352/10/L7": "roll",
        "//w.invalid/class/R-4711/2": "roll",
        "//w.invalid/class/B-10008": "bundle",
        "//w.invalid/class/P-Shirt-navy-M": "goods",
        "/01/09506000134352/21/7": "garment",
        "//w.invalid/obj/C-10016": "carton",
        "//w.invalid/obj/W-10008": None,
    }
    found = {key: kind.name if (kind := flow.kind_of(key)) else None for key in keys}
    assert found == keys


@pytest.mark.parametrize("name", ["workshop", "tailoring", "sewn_out"])
def test_counted_tickets_go_in_and_out_where_they_are_sewn(name: str) -> None:
    flow = Flow.parse((FLOWS / f"{name}.toml").read_text("utf-8"))
    works = [(stage.name, work) for stage in flow.stages for work in stage.works if work.in_and_out]
    assert [(stage, work.takes, "counted" in work.marked) for stage, work in works] == [
        ("sewing", ("bundle",), True)
    ]
    assert not garment().stages[2].works[0].in_and_out


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            'in_and_out = "yes"',
            "Stage 'packing', work 1: in_and_out is 'yes'; expected true or false.",
        ),
        (
            'in_and_out = true\nopens = ["garment"]\nevent = "ObjectEvent"\naction = "OBSERVE"',
            (
                "Stage 'packing', work 1 is in_and_out, so what it takes comes alone; "
                'leave opens out and write event = "ObjectEvent".'
            ),
        ),
    ],
)
def test_in_and_out_is_for_what_comes_alone(line: str, sentence: str) -> None:
    with pytest.raises(InvalidFlow) as caught:
        Flow.parse(TINY + line + "\n")
    assert str(caught.value) == sentence


def test_summaries_are_given_by_language() -> None:
    with pytest.raises(InvalidFlow, match="summaries is 3; expected summaries by language"):
        Flow.parse("summaries = 3\n" + TINY)
