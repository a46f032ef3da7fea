"""Labels of every kind, at three sizes each, and how their pictures are read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import zxingcpp
from PIL import Image

from traceability.errors import InvalidIdentifier, Refused
from traceability.gs1 import identify
from traceability.labels.codes import code_keys
from traceability.labels.face import Face
from traceability.labels.hang_tag import hang_tag
from traceability.labels.label import Label
from traceability.labels.layout import Figure
from traceability.labels.logistic import Block, logistic_label
from traceability.labels.picture import Code, Picture
from traceability.labels.roll import roll_label
from traceability.labels.typefaces import runs

NAMESPACE = "rua.invalid"
GARMENT = "/01/09506000134352/21/100234"
ROLL = "/01/09506000134369/21/R77"
UNIT = "/00/395060001343520001"
OWN_GARMENT = f"//{NAMESPACE}/obj/G-10006"
OWN_ROLL = f"//{NAMESPACE}/obj/TN-2026-000417"


def _has_face(text: str) -> bool:
    try:
        return bool(runs(text))
    except Refused:
        return False


HAS_CHINESE = _has_face("某")
"""Whether a typeface of this machine has Chinese; without one the words are English."""
CHINESE = {
    "brand": "某某服装",
    "style": "男式长袖衬衫 两个胸袋",
    "colour": "藏青色",
    "size": Figure("170/92A", "尺码"),
    "lines": ("棉 100 %", "中国制造"),
}
ENGLISH = {
    "brand": "Alder & Finch",
    "style": "Overshirt",
    "colour": "navy",
    "size": Figure("M", "Size"),
    "lines": ("100 % cotton", "Made in Portugal"),
}
WORDS = CHINESE if HAS_CHINESE else ENGLISH
CLOTH = {
    "article": "Poplin 120 g",
    "colour": "navy 4021",
    "supplier": "Tecidos do Norte",
    "figures": (Figure("L7", "Dye lot"), Figure("42.5", "Metres"), Figure("12.25", "Kilograms")),
}
BLOCKS = (
    Block("From", ("Rua do Tecido", "Rua das Flores 1", "4000 Porto")),
    Block("收货人", ("上海某某服装有限公司", "浦东新区某某路 100 号"))
    if HAS_CHINESE
    else Block("To", ("Alder & Finch", "12 Mill Lane")),
)
CONTENTS = (("02", "09506000134352"), ("37", "24"), ("10", "L7"))

TICKET = Label(
    "ticket",
    "B-10006",
    Face(
        "B-10006",
        heading="Order 118",
        corner="7 of 20",
        lines=("Áo sơ mi dài tay", "xanh nước biển"),
        more="Alder & Finch",
        figures=(Figure("M", "Size"), Figure("20", "Pieces")),
    ),
    f"//{NAMESPACE}/class/B-10006",
)
CARTON = Label(
    "carton",
    "C-10014",
    Face("C-10014", lines=("箱" if HAS_CHINESE else "Carton",)),
    f"//{NAMESPACE}/obj/C-10014",
)
BADGE = Label("person", "W-10022", Face("W-10022", lines=("Ana",)), f"//{NAMESPACE}/obj/W-10022")
TAG_SIZES = ((50.0, 30.0), (50.0, 80.0), (60.0, 90.0))
SMALL_SIZES = ((38.0, 20.0), (70.0, 37.0), (100.0, 50.0))
ROLL_SIZES = ((60.0, 40.0), (100.0, 50.0), (100.0, 150.0))
UNIT_SIZES = ((105.0, 148.0), (101.6, 152.4), (148.0, 210.0))


@dataclass(frozen=True, slots=True)
class Sample:
    """One label at one size."""

    label: Label
    size: tuple[float, float]
    named: str

    def __str__(self) -> str:
        return f"{self.named} {self.size[0]:g}x{self.size[1]:g}"


def _of_roll(key: str) -> Label:
    measured = {"metres": Decimal("42.5"), "kilograms": Decimal("12.25"), "dye_lot": "L7"}
    return roll_label(key, **CLOTH, **(measured if key.startswith("/01") else {}))  # type: ignore[arg-type] # the tables above hold each argument's own type


KINDS: tuple[tuple[str, Label, tuple[tuple[float, float], ...]], ...] = (
    ("ticket", TICKET, SMALL_SIZES),
    ("carton", CARTON, SMALL_SIZES),
    ("badge", BADGE, SMALL_SIZES),
    ("tag with a link", hang_tag(GARMENT, **ENGLISH), TAG_SIZES),  # type: ignore[arg-type] # as above
    ("tag with a matrix", hang_tag(GARMENT, square="matrix", **WORDS), TAG_SIZES),  # type: ignore[arg-type] # as above
    ("tag of our own", hang_tag(OWN_GARMENT, **WORDS), TAG_SIZES),  # type: ignore[arg-type] # as above
    ("roll", _of_roll(ROLL), ROLL_SIZES),
    ("roll of our own", _of_roll(OWN_ROLL), ROLL_SIZES),
    ("unit", logistic_label(UNIT, blocks=BLOCKS, contents=CONTENTS), UNIT_SIZES),
)
SAMPLES = tuple(Sample(label, size, named) for named, label, sizes in KINDS for size in sizes)


def codes(picture: Picture) -> list[Code]:
    """Return the codes of a picture that name its thing."""
    return [one for one in picture.parts if isinstance(one, Code) and not one.is_beside]


def scanned(image: Image.Image) -> list[str]:
    """Return what a scanner sends for each code it finds in a whole picture."""
    found = zxingcpp.read_barcodes(image, text_mode=zxingcpp.TextMode.Plain)
    return [one.symbology_identifier + one.text for one in found]


def keys(scan: str) -> set[str | None]:
    """Return what a scan may stand for here."""
    try:
        known = identify(scan, namespace=NAMESPACE).key
    except InvalidIdentifier:
        return set()
    return {known, *code_keys(scan[3:], NAMESPACE)}


def lead_to(label: Label, picture: Picture, image: Image.Image) -> bool:
    """Tell whether every code was found in the image, and each names the label's thing."""
    found = scanned(image)
    beside = [one for one in picture.parts if isinstance(one, Code) and one.is_beside]
    said = {one.code.content for one in beside}
    naming = [scan for scan in found if scan[3:] not in said]
    assert label.key is not None
    right = [
        scan
        for scan in naming
        if label.key in keys(scan)
        or (scan.startswith("]E0") and any(label.key.startswith(f"{key}/") for key in keys(scan)))
    ]
    return (len(found), len(right)) == (len(codes(picture)) + len(beside), len(naming))
