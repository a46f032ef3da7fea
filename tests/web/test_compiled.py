"""Templates are compiled once in a process; a changed one is compiled anew."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from tests.web.conftest import MakeApp
from traceability.web.compiled import CompiledTemplates


def test_a_second_app_compiles_no_template(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, second = make_app().test_client().get("/start"), make_app()
    compiled: list[Any] = []
    compile_ = second.jinja_env.compile

    def noted(source: Any, *of: Any, **more: Any) -> Any:  # as Jinja calls it
        compiled.append(of)
        return compile_(source, *of, **more)

    monkeypatch.setattr(second.jinja_env, "compile", noted)
    assert second.test_client().get("/start").status_code == before.status_code == 200
    assert compiled == []


def test_a_changed_template_is_shown_as_it_is_now() -> None:
    shown = []
    for text in ("Roll {{ n }}", "Roll {{ n }}", "Bundle {{ n }}", "Roll {{ n }}"):
        loader = DictLoader({"of-a-test-that-changes.html": text})
        environment = Environment(
            loader=loader, bytecode_cache=CompiledTemplates(), autoescape=True
        )
        shown.append(environment.get_template("of-a-test-that-changes.html").render(n=7))
    assert shown == ["Roll 7", "Roll 7", "Bundle 7", "Roll 7"]
