"""A plan as JSON, for the command and for programs: what is new, changed, wrong, asked."""

from __future__ import annotations

from typing import Any

from traceability.sheets.change import Plan

__all__ = ["as_tree"]


def as_tree(made: Plan) -> dict[str, Any]:
    """Return a plan as JSON: what is new, changed and the same, what is wrong, what is asked."""
    return {
        "as": made.kind,
        "sheet": made.sheet,
        "ready": made.is_ready,
        "counts": _counts(made),
        "pieces": str(sum(one.pieces or 0 for one in made.changes if not one.unit)),
        "changes": [
            {
                "sort": one.sort,
                "id": one.key,
                "name": one.name,
                "state": one.state,
                "cell": one.cell,
                "differences": [
                    {"field": each.field, "of": each.of, "old": each.old, "new": each.new}
                    for each in one.differences
                ],
            }
            for one in made.changes
            if one.state != "same"
        ],
        "problems": [
            {
                "cell": one.cell,
                "value": one.given,
                "sentence": str(one),
                "suggestion": one.suggestion,
                "concerns": sorted(one.owners),
            }
            for one in made.complaints
        ],
        "questions": [
            {
                "name": one.name,
                "sentence": str(one),
                "options": [answer for answer, _ in one.options],
                "answer": one.answer,
                "open": one.is_open,
            }
            for one in made.questions
            if not one.is_known
        ],
        "remarks": [str(one) for one in made.remarks],
    }


def _counts(made: Plan) -> dict[str, dict[str, int]]:
    sorts = dict.fromkeys(one.sort for one in made.changes)
    return {
        sort: {state: made.count(sort, state) for state in ("new", "changed", "same")}
        for sort in sorts
    }
