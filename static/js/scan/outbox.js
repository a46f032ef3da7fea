/* What was done at this screen, kept until the server has answered it.

   Each scan is written into the browser's own database before it is sent. Its number is given in the
   same transaction, so two tabs never give one twice. Scans leave in order, in batches; the same
   number twice is the same scan for the server, so a lost answer costs nothing: what was not answered
   is sent again as it was. Beside scans wait what was taken back and what was counted: they go to the
   server in the same order.

   Things that wait, with `order` and `kind`:
     scan          counter, at, text, by, stage, and `fresh` if what was open was put away before it,
                   `person` if a name was touched before it
     roll, bind    the same, with `body`: what a person said about a new roll, or what a code is
     carton        the same, of a page from before a code could be bound
     undo, count   `of`: the counter of the scan that they speak of, with its `event` if it is known

   Each bears the record and the epoch that it was counted in, and goes to no other record: what waits
   for another one waits until that one answers again. What the server has taken in is kept, too, until
   a backup holds it: kept.js. */

import { LOOK_MS, dueCount, handBack, keptCount, keptOf, look, makeStore, putAside } from "./kept.js";

const NAME = "hangtag-scan";
const VERSION = 2;
const BATCH_MAX = 50;
const RETRY_MS = 5000;
const PATIENCE_MS = 10000;
const SHOWN_MAX = 10;
const NUMBERED = ["scan", "roll", "bind", "carton"];

const request = (asked) =>
  new Promise((done, fail) => {
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });

const settled = (transaction) =>
  new Promise((done, fail) => {
    transaction.oncomplete = () => done();
    transaction.onabort = () => fail(transaction.error);
  });

/* Where a page came by plain http there is no crypto.randomUUID; random bytes are there everywhere. */
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/* The moment as people here say it, with the distance to UTC: 2026-11-19T14:32:05.120+01:00. */
export function moment(now = new Date()) {
  const ahead = -now.getTimezoneOffset();
  const local = new Date(now.getTime() + ahead * 60000).toISOString().slice(0, -1);
  const two = (value) => String(Math.floor(Math.abs(value))).padStart(2, "0");
  return `${local}${ahead < 0 ? "-" : "+"}${two(ahead / 60)}:${two(ahead % 60)}`;
}

function openDatabase() {
  const asked = indexedDB.open(NAME, VERSION);
  asked.onupgradeneeded = ({ oldVersion }) => {
    const made = asked.result;
    makeStore(made);
    if (oldVersion) return;
    made.createObjectStore("waiting", { keyPath: "order", autoIncrement: true });
    made.createObjectStore("shown", { keyPath: "counter" });
    const facts = made.createObjectStore("facts");
    facts.put(uuid(), "device");
    /* A browser that lost its data begins again at 1: a new epoch says that it is another 1. */
    facts.put(Date.now(), "epoch");
    facts.put(0, "counter");
    facts.put([], "opened");
  };
  return request(asked);
}

/* What is said about an earlier scan, beside its event. */
const WORDS = {
  undo: (_item, opened) => ({ opened }),
  count: ({ good, bad }) => ({ good, bad }),
};

export class Outbox {
  #base = null;
  #before = [];
  #asked = false;
  #record = "";
  #channel = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;
  #tell;
  #post;

  /* post(path, body) → { status, tree } or throws; tell(kind, detail) hears
     kept { row, item }, lost { row, error }, answers { rows, opened, person }, word { item, answer, opened },
     refused { item }, trouble { status, detail } and waiting { count, oldest, kept }: `kept` was delivered once. */
  constructor(post, tell) {
    this.#post = post;
    this.#tell = tell;
    this.#channel?.addEventListener("message", (event) => this.#tell(event.data.kind, event.data.detail));
  }

  /* Open the store; what was scanned before it was open is written first. → facts, rows, things that wait.
     `record` names the record that the page belongs to. */
  async open(record) {
    this.#base = await openDatabase();
    this.#base.onversionchange = () => this.#base.close();
    await this.#begin(record);
    const reading = this.#base.transaction(["facts", "shown", "waiting"]);
    const facts = reading.objectStore("facts");
    const [device, epoch, opened, person, desk, shown, waiting] = await Promise.all([
      ...["device", "epoch", "opened", "person", "desk"].map((name) => request(facts.get(name))),
      request(reading.objectStore("shown").getAll()),
      request(reading.objectStore("waiting").getAll()),
    ]);
    this.device = device;
    this.epoch = epoch;
    const early = this.#before;
    this.#before = null;
    for (const [item, row] of early) this.#write(item, row);
    setInterval(() => this.send(), RETRY_MS);
    window.addEventListener("online", () => {
      this.#lookAt = 0;
      this.send();
    });
    navigator.storage?.persist?.().catch(() => {});
    const mine = waiting.filter((one) => this.#isMine(one));
    return { opened: opened ?? [], person: person ?? null, desk: desk ?? null, shown, waiting: mine };
  }

  /* A workshop that goes live begins another record; so does an empty one on a new PC, until the backup
     of the old one is restored there. What was scanned for the one before is no part of it and waits for
     that one; the numbers begin again in an epoch of their own: else they would seem lost. */
  async #begin(record) {
    const writing = this.#base.transaction(["facts", "shown", "waiting", "delivered"], "readwrite");
    const facts = writing.objectStore("facts");
    const [known, epoch] = await Promise.all([request(facts.get("record")), request(facts.get("epoch"))]);
    if (known !== record) {
      facts.put(record, "record");
      if (known !== undefined) {
        facts.put(Date.now(), "epoch");
        facts.put(0, "counter");
        facts.put([], "opened");
        writing.objectStore("shown").clear();
        await putAside(writing, { record: known, epoch });
      }
    }
    this.#record = record;
    await settled(writing);
  }

  #isMine(item) {
    return item.record === undefined || item.record === this.#record;
  }

  /* Take a thing in, at once and in order. Transactions of one store begin in the order they were made,
     so nothing has to be awaited here. */
  add(item, row) {
    if (this.#before) this.#before.push([item, row]);
    else this.#write(item, row);
  }

  #write(item, row) {
    item.record = this.#record;
    item.epoch = this.epoch;
    const writing = this.#base.transaction(["facts", "waiting"], "readwrite", { durability: "strict" });
    if (NUMBERED.includes(item.kind)) this.#number(writing, item);
    else writing.objectStore("waiting").add(item);
    settled(writing).then(
      () => {
        this.#tell("kept", { row, item });
        this.send();
        this.count();
      },
      (error) => this.#tell("lost", { row, item, error }),
    );
  }

  /* Its number, and what was said since the scan before: put away, another person. */
  #number(writing, item) {
    const facts = writing.objectStore("facts");
    const asked = ["counter", "stage", "fresh", "taken"].map((name) => facts.get(name));
    asked.at(-1).onsuccess = () => {
      const [counter, stage, isFresh, taken] = asked.map((one) => one.result);
      item.counter = counter + 1;
      item.fresh = Boolean(isFresh) || (stage !== undefined && stage !== item.stage);
      if (taken !== undefined) item.person = taken;
      facts.put(item.counter, "counter");
      facts.put(item.stage, "stage");
      facts.delete("fresh");
      facts.delete("taken");
      writing.objectStore("waiting").add(item);
    };
  }

  /* Remember something about this device: `taken` the name that was touched, `fresh` that what was open
     was put away, `desk` what the server said of this step. */
  async remember(name, value) {
    const writing = this.#base.transaction("facts", "readwrite");
    writing.objectStore("facts").put(value, name);
    await settled(writing);
  }

  /* Send what waits. One tab does it for all; where tabs cannot agree, the server's memory of numbers helps. */
  send() {
    if (this.#asked || !this.#base) return;
    this.#asked = true;
    const turn = async () => {
      this.#asked = false;
      await this.#drain();
    };
    const free = navigator.locks ? navigator.locks.request(NAME, turn) : this.#alone(turn);
    free.catch((error) => this.#tell("trouble", { status: 0, detail: String(error) }));
  }

  #running = Promise.resolve();
  #alone(turn) {
    this.#running = this.#running.then(turn, turn);
    return this.#running;
  }

  /* Ask now and then whether a backup holds what was delivered, and whether the record was restored. */
  #lookAt = 0;
  async #lookAround() {
    if (Date.now() < this.#lookAt) return true;
    const told = await this.#covered();
    if (!told) {
      /* No word of it, or a server of an earlier version: what waits finds out by itself. */
      return true;
    }
    if (told.record !== this.#record) {
      this.#tell("moved", {});
      return false;
    }
    await look(this.#base, told);
    this.#lookAt = Date.now() + LOOK_MS;
    const head = { record: this.#record, device: this.device };
    const { way, status, tree } = await handBack(this.#base, (path, body) => this.#ask(path, body), head);
    if (way === "go on") return true;
    this.#lookAt = 0; /* ask again with the next try */
    if (tree?.said === "other-record") this.#tell("moved", {});
    else this.#tell("trouble", { status, detail: tree?.detail ?? "" });
    return false;
  }

  async #covered() {
    try {
      const answer = await fetch("/api/covered", { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  async #drain() {
    if (!(await this.#lookAround())) return this.count();
    let atMost = BATCH_MAX;
    for (;;) {
      const batch = await this.#next(atMost);
      if (!batch.length) break;
      const way = await (batch[0].kind in WORDS ? this.#sendWord(batch[0]) : this.#sendScans(batch));
      if (way === "wait") break;
      /* One of a batch is refused: alone it says which. */
      atMost = way === "single" ? 1 : atMost;
    }
    await this.count();
  }

  async #next(atMost) {
    const all = await request(this.#base.transaction("waiting").objectStore("waiting").getAll());
    const ready = all.filter((one) => !one.refused && this.#isMine(one));
    const [first] = ready;
    if (first?.kind !== "scan") return first ? [first] : [];
    const fits = (one, at) => at === 0 || (one.kind === "scan" && one.stage === first.stage && one.epoch === first.epoch && !one.fresh && one.person === undefined);
    const end = ready.findIndex((one, at) => !fits(one, at));
    return ready.slice(0, end < 0 ? atMost : Math.min(end, atMost));
  }

  async #ask(path, body) {
    try {
      return await this.#post(path, body, AbortSignal.timeout(PATIENCE_MS));
    } catch (error) {
      return { status: 0, tree: { detail: error?.name ?? "" } };
    }
  }

  async #sendScans(batch) {
    const [first] = batch;
    const facts = this.#base.transaction("facts").objectStore("facts");
    const [opened, person] = await Promise.all([request(facts.get("opened")), request(facts.get("person"))]);
    const head = {
      record: this.#record,
      device: this.device,
      epoch: first.epoch ?? this.epoch,
      stage: first.stage,
      opened: first.fresh ? [] : (opened ?? []).map((one) => one.key),
      person: first.person === undefined ? (person?.key ?? null) : first.person,
    };
    const scans = batch.map(({ counter, at, text, by }) => ({ counter, at, text, by }));
    const [path, body] = first.kind === "scan" ? ["", { scans }] : [`/${first.kind}`, { ...first.body, counter: first.counter, at: first.at }];
    const { status, tree } = await this.#ask(path, { ...body, ...head });
    if (status >= 200 && status < 300) return this.#answered(batch, tree);
    return this.#failed(batch, status, tree);
  }

  async #answered(batch, tree) {
    const answers = new Map((tree.answers ?? []).map((one) => [one.counter, one]));
    const done = batch.filter((one) => answers.has(one.counter));
    const writing = this.#base.transaction(["facts", "waiting", "shown", "delivered"], "readwrite");
    const [waiting, shown, facts, delivered] = ["waiting", "shown", "facts", "delivered"].map((name) => writing.objectStore(name));
    const rows = done.map((one) => {
      const { back: _kept, ...answer } = answers.get(one.counter);
      return { ...one, answer };
    });
    for (const one of done) delivered.put(keptOf({ ...one, record: this.#record }, answers.get(one.counter)));
    for (const row of rows) {
      waiting.delete(row.order);
      shown.put(row);
    }
    if (tree.opened) facts.put(tree.opened, "opened");
    if (tree.person !== undefined) facts.put(tree.person, "person");
    const keys = await request(shown.getAllKeys());
    for (const key of keys.slice(0, -SHOWN_MAX)) shown.delete(key);
    await settled(writing);
    this.#say("answers", { rows, opened: tree.opened ?? null, person: tree.person });
    return done.length === batch.length ? "go on" : "wait";
  }

  /* A word about an earlier scan: it is taken back, or its pieces were counted. */
  async #sendWord(item) {
    const reading = this.#base.transaction(["shown", "facts"]);
    const [row, opened] = await Promise.all([request(reading.objectStore("shown").get(item.of)), request(reading.objectStore("facts").get("opened"))]);
    const head = { record: this.#record, device: this.device, epoch: item.epoch ?? this.epoch, event: row?.answer?.event ?? item.event };
    const body = { ...head, ...WORDS[item.kind](item, (opened ?? []).map((one) => one.key)) };
    const { status, tree } = await this.#ask(`/${item.kind}`, body);
    if (status < 200 || status >= 300) return this.#failed([item], status, tree);
    const writing = this.#base.transaction(["facts", "waiting", "shown", "delivered"], "readwrite");
    writing.objectStore("waiting").delete(item.order);
    const [told] = tree.answers ?? [];
    const { back, ...rest } = told ?? {};
    const answer = told && rest;
    writing.objectStore("delivered").put(keptOf({ ...item, record: this.#record, event: body.event }, { back }));
    const after = row ? { ...row, [item.kind]: answer } : null;
    if (after) writing.objectStore("shown").put(after);
    if (tree.opened) writing.objectStore("facts").put(tree.opened, "opened");
    await settled(writing);
    this.#say("word", { item, answer, opened: tree.opened ?? null });
    return "go on";
  }

  /* No scan is thrown away: what the server will never take is set aside with its sentence. What a
     person said about one goes back to him. */
  async #failed(batch, status, tree) {
    const [item] = batch;
    const isScan = item.kind === "scan";
    if (tree?.said === "other-record") {
      this.#tell("moved", {});
      return "wait";
    }
    const isFinal = [400, 413, 422].includes(status) || (!isScan && [404, 409].includes(status));
    if (isFinal && batch.length > 1) return "single";
    if (!isFinal) {
      this.#tell("trouble", { status, detail: status ? (tree?.detail ?? "") : "" });
      return "wait";
    }
    item.refused = tree?.detail || tree?.title || String(status);
    const writing = this.#base.transaction("waiting", "readwrite");
    if (isScan) writing.objectStore("waiting").put(item);
    else writing.objectStore("waiting").delete(item.order);
    await settled(writing);
    this.#say("refused", { item });
    return "go on";
  }

  /* Send again what was set aside. */
  async again(counter) {
    const writing = this.#base.transaction("waiting", "readwrite");
    const store = writing.objectStore("waiting");
    for (const item of await request(store.getAll())) {
      if (item.counter === counter && item.refused) store.put({ ...item, refused: undefined });
    }
    await settled(writing);
    this.send();
  }

  #say(kind, detail) {
    this.#tell(kind, detail);
    this.#channel?.postMessage({ kind, detail });
  }

  async count() {
    const [again, kept] = await Promise.all([dueCount(this.#base, this.#record), keptCount(this.#base, this.#record)]);
    const all = await request(this.#base.transaction("waiting").objectStore("waiting").getAll());
    const due = all.filter((one) => !one.refused && this.#isMine(one));
    this.#tell("waiting", { count: due.length + again, oldest: due.find((one) => one.at)?.at ?? null, kept });
  }
}
