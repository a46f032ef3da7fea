"""A log cut off at any byte of its last frame: the record is the one before it, whole."""

from __future__ import annotations

from pathlib import Path

from tests.faults.wal import APPENDS, HEADER, Cut, written


def test_a_log_cut_in_its_last_frame_loses_only_what_was_not_acknowledged(tmp_path: Path) -> None:
    cut = written(tmp_path)
    sizes = [at for at, _ in cut.acknowledged]
    assert (len(sizes), sizes[-1]) == (APPENDS + 1, len(cut.log))
    assert cut.check([*cut.cuts(64), len(cut.log)], thorough=30) == []


def test_a_log_cut_before_its_last_append_is_the_history_before_it(tmp_path: Path) -> None:
    cut = written(tmp_path)
    frames = range(HEADER, len(cut.log) + 1, cut.frame)
    assert cut.check([0, HEADER // 2, *frames], thorough=20) == []


def test_a_cut_that_takes_an_acknowledgement_is_seen(tmp_path: Path) -> None:
    cut = written(tmp_path)
    bold = Cut(cut.file, cut.log, cut.main, ((0, APPENDS + 1),), cut.frame)
    assert len(bold.check([len(cut.log) - 1], thorough=2)) == 1
