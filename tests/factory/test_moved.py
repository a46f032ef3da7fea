"""A folder that came from another PC: noted, shown for a month, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.factory.premises import NOW, Premises
from traceability.factory.backup import back_up
from traceability.factory.folder import Factory
from traceability.factory.moved import PC_FILE, last_move, note_pc
from traceability.factory.restore import restore


def test_only_another_pc_is_a_move_and_it_is_shown_for_a_month(premises: Premises) -> None:
    factory = premises.factory
    noted = [note_pc(factory, at=NOW, pc=pc) is not None for pc in ("a", "a", "b", "b")]
    assert noted == [False, False, True, False]
    shown = [last_move(factory, now=NOW + timedelta(days=days)) for days in (0, 29, 31)]
    assert [one is not None for one in shown] == [True, True, False]
    assert note_pc(factory, at=NOW) is not None  # a real one is none of these
    assert note_pc(factory, at=NOW) is None


def test_a_restored_workshop_has_not_moved(premises: Premises, tmp_path: Path) -> None:
    note_pc(premises.factory, at=NOW, pc="lost")
    made = back_up(premises.factory, at=NOW)
    factory = Factory.find(restore(made.path, tmp_path / "again").folder)
    assert not (factory.folder / PC_FILE).exists()
    assert (note_pc(factory, at=NOW), last_move(factory, now=NOW)) == (None, None)


def test_a_spoilt_note_counts_as_none(premises: Premises) -> None:
    (premises.factory.folder / PC_FILE).write_text("[1", encoding="utf-8")
    assert last_move(premises.factory, now=NOW) is None
    assert note_pc(premises.factory, at=NOW) is None
