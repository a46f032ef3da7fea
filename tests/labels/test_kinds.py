"""Every kind of label, at three sizes, in each format, is read back by a program not our own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.labels.samples import KINDS, NAMESPACE, SAMPLES, Sample, lead_to
from tests.labels.worn import MM_PER_CSS_PIXEL, worn
from traceability.errors import InvalidIdentifier, Refused
from traceability.labels.hang_tag import hang_tag
from traceability.labels.label import Label
from traceability.labels.logistic import logistic_label
from traceability.labels.pdf import write_pdf
from traceability.labels.picture import Code, Words
from traceability.labels.png import write_png
from traceability.labels.raster import rasterise
from traceability.labels.reading_back import proven
from traceability.labels.roll import measures, roll_label
from traceability.labels.sheet import find_paper

DOTS_PER_MM = 8.0
POINTS_PER_MM = 72 / 25.4
MISSING = 0.1
BLUR_DOTS = 1.0
WORN = [one for one in SAMPLES if not one.named.startswith(("ticket", "carton", "badge"))]


@pytest.fixture(scope="module")
def sheet(browser: Browser) -> Iterator[Page]:
    """A window of a real browser that shows 8 dots a millimetre."""
    context = browser.new_context(
        viewport={"width": 900, "height": 900}, device_scale_factor=DOTS_PER_MM * MM_PER_CSS_PIXEL
    )
    yield context.new_page()
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_svg_is_read_back_from_a_browser(sample: Sample, sheet: Page) -> None:
    picture = proven(sample.label, sample.size)
    sheet.set_content(f'<body style="margin:0">{picture.svg_file()}</body>')
    shown = sheet.locator("svg")
    image = Image.open(io.BytesIO(shown.screenshot())).convert("L")
    assert image.width == pytest.approx(sample.size[0] * DOTS_PER_MM, abs=3)
    assert lead_to(sample.label, picture, image)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_pdf_is_read_back_in_true_size(sample: Sample) -> None:
    paper = find_paper(f"{sample.size[0]:g}x{sample.size[1]:g}")
    document = pypdfium2.PdfDocument(write_pdf([sample.label], paper))
    [page] = document
    wide, high = page.get_size()
    assert (wide, high) == pytest.approx([side * POINTS_PER_MM for side in sample.size], abs=0.01)
    image = page.render(scale=DOTS_PER_MM / POINTS_PER_MM).to_pil().convert("L")
    assert lead_to(sample.label, proven(sample.label, paper.label, paper.inset), image)


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_png_is_read_back(sample: Sample, dpi: int) -> None:
    picture = proven(sample.label, sample.size)
    image = Image.open(io.BytesIO(write_png(picture, dpi)))
    assert image.mode == "1"
    assert image.info["dpi"][0] == pytest.approx(dpi, abs=0.5)
    assert lead_to(sample.label, picture, image.convert("L"))


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("sample", WORN, ids=str)
def test_a_worn_label_is_read(sample: Sample, dpi: int) -> None:
    picture = proven(sample.label, sample.size)
    image = rasterise(picture, dpi).convert("L")
    tired = worn(image, missing=MISSING, blur=BLUR_DOTS, seed=int(sum(sample.size)))
    assert lead_to(sample.label, picture, tired)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_nothing_lies_outside_its_label(sample: Sample) -> None:
    picture = proven(sample.label, sample.size)
    for part in picture.parts:
        if isinstance(part, Code):
            wide, high = part.size
            assert part.x >= 0
            assert part.y >= 0
            assert part.x + wide <= picture.width + 0.01
            assert part.y + high <= picture.height + 0.01
        elif isinstance(part, Words):
            assert all(0 < y <= picture.height for _, y in part.lines())


@pytest.mark.parametrize(("named", "label"), [(named, label) for named, label, _ in KINDS])
def test_a_label_too_small_is_refused_in_a_sentence(named: str, label: Label) -> None:
    with pytest.raises(Refused, match=r"^Cannot (print|lay out) .*\.$"):
        label.drawing.draw((20, 8), (1, 1))


@pytest.mark.parametrize(
    ("size", "kinds"),
    [((60, 40), ["ean13", "qr"]), ((40, 60), ["ean13", "qr"]), ((38, 60), ["qr"])],
)
def test_a_narrow_tag_keeps_the_digits_in_place_of_bars(
    size: tuple[float, float], kinds: list[str]
) -> None:
    picture = hang_tag("/01/09506000134352/21/1", style="Overshirt").drawing.draw(size)
    assert sorted(one.code.kind for one in picture.parts if isinstance(one, Code)) == kinds
    said = [one.text for one in picture.parts if isinstance(one, Words)]
    assert ("9506000134352" in said) == (kinds == ["qr"])


def test_a_product_of_eight_digits_has_its_own_bars() -> None:
    picture = hang_tag("/01/00000096385074/21/1").drawing.draw((60, 40))
    assert "ean8" in {one.code.kind for one in picture.parts if isinstance(one, Code)}


def test_the_bars_of_the_unit_stand_lowest_and_high_enough() -> None:
    label = logistic_label(
        "/00/395060001343520001", contents=(("02", "09506000134352"), ("37", "24"))
    )
    codes = [one for one in label.drawing.draw((105, 148)).parts if isinstance(one, Code)]
    lowest = max(codes, key=lambda one: one.y)
    assert lowest.code.text == "(00)395060001343520001"
    assert min(one.height for one in codes) >= 31.75
    assert all(0.495 <= one.module <= 0.94 for one in codes)


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        ((("37", "24"),), r"expected \(00\)\(02\)"),
        ((("02", "09506000134353"), ("37", "24")), "expected check digit 2"),
        ((("01", "09506000134352"), ("37", "24")), "never stand on one thing"),
    ],
)
def test_contents_that_cannot_be_are_refused(
    contents: tuple[tuple[str, str], ...], sentence: str
) -> None:
    with pytest.raises(InvalidIdentifier, match=sentence):
        logistic_label("/00/395060001343520001", contents=contents)


def test_a_wrong_check_digit_of_the_unit_is_refused() -> None:
    with pytest.raises(InvalidIdentifier, match="expected check digit 1, got '7'"):
        logistic_label("/00/395060001343520007")


@pytest.mark.parametrize(
    ("metres", "element"),
    [
        ("42.5", ("3111", "000425")),
        ("120", ("3110", "000120")),
        ("1E+3", ("3110", "001000")),
        ("0", ("3110", "000000")),
        ("33.333333", ("3114", "333333")),
        ("0.1234567", ("3115", "012346")),
        ("12345.67", ("3111", "123457")),
        ("999999", ("3110", "999999")),
    ],
)
def test_a_length_is_written_with_the_digits_that_there_are(
    metres: str, element: tuple[str, str]
) -> None:
    assert measures(metres=Decimal(metres)) == (element,)


@pytest.mark.parametrize("metres", ["1000000", "999999.6", "-1"])
def test_a_length_that_no_code_can_say_is_refused(metres: str) -> None:
    with pytest.raises(InvalidIdentifier, match=f"Cannot write {metres} into .311n.: expected 0"):
        measures(metres=Decimal(metres))


@pytest.mark.parametrize("name", ["9506000134352", "3034257BF7194E4000001A85", "urn:epc:x"])
def test_a_name_that_looks_like_something_else_is_printed_as_its_link(name: str) -> None:
    key = f"//{NAMESPACE}/obj/{name}"
    for label in (roll_label(key), hang_tag(key, square="name")):
        [code] = [one for one in proven(label, (60, 40)).parts if isinstance(one, Code)]
        assert code.code.content.startswith(f"https://{NAMESPACE}/obj/")
