"""Labels in TSPL: read back to their thing, and never a text that leaves its quotes."""

from __future__ import annotations

import pytest

from tests.labels.test_zpl import HOSTILE, drawn
from tests.labels.thermal_labels import CASES, CHIP, KINDS, keys, read, readable, ticket, told
from traceability.errors import Refused
from traceability.labels.barcode_1d import Bars, code128, ean8, ean13, gs1_128, itf14, upc_a
from traceability.labels.dots import Grid
from traceability.labels.hang_tag import hang_tag
from traceability.labels.label import Label
from traceability.labels.picture import Code, Rule, Words
from traceability.labels.square import Square, data_matrix, qr_code
from traceability.labels.tspl import quoted, write_tspl
from traceability.printers.emulated.label import EmulatedLabel
from traceability.printers.emulated.tspl import TsplReader


def printed(data: bytes, dpi: int = 203) -> EmulatedLabel:
    """Print one label on the emulated printer; nothing may be wrong with it."""
    [(label, copies)] = TsplReader(dpi).receive(data)
    assert (label.faults, copies) == ([], 1)
    return label


def chipless(label: Label) -> Label:
    """Return a label without its chip, as a TSPL printer gets it."""
    return Label(label.kind, label.name, label.drawing, label.key)


@pytest.mark.parametrize(("name", "size", "dpi"), CASES)
def test_every_label_reads_back_to_its_thing(name: str, size: int, dpi: int) -> None:
    label, sizes = KINDS[name]
    dpi = readable(label, sizes[size], dpi)
    made = printed(write_tspl(chipless(label), sizes[size], dpi), dpi)
    found = read(made.picture)
    assert sorted(text for _, text in found) == told(label, sizes[size])
    assert keys(found) & {label.key} == {label.key}
    grid = Grid(dpi)
    assert made.picture.size == (grid.at(sizes[size][0]), grid.at(sizes[size][1]))


def test_the_tspl_of_a_ticket() -> None:
    lines = write_tspl(ticket(), (70, 37), density=8).split(b"\r\n")
    assert lines[:6] == [
        b"SIZE 70 mm,37 mm",
        b"GAP 3 mm,0 mm",
        b"DENSITY 8",
        b"DIRECTION 1",
        b"REFERENCE 0,0",
        b"CLS",
    ]
    assert b'BARCODE 20,206,"128",74,0,0,2,2,"B-10006"' in lines
    assert b'QRCODE 385,28,M,7,A,0,M2,S7,"B-10006"' in lines
    assert lines[-2:] == [b"PRINT 1,1", b""]


@pytest.mark.parametrize("text", [*HOSTILE, '"\r\nPRINT 99', 'a",1,1', "~!@", "\x1b!R"])
def test_no_text_leaves_its_quotes(text: str) -> None:
    words = Words(text, 2, 5, 6, 60)
    if not text.isprintable():
        with pytest.raises(Refused, match="it has the control character U\\+00"):
            write_tspl(drawn(words), (70, 37))
        return
    found = TsplReader(203).read(write_tspl(drawn(words), (70, 37)))
    assert [(one[0].faults, one[1]) for one in found if not isinstance(one, str)] == [([], 1)]
    assert len(found) == 1


@pytest.mark.parametrize("text", ['a"b', "a\\b", "Größe", "a\nb"])
def test_what_could_end_the_quotes_is_not_quoted(text: str) -> None:
    with pytest.raises(Refused):
        quoted(text)


@pytest.mark.parametrize(
    ("bars", "command"),
    [
        (code128("B-10006"), b'"128"'),
        (code128("B-123456784"), b"BITMAP"),
        (code128('a"b'), b"BITMAP"),
        (ean13("9506000134352"), b'"EAN13"'),
        (ean8("95060002"), b'"EAN8"'),
        (upc_a("012345678905"), b'"UPCA"'),
        (itf14("19506000134359"), b"BITMAP"),
        (gs1_128((("00", "395060001343520001"),)), b"BITMAP"),
        (gs1_128((("01", "09506000134352"), ("10", "L7"), ("21", "A1"))), b"BITMAP"),
    ],
    ids=lambda one: getattr(one, "text", ""),
)
@pytest.mark.parametrize("dpi", [203, 300])
def test_bars_go_as_commands_where_makers_agree_and_as_dots_elsewhere(
    bars: Bars, command: bytes, dpi: int
) -> None:
    module = 0.25 if bars.kind == "itf14" else 0.375
    code = Code(bars, 2, 3, module, 15, guard=1.5 if bars.guards else 0)
    data = write_tspl(drawn(code), (110, 25), dpi)
    assert command in data
    [(_, text)] = read(printed(data, dpi).picture)
    assert text == ("0" + bars.content if bars.kind == "upc_a" else bars.content)


@pytest.mark.parametrize(
    ("square", "command"),
    [
        (qr_code("B-10006"), b"QRCODE"),
        (qr_code('a"b'), b"BITMAP"),
        (qr_code("中文"), b"BITMAP"),
        (data_matrix((("01", "09506000134352"), ("21", "A_1"))), b"BITMAP"),
    ],
    ids=lambda one: getattr(one, "text", ""),
)
def test_squares_go_as_commands_where_makers_agree(square: Square, command: bytes) -> None:
    data = write_tspl(drawn(Code(square, 3, 3, 0.5)), (50, 50))
    assert command in data
    [(prefix, text)] = read(printed(data).picture)
    assert text == square.content
    assert (prefix == "]d2") == square.is_gs1


def test_letters_of_the_printer_are_taken_where_they_fit() -> None:
    data = write_tspl(drawn(Words("0123456789", 48, 2, 4, 46, anchor="end")), (50, 30))
    assert b"TEXT 224," in data
    assert b',"3",0,1,1,"0123456789"' in data
    made = printed(data)
    assert [said for said, _ in made.words] == ["0123456789"]
    assert b"BITMAP" in write_tspl(drawn(Words("illicit", 2, 2, 4, 46)), (50, 30))


def test_lines_are_bars() -> None:
    made = printed(write_tspl(drawn(Rule(2, 5, 48, 5), Rule(4, 2, 4, 28, thickness=1)), (50, 30)))
    at = made.picture.convert("L").getpixel
    assert [at((one, 40)) for one in (15, 16, 383, 384)] == [255, 0, 0, 255]


def test_a_chip_is_refused_with_what_to_do() -> None:
    with pytest.raises(Refused, match="makers do not agree how"):
        write_tspl(hang_tag("/01/09506000134352/21/100", epc=CHIP), (50, 100))


def test_copies_and_density_have_their_limits() -> None:
    article = hang_tag("/01/09506000134352", style="Overshirt")
    assert write_tspl(article, (50, 100), copies=3).endswith(b"PRINT 1,3\r\n")
    with pytest.raises(Refused, match="two things would carry the same number"):
        write_tspl(ticket(), (70, 37), copies=2)
    with pytest.raises(Refused, match="Cannot print with density 16: expected 0 to 15"):
        write_tspl(article, (50, 100), density=16)
