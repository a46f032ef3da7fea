"""Labels as files: pages, a PDF, pictures, or what a label printer takes as it is.

>>> from traceability.labels.code_label import code_label
>>> [one] = written([code_label("qr", "B-10006")], Form("svg", find_paper("50x30")))
>>> one.data[:37], one.labels[0].name
(b'<svg xmlns="http://www.w3.org/2000/sv', 'B-10006')
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from traceability.errors import Refused
from traceability.labels.label import Label
from traceability.labels.page import draw_pages
from traceability.labels.pdf import write_pdf
from traceability.labels.png import write_png
from traceability.labels.reading_back import proven
from traceability.labels.sheet import Paper, find_paper, places
from traceability.labels.tspl import write_tspl
from traceability.labels.zpl import write_zpl

__all__ = ["FORMATS", "File", "FileFormat", "Form", "find_paper", "written"]

FileFormat = Literal["svg", "pdf", "png", "zpl", "tspl"]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" '
    "font-family=\"Archivo, 'Noto Sans', 'Noto Sans CJK SC', sans-serif\" "
)


@dataclass(frozen=True, slots=True)
class Form:
    """What labels are written as.

    Raises:
        Refused: If a format of single labels was asked for on a sheet.
    """

    format: FileFormat
    paper: Paper
    start: int = 1
    """Place of the first label on the first sheet."""
    dpi: int = 300
    """Of pictures, and of the printer that is written for."""
    has_rfid: bool = False
    """A printer that writes chips is written for."""

    def __post_init__(self) -> None:
        if self.format in ("png", "zpl", "tspl") and self.start != 1:
            raise Refused(
                f"Cannot begin at label {self.start} as {self.format.upper()}: each label is a "
                "picture of its own. Take pdf or svg for sheets."
            )


@dataclass(frozen=True, slots=True)
class File:
    """One file, and the labels in it."""

    data: bytes
    labels: tuple[Label, ...]


def written(labels: Sequence[Label], form: Form) -> Iterator[File]:
    """Write labels, one file after another; each label is read back before it leaves.

    A PDF holds all of them, an SVG a page, every other file one label.

    Raises:
        Refused: If a label has no room on the paper, or the sheet no such place.
        Conflict: If a code of a label leads elsewhere than the label; both values are named.
    """
    paper = form.paper
    if form.format == "pdf":
        yield File(write_pdf(labels, paper, start=form.start), tuple(labels))
    elif form.format == "svg":
        yield from _pages(labels, form)
    else:
        for one in labels:
            yield File(_single(one, form), (one,))


def _pages(labels: Sequence[Label], form: Form) -> Iterator[File]:
    on_page: dict[int, list[Label]] = {}
    spots = places(len(labels), form.paper, start=form.start)
    for one, (page, _x, _y) in zip(labels, spots, strict=True):
        on_page.setdefault(page, []).append(one)
    for page, inside in sorted(on_page.items()):
        start = form.start if page == 0 else 1
        [svg] = draw_pages(inside, form.paper, start=start)
        yield File(svg.replace("<svg ", _HEAD, 1).encode(), tuple(inside))


def _single(label: Label, form: Form) -> bytes:
    size, inset = form.paper.label, form.paper.inset
    if form.format == "png":
        return write_png(proven(label, size, inset), form.dpi)
    if not form.has_rfid:
        label = replace(label, epc=None)
    write = write_zpl if form.format == "zpl" else write_tspl
    return write(label, size, form.dpi, inset=inset)
