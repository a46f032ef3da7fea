"""Words that would break out of a file, a page or a printer's language, on every kind of label."""

import xml.etree.ElementTree as ET

import pytest

from traceability.errors import Refused
from traceability.labels.face import Face
from traceability.labels.files import FileFormat, Form, find_paper, written
from traceability.labels.label import Label
from traceability.web.label_faces import preview

KEY = "//rua.invalid/class/B-10006"
BREAKING = [
    '"><script>alert(1)</script>',
    "</svg><script>alert(1)</script>",
    "^XZ^XA^FDx^FS~JA",
    "a\x1b[2Jb",
    "\x00",
    "\ud800",
    "\uffff",
    "]]>",
]


def _label(words: str) -> Label:
    face = Face("B-10006", heading=words, lines=(words, words), title=words)
    return Label("ticket", "B-10006", face, KEY)


@pytest.mark.parametrize("words", BREAKING)
def test_a_drawing_stays_one_whole_drawing(words: str) -> None:
    [file] = written([_label(words)], Form("svg", find_paper("70x37")))
    root = ET.fromstring(file.data.decode())
    names = {part.tag.rpartition("}")[2] for part in root.iter()}
    assert names <= {"svg", "title", "text", "path", "line", "rect", "g"}


@pytest.mark.parametrize("form", ["pdf", "png"])
@pytest.mark.parametrize("words", BREAKING)
def test_pages_and_pictures_are_written(form: FileFormat, words: str) -> None:
    [file] = written([_label(words)], Form(form, find_paper("70x37")))
    assert len(file.data) > 500


@pytest.mark.parametrize("words", BREAKING[:3])
def test_no_word_becomes_a_command(words: str) -> None:
    [file] = written([_label(words)], Form("zpl", find_paper("70x37"), dpi=203))
    assert [file.data.count(sign) for sign in (b"^XA", b"^XZ", b"~")] == [1, 1, 0]


@pytest.mark.parametrize("form", ["zpl", "tspl"])
@pytest.mark.parametrize("words", BREAKING[3:5])
def test_control_characters_never_reach_a_printer(form: FileFormat, words: str) -> None:
    with pytest.raises(Refused, match="control character"):
        list(written([_label(words)], Form(form, find_paper("70x37"), dpi=203)))


def test_a_preview_of_a_label_that_names_another_thing_is_not_shown() -> None:
    paper = find_paper("70x37")
    assert preview(_label("Shirt"), paper).startswith("<svg")
    other = Label("ticket", "B-10006", Face("B-10014"), KEY)
    assert preview(other, paper) == ""
