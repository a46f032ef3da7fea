"""Labels in ZPL: whatever is printed reads back to its thing, whatever was typed stays text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from PIL import Image

from tests.labels.thermal_labels import (
    CASES,
    CHIP,
    KINDS,
    carton,
    keys,
    read,
    readable,
    ticket,
    told,
)
from traceability.errors import Conflict, Refused
from traceability.labels.barcode_1d import code128, ean8, ean13, gs1_128, itf14, upc_a
from traceability.labels.chip import commands, pc_word, read_answers
from traceability.labels.dots import Grid
from traceability.labels.hang_tag import hang_tag
from traceability.labels.label import Label
from traceability.labels.picture import Code, Part, Picture, Rule, Words
from traceability.labels.square import Square, data_matrix, matrix_text, qr_code
from traceability.labels.zpl import field, write_bitmap, write_zpl
from traceability.printers.emulated.zpl import Format, ZplReader

HOSTILE = (
    "^XZ~JA", "~HS", "^FS^XZ^XA", "_5EXZ", "\\&\\\\ back", 'a "quoted" name', ">;>8", "a,b:c",
    "50 %", "`*!.-", "^^~~__", "x" * 300, "Ünï", "男式", "日本\\^XZ", "_", "^", "~", "\\",
)  # fmt: skip


class Drawn:
    """A drawing of given parts."""

    def __init__(self, *parts: Part) -> None:
        self.parts = parts

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay the parts out as they are."""
        return Picture(*size, self.parts)


def drawn(*parts: Part) -> Label:
    """Return a label without a key."""
    return Label("ticket", "try", Drawn(*parts), None)


def printed(data: bytes) -> Format:
    """Print one label on the emulated printer; nothing may be wrong with it."""
    [made] = ZplReader().receive(data)
    assert made.label.faults == []
    return made


@pytest.mark.parametrize(("name", "size", "dpi"), CASES)
def test_every_label_reads_back_to_its_thing(name: str, size: int, dpi: int) -> None:
    label, sizes = KINDS[name]
    dpi = readable(label, sizes[size], dpi)
    made = printed(write_zpl(label, sizes[size], dpi))
    found = read(made.label.picture)
    assert sorted(text for _, text in found) == told(label, sizes[size])
    assert keys(found) & {label.key} == {label.key}
    grid = Grid(dpi)
    assert made.label.picture.size == (grid.at(sizes[size][0]), grid.at(sizes[size][1]))


def test_the_zpl_of_a_ticket() -> None:
    lines = write_zpl(ticket(), (70, 37)).decode("ascii").splitlines()
    assert lines[:3] == ["^XA", "^CI28^MUD^FWN", "^PW560^LL296^LH0,0"]
    assert lines[-2:] == ["^PQ1,0,0,N", "^XZ"]
    assert "^FO20,206^BY2,3,74^BCN,74,N,N,N,N^FD>:B-10006^FS" in lines
    assert "^FO385,27^BY2,3,1^BQN,2,7^FH^FDMA,B-10006^FS" in lines


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
def test_no_text_becomes_a_command(text: str, anchor: str) -> None:
    words = Words(text, {"start": 2, "middle": 35, "end": 68}[anchor], 5, 6, 60, anchor)  # type: ignore[arg-type]
    reader = ZplReader()
    found = reader.read(write_zpl(drawn(words), (70, 37)))
    assert [type(one) for one in found] == [Format]
    [made] = found
    assert isinstance(made, Format)
    assert made.label.faults == []


def test_a_text_that_would_break_out_is_noticed_by_the_printer() -> None:
    """The emulated printer is no accomplice: unescaped, the same text is a fault."""
    found = ZplReader().read(b"^XA^PW400^LL240^FT10,50^A0N,30,30^FD^XZ~JA^FS^XZ")
    assert len(found) != 1 or not isinstance(found[0], Format)


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, 0x85])
def test_control_characters_are_refused(code: int) -> None:
    label = ticket(lines=(f"two{chr(code)}lines",))
    with pytest.raises(Refused) as caught:
        write_zpl(label, (70, 37))
    assert str(caught.value).endswith(
        f"it has the control character U+{code:04X}, "
        "which a printer would obey instead of printing it."
    )


def test_ten_thousand_letters_are_refused_in_one_sentence() -> None:
    with pytest.raises(Refused) as caught:
        write_zpl(ticket(lines=("Overshirt " * 1000,)), (70, 37))
    assert str(caught.value).startswith("Cannot print 'Overshirt Overshirt")
    assert "expected at most 400 characters, got " in str(caught.value)


@pytest.mark.parametrize(
    ("bars", "prefix"),
    [
        (code128("B-10006"), "]C0"),
        (code128("^~>_\\ a>b<c=d"), "]C0"),
        (code128("B-123456784"), "]C0"),
        (code128("AB12345678CD"), "]C0"),
        (gs1_128((("00", "395060001343520001"),)), "]C1"),
        (gs1_128((("01", "09506000134352"), ("21", "123"))), "]C1"),
        (gs1_128((("01", "09506000134352"), ("10", "L7"), ("21", "A1b"))), "]C1"),
        (gs1_128((("01", "09506000134352"), ("10", "A"), ("21", "1"))), "]C1"),
        (itf14("19506000134359"), "]I0"),
        (ean13("9506000134352"), "]E0"),
        (ean8("95060002"), "]E4"),
        (upc_a("012345678905"), "]E0"),
    ],
    ids=lambda one: getattr(one, "text", one),
)
@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_bars_are_drawn_by_the_printer_as_they_were_checked(
    bars: object, prefix: str, dpi: int
) -> None:
    assert hasattr(bars, "width_mm")
    module = 0.375 if getattr(bars, "kind", "") != "itf14" else 0.25
    code = Code(bars, 2, 3, module, 15, guard=1.5 if getattr(bars, "guards", ()) else 0)  # type: ignore[arg-type]
    data = write_zpl(drawn(code), (140, 25), dpi)
    assert b"^GF" not in data
    content = getattr(bars, "content", "")
    if getattr(bars, "kind", "") == "upc_a":
        content = "0" + content
    [(found, text)] = read(printed(data).label.picture)
    assert (found[:2], text) == (prefix[:2], content)
    if prefix == "]C1":
        assert found == "]C1"


@pytest.mark.parametrize(
    ("square", "is_native"),
    [
        (qr_code("B-10006"), True),
        (qr_code("HTTPS://ID.GS1.ORG/01/09506000134352/21/1"), True),
        (qr_code("https://id.gs1.org/01/09506000134352/21/A_1"), False),
        (qr_code("a^b~c_d\\e"), True),
        (qr_code("Rua do Tecido, São João"), False),
        (qr_code("中文"), False),
        (data_matrix((("01", "09506000134352"), ("21", "A_1"))), True),
        (data_matrix((("01", "09506000134352"), ("10", "L7"), ("21", "A1"))), True),
        (matrix_text("a^b~c_d\\e__1"), True),
        (matrix_text("every _|@# sign"), False),
        (matrix_text("Größe"), False),
    ],
    ids=lambda one: getattr(one, "text", ""),
)
@pytest.mark.parametrize("dpi", [203, 300])
def test_squares_say_what_they_were_to_say(square: Square, is_native: bool, dpi: int) -> None:
    data = write_zpl(drawn(Code(square, 3, 3, 0.5)), (50, 50), dpi)
    assert (b"^GF" not in data) == is_native
    [(prefix, text)] = read(printed(data).label.picture)
    assert text == square.content
    assert (prefix == "]d2") == (square.kind == "datamatrix" and square.is_gs1)


def test_a_code_whose_module_is_too_large_for_the_command_goes_as_dots() -> None:
    data = write_zpl(drawn(Code(qr_code("B-10006"), 3, 3, 0.75)), (50, 50), 600)
    assert b"^BQ" not in data
    [(_, text)] = read(printed(data).label.picture)
    assert text == "B-10006"


def test_words_of_other_scripts_go_as_dots_and_ours_as_letters() -> None:
    parts = (Words("Overshirt", 2, 2, 4, 40), Words("男式", 2, 8, 4, 40), Words("Áo", 2, 14, 4, 40))
    said = write_zpl(drawn(*parts), (50, 30)).decode("ascii")
    assert (said.count("^GFA"), said.count("^A0N")) == (2, 1)


def test_lines_are_boxes() -> None:
    rules = (Rule(2, 5, 48, 5), Rule(2, 10, 48, 10, is_dashed=True), Rule(4, 2, 4, 28, thickness=1))
    made = printed(write_zpl(drawn(*rules), (50, 30)))
    at = made.label.picture.convert("L").getpixel
    assert [at((one, 40)) for one in (15, 16, 383, 384)] == [255, 0, 0, 255]
    assert at((32, 220)) == 0
    assert {at((one, 80)) for one in range(60, 384)} == {0, 255}


@pytest.mark.parametrize("width", [1, 7, 8, 9, 400, 833])
def test_packed_dots_are_unpacked_as_they_were(width: int) -> None:
    picture = Image.new("1", (width, 40), 1)
    for at in range(40):
        for x in range(0, width, at // 4 + 1):
            if at % 5:
                picture.putpixel((x, at), 0)
    data = "^XA^PW840^LL60^LH0,0" + "".join(write_bitmap(picture, 3, 5)) + "^XZ"
    made = printed(data.encode("ascii"))
    assert made.label.picture.crop((3, 5, 3 + width, 45)).tobytes() == picture.tobytes()


def test_dots_left_of_the_label_are_cut_off() -> None:
    picture = Image.new("1", (20, 10), 0)
    made = printed(("^XA^PW80^LL40" + "".join(write_bitmap(picture, -5, -3)) + "^XZ").encode())
    assert made.label.picture.convert("L").point(lambda one: 255 - one).getbbox() == (0, 0, 15, 7)


# --- chips and copies ----------------------------------------------------------------------------


def test_the_commands_for_a_chip() -> None:
    assert commands(CHIP) == [
        "^RS8,,,1,N^FS",
        "^RFW,H,1,2,1^FD3000^FS",
        "^RFW,H,2,12,1^FD30364433400D1EC000000064^FS",
        "^FN1^RFR,H,1,14,1^FS",
        "^FN2^RFR,H,0,12,2^FS",
        "^FH^HV1,28,BANK[,]_0D_0A,L^FS",
        "^FH^HV2,24,TID[,]_0D_0A,L^FS",
    ]


@pytest.mark.parametrize(("size", "word"), [(12, 0x3000), (16, 0x4000), (26, 0x6800), (62, 0xF800)])
def test_the_pc_word_counts_words(size: int, word: int) -> None:
    assert pc_word(bytes(size)) == word


@pytest.mark.parametrize("size", [0, 1, 13, 64])
def test_what_fits_into_no_chip_is_refused(size: int) -> None:
    with pytest.raises(Refused, match=rf"expected 1 to 31 words of 16 bits, got {size} bytes"):
        pc_word(bytes(size))


def test_an_answer_in_pieces_is_waited_for() -> None:
    whole = b"noise BANK[30000102]\r\nTID[E280]\r\n"
    assert [read_answers(whole[:cut]) is None for cut in (0, 10, 25, 30)] == [True] * 4
    found = read_answers(whole)
    assert found is not None
    assert (found.pc, found.epc, found.tid) == (0x3000, b"\x01\x02", b"\xe2\x80")


@pytest.mark.parametrize("answer", [b"BANK[]\r\nTID[]\r\n", b"BANK[????]\r\nTID[E2]\r\n"])
def test_a_chip_that_was_not_read_says_nothing(answer: bytes) -> None:
    found = read_answers(answer)
    assert found is not None
    assert found.epc == b""


def test_a_chip_that_names_another_thing_is_a_conflict() -> None:
    with pytest.raises(Conflict, match="the bits for its chip lead to /01/09506000134352/21/100"):
        write_zpl(hang_tag("/01/09506000134352/21/101", epc=CHIP), (50, 100))


def test_a_thing_is_not_labelled_twice() -> None:
    for label in (ticket(), carton(), hang_tag("/01/09506000134352/21/100", epc=CHIP)):
        with pytest.raises(Refused, match="two things would carry the same number"):
            write_zpl(label, (50, 100), copies=2)
    article = hang_tag("/01/09506000134352", style="Overshirt")
    assert b"^PQ3,0,0,N" in write_zpl(article, (50, 100), copies=3)
    with pytest.raises(Refused, match="Cannot print 0 copies: expected 1 to 500"):
        write_zpl(article, (50, 100), copies=0)


def test_a_reprint_keeps_number_and_chip() -> None:
    label = hang_tag("/01/09506000134352/21/100", epc=CHIP)
    assert write_zpl(label, (50, 100)) == write_zpl(replace(label), (50, 100))


def test_a_resolution_that_no_head_has_is_refused() -> None:
    with pytest.raises(Refused, match="Cannot print at 250 dpi: expected 203, 300 or 600"):
        write_zpl(ticket(), (70, 37), 250)


def test_every_field_is_ascii_and_ends() -> None:
    said = write_zpl(KINDS["chinese"][0], (70, 37)).decode("ascii")
    assert len(re.findall(r"\^F[OT]", said)) == said.count("^FS")
    assert field("a") == "a"
