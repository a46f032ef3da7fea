r"""A label as a ZPL printer takes it: codes by its own commands, foreign scripts as dots.

What stands on a label was typed by somebody. It reaches the printer only inside a field, with every
character that could begin a command written as hex, so no text can become a command.

>>> field("50% ^XZ~JA_1")
'50% _5EXZ_7EJA_5F1'
>>> field("two\nlines")  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
traceability.errors.Refused: Cannot print 'two\nlines': it has the control character U+000A, ...
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from PIL import Image

from traceability.gs1.element_string import GS
from traceability.labels.barcode_1d import Bars
from traceability.labels.chip import commands
from traceability.labels.code128_values import (
    CODE_A,
    CODE_B,
    CODE_C,
    FNC1,
    START_A,
    START_B,
    START_C,
    values_of,
)
from traceability.labels.dots import Grid
from traceability.labels.label import Label
from traceability.labels.lettering import Line, width
from traceability.labels.picture import Code, Picture, Rule, Words
from traceability.labels.printable import check_copies, check_text, dashes, fits_level_m
from traceability.labels.raster import code_bitmap, words_bitmap
from traceability.labels.reading_back import proven
from traceability.labels.square import Square

__all__ = ["field", "write_bitmap", "write_zpl"]

LETTER_DOTS_MIN = 10
"""Font 0 has no smaller letters (ZPL II Programming Guide, ^A); they are drawn dot by dot."""
QR_MODULE_MAX = 10
"""Dots; older firmware magnifies no more (ZPL II Programming Guide, ^BQ)."""
_HEX = "^~_\\"
"""A caret or a tilde begins a command, an underscore a hex pair, a backslash an order in ^FB."""
_INVOKED = {">": ">0", "^": "><", "~": ">=", "\x7f": ">1"}
"""Characters of subset B that are spelled. Source: ZPL II Programming Guide, ^BC, table 2."""
_MATRIX_SIGNS = "_|@#"
"""What may lead the escapes of a Data Matrix (ZPL II Programming Guide, ^BX, parameter g)."""
_STARTS = {START_B: ">:", START_C: ">;"}
_RUN_20 = {20 * place: chr(ord("g") + place - 1) for place in range(1, 21)}
_RUN_1 = {place: chr(ord("G") + place - 1) for place in range(1, 20)}


def write_zpl(
    label: Label,
    size: tuple[float, float],
    dpi: int = 203,
    *,
    inset: tuple[float, float] = (2, 2),
    copies: int = 1,
) -> bytes:
    """Write one label for a ZPL printer, its chip included.

    Args:
        label: What is printed; its chip is written if it names an EPC.
        size: Width and height of the label, mm.
        dpi: 203, 300 or 600.
        inset: What stays white at the sides, and above and below, mm.
        copies: How often the same label comes out, 1 to 500.

    Returns:
        One format, ``^XA`` to ``^XZ``, in ASCII.

    Raises:
        Conflict: If a code of the label, or its chip, would name another thing.
        Refused: If the label has no room for it, a text has control characters, a head has no such
            resolution, or a thing with a number of its own would be labelled twice.

    Source: ZPL II Programming Guide (P1099958), RFID Programming Guide 3 (P1062165).
    """
    check_copies(label, copies)
    grid = Grid(dpi)
    picture = proven(label, size, inset)
    wide, high = grid.at(size[0]), grid.at(size[1])
    lines = ["^XA", "^CI28^MUD^FWN", f"^PW{wide}^LL{high}^LH0,0"]
    if label.epc is not None:
        lines += commands(label.epc)
    lines += _parts(picture, grid)
    lines += [f"^PQ{copies},0,0,N", "^XZ", ""]
    return "\n".join(lines).encode("ascii")


def _parts(picture: Picture, grid: Grid) -> Iterator[str]:
    for part in picture.parts:
        if isinstance(part, Words):
            yield from _words(part, grid, picture.width)
        elif isinstance(part, Rule):
            yield from _rule(part, grid)
        else:
            yield from _code(part, grid)


def field(text: str) -> str:
    """Write a text for ``^FH^FD``: what could be a command becomes a hex pair.

    Args:
        text: What is to be printed, ASCII.

    Raises:
        Refused: If it has control characters.

    Source: ZPL II Programming Guide, ^FH.
    """
    check_text(text)
    return "".join(f"_{ord(one):02X}" if one in _HEX else one for one in text)


# --- words ---------------------------------------------------------------------------------------


def _words(words: Words, grid: Grid, label_width: float) -> Iterator[str]:
    check_text(words.text)
    # Only ASCII is in font 0 of every maker. ^FB takes a backslash for an order, and in some code
    # pages it is a currency sign; such lines are drawn dot by dot as well.
    lines = list(words.lines())
    sizes = [_letters(words, line, grid) for line, _ in lines]
    is_drawn = not words.text.isascii() or "\\" in words.text
    if is_drawn or any(min(size) < LETTER_DOTS_MIN for size in sizes):
        image, x, y = words_bitmap(words, grid.dpi)
        yield from write_bitmap(image, grid.at(x), grid.at(y))
        return
    for (line, baseline), size in zip(lines, sizes, strict=True):
        yield _line(words, line, size, (grid.at(words.x), grid.at(baseline)), grid.at(label_width))


def _letters(words: Words, line: Line, grid: Grid) -> tuple[int, int]:
    """Return height and width of the letters, dots; font 0 is as high as it is wide by itself."""
    # It is condensed: what our own face takes at full width is more than enough for it.
    reckoned = width(line.text, line.size)
    height = int(line.size * grid.per_mm)
    return height, int(height * min(1.0, words.room / reckoned))


def _line(
    words: Words, line: Line, size: tuple[int, int], at: tuple[int, int], label_width: int
) -> str:
    x, y = at
    said = f"^A0N,{size[0]},{size[1]}"
    if words.anchor == "start":
        return f"^FT{max(0, x)},{y}{said}^FH^FD{field(line.text)}^FS"
    # A block breaks lines at its edge, and a printer's letters are its own: so the block reaches as
    # far as the label does, not as the room.
    if words.anchor == "end":
        left, block, side = 0, x, "R"
    else:
        half = min(x, label_width - x)
        left, block, side = x - half, 2 * half, "C"
    return f"^FT{left},{y}{said}^FB{block},1,0,{side},0^FH^FD{field(line.text)}^FS"


# --- dots ----------------------------------------------------------------------------------------


def write_bitmap(image: Image.Image, x: int, y: int) -> Iterator[str]:
    """Write a picture of dots as one field, packed by runs of hex digits.

    Runs are read by every firmware and by other makers' ZPL; zlib (``:Z64:``) is not.

    Args:
        image: Mode 1, black is 0.
        x: Left of its place, dots; what lies left of the label is cut off.
        y: Top of its place, dots.

    Source: ZPL II Programming Guide, ^GF, "Alternative Data Compression Scheme".
    """
    box = Image.eval(image.convert("L"), lambda light: 255 - light).getbbox()
    if box is None:
        return
    left, top = max(box[0], -x), max(box[1], -y)
    cut = image.crop((left, top, box[2], box[3]))
    across = -(-cut.width // 8)
    # Image bytes have 1 for white; the printer burns where there is a 1.
    data = bytes(one ^ 0xFF for one in _padded(cut).tobytes("raw", "1"))
    rows = [data[at : at + across] for at in range(0, len(data), across)]
    packed = "".join(_packed_rows(rows))
    yield f"^FO{x + left},{y + top}^GFA,{len(data)},{len(data)},{across},{packed}^FS"


def _padded(image: Image.Image) -> Image.Image:
    """Fill the last byte of each row with white."""
    whole = Image.new("1", (-(-image.width // 8) * 8, image.height), 1)
    whole.paste(image, (0, 0))
    return whole


def _packed_rows(rows: list[bytes]) -> Iterator[str]:
    before: bytes | None = None
    for row in rows:
        yield ":" if row == before else _packed(row)
        before = row


def _packed(row: bytes) -> str:
    digits = row.hex().upper()
    rest = digits.rstrip("0")
    end = "," if len(rest) < len(digits) else ""
    # A comma fills up the row with white; it is no gain for a single digit, and no loss either.
    return "".join(_run(digit, len(list(run))) for digit, run in groupby(rest)) + end


def _run(digit: str, count: int) -> str:
    said = ""
    while count >= 400:
        said += _RUN_20[400] + digit
        count -= 400
    high, low = count // 20 * 20, count % 20
    if count <= 2:
        return said + digit * count
    return said + _RUN_20.get(high, "") + _RUN_1.get(low, "") + digit


# --- lines ---------------------------------------------------------------------------------------


def _rule(rule: Rule, grid: Grid) -> Iterator[str]:
    for x, y, across, down in dashes(rule, grid):
        yield f"^FO{x},{y}^GB{across},{down},{min(across, down)}^FS"


# --- codes ---------------------------------------------------------------------------------------


def _code(code: Code, grid: Grid) -> Iterator[str]:
    symbol = grid.symbol(code)
    x, y, module, height = symbol.x, symbol.y, symbol.module, symbol.height
    drawn = code.code
    asked = _bars(drawn, height) if isinstance(drawn, Bars) else _square(drawn, module)
    if asked is None or x < 0 or y < (0 if isinstance(drawn, Bars) else 1):
        yield from write_bitmap(*code_bitmap(code, grid.dpi))
        return
    if isinstance(drawn, Bars):
        narrow = module * drawn.modules_per_bar
        ratio = "2.5" if drawn.kind == "itf14" else "3"
        yield f"^FO{x},{y}^BY{narrow},{ratio},{height}{asked}^FS"
    else:
        # The place of a QR code moves down by the height of bars that ^BY left behind: one dot is
        # the least, and is taken off again. Measured with an independent renderer; Data Matrix
        # stays where it is put.
        shift = 1 if drawn.kind == "qr" else 0
        yield f"^FO{x},{y - shift}^BY2,3,1{asked}^FS"
    if code.guard and isinstance(drawn, Bars):
        foot = grid.at(code.y + code.height + code.guard) - y - height
        for at, modules in drawn.runs(guards_only=True):
            left, across = x + (at - drawn.quiet[0]) * module, modules * module
            yield f"^FO{left},{y + height}^GB{across},{foot},{min(across, foot)}^FS"


def _bars(bars: Bars, height: int) -> str | None:
    if bars.kind in ("code128", "gs1_128"):
        said = _invoked(bars)
        return None if said is None else f"^BCN,{height},N,N,N,N^FD{said}"
    if bars.kind == "itf14":
        return f"^B2N,{height},N,N,N^FD{bars.content}"
    # The printer adds the check digit; ours was checked before it was drawn.
    name = {"ean13": "BE", "ean8": "B8", "upc_a": "BU"}[bars.kind]
    return f"^{name}N,{height},N,N^FD{bars.content[:-1]}"


def _invoked(bars: Bars) -> str | None:
    """Spell a Code 128 with its subsets; None if it needs subset A."""
    values = values_of(bars.modules)
    if bars.kind == "code128" and len(bars.content) < len(values):
        # Subset B alone takes no more room: a firmware that switches badly cannot go wrong.
        return _STARTS[START_B] + "".join(_INVOKED.get(one, one) for one in bars.content)
    # Makers read subset A in two ways, as pairs of digits and as letters.
    start, *rest = values
    if start == START_A:
        return None
    said, subset = _STARTS[start], "B" if start == START_B else "C"
    for value in rest:
        if value == FNC1:
            said += ">8"
        elif subset == "C" and value < CODE_B:
            said += f"{value:02d}"
        elif subset == "C" and value == CODE_B:
            said, subset = said + ">6", "B"
        elif subset == "B" and value == CODE_C:
            said, subset = said + ">5", "C"
        elif subset == "B" and value < CODE_C - 3:
            character = chr(value + 32)
            said += _INVOKED.get(character, character)
        else:
            assert value in (CODE_A, CODE_B, 96, 97, 98), "no other value is left"
            return None
    return said


def _square(square: Square, module: int) -> str | None:
    if not square.content.isascii():
        return None
    if square.kind == "datamatrix":
        return _matrix(square, module)
    if module > QR_MODULE_MAX or not fits_level_m(square):
        return None
    return f"^BQN,2,{module}^FH^FDMA,{field(square.content)}"


def _matrix(square: Square, module: int) -> str | None:
    # A sign that stands in the data would have to be doubled, and not every firmware undoes it.
    sign = next((one for one in _MATRIX_SIGNS if one not in square.content), None)
    if sign is None:
        return None
    fnc1 = f"{sign}1"
    said = (fnc1 if square.is_gs1 else "") + square.content.replace(GS, fnc1)
    # A backslash leads the hex pairs, which are read before the escapes.
    hexed = "".join(f"\\{ord(one):02X}" if one in "^~\\" else one for one in said)
    check_text(hexed)
    side = square.size
    asked = f"^BXN,{module},200,{side},{side},,{sign}"
    return asked + (f"^FH\\^FD{hexed}" if hexed != said else f"^FD{said}")
