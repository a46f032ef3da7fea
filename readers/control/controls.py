"""What a reader can be told beside "read": its settings, its lamp and buzzer, one tag's memory.

Each protocol has its own `controls.py`; whatever it leaves out is refused in a sentence. Every
method is a conversation (`control/talk.py`), to be had through a session or on a port of its own:

    controls = PROTOCOLS["r2000_a0"].controls()
    before = session.converse(controls.settings())
    session.converse(controls.set_power((24.0,)))
    session.converse(controls.restore(before))

Region and power are for the law and the place: they are shown, and set only when somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from readers.control import writing
from readers.control.talk import WAIT_MS, Ask, Talk
from readers.control.writing import Selection, Tag, TagSteps
from readers.inquiry import REGIONS
from readers.reads import Item, ReaderError, Reply, Written

TRIES = 3
"""How often a question is asked that changes nothing: a reader in a round hears none."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a reader is set; what it does not tell is empty or None."""

    region: str = ""
    """A key of `readers.inquiry.REGIONS`."""
    power_dbm: tuple[float, ...] = ()
    """One figure for all antennas, or one for each."""
    antennas: tuple[int, ...] = ()
    """Ports in use, from 1."""
    session: int | None = None
    """Session of the inventory, 0 to 3."""
    target: str = ""
    """`A` or `B`: which tags answer first."""
    q: int | None = None
    """2^q slots in the first round."""
    identity: str = ""
    """A number that this reader tells and no other, such as its serial number."""
    kept: tuple[tuple[str, str], ...] = ()
    """(what, hex) by which the protocol puts all of it back."""

    def tree(self) -> dict[str, object]:
        """Return the JSON form; what the reader does not tell is null."""
        return {
            "region": self.region or None,
            "power_dbm": list(self.power_dbm) or None,
            "antennas": list(self.antennas) or None,
            "session": self.session,
            "target": self.target or None,
            "q": self.q,
            "identity": self.identity or None,
            "kept": [list(each) for each in self.kept],
        }

    def words(self) -> list[str]:
        """Return what was told, in the order people ask for it."""
        found = []
        if self.region:
            found.append(f"region {REGIONS[self.region]}")
        if self.power_dbm:
            found.append("power " + " / ".join(f"{each:g}" for each in self.power_dbm) + " dBm")
        if self.antennas:
            found.append("antennas " + ", ".join(map(str, self.antennas)))
        if self.session is not None:
            found.append(f"session {self.session}{' target ' + self.target if self.target else ''}")
        if self.q is not None:
            found.append(f"Q {self.q}")
        return found


class Controls(TagSteps):
    """One protocol's readers, told what to do; an object serves one reader, one talk at a time."""

    def settings(self) -> Talk[Settings]:
        """Ask how the reader is set."""
        raise self.cannot("tell its settings")

    def set_power(self, power_dbm: Sequence[float]) -> Talk[None]:
        """Set the power: one figure for all antennas, or one for each, in dBm."""
        raise self.cannot("have its power set from here")

    def set_region(self, region: str) -> Talk[None]:
        """Set the region, a key of `REGIONS`: only to the one of the place where it stands."""
        raise self.cannot("have its region set from here")

    def set_antennas(self, antennas: Sequence[int]) -> Talk[None]:
        """Set which antennas are used, ports from 1."""
        raise self.cannot("have its antennas chosen from here")

    def set_session(self, session: int, target: str = "A") -> Talk[None]:
        """Set session (0 to 3) and target (`A` or `B`) of the inventory."""
        raise self.cannot("keep a session")

    def restore(self, settings: Settings) -> Talk[None]:
        """Put back what `settings` told before."""
        raise self.cannot("have its settings put back from here")

    def beep(self) -> Talk[None]:
        """Make a sound or a light, so that somebody sees which box it is."""
        raise self.cannot("beep")

    def outputs(self, pins: Mapping[int, bool]) -> Talk[None]:
        """Switch outputs (from 1, as on the box): lamps, a buzzer, a gate."""
        raise self.cannot("switch outputs")

    def inputs(self) -> Talk[dict[int, bool]]:
        """Ask for the inputs (from 1, as on the box): a photo-eye, a button."""
        raise self.cannot("tell inputs")

    def temperature(self) -> Talk[float]:
        """Ask how warm it is, in degrees Celsius."""
        raise self.cannot("tell how warm it is")

    def tags(self) -> Talk[tuple[Tag, ...]]:
        """Return the tags in the field with the numbers of their chips."""
        return writing.tags(self)

    def read_tag(
        self, select: Selection, bank: int, address: int, words: int, password: int = 0
    ) -> Talk[bytes]:
        """Read words of one tag's memory; see `readers.control.writing.read_words`."""
        return writing.read_words(self, select, bank, address, words, password)

    def write_epc(self, tid: bytes, new_epc: bytes, password: int = 0) -> Talk[Written]:
        """Write one tag's EPC; see `readers.control.writing.write_epc`."""
        return writing.write_epc(self, tid, new_epc, password)

    def write_password(self, tid: bytes, which: str, new: int, password: int = 0) -> Talk[Written]:
        """Write one tag's `access password` or `kill password`."""
        return writing.write_password(self, tid, which, new, password)

    def lock(
        self, tid: bytes, what: Sequence[str], password: int, *, permanently: bool = False
    ) -> Talk[Written]:
        """Lock areas of one tag behind its access password, or for ever."""
        return writing.lock(self, tid, what, password, permanently=permanently)

    def unlock(self, tid: bytes, what: Sequence[str], password: int) -> Talk[Written]:
        """Open areas of one tag that are locked behind its access password."""
        return writing.lock(self, tid, what, password, is_opened=True)

    def kill(self, tid: bytes, password: int, *, surely: bool = False) -> Talk[Written]:
        """Silence one tag for ever; see `readers.control.writing.kill`."""
        return writing.kill(self, tid, password, surely=surely)

    def ask(
        self, data: bytes, command: int, *, tries: int = 1, wait_ms: int = WAIT_MS
    ) -> Talk[Reply]:
        """Ask for the reply of one command.

        Raises:
            ReaderError: If nobody answers in time.
        """
        answer = yield Ask(data, lambda item: is_reply(item, command), wait_ms, tries)
        if not isinstance(answer, Reply):
            raise self.silent()
        return answer

    def silent(self) -> ReaderError:
        """Return what is said of a reader that does not answer."""
        return ReaderError(
            f"{self.name} does not answer: look at its cable and its power, and whether another"
            " program reads it."
        )


def is_reply(item: Item, *commands: int) -> bool:
    """Tell whether an item is a reply to one of these commands."""
    return isinstance(item, Reply) and item.command in commands


def degrees(answer: Reply) -> float:
    """Return the temperature in an answer, °C.

    Raises:
        ReaderError: If the reader told none.
    """
    told = answer.fields.get("temperature_c", answer.fields.get("celsius"))
    if answer.error is not None or not isinstance(told, int | float):
        raise ReaderError("This reader does not tell how warm it is.")
    return float(told)


def within(name: str, what: str, values: Sequence[float], lowest: float, highest: float) -> None:
    """See to it that figures are ones that a reader takes.

    Raises:
        ReaderError: If one is not; the sentence says what is expected.
    """
    wrong = [value for value in values if not lowest <= value <= highest]
    if wrong or not values:
        got = ", ".join(f"{value:g}" for value in wrong) or "nothing"
        raise ReaderError(f"{name} cannot set {what} {got}: expected {lowest:g} to {highest:g}.")
