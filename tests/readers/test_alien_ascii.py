"""What is special about Alien readers: NULs, prompts, a login, two forms of a tag line."""

from __future__ import annotations

import time

import pytest

from readers.emulated.emulation import EmulatedReader
from readers.probe import Found, probe
from readers.protocols.alien_ascii.codec import AlienCodec
from readers.protocols.alien_ascii.emulator import AlienEmulator
from readers.reads import Item, Noise, Reply, TagRead
from readers.session import Session
from tests import vectors

EPC = bytes.fromhex("3034257bf7194e4000001a85")
LINE = b"3034257BF7194E4000001A85;1;2;0;-40.3;9\r\n"


def epcs(items: list[Item]) -> list[bytes]:
    return [item.epc for item in items if isinstance(item, TagRead)]


@pytest.mark.parametrize("cut", range(len(LINE) + 3))
def test_nuls_part_messages_and_belong_to_none(cut: int) -> None:
    wire, codec = b"\x00" + LINE + b"\x00" + LINE, AlienCodec()
    items = codec.receive(wire[:cut]) + codec.receive(wire[cut:]) + codec.flush()
    assert [item.frame for item in items if isinstance(item, TagRead)] == [LINE, LINE]
    assert len(items) == 2


def test_noise_before_a_tag_costs_nothing_and_makes_no_other_tag() -> None:
    noise, read = AlienCodec().receive(b"\xff\x00\xfe" + LINE)[-2:]
    assert noise == Noise(b"\xfe", "no line begins here")
    assert epcs([read]) == [EPC]
    assert epcs(AlienCodec().receive(b"~ z" + LINE)) == [EPC]
    for digits in (b"7", b"7A", b"7AB"):
        assert epcs(AlienCodec().receive(digits + LINE)) == []


def test_both_forms_of_a_list_are_read() -> None:
    reader = AlienEmulator()
    reader.show([EPC], antenna=2, rssi_dbm=-48)
    custom = AlienCodec().receive(reader.receive(b"\x01get TagList\r\n"))[0].tree()
    reader.receive(b"\x01TagListFormat = Text\r\n")
    text = AlienCodec().receive(reader.receive(b"\x01t\r\n"))[0].tree()
    assert (custom["epc"], custom["antenna"], custom["rssi_dbm"]) == (EPC.hex(), 2, -48.0)
    assert (text["epc"], text["antenna"], text["rssi_dbm"]) == (EPC.hex(), 2, None)
    assert text["read_count"] == 2
    reader.hide()
    [nothing] = AlienCodec().receive(reader.receive(b"get taglist\r\n"))[:1]
    assert nothing.tree()["kind"] == "no tags"


def test_without_soh_a_prompt_follows() -> None:
    items = AlienCodec().receive(AlienEmulator().receive(b"ReaderName?\r\nset AcqG2Q=4\r\nFoo\r\n"))
    assert [item.tree()["kind"] for item in items] == [
        "value", "prompt", "value", "prompt", "error", "prompt",
    ]  # fmt: skip


def test_a_reader_on_the_network_lets_in_who_knows_the_word() -> None:
    reader, codec = AlienEmulator(asks_who=True), AlienCodec()
    reader.show([EPC])
    wire = b"".join(sent.frame for sent in reader.connect())
    kinds, seen = [], []
    for _ in range(4):
        items = codec.receive(wire)
        kinds += [item.fields["kind"] for item in items if isinstance(item, Reply)]
        seen += epcs(items)
        wire = reader.receive(b"".join(map(codec.on_item, items)) or codec.keep_going(100))
    assert kinds == ["banner", "banner", "banner", "login", "login", "prompt"]
    assert seen == [EPC]

    stranger = AlienCodec(password="wrong")
    reader.connect()
    said = reader.receive(b"alien\r\nwrong\r\n")
    assert [item.tree()["kind"] for item in stranger.receive(said)] == ["login", "error", "login"]


def test_a_reader_that_asks_who_is_there_is_recognised_and_read() -> None:
    reader = EmulatedReader(
        "gate", "alien_ascii", port="tcp", emulator=AlienEmulator(asks_who=True)
    )
    reader.show([EPC])
    found = probe(reader.url)
    session = Session("gate", "alien_ascii", reader.url)
    session.start()
    deadline = time.monotonic() + 10
    while not session.counters.tag_reads and time.monotonic() < deadline:
        session.take(0.05)
    session.stop()
    reader.stop()
    assert isinstance(found, Found)
    assert found.protocol == "alien_ascii"
    assert session.counters.tag_reads > 0


def test_a_letter_between_nuls_is_no_command() -> None:
    assert AlienEmulator().receive(b"\xcf\xff\x00p\x00$\x15") == b""


def test_a_line_has_a_limit() -> None:
    codec = AlienCodec()
    items = codec.receive(b"x" * 5000) + codec.flush()
    assert sum(len(item.data) for item in items if isinstance(item, Noise)) == 5000


@pytest.mark.vectors
def test_the_emulator_answers_as_the_real_reader_did() -> None:
    rows = [row for row in vectors.rows("readers/alien_ascii.jsonl") if "reply" in row["meaning"]]
    for row in rows:
        told = AlienEmulator().receive(bytes.fromhex(row["hex"]))
        assert told == row["meaning"]["reply"].encode() + b"\r\n\x00"
    assert len(rows) == 5
