"""The tree in tiles: grown in any batches it is the same, and proofs come out of its rows."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import vectors
from tests.golden import tables
from tests.ledger import naive_tree
from traceability.errors import LedgerCorrupt, Refused
from traceability.ledger.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from traceability.ledger.tiles import (
    Tile,
    TileName,
    decode_bundle,
    encode_bundle,
    grow,
    hash_reader,
    parse_tile_path,
    tails_of,
    tile_names,
    tile_path,
)

ENTRIES = [str(number).encode() for number in range(1_400)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
Rows = dict[tuple[int, int], bytes]


def grown(sizes: Iterable[int], leaves: Sequence[bytes] = LEAVES) -> tuple[Frontier, Rows]:
    """Grow a tree through sizes, keeping rows as a table would."""
    rows: Rows = {}
    frontier = Frontier()
    for size in sizes:
        tails = {level: rows[level, n] for level, (n, _width) in tails_of(frontier.size).items()}
        before = set(rows)
        frontier, changed = grow(frontier, leaves[frontier.size : size], tails)
        for tile in changed:
            old = rows.get((tile.level, tile.n), b"")
            assert tile.data.startswith(old), "a hash that was there has changed"
            assert old == b"" or (tile.level, tile.n) == max(
                key for key in before if key[0] == tile.level
            )
            rows[tile.level, tile.n] = tile.data
    return frontier, rows


def naive_rows(size: int) -> Rows:
    """Cut the tree into tiles by the recursion of the standard."""
    rows: Rows = {}
    for level in range(3):
        width = 256**level
        hashes = [
            naive_tree.root(ENTRIES[at : at + width]) for at in range(0, size - width + 1, width)
        ]
        for at in range(0, len(hashes), 256):
            rows[level, at // 256] = b"".join(hashes[at : at + 256])
    return rows


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 1_400])
def test_tiles_are_those_of_the_recursion_in_the_standard(size: int) -> None:
    frontier, rows = grown([size])
    assert rows == naive_rows(size)
    assert frontier.root() == naive_tree.root(ENTRIES[:size])


@settings(max_examples=30)
@given(st.lists(st.integers(0, 1_400), min_size=1, max_size=8).map(sorted))
def test_any_batches_give_the_same_rows(sizes: list[int]) -> None:
    assert grown(sizes) == grown([sizes[-1]])


def test_one_by_one_gives_the_same_rows() -> None:
    assert grown(range(1, 600)) == grown([599])


def test_higher_levels_follow() -> None:
    # Hashes that repeat make 70,000 leaves cheap: level 2 begins at 65,536.
    leaves = [leaf_hash(b"")] * 70_000
    frontier, rows = grown([100, 65_535, 65_536, 65_537, 70_000], leaves)
    assert (frontier, rows) == grown([70_000], leaves)
    assert {level: max(n for at, n in rows if at == level) for level, _n in rows} == {
        0: 273,
        1: 1,
        2: 0,
    }
    assert [name for name in tile_names(70_000) if name.level == 2] == [TileName(2, 0, 1)]
    assert {(name.level, name.n): name.width for name in tile_names(70_000)} == {
        key: len(data) // 32 for key, data in rows.items()
    }


def test_nothing_to_append_changes_nothing() -> None:
    frontier, rows = grown([300])
    tails = {0: rows[0, 1], 1: rows[1, 0]}
    assert grow(frontier, [], tails) == (frontier, [])


def test_rows_that_do_not_fit_the_size_stop_the_ledger() -> None:
    frontier, rows = grown([300])
    with pytest.raises(LedgerCorrupt) as missing:
        grow(frontier, LEAVES[300:301], {1: rows[1, 0]})
    assert str(missing.value) == (
        "Tile tile/0/001.p/44 of a ledger of 300 entries: expected 1408 bytes, got 0."
    )
    with pytest.raises(LedgerCorrupt, match="expected 32 bytes, got 64"):
        grow(frontier, LEAVES[300:301], {0: rows[0, 1], 1: rows[1, 0] * 2})


@settings(max_examples=40)
@given(st.integers(2, 1_400), st.data())
def test_proofs_come_out_of_the_rows(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    frontier, rows = grown([size])
    asked: list[tuple[int, int]] = []

    def read_tiles(wanted: Sequence[tuple[int, int]]) -> list[bytes]:
        asked.extend(wanted)
        return [rows[key] for key in wanted]

    proof = inclusion_proof(index, size, hash_reader(read_tiles))
    assert verify_inclusion(index, size, LEAVES[index], proof, frontier.root())
    assert len(asked) == len(set(asked)) <= 5
    older = consistency_proof(index + 1, size, hash_reader(read_tiles))
    older_root = Frontier().append(LEAVES[: index + 1]).root()
    assert verify_consistency(index + 1, size, older_root, frontier.root(), older)


def test_a_row_too_short_for_a_proof_stops_the_ledger() -> None:
    _frontier, rows = grown([300])
    read = hash_reader(lambda wanted: [rows[key][:320] for key in wanted])
    with pytest.raises(LedgerCorrupt) as refusal:
        inclusion_proof(0, 300, read)
    assert str(refusal.value) == "tile/0/000: expected at least 16 hashes, got 10."


@pytest.mark.parametrize("row", tables.rows("tile_paths.jsonl"), ids=lambda row: row["path"])
def test_a_tile_has_one_path(row: dict[str, Any]) -> None:
    if "refused" in row:
        with pytest.raises(Refused, match=r"Cannot read .* as a tile path: expected tile/LEVEL/"):
            parse_tile_path(row["path"])
        return
    name = TileName(row["level"], row["n"], row["width"])
    assert tile_path(name.level, name.n, name.width) == row["path"]
    assert parse_tile_path(row["path"]) == name


@given(
    st.none() | st.integers(0, 63),
    st.integers(0, 2**63 - 1) | st.integers(0, 2_000_000),
    st.integers(1, 256),
)
def test_paths_are_read_as_they_were_written(level: int | None, n: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, n, width)) == TileName(level, n, width)


@given(st.text(alphabet="tileniros/x0123.p", max_size=24).map("tile/".__add__))
def test_no_other_text_is_a_path(path: str) -> None:
    try:
        name = parse_tile_path(path)
    except Refused:
        return
    assert tile_path(name.level, name.n, name.width) == path


@pytest.mark.parametrize(("level", "n", "width"), [(64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_a_tile_that_cannot_exist_has_no_path(level: int, n: int, width: int) -> None:
    with pytest.raises(ValueError, match="tile"):
        tile_path(level, n, width)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_are_read_as_they_were_written(entries: list[bytes]) -> None:
    data = encode_bundle(entries)
    assert decode_bundle(data) == entries
    if data:
        with pytest.raises(LedgerCorrupt, match="An entry bundle ends inside entry"):
            decode_bundle(data[:-1])


def test_an_entry_too_long_for_a_bundle_is_refused() -> None:
    assert len(encode_bundle([bytes(65_535)])) == 65_537
    with pytest.raises(ValueError, match="at most 65535 bytes, got 65536"):
        encode_bundle([bytes(65_536)])


# `Any`: vectors have the shape their makers gave them.
def tlog(name: str) -> Any:
    """Read one file of vectors; nothing where the folder is absent."""
    path = vectors.path(f"tlog/{name}")
    return json.loads(path.read_text()) if path.exists() else {}


@pytest.mark.vectors
def test_paths_are_those_of_another_implementation() -> None:
    cases = tlog("tiles-paths.json")
    for case in cases["TestEntriesPathForLogIndex"]:
        n = case["seq"] // 256
        whole = case["logSize"] // 256 > n
        path = tile_path(None, n, 256 if whole else case["logSize"] % 256)
        assert path == case["wantPath"]
    for case in cases["TestEntriesPath"]:
        assert tile_path(None, case["N"], case.get("p") or 256) == case["wantPath"]
    for case in cases["TestTilePath"]:
        assert tile_path(case["level"], case["index"], case.get("p") or 256) == case["wantPath"]
    for case in cases["TestNWithSuffix"]:
        path = tile_path(case["level"], case["index"], case.get("p") or 256)
        assert path.removeprefix(f"tile/{case['level']}/") == case["wantPath"]


@pytest.mark.vectors
@pytest.mark.parametrize(
    "case",
    tlog("tiles-paths.json").get("TestParseTileLevelIndexPartial", []),
    ids=lambda case: f"{case['pathLevel']}/{case['pathIndex']}",
)
def test_paths_are_read_as_another_implementation_reads_them(case: dict[str, Any]) -> None:
    path = f"tile/{case['pathLevel']}/{case['pathIndex']}"
    if case.get("wantErr"):
        with pytest.raises(Refused):
            parse_tile_path(path)
    else:
        width = case["wantP"] or 256
        assert parse_tile_path(path) == TileName(case["wantLevel"], case["wantIndex"], width)


@pytest.mark.vectors
def test_a_log_of_another_implementation_is_made_again() -> None:
    folder = vectors.path("tlog/tiles-log")
    entries = [entry.encode() for entry in tlog("tiles-log/meta.json")["entries_in_order"]]
    leaves = [leaf_hash(entry) for entry in entries]
    sizes = sorted(int(path.name) for path in (folder / "tile/0/000.p").iterdir())
    assert len(sizes) >= 8
    for size in sizes:
        frontier, tiles = grow(Frontier(), leaves[:size], {})
        assert tiles == [Tile(0, 0, (folder / tile_path(0, 0, size)).read_bytes())]
        bundle = (folder / tile_path(None, 0, size)).read_bytes()
        assert (decode_bundle(bundle), encode_bundle(entries[:size])) == (entries[:size], bundle)
        _origin, count, root = (folder / f"checkpoint.{size}").read_text().split("\n")[:3]
        assert (int(count), b64decode(root)) == (size, frontier.root())
