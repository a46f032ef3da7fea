"""A page of the station's own: how it is, on a phone beside it, with the server gone.

It only says; nothing can be changed by it, and it needs no key, since it names readers and figures
and not one thing that was read. `GET /` is for people, `GET /status.json` for programs.
"""

from __future__ import annotations

import gettext as translations
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from traceability.catalogue import compile_catalogues, shipped
from traceability.station.health import Health, ReaderHealth

__all__ = ["StatusPage", "page"]

AGAIN_S = 5
"""The page comes anew so often by itself."""
LANGUAGES = {"en": "en", "zh": "zh_Hans"}
Say = Callable[[str], str]

STYLE = """
:root{color-scheme:light dark;--ink:#1b1d21;--dim:#5d636e;--page:#f4f5f7;--sheet:#fff;
--line:#d9dce1;--good:#0a6b3d;--bad:#b3261e;--late:#8a5200}
@media(prefers-color-scheme:dark){:root{--ink:#eceef2;--dim:#a3a9b5;--page:#14161a;--sheet:#1e2127;
--line:#363b44;--good:#5fd39a;--bad:#ff8a80;--late:#f5b759}}
*{box-sizing:border-box}body{margin:0 auto;padding:1rem;max-width:44rem;background:var(--page);
color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:.25rem 0}h2{font-size:1.125rem;margin:0}p{margin:.25rem 0}
.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}.late{color:var(--late)}
section{background:var(--sheet);border:1px solid var(--line);border-radius:.75rem;
padding:.875rem 1rem;margin:.75rem 0}
dl{display:grid;grid-template-columns:1fr 1fr;gap:.5rem 1rem;margin:.5rem 0 0}
dt{color:var(--dim);font-size:.875rem}dd{margin:0;font-variant-numeric:tabular-nums}
@media(min-width:32rem){dl{grid-template-columns:repeat(4,1fr)}}
b{font-weight:650}
"""


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one language, and the zone of the workshop."""

    say: Say
    zone: ZoneInfo

    def time(self, at: datetime | None) -> str:
        """Write when something was."""
        return "–" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"


def language_of(asked: str, accepted: str, usual: str) -> str:
    """Choose the page's language.

    Args:
        asked: What the address says.
        accepted: What the browser says.
        usual: The station's own.

    >>> language_of("", "zh-CN,zh;q=0.9,en;q=0.8", "en"), language_of("", "pt", "en")
    ('zh', 'en')
    """
    wishes = [asked, *(each.partition(";")[0].strip() for each in accepted.split(",")), usual]
    short = [each.partition("-")[0].partition("_")[0].lower() for each in wishes]
    return next((each for each in short if each in LANGUAGES), "en")


def page(health: Health, language: str = "en", zone: str = "UTC") -> str:
    """Write the page.

    Args:
        health: The station.
        language: A key of `LANGUAGES`.
        zone: Time zone of the workshop.
    """
    found = translations.translation(
        "messages", str(shipped()), [LANGUAGES[language]], fallback=True
    )
    words = _Words(found.gettext, ZoneInfo(zone))
    version = f"Hangtag {health.version}"
    body = [
        f"<h1>{escape(health.title)}</h1>",
        f"<p class=dim>{escape(f'{health.station} · {health.stage} · {version}')}</p>",
        *_sending(health, words),
        *[line for reader in health.readers for line in _reader(reader, words)],
        *_machine(health, words),
    ]
    return (
        f'<!doctype html><html lang="{"zh-Hans" if language == "zh" else language}"><meta charset='
        f'"utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" '
        f'content="{AGAIN_S}"><title>{escape(health.title)}</title><style>{STYLE}</style>'
        f"<main>{''.join(body)}</main></html>"
    )


def _sending(health: Health, words: _Words) -> list[str]:
    _ = words.say
    load = health.load
    if health.problem:
        state = ("bad", _("Nothing is kept at the moment"), health.problem)
        advice = _(
            "Make room on this PC's disk. What is read meanwhile waits in memory, to a limit."
        )
    elif load.is_nearly_full:
        state = ("late", _("The store of what waits is nearly full"), "")
        advice = _("Bring the server back, or allow more with spool_mb in the station's file.")
    elif not health.is_at_work:
        state = ("late", _("Waits for the steps of the workshop"), "")
        advice = _("It begins as soon as the server has answered once.")
    elif health.is_online:
        state, advice = ("good", _("The server takes what is read"), ""), ""
    else:
        state = ("late", _("The server does not answer"), "")
        advice = _("Go on working: everything is kept here and sent when it is back.")
    rows = [
        (_("Waiting to be sent"), f"{load.waiting:,}"),
        (_("Oldest of it"), words.time(load.oldest_at)),
        (_("Refused, kept for a person"), f"{health.parked:,}"),
        (_("Store"), f"{_mb(load.size_bytes)} / {_mb(load.bytes_max)}"),
    ]
    return _sheet(state, advice, rows)


def _reader(reader: ReaderHealth, words: _Words) -> list[str]:
    _ = words.say
    if reader.is_up:
        state, advice = ("good", f"{reader.name}: {_('works')}", ""), ""
    else:
        state = ("bad", f"{reader.name}: {_('cannot be heard')}", reader.reason)
        advice = _("See that it has power and its plug is in; it comes back by itself.")
    told = [drift_words(_)[each] for each in reader.drift]
    warm = f"{reader.temperature_c:.0f} °C" if reader.temperature_c is not None else ""
    rssi = f"{reader.rssi_dbm:.0f} dBm" if reader.rssi_dbm is not None else "–"
    rows = [
        (_("Last read"), words.time(reader.last_read_at)),
        (_("Since"), words.time(reader.since)),
        (_("Reads a second"), f"{reader.rate:g}"),
        (_("Signal"), rssi),
        *([(_("Warm"), warm)] if warm else []),
        (_("Reads"), f"{reader.reads:,}"),
        (_("Damaged"), f"{reader.noise:,}"),
        (_("Dropped"), f"{reader.dropped:,}"),
        (_("Port"), f"{reader.protocol} {reader.url}"),
    ]
    return _sheet(state, advice, rows, told)


def drift_words(_: Say) -> dict[str, str]:
    """Return what is said of a reader that has got worse, by what has."""
    return {
        "rate": _("Reads fewer than usual: look for a loose antenna cable or something in front."),
        "noise": _(
            "Hears more noise than usual: look at its cable, its plug and what runs nearby."
        ),
        "rssi": _("Tags answer more weakly than usual: look at the antenna, its cable, its place."),
    }


def _machine(health: Health, words: _Words) -> list[str]:
    _ = words.say
    offset = health.clock_offset_s
    rows = [
        (_("Free on the disk"), _mb(health.disk_free_bytes)),
        (_("Server's clock is ahead by"), "–" if offset is None else f"{offset:.2f} s"),
        (_("Time here"), words.time(health.at)),
    ]
    return _sheet(("", _("This PC"), ""), "", rows)


def _sheet(
    state: tuple[str, str, str],
    advice: str,
    rows: list[tuple[str, str]],
    told: list[str] | None = None,
) -> list[str]:
    kind, title, raw = state
    mark = {"good": "✓ ", "bad": "✕ ", "late": "! "}.get(kind, "")
    return [
        f'<section><h2 class="{kind}">{mark}{escape(title)}</h2>',
        *([f"<p lang=en>{escape(raw)}</p>"] if raw else []),
        *([f"<p><b>{escape(advice)}</b></p>"] if advice else []),
        *(f"<p class=late>! {escape(each)}</p>" for each in told or []),
        "<dl>",
        *(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows),
        "</dl></section>",
    ]


def _mb(size: int | None) -> str:
    return "–" if size is None else f"{size / 1_000_000:,.0f} MB"


class StatusPage:
    """Answers on a port, in threads of its own."""

    def __init__(
        self,
        ask: Callable[[], Health],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        language: str = "en",
        zone: str = "UTC",
    ) -> None:
        """Listen from now on.

        Args:
            ask: Tells how the station is; any thread may call it.
            host: Where to listen; 0.0.0.0 lets phones of the network look.
            port: 0 takes a free one.
            language: For whom the browser's languages tell nothing.
            zone: Time zone of the workshop.

        Raises:
            OSError: If the port is taken.
        """
        with suppress(OSError):
            compile_catalogues()

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/status.json":
                    self._say("application/json", json.dumps(ask().tree(), ensure_ascii=False))
                elif parts.path == "/":
                    wished = parse_qs(parts.query).get("lang", [""])[0]
                    accepted = self.headers.get("Accept-Language", "")
                    chosen = language_of(wished, accepted, language)
                    self._say("text/html", page(ask(), chosen, zone))
                else:
                    self.send_error(404)

            def _say(self, kind: str, text: str) -> None:
                data = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Cache-Control", "no-store")
                policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
                self.send_header("Content-Security-Policy", policy)
                self.send_header("X-Content-Type-Options", "nosniff")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        Answer.timeout = 10  # a phone that went away in the middle keeps no thread
        self._http = ThreadingHTTPServer((host, port), Answer)
        self._http.daemon_threads = True
        self.port = int(self._http.server_port)
        threading.Thread(
            target=self._http.serve_forever, args=(0.2,), name="status page", daemon=True
        ).start()

    def close(self) -> None:
        """Answer nothing more."""
        self._http.shutdown()
        self._http.server_close()
