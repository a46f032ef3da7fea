"""One tag is changed and no other: chosen by the number in its chip, written, read back.

The order is the same for every reader; how a reader is told each step is its own. Nothing is
written while more than one tag answers to the selection, and what a tag says afterwards is the
truth: an answer that got lost is no failure, a "done" that does not read back is one.

Source: EPC Gen2 2.0.1, sections 6.3.2.1 (memory, PC word) and 6.3.2.12.3 (access, lock, kill).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from readers.control.talk import T, Talk
from readers.reads import ReaderError, Written

RESERVED, EPC, TID, USER = 0, 1, 2, 3
BANKS = {"reserved": RESERVED, "epc": EPC, "tid": TID, "user": USER}
AREAS = ("kill", "access", "epc", "tid", "user")
"""What can be locked, in the order of the lock command's bits, the highest first."""
PASSWORDS = {"kill password": 0, "access password": 2}
"""Word of the reserved bank at which each begins."""
TID_WORDS = (6, 4, 2)
"""How much of a TID is asked for where nobody knows its length: 96 bits, 64, 32."""
EPC_WORDS_MAX = 31
PC_KEPT = 0x07FF
"""All bits of a PC word but the length."""
PC_COMPARED = 0xF9FF
"""The chip reckons the bits for user memory and XPC itself."""


class Lock(IntEnum):
    """What a lock says of an area, as the two action bits of the lock command."""

    OPEN = 0
    OPEN_FOR_EVER = 1
    BY_PASSWORD = 2
    FOR_EVER = 3


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag in the field, as it can be chosen."""

    epc: bytes
    pc: int
    tid: bytes = b""
    """Empty where it was not read."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tags are meant: by chip number, by EPC, or (both empty) whatever is in the field."""

    tid: bytes = b""
    epc: bytes = b""

    @property
    def words(self) -> str:
        """What people call it."""
        if self.tid:
            return f"TID {self.tid.hex().upper()}"
        return f"EPC {self.epc.hex().upper()}" if self.epc else "any tag"


class TagSteps:
    """How one protocol does each step; what it leaves out, its readers cannot do.

    A step ends in a `ReaderError` if the reader or the tag refuses. Words are 16 bits, counted
    from the start of a bank (the EPC begins at word 2); passwords are 32 bits, 0 for none.
    """

    name = "This reader"

    def cannot(self, what: str) -> ReaderError:
        """Return what is said of something that such a reader cannot do, or nobody knows how."""
        return ReaderError(f"{self.name} cannot {what}.")

    def find(self, selection: Selection) -> Talk[tuple[Tag, ...]]:
        """Return the tags that answer to a selection, each once; its TID where that is known."""
        raise self.cannot("look for tags one by one")

    def read(self, tag: Tag, bank: int, address: int, words: int, password: int) -> Talk[bytes]:
        """Read words of one tag."""
        raise self.cannot("read a tag's memory")

    def write(self, tag: Tag, bank: int, address: int, data: bytes, password: int) -> Talk[None]:
        """Write words of one tag."""
        raise self.cannot("write tags")

    def set_lock(self, tag: Tag, area: str, lock: Lock, password: int) -> Talk[None]:
        """Set the lock of one of `AREAS`."""
        raise self.cannot("lock tags")

    def silence(self, tag: Tag, password: int) -> Talk[None]:
        """Kill a tag with its kill password."""
        raise self.cannot("kill tags")

    def release(self) -> Talk[None]:
        """Let go of the selection, so that every tag answers again."""
        yield from ()


def with_tids(steps: TagSteps, tags: Sequence[Tag]) -> Talk[tuple[Tag, ...]]:
    """Return the tags with the TIDs that they tell; one that tells none keeps it empty."""
    found = []
    for tag in tags:
        told = tag
        for words in () if tag.tid else TID_WORDS:
            try:
                told = replace(tag, tid=(yield from steps.read(tag, TID, 0, words, 0)))
            except ReaderError:
                continue  # a shorter TID, or a tag that has just left
            break
        found.append(told)
    return tuple(found)


def by_reading_tids(steps: TagSteps, tid: bytes) -> Talk[tuple[Tag, ...]]:
    """Find a TID with a reader that selects by EPC alone: ask each tag for its own."""
    everything = yield from steps.find(Selection())
    found = []
    for tag in everything:
        try:
            held = yield from steps.read(tag, TID, 0, len(tid) // 2, 0)
        except ReaderError:
            continue
        if held == tid:
            found.append(replace(tag, tid=tid))
    return tuple(found)


def tags(steps: TagSteps) -> Talk[tuple[Tag, ...]]:
    """Return the tags in the field with their TIDs."""
    return (yield from _released(steps, _tags(steps)))


def _tags(steps: TagSteps) -> Talk[tuple[Tag, ...]]:
    everything = yield from steps.find(Selection())
    return (yield from with_tids(steps, everything))


def read_words(
    steps: TagSteps, selection: Selection, bank: int, address: int, words: int, password: int = 0
) -> Talk[bytes]:
    """Read words of the one tag that answers to a selection.

    Raises:
        ReaderError: If none or more than one answers, or the words cannot be read.
    """

    def talk() -> Talk[bytes]:
        tag = yield from choose(steps, selection)
        return (yield from steps.read(tag, bank, address, words, password))

    return (yield from _released(steps, talk()))


def write_epc(steps: TagSteps, tid: bytes, epc: bytes, password: int = 0) -> Talk[Written]:
    """Write an EPC with the PC word that counts its words; the PC word's other bits stay.

    Args:
        steps: How the reader does it.
        tid: The number in the chip of the tag that is meant.
        epc: 1 to 31 words.
        password: Access password; 0: none.

    Raises:
        ReaderError: If not exactly one tag has this TID, if another tag in the field has this EPC
            already, or if the tag does not read back what was written.
    """
    if not epc or len(epc) % 2 or len(epc) // 2 > EPC_WORDS_MAX:
        raise ReaderError(
            f"Cannot write EPC {epc.hex().upper() or 'nothing'}: expected 1 to {EPC_WORDS_MAX}"
            f" words of 16 bits, got {len(epc)} bytes."
        )
    return (yield from _released(steps, _write_epc(steps, tid, epc, password)))


def _write_epc(steps: TagSteps, tid: bytes, epc: bytes, password: int) -> Talk[Written]:
    tag = yield from choose(steps, Selection(tid=tid))
    others = yield from steps.find(Selection())
    if tag.epc != epc and any(other.epc == epc for other in others):
        raise ReaderError(
            f"Cannot write EPC {epc.hex().upper()}: another tag in the field has it already."
        )
    before_pc, before_epc = yield from _pc_and_epc(steps, tag)
    pc = len(epc) // 2 << 11 | before_pc & PC_KEPT
    refusal: ReaderError | None = None
    try:
        yield from steps.write(tag, EPC, 1, pc.to_bytes(2, "big") + epc, password)
    except ReaderError as error:
        refusal = error  # perhaps only the answer was lost: the tag itself knows
    after_pc, after_epc = yield from _again(steps, tid)
    if after_epc != epc or (after_pc ^ pc) & PC_COMPARED:
        now = f"the tag says {after_pc:04X} {after_epc.hex().upper()}"
        if refusal is not None and (after_pc, after_epc) == (before_pc, before_epc):
            raise refusal
        raise ReaderError(
            f"Wrote {pc:04X} {epc.hex().upper()}, but {now}. Hold it closer and write again."
        )
    return Written("epc", tid, before_pc, before_epc, after_pc, after_epc)


def write_password(
    steps: TagSteps, tid: bytes, which: str, new: int, password: int = 0
) -> Talk[Written]:
    """Write one of `PASSWORDS` and read it back.

    Args:
        steps: How the reader does it.
        tid: The number in the chip of the tag that is meant.
        which: A key of `PASSWORDS`.
        new: 32 bits; 0 takes the password away.
        password: The access password that the tag has now; 0: none.

    Raises:
        ReaderError: If not exactly one tag has this TID, or the password does not read back.
    """
    if which not in PASSWORDS:
        raise ReaderError(f"Cannot write {which!r}: expected {' or '.join(PASSWORDS)}.")

    def talk() -> Talk[Written]:
        tag = yield from choose(steps, Selection(tid=tid))
        pc, epc = yield from _pc_and_epc(steps, tag)
        data = new.to_bytes(4, "big")
        refusal: ReaderError | None = None
        try:
            yield from steps.write(tag, RESERVED, PASSWORDS[which], data, password)
        except ReaderError as error:
            refusal = error  # perhaps only the answer was lost: the tag itself knows
        is_access = which == "access password"
        key = new if is_access and password else password
        try:
            held = yield from steps.read(tag, RESERVED, PASSWORDS[which], 2, key)
        except ReaderError as error:
            raise refusal or ReaderError(f"The {which} may be written: {error}") from error
        if held != data:
            raise refusal or ReaderError(
                f"The {which} does not read back as written. Hold the tag closer and write again."
            )
        return Written(which, tid, pc, epc, pc, epc)

    return (yield from _released(steps, talk()))


def lock(
    steps: TagSteps,
    tid: bytes,
    areas: Sequence[str],
    password: int,
    *,
    permanently: bool = False,
    is_opened: bool = False,
) -> Talk[Written]:
    """Lock areas of a tag behind its access password, or open them.

    Args:
        steps: How the reader does it.
        tid: The number in the chip of the tag that is meant.
        areas: Some of `AREAS`.
        password: The tag's access password; a lock without one locks nobody out.
        permanently: For ever: nobody can undo it, with whatever password.
        is_opened: Open instead of lock.

    Raises:
        ReaderError: If not exactly one tag has this TID, or the tag refuses.
    """
    unknown = [area for area in areas if area not in AREAS]
    if unknown or not areas:
        raise ReaderError(
            f"Cannot lock {', '.join(unknown) or 'nothing'}: expected some of {', '.join(AREAS)}."
        )
    if not password:
        raise ReaderError(
            "Cannot lock a tag without an access password: write one first, and keep it."
        )
    kind = (Lock.OPEN if is_opened else Lock.BY_PASSWORD) + (1 if permanently else 0)

    def talk() -> Talk[Written]:
        tag = yield from choose(steps, Selection(tid=tid))
        pc, epc = yield from _pc_and_epc(steps, tag)
        for area in areas:
            yield from steps.set_lock(tag, area, Lock(kind), password)
        after = yield from _pc_and_epc(steps, tag)
        what = "unlock" if is_opened else "lock"
        return Written(what, tid, pc, epc, *after, tuple(areas), permanently)

    return (yield from _released(steps, talk()))


def kill(steps: TagSteps, tid: bytes, password: int, *, surely: bool = False) -> Talk[Written]:
    """Silence a tag for ever, and see that it does not answer any more.

    Args:
        steps: How the reader does it.
        tid: The number in the chip of the tag that is meant.
        password: Its kill password.
        surely: That it is really meant.

    Raises:
        ReaderError: If it is not really meant, if not exactly one tag has this TID, or if the tag
            refuses or answers afterwards.
    """
    if not surely:
        raise ReaderError(
            "Killing silences a tag for ever, and nobody can undo it: say that you mean it surely."
        )
    if not password:
        raise ReaderError("Cannot kill a tag without its kill password: write one first.")

    def talk() -> Talk[Written]:
        tag = yield from choose(steps, Selection(tid=tid))
        pc, epc = yield from _pc_and_epc(steps, tag)
        yield from steps.silence(tag, password)
        if (yield from steps.find(Selection(tid=tid))):
            raise ReaderError("The tag was to be killed, but it still answers: kill it again.")
        return Written("kill", tid, pc, epc, None, b"", is_for_ever=True)

    return (yield from _released(steps, talk()))


def choose(steps: TagSteps, selection: Selection) -> Talk[Tag]:
    """Return the one tag that answers to a selection.

    Raises:
        ReaderError: If none answers, or more than one.
    """
    if len(selection.tid) % 2 or len(selection.epc) % 2:
        raise ReaderError(f"Cannot look for {selection.words}: expected whole words of 16 bits.")
    found = yield from steps.find(selection)
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(sorted(tag.epc.hex().upper() for tag in found)[:4])
        raise ReaderError(
            f"{len(found)} tags answer to {selection.words} ({shown}): expected one alone. Take the"
            " others away."
        )
    if not (selection.tid or selection.epc):
        raise ReaderError("No tag answers: hold one to the antenna.")
    others = yield from steps.find(Selection())
    raise ReaderError(
        f"No tag answers to {selection.words}, but {len(others)} others do: hold the right one to"
        " the antenna."
    )


def refuse_twins(tag: Tag, everything: Sequence[Tag]) -> None:
    """See to it that a reader that selects by EPC alone means one tag.

    Raises:
        ReaderError: If another tag of the field has the same EPC.
    """
    twins = [other for other in everything if other.epc == tag.epc and other.tid != tag.tid]
    if twins:
        raise ReaderError(
            f"{len(twins) + 1} tags in the field have EPC {tag.epc.hex().upper()}, and this reader"
            " cannot tell them apart: take the others away."
        )


def _again(steps: TagSteps, tid: bytes) -> Talk[tuple[int, bytes]]:
    """Return what a tag says after it was written to."""
    try:
        tag = yield from choose(steps, Selection(tid=tid))
        return (yield from _pc_and_epc(steps, tag))
    except ReaderError as error:
        raise ReaderError(
            f"TID {tid.hex().upper()} may be written or not, for it does not answer any more:"
            f" hold it to the antenna and read it. {error}"
        ) from error


def _pc_and_epc(steps: TagSteps, tag: Tag) -> Talk[tuple[int, bytes]]:
    """Return the PC word and the EPC as they lie in the tag's memory."""
    pc = int.from_bytes((yield from steps.read(tag, EPC, 1, 1, 0)), "big")
    words = pc >> 11
    epc = (yield from steps.read(tag, EPC, 2, words, 0)) if words else b""
    return pc, epc


def _released(steps: TagSteps, talk: Talk[T]) -> Talk[T]:
    try:
        return (yield from talk)
    finally:
        yield from steps.release()
