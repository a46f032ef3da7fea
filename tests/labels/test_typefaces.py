"""Words in dots: which face has which letter, and what is said where none has."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tests.labels.samples import HAS_CHINESE
from traceability.errors import Refused
from traceability.labels import typefaces
from traceability.labels.face import Face
from traceability.labels.label import Label
from traceability.labels.picture import Picture, Words
from traceability.labels.png import write_png
from traceability.labels.raster import rasterise, words_bitmap
from traceability.labels.reading_back import proven
from traceability.labels.typefaces import STRETCHES, WEIGHTS, our_face, runs

VIETNAMESE = "Đơn hàng: áo sơ mi nước biển ưỡ ỹ Ệ"
EUROPEAN = "Grüße, ça va? Łódź, Žluťoučký kůň, İğneli, Ångström, ñ € – “x”"


@pytest.mark.parametrize("text", [VIETNAMESE, EUROPEAN])
@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("stretch", STRETCHES)
def test_our_face_has_the_letters_of_europe_and_vietnam(
    text: str, weight: int, stretch: int
) -> None:
    assert [run.face for run in runs(text, weight=weight, stretch=stretch)] == [
        our_face(weight, stretch)
    ]


def test_a_narrow_cut_is_narrower_and_a_bold_one_blacker() -> None:
    def ink(weight: int, stretch: int) -> tuple[float, int]:
        font = our_face(weight, stretch).font(100)
        return font.getlength("Overshirt"), sum(bytes(font.getmask("Overshirt"))) // 255

    assert ink(400, 76)[0] < ink(400, 84)[0] < ink(400, 100)[0]
    assert ink(400, 100)[1] < ink(600, 100)[1] < ink(700, 100)[1]


def test_letters_made_of_two_signs_are_set_as_one() -> None:
    [run] = runs("a\u0301o so\u031b")
    assert run.text == "áo sơ"


@pytest.fixture
def without_faces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A PC that has no face at all."""
    monkeypatch.setattr(typefaces, "_folders", lambda: iter([tmp_path]))
    for name in ("runs", "_face_of_pc", "_candidates", "_files"):
        getattr(typefaces, name).cache_clear()
    yield
    for name in ("runs", "_face_of_pc", "_candidates", "_files"):
        getattr(typefaces, name).cache_clear()


@pytest.mark.usefixtures("without_faces")
def test_a_letter_that_no_face_has_is_said_and_not_printed_as_a_box() -> None:
    picture = Picture(40, 20, (Words("订单 118", 2, 2, 5),))
    with pytest.raises(Refused) as caught:
        rasterise(picture, 203)
    assert str(caught.value) == (
        "No typeface of this PC has '订' (U+8BA2): install one, such as Noto Sans, or write it "
        "with other letters."
    )


@pytest.mark.usefixtures("without_faces")
def test_a_label_is_proven_without_any_face() -> None:
    face = Face("B-10006", lines=("ফুলহাতা শার্ট", "男式"))
    proven(Label("ticket", "B-10006", face, "//x.invalid/class/B-10006"), (70.0, 37.0))


def test_a_script_that_cannot_be_set_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typefaces, "_is_shaping", lambda: False)
    typefaces._face_of_pc.cache_clear()
    with pytest.raises(Refused, match="print from the browser instead"):
        typefaces._face_of_pc("ম", False)
    typefaces._face_of_pc.cache_clear()


def test_chinese_is_set_in_a_face_of_the_pc_or_refused_in_a_sentence() -> None:
    if not HAS_CHINESE:
        with pytest.raises(Refused, match="No typeface of this PC has"):
            runs("订单 118", weight=700)
        return
    found = runs("订单 118", weight=700)
    assert [(run.text, run.face.is_ours) for run in found] == [("订单 ", False), ("118", True)]


def test_words_stay_in_their_room_whatever_face_they_are_in() -> None:
    more = ["藏青色藏青色藏青色藏青色"] if HAS_CHINESE else []
    for text in ("Overshirt with pockets", "W" * 40, *more):
        words = Words(text, 2, 2, 5, 20, weight=700)
        image, x, _ = words_bitmap(words, 203)
        assert x >= 1.5
        assert x + image.width / 8 <= 22.5


@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
def test_words_stand_where_the_anchor_says(anchor: str) -> None:
    words = Words("118", 20, 2, 5, 40, anchor=anchor)  # type: ignore[arg-type] # the three that there are
    image, x, _ = words_bitmap(words, 300)
    wide = image.width * 25.4 / 300
    middle = {"start": 20 + wide / 2, "middle": 20, "end": 20 - wide / 2}[anchor]
    assert x + wide / 2 == pytest.approx(middle, abs=0.5)


def test_words_that_say_nothing_are_one_white_dot() -> None:
    image, x, y = words_bitmap(Words("  ", 3, 4, 5), 203)
    assert (image.size, image.getpixel((0, 0)), x, y) == ((1, 1), 255, 3, 4)


def test_words_of_a_bitmap_are_those_of_the_whole_picture() -> None:
    words = Words("Áo sơ mi 118", 3, 4, 6)
    image, x, y = words_bitmap(words, 203)
    canvas = Image.new("1", (400, 160), 255)
    canvas.paste(image, (round(x * 8), round(y * 8)))
    whole = rasterise(Picture(50, 20, (words,)), 203)
    assert ImageChops.difference(canvas.convert("L"), whole.convert("L")).getbbox() is None


@pytest.mark.parametrize("dpi", [149, 1_201])
def test_a_resolution_that_no_printer_has_is_refused(dpi: int) -> None:
    with pytest.raises(Refused, match=f"Cannot draw at {dpi} dpi: expected 150 to 1200"):
        rasterise(Picture(40, 20, ()), dpi)


def test_control_characters_are_harmless() -> None:
    picture = Picture(60, 40, (Words("a\x00b\x07\x1b[31m" + "x" * 300, 2, 2, 5, 50),))
    image = Image.open(io.BytesIO(write_png(picture, 203)))
    assert image.size == (480, 320)
    assert "\x00" not in picture.svg_file()


@pytest.mark.parametrize("text", ["x" * 10_000, "two words " * 1_000, "订" * 10_000])
def test_ten_kilobytes_of_text_are_refused_at_once(text: str) -> None:
    with pytest.raises(Refused, match=r"on a label: expected at most 400 characters, got \d+"):
        rasterise(Picture(60, 40, (Words(text, 2, 2, 5, 50),)), 203)
