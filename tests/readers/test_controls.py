"""What a reader is told, it does; what a tag is told is read back, and no other tag is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from readers.codec import Emulator
from readers.control.controls import Controls
from readers.control.talk import Conversation, Talk
from readers.control.writing import Selection, Tag, refuse_twins
from readers.emulated.tag_memory import RESERVED, EmulatedTag, Population
from readers.protocols.alien_ascii.emulator import AlienEmulator
from readers.protocols.chafon_uhfreader.emulator import UHFReaderEmulator
from readers.protocols.llrp.emulator import LlrpEmulator
from readers.reads import ReaderError, Written
from readers.registry import PROTOCOLS

CONTROLLED = [name for name, entry in PROTOCOLS.items() if entry.controls is not None]
WRITING = [
    name
    for name in CONTROLLED
    if type(PROTOCOLS[name].controls()).write is not Controls.write  # type: ignore[misc]
]
OTHER_MODELS: dict[str, Callable[[], Emulator]] = {
    "chafon_uhfreader 18": lambda: UHFReaderEmulator(layout="18"),
}
"""Protocol and model → the emulator of one that is controlled in another way."""
NOT_FOR_EVER = ("alien_ascii",)
"""How their readers lock for ever and kill is not proven."""
ONE, OTHER = bytes.fromhex("3034257bf7194e4000000001"), bytes.fromhex("3034257bf7194e4000000002")
NEW = bytes.fromhex("3074257bf7194e40000000030000aabb")
KEY, WRONG, KILL = 0x11223344, 0x55667788, 0x0A0B0C0D


class Bench:
    """A reader on the table: conversations in the time that they take, without a wire."""

    def __init__(self, name: str, emulator: Emulator | None = None) -> None:
        self.protocol = name.partition(" ")[0]
        entry = PROTOCOLS[self.protocol]
        assert entry.controls is not None
        self.emulator = emulator or OTHER_MODELS.get(name, entry.emulator)()
        self.controls = entry.controls()
        self.codec = entry.codec()
        self.emulator.show([ONE, OTHER])

    @property
    def tags(self) -> list[EmulatedTag]:
        tags = self.emulator.tags  # type: ignore[attr-defined]
        assert isinstance(tags, Population)
        return tags.tags()

    def tag(self, epc: bytes) -> EmulatedTag:
        [tag] = [each for each in self.tags if each.epc == epc]
        return tag

    def tid(self, epc: bytes) -> bytes:
        return bytes(self.tag(epc).banks[2])

    def do(self, talk: Talk[Any]) -> Any:  # Any: whatever the conversation ends with
        one = Conversation(talk)
        now = 0.0
        heard = self.codec.receive(b"".join(sent.frame for sent in self.emulator.connect()))
        self.say(self.codec.pause())
        sent = one.begin(now)
        while not one.is_over:
            now += 0.05
            told = b"".join(self.say(self.codec.receipt(item)) for item in heard)
            heard = self.codec.receive(told + self.say(sent) + self.tick())
            sent = one.hear(heard, now)
        return one.result

    def say(self, data: bytes) -> bytes:
        return self.emulator.receive(data) if data else b""

    def tick(self) -> bytes:
        return b"".join(sent.frame for sent in self.emulator.tick())


@pytest.fixture(params=[*CONTROLLED, *OTHER_MODELS])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param)


@pytest.fixture(params=[*WRITING, *OTHER_MODELS])
def writer(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param)


def refused(bench: Bench, talk: Callable[[], Talk[Any]]) -> str:
    """Return the sentence in which something is refused."""
    with pytest.raises(ReaderError) as raised:
        bench.do(talk())
    return str(raised.value)


def can(bench: Bench, name: str) -> bool:
    return getattr(type(bench.controls), name) is not getattr(Controls, name)


def test_power_is_set_and_put_back(bench: Bench) -> None:
    if not can(bench, "set_power"):
        sentence = refused(bench, lambda: bench.controls.set_power((20.0,)))
        assert sentence.startswith(f"{bench.controls.name} cannot ")
        return
    before = bench.do(bench.controls.settings())
    assert before.power_dbm
    bench.do(bench.controls.set_power((20.0,)))
    changed = bench.do(bench.controls.settings())
    assert set(changed.power_dbm) == {20.0} != set(before.power_dbm)
    bench.do(bench.controls.restore(before))
    assert bench.do(bench.controls.settings()) == before
    assert refused(bench, lambda: bench.controls.set_power((90.0,)))
    assert bench.do(bench.controls.settings()) == before


def test_whatever_a_reader_cannot_is_refused_in_its_name(bench: Bench) -> None:
    talks: dict[str, Callable[[], Talk[Any]]] = {
        "settings": bench.controls.settings,
        "set_region": lambda: bench.controls.set_region("moon"),
        "set_antennas": lambda: bench.controls.set_antennas(()),
        "set_session": lambda: bench.controls.set_session(9),
        "beep": bench.controls.beep,
        "outputs": lambda: bench.controls.outputs({99: True}),
        "inputs": bench.controls.inputs,
    }
    for name, talk in talks.items():
        if can(bench, name) and name in ("settings", "beep", "inputs"):
            bench.do(talk())
        else:
            assert refused(bench, talk).startswith(f"{bench.controls.name} cannot "), name


def test_tags_tell_the_numbers_of_their_chips(writer: Bench) -> None:
    told = writer.do(writer.controls.tags())
    assert {tag.tid: tag.epc for tag in told} == {writer.tid(ONE): ONE, writer.tid(OTHER): OTHER}


def test_an_epc_is_written_to_the_one_tag_that_has_the_tid(writer: Bench) -> None:
    tag, other = writer.tag(ONE), bytes(writer.tag(OTHER).banks[1])
    tag.banks[1][2] |= 0x01  # a bit of the PC word that is not its length
    tid = writer.tid(ONE)

    written = writer.do(writer.controls.write_epc(tid, NEW))

    assert written == Written("epc", tid, 0x3100, ONE, 0x4100, NEW)
    assert (tag.pc, tag.epc, bytes(writer.tag(OTHER).banks[1])) == (b"\x41\x00", NEW, other)
    assert {each.epc for each in writer.do(writer.controls.tags())} == {NEW, OTHER}


def test_a_shorter_epc_is_written_too(writer: Bench) -> None:
    tid = writer.tid(OTHER)
    written = writer.do(writer.controls.write_epc(tid, NEW[:8]))
    assert (written.after_pc, written.after_epc) == (0x2000, NEW[:8])
    assert writer.do(writer.controls.read_tag(Selection(epc=NEW[:8]), 2, 0, 6)) == tid


def test_nothing_is_written_while_more_than_one_tag_answers(writer: Bench) -> None:
    before = [bytes(tag.banks[1]) for tag in writer.tags]
    controls, tid = writer.controls, writer.tid(ONE)
    writer.tag(OTHER).banks[2][:] = tid
    assert "2 tags " in refused(writer, lambda: controls.write_epc(tid, NEW))
    assert [bytes(tag.banks[1]) for tag in writer.tags] == before


@pytest.mark.parametrize(
    ("tid", "epc", "said"),
    [
        ("e280110500000000000000ff", NEW, "No tag answers to TID E280110500000000000000FF"),
        ("", OTHER, "another tag in the field has it already"),
        ("", b"\x01", "expected 1 to 31 words of 16 bits, got 1 bytes"),
    ],
)
def test_what_cannot_be_written_is_said(writer: Bench, tid: str, epc: bytes, said: str) -> None:
    number = bytes.fromhex(tid) or writer.tid(ONE)
    assert said in refused(writer, lambda: writer.controls.write_epc(number, epc))
    assert {tag.epc for tag in writer.tags} == {ONE, OTHER}


def test_a_password_a_lock_and_the_wrong_password(writer: Bench) -> None:
    controls, tid, tag = writer.controls, writer.tid(ONE), writer.tag(ONE)
    assert "access password" in refused(writer, lambda: controls.lock(tid, ("epc",), 0))
    writer.do(controls.write_password(tid, "access password", KEY))
    assert bytes(tag.banks[RESERVED][4:]) == KEY.to_bytes(4, "big")
    assert refused(writer, lambda: controls.lock(tid, ("epc",), WRONG))
    assert writer.do(controls.lock(tid, ("epc", "user"), KEY)).areas == ("epc", "user")
    assert tag.locks == 0b0000100010
    for key in (0, WRONG):
        assert refused(writer, lambda key=key: controls.write_epc(tid, NEW, key))  # type: ignore[misc]
    assert tag.epc == ONE
    assert writer.do(controls.write_epc(tid, NEW, KEY)).after_epc == NEW
    writer.do(controls.unlock(tid, ("epc",), KEY))
    assert writer.do(controls.write_epc(tid, ONE)).after_epc == ONE
    if writer.protocol in NOT_FOR_EVER:
        said = refused(writer, lambda: controls.lock(tid, ("epc",), KEY, permanently=True))
        assert said.startswith(f"{controls.name} cannot lock for ever")
    else:
        assert writer.do(controls.lock(tid, ("epc",), KEY, permanently=True)).is_for_ever
        assert refused(writer, lambda: controls.write_epc(tid, NEW, KEY))
    assert writer.tag(OTHER).locks == 0


def test_only_who_says_surely_kills(writer: Bench) -> None:
    controls, tid, tag = writer.controls, writer.tid(ONE), writer.tag(ONE)
    writer.do(controls.write_password(tid, "kill password", KILL))
    assert "surely" in refused(writer, lambda: controls.kill(tid, KILL))
    assert refused(writer, lambda: controls.kill(tid, WRONG, surely=True))
    assert not tag.is_killed
    if writer.protocol in NOT_FOR_EVER:
        said = refused(writer, lambda: controls.kill(tid, KILL, surely=True))
        assert said.startswith(f"{controls.name} cannot kill")
        assert not tag.is_killed
        return
    killed = writer.do(controls.kill(tid, KILL, surely=True))
    assert killed == Written("kill", tid, 0x3000, ONE, None, b"", is_for_ever=True)
    assert [each.epc for each in writer.tags] == [OTHER]


class Steps(Controls):
    """A reader whose answers get lost, or who says "done" and does nothing."""

    name = "A bad reader"

    def __init__(self, *, is_stored: bool, is_said: bool, leaves: bool = False) -> None:
        self.tag = EmulatedTag(ONE)
        self.is_stored, self.is_said, self.leaves = is_stored, is_said, leaves

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        yield from ()
        tid = bytes(self.tag.banks[2])
        found = Tag(self.tag.epc, int.from_bytes(self.tag.pc, "big"), tid)
        return (found,) if selection.tid in (b"", tid) and not self.tag.is_killed else ()

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        yield from ()
        return self.tag.read(bank, address, words) or b""

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        yield from ()
        self.tag.is_killed = self.leaves
        if self.is_stored:
            self.tag.write(bank, address, data, password)
        if not self.is_said:
            raise ReaderError("No answer.")


def done(steps: Steps) -> Written:
    one = Conversation(steps.write_epc(bytes(steps.tag.banks[2]), NEW))
    one.begin(0.0)
    return one.result


def test_a_write_whose_answer_is_lost_is_no_failure() -> None:
    written = done(Steps(is_stored=True, is_said=False))
    assert (written.before_epc, written.after_epc) == (ONE, NEW)


def test_a_password_whose_answer_is_lost_is_written_all_the_same() -> None:
    steps = Steps(is_stored=True, is_said=False)
    one = Conversation(steps.write_password(bytes(steps.tag.banks[2]), "access password", KEY))
    one.begin(0.0)
    assert one.result.what == "access password"
    for is_said, sentence in ((False, "No answer."), (True, "does not read back as written")):
        steps = Steps(is_stored=False, is_said=is_said)
        one = Conversation(steps.write_password(bytes(steps.tag.banks[2]), "access password", KEY))
        one.begin(0.0)
        with pytest.raises(ReaderError, match=sentence):
            _ = one.result


def test_a_tag_that_leaves_in_the_middle_may_be_written_or_not() -> None:
    with pytest.raises(ReaderError, match=r"^TID E28011050{8}\w{8} may be written or not"):
        done(Steps(is_stored=True, is_said=True, leaves=True))


def test_a_write_that_does_not_read_back_is_one() -> None:
    with pytest.raises(ReaderError, match=r"^Wrote 4000 3074.*, but the tag says 3000 3034"):
        done(Steps(is_stored=False, is_said=True))
    with pytest.raises(ReaderError, match=r"^No answer\.$"):
        done(Steps(is_stored=False, is_said=False))


LAMPS: dict[str, Callable[[Any], object]] = {  # Any: each emulator has its own way to look at it
    "llrp": lambda box: box.outputs(),
    "thingmagic": lambda box: {1: bool(box.pins[1]), 2: bool(box.pins[2])},
    "chainway": lambda box: {1: bool(box.outputs[0]), 2: bool(box.outputs[1])},
    "nordicid_nur": lambda box: {pin: bool(level) for pin, level in box.outputs.items()},
    "alien_ascii": lambda box: {pin: bool(box.output_bits >> pin - 1 & 1) for pin in (1, 2)},
    "zebra_ssi": lambda box: {1: bool(box.lamps & 1), 2: bool(box.lamps & 2)},
}


@pytest.mark.parametrize("protocol", LAMPS)
def test_outputs_are_switched_and_the_others_stay(protocol: str) -> None:
    bench = Bench(protocol)
    bench.do(bench.controls.outputs({1: True, 2: True}))
    bench.do(bench.controls.outputs({1: False}))
    told = LAMPS[protocol](bench.emulator)
    assert isinstance(told, dict)
    assert {pin: told[pin] for pin in (1, 2)} == {1: False, 2: True}


@pytest.mark.parametrize("protocol", ["chainway", "nordicid_nur", "tsl_ascii2", "zebra_ssi"])
def test_a_beep_is_one_beep(protocol: str) -> None:
    bench = Bench(protocol)
    bench.do(bench.controls.beep())
    assert bench.emulator.beeps == 1  # type: ignore[attr-defined]


def test_a_photo_eye_is_told_as_an_input() -> None:
    bench = Bench("llrp")
    assert isinstance(bench.emulator, LlrpEmulator)
    bench.emulator.gpi(2, is_high=True)
    assert bench.do(bench.controls.inputs()) == {1: False, 2: True, 3: False, 4: False}


def test_a_reader_of_a_network_lets_in_who_then_sets_it() -> None:
    bench = Bench("alien_ascii", AlienEmulator(asks_who=True))
    assert bench.do(bench.controls.settings()).power_dbm == (31.6,)


def test_a_hand_held_finds_its_inventory_as_it_was() -> None:
    bench = Bench("tsl_ascii2")
    before = bench.do(bench.controls.settings())
    bench.do(bench.controls.read_tag(Selection(epc=OTHER), 2, 0, 2))
    assert bench.do(bench.controls.settings()) == before


def test_a_tag_whose_twin_lies_beside_it_is_left_alone() -> None:
    twin = Tag(ONE, 0x3000, b"two")
    refuse_twins(Tag(ONE, 0x3000, b"one"), [Tag(ONE, 0x3000, b"one"), Tag(OTHER, 0x3000, b"two")])
    with pytest.raises(ReaderError, match=r"^2 tags in the field have EPC 3034.*: take the others"):
        refuse_twins(Tag(ONE, 0x3000, b"one"), [Tag(ONE, 0x3000, b"one"), twin])
