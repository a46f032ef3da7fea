/* A new roll: asked only when its label is not known. The first roll of a lot is described once; every
   next one is a scan and Enter. */

export class RollForm {
  #form;
  #say;
  #take;
  #question = null;

  /* take(body) sends what a person confirmed. */
  constructor(form, say, take) {
    this.#form = form;
    this.#say = say;
    this.#take = take;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#confirm();
    });
    form.querySelector("[data-roll-close]").addEventListener("click", () => this.close());
    form.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  get isOpen() {
    return !this.#form.hidden;
  }

  open(roll, body, wrong = "") {
    this.#question = { roll, body };
    const fields = this.#form.elements;
    for (const name of ["amount", "dye_lot", "supplier", "material"]) fields[name].value = body[name] ?? roll[name] ?? "";
    const unit = body.unit ?? roll.unit ?? "MTR";
    for (const one of fields.unit) one.checked = one.value === unit;
    this.#form.querySelector("[data-roll-name]").textContent = roll.code || roll.text;
    const isNext = roll.is_first === false;
    this.#form.querySelector("[data-roll-line]").textContent = this.#say(isNext ? "roll next" : "roll first");
    this.#form.querySelector("[data-roll-take]").textContent = this.#say(isNext ? "same lot" : "take roll");
    this.#form.querySelector("details").open = false;
    this.#wrong(wrong);
    this.#form.hidden = false;
    /* With keys at hand Enter says "same lot" at once; on a phone nothing shall pop up by itself. */
    if (isNext && !wrong) this.#form.querySelector("[data-roll-take]").focus({ preventScroll: true });
    else if (matchMedia("(pointer: fine)").matches) fields.amount.focus({ preventScroll: true });
  }

  close() {
    this.#form.hidden = true;
    this.#question = null;
  }

  #wrong(words) {
    const place = this.#form.querySelector("[data-roll-wrong]");
    place.hidden = !words;
    place.lastElementChild.textContent = words;
    this.#form.elements.amount.toggleAttribute("aria-invalid", Boolean(words));
  }

  #confirm() {
    const { roll, body } = this.#question;
    const fields = new FormData(this.#form);
    const given = Object.fromEntries(["amount", "unit", "dye_lot", "supplier", "material"].map((name) => [name, String(fields.get(name) ?? "").trim()]));
    if (!/^\d+([.,]\d+)?$/.test(given.amount) || Number(given.amount.replace(",", ".")) <= 0) {
      this.#wrong(this.#say("roll amount", { amount: given.amount || "–" }));
      this.#form.elements.amount.focus();
      return;
    }
    this.close();
    this.#take({ ...body, text: body.text ?? roll.text, ...given }, roll);
  }
}
