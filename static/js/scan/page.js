/* The scan page. A scan is heard, shown and counted in the frame it arrives, kept in the outbox before
   it is sent, and judged by the server when the answer comes. Nothing is asked between two scans. */

import { Camera } from "./camera.js";
import { Commands } from "./commands.js";
import { Face } from "./face.js";
import { Outbox, moment } from "./outbox.js";
import { Pad } from "./pad.js";
import { BindForm } from "./bind.js";
import { RollForm } from "./roll.js";
import { feel, stayAwake, wakeOnTouch } from "./senses.js";
import { Tones } from "../tones.js";

const HEARD_AFTER_MS = 140; // an answer that comes sooner needs no word of its own in between
const MOVE_MS = 10000; // a page that moved to another record does not move again at once
/* A server that is silent this long may be gone for good: the page says what helps then. */
const GONE_MS = 60000;
const GRAVITY = ["ready", "pass", "late", "again", "unknown", "hold", "stop"];

const root = document.querySelector("[data-scan]");
const part = (name) => root.querySelector(`[data-${name}]`);
const words = JSON.parse(document.getElementById("scan-words").textContent);
const say = (name, values = {}) => words[name].replace(/%\((\w+)\)s/g, (whole, key) => String(values[key] ?? whole));
const stage = root.dataset.stage;
const input = part("code");
const status = part("say");

const face = new Face(root, say);
let hint = root.dataset.hint || say("first");
let csrf = root.dataset.csrf;
let person = null;
let today = 0;
let unanswered = new Map();
let wait = { count: 0, oldest: null, kept: 0 };
let [isCut, silentSince] = [false, 0];

/* --- sound --- */

const soundButton = part("sound");
const tones = new Tones((state) => {
  soundButton.lastElementChild.textContent = say(`sound ${state}`);
  soundButton.setAttribute("aria-pressed", String(state === "on"));
  face.draw(soundButton.querySelector("svg"), state === "on" ? "bell" : "mute");
});
soundButton.hidden = false;
tones.tell();
soundButton.addEventListener("click", async () => {
  const wasLocked = tones.state === "locked";
  await tones.wake();
  if (!wasLocked) tones.toggle();
  tones.play("tick");
});
wakeOnTouch(tones, soundButton);
stayAwake();

/* --- the way to the server --- */

async function send(path, body, signal) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF": csrf, "X-Hangtag-Clock": String(Date.now()) };
  const address = `${root.dataset.post}${path}?lang=${encodeURIComponent(document.documentElement.lang)}`;
  const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), signal });
  const tree = await answer.json().catch(() => ({}));
  return { status: answer.status, tree };
}

/* A page that was kept for hours carries an old form key: it is fetched anew, once for each refusal. */
async function post(path, body, signal) {
  const first = await send(path, body, signal);
  if (first.status !== 400) return first;
  const fresh = await fetch(location.pathname, { headers: { Accept: "text/html" }, signal });
  const found = new DOMParser().parseFromString(await fresh.text(), "text/html").querySelector("[data-scan]")?.dataset.csrf;
  if (!found || found === csrf) return first;
  csrf = found;
  return send(path, body, signal);
}

const outbox = new Outbox(post, (kind, detail) => hears[kind](detail));

/* --- a scan --- */

const commands = new Commands(root, face, say, undo, () => csrf);

function take(text, by) {
  for (const form of [pad, rollForm, bindForm]) form.close();
  if (commands.obey(text)) return;
  const at = new Date();
  const row = face.heard(text, at);
  tones.tick();
  feel("tick");
  today += 1;
  face.fill("today", say("today", { count: today }));
  root.dataset.scans = String(Number(root.dataset.scans ?? 0) + 1);
  if (isCut) showKept(row);
  else row.timer = setTimeout(() => row.state === "reading" && face.show({ state: "reading", word: say("heard"), line: say("heard line"), name: text, icon: "scan" }), HEARD_AFTER_MS);
  outbox.add({ kind: "scan", at: moment(at), text, by, stage }, row);
}

function showKept(row) {
  face.showRow(row, { state: "kept", word: say("kept"), name: row.text });
  /* What was heard a moment ago may not be counted by the outbox yet. */
  const count = Math.max(wait.count, face.rows.filter((one) => one.state === "kept").length);
  face.offer([]);
  face.show({ state: "kept", word: say("kept"), done: count, unit: say("waiting unit"), name: row.text, icon: "scan", line: say("kept line") });
}

const hears = {
  kept({ row, item }) {
    if (!row) return;
    row.counter = item.counter ?? row.counter;
    unanswered.set(row.counter, row);
  },

  lost({ row, error }) {
    if (row) face.showRow(row, { state: "stop", word: say("not kept"), name: row.text });
    face.show({ state: "stop", word: say("not kept"), name: row?.text ?? "", line: say("not kept line", { reason: error?.name ?? "" }) });
    tones.play("stop");
  },

  answers({ rows, opened, person: holder }) {
    connected();
    if (opened) face.showOpened(opened);
    if (holder !== undefined) hold(holder);
    if (!rows.length) return;
    for (const each of rows) {
      const row = face.row(each.counter);
      unanswered.delete(each.counter);
      if (!row) continue;
      clearTimeout(row.timer);
      row.answer = each.answer;
      showAnswered(row);
    }
    /* Of several answers at once the gravest is seen and heard; the others stand in the list. */
    const [worst] = [...rows].reverse().sort((one, other) => GRAVITY.indexOf(other.answer.state) - GRAVITY.indexOf(one.answer.state));
    if (face.row(worst.counter) || rows.length) show(worst.answer, worst.counter);
  },

  word({ item, answer, opened }) {
    connected();
    if (opened) face.showOpened(opened);
    const row = face.row(item.of);
    if (!answer) return;
    if (row) {
      row.answer = { ...row.answer, ...(item.kind === "undo" ? { can_undo: false } : {}), count: answer.count ?? row.answer?.count };
      row.undone = item.kind === "undo";
      showAnswered(row, answer);
    }
    face.offer([]);
    show(answer, item.of, item.kind === "undo");
  },

  refused({ item }) {
    connected();
    const row = face.row(item.counter ?? item.of);
    if (row) clearTimeout(row.timer);
    if (item.kind === "roll") {
      rollForm.open({ ...item.roll, text: item.body.text }, item.body, item.refused);
      if (row) row.node.remove();
    } else if (item.kind === "bind" && item.action) {
      /* Refused: the same question once more, with what was said and the reason. */
      if (item.action.asks) bindForm.open(item.action, item.body, item.refused);
      if (row) row.node.remove();
    } else if (row) {
      face.showRow(row, { state: "stop", word: say("refused"), name: row.answer?.name ?? row.text }, buttons(row));
    }
    face.offer(item.kind === "scan" ? [{ words: say("send again"), press: () => outbox.again(item.counter) }] : []);
    if (item.kind === "bind" && item.asked) face.offer(questions(item.asked));
    face.show({ state: "stop", word: say("refused"), name: row?.answer?.name ?? row?.text ?? "", line: item.refused });
    sound("stop");
  },

  trouble({ status: code, detail }) {
    isCut = true;
    if (!code) silentSince ||= Date.now();
    document.documentElement.dataset.live = "offline";
    for (const row of unanswered.values()) clearTimeout(row.timer);
    for (const row of [...face.rows].reverse()) if (row.state === "reading") showKept(row);
    if ([401, 403, 410].includes(code)) closed(say("closed"), detail || say("closed line"));
    if (code === 409) closed(say("no step"), detail || say("no step line"));
    showWaiting();
  },

  /* The workshop went live while this page was open: the page of the new record takes over. */
  moved() {
    const last = Number(sessionStorage.getItem("hangtag.moved") || 0);
    if (Date.now() - last < MOVE_MS) return;
    sessionStorage.setItem("hangtag.moved", String(Date.now()));
    location.reload();
  },

  waiting(news) {
    wait = news;
    showWaiting();
  },
};

function closed(word, line) {
  face.offer([{ words: say("choose"), href: root.dataset.choose }]);
  face.show({ state: "stop", word, line });
}

function connected() {
  if (silentSince) face.fill("gone", "");
  [isCut, silentSince] = [false, 0];
}

function sound(name) {
  tones.play(name);
  feel(name);
}

function showAnswered(row, told = row.answer) {
  face.showRow(row, { ...told, name: told.name || row.text }, buttons(row, told));
  row.node.toggleAttribute("data-undone", Boolean(row.undone));
}

/* A row's own buttons: its answer once more, without a sound, and taking it back. */
function buttons(row, told = row.answer) {
  if (!told) return {};
  return {
    again: () => {
      face.show(worded(told));
      face.offer(choices(told, row.counter));
    },
    undo: row.answer?.can_undo && !row.undone ? () => undo(row) : null,
  };
}

/* An answer's unit is a word for programs: people read it in their language. */
const worded = (answer) => ({ ...answer, unit: words[`unit ${answer.unit}`] ?? "" });

function show(answer, counter, isUndo = false) {
  face.show(worded(answer));
  face.offer(choices(answer, counter));
  sound(isUndo ? "tick" : answer.sound);
  const count = answer.done === null || answer.done === undefined ? "" : `${answer.done} ${answer.of ? say("of", { count: answer.of }) : ""}`;
  status.textContent = [answer.word, answer.name, count, answer.line].filter(Boolean).join(". ");
  if (answer.said === "no-roll") {
    const asked = (answer.actions ?? []).find((one) => one.what === "roll");
    rollForm.open(answer.roll, asked?.body ?? {});
    const others = (answer.actions ?? []).filter((one) => one !== asked);
    if (others.length) face.offer([{ words: say("something else"), press: () => ask(answer, others) }]);
  } else if (answer.count && answer.said === "done" && !camera.isOpen) {
    openPad(answer, counter);
  }
}

/* One question at a time: the form of a new roll goes when it is something else. */
function ask(answer, actions) {
  rollForm.close();
  face.offer(questions(actions));
  status.textContent = answer.line;
}

/* What a code may be: one touch binds it, or asks for the one thing that is missing. */
function questions(actions) {
  return actions.filter((one) => one.body?.as).map((one) => ({
    words: one.title,
    icon: one.icon,
    press: () => (one.asks ? bindForm.open(one) : bind(one.body, one, actions)),
  }));
}

function bind(body, action, asked) {
  face.offer([]);
  follow("bind", body, body.text, { action, asked });
}

function choices(answer, counter) {
  const made = [];
  if (answer.count && answer.said !== "undone" && camera.isOpen) made.push({ words: say("bad pieces"), press: () => openPad(answer, counter) });
  for (const one of answer.actions ?? []) {
    if (one.what === "link" || one.href) made.push({ words: one.title, href: one.href });
    else if (one.what === "choose") made.push({ words: one.title, press: () => take(one.text, "tap") });
    else if (one.what?.startsWith("roll") && answer.roll) made.push({ words: one.title, icon: one.icon, press: () => openRoll(answer, one) });
    else if (one.body?.as) made.push(...questions([one]));
  }
  return made;
}

/* What a person said about a scan goes the way of a scan: kept, numbered, in order. */
function follow(kind, body, text, more = {}) {
  const at = new Date();
  const row = face.heard(text, at);
  tones.tick();
  if (isCut) showKept(row);
  outbox.add({ kind, at: moment(at), text, stage, body, ...more }, row);
}

function openRoll(answer, action) {
  bindForm.close();
  rollForm.open(answer.roll, action.body);
}

function openPad(answer, counter) {
  pad.open({ counter, event: answer.event }, answer.name, answer.count);
}

function undo(row) {
  face.showRow(row, { state: "reading", word: say("undoing"), name: row.answer.name || row.text });
  outbox.add({ kind: "undo", of: row.counter, event: row.answer.event, at: moment() });
}

/* --- what waits --- */

function showWaiting() {
  const { count, oldest } = wait;
  const place = part("wait");
  const isCalm = !count && !isCut;
  place.className = `scan-wait is-${isCalm ? "pass" : isCut ? "offline" : "late"}`;
  face.draw(place.querySelector("svg"), isCalm ? "pass" : isCut ? "offline" : "clock");
  face.fill("wait", count ? say("waiting", { count }) : isCut ? say("offline") : say("all sent"));
  face.fill("wait-since", count && oldest ? age(Date.parse(oldest)) : "");
  document.documentElement.dataset.live = isCut ? "offline" : count ? "stale" : "live";
  root.dataset.waiting = String(count);
  if (silentSince && Date.now() - silentSince >= GONE_MS) face.fill("gone", say("gone", { address: location.host, count: count + wait.kept }));
}

function age(from) {
  const minutes = Math.floor((Date.now() - from) / 60000);
  if (minutes < 1) return say("since now");
  return minutes < 60 ? say("since minutes", { count: minutes }) : say("since hours", { count: Math.floor(minutes / 60) });
}

part("wait").addEventListener("click", () => outbox.send());
setInterval(showWaiting, 20000);

/* --- who holds the scanner, what is put away --- */

function hold(holder) {
  person = holder;
  const place = part("person");
  if (!place) return;
  face.fill("person", person?.name || say("nobody"));
}

for (const button of root.querySelectorAll("[data-take]")) {
  button.addEventListener("click", async () => {
    const key = button.dataset.take || null;
    hold(key ? { key, name: button.textContent.trim() } : null);
    button.closest("details").open = false;
    await outbox.remember("taken", key);
  });
}

part("put-away").addEventListener("click", async () => {
  face.showOpened([]);
  await Promise.all([outbox.remember("fresh", true), ...(wait.count ? [] : [outbox.remember("opened", [])])]);
});

/* --- pad, roll, camera --- */

const pad = new Pad(part("pad"), say, ({ counter, event }, count) => {
  outbox.add({ kind: "count", of: counter, event, ...count, at: moment() });
});

const rollForm = new RollForm(part("roll"), say, (body, roll) => follow("roll", body, roll.code || body.text, { roll }));

const bindForm = new BindForm(part("bind"), say, (body, action) => bind(body, action, [action]));

const cameraButton = part("camera-open");
const camera = new Camera(
  part("camera"),
  { thread: root.dataset.thread, reader: root.dataset.reader, wasm: root.dataset.wasm },
  /* While a person answers a question, what the camera happens to see is not meant. */
  (text) => pad.isOpen || rollForm.isOpen || bindForm.isOpen || take(text, "camera"),
  (name) => {
    showCamera(false);
    face.offer(name === "no camera http" && root.dataset.phones ? [{ words: say("phones"), href: root.dataset.phones }] : []);
    face.show({ state: "late", word: say("no camera word"), line: say(name) });
  },
);

function showCamera(isOpen) {
  cameraButton.setAttribute("aria-pressed", String(isOpen));
  root.toggleAttribute("data-camera-on", isOpen);
  cameraButton.lastElementChild.textContent = say(isOpen ? "camera off" : "camera on");
}

cameraButton.hidden = false;
cameraButton.addEventListener("click", async () => {
  if (camera.isOpen) {
    camera.close();
    showCamera(false);
  } else {
    pad.close();
    rollForm.close();
    bindForm.close();
    showCamera(true);
    showCamera(await camera.open());
  }
});

/* --- codes by keyboard --- */

const hasKeys = matchMedia("(hover: hover) and (pointer: fine)");
let before = { value: "", at: -Infinity };

document.addEventListener("hangtag:scan", (event) => {
  event.preventDefault();
  /* Its first letter may have gone into the field before anybody knew that it was a scanner's. */
  if (performance.now() - before.at < 2000) input.value = before.value;
  take(event.detail.text, "scanner");
});

part("dock").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  input.value = "";
  if (text) take(text, "typed");
  else face.show({ state: "ready", word: say("ready"), line: say("type first") });
});

/* Whoever types a code need not look for its field. */
document.addEventListener("keydown", (event) => {
  const isLetter = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!isLetter || !hasKeys.matches || event.defaultPrevented || event.target.closest?.("input, select, textarea, [data-pad]")) return;
  before = { value: input.value, at: performance.now() };
  input.focus({ preventScroll: true });
});

part("letters").hidden = hasKeys.matches;
part("letters").addEventListener("click", () => {
  const isDigits = input.inputMode === "numeric";
  input.inputMode = isDigits ? "text" : "numeric";
  part("letters").textContent = isDigits ? "123" : "ABC";
  input.blur();
  input.focus();
});

/* --- the beginning --- */

function restore({ opened, person: holder, desk, shown, waiting }) {
  if (desk && desk.stage !== stage) {
    /* What was open at another step is not open here. */
    opened = [];
    outbox.remember("fresh", true);
    if (!waiting.length) outbox.remember("opened", []);
  }
  face.showOpened(opened);
  hold(holder);
  if (desk?.stage === stage) hint = desk.hint || hint;
  const kept = waiting.filter((one) => one.counter !== undefined);
  for (const each of [...shown, ...kept].sort((one, other) => one.counter - other.counter).slice(-10)) {
    const row = face.heard(each.text, each.at);
    row.counter = each.counter;
    if (each.answer) {
      row.answer = each.answer;
      row.undone = Boolean(each.undo);
      showAnswered(row, each.undo ?? each.answer);
    } else if (each.refused) {
      face.showRow(row, { state: "stop", word: say("refused"), name: each.text }, {
        again: () => {
          face.show({ state: "stop", word: say("refused"), name: each.text, line: each.refused });
          face.offer([{ words: say("send again"), press: () => outbox.again(each.counter) }]);
        },
      });
    } else {
      face.showRow(row, { state: "kept", word: say("kept"), name: each.text });
      unanswered.set(each.counter, row);
    }
  }
  face.show({ state: "ready", word: say("ready"), line: hint });
  outbox.count().then(() => outbox.send());
}

async function askDesk() {
  const asked = new URLSearchParams({ stage, device: outbox.device, epoch: String(outbox.epoch), lang: document.documentElement.lang });
  try {
    const answer = await fetch(`${root.dataset.post}/desk?${asked}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const desk = await answer.json();
    hint = desk.stage?.hint || hint;
    today = Math.max(today, desk.today?.scans ?? 0);
    face.fill("today", say("today", { count: today }));
    if (document.getElementById("said").dataset.state === "ready" && !root.dataset.scans) face.show({ state: "ready", word: say("ready"), line: hint });
    await outbox.remember("desk", { stage, hint });
  } catch {
    /* what was said last time still stands */
  }
}

async function keepPage() {
  if (!("serviceWorker" in navigator)) {
    face.fill("keeps", say("no worker"));
    return;
  }
  await navigator.serviceWorker.register("/scan-worker.js", { scope: "/scan" }).catch(() => face.fill("keeps", say("no worker")));
}

localStorage.setItem("hangtag-step", stage);
try {
  restore(await outbox.open(root.dataset.record));
  root.dataset.isReady = "yes";
  await askDesk();
} catch (error) {
  hears.lost({ row: null, error });
}
if (hasKeys.matches) input.focus({ preventScroll: true });
if (document.readyState === "complete") keepPage();
else window.addEventListener("load", keepPage);
