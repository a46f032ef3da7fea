/* A gate, driven by what its station says: word, number and names change in one frame, without a
   transition, and nothing but the field changes. What is on the screen needs no network to stay true:
   when neither server nor station is heard, a frame says so, and a green screen goes.

   DOM event "hangtag:gate" (live.js) brings a state; "hangtag:scan" (wedge.js) a scan on this page. */

import { Composer, face, grouped } from "./gate_words.js";
import { Tones } from "./tones.js";

const SCANNED_SHOWN_MS = 15000;
const RING_SEGMENTS_MAX = 60;

const gate = document.querySelector("[data-gate]");
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const composer = new Composer(read("gate-words"));
const stages = read("gate-stages");
const field = document.getElementById("verdict");
const slots = new Map([...document.querySelectorAll("[data-slot]")].map((one) => [one.dataset.slot, one]));
const sides = new Map([...field.querySelectorAll("[data-side]")].map((one) => [one.dataset.side, one]));
const status = document.querySelector("[data-say]");

let tree = read("gate-state");
let heardAt = Date.parse(gate.dataset.heardAt) || null;
/* The tablet's clock may be wrong: what counts is the server's, of which this page knows the lead. */
let lead = Date.parse(gate.dataset.now) - Date.now();
let shown = field.dataset.state;
let wasOffline = "offline" in gate.dataset;
let most = { carton: "", count: 0 };
let hasSeen = true;

const serverNow = () => Date.now() + lead;

function moment() {
  const isCut = !navigator.onLine || document.documentElement.dataset.live === "offline";
  return {
    way: gate.dataset.way,
    title: gate.dataset.gate,
    zone: gate.dataset.zone,
    now: serverNow(),
    heardAt,
    silentMs: isCut ? -1 : Number(gate.dataset.silentS) * 1000,
  };
}

/* --- filling in --- */

function fill(name, words) {
  const slot = slots.get(name);
  if (slot.textContent !== words) slot.textContent = words;
}

function fillOrHide(name, words) {
  fill(name, words);
  slots.get(name).hidden = !words;
}

function list(place, rows) {
  const made = rows.map(([words, count]) => {
    const line = document.createElement("li");
    const first = document.createElement("span");
    const second = document.createElement("b");
    first.textContent = words;
    second.textContent = count;
    line.append(first, second);
    return line;
  });
  place.replaceChildren(...made);
}

function showSide(side) {
  for (const [kind, place] of sides) {
    place.hidden = kind !== side?.kind;
    if (place.hidden) continue;
    for (const part of ["label", "name", "place", "code"]) {
      const slot = place.querySelector(`[data-${part}]`);
      if (slot) slot.textContent = side[part] ?? "";
    }
    const to = place.querySelector("[data-only-place]");
    if (to) to.hidden = !side.place;
    const rows = place.querySelector("[data-rows]");
    if (rows) list(rows, side.rows ?? []);
  }
}

/* One segment a garment, read ones first, clockwise from the top; above 60 one for each percent. */
function segments(count, expected) {
  const all = Math.max(1, expected <= RING_SEGMENTS_MAX ? expected : 100);
  const done = Math.min(all, all === expected ? count : Math.floor((all * count) / Math.max(expected, 1)));
  const gap = all > 1 ? 2 * Math.PI * 0.0035 * Math.min(1, 38 / all) : 0;
  const outer = 218;
  const inner = 182;
  const point = (angle, radius) => `${(outer + radius * Math.sin(angle)).toFixed(1)} ${(outer - radius * Math.cos(angle)).toFixed(1)}`;
  return Array.from({ length: all }, (_one, at) => {
    const start = (2 * Math.PI * at) / all + gap;
    const end = Math.min((2 * Math.PI * (at + 1)) / all - gap, start + 2 * Math.PI - 0.001);
    const large = end - start > Math.PI ? 1 : 0;
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", `M${point(start, outer)}A${outer} ${outer} 0 ${large} 1 ${point(end, outer)}L${point(end, inner)}A${inner} ${inner} 0 ${large} 0 ${point(start, inner)}Z`);
    if (at >= done) path.setAttribute("class", "open");
    return path;
  });
}

const ring = field.querySelector(".ring");
let ringOf = null;

function showRing(screen) {
  if (screen.state !== "reading") return;
  const expected = screen.of ?? 0;
  if (ringOf !== expected) {
    ring.querySelector("[data-segments]").replaceChildren(...segments(0, expected));
    ringOf = expected;
  }
  const paths = ring.querySelectorAll("path");
  const done = Math.min(paths.length, paths.length === expected ? screen.count : Math.floor((paths.length * screen.count) / Math.max(expected, 1)));
  paths.forEach((path, at) => path.setAttribute("class", at < done ? "" : "open"));
  ring.classList.toggle("over", expected > 0 && screen.count > expected);
  ring.querySelector(".read").textContent = grouped(screen.count);
  ring.querySelector(".read").setAttribute("y", expected ? 234 : 262);
  ring.querySelector(".of").textContent = expected ? composer.say("of", { count: grouped(expected) }) : "";
  ring.setAttribute("aria-label", composer.say("read of", { read: grouped(screen.count), expected: grouped(expected) }));
}

/* A ring never runs backward while the same carton is read. */
function forward(screen) {
  if (screen.state !== "reading") {
    most = { carton: "", count: 0 };
    return screen;
  }
  const carton = tree.carton?.key ?? "";
  const isSame = !most.carton || most.carton === carton;
  const count = isSame ? Math.max(most.count, screen.count) : screen.count;
  if (count > most.count) tones.tick();
  most = { carton, count };
  return { ...screen, count };
}

let written = "";

function show() {
  const screen = forward(composer.compose(tree, moment()));
  const { state } = screen;
  const asText = JSON.stringify(screen);
  if (asText === written && state === shown) return;
  written = asText;
  field.dataset.state = state;
  field.className = `verdict is-${state}-gate`;
  field.setAttribute("aria-label", screen.word);
  fill("title", screen.title);
  fill("order", screen.order || "–");
  fill("waiting", grouped(screen.waiting));
  fill("word", screen.word);
  const isCounted = screen.count !== null && !["ready", "reading", "quiet"].includes(state);
  slots.get("count").parentElement.hidden = !isCounted;
  if (isCounted) {
    fill("count", grouped(screen.count));
    fill("of", screen.unit || (screen.of === null ? "" : composer.say("of", { count: grouped(screen.of) })));
  }
  for (const name of ["reason", "line", "small", "code"]) fillOrHide(name, screen[name]);
  showRing(screen);
  showSide(screen.side);
  fill("note", screen.note);
  showAction(screen);
  showOffline(screen.offline);
  if (state !== shown) changed(state, screen);
}

function showAction(screen) {
  const why = document.querySelector('[data-action="why"]');
  const seen = document.querySelector('[data-action="seen"]');
  why.hidden = screen.action === "" || screen.action === "seen";
  if (!why.hidden) fill("action", composer.say(screen.action));
  seen.hidden = screen.action !== "seen" || (hasSeen && shown === screen.state);
}

function showOffline(offline) {
  gate.toggleAttribute("data-offline", offline !== null);
  gate.querySelector(".offline-line").hidden = offline === null;
  if (offline) {
    fill("offline-word", offline[0]);
    fill("offline-for", offline[1]);
    fill("offline-line", offline[2]);
    if (!wasOffline) tones.play("offline");
  }
  wasOffline = offline !== null;
}

/* Once a change: the sound, and the words for those who hear the screen. */
function changed(state, screen) {
  shown = state;
  hasSeen = state !== "stop";
  showAction(screen);
  tones.begin(state);
  const count = screen.count === null ? "" : `${grouped(screen.count)} ${screen.unit || (screen.of === null ? "" : composer.say("of", { count: grouped(screen.of) }))}`;
  status.textContent = [screen.word, count, screen.reason, screen.line].filter(Boolean).join(". ");
}

/* --- what is heard --- */

document.addEventListener("hangtag:gate", (event) => {
  if (event.detail.station !== gate.dataset.gate) return;
  const before = tree;
  tree = event.detail;
  heardAt = Date.parse(tree.heard_at) || serverNow();
  if (heardAt > serverNow()) lead += heardAt - serverNow();
  const stage = stages[tree.stage];
  if (stage && tree.stage !== before?.stage) {
    fill("stage", stage[0]);
    gate.dataset.way = stage[2];
    const use = gate.querySelector(".gate-name > .icon use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${stage[1]}`));
  }
  /* A new verdict of the same kind is a new one to be seen and heard. */
  const isNew = before && tree.carton?.key !== before.carton?.key && face(tree, false) === shown && shown !== "ready" && shown !== "reading";
  if (isNew) shown = "";
  show();
});

setInterval(show, 1000);
window.addEventListener("online", show);
window.addEventListener("offline", show);

/* --- scans on this page --- */

const card = document.querySelector(".scanned");
let cardTimer = null;

/* Which device scanned, and how often it has: what a later capture needs to miss nothing. */
function tally() {
  const device = localStorage.getItem("hangtag-device") ?? (crypto.randomUUID?.() ?? String(Math.random()).slice(2));
  const counter = Number(localStorage.getItem("hangtag-counter") ?? 0) + 1;
  localStorage.setItem("hangtag-device", device);
  localStorage.setItem("hangtag-counter", String(counter));
  return { device, counter };
}

document.addEventListener("hangtag:scan", (event) => {
  event.preventDefault();
  take(event.detail.text);
});

async function take(scan) {
  const body = { text: scan, symbology: null, page: location.pathname, ...tally() };
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF": gate.dataset.csrf, "X-Hangtag-Clock": String(Date.now()) };
  try {
    const answer = await fetch(`/api/scan?lang=${encodeURIComponent(document.documentElement.lang)}`, { method: "POST", headers, body: JSON.stringify(body) });
    const told = await answer.json();
    showScanned(answer.ok ? told : { state: "stop", word: told.title ?? "", name: scan, line: told.detail ?? "", code: "", href: "" });
  } catch {
    showScanned({ state: "offline", word: composer.say("offline"), name: scan, line: "", code: "", href: "" });
  }
}

function showScanned(told) {
  card.className = `scanned is-${told.state}`;
  for (const part of ["word", "name", "line", "code"]) {
    card.querySelector(`[data-scan="${part}"]`).textContent = told[part] ?? "";
  }
  const link = card.querySelector('[data-scan="href"]');
  link.hidden = !told.href;
  if (told.href) link.href = told.href;
  if (told.link) link.textContent = told.link;
  card.hidden = false;
  tones.play(told.state === "unknown" || told.state === "stop" ? "unknown" : "tick");
  clearTimeout(cardTimer);
  cardTimer = setTimeout(() => { card.hidden = true; }, SCANNED_SHOWN_MS);
}

card.querySelector('[data-scan="close"]').addEventListener("click", () => { card.hidden = true; });

/* --- sound, whole screen, staying awake --- */

const soundButton = document.querySelector("[data-sound]");
const tones = new Tones((state) => {
  soundButton.lastElementChild.textContent = composer.say(`sound ${state}`);
  soundButton.setAttribute("aria-pressed", String(state === "on"));
  const use = soundButton.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, state === "on" ? "#bell" : "#mute"));
});
soundButton.hidden = false;
tones.tell();
soundButton.addEventListener("click", async () => {
  const wasLocked = tones.state === "locked";
  await tones.wake();
  if (!wasLocked) tones.toggle();
  tones.play("tick");
});

/* The first touch anywhere wakes the sound; the button itself does so on its own. Later, not at once: to
   open the sound takes longer than a scanner leaves between two keys. */
for (const kind of ["pointerdown", "keydown"]) {
  const wake = (event) => { if (!soundButton.contains(event.target)) setTimeout(() => tones.wake(), 300); };
  document.addEventListener(kind, wake, { once: true });
}

document.querySelector('[data-action="seen"]').addEventListener("click", (event) => {
  hasSeen = true;
  tones.hush();
  event.currentTarget.hidden = true;
});

const fullButton = document.querySelector("[data-full]");
if (document.fullscreenEnabled) {
  fullButton.hidden = false;
  fullButton.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
}

let awake = null;
async function stayAwake() {
  if (document.visibilityState !== "visible" || !("wakeLock" in navigator) || (awake && !awake.released)) return;
  try {
    awake = await navigator.wakeLock.request("screen");
  } catch {
    /* a browser that lets the screen sleep is none of our business */
  }
}
document.addEventListener("visibilitychange", stayAwake);
document.addEventListener("pointerdown", stayAwake);
stayAwake();
show();
