"""A reader that answers and hears nothing: what to look at, the likeliest first."""

from __future__ import annotations

import pytest

from readers.diagnosis import Hint, complaint_of, deaf, oddities
from readers.inquiry import About
from readers.protocols.alien_ascii.codec import AlienCodec
from readers.protocols.chafon_uhfreader.codec import Frame as ChafonFrame
from readers.protocols.chafon_uhfreader.codec import UHFReaderCodec
from readers.protocols.r2000_a0.codec import Frame, R2000Codec
from readers.protocols.thingmagic.codec import Frame as ModuleFrame
from readers.protocols.thingmagic.codec import ThingMagicCodec
from readers.reads import Item, Reply


def said(codec: object, data: bytes) -> list[Hint]:
    items: list[Item] = codec.receive(data)  # type: ignore[attr-defined]  # any protocol's
    return [hint for item in items if (hint := complaint_of(item)) is not None]


@pytest.mark.parametrize(
    ("codec", "data", "hints"),
    [
        (R2000Codec(), Frame(1, 0x8B, b"\x22").encode(), [("antenna", "0x22 antenna missing")]),
        (R2000Codec(), Frame(1, 0x8B, b"\x36").encode(), []),
        (AlienCodec(), b"Error 101: Invalid user or password.\r\n",
         [("password", "101 Invalid user or password.")]),
        (ThingMagicCodec(), ModuleFrame(0x22, b"", 0x0505).encode(),
         [("antenna", "0x0505 high return loss")]),
    ],
)  # fmt: skip
def test_a_complaint_is_known_by_what_the_reader_says(
    codec: object, data: bytes, hints: list[tuple[str, str]]
) -> None:
    found = said(codec, data)
    assert [(hint.kind, hint.detail) for hint in found] == hints


def test_an_empty_field_is_no_complaint() -> None:
    assert said(UHFReaderCodec(), ChafonFrame(0, 1, b"\xfb").encode()) == []
    assert complaint_of(Reply(1, "round", {"code": "0x15 no tag or wrong CRC"}, 0x15)) is None


def test_what_to_look_at_comes_in_the_order_of_what_is_likely() -> None:
    about = About(region="us", power_dbm=(5.0, 10.0), no_antenna=(3,))
    antenna = Hint("antenna", "0x22 antenna missing")
    assert [hint.sentence for hint in deaf(about, [antenna, antenna])] == [
        (
            "It says that an antenna is missing or broken (0x22 antenna missing): screw the cable"
            " on, and try another one."
        ),
        "It sends with 10 dBm, which reaches a hand: 20 to 30 dBm reach a gate.",
        "Nothing is connected to antenna 3.",
        "Hold a UHF tag a hand's width before the antenna, not on metal and not in the hand.",
        (
            "It is set to region US: tags answer only there where it may send, and it may send only"
            " where that is your country."
        ),
    ]
    assert deaf(About()) == (Hint("tag"),)


def test_what_is_usual_is_not_worth_a_word() -> None:
    assert oddities(About(power_dbm=(30.0,)), address=0xFF) == ()
