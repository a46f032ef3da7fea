"""An LLRP reader played: it greets, obeys one client, reads rounds, keeps what nobody heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from readers.codec import Emulator, Sent
from readers.emulated.tag_memory import EmulatedTag, Population
from readers.protocols.llrp.access import results_of
from readers.protocols.llrp.codec import LlrpHostCodec, Message
from readers.protocols.llrp.commands import IMPINJ, MESSAGES, TYPES, response_to
from readers.protocols.llrp.played import CAPABILITIES, CONFIGURATION, POWERS
from readers.protocols.llrp.structure import Parameter
from readers.reads import Command

TICK_MS = 50
"""How much of a reader's time passes between two rounds."""
BEGUN_US = 1_767_225_600_000_000
"""1 January 2026: the played clock begins here and goes on by the rounds."""
HELD_MAX = 1000
DISABLED, INACTIVE, ACTIVE = 0, 1, 2
_PARAMETER_ERROR, _FIELD_ERROR, _UNSUPPORTED = 100, 101, 109
_MANY = ("AntennaProperties", "AntennaConfiguration", "GPIPortCurrentState", "GPOWriteData")
"""Settings of which there is one for each antenna, input or output."""
_MISSING_SPEC = "no such spec"


class LlrpEmulator(Emulator):
    """A reader with four antennas and one round at a time, set to Europe and 30 dBm."""

    def __init__(self) -> None:
        """Switch the reader on with an empty field."""
        super().__init__()
        self.tags_a_round = 24
        self._host = LlrpHostCodec()
        self.tags = Population(self.field)
        self._settings = _by_place(CONFIGURATION)
        self._rospecs: dict[int, Parameter] = {}
        self._states: dict[int, int] = {}
        self._access: dict[int, Parameter] = {}
        self._left: dict[int, int] = {}
        self._keepalive_ticks = self._ticks = 0
        self._is_holding = self._is_waiting = self._has_host = False
        self._held: dict[bytes, int] = {}
        self._inputs: list[Message] = []
        self._number = 0
        self._first = 0

    def connect(self) -> list[Sent]:
        """Greet; what was read meanwhile waits until the client asks for it."""
        self._has_host, self._is_waiting = True, self._is_holding
        self._host = LlrpHostCodec()
        return [self._event(Parameter.of("ConnectionAttemptEvent", attempt=0))]

    def disconnect(self) -> None:
        """Go on reading; keep what is read if the client wished so."""
        self._has_host = False
        if self._round() is not None and self._is_holding:
            self._hold(self.field)

    def refusal(self) -> bytes:
        """Tell a second client that there is one already."""
        return self._event(Parameter.of("ConnectionAttemptEvent", attempt=2)).frame

    def flip_place(self, frame: bytes) -> tuple[int, int] | None:
        """Flip a bit of the version: no checksum would tell of any other."""
        return 0, 5

    def show(self, epcs: Sequence[bytes], *, antenna: int = 1, rssi_dbm: int = -55) -> None:
        """Bring tags into the field; without a client they are kept, if one wished so."""
        super().show(epcs, antenna=antenna, rssi_dbm=rssi_dbm)
        if not self._has_host and self._round() is not None and self._is_holding:
            self._hold(dict.fromkeys(epcs))

    def outputs(self) -> dict[int, bool]:
        """Return the levels of the outputs, from 1."""
        held = (part for part in self._settings.values() if part.name == "GPOWriteData")
        return {int(str(each.fields["gpo_port"])): bool(each.fields["gpo_state"]) for each in held}

    def gpi(self, port: int, *, is_high: bool) -> None:
        """Change an input, such as a photo-eye; the client hears of it in the next round."""
        told = Parameter.of(
            "GPIPortCurrentState", gpi_port=port, is_enabled=True, gpi_state=is_high
        )
        self._settings[_place(told)] = told
        event = Parameter.of("GPIEvent", gpi_port=port, gpi_state=is_high)
        self._inputs.append(self._event_message(event))

    def answer(self, data: bytes) -> list[Sent]:
        """Answer every message of the client."""
        sent: list[Sent] = []
        for item in self._host.receive(data):
            if isinstance(item, Command):
                sent += self._do(Message.decode(item.frame))
        return sent

    def tick(self) -> list[Sent]:
        """Push a keep-alive when it is due, changed inputs, and the tags of one round."""
        self._ticks += 1
        sent = [Sent(message.encode()) for message in self._inputs]
        self._inputs.clear()
        if self._keepalive_ticks and not self._ticks % self._keepalive_ticks:
            sent.append(Sent(Message.of("KEEPALIVE", id=self._next_id()).encode()))
        spec = self._round()
        if spec is None or self._is_waiting:
            return sent
        everything = self.tags.tags()
        first = self._first % len(everything) if everything else 0
        chosen = (everything[first:] + everything[:first])[: self.tags_a_round]
        self._first = first + len(chosen)
        return sent + self._reports(spec, chosen)

    def _round(self) -> Parameter | None:
        """Return the round that runs now."""
        running = (number for number, state in self._states.items() if state == ACTIVE)
        return next((self._rospecs[number] for number in running), None)

    def _hold(self, epcs: dict[bytes, None] | dict[bytes, tuple[int, int]]) -> None:
        for epc in epcs:
            if epc in self._held or len(self._held) < HELD_MAX:
                self._held[epc] = self._held.get(epc, 0) + 1

    def _do(self, asked: Message) -> list[Sent]:
        name = MESSAGES[asked.type].name
        if name == "ENABLE_EVENTS_AND_REPORTS":
            return self._release()
        if name == "GET_REPORT":
            spec = self._round()
            return self._reports(spec, self.tags.tags()) if spec is not None else []
        if response_to(asked.type) is None:
            return []
        if name == "CUSTOM":
            if (asked.fields["vendor"], asked.fields["subtype"]) != (IMPINJ, 21):
                return [self._refuse("ERROR_MESSAGE", asked.id, _UNSUPPORTED, "unknown custom")]
            status = _status(0)
            data = status.encode().hex()
            return [self._told("CUSTOM", asked.id, vendor=IMPINJ, subtype=22, data=data)]
        told = f"{name}_RESPONSE"
        if name == "SET_READER_CONFIG":
            why = self._configure(asked)
            return [self._refuse(told, asked.id, _FIELD_ERROR if why else 0, why)]
        if name.endswith(("ROSPEC", "ACCESSSPEC")):
            code, why = self._change(name, asked)
            return [self._refuse(told, asked.id, code, why)]
        return [self._told(told, asked.id, _status(0), *self._say(name, asked))]

    def _say(self, name: str, asked: Message) -> tuple[Parameter, ...]:
        """Return what stands in a good answer behind its status."""
        if name == "GET_READER_CAPABILITIES":
            return CAPABILITIES
        if name == "GET_READER_CONFIG":
            return tuple(self._settings.values())
        if name == "GET_ROSPECS":
            return tuple(self._rospecs.values())
        if name == "GET_ACCESSSPECS":
            return tuple(self._access.values())
        return ()

    def _configure(self, asked: Message) -> str:
        """Take settings over; return why they are refused, or nothing."""
        if asked.fields["factory_reset"]:
            self._keepalive_ticks, self._is_holding = 0, False
            self._settings = _by_place(CONFIGURATION)
        for part in asked.parameters:
            if part.name == "KeepaliveSpec":
                interval = int(str(part.fields["interval_ms"])) if part.fields["trigger"] else 0
                self._keepalive_ticks = -(-interval // TICK_MS)
            elif part.name == "EventsAndReports":
                self._is_holding = bool(part.fields["is_held"])
            elif part.name == "GPOWriteData":
                if _place(part) not in self._settings:
                    return "there is no such output"
                self._settings[_place(part)] = part
            elif part.name == "AntennaConfiguration" and (why := self._set_antenna(part)):
                return why
        return ""

    def _set_antenna(self, asked: Parameter) -> str:
        """Change what is said of one antenna, 0: of all; what is not said stays as it is."""
        sender = asked.part("RFTransmitter")
        if sender is not None and not 1 <= int(str(sender.fields["power_index"])) <= POWERS:
            return "the power index is not in the table"
        said = {part.type: part for part in asked.parts}
        chosen = [
            place
            for place, part in self._settings.items()
            if part.name == asked.name and asked.fields["antenna"] in (0, part.fields["antenna"])
        ]
        for place in chosen:
            held = self._settings[place]
            parts = {part.type: part for part in held.parts} | said
            self._settings[place] = replace(held, parts=tuple(parts.values()))
        return "" if chosen else "there is no such antenna"

    def _change(self, name: str, asked: Message) -> tuple[int, str]:
        """Add, delete, switch a round or an access; return the status and why it is refused."""
        verb, _, kind = name.partition("_")
        specs = self._rospecs if kind == "ROSPEC" else self._access
        if verb == "ADD":
            spec = asked.parameters[0]
            number = int(str(next(iter(spec.fields.values()))))
            if not number or number in specs or (kind == "ROSPEC" and specs):
                return _FIELD_ERROR, "the number is taken, or there is no room"
            specs[number] = spec
            if kind == "ROSPEC":
                self._states[number] = DISABLED
            return 0, ""
        number = int(str(next(iter(asked.fields.values()))))
        chosen = [number] if number in specs else [] if number else list(specs)
        if number and not chosen:
            return _FIELD_ERROR, _MISSING_SPEC
        for each in chosen:
            if kind == "ROSPEC" and not self._switch(verb, each):
                return _PARAMETER_ERROR, f"cannot {verb.lower()} in this state"
            if kind == "ACCESSSPEC" and verb in ("ENABLE", "DISABLE"):
                self._left[each] = _times(specs[each]) if verb == "ENABLE" else -1
            if verb == "DELETE":
                del specs[each]
                (self._states if kind == "ROSPEC" else self._left).pop(each, None)
        return 0, ""

    def _switch(self, verb: str, number: int) -> bool:
        state = self._states[number]
        if verb == "START" and state == DISABLED:
            return False
        after = {"ENABLE": max(state, INACTIVE), "START": ACTIVE, "STOP": min(state, INACTIVE)}
        self._states[number] = after.get(verb, DISABLED)
        return True

    def _release(self) -> list[Sent]:
        """Tell what was read while nobody heard, then go on as usual."""
        self._is_waiting = False
        held = [(EmulatedTag(epc), count) for epc, count in self._held.items()]
        self._held.clear()
        wanted = dict.fromkeys(("antenna", "rssi", "first_seen", "seen_count"), True)
        batches = [held[at : at + 50] for at in range(0, len(held), 50)]
        sent = [self._report([self._tag(tag, wanted, n) for tag, n in each]) for each in batches]
        # What was held is told although the tags are gone.
        return [replace(each, epc=None) for each in sent]

    def _reports(self, spec: Parameter, tags: list[EmulatedTag]) -> list[Sent]:
        """Return the tags in reports of as many as the round was told to fill."""
        report = spec.part("ROReportSpec")
        content = report.part("TagReportContentSelector") if report is not None else None
        wanted = dict(content.fields) if content is not None else {}
        memory = content.part("C1G2EPCMemorySelector") if content is not None else None
        wanted |= memory.fields if memory is not None else {}
        size = int(str(report.fields["tag_count"])) if report is not None else 0
        told = [self._tag(tag, wanted, 1) for tag in tags]
        self.tags.settle()
        size = size or len(told)
        return [self._report(told[at : at + size]) for at in range(0, len(told), size or 1)]

    def _report(self, told: list[tuple[bytes, Parameter]]) -> Sent:
        tags = tuple(tag for _, tag in told)
        frame = Message.of("RO_ACCESS_REPORT", *tags, id=self._next_id()).encode()
        epcs = tuple(epc for epc, _ in told)
        return Sent(frame, "tag", epcs[0] if len(epcs) == 1 else None, None, epcs)

    def _tag(
        self, tag: EmulatedTag, wanted: Mapping[str, object], count: int
    ) -> tuple[bytes, Parameter]:
        """Return one tag as a report tells it, and do to it what the accesses ask for."""
        epc, now_us = tag.epc, BEGUN_US + self._ticks * TICK_MS * 1000
        antenna, dbm = self.field.get(epc, (1, -55))
        if len(epc) == 12:
            parts = [Parameter.of("EPC96", epc=epc.hex())]
        else:
            parts = [Parameter.of("EPCData", epc=epc.hex())]
        told: dict[str, tuple[str, dict[str, object]]] = {
            "antenna": ("AntennaID", {"antenna": antenna}),
            "rssi": ("PeakRSSI", {"rssi_dbm": max(-128, min(127, dbm))}),
            "channel_index": ("ChannelIndex", {"channel_index": 1 + self._ticks % 4}),
            "first_seen": ("FirstSeenTimestampUTC", {"first_seen_utc_us": now_us}),
            "last_seen": ("LastSeenTimestampUTC", {"last_seen_utc_us": now_us}),
            "seen_count": ("TagSeenCount", {"seen_count": min(count, 0xFFFF)}),
            "pc": ("C1G2PC", {"pc": tag.pc.hex()}),
            "crc": ("C1G2CRC", {"tag_crc": f"{tag.crc:04x}"}),
        }
        parts += [
            Parameter.of(name, **fields) for key, (name, fields) in told.items() if wanted.get(key)
        ]
        for number, spec in self._access.items():
            if self._left.get(number, -1) >= 0 and (results := results_of(spec, tag)):
                parts += [Parameter.of("AccessSpecID", access_spec_id=number), *results]
                self._spend(number)
        return epc, Parameter.of("TagReportData", *parts)

    def _spend(self, number: int) -> None:
        """Count an access; one that was to be done so often is over. 0 left: without end."""
        if self._left[number]:
            self._left[number] -= 1
            if not self._left[number]:
                self._left[number] = -1

    def _event(self, event: Parameter) -> Sent:
        return Sent(self._event_message(event).encode())

    def _event_message(self, event: Parameter) -> Message:
        now = Parameter.of("UTCTimestamp", utc_us=BEGUN_US + self._ticks * TICK_MS * 1000)
        data = Parameter.of("ReaderEventNotificationData", now, event)
        return Message.of("READER_EVENT_NOTIFICATION", data, id=self._next_id())

    def _refuse(self, name: str, number: int, code: int, why: str) -> Sent:
        return self._told(name, number, _status(code, why))

    def _told(self, name: str, number: int, *parts: Parameter, **fields: object) -> Sent:
        return Sent(Message(TYPES[name], fields, parts, number).encode())

    def _next_id(self) -> int:
        self._number += 1
        return self._number


def _place(part: Parameter) -> tuple[int, object]:
    """Return what a setting is about: its kind and its first field, such as the antenna."""
    number = part.fields.get("antenna", next(iter(part.fields.values())))
    return part.type, number if part.name in _MANY else None


def _by_place(parts: tuple[Parameter, ...]) -> dict[tuple[int, object], Parameter]:
    return {_place(part): part for part in parts}


def _status(code: int, text: str = "") -> Parameter:
    return Parameter.of("LLRPStatus", status=code, text=text)


def _times(spec: Parameter) -> int:
    stop = spec.part("AccessSpecStopTrigger")
    if stop is None or not stop.fields["trigger"]:
        return 0
    return int(str(stop.fields["operation_count"]))
