"""Every example in a docstring runs and shows what it says."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.house.project import modules

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", ["app", "install", *modules("readers", "traceability")])
def test_examples_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0
