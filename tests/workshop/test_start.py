"""One folder, one process: made, opened, cut off, opened again; then live, with practice beside."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.web.browser import open_page
from tests.workshop.opened import Opened, opened, run


def new(folder: Path) -> Path:
    made = run("new", str(folder))
    assert made.returncode == 0, made.stderr
    return folder


def health(workshop: Opened) -> dict[str, object]:
    with urllib.request.urlopen(f"{workshop.url}/healthz", timeout=10) as answer:
        return dict(json.load(answer))


def set_up(page: Page, url: str, name: str = "Rua 12") -> None:
    page.goto(url)
    page.fill("#field-name", name)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector("#stages")


def size_on(page: Page) -> str:
    return page.locator("[data-size-shown]").inner_text()


def test_a_new_factory_is_told_how_to_open(tmp_path: Path) -> None:
    made = run("new", str(tmp_path / "shirts"))
    assert made.stdout == (
        f"A new factory lies in {tmp_path / 'shirts'}. Open it: hangtag start "
        f"{tmp_path / 'shirts'}\n"
    )


def test_start_makes_nothing_by_accident(tmp_path: Path) -> None:
    new(tmp_path / "shirts")
    missed = run("start", "shirt", cwd=tmp_path)
    assert (missed.returncode, missed.stderr.splitlines()[0]) == (
        1,
        "There is no factory in shirt. Nearest: hangtag start shirts.",
    )
    assert [one.name for one in tmp_path.iterdir()] == ["shirts"]


def test_it_says_which_folder_how_many_events_and_one_link(tmp_path: Path) -> None:
    with opened(new(tmp_path / "shirts")) as workshop:
        said = workshop.said
        assert (said["folder"], said["events"], said["practice"], said["entries"]) == (
            str(tmp_path / "shirts"),
            0,
            True,
            2,
        )
        assert urlsplit(str(said["url"])).hostname == "127.0.0.1"
        assert str(said["enter"]).startswith(f"{said['url']}/enter?token=")
        assert workshop.stop() == 0


def test_a_second_start_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    with opened(new(tmp_path / "shirts")) as workshop:
        second = run("start", str(tmp_path / "shirts"))
        assert second.returncode == 1
        assert f"is open already at {workshop.url}: go on there" in second.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_whoever_ends_it_finds_everything_closed(tmp_path: Path, how: signal.Signals) -> None:
    folder = new(tmp_path / "shirts")
    with opened(folder) as workshop:
        assert workshop.stop(how) == 0
    left = {one.name for one in folder.iterdir()}
    assert not left & {"running.json", "practice.sqlite-wal"}


def test_a_database_named_elsewhere_is_no_factory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGTAG_DB", "sqlite:////tmp/other.sqlite")
    refused = run("start", str(new(tmp_path / "shirts")))
    assert (refused.returncode, "unset HANGTAG_DB, or run hangtag serve" in refused.stderr) == (
        1,
        True,
    )


@pytest.mark.browser
def test_after_a_power_cut_it_goes_on_where_it_was(tmp_path: Path, browser: Browser) -> None:
    folder = new(tmp_path / "shirts")
    with opened(folder) as workshop, open_page(browser) as page:
        set_up(page, workshop.url)
        size = health(workshop)["size"]
        workshop.kill()
    with opened(folder) as again, open_page(browser) as page:
        page.goto(again.url)
        assert (page.inner_text("h1"), health(again)["size"]) == ("Rua 12", size)


@pytest.mark.browser
def test_practice_goes_live_and_opens_again_beside(tmp_path: Path, browser: Browser) -> None:
    with opened(new(tmp_path / "shirts")) as workshop, open_page(browser) as page:
        set_up(page, workshop.url)
        assert page.locator(".practice-banner").count() == 1
        practised = size_on(page)
        page.get_by_role("link", name="Go live").click()
        page.get_by_role("button", name="Go live").click()
        page.wait_for_selector("#stages", timeout=30_000)
        assert (page.locator(".practice-banner").count(), size_on(page)) == (0, "#2")
        assert page.inner_text("h1") == "Rua 12"
        page.goto(f"{workshop.url}/start")
        page.get_by_role("button", name="Open practice").click()
        page.wait_for_selector("#stages", timeout=30_000)
        assert not page.url.startswith(workshop.url)
        assert (page.locator(".practice-banner").count(), size_on(page)) == (1, practised)
        assert workshop.stop() == 0
    with opened(tmp_path / "shirts") as live:
        assert (live.said["practice"], live.said["entries"]) == (False, 2)
