/* Proves an entry in the reader's own browser: every hash is computed here, nothing is believed.
   What was proven is remembered, so that a history that changes later is seen. RFC 9162, C2SP
   signed-note and tlog-checkpoint. */
const root = document.getElementById("prove");
const MEMORY = "hangtag-proven";

/* --- bytes --- */

const fromHex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
const toHex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const fromBase64 = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const joined = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};
const isSame = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

/* --- SHA-256 (FIPS 180-4): the browser's own, or this one where a page without TLS has none --- */

const ROUNDS = [];
const START = [];
for (let number = 2; ROUNDS.length < 64; number++) {
  let isPrime = true;
  for (let by = 2; by * by <= number; by++) isPrime &&= number % by !== 0;
  if (!isPrime) continue;
  const fraction = (power) => ((number ** power % 1) * 2 ** 32) | 0;
  if (START.length < 8) START.push(fraction(1 / 2));
  ROUNDS.push(fraction(1 / 3));
}

function plainSha256(data) {
  const length = ((data.length + 8) >> 6) + 1;
  const words = new DataView(new ArrayBuffer(length * 64));
  data.forEach((byte, at) => words.setUint8(at, byte));
  words.setUint8(data.length, 0x80);
  words.setUint32(length * 64 - 8, Math.floor(data.length / 2 ** 29));
  words.setUint32(length * 64 - 4, (data.length << 3) >>> 0);
  const state = START.slice();
  const turn = (word, by) => (word >>> by) | (word << (32 - by));
  const schedule = new Int32Array(64);
  for (let block = 0; block < length; block++) {
    for (let t = 0; t < 64; t++) {
      if (t < 16) {
        schedule[t] = words.getInt32(block * 64 + t * 4);
        continue;
      }
      const [low, high] = [schedule[t - 15], schedule[t - 2]];
      const s0 = turn(low, 7) ^ turn(low, 18) ^ (low >>> 3);
      const s1 = turn(high, 17) ^ turn(high, 19) ^ (high >>> 10);
      schedule[t] = (schedule[t - 16] + s0 + schedule[t - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t++) {
      const big1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const one = (h + big1 + ((e & f) ^ (~e & g)) + ROUNDS[t] + schedule[t]) | 0;
      const big0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const two = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => (state[at] = (state[at] + word) | 0));
  }
  const found = new DataView(new ArrayBuffer(32));
  state.forEach((word, at) => found.setInt32(at * 4, word));
  return new Uint8Array(found.buffer);
}

const sha256 = async (data) => (window.crypto?.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", data)) : plainSha256(data));
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const leafHash = (entry) => sha256(joined(LEAF, entry));
const nodeHash = (left, right) => sha256(joined(NODE, left, right));

/* --- the tree (RFC 9162, sections 2.1.3.2 and 2.1.4.2) --- */

async function rootOf(leaf, position, size, hashes) {
  let [at, last, node] = [position, size - 1, leaf];
  if (position >= size || hashes.some((one) => one.length !== 32)) return null;
  for (const hash of hashes) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      node = await nodeHash(hash, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else {
      node = await nodeHash(node, hash);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? node : null;
}

async function continues(older, olderRoot, size, newerRoot, given) {
  if (older < 1 || older > size || given.some((one) => one.length !== 32)) return false;
  if (older === size) return given.length === 0 && isSame(olderRoot, newerRoot);
  const isPower = Number.isInteger(Math.log2(older));
  const hashes = isPower ? [olderRoot, ...given] : given;
  if (hashes.length === 0) return false;
  let [at, last] = [older - 1, size - 1];
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  let [before, now] = [hashes[0], hashes[0]];
  for (const hash of hashes.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      before = await nodeHash(hash, before);
      now = await nodeHash(hash, now);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else {
      now = await nodeHash(now, hash);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && isSame(before, olderRoot) && isSame(now, newerRoot);
}

/* --- notes --- */

function readNote(note) {
  const end = note.lastIndexOf("\n\n");
  const text = note.slice(0, end + 1);
  const [origin, size, hash] = text.split("\n");
  const lines = note.slice(end + 2).trimEnd().split("\n");
  const signatures = lines.map((line) => /^\u2014 (\S+) (\S+)$/.exec(line)).filter(Boolean);
  return {
    text,
    origin,
    size: Number(size),
    root: fromBase64(hash),
    signatures: signatures.map(([, name, data]) => ({ name, id: toHex(fromBase64(data).slice(0, 4)), data: fromBase64(data).slice(4) })),
  };
}

function readKey(text) {
  const [name, id, ...rest] = text.split("+");
  const data = fromBase64(rest.join("+"));
  return { name, id, kind: data[0], key: data.slice(1), text };
}

/** Says true or false; null where this browser knows no Ed25519. */
async function isSigned(note, key) {
  const idBytes = await sha256(joined(new TextEncoder().encode(`${key.name}\n`), Uint8Array.of(key.kind), key.key));
  if (toHex(idBytes.slice(0, 4)) !== key.id) return false;
  const signature = note.signatures.find((one) => one.name === key.name && one.id === key.id);
  if (!signature) return false;
  if (!window.crypto?.subtle) return null;
  let [text, data] = [note.text, signature.data];
  if (key.kind === 4) {
    const at = new DataView(data.buffer, data.byteOffset).getBigUint64(0);
    [text, data] = [`cosignature/v1\ntime ${at}\n${text}`, data.slice(8)];
  } else if (key.kind !== 1) return null;
  try {
    const known = await crypto.subtle.importKey("raw", key.key, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, known, data, new TextEncoder().encode(text));
  } catch {
    return null;
  }
}

/* --- what the page shows --- */

function show(step, state, words = "") {
  const line = root.querySelector(`[data-step="${step}"]`);
  line.dataset.state = state;
  line.querySelector("code").textContent = words;
}

async function ask(address) {
  const answer = await fetch(address, { cache: "no-store" });
  if (!answer.ok) throw new Error(address);
  return answer.json();
}

function remembered(origin) {
  try {
    return JSON.parse(localStorage.getItem(MEMORY) || "{}")[origin] || null;
  } catch {
    return null;
  }
}

function remember(origin, seen) {
  const all = JSON.parse(localStorage.getItem(MEMORY) || "{}");
  localStorage.setItem(MEMORY, JSON.stringify({ ...all, [origin]: seen }));
}

async function checkSaid(given, entry) {
  const sealed = JSON.parse(new TextDecoder().decode(entry)).body;
  if (given.said?.erased_by !== undefined) return ["late", `${given.said.erased_by}`];
  if (!given.said) return ["stop", sealed];
  const found = toHex(await sha256(joined(fromHex(given.said.salt), fromBase64(given.said.body))));
  return [found === sealed ? "pass" : "stop", found];
}

async function checkKeys(note, given) {
  const found = await Promise.all(given.keys.map(async (text) => [text, await isSigned(note, readKey(text))]));
  const signed = found.find(([, is]) => is) || found.find(([, is]) => is === null);
  if (!signed) return ["stop", ""];
  return [signed[1] ? "pass" : "late", signed[0]];
}

async function checkWitnesses(note, given) {
  const found = await Promise.all(given.witnesses.map(async (text) => [readKey(text).name, await isSigned(note, readKey(text))]));
  const names = found.filter(([, is]) => is).map(([name]) => name);
  return [names.length ? "pass" : "late", names.join(", ")];
}

async function checkBefore(note, rootHash) {
  const before = remembered(note.origin);
  if (!before) return ["late", ""];
  const words = `${before.size} · ${before.root}`;
  if (before.size > note.size) return ["stop", words];
  const address = root.dataset.continues.replace("/0/0", `/${before.size}/${note.size}`);
  const { hashes } = await ask(address);
  const is = await continues(before.size, fromHex(before.root), note.size, rootHash, hashes.map(fromHex));
  return [is ? "pass" : "stop", words];
}

async function prove() {
  const position = Number(/(\d+)\/proof$/.exec(root.dataset.proof)[1]);
  const given = await ask(root.dataset.proof);
  const entry = fromBase64(given.entry);
  const note = readNote(given.note);
  const said = await checkSaid(given, entry);
  show("said", ...said);
  const leaf = await leafHash(entry);
  const shown = document.querySelector("[data-leaf]").dataset.leaf;
  show("leaf", toHex(leaf) === shown ? "pass" : "stop", toHex(leaf));
  const computed = await rootOf(leaf, position, note.size, given.hashes.map(fromHex));
  const isRoot = computed !== null && isSame(computed, note.root);
  show("root", isRoot ? "pass" : "stop", computed ? toHex(computed) : "");
  const key = await checkKeys(note, given);
  show("key", ...key);
  show("witness", ...(await checkWitnesses(note, given)));
  const before = isRoot && key[0] !== "stop" ? await checkBefore(note, note.root) : ["", ""];
  show("before", ...before);
  const isStopped = [...root.querySelectorAll("[data-step]")].some((one) => one.dataset.state === "stop");
  if (!isStopped) remember(note.origin, { size: note.size, root: toHex(note.root) });
  if (isStopped) return "stop";
  return key[0] === "pass" ? "pass" : "part";
}

function end(verdict) {
  for (const one of root.querySelectorAll("[data-verdict]")) one.hidden = one.dataset.verdict !== verdict;
  root.dataset.verdict = verdict;
}

root.querySelector("[data-begin]").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  end("");
  for (const line of root.querySelectorAll("[data-step]")) line.dataset.state = "";
  try {
    end(await prove());
  } catch {
    end("late");
  }
  button.disabled = false;
});

/* For tests of the plain hash: pages without TLS have no other. */
root.dataset.selfTest = toHex(plainSha256(new TextEncoder().encode("abc"))) === "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" ? "pass" : "stop";
