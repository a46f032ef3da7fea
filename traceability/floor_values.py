"""What is known of the readers that stand on this PC's own floor: ports, findings, tags, posts.

Pages show these values and the floor makes them; neither knows the other. Every sentence about them
is made by whoever shows them, in the language of whoever looks.

>>> Finding("/dev/ttyUSB0", "listen", 115200, is_done=False).reader is None
True
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from traceability.errors import Refused


class FloorRefused(Refused):
    """Something cannot be done at a port or a station now; `kind` is for pages to say it.

    Kinds: `address` (no port is called so), `busy` (somebody looks at it already), `placed` (a
    station reads it), `unknown` (nobody has found out what it is), `gone` (there is no such reader
    or station), `unsent` (`count` things wait to be sent), `stuck` (it does not let go), `full`,
    `mute` (it has no sound), `unheard` (it was asked for one and does not answer).
    """

    def __init__(self, kind: str, sentence: str, *, count: int = 0) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.count = count


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a port cannot be opened, in parts, as `readers.ports` found it."""

    kind: str
    """`missing`, `unseen`, `no port`, `group`, `log in`, `root`, `modem manager`, `held`, `taken`;
    or `other`, where `detail` is all there is."""
    detail: str = ""
    user: str = ""
    command: str = ""
    process: int = 0


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing to know of a reader, or to try, as `readers.diagnosis` found it."""

    kind: str
    """`pushing`, `address`, `password`, `antenna`, `no antenna`, `heat`, `supply`, `refuses`,
    `weak`, `region` or `tag`."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plugged:
    """Something in a USB socket that has no port, as `readers.usb` found it."""

    place: str
    usb: str
    name: str
    kind: str
    """`keyboard`, `braille`, `taken`, `no driver`, `storage` or `other`."""
    command: str = ""
    is_new: bool = False
    """It came within the last minutes."""


@dataclass(frozen=True, slots=True)
class PortNow:
    """One place where a reader is, or may be, plugged in."""

    url: str
    title: str
    """What its maker calls it; empty where it does not say."""
    port_id: str
    is_network: bool
    is_typed: bool
    """True if somebody typed its address; such a port is not found by looking."""
    trouble: Trouble | None
    station: str = ""
    """Name of the station that reads it; empty: nobody."""


@dataclass(frozen=True, slots=True)
class KnownReader:
    """What was found out about the reader on a port."""

    protocol: str
    title: str
    """What people call such a reader: `R200`, or what stands on the box."""
    reads: str
    """`tags` or `barcodes`."""
    baud: int | None
    """None on a network."""
    model: str = ""
    firmware: str = ""
    region: str = ""
    """A key of `readers.inquiry.REGIONS`; empty where it does not say."""
    power_dbm: tuple[float, ...] = ()
    no_antenna: tuple[int, ...] = ()
    hints: tuple[Hint, ...] = ()
    """What about it is not as it left its box."""
    can_beep: bool = False
    """It has a sound or a light that can be asked for."""
    text: str = ""
    """What was scanned, where a scan gave it away."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No reader was recognised on a port."""

    reason: str
    """`silent`, `noise`, `echo`, `closed`, `unreachable`, `occupied`, `lost`, `stopped`."""
    sentence: str
    """In English, for logs and programs."""
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """How far finding out about one port has come."""

    url: str
    step: str
    """`listen`, `ask`, `details`, `scan` (somebody should scan something), or `done`."""
    baud: int | None
    is_done: bool
    reader: KnownReader | None = None
    nothing: Nothing | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One tag or code that was read, however often. It was not recorded."""

    code: str
    """EPC in hex, the text of a scan, or the digits printed on a card."""
    is_tag: bool
    count: int
    rssi_dbm: float | None
    antenna: int | None
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader reads now, for somebody who tries it."""

    url: str
    seconds: float
    left_s: float
    is_done: bool
    seen: tuple[Seen, ...]
    """Newest first."""
    more: int
    """How many others were seen beyond those kept."""
    noise: int
    problem: str = ""
    """Why it cannot be heard, in English; empty while it can."""
    hints: tuple[Hint, ...] = ()
    """What to look at while nothing is read, the likeliest first."""


@dataclass(frozen=True, slots=True)
class PlacedReader:
    """One reader that stands at a stage."""

    name: str
    station: str
    title: str
    stage: str
    protocol: str
    protocol_title: str
    reads: str
    baud: int | None
    url: str
    state: str
    """`working`, `starting`, `down`, `paused`, or `stopped` with a problem."""
    problem: str
    """Why it does not work, in English; empty while it does."""
    since: datetime | None
    last_read_at: datetime | None
    read_count: int
    noise_count: int
    waiting: int
    parked: int
    is_online: bool
    """True while the server takes what it says."""
    is_one_of: int
    """How many readers the station has."""
    can_beep: bool = False
    """It has a sound or a light that can be asked for."""
