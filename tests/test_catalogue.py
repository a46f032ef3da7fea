"""Catalogues: a file for each room of a language, one that is read."""

from __future__ import annotations

from gettext import GNUTranslations
from pathlib import Path

import pytest

from traceability.catalogue import TwoTranslations, compile_catalogues


def write(folder: Path, name: str, *pairs: tuple[str, str]) -> None:
    """Write one part of the Chinese catalogue."""
    place = folder / "zh_Hans"
    place.mkdir(exist_ok=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    text = "\n".join(f'msgid "{source}"\nmsgstr "{target}"\n' for source, target in pairs)
    (place / name).write_text(head + text, encoding="utf-8")


def test_all_parts_of_a_language_are_read_as_one(tmp_path: Path) -> None:
    write(tmp_path, "board.po", ("Roll", "布卷"), ("Stop", "停"))
    write(tmp_path, "gate.po", ("Carton", "纸箱"), ("Stop", "停"))
    (compiled,) = compile_catalogues(tmp_path)
    with compiled.open("rb") as file:
        catalogue = GNUTranslations(file)
    words = ("Roll", "Stop", "Carton", "Bundle")
    assert [catalogue.gettext(word) for word in words] == ["布卷", "停", "纸箱", "Bundle"]


def test_two_translations_of_one_sentence_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "board.po", ("Stop", "停"))
    write(tmp_path, "gate.po", ("Stop", "停止"))
    with pytest.raises(TwoTranslations, match=r"'停' in board\.po but '停止' in gate\.po"):
        compile_catalogues(tmp_path)


def test_what_is_newer_than_its_sources_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "board.po", ("Stop", "停"))
    compile_catalogues(tmp_path)
    assert compile_catalogues(tmp_path) == []


def test_a_language_without_sentences_has_no_catalogue(tmp_path: Path) -> None:
    (tmp_path / "fr").mkdir()
    assert compile_catalogues(tmp_path) == []
