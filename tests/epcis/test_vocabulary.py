"""The words of the standard in all their spellings, compared with the published schemas."""

from __future__ import annotations

import json

import pytest

from tests import vectors
from tests.golden import tables
from traceability.epcis import vocabulary

SCHEMAS = {
    "STEPS": ("bizStep", "bizStep"),
    "DISPOSITIONS": ("disposition", "disposition"),
    "TRANSACTION_TYPES": ("bizTransaction-type", "bizTransaction-type"),
    "SOURCE_TYPES": ("source-dest-type", "source-dest-type"),
    "ERROR_REASONS": ("error-reason", "error-reason"),
}


@pytest.mark.parametrize("row", tables.rows("cbv_spellings.jsonl"), ids=lambda row: row["word"])
def test_every_spelling_leads_to_the_bare_word(row: dict[str, str]) -> None:
    words: vocabulary.Vocabulary = getattr(vocabulary, row["list"])
    short = row["web"].replace("https://ref.gs1.org/cbv/", "cbv:")
    spellings = [row["word"], row["urn"], row["web"], short]
    assert [words.read(spelling) for spelling in spellings] == [row["word"]] * 4
    assert (words.urn(row["word"]), words.web_uri(row["word"])) == (row["urn"], row["web"])


def test_the_lists_are_as_long_as_the_standard_says() -> None:
    lengths = {name: len(getattr(vocabulary, name).words) for name in SCHEMAS}
    assert lengths == {
        "STEPS": 41,
        "DISPOSITIONS": 33,
        "TRANSACTION_TYPES": 13,
        "SOURCE_TYPES": 3,
        "ERROR_REASONS": 2,
    }


def test_an_unknown_word_has_no_spelling() -> None:
    assert vocabulary.STEPS.read("sewing") is None
    with pytest.raises(ValueError, match="'sewing' is not a business step of CBV"):
        vocabulary.STEPS.urn("sewing")


@pytest.mark.vectors
@pytest.mark.parametrize("name", SCHEMAS)
def test_the_words_are_those_of_the_published_schema(name: str) -> None:
    file, definition = SCHEMAS[name]
    folder = vectors.path("epcis/gs1/artefacts/json-schema/schemas")
    schema = json.loads((folder / f"{file}-JSON-Schema.json").read_text(encoding="utf-8"))
    published = schema["definitions"][definition]["anyOf"][1]["enum"]
    assert getattr(vocabulary, name).words == frozenset(published)


@pytest.mark.vectors
def test_the_prefixes_are_those_of_the_published_context() -> None:
    text = vectors.path("epcis/gs1/artefacts/epcis-context.jsonld").read_text(encoding="utf-8")
    context = json.loads(text)["@context"]
    ours = {name: uri for name, uri in vocabulary.PREFIXES.items() if name != "hangtag"}
    assert ours == {name: context[name] for name in ours}
