/* What the server has taken in and this browser keeps all the same: until a backup on another disk
   holds it, for 14 days at most. When the record comes back from a backup it is handed back, each
   thing as the sealed entries (`back`) that it had become; what has none is sent anew as it was.

   A row of the store `delivered`: order, record, kind, counter, at, delivered (when), position, back;
   and `due: 1` while it must go out again, `lost` with a sentence if the server will not have it. */

const DAY_MS = 86400000;
const KEEP_MS = 14 * DAY_MS;
const ROWS_MAX = 50000;
const BATCH_MAX = 50;
export const LOOK_MS = 60000;

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

export function makeStore(base) {
  const store = base.createObjectStore("delivered", { keyPath: "order" });
  store.createIndex("place", ["record", "position"]);
  store.createIndex("delivered", "delivered");
  store.createIndex("due", ["record", "due"]);
}

/* A thing as it is kept. Entries that it became need nothing else of it; without them it is kept whole. */
export function keptOf(item, answer) {
  const { order, record, kind, counter, at } = item;
  const facts = { delivered: Date.now(), position: answer?.position ?? undefined };
  return answer?.back ? { order, record, kind, counter, at, ...facts, back: answer.back } : { ...item, ...facts };
}

/* What waits was said for a record that is another one now: it keeps that name, and its epoch. */
export async function putAside(writing, { record, epoch }) {
  await walk(writing.objectStore("waiting"), null, (cursor) => {
    if (cursor.value.record === undefined) cursor.update({ ...cursor.value, record, epoch });
  });
}

async function walk(source, range, each) {
  await new Promise((done, fail) => {
    const asked = source.openCursor(range);
    asked.onerror = () => fail(asked.error);
    asked.onsuccess = () => {
      const cursor = asked.result;
      if (!cursor) return done();
      each(cursor);
      cursor.continue();
    };
  });
}

/* Forget what is safe; mark what a restore has lost. `told` is the server's word: record, size, covered,
   life, since. → whether anything must go out again. */
export async function look(base, told) {
  const writing = base.transaction(["facts", "delivered", "waiting"], "readwrite");
  const [facts, delivered, waiting] = ["facts", "delivered", "waiting"].map((name) => writing.objectStore(name));
  const mine = told.record;
  const life = await request(facts.get(`life ${mine}`));
  const ours = IDBKeyRange.bound([mine, -1], [mine, Infinity]);
  const last = await request(delivered.index("place").openKeyCursor(ours, "prev"));
  const reached = last?.key[1] ?? -1;
  const isRestored = life !== undefined && life !== told.life;
  /* Shorter than what it gave us, and nobody has said so: it was put back by hand. */
  if (isRestored || reached >= told.size) {
    const since = isRestored ? Math.min(told.since, told.size) : told.size;
    await walk(delivered, null, (cursor) => {
      const row = cursor.value;
      if (row.record !== mine || row.lost || (row.position ?? since) < since) return;
      if (row.back) cursor.update({ ...row, due: 1, position: undefined });
      else {
        const { delivered: _when, position: _where, ...item } = row;
        waiting.put(item);
        cursor.delete();
      }
    });
    if (isRestored && reached >= since) facts.put({ reached, life }, "news");
  }
  facts.put(told.life, `life ${mine}`);
  /* What is still to go out has no position, and is not old. */
  const safe = IDBKeyRange.bound([mine, -1], [mine, told.covered], false, true);
  await walk(delivered.index("place"), safe, (cursor) => cursor.delete());
  const long = Date.now() - KEEP_MS;
  await walk(delivered.index("delivered"), IDBKeyRange.upperBound(long), (cursor) => cursor.delete());
  await walk(waiting, null, (cursor) => {
    const { record, at } = cursor.value;
    if (record !== undefined && record !== mine && Date.parse(at) < long) cursor.delete();
  });
  let over = (await request(delivered.count())) - ROWS_MAX;
  if (over > 0) await walk(delivered, null, (cursor) => over-- > 0 && cursor.delete());
  await settled(writing);
}

export const dueCount = (base, record) => request(base.transaction("delivered").objectStore("delivered").index("due").count(IDBKeyRange.only([record, 1])));

export const keptCount = (base, record) => request(base.transaction("delivered").objectStore("delivered").index("place").count(IDBKeyRange.bound([record, -1], [record, Infinity])));

/* Hand back what is due, oldest first. ask(path, body) → { status, tree }. → "go on", or what stopped it. */
export async function handBack(base, ask, head) {
  for (;;) {
    const reading = base.transaction(["delivered", "facts"]);
    const [rows, news] = await Promise.all([
      request(reading.objectStore("delivered").index("due").getAll(IDBKeyRange.only([head.record, 1]), BATCH_MAX)),
      request(reading.objectStore("facts").get("news")),
    ]);
    if (!rows.length && !news) return { way: "go on" };
    const { status, tree } = await ask("/again", { ...head, ...news, items: rows.map((row) => row.back) });
    if (status < 200 || status >= 300) return { way: "wait", status, tree };
    const writing = base.transaction(["delivered", "facts"], "readwrite");
    rows.forEach((row, at) => {
      const { due: _due, ...kept } = row;
      const answer = tree.answers?.[at];
      if (!answer) return;
      const isLost = answer.status === "refused" || answer.status === "conflict";
      writing.objectStore("delivered").put({ ...kept, position: answer.position ?? undefined, ...(isLost ? { lost: answer.problem ?? answer.status } : {}) });
    });
    writing.objectStore("facts").delete("news");
    await settled(writing);
    if (rows.length && !tree.answers?.length) return { way: "wait", status, tree };
  }
}
