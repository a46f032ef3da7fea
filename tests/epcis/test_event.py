"""Events of all five types: what is read, what is refused, and in which words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.golden import tables
from traceability.epcis import body, vocabulary
from traceability.epcis.event import (
    ErrorDeclaration,
    Event,
    Quantity,
    event_body,
    read_event,
    tie,
)
from traceability.errors import InvalidEvent

GARMENT = "https://id.gs1.org/01/09506000134352/21/123"
CARTON = "https://id.gs1.org/00/095060001343500015"
ROLL = "https://id.gs1.org/01/09506000134369/10/R-7"
DOCK = "https://id.gs1.org/414/9506000134338/254/dock"
STORE = "https://id.gs1.org/414/9506000134338"
ORDER = "https://shop.invalid/bt/4711"
WHEN = {"eventTime": "2026-03-02T09:15:30.25+01:00", "eventTimeZoneOffset": "+01:00"}
INSTANT = 1_772_439_330_250_000


# `Any`: these trees are also what read_event must refuse, which has no type.
def sent(kind: str, **members: Any) -> dict[str, Any]:
    """Spell an event of a type; a member given as None is left out."""
    least: dict[str, dict[str, Any]] = {
        "ObjectEvent": {"action": "OBSERVE", "epcList": [GARMENT]},
        "AggregationEvent": {"action": "ADD", "parentID": CARTON, "childEPCs": [GARMENT]},
        "AssociationEvent": {"action": "ADD", "parentID": CARTON, "childEPCs": [GARMENT]},
        "TransactionEvent": {
            "action": "ADD",
            "epcList": [GARMENT],
            "bizTransactionList": [{"type": "po", "bizTransaction": ORDER}],
        },
        "TransformationEvent": {"inputEPCList": [CARTON], "outputEPCList": [GARMENT]},
    }
    tree = {"type": kind, **WHEN, **least.get(kind, {}), **members}
    return {name: value for name, value in tree.items() if value is not None}


def test_every_member_of_an_object_event_is_read() -> None:
    tree = sent(
        "ObjectEvent",
        eventID="urn:uuid:019cad9d-ddca-7817-b209-fd3a77f13609",
        recordTime="2026-03-02T09:15:31Z",
        action="ADD",
        quantityList=[{"epcClass": ROLL, "quantity": Decimal("48.5"), "uom": "MTR"}],
        bizStep="urn:epcglobal:cbv:bizstep:commissioning",
        disposition="https://ref.gs1.org/cbv/Disp-active",
        readPoint={"id": DOCK, "example:door": 3},
        bizLocation={"id": STORE},
        bizTransactionList=[
            {"type": "prodorder", "bizTransaction": ORDER},
            {"bizTransaction": ORDER},
        ],
        sourceList=[{"type": "urn:epcglobal:cbv:sdt:location", "source": DOCK}],
        destinationList=[{"type": "https://x.invalid/mine", "destination": STORE}],
        ilmd={"hangtag:dyeLot": "D9", "cbvmda:lotNumber": "7"},
        persistentDisposition={"set": ["conformant"]},
        **{"hangtag:operation": "spreading", "example:list": [{"gs1:size": "M"}]},
    )
    assert read_event(tree) == Event(
        type="ObjectEvent",
        event_id="urn:uuid:019cad9d-ddca-7817-b209-fd3a77f13609",
        event_time=INSTANT,
        offset="+01:00",
        action="ADD",
        epcs=(GARMENT,),
        quantities=(Quantity(ROLL, Decimal("48.5"), "MTR"),),
        step="commissioning",
        disposition="active",
        read_point=DOCK,
        place=STORE,
        transactions=(("prodorder", ORDER), (None, ORDER)),
        sources=(("location", DOCK),),
        destinations=(("https://x.invalid/mine", STORE),),
        ilmd={vocabulary.DYE_LOT: "D9", "urn:epcglobal:cbv:mda:lotNumber": "7"},
        extensions={
            "persistentDisposition": {"set": ["conformant"]},
            vocabulary.OPERATION: "spreading",
            "example:list": [{"https://gs1.org/voc/size": "M"}],
        },
    )


def test_a_transformation_names_what_went_in_and_what_came_out() -> None:
    tree = sent(
        "TransformationEvent",
        inputQuantityList=[{"epcClass": ROLL, "quantity": 12, "uom": "MTR"}],
        outputQuantityList=[{"epcClass": ROLL, "uom": ""}],
        transformationID="urn:x:lay:1",
    )
    event = read_event(tree)
    assert (event.inputs, event.outputs, event.transformation_id, event.action) == (
        (CARTON,),
        (GARMENT,),
        "urn:x:lay:1",
        None,
    )
    assert event.input_quantities == (Quantity(ROLL, Decimal(12), "MTR"),)
    assert event.output_quantities == (Quantity(ROLL),)


def test_an_error_declaration_stands_beside_the_event_it_repeats() -> None:
    declaration = {
        "declarationTime": "2026-03-03T00:00:00Z",
        "reason": "urn:epcglobal:cbv:er:incorrect_data",
        "correctiveEventIDs": ["urn:uuid:1", "urn:uuid:2"],
    }
    assert read_event(sent("ObjectEvent", errorDeclaration=declaration)).error == ErrorDeclaration(
        1_772_496_000_000_000, "incorrect_data", ("urn:uuid:1", "urn:uuid:2")
    )
    bare = {"declarationTime": "2026-03-03T00:00:00Z"}
    assert read_event(sent("ObjectEvent", errorDeclaration=bare)).error == ErrorDeclaration(
        1_772_496_000_000_000
    )


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001+00:00", 1),
        ("1970-01-01T00:00:00.9999999Z", 999_999),
        ("1970-01-01T01:30:00.5+01:30", 500_000),
        ("1969-12-31T23:59:59.5-14:00", 50_399_500_000),
        ("2024-02-29T12:00:00Z", 1_709_208_000_000_000),
    ],
)
def test_times_become_whole_microseconds(text: str, instant: int) -> None:
    assert read_event(sent("ObjectEvent", eventTime=text)).event_time == instant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T09:15:30", "a time like 2026-03-02T09:15:30.250+01:00"),
        ("2026-03-02 09:15:30Z", "a time like 2026-03-02T09:15:30.250+01:00"),
        ("22-07-2026", "a time like 2026-03-02T09:15:30.250+01:00"),
        ("2026-03-02T09:15:30+15:00", "a time like 2026-03-02T09:15:30.250+01:00"),
        ("2026-03-02T09:15:30.Z", "a time like 2026-03-02T09:15:30.250+01:00"),
        ("٢٠٢٦-03-02T09:15:30Z", "a time like 2026-03-02T09:15:30.250+01:00"),
        ("2026-02-30T09:15:30Z", "a time that exists"),
        ("2026-03-02T24:00:00Z", "a time that exists"),
        ("0001-01-01T00:00:00+14:00", "a time between the years 1 and 9999"),
        ("9999-12-31T23:59:59-14:00", "a time between the years 1 and 9999"),
    ],
)
def test_a_time_without_a_place_on_the_line_is_refused(text: str, expected: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        read_event(sent("ObjectEvent", eventTime=text))
    assert str(refusal.value) == (
        f"Cannot read the event's eventTime: expected {expected}, got {text!a}."
    )


@pytest.mark.parametrize(
    "row", tables.rows("refused_events.jsonl"), ids=lambda row: f"{row['type']} {row['says'][:30]}"
)
def test_a_broken_rule_is_named(row: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        read_event(sent(row["type"], **row["members"]))
    assert str(refusal.value) == f"Cannot read the event's {row['says']}."


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="epcList: expected at most 20000 elements, got 20001"):
        read_event(sent("ObjectEvent", epcList=["urn:x:1"] * 20_001))
    with pytest.raises(InvalidEvent, match="eventID: expected at most 512 bytes, got 'urn:x:"):
        read_event(sent("ObjectEvent", eventID="urn:x:" + "é" * 300))
    with pytest.raises(InvalidEvent, match="epcList: expected a URI of at most 1024 characters"):
        read_event(sent("ObjectEvent", epcList=["urn:x:" + "1" * 1019]))


@pytest.mark.parametrize(
    "text",
    [
        *("", "urn:", ":x", "1:x", "x", "urn:x y", "urn:x\u00a0y", "urn:x\u200by", "urn:x\ny"),
        *("urn:<x>", "urn:x\\y", 'urn:"x"', "urn:{x}", "urn:x|y", "urn:x^y", "urn:`x`"),
        *("urn:x\x7f", "é:x"),
    ],
)
@pytest.mark.parametrize("member", ["epcList", "eventID"])
def test_what_cannot_be_in_a_uri_is_refused(member: str, text: str) -> None:
    value = [GARMENT, text, CARTON] if member == "epcList" else text
    with pytest.raises(InvalidEvent, match=f"event's {member}: expected a URI of at most 1024"):
        read_event(sent("ObjectEvent", **{member: value}))


@pytest.mark.parametrize("member", ["bizStep", "epcList", "eventID", "example:x"])
def test_null_is_no_value(member: str) -> None:
    with pytest.raises(InvalidEvent, match=f"event's {member}: expected a value, got 'null'"):
        read_event({**sent("ObjectEvent"), member: None})


@pytest.mark.parametrize("tree", [[], "x", None, 3])
def test_only_an_object_is_an_event(tree: body.Tree) -> None:
    with pytest.raises(InvalidEvent, match="expected an object"):
        read_event(tree)


@pytest.mark.parametrize(
    "amount",
    ["NaN", "12", "1e400", True, Decimal("NaN"), Decimal("Infinity"), -1, Decimal("-0.1"),
     Decimal("0.0000001"), 9_000_000_000_001, [], {}],
)  # fmt: skip
def test_a_quantity_that_cannot_be_kept_exactly_is_refused(amount: Any) -> None:
    elements = [{"epcClass": ROLL, "quantity": amount}]
    with pytest.raises(InvalidEvent, match="event's quantityList quantity: expected a number"):
        read_event(sent("ObjectEvent", quantityList=elements))


@pytest.mark.parametrize(
    "amount", ["0", "0.000001", "1.0000000", "9000000000000", "1E+3", "48.50", "-0"]
)
def test_a_quantity_keeps_its_exact_value(amount: str) -> None:
    elements: list[body.Tree] = [{"epcClass": ROLL, "quantity": Decimal(amount), "uom": "MTR"}]
    event = read_event(sent("ObjectEvent", quantityList=elements))
    assert event.quantities == (Quantity(ROLL, Decimal(amount), "MTR"),)


def test_more_identifiers_than_one_event_may_name_are_refused() -> None:
    many = [f"urn:x:{number}" for number in range(10_001)]
    with pytest.raises(InvalidEvent, match="at most 20000 identifiers together, got 20002"):
        read_event(sent("TransformationEvent", inputEPCList=many, outputEPCList=many))


ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("ObjectEvent", {"epcList": []}),
    ("ObjectEvent", {"epcList": None, "readPoint": {"id": DOCK},
                     "sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": 3}]}]
                     }),
    ("ObjectEvent", {"bizStep": "urn:epcglobal:cbv:bizstep:transforming"}),
    ("ObjectEvent", {"epcList": ["urn:x:衬衫"]}),
    ("ObjectEvent", {"@context": {"gs1": "https://gs1.org/voc/", "mine": "urn:x:"}}),
    ("ObjectEvent", {"certificationInfo": "urn:x:cert"}),
    ("AggregationEvent", {"action": "DELETE", "childEPCs": None}),
    ("AggregationEvent", {"action": "OBSERVE", "parentID": None}),
    ("AssociationEvent", {"action": "DELETE", "childEPCs": []}),
    ("AssociationEvent", {"childEPCs": None, "childQuantityList": [{"epcClass": ROLL}]}),
    ("TransactionEvent", {"action": "DELETE", "epcList": None}),
    ("TransactionEvent", {"parentID": CARTON}),
    ("TransformationEvent", {"outputEPCList": None, "transformationID": "urn:x:1"}),
    ("TransformationEvent", {"ilmd": {"gs1:size": "M"}}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "members"), ALLOWED)
def test_what_we_write_ourselves_reads_as_the_same_event(
    kind: str, members: dict[str, Any]
) -> None:
    tree = sent(kind, **members)
    event = read_event(tree)
    assert read_event(body.parse(body.canonical(event.tree()))) == event
    assert read_event(body.parse(event_body(tree))) == event


def test_the_body_keeps_what_was_sent_without_the_record_time() -> None:
    tree = sent("ObjectEvent", recordTime="2026-03-02T09:15:31Z", bizStep="cbv:BizStep-packing")
    assert event_body(tree).decode() == (
        '{"action":"OBSERVE","bizStep":"cbv:BizStep-packing",'
        f'"epcList":["{GARMENT}"],"eventTime":"2026-03-02T09:15:30.25+01:00",'
        '"eventTimeZoneOffset":"+01:00","type":"ObjectEvent"}'
    )
    assert "recordTime" in tree


def test_a_tie_is_settled_by_the_id_alone() -> None:
    # SHA-256 of "abc" begins with ba7816bf8f01cfea: FIPS 180-4, appendix of examples.
    assert tie("abc") == 0xBA7816BF8F01CFEA - 2**64
    assert -(2**63) <= tie("urn:uuid:1") < 2**63
