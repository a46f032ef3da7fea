"""Text lines of a Fonkan module: tags proven by their own checksum, memory, settings, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from readers.protocols.fonkan_ascii.codec import FonkanCodec, FonkanHostCodec, Frame
from readers.protocols.fonkan_ascii.emulator import FonkanEmulator
from readers.reads import Item, Noise, TagRead
from tests import vectors

EPC = bytes.fromhex("3034257bf7194e4000001a85")
OTHER = bytes.fromhex("3034257bf7194e4000001a86")
MEMORY = "R2,0,2"


@pytest.fixture
def module() -> FonkanEmulator:
    device = FonkanEmulator()
    device.show([EPC])
    return device


def said(device: FonkanEmulator, text: str) -> str:
    return device.receive(Frame(text).encode()).decode()


@pytest.mark.vectors
@pytest.mark.parametrize(
    "row", [r for r in vectors.rows("readers/fonkan_ascii.jsonl") if "cmd" in r["meaning"]]
)
def test_a_command_has_the_name_of_its_row(row: dict[str, Any]) -> None:
    [item] = FonkanHostCodec().receive(bytes.fromhex(row["hex"]))
    assert item.tree()["cmd"] == row["meaning"]["cmd"]


def test_all_tags_are_read_and_asked_for_again(module: FonkanEmulator) -> None:
    module.show([OTHER])
    codec = FonkanCodec()
    items = codec.receive(module.receive(codec.start()))
    assert [item.epc for item in items if isinstance(item, TagRead)] == [EPC, OTHER]
    assert [codec.on_item(item) for item in items] == [b"", b"", codec.start()]


def test_a_module_that_ends_a_round_without_a_word_is_asked_again() -> None:
    codec = FonkanCodec()
    assert codec.keep_going(499) == b""
    assert codec.keep_going(500) == b"\nU\r"


def test_a_quick_read_and_a_slow_one_are_the_same(module: FonkanEmulator) -> None:
    frame = module.receive(b"\nQ\r")
    [fast] = FonkanCodec().receive(frame)
    _, slow = FonkanCodec()._take(frame, 0)
    assert fast == slow
    assert type(fast) is TagRead


def test_the_end_of_one_line_is_not_the_head_of_the_next(module: FonkanEmulator) -> None:
    frame = module.receive(b"\nQ\r")
    items: list[Item] = FonkanCodec().receive(frame[1:] + frame)
    assert [type(item) for item in items] == [Noise, TagRead]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("V", "V3.2.1"),
        ("S", "S07D2A31F"),
        ("N0,00", "N1B"),
        ("N1,10", "N10"),
        ("N4,00", "N05"),
        ("N5,01", "N01"),
        ("N5,63", "X"),
        ("NA,6", "N06"),
        ("Q", "Q30003034257BF7194E4000001A85A3EF"),
        (MEMORY, "RE2801105"),
        ("R1,2,6", "R3034257BF7194E4000001A85"),
        ("R3,60,9", "R3"),
        ("W3,0,2,12345678", "W<OK>"),
        ("W3,0,2,1234", "W0"),
        ("W2,0,1,1234", "W4"),
        ("K00000000,0", "K0"),
        ("Z", "X"),
    ],
)
def test_a_command_is_answered(module: FonkanEmulator, asked: str, told: str) -> None:
    if asked == "Q":
        told = f"Q3000{EPC.hex().upper()}{module.tags.tags()[0].crc:04X}"
    assert said(module, asked) == f"\n{told}\r\n"


def test_what_is_written_is_read_back_and_a_new_epc_answers(module: FonkanEmulator) -> None:
    said(module, "W3,4,1,BEEF")
    assert said(module, "R3,4,1") == "\nRBEEF\r\n"
    said(module, f"W1,2,6,{OTHER.hex()}")
    assert list(module.field) == [OTHER]


def test_a_choice_of_tags_holds_for_one_access(module: FonkanEmulator) -> None:
    module.show([OTHER])
    said(module, f"T1,32,96,{OTHER.hex()}")
    said(module, "W3,0,1,0001")
    assert [tag.read(3, 0, 1) for tag in module.tags.tags()] == [bytes(2), b"\x00\x01"]


def test_a_locked_bank_needs_the_password(module: FonkanEmulator) -> None:
    assert said(module, "W0,2,2,11223344") == "\nW<OK>\r\n"
    said(module, "P11223344")
    assert said(module, "L003,002") == "\nL<OK>\r\n"
    assert said(module, "W3,0,1,0001") == "\nW4\r\n"
    said(module, "P11223344")
    assert said(module, "W3,0,1,0001") == "\nW<OK>\r\n"


def test_an_empty_field_answers_with_the_letter_alone() -> None:
    assert [said(FonkanEmulator(), text) for text in ("Q", "U", MEMORY)] == [
        "\nQ\r\n", "\nU\r\n", "\nR\r\n",
    ]  # fmt: skip
