"""What is special about TSL readers: lines, answers nobody asked for, damage to one tag alone."""

from __future__ import annotations

import pytest

from readers.protocols.tsl_ascii2.codec import ANSWER_SIZE_MAX, Frame, TslCodec
from readers.protocols.tsl_ascii2.emulator import TslEmulator
from readers.reads import Command, Item, Noise, Reply, Scan, TagRead

A, B = "3034257BF7194E4000001A85", "3034257BF7194E4000001A86"
TWO = (("EP", A), ("RI", "-61"), ("EP", B), ("RI", "-48"))


def tags(items: list[Item]) -> list[tuple[str, float | None]]:
    return [(item.epc.hex().upper(), item.rssi_dbm) for item in items if isinstance(item, TagRead)]


def test_an_answer_gives_its_tags_and_its_end() -> None:
    wire = Frame(".iv", TWO).encode()
    items = TslCodec().receive(wire)
    assert tags(items) == [(A, -61), (B, -48)]
    end = items[-1]
    assert isinstance(end, Reply)
    assert end.tree() == {
        "type": "reply", "cmd": ".iv inventory", "kind": "inventory", "command": ".iv",
        "end": "OK", "frame": wire.hex(),
    }  # fmt: skip
    assert all(item.frame is end.frame for item in items if isinstance(item, TagRead))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((("IX", "0001"), ("EP", A), ("IX", "0002"), ("EP", B)), [(A, None), (B, None)]),
        ((("EP", A), ("RI", "-61"), ("EP", "30ZZ"), ("RI", "-48")), [(A, -61)]),
        ((("EP", A), ("RI", "x"), ("EP", B), ("RI", "-48")), [(A, None), (B, -48)]),
        ((("EP", "30Z"), ("RI", "-61"), ("EP", B), ("RI", "-48")), [(B, -48)]),
    ],
)
def test_a_damaged_line_costs_its_tag_alone_and_lends_it_no_other_ones_signal(
    lines: tuple[tuple[str, str], ...], expected: list[tuple[str, float | None]]
) -> None:
    assert tags(TslCodec().receive(Frame(".iv", lines).encode())) == expected


def test_a_refusal_says_why() -> None:
    [item] = TslCodec().receive(Frame(".iv", (), "ER: 005").encode())
    assert isinstance(item, Reply)
    assert (item.error, item.fields["code"]) == (5, "005 no transponder found")


def test_a_barcode_is_a_scan() -> None:
    wire = TslEmulator().scan("5901234123457").frame
    scan, _ = TslCodec().receive(wire)
    assert scan == Scan("5901234123457", None, wire)


def test_an_answer_whose_end_was_lost_still_gives_its_tags() -> None:
    whole = Frame(".iv", TWO).encode()
    cut = whole[: whole.index(b"OK:")]
    codec = TslCodec()
    assert codec.receive(cut) == []
    assert codec.has_begun
    assert tags(codec.idle(5000)) == [(A, -61), (B, -48)]
    assert tags(TslCodec().receive(cut + whole)) == 2 * [(A, -61), (B, -48)]
    assert tags(TslCodec().receive(whole[:-2] + whole)) == 2 * [(A, -61), (B, -48)]


def test_noise_before_an_answer_costs_nothing() -> None:
    whole = Frame(".iv", TWO).encode()
    noise, *items = TslCodec().receive(b"\xfe\x00E" + whole)
    assert noise == Noise(b"\xfe\x00E", "no answer begins here")
    assert tags(items) == [(A, -61), (B, -48)]


def test_lines_and_answers_have_a_limit() -> None:
    codec = TslCodec()
    assert sum(len(item.data) for item in codec.receive(b"x" * 5000) if isinstance(item, Noise))
    endless = b"CS: .iv\r\n" + f"EP: {A}\r\n".encode() * (ANSWER_SIZE_MAX // 30 + 9)
    assert len(tags(TslCodec().receive(endless))) > 8000


def test_the_trigger_is_heard_and_the_strongest_tag_found() -> None:
    sled = TslEmulator()
    sled.show([bytes.fromhex(A)], rssi_dbm=-70)
    sled.show([bytes.fromhex(B)], rssi_dbm=-40)
    pulled = TslCodec().receive(b"".join(sent.frame for sent in sled.pull_trigger()))
    nearest = TslCodec().receive(sled.receive(b".iv -al on -fs on\r\n"))
    data = TslCodec().receive(sled.receive(b".rd -db tid\r\n"))
    assert tags(pulled) == [(A, -70), (B, -40)]
    assert tags(nearest) == [(B, -40)]
    assert data[0].tree()["data"] == "e2801105" + "00000000"
    assert TslCodec().receive(sled.receive(b".zz\r\n"))[0].tree()["code_number"] == 1


def test_one_answer_is_followed_by_one_question() -> None:
    items = TslCodec().receive(Frame(".iv", TWO).encode())
    codec = TslCodec()
    assert b"".join(codec.on_item(item) for item in items) == b".iv\r\n"
    assert codec.keep_going(1999) == b""
    assert codec.keep_going(2000) == b".iv\r\n"


def test_a_command_behind_junk_is_heard() -> None:
    from readers.protocols.tsl_ascii2.codec import TslHostCodec

    noise, command = TslHostCodec().receive(b"\xbb\x00\x03~.iv -fs on\r\n")
    assert isinstance(noise, Noise)
    assert isinstance(command, Command)
    assert (command.name, command.data) == (".iv inventory", b"-fs on")
