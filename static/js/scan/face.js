/* What the screen says: the field with its word, what is open, the last ten scans. Nothing here knows
   how an answer came; it only puts words into places that were there before. */

const SHOWN_MAX = 10;
const SHAPES = { late: "late", reading: "reading", kept: "offline" };

/* Letters that the word takes on the field: Chinese ones are twice as wide. */
const width = (word) => [...word].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e7f ? 1.9 : 1), 0);
export const steps = (word) => [6, 8, 12, 18].findIndex((most) => width(word) <= most) + 1 || 5;

export class Face {
  #say;
  #slots;
  #field;
  #icons;
  #rows = [];
  #list;
  #rowForm;
  #openForm;

  /* say(word, values) → sentence of this page in its language. */
  constructor(root, say) {
    this.#say = say;
    this.#field = root.querySelector("#said");
    this.#slots = new Map([...root.querySelectorAll("[data-slot]")].map((one) => [one.dataset.slot, one]));
    this.#list = root.querySelector("[data-rows]");
    this.#rowForm = root.querySelector("template[data-row]");
    this.#openForm = root.querySelector("template[data-opened]");
    this.#icons = this.#field.querySelector("use").getAttribute("href").replace(/#.*/, "");
  }

  fill(name, words) {
    const slot = this.#slots.get(name);
    const text = words ?? "";
    if (slot.textContent !== text) slot.textContent = text;
    if (slot.dataset.hides !== undefined) slot.hidden = !text;
  }

  draw(svg, name) {
    svg.querySelector("use").setAttribute("href", `${this.#icons}#${name}`);
  }

  /* One frame: ground, shape, word, count, thing, what to do next. */
  show({ state, word, line = "", name = "", code = "", icon = "", done = null, of = null, unit = "" }) {
    this.#field.dataset.state = state;
    this.#field.setAttribute("aria-label", word);
    this.draw(this.#slots.get("shape"), SHAPES[state] ?? state);
    this.fill("word", word);
    this.#slots.get("word").dataset.steps = steps(word);
    this.fill("line", line);
    this.fill("name", name);
    this.fill("code", name.includes(code) ? "" : code);
    this.#slots.get("thing").hidden = !name;
    if (icon) this.draw(this.#slots.get("icon"), icon);
    this.#slots.get("icon").toggleAttribute("hidden", !icon);
    const isCounted = done !== null && done !== undefined;
    this.#slots.get("figure").hidden = !isCounted;
    this.fill("done", isCounted ? grouped(done) : "");
    this.fill("of", isCounted && of ? this.#say("of", { count: grouped(of) }) : "");
    this.fill("unit", isCounted ? unit : "");
  }

  /* Big buttons under the instruction: [{ words, icon, press }]. */
  offer(choices) {
    const place = this.#slots.get("actions");
    place.hidden = !choices.length;
    place.toggleAttribute("data-many", choices.length > 3);
    place.replaceChildren(
      ...choices.map(({ words, icon, href, press }) => {
        const button = document.createElement(href ? "a" : "button");
        button.className = "button";
        if (href) button.href = href;
        else button.type = "button";
        button.textContent = words;
        if (icon) button.prepend(this.#picture(icon));
        if (press) button.addEventListener("click", press);
        return button;
      }),
    );
  }

  #picture(name) {
    const svg = this.#slots.get("shape").cloneNode(true);
    svg.setAttribute("class", "icon");
    svg.removeAttribute("data-slot");
    this.draw(svg, name);
    return svg;
  }

  showOpened(opened) {
    const place = this.#slots.get("opened");
    const made = opened.map(({ name, icon, done, of }) => {
      const one = this.#openForm.content.cloneNode(true).firstElementChild;
      this.draw(one.querySelector("svg"), icon || "tag");
      one.querySelector("b").textContent = name;
      const isCounted = of !== null && of !== undefined;
      one.querySelector("span").textContent = isCounted ? `${grouped(done ?? 0)} ${this.#say("of", { count: grouped(of) })}` : "";
      return one;
    });
    place.replaceChildren(...made);
    this.#slots.get("nothing-open").hidden = opened.length > 0;
    this.#slots.get("put-away").hidden = !opened.length;
  }

  /* A scan has its row in the same frame in which it was heard. */
  heard(text, at) {
    const row = { text, at, state: "reading", counter: null, node: this.#rowForm.content.cloneNode(true).firstElementChild };
    this.#rows.unshift(row);
    this.#list.prepend(row.node);
    for (const old of this.#rows.splice(SHOWN_MAX)) old.node.remove();
    this.#slots.get("no-rows").hidden = true;
    this.showRow(row, { state: "reading", word: this.#say("heard"), name: text });
    return row;
  }

  /* undo and again: what its two buttons do, taking it back and showing its answer once more. */
  showRow(row, { state, word, name }, { undo = null, again = null } = {}) {
    const { node } = row;
    row.state = state;
    node.className = `is-${state === "kept" ? "offline" : state}`;
    node.dataset.state = state;
    this.draw(node.querySelector("svg"), SHAPES[state] ?? state);
    node.querySelector("[data-name]").textContent = name;
    node.querySelector("[data-word]").textContent = word;
    node.querySelector("[data-at]").textContent = clock(row.at);
    node.querySelector("[data-again]").onclick = again;
    const button = node.querySelector("[data-undo]");
    button.hidden = !undo;
    button.onclick = undo;
    button.setAttribute("aria-label", this.#say("undo name", { name }));
  }

  row(counter) {
    return this.#rows.find((one) => one.counter === counter);
  }

  get rows() {
    return this.#rows;
  }
}

const two = (value) => String(value).padStart(2, "0");

export function clock(at) {
  const time = new Date(at);
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/* Thousands by a thin space, as everywhere on these pages. */
export const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
