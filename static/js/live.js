/* The live page. One browser keeps one stream, however many pages are open: the page that holds the
   lock listens and tells the others. A stream that broke resumes after the last position it saw;
   where no stream can be kept, the page asks every few seconds.

   Events for pages: "hangtag:event" (detail: position, kind, step, place, keys) and "hangtag:gate"
   (detail: station and what its gate shows). Elements with an id and data-refresh are fetched anew
   when something happened, all in one request, at most once a second, and never while the pointer or
   the focus is in them. */

const STALE_MS = 15000;
const OFFLINE_MS = 45000;
const POLL_MS = 3000;
const LOCK = "hangtag-live";

const root = document.documentElement;
const body = document.body;
const live = document.querySelector("[data-live-word]");
let position = Number(body.dataset.size || 0) - 1;
let heard = performance.now();

const channel = "BroadcastChannel" in window ? new BroadcastChannel(LOCK) : null;

function show(state) {
  if (root.dataset.live === state) return;
  root.dataset.live = state;
  if (!live) return;
  const words = live.querySelector(".word");
  words.textContent = live.dataset[`word${state[0].toUpperCase()}${state.slice(1)}`] ?? "";
}

function alive() {
  heard = performance.now();
  show("live");
}

setInterval(() => {
  const silent = performance.now() - heard;
  if (!navigator.onLine || silent > OFFLINE_MS) show("offline");
  else if (silent > STALE_MS) show("stale");
}, 1000);

const shown = document.querySelector("[data-size-shown]");
const spaced = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

function onMove(move) {
  if (move.position <= position) return;
  position = move.position;
  if (shown) shown.textContent = `#${spaced(position + 1)}`;
  document.dispatchEvent(new CustomEvent("hangtag:event", { detail: move }));
  refreshSoon();
}

function onGate(gate) {
  document.dispatchEvent(new CustomEvent("hangtag:gate", { detail: gate }));
}

function tell(kind, data) {
  alive();
  if (kind === "move") onMove(data);
  else if (kind === "gate") onGate(data);
}

function pass(kind, data) {
  tell(kind, data);
  channel?.postMessage({ kind, data });
}

channel?.addEventListener("message", (event) => tell(event.data.kind, event.data.data));

/* --- the stream, in the page that holds the lock --- */

function listen() {
  return new Promise((finish) => {
    let failures = 0;
    const source = new EventSource(`${body.dataset.liveUrl}?after=${position}`);
    const over = new AbortController();
    const end = () => {
      over.abort();
      source.close();
      finish(failures);
    };
    source.onopen = () => pass("beat", null);
    source.onmessage = (event) => {
      failures = 0;
      pass("move", JSON.parse(event.data));
    };
    source.addEventListener("beat", () => pass("beat", null));
    source.addEventListener("gate", (event) => pass("gate", JSON.parse(event.data)));
    source.onerror = () => {
      failures += 1;
      /* The browser reconnects by itself with the last id; a server without a stream never opens. */
      if (source.readyState === EventSource.CLOSED || failures > 2) end();
    };
    window.addEventListener("pagehide", end, { signal: over.signal });
    /* A browser waits longer with each try: a network that is back is asked at once. */
    window.addEventListener("online", end, { signal: over.signal });
  });
}

async function poll() {
  try {
    const answer = await fetch(`${body.dataset.pollUrl}?after=${position}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const news = await answer.json();
    pass("beat", null);
    for (const move of news.moves) pass("move", move);
    for (const [station, state] of Object.entries(news.gates)) pass("gate", { station, ...state });
  } catch {
    /* silence turns the thread amber, then grey */
  }
}

const pause = (ms) => new Promise((go) => setTimeout(go, ms));

async function keep() {
  for (;;) {
    await listen();
    for (let turn = 0; turn < 5; turn += 1) {
      await poll();
      await pause(POLL_MS);
    }
  }
}

if (body.dataset.liveUrl) {
  if (navigator.locks && channel) navigator.locks.request(LOCK, keep);
  else keep();
  /* A page that joins while another holds the stream asks once for what came since it was made. */
  pause(400).then(() => root.dataset.live !== "live" && poll());
}

/* --- parts that follow the ledger --- */

let waiting = null;
let lastFetch = 0;

function refreshSoon() {
  if (waiting || !document.querySelector("[data-refresh]")) return;
  const rest = Math.max(60, 1000 - (performance.now() - lastFetch));
  waiting = setTimeout(refresh, rest);
}

const touched = (part) =>
  part.matches(":hover, :focus-within") || part.querySelector(".why, details[open]") !== null;

async function refresh() {
  waiting = null;
  if (document.hidden) {
    document.addEventListener("visibilitychange", refreshSoon, { once: true });
    return;
  }
  lastFetch = performance.now();
  const parts = [...document.querySelectorAll("[data-refresh][id]")];
  const free = parts.filter((part) => !touched(part));
  if (free.length < parts.length) setTimeout(refreshSoon, 1500);
  if (!free.length) return;
  try {
    const answer = await fetch(location.href, { headers: { "X-Hangtag-Refresh": "1" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of free) {
      const fresh = page.getElementById(part.id);
      if (!fresh || !part.isConnected || touched(part)) continue;
      if (fresh.outerHTML !== part.outerHTML) {
        markNew(part, fresh);
        part.replaceWith(fresh);
        window.htmx?.process(fresh);
      }
    }
    document.dispatchEvent(new CustomEvent("hangtag:refreshed"));
  } catch {
    /* the next event asks again */
  }
}

/* A row that was not there before fades in. */
function markNew(old, fresh) {
  const known = new Set([...old.querySelectorAll("[data-position]")].map((row) => row.dataset.position));
  if (!known.size) return;
  for (const row of fresh.querySelectorAll("[data-position]")) {
    if (!known.has(row.dataset.position)) row.classList.add("new");
  }
}
