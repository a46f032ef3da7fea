"""A printer that is not there: it takes labels on a real port and draws what would have come out.

    with EmulatedPrinter("zpl") as printer:
        for printed in send(Printer("Try", printer.address), jobs): ...
        printer.sheets[0].picture.save("label.png")

It obeys ZPL or TSPL strictly, writes an emulated chip into each label, and can be told to go wrong:
no paper, an open head, a chip that does not answer, one that lies, a plug that is pulled.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from PIL import Image

from traceability.printers.emulated.chip import EmulatedChip, chip_number
from traceability.printers.emulated.door import Door, PtyDoor, TcpDoor
from traceability.printers.emulated.tspl import TsplReader
from traceability.printers.emulated.zpl import Format, ZplReader

__all__ = ["EmulatedPrinter", "Sheet"]

STEP_S = 0.01
SHEETS_MAX = 10_000
QUEUE_MAX = 200
"""Labels it takes before it prints them; more is a fault of who sends."""
VOID_SIZE = 0.9


@dataclass(frozen=True, slots=True)
class Sheet:
    """One label that came out."""

    number: int
    picture: Image.Image
    """Mode 1, black is 0."""
    faults: tuple[str, ...] = ()
    """What the printer did not understand, and what lies where it must not."""
    epc: bytes | None = None
    """What its chip says, if it was told to write one."""
    tid: bytes | None = None
    is_void: bool = False
    """Crossed out: its chip could not be written."""


@dataclass(slots=True)
class _State:
    """What stands in the printer's way; the printer's lock guards it."""

    troubles: set[str] = field(default_factory=set)
    paper_left: int | None = None
    dead_chips: int = 0
    wrong_chips: int = 0
    cut_after: int | None = None


class EmulatedPrinter:
    """One emulated printer on a loopback TCP port or a pty, played by a thread of its own.

    All methods may be called from any thread.
    """

    def __init__(
        self,
        language: Literal["zpl", "tspl"] = "zpl",
        *,
        dpi: int = 203,
        port: Literal["tcp", "pty"] = "tcp",
        tcp_port: int = 0,
        folder: Path | None = None,
        slow_ms: float = 0.0,
        is_mute: bool = False,
        on_sheet: Callable[[Sheet], None] | None = None,
    ) -> None:
        """Switch it on.

        Args:
            language: What it speaks.
            dpi: Dots of an inch; ZPL says dots itself.
            port: What kind of port the host opens.
            tcp_port: A port of one's own choice; 0 takes a free one.
            folder: Where each label is written as a PNG, and what is wrong with it beside it.
            slow_ms: How long it takes for one label.
            is_mute: It answers nothing, as many cheap ones do.
            on_sheet: Is told of each label, from the printer's thread.

        Raises:
            Refused: If the port is taken, or this system has no ptys.
        """
        self.language = language
        self._slow_s = slow_ms / 1000
        self._is_mute = is_mute
        self._on_sheet = on_sheet
        self._folder = folder
        self._zpl, self._tspl = ZplReader(), TsplReader(dpi)
        # The lock guards the state, the queue and the sheets; the thread alone talks on the door.
        self._lock = threading.RLock()
        self._state = _State()
        self._queue: deque[Format] = deque()
        self._busy_until = 0.0
        self._printing: Format | None = None
        self._chip_count = 0
        self._sheets: list[Sheet] = []
        self._stopping = threading.Event()
        self._door: Door = TcpDoor(tcp_port) if port == "tcp" else PtyDoor()
        self._thread = threading.Thread(target=self._live, name="emulated printer", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What a `Printer` is entered with."""
        return self._door.address

    @property
    def sheets(self) -> list[Sheet]:
        """What came out so far, in order."""
        with self._lock:
            return list(self._sheets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Switch it off."""
        self._stopping.set()
        self._thread.join(5)
        self._door.close()

    def wait_sheets(self, count: int, timeout_s: float = 10.0) -> list[Sheet]:
        """Wait until so many labels came out, and return all there are."""
        ends_at = time.monotonic() + timeout_s
        while len(found := self.sheets) < count and time.monotonic() < ends_at:
            time.sleep(STEP_S)
        return found

    # --- what can go wrong ---

    def trouble(self, *names: str) -> None:
        """Make it stand still: ``paper``, ``head``, ``ribbon`` or ``paused``."""
        with self._lock:
            self._state.troubles.update(names)

    def solve(self) -> None:
        """Put in paper, close it and press the pause key."""
        with self._lock:
            self._state.troubles.clear()
            self._state.paper_left = None

    def paper_for(self, count: int) -> None:
        """Let the roll end after so many labels more."""
        with self._lock:
            self._state.paper_left = count

    def dead_chips(self, count: int) -> None:
        """Let so many of the next chips answer nothing."""
        with self._lock:
            self._state.dead_chips = count

    def wrong_chips(self, count: int) -> None:
        """Let so many of the next chips keep another number than they are told."""
        with self._lock:
            self._state.wrong_chips = count

    def cut_after(self, count: int) -> None:
        """Pull the plug when so many labels more came out."""
        with self._lock:
            self._state.cut_after = count

    # --- its thread ---

    def _live(self) -> None:
        while not self._stopping.is_set():
            data = self._door.receive(STEP_S)
            with self._lock:
                if data is None:
                    # The host hung up: half a label is forgotten, whole ones are printed.
                    self._zpl.clear()
                    self._tspl.clear()
                elif data:
                    self._take(data)
                self._work()

    def _take(self, data: bytes) -> None:
        if self.language == "zpl":
            for one in self._zpl.read(data):
                if isinstance(one, Format):
                    self._enqueue(one)
                elif one == "HS":
                    self._say(self._zpl_status())
                elif one == "JA":
                    self._queue.clear()
            return
        for said in self._tspl.read(data):
            if isinstance(said, tuple):
                self._enqueue(Format(*said))
            elif said == "?":
                self._say(bytes([self._tspl_status()]))
            elif said == ".":
                self._queue.clear()

    def _enqueue(self, made: Format) -> None:
        if len(self._queue) >= QUEUE_MAX:
            made.label.fault(f"More than {QUEUE_MAX} labels were sent ahead.")
        if len(self._queue) < 2 * QUEUE_MAX:
            self._queue.append(made)

    def _work(self) -> None:
        """Finish the label in hand, or begin the next one."""
        now = time.monotonic()
        if self._printing is not None and now >= self._busy_until:
            made, self._printing = self._printing, None
            for _ in range(made.copies):
                self._come_out(made)
        state = self._state
        if state.paper_left == 0:
            state.troubles.add("paper")
        if self._printing is None and self._queue and not state.troubles:
            self._printing = self._queue.popleft()
            self._busy_until = now + self._slow_s
            if state.paper_left:
                state.paper_left -= 1

    def _come_out(self, made: Format) -> None:
        chip = self._chip() if made.chip else None
        is_void = chip is not None and self._obey_chip(made, chip)
        picture = _voided(made.label.picture) if is_void else made.label.picture
        sheet = Sheet(
            len(self._sheets) + 1,
            picture,
            tuple(made.label.faults),
            chip.epc if chip is not None and not is_void else None,
            chip.tid if chip is not None else None,
            is_void,
        )
        if len(self._sheets) < SHEETS_MAX:
            self._sheets.append(sheet)
        if self._folder is not None:
            _keep(sheet, self._folder)
        if self._on_sheet is not None:
            self._on_sheet(sheet)
        state = self._state
        if state.cut_after is not None:
            state.cut_after -= 1
            if state.cut_after <= 0:
                state.cut_after = None
                self._queue.clear()
                self._zpl.clear()
                self._tspl.clear()
                self._door.cut()

    def _chip(self) -> EmulatedChip:
        self._chip_count += 1
        state = self._state
        is_dead, is_wrong = state.dead_chips > 0, state.wrong_chips > 0
        state.dead_chips -= is_dead
        state.wrong_chips -= is_wrong
        return EmulatedChip(chip_number(self._chip_count), is_dead, is_wrong)

    def _obey_chip(self, made: Format, chip: EmulatedChip) -> bool:
        """Do what is to be done with the chip, answer, and tell whether the label is void."""
        fields: dict[int, bytes] = {}
        is_void = False
        for order in made.chip:
            if order.is_write:
                is_void |= not chip.write(order.bank, order.start, order.data)
            else:
                fields[order.number] = chip.read(order.bank, order.start, order.size)
                is_void |= not fields[order.number]
        for answer in made.answers:
            said = fields.get(answer.number, b"").hex().upper()[: answer.size]
            self._say(f"{answer.head}{said}{answer.tail}".encode())
        return is_void

    def _say(self, data: bytes) -> None:
        if not self._is_mute:
            self._door.send(data)

    # --- what it says of itself ---

    def _zpl_status(self) -> bytes:
        names = ("paper", "paused", "head", "ribbon")
        flags = {name: int(name in self._state.troubles) for name in names}
        waiting = len(self._queue)
        first = f"030,{flags['paper']},{flags['paused']},0240,{waiting:03d},0,0,0,000,0,0,0"
        remaining = int(self._printing is not None)
        second = f"000,0,{flags['head']},{flags['ribbon']},0,2,4,0,{remaining:08d},1,000"
        return "".join(f"\x02{line}\x03\r\n" for line in (first, second, "0000,0")).encode()

    def _tspl_status(self) -> int:
        bits = {"head": 0x01, "paper": 0x04, "ribbon": 0x08, "paused": 0x10}
        found = sum(bit for name, bit in bits.items() if name in self._state.troubles)
        return found | (0x20 if self._printing is not None or self._queue else 0)


def _voided(picture: Image.Image) -> Image.Image:
    """Cross a label out, as printers do whose chip failed."""
    from PIL import ImageDraw, ImageFont

    crossed = picture.copy()
    font = ImageFont.load_default(size=picture.height * VOID_SIZE / 2)
    middle = (picture.width / 2, picture.height / 2)
    ImageDraw.Draw(crossed).text(middle, "VOID", font=font, fill=0, anchor="mm")
    return crossed


def _keep(sheet: Sheet, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"label-{sheet.number:04d}"
    sheet.picture.save(folder / f"{name}.png")
    said = list(sheet.faults)
    if sheet.tid is not None:
        word = "void" if sheet.is_void else (sheet.epc or b"").hex().upper()
        said.insert(0, f"chip {sheet.tid.hex().upper()}: {word}")
    if said:
        (folder / f"{name}.txt").write_text("\n".join(said) + "\n", encoding="utf-8")
