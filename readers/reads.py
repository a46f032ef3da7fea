"""What readers say: a tag was near an antenna, a code was scanned, a line went dead.

Every value is frozen and complete from birth. `tree()` gives the JSON form that
`hangtag readers decode` and `watch` print; its names are those of the byte vectors.

>>> Scan(text="5901234123457", symbology="]E0").tree()["text"]
'5901234123457'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from readers.ports import Trouble


class ReaderError(Exception):
    """Root of everything that readers refuse.

    ReaderError
    ├── PortUnavailable   cannot be opened; carries the remedy, try again later
    └── PortLost          was open and is gone; reconnect
    """


class PortUnavailable(ReaderError):
    """A port could not be opened; the sentence says what to do."""

    def __init__(self, sentence: str, trouble: Trouble | None = None) -> None:
        """Keep the sentence, and the same in parts where the port itself tells."""
        super().__init__(sentence)
        self.trouble = trouble


class PortLost(ReaderError):
    """An open port stopped working: unplugged, closed by the other side, powered off."""


@dataclass(frozen=True, slots=True)
class TagRead:
    """One tag answered one antenna once."""

    epc: bytes
    """Memory bank EPC as it left the reader, without PC word and CRC; 0 to 62 bytes."""
    antenna: int | None
    """Antenna port as printed on the box, from 1; None where the reader has one antenna."""
    rssi_dbm: float | None
    rssi_raw: int | None
    """Signal strength as on the wire, without the bits that mean something else."""
    pc: int | None = None
    """Protocol control word, 16 bits; its top 5 bits count the EPC's words."""
    tag_crc: int | None = None
    frequency_index: int | None = None
    frequency_mhz: float | None = None
    read_count: int | None = None
    """How often the reader saw it before saying so; None where it says each time."""
    phase: int | None = None
    frame: bytes = b""
    """The whole frame on the wire; several tags of one frame share it."""
    more: tuple[tuple[str, object], ...] = ()
    """What else this protocol says of a read, by the names of its vectors."""

    def tree(self) -> dict[str, object]:
        """Return the JSON form: bytes and 16-bit words as lower-case hex."""
        tree: dict[str, object] = {
            "type": "read",
            "kind": "tag",
            "epc": self.epc.hex(),
            "rssi_dbm": self.rssi_dbm,
            "rssi_raw": self.rssi_raw,
            "antenna": self.antenna,
        }
        if self.pc is not None:
            tree["pc"] = f"{self.pc:04x}"
        if self.tag_crc is not None:
            tree["tag_crc"] = f"{self.tag_crc:04x}"
        if self.frequency_index is not None:
            tree["frequency_index"] = self.frequency_index
            tree["frequency_mhz"] = self.frequency_mhz
            if self.antenna is not None:
                tree["freq_ant"] = f"0x{self.frequency_index << 2 | (self.antenna - 1) & 3:02X}"
        if self.read_count is not None:
            tree["read_count"] = self.read_count
        if self.phase is not None:
            tree["phase"] = self.phase
        return tree | dict(self.more) | {"frame": self.frame.hex()}


@dataclass(slots=True)
class TagReadDraft:
    """A `TagRead` in the making: the same slots in the same order, not yet frozen.

    A frozen dataclass sets each field through `object.__setattr__`; eleven of them cost more than
    framing, checksum and decoding together. A codec fills a draft and turns it into a `TagRead`
    by assigning its class, which CPython allows for equal slot layouts (a test holds them equal).
    A draft never leaves the function that made it.
    """

    epc: bytes
    antenna: int | None
    rssi_dbm: float | None
    rssi_raw: int | None
    pc: int | None
    tag_crc: int | None
    frequency_index: int | None
    frequency_mhz: float | None
    read_count: int | None
    phase: int | None
    frame: bytes
    more: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card of 125 kHz was held to its reader: a fixed number of 40 bits, no EPC."""

    number: bytes
    """5 bytes: the first is the customer's or version code, the other four the card's number."""
    text: str
    """The number's ten hex digits as they came."""
    frame: bytes = b""

    def tree(self) -> dict[str, object]:
        """Return the JSON form, with the number in the two ways it is printed on cards."""
        return {
            "type": "read",
            "kind": "card",
            "tag_hex": self.text,
            "customer": f"{self.number[0]:02X}",
            "decimal": int.from_bytes(self.number[1:], "big"),
            "facility": self.number[2],
            "card": int.from_bytes(self.number[3:], "big"),
            "frame": self.frame.hex(),
        }


@dataclass(frozen=True, slots=True)
class Scan:
    """One barcode as the scanner sent it."""

    text: str
    """The data without AIM id and line ending; GS (1D) separators are kept."""
    symbology: str | None
    """AIM id such as `]C1`, None if the scanner sends none."""
    frame: bytes = b""
    more: tuple[tuple[str, object], ...] = ()
    """What else this protocol says of a scan."""

    @property
    def message(self) -> str:
        """The scan with its AIM id in front, as `hangtag identify --as scan` takes it."""
        return (self.symbology or "") + self.text

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "type": "scan",
            "text": self.text,
            "symbology": self.symbology,
            "aim": self.symbology,
            "data": self.text,
            **dict(self.more),
            "frame": self.frame.hex(),
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """A reader's answer that is no tag read: done, refused, a setting, the end of a round."""

    command: int
    """Command code that is answered."""
    name: str
    """`0x72 get firmware version`: code and meaning."""
    fields: Mapping[str, object] = field(default_factory=dict)
    error: int | None = None
    """The protocol's error code if the reader refused, else None."""
    frame: bytes = b""

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"type": "reply", "cmd": self.name, **self.fields, "frame": self.frame.hex()}


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a reader has another level: a photo-eye, a button, a contact at a door."""

    pin: int
    """From 1, as on the box."""
    is_high: bool
    frame: bytes = b""
    """What told of it; empty where the input was asked for."""
    more: tuple[tuple[str, object], ...] = ()
    """What else this protocol says of it."""

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        said: dict[str, object] = {"type": "input", "pin": self.pin, "is_high": self.is_high}
        return said | dict(self.more) | {"frame": self.frame.hex()}


@dataclass(frozen=True, slots=True)
class Command:
    """What a host asked of a reader."""

    command: int
    name: str
    fields: Mapping[str, object] = field(default_factory=dict)
    data: bytes = b""
    """The parameter bytes as they came."""
    frame: bytes = b""

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"type": "command", "cmd": self.name, **self.fields, "frame": self.frame.hex()}


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that belong to no good frame, and why the first of them was refused."""

    data: bytes
    reason: str

    def tree(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"type": "noise", "hex": self.data.hex(), "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Written:
    """One tag was changed and then asked again: what it was before and what it is now."""

    what: str
    """`epc`, `access password`, `kill password`, `lock`, `unlock` or `kill`."""
    tid: bytes
    """What its maker burned into the chip; the same before and after."""
    before_pc: int
    before_epc: bytes
    after_pc: int | None
    """Protocol control word as read back; None if the tag is silent for ever."""
    after_epc: bytes
    areas: tuple[str, ...] = ()
    """What a lock was set or opened for: `kill`, `access`, `epc`, `tid`, `user`."""
    is_for_ever: bool = False
    """True if nobody can undo it."""

    def tree(self) -> dict[str, object]:
        """Return the JSON form: bytes and 16-bit words as lower-case hex."""
        return {
            "type": "written",
            "what": self.what,
            "tid": self.tid.hex(),
            "before": {"pc": f"{self.before_pc:04x}", "epc": self.before_epc.hex()},
            "after": None
            if self.after_pc is None
            else {"pc": f"{self.after_pc:04x}", "epc": self.after_epc.hex()},
            "areas": list(self.areas),
            "is_for_ever": self.is_for_ever,
        }

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> Written:  # Any: JSON
        """Read the JSON form.

        Raises:
            ReaderError: If it is another one.
        """
        try:
            before, after = tree["before"], tree["after"]
            return cls(
                str(tree["what"]),
                bytes.fromhex(tree["tid"]),
                int(before["pc"], 16),
                bytes.fromhex(before["epc"]),
                None if after is None else int(after["pc"], 16),
                b"" if after is None else bytes.fromhex(after["epc"]),
                tuple(str(area) for area in tree["areas"]),
                bool(tree["is_for_ever"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ReaderError(
                "Cannot read what was written: expected a line of `hangtag readers write --json`,"
                f" got {str(tree)[:80]!r}."
            ) from error


Item = TagRead | CardRead | Scan | Input | Reply | Command | Noise
DELIVERED: tuple[type[Item], ...] = (TagRead, CardRead, Scan, Input)
"""What a session hands on unless asked for more; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Received:
    """One item with the time and the reader it came from."""

    at: datetime
    """UTC, the station's clock when the last byte was taken from the port."""
    reader: str
    value: Item
    count: int = 1
    """More than 1 if a full queue folded reads of the same tag and antenna into this one."""
    last_at: datetime | None = None
    """When the last of the folded reads came; None if there was one."""


@dataclass(slots=True)
class ReceivedDraft:
    """A `Received` in the making, for the same reason and in the same way as `TagReadDraft`."""

    at: datetime
    reader: str
    value: Item
    count: int = 1
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LineDown:
    """From here on a reader could speak without being heard."""

    at: datetime
    reader: str
    reason: str


@dataclass(frozen=True, slots=True)
class LineUp:
    """The reader is heard again."""

    at: datetime
    reader: str


Happening = Received | LineDown | LineUp
