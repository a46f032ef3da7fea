"""The twin check: before a label leaves, its codes are read again and must name its thing.

What is drawn in dots is given to a decoder that shares nothing with what drew it. Each code must
say what it was to say, and lead to the key of the label; so must the bits for the chip. A
label whose codes disagree would put one garment under two names.

>>> from traceability.labels.face import Face
>>> label = Label("ticket", "B-10006", Face("B-10006"), "//rua.invalid/class/B-10006")
>>> prove(label, (50, 30))
>>> prove(Label("ticket", "B-10006", Face("B-10014"), "//rua.invalid/class/B-10006"), (50, 30))
Traceback (most recent call last):
    ...
traceability.errors.Conflict: Label B-10006 is for //rua.invalid/class/B-10006, but its QR code \
leads to //rua.invalid/obj/B-10014: nothing was printed.
"""

from __future__ import annotations

from functools import lru_cache

import zxingcpp
from PIL import Image, ImageDraw

from traceability.errors import Conflict, InvalidIdentifier, Refused
from traceability.gs1 import identify, identify_epc
from traceability.gs1.local import DEFAULT_NAMESPACE, parse_local_key
from traceability.labels.barcode_1d import Bars
from traceability.labels.codes import code_keys
from traceability.labels.label import Label
from traceability.labels.lettering import width
from traceability.labels.picture import Code, Picture, Words
from traceability.labels.raster import code_bitmap, dots_per_mm, module_dots

__all__ = ["check_codes", "prove", "proven", "proving_dpi", "says"]

DPI_TRIED = (203, 300, 600)
"""The coarsest printer on which every code keeps to its range is the one that is tried."""
PROVEN_MAX = 4_096
"""Labels that are remembered as proven; a large order's tickets printed twice."""
_MARGIN = 1.0

_FORMATS = {
    "code128": (zxingcpp.BarcodeFormat.Code128, "]C0", "Code 128"),
    "gs1_128": (zxingcpp.BarcodeFormat.Code128, "]C1", "GS1-128"),
    "itf14": (zxingcpp.BarcodeFormat.ITF, "]I1", "ITF-14"),
    "ean13": (zxingcpp.BarcodeFormat.EAN13, "]E0", "EAN-13"),
    "ean8": (zxingcpp.BarcodeFormat.EAN8, "]E4", "EAN-8"),
    "upc_a": (zxingcpp.BarcodeFormat.EAN13, "]E0", "UPC-A"),
    "qr": (zxingcpp.BarcodeFormat.QRCode, "]Q1", "QR code"),
    "datamatrix": (zxingcpp.BarcodeFormat.DataMatrix, "]d1", "Data Matrix"),
}
_GTIN_KINDS = {"itf14", "ean13", "ean8", "upc_a"}


def prove(
    label: Label,
    size: tuple[float, float],
    inset: tuple[float, float] = (2, 2),
    *,
    namespace: str | None = None,
) -> None:
    """Draw a label in dots, read its codes back, and compare them and its chip with its key.

    Args:
        label: What is to be printed. A label that was proven before is not read again.
        size: Width and height, mm.
        inset: What stays white at the sides, and above and below, mm.
        namespace: Of the workshop's own names; the one in the label's key if none is given.

    Raises:
        Conflict: If a code cannot be read, says something else, or leads elsewhere than the label;
            the sentence holds both values.
        Refused: If the label has no room on that size.
    """
    proven(label, size, inset, namespace=namespace)


def proven(
    label: Label,
    size: tuple[float, float],
    inset: tuple[float, float] = (2, 2),
    *,
    namespace: str | None = None,
) -> Picture:
    """Prove a label as `prove` does, and return its drawing: the way to whatever leaves the house.

    Raises:
        Conflict: As `prove`.
        Refused: As `prove`.
    """
    return _proven(label, size, inset, namespace)


@lru_cache(maxsize=PROVEN_MAX)
def _proven(
    label: Label, size: tuple[float, float], inset: tuple[float, float], namespace: str | None
) -> Picture:
    picture = label.drawing.draw(size, inset)
    dpi = proving_dpi(picture)
    check_codes(_ink(picture, dpi), picture, dpi, name=label.name)
    if label.key is None:
        return picture
    own = parse_local_key(label.key)
    known = namespace or (own.namespace if own else DEFAULT_NAMESPACE)
    codes = [one for one in picture.parts if isinstance(one, Code) and not one.is_beside]
    for code in codes:
        _check_key(label, label.key, code, known)
    if not codes and label.epc is None:
        raise Conflict(f"Label {label.name} is for {label.key}, but no code on it says so.")
    if label.epc is not None:
        chip = identify_epc(label.epc)
        if chip.key != label.key:
            raise Conflict(
                f"Label {label.name} is for {label.key}, but the bits for its chip lead to "
                f"{chip.key}: nothing was printed."
            )
    return picture


def proving_dpi(picture: Picture) -> int:
    """Return the coarsest of 203, 300 and 600 dpi at which all bars keep to their range.

    Raises:
        Refused: If none does.
    """
    codes = [one for one in picture.parts if isinstance(one, Code)]
    problem: Refused | None = None
    for dpi in DPI_TRIED:
        try:
            for code in codes:
                module_dots(code, dpi)
        except Refused as error:
            problem = error
        else:
            return dpi
    raise problem or Refused("No printer can print this label.")


def check_codes(image: Image.Image, picture: Picture, dpi: int, *, name: str = "") -> None:
    """Read each code of a drawn label, and compare it with what it was to say.

    Args:
        image: The label in dots.
        picture: What was drawn.
        dpi: How finely.
        name: How the sentence names the label.

    Raises:
        Conflict: If a code cannot be read, or says something else.
    """
    grey = image.convert("L")
    for code in picture.parts:
        if isinstance(code, Code):
            _check_code(grey, code, dots_per_mm(dpi), name or picture.title or "without a name")


def _check_code(grey: Image.Image, code: Code, per_mm: float, name: str) -> None:
    symbol, prefix, word = _kind(code)
    wide, high = code.size
    box = (code.x - _MARGIN, code.y - _MARGIN, code.x + wide + _MARGIN, code.y + high + _MARGIN)
    left, top, right, bottom = (round(side * per_mm) for side in box)
    cut = grey.crop((max(0, left), max(0, top), min(grey.width, right), min(grey.height, bottom)))
    found = zxingcpp.read_barcodes(
        cut,
        formats=zxingcpp.BarcodeFormats([symbol]),
        try_rotate=False,
        try_invert=False,
        try_downscale=False,
        text_mode=zxingcpp.TextMode.Plain,
    )
    expected = code.code.content
    if code.code.kind == "upc_a":
        expected = "0" + expected
    if not found:
        raise Conflict(
            f"The {word} of label {name} cannot be read back: expected {expected!r}; "
            "nothing was printed."
        )
    for one in found:
        if one.text != expected or one.symbology_identifier != prefix:
            raise Conflict(
                f"The {word} of label {name} says {expected!r}, but was read back as "
                f"{one.symbology_identifier}{one.text!r}: nothing was printed."
            )


def _kind(code: Code) -> tuple[zxingcpp.BarcodeFormat, str, str]:
    symbol, prefix, word = _FORMATS[code.code.kind]
    if not isinstance(code.code, Bars) and code.code.kind == "datamatrix" and code.code.is_gs1:
        return symbol, "]d2", "GS1 DataMatrix"
    return symbol, prefix, word


def _check_key(label: Label, key: str, code: Code, namespace: str) -> None:
    """Compare what a code leads to with the key of its label."""
    _, prefix, word = _kind(code)
    content = code.code.content
    if code.code.kind == "upc_a":
        content = "0" + content
    try:
        found = identify(prefix + content, namespace=namespace).key
    except InvalidIdentifier as error:
        raise Conflict(
            f"Label {label.name} is for {key}, but its {word} leads nowhere: {error}"
        ) from error
    if _is_same(found, key, content, namespace):
        # Many a scanner adds no prefix: the name alone must not pass for something else.
        if key.startswith("//") and not says(content, key, namespace):
            raise Conflict(
                f"Label {label.name} is for {key}, but a scanner may take {content!r} for "
                "something else: nothing was printed."
            )
        return
    if code.code.kind in _GTIN_KINDS and found is not None and key.startswith(found + "/"):
        return
    raise Conflict(
        f"Label {label.name} is for {key}, but its {word} leads to {found}: nothing was printed."
    )


def says(content: str, key: str, namespace: str) -> bool:
    """Tell whether a text alone, without a scanner's prefix, leads to a key.

    >>> says("B-10006", "//rua.invalid/class/B-10006", "rua.invalid")
    True
    >>> says("9506000134352", "//rua.invalid/obj/9506000134352", "rua.invalid")
    False
    """
    try:
        found = identify(content, namespace=namespace).key
    except InvalidIdentifier:
        return False
    return _is_same(found, key, content, namespace)


def _is_same(found: str | None, key: str, content: str, namespace: str) -> bool:
    if found == key or key in code_keys(content, namespace):
        return True
    own, read = parse_local_key(key), parse_local_key(found or "")
    # Bare text does not say whether it names one thing or a lot: the flow in force does.
    return bool(own and read and (read.namespace, read.text) == (own.namespace, own.text))


def _ink(picture: Picture, dpi: int) -> Image.Image:
    """Draw the codes, and all words as solid boxes: ink in the way of a code would be noticed.

    No face is needed for it, so that a browser may print what this PC itself has no face for.
    """
    per_mm = dots_per_mm(dpi)
    canvas = Image.new("L", (round(picture.width * per_mm), round(picture.height * per_mm)), 255)
    brush = ImageDraw.Draw(canvas)
    for part in picture.parts:
        if isinstance(part, Code):
            drawn, left, top = code_bitmap(part, dpi)
            canvas.paste(drawn, (left, top))
    for part in picture.parts:
        if isinstance(part, Words):
            for box in _boxes(part):
                brush.rectangle([side * per_mm for side in box], fill=0)
    return canvas


def _boxes(words: Words) -> list[tuple[float, float, float, float]]:
    found = []
    for line, baseline in words.lines():
        wide = min(width(line.text, line.size, stretch=line.stretch), words.room)
        start = {"start": 0.0, "middle": wide / 2, "end": wide}[words.anchor]
        left = words.x - start
        found.append((left, baseline - line.size * 0.72, left + wide, baseline))
    return found
