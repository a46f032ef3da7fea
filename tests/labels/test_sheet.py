"""Geometry: every label lies on the paper, none on another, and words stay inside."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import Refused
from traceability.labels.face import Face, Figure, draw
from traceability.labels.lettering import fit, width
from traceability.labels.page import TrialPage, draw_pages, draw_test
from traceability.labels.picture import Code, Words
from traceability.labels.sheet import PAPERS, SINGLES, find_paper, pages, places

ALL = [*(paper.name for paper in PAPERS), *SINGLES, "38x20", "50x70", "62x29"]
WORDS = [
    "M",
    "Overshirt",
    "Donaudampfschifffahrtsgesellschaft " * 2,
    "男式长袖衬衫 两个胸袋 加厚" * 2,
    "A" * 80,
]


@pytest.mark.parametrize("name", ALL)
def test_labels_lie_on_the_paper_and_not_on_one_another(name: str) -> None:
    paper = find_paper(name)
    spots = [paper.place(number) for number in range(1, paper.count + 1)]
    wide, high = paper.label
    for x, y in spots:
        assert x >= 0
        assert y >= 0
        assert x + wide <= paper.page[0] + 0.5
        assert y + high <= paper.page[1] + 0.5
    for (x1, y1), (x2, y2) in combinations(spots, 2):
        assert abs(x1 - x2) >= wide - 0.01 or abs(y1 - y2) >= high - 0.01


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("words", WORDS)
def test_everything_on_a_label_stays_inside_it(name: str, words: str) -> None:
    paper = find_paper(name)
    face = Face(
        "B-99999995",
        heading=words,
        corner="1999 of 2000",
        lines=(words, words),
        more=words,
        figures=(Figure(words, words), Figure("500", words)),
    )
    picture = draw(face, paper.label, paper.inset)
    wide, high = paper.label
    for part in picture.parts:
        if isinstance(part, Code):
            right, bottom = part.x + part.size[0], part.y + part.size[1]
            assert -0.001 <= part.x <= right <= wide + 0.07, part
            assert -0.001 <= part.y <= bottom <= high + 0.07, part
        elif isinstance(part, Words):
            for line, baseline in part.lines():
                taken = min(width(line.text, line.size, stretch=line.stretch), part.room)
                left = part.x - taken if part.anchor == "end" else part.x
                assert 0 <= left <= left + taken <= wide
                assert baseline - line.size < high
                assert baseline + 0.2 * line.size <= high


@pytest.mark.parametrize("name", ALL)
def test_codes_and_words_keep_apart(name: str) -> None:
    paper = find_paper(name)
    face = Face(
        "B-10006",
        heading="Order 118",
        corner="7 of 20",
        lines=("Overshirt", "navy"),
        figures=(Figure("M", "Size"), Figure("20", "Pieces")),
    )
    picture = draw(face, paper.label, paper.inset)
    codes = [part for part in picture.parts if isinstance(part, Code)]
    assert codes, "a label without a code is no label"
    for part in picture.parts:
        if not isinstance(part, Words):
            continue
        for line, baseline in part.lines():
            taken = min(width(line.text, line.size, stretch=line.stretch), part.room)
            left = part.x - taken if part.anchor == "end" else part.x
            for code in codes:
                is_beside = left + taken <= code.x + 0.01 or left >= code.x + code.size[0] - 0.01
                is_over = baseline <= code.y + 0.6
                is_under = baseline - 0.75 * line.size >= code.y + code.size[1] - 0.6
                assert is_beside or is_over or is_under, (line, code.x, code.y, code.size)


def test_a_sheet_begins_where_it_is_told_to() -> None:
    paper = find_paper("a4-3x8")
    spots = places(20, paper, start=5)
    assert spots[0] == (0, 70.0, 37.5)
    assert spots[-1] == (0, 140.0, 259.5)
    assert places(21, paper, start=5)[-1] == (1, 0.0, 0.5)


@given(st.integers(0, 400), st.sampled_from(PAPERS), st.data())
def test_pages_are_as_many_as_the_places_say(
    count: int, paper: object, data: st.DataObject
) -> None:
    assert isinstance(paper, type(PAPERS[0]))
    start = data.draw(st.integers(1, paper.count))
    spots = places(count, paper, start=start)
    assert len(spots) == len(set(spots)) == count
    assert pages(count, paper, start=start) == (spots[-1][0] + 1 if spots else 0)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a5", "Cannot print on 'a5': expected one of a4-3x8"),
        ("0x0", "Cannot print labels of 0 × 0 mm: expected at least 38 × 20 mm."),
        ("30x20", "Cannot print labels of 30 × 20 mm: expected at least 38 × 20 mm."),
        ("900x50", "Cannot print on paper of 900 × 50 mm: expected at most 420 mm along a side."),
        (
            "a4:3x8:80x37:0,0:80,37",
            "Cannot lay out 3 × 8 labels on paper of 210 × 297 mm: they end at 240 mm.",
        ),
        (
            "a4:2x2:70x37:0,0:60,37",
            "Cannot lay out labels of 70 × 37 mm every 60 mm: they would lie on one another.",
        ),
        (
            "a4:0x8:70x37:0,0:70,37",
            "Cannot lay out 0 × 8 labels: expected 1 to 10 beside one another and 1 to 30 below",
        ),
    ],
)
def test_paper_that_cannot_be_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(Refused) as told:
        find_paper(name)
    assert str(told.value).startswith(sentence)


@pytest.mark.parametrize("start", [0, -1, 25])
def test_a_place_that_is_not_on_the_sheet_is_refused(start: int) -> None:
    with pytest.raises(Refused, match=f"begin at label {start}: this sheet has labels 1 to 24"):
        places(1, find_paper("a4-3x8"), start=start)


def test_a_sheet_of_ones_own_is_found_by_its_measures() -> None:
    paper = find_paper("letter:2x3:60x40:10.5,20:70,45")
    assert (paper.count, paper.place(6), paper.page) == (6, (80.5, 110.0), (215.9, 279.4))
    assert find_paper(paper.name) == paper


def test_a_page_says_its_size_in_millimetres() -> None:
    [page] = draw_pages([Face("B-10006")], find_paper("letter-2x5"))
    assert 'viewBox="0 0 215.9 279.4" width="215.9mm" height="279.4mm"' in page
    assert "style=" not in page


def test_words_of_the_record_cannot_become_marks_of_the_page() -> None:
    [page] = draw_pages([Face("B-10006", heading='<script>&"')], find_paper("60x40"))
    assert "<script" not in page
    assert "&lt;script&gt;&amp;" in page


@pytest.mark.parametrize("name", ALL)
def test_every_paper_can_be_tried(name: str) -> None:
    page = draw_test(find_paper(name), "HANGTAG-TEST-7", "This line is 100 mm long.")
    assert page.count("<path") >= 1


@pytest.mark.parametrize("name", ["60x40", "100x50", "a4-3x8", "a4-2x7", "a4-cut", "letter-2x5"])
def test_a_scanner_that_reads_bars_alone_can_be_tried(name: str) -> None:
    paper = find_paper(name)
    picture = TrialPage(paper, "HANGTAG-TEST-7", "This line is 100 mm long.").draw(paper.page)
    codes = [part for part in picture.parts if isinstance(part, Code)]
    assert [one.code.text for one in codes] == ["HANGTAG-TEST-7"] * 2
    assert picture.width >= max(one.x + one.size[0] for one in codes)


@given(st.text(max_size=80), st.floats(8, 90), st.floats(2, 12))
def test_fitted_text_is_whole_and_within_its_room(text: str, room: float, size: float) -> None:
    lines = fit(text, room, size)
    assert "".join("".join(line.text for line in lines).split()) == "".join(text.split())
    for line in lines:
        is_inside = width(line.text, line.size, stretch=line.stretch) <= room
        assert is_inside or line.squeeze == round(room, 2)
