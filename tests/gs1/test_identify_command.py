"""`hangtag identify`: one JSON line for each line in, whatever comes in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from traceability.errors import InvalidIdentifier
from traceability.gs1.commands import answer, identify, read_lines, tree_of
from traceability.gs1.epc_bits import encode_bits
from traceability.gs1.identify import identify as identify_text
from traceability.gs1.tag_line import format_line, format_tag_line


def run(*arguments: str, stdin: bytes = b"") -> Result:
    """Run the command as a shell would."""
    return CliRunner().invoke(identify, list(arguments), input=stdin)


def lines(result: Result) -> list[Any]:  # JSON, whose shape each test compares as a whole
    """Read the output, a JSON value per line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_tag_is_answered_with_every_form_it_has() -> None:
    result = run("--as", "epc", "3034257BF7194E4000001A85")
    assert (result.exit_code, lines(result)) == (
        0,
        [
            {
                "input": "3034257BF7194E4000001A85",
                "id": "https://id.gs1.org/01/80614141123458/21/6789",
                "key": "/01/80614141123458/21/6789",
                "kind": "instance",
                "scheme": "SGTIN-96",
                "filter": 1,
                "ais": [["01", "80614141123458"], ["21", "6789"]],
                "element_string": "(01)80614141123458(21)6789",
                "digital_link": "https://id.gs1.org/01/80614141123458/21/6789",
                "epc_uri": "urn:epc:id:sgtin:0614141.812345.6789",
                "tag_uri": "urn:epc:tag:sgtin-96:1.0614141.812345.6789",
            }
        ],
    )


def test_one_bad_line_costs_neither_its_neighbours_nor_its_place() -> None:
    stdin = b"]E09506000134352\n\n]E09506000134353\r\n\xff\nBundle 17"
    result = run(stdin=stdin)
    found = [(line["input"], line.get("key"), line.get("position")) for line in lines(result)]
    assert (result.exit_code, found) == (
        1,
        [
            ("]E09506000134352", "/01/09506000134352", None),
            ("", None, 0),
            ("]E09506000134353", None, 15),
            ("\\xff", "//localhost.workshop.invalid/obj/\\xff", None),
            ("Bundle 17", "//localhost.workshop.invalid/obj/Bundle 17", None),
        ],
    )


def test_a_tag_that_does_not_decode_says_why_and_how_it_is_kept() -> None:
    result = run("--as", "epc", "3037FFFFFC00000000000000")
    assert (result.exit_code, lines(result)) == (
        1,
        [
            {
                "input": "3037FFFFFC00000000000000",
                "error": "Cannot decode EPC 3037FFFFFC00000000000000: expected a company prefix "
                "of 7 digits, got 16777215.",
                "position": 3,
                "id": "urn:epc:raw:96.x3037FFFFFC00000000000000",
                "key": "urn:epc:raw:96.x3037FFFFFC00000000000000",
                "kind": "raw",
            }
        ],
    )


def test_the_separator_of_a_scanner_is_a_setting() -> None:
    result = run("--as", "message", "--fnc1", "^", "^010950600013435210L7^21A1")
    assert [line["ais"] for line in lines(result)] == [
        [["01", "09506000134352"], ["10", "L7"], ["21", "A1"]]
    ]


def test_the_namespace_of_the_site_can_be_named() -> None:
    result = run("--namespace", "knit.example", "T 17")
    assert [line["id"] for line in lines(result)] == ["https://knit.example/obj/T%2017"]


def test_wrong_usage_is_exit_2() -> None:
    assert run("--as", "qr", "x").exit_code == 2
    assert run("--fnc1", "FN", "x").exit_code == 2


def test_a_million_characters_without_a_line_end_are_one_error() -> None:
    result = run(stdin=b"A" * 1_000_000 + b"\n]E09506000134352\n")
    assert [("error" in line) for line in lines(result)] == [True, False]


@given(
    st.integers(6, 12).flatmap(
        lambda n: st.tuples(
            st.text("0123456789", min_size=n, max_size=n),
            st.text("0123456789", min_size=13 - n, max_size=13 - n),
            st.integers(0, 2**38 - 1).map(str),
        )
    ),
    st.integers(0, 7),
)
def test_the_line_of_a_product_is_that_of_the_long_way(
    parts: tuple[str, str, str], filter_value: int
) -> None:
    text = encode_bits("SGTIN-96", filter_value, parts).hex()
    assert format_tag_line(text) == answer(text, form="epc").text


TAG = "3034257BF7194E4000001A85"
SAMPLES = [
    "]E09506000134352",
    "]C1010950600013435221A1\x1d10L7",
    '(01)09506000134352(21)A\\(1"\\',
    "https://brand.example/01/09506000134352/21/A%2F1?17=271231",
    "urn:epc:id:sgtin:0614141.812345.6%2F7",
    "urn:epc:tag:gid-96:952056.2718.1414",
    "urn:epc:raw:96.x3034257BF7194E4000001A85",
    "F7109506000134352031EC00",
    "Bündel „17“ \u2028",
    "(99)x",
    "]C10109506000134352" + "10COV010917220901",
]


@pytest.mark.parametrize("text", SAMPLES)
def test_a_line_is_what_a_json_encoder_writes(text: str) -> None:
    for told in (text, text.replace("\u2028", "")):
        try:
            found = identify_text(told)
        except InvalidIdentifier:
            continue
        assert format_line(told, found) == json.dumps(tree_of(told, found), separators=(",", ":"))


def test_bits_say_what_each_of_them_is_there_for() -> None:
    fields = lines(run("--bits", "--json", TAG))[0]["fields"]
    assert fields[1] == {
        "name": "filter",
        "start": 8,
        "length": 3,
        "bits": "001",
        "value": "1",
        "note": "point of sale item",
    }
    assert "".join(one["bits"] for one in fields) == f"{int(TAG, 16):096b}"


def test_bits_of_a_barcode_are_its_characters() -> None:
    result = run("--bits", "--json", "9506000134353")
    assert (result.exit_code, lines(result)[0]["fields"][-1]) == (
        1,
        {
            "name": "check digit",
            "start": 12,
            "length": 1,
            "text": "3",
            "value": "3",
            "ai": "01",
            "right": False,
            "expected": "2",
        },
    )


def test_people_get_a_table() -> None:
    result = run("--bits", TAG, "9506000134353", "A\x1bB")
    assert result.exit_code == 1
    for said in ("partition", "0614141", "wrong, expected 2", "check digit 2, got '3'", "A<ESC>B"):
        assert said in result.stdout


def test_the_table_permits_and_insists_as_the_lines_do() -> None:
    assert run("--bits", "--permit", "missing-companions", "(21)A1").exit_code == 0
    insisted = run("--bits", "--instance", "9506000134352")
    assert (insisted.exit_code, "expected a serial number" in insisted.stdout) == (1, True)


def test_a_whole_bank_shows_the_word_in_front_and_the_same_key() -> None:
    result = run("--as", "bank", "--bits", "--json", "3000" + TAG, "1100" + "A2" * 5)
    good, bad = lines(result)
    assert (good["key"], good["fields"][0]["name"]) == ("/01/80614141123458/21/6789", "EPC length")
    assert sum(one["length"] for one in good["fields"]) == 112
    assert (result.exit_code, "fields" in bad) == (1, True)


class Stream(BytesIO):
    """Standard input that never holds more than one piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self.pieces = pieces

    def read1(self, size: int | None = -1, /) -> bytes:
        return next(self.pieces, b"")


def tags(products: int, serials: int) -> Iterator[bytes]:
    for product in range(products):
        head = int.from_bytes(encode_bits("SGTIN-96", 1, ("0614141", f"{product:06d}", "0")))
        yield b"".join(b"%024X\n" % (head | serial) for serial in range(1, serials + 1))


def test_many_lines_are_answered_in_their_order_in_bounded_memory() -> None:
    counted = most = 0
    tracemalloc.start()
    for some, size in read_lines(Stream(tags(200, 1000))):
        answers = [format_tag_line(text) for text in some]
        assert len(answers) * 25 == size
        assert json.loads(answers[-1] or "")["ais"][1] == ["21", "1000"]
        counted += len(answers)
        most = max(most, tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert (counted, most < 8_000_000) == (200_000, True)


def test_the_command_answers_200_000_lines_and_keeps_its_memory(tmp_path: Path) -> None:
    given = tmp_path / "tags.txt"
    given.write_bytes(b"".join(tags(200, 1000)) + b"\n" + b"Bundle 17\n")
    script = (
        "import pathlib, resource, sys\n"
        "from traceability.gs1.commands import identify\n"
        "try:\n"
        "    identify()\n"
        "finally:\n"
        # What the kernel counts for a process begins with what its parent had taken.
        "    status = pathlib.Path('/proc/self/status')\n"
        "    words = status.read_text().split() if status.exists() else []\n"
        "    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "    most = words[words.index('VmHWM:') + 1] if 'VmHWM:' in words else most\n"
        "    print(most, file=sys.stderr)\n"
    )
    with given.open("rb") as stdin, (tmp_path / "out").open("wb") as stdout:
        done = subprocess.run(
            [sys.executable, "-c", script], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
            check=False,
        )  # fmt: skip
    with (tmp_path / "out").open() as file:
        answered = file.read().splitlines()
    assert (done.returncode, len(answered)) == (1, 200_002)
    assert json.loads(answered[0])["ais"] == [["01", "00614141000005"], ["21", "1"]]
    assert json.loads(answered[-2])["error"].startswith("Cannot identify an empty text")
    assert int(done.stderr.split()[-1]) < 120_000, "kB; the answers alone are 80 MB"


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traceability.gs1.commands.WAIT_S", -1.0)
    assert run(stdin=b"]E09506000134352\n").stderr == ""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    script = "import traceability.gs1.commands as c; c.WAIT_S = -1.0; c.identify()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=child
    ) as running:
        out, _ = running.communicate(b"]E09506000134352\n" * 1000)
    drawn = os.read(parent, 65_536)
    os.close(child)
    os.close(parent)
    assert (running.returncode, out.count(b"\n"), b"bytes" in drawn or b"kB" in drawn) == (
        0,
        1000,
        True,
    )
