/* Good and bad pieces of a ticket by number: nothing has to be touched when all are good. The next scan
   puts the pad away. */

const DIGITS_MAX = 5;

export class Pad {
  #place;
  #say;
  #done;
  #pieces = 0;
  #typed = "";
  #subject = null;

  /* done(subject, { good, bad }) takes the answer. */
  constructor(place, say, done) {
    this.#place = place;
    this.#say = say;
    this.#done = done;
    place.addEventListener("click", (event) => {
      const key = event.target.closest("[data-digit]")?.dataset.digit;
      if (key !== undefined) this.#press(key);
    });
    place.addEventListener("keydown", (event) => {
      if (/^\d$/.test(event.key)) this.#press(event.key);
      else if (event.key === "Backspace") this.#press("back");
      else if (event.key === "Escape") this.close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    place.querySelector("[data-pad-done]").addEventListener("click", () => this.#finish());
    place.querySelector("[data-pad-close]").addEventListener("click", () => this.close());
  }

  get isOpen() {
    return !this.#place.hidden;
  }

  open(subject, name, { pieces, bad = 0 }) {
    this.#subject = subject;
    this.#pieces = pieces;
    this.#typed = bad ? String(bad) : "";
    this.#place.querySelector("[data-pad-name]").textContent = name;
    this.#place.hidden = false;
    this.#show();
  }

  close() {
    this.#place.hidden = true;
    this.#subject = null;
  }

  #press(key) {
    if (key === "back") this.#typed = this.#typed.slice(0, -1);
    else this.#typed = `${this.#typed}${key}`.replace(/^0+/, "").slice(0, DIGITS_MAX);
    this.#show();
  }

  #show() {
    const bad = Number(this.#typed || 0);
    const isTooMany = bad > this.#pieces;
    this.#place.querySelector("[data-pad-bad]").textContent = String(bad);
    this.#place.toggleAttribute("data-wrong", isTooMany);
    this.#place.querySelector("[data-pad-line]").textContent = isTooMany
      ? this.#say("too many bad", { pieces: this.#pieces })
      : this.#say("good of", { good: this.#pieces - bad, pieces: this.#pieces });
  }

  #finish() {
    const bad = Number(this.#typed || 0);
    if (bad > this.#pieces) return;
    const subject = this.#subject;
    this.close();
    this.#done(subject, { good: this.#pieces - bad, bad });
  }
}
