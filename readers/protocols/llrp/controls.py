"""What an LLRP reader can be told: power, outputs, inputs, one tag's memory.

A tag is reached by an AccessSpec that fits its chip number: it is done the next time that the
running round meets the tag, and told with that read. Where no round runs, one is added and taken
away again. Region and antennas are not set: the region is the reader's own, and the antennas stand
in the round. Sound it has none.

Source: LLRP 1.0.1, sections 11 (access), 13.2 (configuration), 16.2.1 (results).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from readers.control.controls import Controls, Settings, within
from readers.control.talk import Ask, Talk
from readers.control.writing import AREAS, EPC, TID, Lock, Selection, Tag
from readers.protocols.llrp.codec import Message
from readers.protocols.llrp.commands import TYPES, response_to
from readers.protocols.llrp.conversation import (
    ROSPEC_ID,
    access_spec,
    kill,
    lock_fields,
    read_words,
    rospec,
    write_words,
)
from readers.protocols.llrp.inquiry import LLRP_INQUIRY
from readers.protocols.llrp.structure import Parameter, parameters_of
from readers.reads import Item, ReaderError, Reply, TagRead

_ERROR = TYPES["ERROR_MESSAGE"]
_ALL, _CONFIGURATION, _INPUTS = 0, 3, 9
"""What GET_READER_CONFIG asks for."""
EPC_BIT = 32
"""Where the EPC begins in its bank."""
MEETING_MS = 3000
"""How long a round may take to meet a tag that is there."""
QUIET_MS = 600
"""After so long without a tag that was not told yet, all are told."""
PINS_MAX = 16
AGAIN_MAX = 3
"""So often every tag is told again before a round counts as complete."""
_PRIVILEGES = {Lock.OPEN: 3, Lock.OPEN_FOR_EVER: 2, Lock.BY_PASSWORD: 0, Lock.FOR_EVER: 1}


class LlrpControls(Controls):
    """One reader; its messages are numbered apart from those of the session that hears it."""

    name = "An LLRP reader"

    def __init__(self) -> None:
        """Begin with nothing known of the reader."""
        self._id = 1 << 30
        self._access = 0
        self._has_own_round = False

    def settings(self) -> Talk[Settings]:
        """Ask for the capabilities and the configuration."""
        capabilities = yield from self._tell("GET_READER_CAPABILITIES", requested=_ALL)
        configuration = yield from self._tell("GET_READER_CONFIG", requested=_ALL)
        about = LLRP_INQUIRY.about([capabilities, configuration])
        told = Message.decode(configuration.frame).parameters
        kept = tuple(
            (f"antenna {part.fields['antenna']}", part.encode().hex())
            for part in told
            if part.name == "AntennaConfiguration"
        )
        connected = (
            _number(part, "antenna")
            for part in told
            if part.name == "AntennaProperties" and part.fields["is_connected"]
        )
        reader = (bytes(_numbers(part)).hex() for part in told if part.name == "Identification")
        return Settings(
            region=about.region,
            power_dbm=about.power_dbm,
            antennas=tuple(connected),
            identity=next(reader, ""),
            kept=kept,
        )

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power to entries of the reader's own table; the rest of its antennas stays."""
        capabilities = yield from self._tell("GET_READER_CAPABILITIES", requested=_ALL)
        table = _power_table(Message.decode(capabilities.frame))
        reply = yield from self._tell("GET_READER_CONFIG", requested=_CONFIGURATION)
        antennas = [
            part
            for part in Message.decode(reply.frame).parameters
            if part.name == "AntennaConfiguration" and part.part("RFTransmitter") is not None
        ]
        if len(power_dbm) not in (1, len(antennas)):
            raise ReaderError(
                f"{self.name} cannot set {len(power_dbm)} powers: it has {len(antennas)} antennas."
            )
        wanted = list(power_dbm) if len(power_dbm) > 1 else list(power_dbm) * len(antennas)
        changed = [
            _with_power(part, self._power_index(table, dbm))
            for part, dbm in zip(antennas, wanted, strict=True)
        ]
        yield from self._tell("SET_READER_CONFIG", *changed)

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back what the reader said of its antennas."""
        parts = [parameters_of(bytes.fromhex(text))[0] for _, text in settings.kept]
        yield from self._tell("SET_READER_CONFIG", *(part for found in parts for part in found))

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Switch general purpose outputs."""
        within(self.name, "output", list(pins), 1, PINS_MAX)
        wanted = (
            Parameter.of("GPOWriteData", gpo_port=pin, gpo_state=is_on)
            for pin, is_on in pins.items()
        )
        yield from self._tell("SET_READER_CONFIG", *wanted)

    def inputs(self) -> Talk[dict[int, bool]]:
        """Ask for the general purpose inputs; one whose level is not known is left out."""
        reply = yield from self._tell("GET_READER_CONFIG", requested=_INPUTS)
        return {
            _number(part, "gpi_port"): part.fields["gpi_state"] == 1
            for part in Message.decode(reply.frame).parameters
            if part.name == "GPIPortCurrentState" and part.fields["gpi_state"] in (0, 1)
        }

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Ask every tag that fits for its TID, until all were told several times."""
        number = yield from self._begin(selection, read_words(0, TID, 0, 0), times=0)
        found: dict[tuple[bytes, bytes], Tag] = {}
        again, wait_ms = 0, MEETING_MS
        while again <= AGAIN_MAX * len(found):
            item = yield Ask(b"", lambda item: _result(item, number) is not None, wait_ms)
            if not isinstance(item, TagRead):
                break
            told = _result(item, number) or {}
            tid = bytes.fromhex(str(told.get("data", "")))
            tag = Tag(item.epc, item.pc if item.pc is not None else len(item.epc) // 2 << 11, tid)
            again = again + 1 if (tag.epc, tid) in found else 0
            found[tag.epc, tid] = tag
            wait_ms = QUIET_MS
        yield from self._tell("DELETE_ACCESSSPEC", access_spec_id=number)
        return tuple(found.values())

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        told = yield from self._do("read", tag, read_words(0, bank, address, words, password))
        return bytes.fromhex(str(told.get("data", "")))

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        yield from self._do("write", tag, write_words(0, bank, address, data, password))

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set the lock of one area."""
        fields = lock_fields(0, [(_PRIVILEGES[lock], AREAS.index(area))], password)
        yield from self._do("lock", tag, fields)

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill a tag."""
        yield from self._do("kill", tag, kill(0, password))

    def release(self) -> Talk[None]:
        """Take away the round that was added for this."""
        if self._has_own_round:
            self._has_own_round = False
            yield from self._tell("DELETE_ROSPEC", rospec_id=ROSPEC_ID)

    def _do(self, what: str, tag: Tag, operation: Parameter) -> Talk[Mapping[str, object]]:
        """Have one thing done to one tag; return what the reader told of it."""
        selection = Selection(tid=tag.tid) if tag.tid else Selection(epc=tag.epc)
        number = yield from self._begin(selection, operation, times=1)
        item = yield Ask(b"", lambda item: _result(item, number) is not None, MEETING_MS)
        yield from self._tell("DELETE_ACCESSSPEC", access_spec_id=number)
        told = _result(item, number) if item is not None else None
        if told is None:
            raise ReaderError(f"Cannot {what} the tag: it did not answer. Hold it closer.")
        if told.get("result_number"):
            raise ReaderError(
                f"Cannot {what} the tag: {told['result']}. Is the password right, and is what is"
                " asked for not locked?"
            )
        return told

    def _begin(self, selection: Selection, operation: Parameter, *, times: int) -> Talk[int]:
        """Add and enable an access; return its number."""
        yield from self._have_round()
        self._access = self._access % 0xFFFF + 1
        fields = dict(operation.fields) | {"op_spec_id": self._access}
        asked = access_spec(
            self._access,
            replace(operation, fields=fields),
            bank=TID if selection.tid else EPC,
            bit_pointer=0 if selection.tid else EPC_BIT,
            mask=selection.tid or selection.epc,
            times=times,
            rospec_id=0,
        )
        yield from self._tell("ADD_ACCESSSPEC", *asked.parameters)
        yield from self._tell("ENABLE_ACCESSSPEC", access_spec_id=self._access)
        return self._access

    def _have_round(self) -> Talk[None]:
        """See to it that a round runs in which tags are met."""
        if self._has_own_round:
            return
        held = yield from self._tell("GET_ROSPECS")
        if Message.decode(held.frame).part("ROSpec") is not None:
            return
        try:
            yield from self._tell("ADD_ROSPEC", rospec())
        except ReaderError:  # some refuse to tell PC word and checksum
            yield from self._tell("ADD_ROSPEC", rospec(is_plain=True))
        self._has_own_round = True
        yield from self._tell("ENABLE_ROSPEC", rospec_id=ROSPEC_ID)
        yield from self._tell("START_ROSPEC", rospec_id=ROSPEC_ID)

    def _power_index(self, table: Mapping[int, float], dbm: float) -> int:
        fitting = {index: power for index, power in table.items() if power <= dbm + 0.001}
        if not fitting or dbm > max(table.values()) + 0.001:
            held = f"{min(table.values()):g} to {max(table.values()):g}" if table else "a table"
            raise ReaderError(f"{self.name} cannot set power {dbm:g}: expected {held} dBm.")
        return max(fitting, key=lambda index: fitting[index])

    def _tell(self, name: str, *parts: Parameter, **fields: object) -> Talk[Reply]:
        """Send a message and return its answer.

        Raises:
            ReaderError: If the reader refuses, or does not answer.
        """
        self._id += 1
        number, awaited = self._id, response_to(TYPES[name])
        asked = Message.of(name, *parts, id=number, **fields).encode()
        answer = yield Ask(
            asked,
            lambda item: (
                isinstance(item, Reply)
                and item.command in (awaited, _ERROR)
                and item.fields["id"] == number
            ),
            MEETING_MS,
        )
        if not isinstance(answer, Reply):
            raise ReaderError(
                f"{self.name} does not answer {name}: is another program connected to it?"
            )
        if answer.error is not None:
            raise ReaderError(f"{self.name} cannot do {name}: {answer.fields.get('error')}.")
        return answer


def _result(item: Item, number: int) -> Mapping[str, object] | None:
    """Return what a read tells of one operation; None if nothing."""
    if not isinstance(item, TagRead):
        return None
    results = dict(item.more).get("results")
    for each in results if isinstance(results, list) else ():
        if each.get("op_spec_id") == number:
            found: Mapping[str, object] = each
            return found
    return None


def _power_table(capabilities: Message) -> dict[int, float]:
    """Return the reader's power levels in dBm by their index."""
    regulatory = capabilities.part("RegulatoryCapabilities")
    band = regulatory.part("UHFBandCapabilities") if regulatory is not None else None
    return {
        _number(part, "index"): _number(part, "power_cdbm") / 100
        for part in (band.parts if band is not None else ())
        if part.name == "TransmitPowerLevelTableEntry"
    }


def _with_power(antenna: Parameter, index: int) -> Parameter:
    """Return an antenna's configuration with another power, and nothing else that could change."""
    sender = antenna.part("RFTransmitter")
    assert sender is not None
    fields = dict(sender.fields) | {"power_index": index}
    return replace(antenna, parts=(replace(sender, fields=fields),))


def _number(part: Parameter, name: str) -> int:
    return int(str(part.fields[name]))


def _numbers(part: Parameter) -> Iterable[int]:
    held = part.fields["reader_id"]
    return held if isinstance(held, list) else ()
