/* What a gate's screen says, out of a station's live state. The server does the same for the first
   picture and for browsers without scripts (traceability/web/screen.py); a test holds the two together. */

const FACES = { READY: "ready", READING: "reading", PASS: "pass", "READ AGAIN": "again", STOP: "stop", UNKNOWN: "unknown", HOLD: "hold" };
const NAMES_MAX = 3;
const LINES_MAX = 5;

const rows = (value) => (Array.isArray(value) ? value.filter((one) => one && typeof one === "object" && !Array.isArray(one)) : []);
const text = (value) => (typeof value === "string" ? value : "");
const maybe = (value) => (Number.isInteger(value) ? value : null);
const whole = (value) => maybe(value) ?? 0;
const nameOf = (value) => text(value?.name);
const joined = (parts, by = " · ") => parts.filter(Boolean).join(by);
export const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
const number = (value) => grouped(whole(value));

function short(key) {
  const last = key.split("/").at(-1);
  return key.startsWith("//") || last.length <= 4 ? last : `…${last.slice(-4)}`;
}

function codeOf(key) {
  if (!key.startsWith("/") || key.startsWith("//")) return key ? short(key) : "";
  const parts = key.split("/").slice(1);
  return parts.flatMap((part, at) => (at % 2 && part !== undefined ? [`(${parts[at - 1]}) ${part}`] : [])).join(" ");
}

function thing(one) {
  const name = text(one.name);
  const end = short(text(one.key));
  if (!name) return end;
  return name.includes("…") || name.includes(end) ? name : `${name} ${end}`;
}

export function face(tree, isSilent) {
  if (!tree) return "quiet";
  let state = FACES[tree.state] ?? "ready";
  if (tree.reader === "down" && state !== "hold") state = "down";
  return isSilent && (state === "pass" || state === "reading") ? "quiet" : state;
}

/* moment: way, now (ms), heardAt (ms or null), silentMs, zone, title. */
export class Composer {
  #sentences;
  #tree;
  #moment;

  constructor(sentences) {
    this.#sentences = sentences;
  }

  say(name, values = {}) {
    return this.#sentences[name].replace(/%\((\w+)\)s/g, (_all, key) => values[key] ?? "");
  }

  compose(tree, moment) {
    this.#tree = tree;
    this.#moment = moment;
    const isSilent = moment.heardAt === null || moment.now - moment.heardAt > moment.silentMs;
    const state = face(tree, isSilent);
    const bare = { state, title: moment.title, order: "", waiting: 0, count: null, of: null, unit: "", reason: "", line: "", small: "", code: "", side: null, note: "", action: "", offline: null };
    if (!tree) return { ...bare, word: this.say("waiting"), line: this.say("not heard"), small: this.say("not heard line") };
    bare.word = this.say(state);
    bare.title = text(tree.title) || moment.title;
    bare.order = joined([text(tree.order), nameOf(tree.destination)]);
    bare.waiting = whole(tree.waiting);
    bare.offline = this.#frame(isSilent);
    const screen = { ...bare, ...this[state](tree) };
    const isBeside = ["pass", "again", "stop", "unknown"].includes(state) && tree.reason !== "blank";
    const note = isBeside ? this.#blank(whole(tree.blank)) : "";
    return note ? { ...screen, note } : screen;
  }

  /* Tags that nobody wrote: beside a verdict about goods they are a note. */
  #blank(count) {
    if (count < 1) return "";
    return count === 1 ? this.say("blank one") : this.say("blank many", { count: grouped(count) });
  }

  ready(tree) {
    const opened = rows(tree.open).at(-1);
    const note = this.say("note ready");
    if (!opened) return { line: this.say(`do ${this.#moment.way}`), note };
    const small = opened.pieces ? this.say("done of", { done: number(opened.done), pieces: number(opened.pieces) }) : "";
    return { line: this.say("is open", { thing: thing(opened) }), small, note };
  }

  reading(tree) {
    return { count: whole(tree.count), of: maybe(tree.expected), line: this.say("keep moving"), small: joined(this.#whereto()), note: this.say("note reading") };
  }

  pass(tree) {
    const place = nameOf(tree.destination);
    const of = maybe(tree.expected);
    return {
      count: whole(tree.count),
      of,
      unit: of === null ? this.say("unit read") : "",
      line: place ? this.say("go to", { place }) : this.say("go on"),
      side: this.#cartonTag(),
      note: this.say("note pass"),
    };
  }

  again(tree) {
    const missing = rows(tree.missing);
    let side = null;
    if (missing.length) {
      const shown = missing.slice(1, NAMES_MAX).map((one) => [thing(one), this.#placeAndTime(one)]);
      const left = whole(tree.missing_count) - 1 - shown.length;
      if (left > 0) shown.push([this.say("more", { count: grouped(left) }), ""]);
      side = { kind: "note", label: this.say("not read"), name: thing(missing[0]), place: this.#seen(missing[0]), rows: shown };
    }
    return { count: whole(tree.count), of: maybe(tree.expected), line: this.say("turn"), side, action: "show missing" };
  }

  stop(tree) {
    const missing = rows(tree.missing);
    const others = rows(tree.others);
    const read = tree.expected ? this.say("read of", { read: number(tree.count), expected: number(tree.expected) }) : "";
    const rest = { small: joined([...this.#whereto(), read]), code: codeOf(text(tree.carton?.key)), action: "seen" };
    if (tree.reason === "missing") {
      const count = grouped(whole(tree.missing_count) || missing.length);
      const names = missing.map((one) => this.#missed(one));
      return { ...rest, reason: this.say("is missing", { count }), line: this.#listed(names, whole(tree.missing_count)), side: { kind: "point", label: this.say("not read"), name: count } };
    }
    if (tree.reason === "nothing-open") return { ...rest, reason: this.say("nothing open"), line: this.say("do table") };
    if (tree.reason === "codes-differ") return { ...rest, reason: this.say("two codes"), line: this.say("two codes say", { label: text(tree.differ?.label), tag: text(tree.differ?.tag) }) };
    const cause = { "other-carton": "other carton", "too-many": "too many" }[tree.reason] ?? "not for here";
    const names = others.map((one) => (one.belongs_to ? this.say("belongs to", { thing: thing(one), carton: short(text(one.belongs_to)) }) : thing(one)));
    const count = grouped(others.length || whole(tree.count));
    const only = others.length === 1 ? text(others[0].belongs_to) : "";
    const side = only
      ? { kind: "point", label: this.say("take to"), place: this.say("carton", { name: short(only) }) }
      : { kind: "point", label: this.say("take out"), name: count };
    return { ...rest, reason: this.say(cause, { count }), line: this.#listed(names, others.length), side };
  }

  unknown(tree) {
    if (tree.reason === "blank") {
      const count = whole(tree.blank) || whole(tree.count);
      return { count, line: this.#blank(count), action: "show tags" };
    }
    if (tree.reason === "no-tag") return { word: this.say("no tag word"), reason: this.say("no tag"), line: this.say("aside") };
    const others = rows(tree.others);
    const expected = maybe(tree.expected);
    const facts = (others.length ? others : rows(tree.items)).map(thing);
    const shown = facts.slice(0, NAMES_MAX).map((name) => [name, ""]);
    if (facts.length > NAMES_MAX) shown.push([this.say("more", { count: grouped(facts.length - NAMES_MAX) }), ""]);
    const isShut = tree.reason === "nothing-open";
    let label = "";
    if (expected !== null) label = this.say("read of", { read: number(tree.count), expected: grouped(expected) });
    else if (isShut) label = this.say("nothing open");
    else if (tree.carton) label = this.say("not told");
    return {
      count: others.length || whole(tree.count),
      unit: this.say("unit unknown"),
      line: this.say(isShut ? "do table" : "aside"),
      side: label || shown.length ? { kind: "facts", label, rows: shown } : null,
      action: "show tags",
    };
  }

  hold(tree) {
    const hold = text(tree.hold?.id);
    const contact = text(tree.hold?.contact);
    return {
      reason: this.say("do not move"),
      line: text(tree.hold?.reason),
      small: contact ? this.say("call", { contact }) : "",
      code: codeOf(text(tree.carton?.key)),
      side: hold ? { kind: "hold", label: this.say("hold"), name: hold } : null,
      note: joined([hold ? this.say("note hold", { hold }) : "", tree.reader === "down" ? this.say("use scanner") : ""]),
      action: "show held",
    };
  }

  down(tree) {
    const dead = rows(tree.readers).filter((one) => one.is_up === false);
    const names = dead.slice(0, NAMES_MAX).map((one) => text(one.name));
    const silent = dead.length ? this.say("silent since", { reader: names.join(", "), time: this.#clock(dead[0].since) }) : "";
    const was = FACES[tree.state] ?? "ready";
    const before = was === "ready" || was === "reading" ? "" : this.say("before", { word: this.say(was) });
    return { reason: this.say("use scanner"), line: joined([silent, this.say("plug")], " "), small: joined([this.say("kept"), before], " "), note: this.say("note down") };
  }

  quiet(tree) {
    const expected = maybe(tree.expected);
    const counted = expected === null ? number(tree.count) : `${number(tree.count)} ${this.say("of", { count: grouped(expected) })}`;
    const word = joined([this.say(FACES[tree.state] ?? "ready"), counted], " ");
    return { line: this.say("last word", { word, time: this.#clock(tree.heard_at) }), small: joined(this.#whereto()), note: this.say("note ready") };
  }

  #frame(isSilent) {
    const tree = this.#tree;
    const { heardAt, now } = this.#moment;
    const count = number(tree.waiting);
    if (isSilent && heardAt !== null) {
      return [this.say("offline"), this.say("for", { age: this.age(now - heardAt), count }), this.say("no word", { time: this.#clock(tree.heard_at) })];
    }
    if (tree.online === false) return [this.say("offline"), this.say("now waiting", { count }), this.say("all kept")];
    return null;
  }

  age(ms) {
    const seconds = Math.max(Math.floor(ms / 1000), 0);
    const two = (value) => String(value).padStart(2, "0");
    if (seconds < 60) return this.say("seconds", { seconds });
    if (seconds < 3600) return this.say("minutes", { minutes: Math.floor(seconds / 60) });
    if (seconds < 86400) return this.say("hours", { hours: Math.floor(seconds / 3600), minutes: two(Math.floor(seconds / 60) % 60) });
    return this.say("days", { days: Math.floor(seconds / 86400), hours: Math.floor(seconds / 3600) % 24 });
  }

  #cartonTag() {
    const { carton, items, others, destination } = this.#tree;
    if (!carton || typeof carton !== "object") return null;
    const key = text(carton.key);
    const foreign = new Set([key, ...rows(others).map((one) => text(one.key))]);
    const counts = new Map();
    for (const one of rows(items)) {
      if (foreign.has(one.key)) continue;
      const name = text(one.name).split(" …")[0];
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const most = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const shown = most.slice(0, LINES_MAX).map(([name, count]) => [name, grouped(count)]);
    if (most.length > LINES_MAX) {
      const left = most.slice(LINES_MAX - 1).reduce((sum, one) => sum + one[1], 0);
      shown[LINES_MAX - 1] = [this.say("more", { count: grouped(left) }), ""];
    }
    return { kind: "carton", name: nameOf(carton) || short(key), place: nameOf(destination), rows: shown, code: codeOf(key) };
  }

  #whereto() {
    const name = nameOf(this.#tree.carton);
    const order = text(this.#tree.order);
    const place = nameOf(this.#tree.destination);
    return [name && this.say("carton", { name }), order && this.say("order", { order }), place && this.say("to", { place })];
  }

  #seen(one) {
    const place = text(one.place);
    const time = one.seen_at ? this.#clock(one.seen_at) : "";
    if (place && time) return this.say("last seen", { place, time });
    return time ? this.say("last seen at", { time }) : this.say("never seen");
  }

  #placeAndTime(one) {
    return joined([text(one.place), one.seen_at ? this.#clock(one.seen_at) : ""], " ");
  }

  #missed(one) {
    const place = this.#placeAndTime(one);
    return place ? this.say("thing last seen", { thing: thing(one), place }) : thing(one);
  }

  #listed(names, count) {
    const left = Math.max(count, names.length) - NAMES_MAX;
    return [...names.slice(0, NAMES_MAX), ...(left > 0 ? [this.say("more", { count: grouped(left) })] : [])].join(" · ");
  }

  #clock(at) {
    const when = Date.parse(text(at));
    if (Number.isNaN(when)) return "–";
    const there = this.#local(when);
    return there.day === this.#local(this.#moment.now).day ? there.time : `${there.day.slice(5)} ${there.time}`;
  }

  #local(when) {
    const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: this.#moment.zone, dateStyle: "short", timeStyle: "short" }).format(when);
    const [day, time] = parts.split(" ");
    return { day, time };
  }
}
