r"""A label as a TSPL printer takes it, the many that are not made by the largest maker.

TSPL is spoken by a dozen makers, each a little differently. So its own commands are used where all
of them agree (plain Code 128, EAN and UPC, QR, letters that its fixed fonts have), and dots for
everything else: dots look the same on each of them, and were read back before they were sent.

>>> quoted("Overshirt 50%")
'"Overshirt 50%"'
"""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

from traceability.errors import Refused
from traceability.labels.barcode_1d import Bars
from traceability.labels.code128_values import values_of
from traceability.labels.dots import Grid
from traceability.labels.label import Label
from traceability.labels.lettering import Line, width
from traceability.labels.picture import Code, Picture, Rule, Words
from traceability.labels.printable import check_copies, check_text, dashes, fits_level_m
from traceability.labels.raster import code_bitmap, words_bitmap
from traceability.labels.reading_back import proven
from traceability.labels.square import Square

__all__ = ["quoted", "write_tspl"]

GAP_MM = 3
"""Between two labels of a roll, as most are cut; the printer finds the edge itself."""
FONTS = {"1": (8, 12), "2": (12, 20), "3": (16, 24), "4": (24, 32), "5": (32, 48)}
"""Width and height of a letter in dots. Source: TSPL/TSPL2 Programming Manual, TEXT."""
MAGNIFIED_MAX = 10
SMALLER = 0.8
"""A fixed font is taken if its letters are no smaller than this share of what was drawn."""
QR_CELL_MAX = 10
_ASCENT = 0.8
"""Letters of the fixed fonts stand so far below the top of their cell, in parts of its height."""
_TYPES = {"ean13": "EAN13", "ean8": "EAN8", "upc_a": "UPCA"}


def write_tspl(
    label: Label,
    size: tuple[float, float],
    dpi: int = 203,
    *,
    inset: tuple[float, float] = (2, 2),
    copies: int = 1,
    gap_mm: float = GAP_MM,
    density: int | None = None,
) -> bytes:
    """Write one label for a TSPL printer.

    Args:
        label: What is printed.
        size: Width and height of the label, mm.
        dpi: 203, 300 or 600.
        inset: What stays white at the sides, and above and below, mm.
        copies: How often the same label comes out, 1 to 500.
        gap_mm: Between two labels of the roll; 0 for paper without labels.
        density: How dark, 0 to 15; None leaves it as it is set at the printer.

    Raises:
        Conflict: If a code of the label would name another thing.
        Refused: If the label has no room for it, has a chip, a text has control characters, a head
            has no such resolution, or a thing with a number of its own would be labelled twice.

    Source: TSPL/TSPL2 Programming Manual (TSC), chapters "Setup and System Commands" and "Label
    Formatting Commands".
    """
    check_copies(label, copies)
    if label.epc is not None:
        raise Refused(
            f"Cannot write the chip of {label.name} with TSPL: makers do not agree how. Print it "
            "on a printer that speaks ZPL, or print a label without a chip."
        )
    if density is not None and not 0 <= density <= 15:
        raise Refused(f"Cannot print with density {density}: expected 0 to 15.")
    grid = Grid(dpi)
    picture = proven(label, size, inset)
    lines = [
        f"SIZE {size[0]:g} mm,{size[1]:g} mm",
        f"GAP {gap_mm:g} mm,0 mm",
        *([] if density is None else [f"DENSITY {density}"]),
        "DIRECTION 1",
        "REFERENCE 0,0",
        "CLS",
    ]
    # Dots come first: they overwrite what is below them, up to seven dots beside them as well.
    parts = sorted(_parts(picture, grid), key=lambda part: not part.startswith(b"BITMAP "))
    head = "".join(f"{line}\r\n" for line in lines).encode("ascii")
    return head + b"".join(parts) + f"PRINT 1,{copies}\r\n".encode("ascii")


def quoted(text: str) -> str:
    """Write a text between quotes.

    Args:
        text: ASCII without quotes and backslashes: makers do not agree how those are written, so
            what has them is sent as dots.

    Raises:
        Refused: If it has control characters, or a sign that could end the quotes.
    """
    check_text(text)
    if not _is_plain(text):
        raise Refused(f"Cannot put {text[:60]!r} between quotes: expected plain ASCII.")
    return f'"{text}"'


def _is_plain(text: str) -> bool:
    return text.isascii() and '"' not in text and "\\" not in text


def _parts(picture: Picture, grid: Grid) -> Iterator[bytes]:
    for part in picture.parts:
        if isinstance(part, Words):
            yield from _words(part, grid)
        elif isinstance(part, Rule):
            for box in dashes(part, grid):
                yield _line("BAR", *box)
        else:
            yield from _code(part, grid)


def _line(command: str, *parts: int | str) -> bytes:
    return f"{command} {','.join(map(str, parts))}\r\n".encode("ascii")


# --- words ---------------------------------------------------------------------------------------


def _words(words: Words, grid: Grid) -> Iterator[bytes]:
    check_text(words.text)
    lines = list(words.lines())
    fitted = [_font(line, words.room, grid.per_mm) for line, _ in lines]
    if not _is_plain(words.text) or None in fitted:
        image, x, y = words_bitmap(words, grid.dpi)
        yield from _bitmap(image, grid.at(x), grid.at(y))
        return
    for (line, baseline), font in zip(lines, fitted, strict=True):
        assert font is not None, "looked at above"
        name, times = font
        across, down = (side * times for side in FONTS[name])
        length = across * len(line.text)
        start = {"start": 0, "middle": length // 2, "end": length}[words.anchor]
        x, y = grid.at(words.x) - start, grid.at(baseline) - round(down * _ASCENT)
        yield _line("TEXT", max(0, x), max(0, y), f'"{name}"', 0, times, times, quoted(line.text))


def _font(line: Line, room: float, per_mm: float) -> tuple[str, int] | None:
    """Return the largest fixed font that takes no more room than was reckoned, and its size."""
    text, height = line.text, line.size * per_mm
    most = min(width(text, line.size, stretch=line.stretch), room) * per_mm
    best: tuple[int, str, int] | None = None
    for name, (across, down) in FONTS.items():
        for times in range(1, MAGNIFIED_MAX + 1):
            is_fitting = across * times * len(text) <= most and down * times <= height * 1.05
            if is_fitting and down * times >= height * SMALLER:
                best = max(best or (0, "", 0), (down * times, name, times))
    return None if best is None else (best[1], best[2])


# --- dots ----------------------------------------------------------------------------------------


def _bitmap(image: Image.Image, x: int, y: int) -> Iterator[bytes]:
    """Write dots as they are: in TSPL a 0 is burnt, and a row is filled up with white."""
    box = Image.eval(image.convert("L"), lambda light: 255 - light).getbbox()
    if box is None:
        return
    left, top = max(box[0], -x), max(box[1], -y)
    cut = image.crop((left, top, box[2], box[3]))
    across = -(-cut.width // 8)
    whole = Image.new("1", (across * 8, cut.height), 1)
    whole.paste(cut, (0, 0))
    # Mode 0 overwrites. What adding (mode 1) does with white dots, makers do not agree about.
    head = f"BITMAP {x + left},{y + top},{across},{cut.height},0,".encode("ascii")
    yield head + whole.tobytes("raw", "1") + b"\r\n"


# --- codes ---------------------------------------------------------------------------------------


def _code(code: Code, grid: Grid) -> Iterator[bytes]:
    symbol = grid.symbol(code)
    drawn = code.code
    if symbol.x < 0 or symbol.y < 0:
        asked = None
    elif isinstance(drawn, Bars):
        asked = _bars(drawn, symbol.x, symbol.y, symbol.height, symbol.module)
    else:
        asked = _square(drawn, symbol.x, symbol.y, symbol.module)
    if asked is None:
        yield from _bitmap(*code_bitmap(code, grid.dpi))
        return
    yield asked
    if isinstance(drawn, Bars) and code.guard:
        foot = grid.at(code.guard)
        for at, modules in drawn.runs(guards_only=True):
            left = symbol.x + (at - drawn.quiet[0]) * symbol.module
            yield _line("BAR", left, symbol.y + symbol.height, modules * symbol.module, foot)


def _bars(bars: Bars, x: int, y: int, height: int, module: int) -> bytes | None:
    if bars.kind == "code128":
        # The printer chooses the subsets. The plainest choice, subset B alone, must have room.
        is_wider = len(bars.content) + 1 > len(values_of(bars.modules))
        if is_wider or not _is_plain(bars.content):
            return None
        return _line("BARCODE", x, y, '"128"', height, 0, 0, module, module, quoted(bars.content))
    if bars.kind in _TYPES:
        # The printer adds the check digit; ours was checked before it was drawn.
        digits = quoted(bars.content[:-1])
        kind = f'"{_TYPES[bars.kind]}"'
        return _line("BARCODE", x, y, kind, height, 0, 0, module, module, digits)
    # GS1-128: "EAN128" takes brackets here, bare digits there, and no two makers agree on FNC1
    # behind a field; ITF-14: the ratio and the frame are the maker's. Both go as dots.
    return None


def _square(square: Square, x: int, y: int, module: int) -> bytes | None:
    # DMATRIX: FNC1 is "~1" behind "c126" with one maker and unknown to the next, so Data Matrix
    # goes as dots. QRCODE is the same everywhere, once model 2 is asked for.
    content = square.content
    if square.kind != "qr" or not _is_plain(content):
        return None
    if module > QR_CELL_MAX or not fits_level_m(square):
        return None
    return _line("QRCODE", x, y, "M", module, "A", 0, "M2", "S7", quoted(content))
