"""The twin check: what does not lead to its thing never leaves, and both values are said."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PIL import ImageDraw

from tests.labels.samples import BLOCKS, GARMENT, SAMPLES, TICKET, Sample
from traceability.errors import Conflict
from traceability.labels.barcode_1d import code128
from traceability.labels.codes import ShortCode
from traceability.labels.face import Face, Figure
from traceability.labels.hang_tag import HangTag, hang_tag, retail_bars
from traceability.labels.label import Label
from traceability.labels.logistic import logistic_label
from traceability.labels.page import draw_pages
from traceability.labels.pdf import write_pdf
from traceability.labels.picture import Code, Picture, Words
from traceability.labels.raster import rasterise
from traceability.labels.reading_back import check_codes, prove, proven, proving_dpi
from traceability.labels.sheet import find_paper
from traceability.labels.square import data_matrix, qr_code

SIZE = (60.0, 40.0)
CHIP = bytes.fromhex("3034257BF7194E4000001A85")
CHIP_KEY = "/01/80614141123458/21/6789"


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_every_kind_is_proven(sample: Sample) -> None:
    prove(sample.label, sample.size)


def test_a_code_of_another_thing_is_a_conflict_with_both_values() -> None:
    wrong = replace(TICKET, drawing=Face("B-10014"))
    with pytest.raises(Conflict) as caught:
        prove(wrong, SIZE)
    assert str(caught.value) == (
        "Label B-10006 is for //rua.invalid/class/B-10006, but its QR code leads to "
        "//rua.invalid/obj/B-10014: nothing was printed."
    )


def test_a_chip_of_another_garment_is_a_conflict_with_both_values() -> None:
    with pytest.raises(Conflict) as caught:
        prove(hang_tag(GARMENT, epc=CHIP), SIZE)
    assert str(caught.value) == (
        f"Label 100234 is for {GARMENT}, but the bits for its chip lead to {CHIP_KEY}: "
        "nothing was printed."
    )


def test_a_chip_of_the_same_garment_is_its_twin() -> None:
    prove(hang_tag(CHIP_KEY, epc=CHIP), SIZE)


def test_a_serial_that_differs_between_square_and_key_is_a_conflict() -> None:
    square = data_matrix((("01", "09506000134352"), ("21", "100235")))
    label = Label("hang-tag", "100234", HangTag(square, "100234"), GARMENT)
    with pytest.raises(Conflict, match=r"but its GS1 DataMatrix leads to .*/21/100235"):
        prove(label, SIZE)


def test_bars_of_another_article_are_a_conflict() -> None:
    drawing = HangTag(
        qr_code("https://id.gs1.org" + GARMENT), "100234", bars=retail_bars("09506000134369")
    )
    with pytest.raises(Conflict, match="but its EAN-13 leads to /01/09506000134369"):
        prove(Label("hang-tag", "100234", drawing, GARMENT), SIZE)


def test_bars_of_the_article_are_enough_beside_a_serial_and_not_instead_of_one() -> None:
    prove(hang_tag(GARMENT), SIZE)
    alone = qr_code("https://id.gs1.org/01/09506000134352")
    label = Label("hang-tag", "100234", HangTag(alone, "100234"), GARMENT)
    with pytest.raises(Conflict, match="its QR code leads to /01/09506000134352"):
        prove(label, SIZE)


class Blank:
    """A drawing without a code."""

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay out nothing but a word."""
        return Picture(*size, (Words("nothing", inset[0], inset[1], 4),))


class Smeared:
    """A drawing whose words lie over its code."""

    def draw(self, size: tuple[float, float], inset: tuple[float, float] = (2, 2)) -> Picture:
        """Lay a heading over the square."""
        code = Code(qr_code("B-10006"), 5, 5, 0.5)
        words = Words("HEADING", 5 + inset[0], 6 + inset[1], 9, 12, weight=700)
        return Picture(*size, (code, words))


def test_a_label_without_a_code_is_not_for_a_thing() -> None:
    with pytest.raises(Conflict, match="but no code on it says so"):
        prove(Label("ticket", "B-10006", Blank(), TICKET.key), SIZE)
    prove(Label("ticket", "B-10006", Blank(), None), SIZE)


def test_words_over_a_code_are_noticed() -> None:
    with pytest.raises(Conflict, match="QR code of label B-10006 cannot be read back"):
        prove(Label("ticket", "B-10006", Smeared(), TICKET.key), SIZE)


def test_a_code_that_says_something_else_is_noticed() -> None:
    shown, drawn = (Picture(50, 20, (Code(code128(one), 5, 2, 0.25, 10),)) for one in ("A1", "A2"))
    with pytest.raises(Conflict, match=r"says 'A1', but was read back as \]C0'A2'"):
        check_codes(rasterise(drawn, 203), shown, 203, name="X")


def test_a_scratch_through_all_bars_is_noticed() -> None:
    picture = Picture(50, 20, (Code(code128("A1"), 5, 2, 0.25, 10),))
    image = rasterise(picture, 203).convert("L")
    ImageDraw.Draw(image).rectangle((60, 0, 90, 200), fill=255)
    with pytest.raises(Conflict, match="Code 128 of label X cannot be read back"):
        check_codes(image, picture, 203, name="X")


@pytest.mark.parametrize("write", [draw_pages, write_pdf])
def test_no_format_lets_a_wrong_label_out(write: object) -> None:
    assert callable(write)
    with pytest.raises(Conflict, match="nothing was printed"):
        write([TICKET, replace(TICKET, drawing=Face("B-10014"))], find_paper("a4-3x8"))


def test_what_says_more_about_a_unit_need_not_name_it() -> None:
    contents = (("02", "09506000134352"), ("37", "24"), ("400", "PO-1"), ("401", "9506000ABC"))
    prove(logistic_label("/00/395060001343520001", blocks=BLOCKS, contents=contents), (148, 210))


def test_fine_bars_are_proven_on_a_fine_printer() -> None:
    narrow, wide = hang_tag(GARMENT), (40.0, 60.0)
    assert proving_dpi(narrow.drawing.draw(wide)) == 300
    assert proving_dpi(narrow.drawing.draw((50, 60))) == 203


def test_twenty_tickets_are_proven_in_no_time_and_once() -> None:
    labels = []
    for running in range(1_000, 1_020):
        code = ShortCode("B", running).text
        face = Face(code, "Order 118", lines=("Overshirt",), figures=(Figure("M", "Size"),))
        labels.append(Label("ticket", code, face, f"//rua.invalid/class/{code}"))
    begun = time.perf_counter()
    first = [proven(label, (70.0, 37.0)) for label in labels]
    taken_s = time.perf_counter() - begun
    again = [proven(label, (70.0, 37.0)) for label in labels]
    assert taken_s < 2
    assert all(one is other for one, other in zip(first, again, strict=True))
