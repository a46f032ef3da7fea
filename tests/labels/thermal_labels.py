"""Labels of every kind, in the sizes of thermal rolls, and what a scanner reads from a picture."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import zxingcpp
from PIL import Image

from traceability.gs1 import identify
from traceability.labels.codes import code_keys
from traceability.labels.face import Face, Figure
from traceability.labels.hang_tag import hang_tag
from traceability.labels.label import Label
from traceability.labels.logistic import Block, logistic_label
from traceability.labels.picture import Code
from traceability.labels.roll import roll_label

NAMESPACE = "rua.invalid"
Size = tuple[float, float]
CHIP = bytes.fromhex("30364433400d1ec000000064")
"""SGTIN-96 of /01/09506000134352/21/100, by the layout of the EPC Tag Data Standard."""
LONG_CHIP = bytes.fromhex("36364433400d1ee0df62b5c80000000000000000000000000000")
"""SGTIN-198 of /01/09506000134352/21/A_1-9, padded to whole words."""
CHINESE = ("男式长袖衬衫 两个胸袋", "藏青色")


def ticket(code: str = "B-10006", **face: object) -> Label:
    """Return the ticket of a bundle."""
    shown = {
        "heading": "118",
        "corner": "7 of 20",
        "lines": ("Overshirt", "navy"),
        "more": "Alder & Finch",
        "figures": (Figure("M", "Size"), Figure("20", "Pieces")),
    } | face
    return Label("ticket", code, Face(code, **shown), f"//{NAMESPACE}/class/{code}")  # type: ignore[arg-type]


def carton() -> Label:
    """Return the label of a carton, with the words of another language."""
    face = Face("C-10014", heading="Áo sơ mi nam", lines=("xanh dương đậm",))
    return Label("carton", "C-10014", face, f"//{NAMESPACE}/obj/C-10014")


def badge() -> Label:
    """Return the badge of a person."""
    face = Face("W-10022", lines=("Maria da Conceição",))
    return Label("person", "W-10022", face, f"//{NAMESPACE}/obj/W-10022")


KINDS: dict[str, tuple[Label, tuple[Size, Size, Size]]] = {
    "ticket": (ticket(), ((50, 30), (70, 37), (100, 50))),
    "chinese": (
        ticket("B-10039", corner="第7/20张", lines=CHINESE, figures=(Figure("170/92A", "尺码"),)),
        ((50, 30), (70, 37), (100, 50)),
    ),
    "carton": (carton(), ((60, 40), (100, 50), (100, 150))),
    "person": (badge(), ((50, 30), (86, 54), (100, 50))),
    "hang-tag-link": (
        hang_tag("/01/09506000134352/21/100", brand="Rua", style="Overshirt", colour="navy",
                 size=Figure("M", "Size"), epc=CHIP),
        ((40, 80), (50, 100), (60, 90)),
    ),
    "hang-tag-matrix": (
        hang_tag("/01/09506000134352/21/A_1-9", square="matrix", style="Overshirt"),
        ((40, 80), (50, 90), (60, 100)),
    ),
    "hang-tag-own": (
        hang_tag(f"//{NAMESPACE}/obj/G-10047", square="name", style="Camisa"),
        ((40, 60), (50, 80), (60, 40)),
    ),
    "roll-own": (
        roll_label(f"//{NAMESPACE}/obj/R-77", article="Poplin 120", colour="navy",
                   figures=(Figure("L7", "Dye lot"), Figure("48.5", "Metres"))),
        ((70, 37), (100, 50), (100, 150)),
    ),
    "roll-gs1": (
        roll_label("/01/09506000134352/21/R1", article="Poplin", dye_lot="L7",
                   metres=Decimal("48.5")),
        ((70, 50), (100, 70), (100, 150)),
    ),
    "logistic": (
        logistic_label(
            "/00/395060001343520001",
            blocks=(Block("From", ("Rua do Tecido",)), Block("To", ("上海某某服装贸易有限公司",))),
            contents=(("02", "09506000134352"), ("37", "24"), ("10", "L7")),
        ),
        ((105, 148), (102, 152), (105, 210)),
    ),
}  # fmt: skip

CASES = [
    (name, number, dpi) for name, (_, sizes) in KINDS.items()
    for number in range(len(sizes)) for dpi in (203, 300)
]  # fmt: skip


def readable(label: Label, size: Size, dpi: int) -> int:
    """Return the resolution, or 300 where the bars of a label are too fine for the one asked."""
    from traceability.labels.reading_back import proving_dpi

    return max(dpi, proving_dpi(label.drawing.draw(size)))


def read(picture: Image.Image) -> list[tuple[str, str]]:
    """Return prefix and text of each code in a picture, in a fixed order."""
    formats = zxingcpp.BarcodeFormats(
        [
            zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.ITF,
            zxingcpp.BarcodeFormat.EAN13, zxingcpp.BarcodeFormat.EAN8,
            zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix,
        ]
    )  # fmt: skip
    found = zxingcpp.read_barcodes(
        picture.convert("L"), formats=formats, text_mode=zxingcpp.TextMode.Plain
    )
    return sorted((one.symbology_identifier, one.text) for one in found)


def told(label: Label, size: Size) -> list[str]:
    """Return what the codes of a label are to say, in a fixed order."""
    parts = label.drawing.draw(size).parts
    said = [one.code for one in parts if isinstance(one, Code)]
    return sorted("0" + one.content if one.kind == "upc_a" else one.content for one in said)


def keys(found: Iterable[tuple[str, str]]) -> set[str | None]:
    """Return what codes lead to; a short code leads to all that it may stand for."""
    reached: set[str | None] = set()
    for prefix, text in found:
        reached |= {identify(prefix + text, namespace=NAMESPACE).key, *code_keys(text, NAMESPACE)}
    return reached
