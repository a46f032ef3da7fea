"""Labels as a scanner meets them: printed in dots, some of them missing, and out of focus."""

from __future__ import annotations

import io
import random

import zxingcpp
from PIL import Image, ImageFilter
from playwright.sync_api import Browser

from traceability.labels.sheet import Paper

MM_PER_CSS_PIXEL = 25.4 / 96


def printed(
    browser: Browser, url: str, paper: Paper, *, dots_per_mm: float, page: int = 0
) -> Image.Image:
    """Print a page in a real browser; keep what the print head would burn, black or white."""
    wide, high = paper.page
    context = browser.new_context(
        viewport={"width": 1200, "height": 900},
        device_scale_factor=dots_per_mm * MM_PER_CSS_PIXEL,
    )
    try:
        shown = context.new_page()
        shown.add_init_script("window.print = () => {}")
        shown.goto(url)
        shown.emulate_media(media="print")
        shown.evaluate("document.fonts.ready.then(() => true)")
        box = shown.locator("svg.page").nth(page).bounding_box()
        assert box is not None
        data = shown.screenshot(full_page=True, clip=box)
    finally:
        context.close()
    grey = Image.open(io.BytesIO(data)).convert("L")
    assert abs(grey.width - wide * dots_per_mm) <= 2, (grey.size, paper.page)
    assert abs(grey.height - high * dots_per_mm) <= 2, (grey.size, paper.page)
    return grey.point(lambda light: 255 if light > 127 else 0)


def worn(picture: Image.Image, *, missing: float, blur: float, seed: int) -> Image.Image:
    """Leave out a share of the dots, then look at the rest out of focus."""
    chance = random.Random(seed)
    dots = bytearray(picture.tobytes())
    for at, light in enumerate(dots):
        if light == 0 and chance.random() < missing:
            dots[at] = 255
    left = Image.frombytes("L", picture.size, bytes(dots))
    return left.filter(ImageFilter.GaussianBlur(blur))


def labels(
    picture: Image.Image, paper: Paper, start: int, count: int, dots_per_mm: float
) -> list[Image.Image]:
    """Cut the labels of a page apart, as a scanner is held over one of them."""
    found = []
    for number in range(start, start + count):
        x, y = paper.place(number)
        box = (x, y, x + paper.label[0], y + paper.label[1])
        left, top, right, bottom = (round(side * dots_per_mm) for side in box)
        found.append(picture.crop((left, top, right, bottom)))
    return found


def read(picture: Image.Image, kind: zxingcpp.BarcodeFormat) -> list[str]:
    """Return what stands in the codes of one kind."""
    formats = zxingcpp.BarcodeFormats([kind])
    return [one.text for one in zxingcpp.read_barcodes(picture, formats=formats)]
