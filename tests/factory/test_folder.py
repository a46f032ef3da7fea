"""A factory's folder: made once, found again, named when it is missed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from traceability.database import open_database
from traceability.errors import DatabaseBusy, Refused
from traceability.factory.folder import Factory
from traceability.factory.toml_text import toml_text
from traceability.ledger.append import Ledger
from traceability.projections.view import look


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def test_a_new_factory_holds_everything_and_no_event(tmp_path: Path) -> None:
    made = Factory.make(tmp_path / "my-shirts", zone="Europe/Lisbon", language="pt")
    assert made == Factory.find(tmp_path / "my-shirts")
    assert names(made.folder) >= {
        "backups",
        "factory.toml",
        "flow.toml",
        "practice.sqlite",
        "stations",
        "uploads",
    }
    with look(Ledger.open(open_database(made.url))) as view:
        said = (view.size, view.opening["name"], view.opening["zone"], view.opening["demo"])
    assert said == (1, "My shirts", "Europe/Lisbon", False)


def test_two_factories_never_share_names_of_labels(tmp_path: Path) -> None:
    spaces = set()
    for name in ("a", "b"):
        made = Factory.make(tmp_path / name)
        with look(Ledger.open(open_database(made.url))) as view:
            spaces.add(view.namespace)
    assert len(spaces) == 2


def test_a_folder_with_something_in_it_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear", "utf-8")
    with pytest.raises(
        Refused, match=r"expected an empty or new folder, and it holds 'letters.txt'"
    ):
        Factory.make(tmp_path)
    assert names(tmp_path) == {"letters.txt"}


def test_a_factory_is_not_made_twice(tmp_path: Path) -> None:
    Factory.make(tmp_path / "shop")
    with pytest.raises(Refused, match="is a factory already: open it with hangtag start"):
        Factory.make(tmp_path / "shop")


def test_what_was_cut_off_while_it_was_made_is_made_again(tmp_path: Path) -> None:
    made = Factory.make(tmp_path / "shop")
    made.settings_file.unlink()
    assert Factory.make(tmp_path / "shop") == made


def test_who_makes_it_at_the_same_moment_is_told_so(tmp_path: Path) -> None:
    made = Factory.make(tmp_path / "shop")
    made.settings_file.unlink()
    busy = open_database(made.url)
    busy.own()
    try:
        with pytest.raises(DatabaseBusy, match="is in use by another Hangtag server"):
            Factory.make(tmp_path / "shop")
    finally:
        busy.close()


def test_a_missing_factory_is_answered_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shirts", "coats"):
        Factory.make(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused) as caught:
        Factory.find(Path("shirt"))
    assert str(caught.value) == (
        "There is no factory in shirt. Nearest: hangtag start shirts or hangtag start coats."
    )
    assert names(tmp_path) == {"shirts", "coats"}


def test_without_any_factory_the_way_to_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused, match="yet: make one with hangtag new workshop"):
        Factory.find()
    assert names(tmp_path) == set()


def test_the_current_folder_is_a_factory_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Factory.make(tmp_path / "shop")
    monkeypatch.chdir(made.folder)
    assert Factory.find() == made


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[factory", "Put it right, or restore the last backup"),
        ("[factory]\npractice = 3\n", "expected practice = true or false below .factory., got 3"),
        ("", "got None"),
    ],
)
def test_a_spoilt_settings_file_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    made = Factory.make(tmp_path / "shop")
    made.settings_file.write_text(text, "utf-8")
    with pytest.raises(Refused, match=sentence):
        Factory.find(made.folder)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    file = tmp_path / "shop"
    file.write_text("", "utf-8")
    with pytest.raises(Refused, match=r"Cannot make a factory in .*Name a folder of your own"):
        Factory.make(file)
    assert stat.S_ISREG(file.stat().st_mode)


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    made = Factory.make(tmp_path / "shop")
    settings = {
        "factory": {"practice": False},
        "disk": {"keep_free_gb": 2.5, "most_gb": 1e-06},
        "backup": {"target": 'D:\\a "b"\n', "keep": 14, "days": [1, 2], "titles": {"zh": "日"}},
    }
    made.write(settings)
    assert made.settings() == settings
    assert Factory.find(made.folder).is_practice is False
    with pytest.raises(TypeError, match=r"cannot write None"):
        toml_text({"a": None})
