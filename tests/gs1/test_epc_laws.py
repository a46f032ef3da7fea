"""Laws of tags: writing and reading are inverse, no idle bit may be set, nothing breaks them."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.gs1.values import values
from traceability.gs1 import InvalidIdentifier, identify_epc, key_of_epc
from traceability.gs1.application_identifiers import AIS, check_together
from traceability.gs1.bit_fields import bit_fields
from traceability.gs1.components import SET_39, SET_82
from traceability.gs1.epc_bits import EpcTag, decode_bits, encode_bits, encode_tag
from traceability.gs1.epc_cursor import BitFault, Cursor
from traceability.gs1.epc_plus import DATE_AIS
from traceability.gs1.epc_schemes import BY_HEADER, PLUS_SCHEMES, SCHEMES, Scheme
from traceability.gs1.epc_text import read_text
from traceability.gs1.epc_uri import URI_SCHEMES
from traceability.gs1.epc_values import read_value, write_value
from traceability.gs1.identity import Elements
from traceability.gs1.key import key_of, uri_of

TOO_MUCH = re.compile(r"at most 496 bits|reads as filling zeros")
CAGE = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
ADI = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-/"
labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
endings = st.sampled_from(["com", "de", "com.br", "tech", "example", "co.uk", "zw", "net.cn"])
hosts = st.tuples(st.sampled_from(["", "id.", "www.", "qr.", "a-b."]), labels, endings).map(
    lambda words: f"{words[0]}{words[1]}.{words[2]}"
)


def other_parts(draw: st.DrawFn, scheme: Scheme) -> EpcTag:
    """Draw a GID, USDOD or ADI tag."""
    cage = draw(st.text(CAGE, min_size=5, max_size=6))
    if scheme.uri == "gid":
        parts = tuple(str(draw(st.integers(0, 2**width - 1))) for width in (28, 24, 36))
        return EpcTag(scheme, None, parts)
    if scheme.uri == "usdod":
        number = str(draw(st.integers(0, 2**36 - 1)))
        return EpcTag(scheme, draw(st.integers(0, 15)), (cage, number))
    serial = draw(st.sampled_from(["", "#"])) + draw(st.text(ADI, min_size=1, max_size=29))
    part = draw(st.text(ADI, max_size=32))
    return EpcTag(scheme, draw(st.integers(0, 63)), (cage, part, serial))


@st.composite
def classic_tags(draw: st.DrawFn, scheme: Scheme) -> EpcTag:
    """Draw any legal tag of a classic scheme."""
    if not scheme.is_partitioned:
        return other_parts(draw, scheme)
    partition = draw(st.integers(0, 6))
    length = 12 - partition
    size, width = scheme.reference[partition]
    company = f"{draw(st.integers(0, 10**length - 1)):0{length}d}"
    if scheme.reference_form == "text6":
        reference = draw(st.text(SET_39, min_size=1, max_size=size))
    elif scheme.reference_form == "text7":
        reference = draw(st.text(SET_82, min_size=1, max_size=size))
    elif scheme.reference_form == "number":
        reference = str(draw(st.integers(0, min(10**size, 2**width) - 1)))
    else:
        reference = f"{draw(st.integers(0, 10**size - 1)):0{size}d}" if size else ""
    parts = [company, reference]
    for form, width in scheme.tail:
        if form == "number":
            limit = 10**12 if scheme.uri == "cpi" else 2**width
            parts.append(str(draw(st.integers(0, min(limit, 2**width) - 1))))
        elif form == "digits2":
            parts.append(f"{draw(st.integers(0, 99)):02d}")
        elif form == "marked":
            digits = len(str(1 << width)) - 1
            parts.append(draw(st.text("0123456789", min_size=1, max_size=digits)))
        elif form == "text7":
            parts.append(draw(st.text(SET_82, min_size=1, max_size=width // 7)))
    return EpcTag(scheme, draw(st.integers(0, 7)), tuple(parts))


def whole(ai: str) -> st.SearchStrategy[str]:
    """Draw values with the serial that an EPC must have."""
    least = {"253": 14, "255": 14, "8003": 15}.get(ai, 1)
    return values(ai).filter(lambda value: len(value) >= least)


@st.composite
def plus_tags(draw: st.DrawFn, scheme: Scheme, ais: tuple[str, ...] = ()) -> EpcTag:
    """Draw any legal tag of a ``+`` scheme, with these AIs behind it."""
    elements: list[tuple[str, str]] = [(ai, draw(whole(ai))) for ai in scheme.carries]
    if scheme.has_date:
        ai = draw(st.sampled_from(DATE_AIS))
        elements.append((ai, draw(values("7006" if ai == "7007" else ai))))
    said = tuple(element for element in elements if element != ("254", "0"))
    extra = tuple((ai, draw(values(ai))) for ai in ais if ai not in dict(elements))
    try:
        check_together(said + extra, requisites=False)
    except InvalidIdentifier:
        assume(False)
    host = draw(hosts) if scheme.has_host else None
    return EpcTag(scheme, draw(st.integers(0, 7)), (), said, host, extra)


def written(tag: EpcTag) -> bytes:
    """Write a tag by the door of its kind."""
    if tag.scheme.carries:
        elements = tag.elements
        return encode_tag(tag.scheme.name, tag.filter, elements, host=tag.host, extra=tag.extra)
    return encode_bits(tag.scheme.name, tag.filter, tag.parts)


def read(epc: bytes) -> EpcTag:
    """Read a bank of whole bytes."""
    return decode_bits(int.from_bytes(epc), 8 * len(epc))


def flipped(epc: bytes, bit: int) -> bytes:
    """Return the bank with one bit changed, counted from the first."""
    return (int.from_bytes(epc) ^ 1 << (8 * len(epc) - 1 - bit)).to_bytes(len(epc))


def drawn(scheme: Scheme) -> st.SearchStrategy[EpcTag]:
    """Draw tags of any scheme."""
    return plus_tags(scheme) if scheme.carries else classic_tags(scheme)


EVERY = pytest.mark.parametrize("scheme", [*SCHEMES, *PLUS_SCHEMES], ids=lambda s: s.name)


@EVERY
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_reading_undoes_writing_and_writing_undoes_reading(
    scheme: Scheme, data: st.DataObject
) -> None:
    tag = data.draw(drawn(scheme))
    epc = written(tag)
    assert read(epc) == tag
    assert written(read(epc)) == epc
    assert len(epc) % 2 == 0


@EVERY
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_single_reserved_or_filling_bit_is_refused_and_pointed_at(
    scheme: Scheme, data: st.DataObject
) -> None:
    epc = written(data.draw(drawn(scheme)))
    fields = bit_fields(int.from_bytes(epc), 8 * len(epc))
    idle = [
        bit
        for field in fields
        if field.name in ("reserved", "padding", "end of text")
        for bit in range(field.start, field.start + field.length)
    ]
    # The first seven bits of a text's filling are its next character: legal if it is one. The
    # mark at the end of a six-bit text likewise.
    for bit in idle[:8] + idle[-8:]:
        wrong = flipped(epc, bit)
        try:
            read(wrong)
        except BitFault as fault:
            marked = [
                field
                for field in bit_fields(int.from_bytes(wrong), 8 * len(wrong))
                if str(fault) == field.note
            ]
            assert len(marked) == 1
            continue
        field = next(f for f in fields if f.start <= bit < f.start + f.length)
        assert field.name == "end of text" or bit < field.start + 7
        assert scheme.reference_form == "text7" or ("text7" in dict(scheme.tail)) or not scheme.bits


@EVERY
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_fields_cover_every_bit_once(scheme: Scheme, data: st.DataObject) -> None:
    epc = written(data.draw(drawn(scheme)))
    value, bits = int.from_bytes(epc), 8 * len(epc)
    fields = bit_fields(value, bits)
    again = "".join(f"{field.raw:0{field.length}b}" for field in fields)
    assert (len(again), int(again, 2)) == (bits, value)
    assert [field.start for field in fields[1:]] == [f.start + f.length for f in fields[:-1]]
    assert fields[0].value == scheme.name
    assert not any("Cannot" in field.note for field in fields)


@EVERY
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_tag_has_one_key_in_all_spellings(scheme: Scheme, data: st.DataObject) -> None:
    epc = written(data.draw(drawn(scheme)))
    found = identify_epc(epc)
    assert found.key is not None
    assert found.kind != "raw"
    spellings = {found.epc_uri, found.tag_uri, found.digital_link, found.id} - {None}
    assert {key_of(text) for text in spellings if text} == {found.key} == {key_of_epc(epc)}
    assert key_of(uri_of(found.key)) == found.key


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_data_behind_a_tag_come_back_and_never_change_which_thing_it_is(
    data: st.DataObject,
) -> None:
    ais = data.draw(st.lists(st.sampled_from(sorted(AIS)), max_size=3, unique=True))
    scheme = BY_HEADER[data.draw(st.sampled_from([0xF7, 0xFD, 0xF9, 0xFA, 0xF1]))]
    tag = data.draw(plus_tags(scheme, tuple(ais)))
    bare = EpcTag(tag.scheme, tag.filter, (), tag.values, tag.host)
    try:
        epc = written(tag)
    except InvalidIdentifier as error:
        assert TOO_MUCH.search(str(error))  # noqa: PT017
        return
    assert read(epc) == tag
    assert key_of_epc(epc) == key_of_epc(written(bare))


@pytest.mark.parametrize("ai", sorted(AIS))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_value_of_every_ai_comes_back(ai: str, data: st.DataObject) -> None:
    value = data.draw(values(ai))
    bits = write_value(ai, value)
    cursor = Cursor(*bits)
    assert (read_value(cursor, ai), cursor.left) == (value, 0)
    with pytest.raises(BitFault):
        read_value(Cursor(bits[0] >> 1, bits[1] - 1), ai)


@given(st.integers(0, 7), st.integers(0, 31), st.binary(min_size=40, max_size=40))
def test_a_text_by_any_method_is_read_or_refused(method: int, length: int, body: bytes) -> None:
    cursor = Cursor((method << 5 | length) << 320 | int.from_bytes(body), 328)
    try:
        text = read_text(cursor, "(21)", 20)
    except BitFault as fault:
        assert 0 <= fault.bit <= 328  # noqa: PT017
        return
    assert (method < 6, len(text)) == (True, length)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(BY_HEADER)), st.binary(max_size=70))
@example(0xF7, bytes.fromhex("3095060001343520"))
@example(0x3D, b"\xff" * 60)
def test_no_bits_whatsoever_break_the_reader(header: int, body: bytes) -> None:
    for epc in (bytes([header]) + body, body):
        bits = 8 * len(epc)
        fields = bit_fields(int.from_bytes(epc), bits)
        assert sum(field.length for field in fields) == bits
        try:
            tag = read(epc)
        except BitFault as fault:
            assert 0 <= fault.bit <= bits  # noqa: PT017
            assert identify_epc(epc).kind == "raw"
            continue
        assert read(written_again(tag)) == tag


def written_again(tag: EpcTag) -> bytes:
    """Write what was read; a value that only reading allows is written without its data."""
    try:
        return written(tag)
    except InvalidIdentifier as error:
        assert "check digit" in str(error)  # noqa: PT017
        pytest.skip("a wrong check digit behind the EPC is read but not written")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_one_flipped_bit_gives_another_tag_or_none_but_never_an_error(
    data: st.DataObject,
) -> None:
    scheme = data.draw(st.sampled_from((*SCHEMES, *PLUS_SCHEMES)))
    epc = written(data.draw(drawn(scheme)))
    wrong = flipped(epc, data.draw(st.integers(0, 8 * len(epc) - 1)))
    try:
        tag = read(wrong)
    except BitFault:
        assert identify_epc(wrong).kind == "raw"
    else:
        assert identify_epc(wrong).scheme == tag.scheme.name


@given(st.data(), st.integers(6, 12))
def test_the_one_door_writes_what_the_parts_write(data: st.DataObject, digits: int) -> None:
    scheme = data.draw(st.sampled_from([s for s in SCHEMES if s.uri in URI_SCHEMES]))
    tag = data.draw(classic_tags(scheme))
    elements: Elements = tag.elements
    assume(all(legal(ai, value) for ai, value in elements))
    epc = encode_tag(scheme.name, tag.filter, elements, company_digits=len(tag.parts[0]))
    assert epc == written(tag)
    try:
        other = encode_tag(scheme.name, tag.filter, elements, company_digits=digits)
    except InvalidIdentifier:
        return
    assert identify_epc(other).key == identify_epc(epc).key


def legal(ai: str, value: str) -> bool:
    """Tell whether an AI can carry a value; bits of a classic scheme can say more."""
    try:
        AIS[ai].check(value, but=frozenset({"pieces", "nozero"}))
    except InvalidIdentifier:
        return False
    return True
