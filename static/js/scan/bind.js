/* What is this? After one touch only what is still needed is asked, in the same place: a product, an
   order with its pieces, a name. A choice that is enough is sent by the touch itself. */

export class BindForm {
  #form;
  #say;
  #take;
  #question = null;
  #chosen = null;

  /* take(body, action) sends what a person said. */
  constructor(form, say, take) {
    this.#form = form;
    this.#say = say;
    this.#take = take;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#confirm();
    });
    form.querySelector("[data-bind-close]").addEventListener("click", () => this.close());
    form.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  get isOpen() {
    return !this.#form.hidden;
  }

  /* action as the server gave it: what, title, icon, body, asks; `wrong` why the last try was refused. */
  open(action, body = {}, wrong = "") {
    const { asks } = action;
    this.#question = action;
    this.#chosen = null;
    const part = (name) => this.#form.querySelector(`[data-bind-${name}]`);
    const picture = part("icon");
    picture.setAttribute("href", picture.getAttribute("href").replace(/#.*/, `#${action.icon}`));
    part("title").textContent = action.title;
    part("code").textContent = action.body.text;
    part("line").textContent = asks.line;
    const field = this.#form.elements.field;
    part("label").textContent = asks.field.label;
    field.value = body[asks.field.name] ?? "";
    field.inputMode = asks.field.is_number ? "numeric" : "text";
    const chosen = asks.choices.find((one) => Object.entries(one.body).every(([name, value]) => body[name] === value));
    part("choices").replaceChildren(...asks.choices.map((one) => this.#button(one, asks.both)));
    part("choices").hidden = !asks.choices.length;
    if (asks.both && asks.choices.length) this.#choose(chosen ?? asks.choices[0], asks.choices.indexOf(chosen ?? asks.choices[0]));
    this.#wrong(wrong);
    this.#form.hidden = false;
    this.#form.scrollTop = 0;
    if (matchMedia("(pointer: fine)").matches && (asks.both || !asks.choices.length)) field.focus({ preventScroll: true });
  }

  close() {
    this.#form.hidden = true;
    this.#question = null;
  }

  #button(choice, isPart) {
    const button = document.createElement("button");
    button.className = "button";
    button.type = "button";
    button.textContent = choice.title;
    if (isPart) button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      if (isPart) this.#choose(choice, [...button.parentElement.children].indexOf(button));
      else this.#send(choice.body);
    });
    return button;
  }

  #choose(choice, at) {
    this.#chosen = choice;
    const buttons = this.#form.querySelectorAll("[data-bind-choices] button");
    for (const [number, button] of buttons.entries()) button.setAttribute("aria-pressed", String(number === at));
    if (this.isOpen && matchMedia("(pointer: fine)").matches) this.#form.elements.field.focus({ preventScroll: true });
  }

  #wrong(words) {
    const place = this.#form.querySelector("[data-bind-wrong]");
    place.hidden = !words;
    place.lastElementChild.textContent = words;
    this.#form.elements.field.toggleAttribute("aria-invalid", Boolean(words));
  }

  #confirm() {
    const { asks } = this.#question;
    const typed = this.#form.elements.field.value.trim();
    if (!typed || (asks.field.is_number && !/^[1-9]\d*$/.test(typed))) {
      this.#wrong(this.#say(asks.field.is_number ? "bind number" : "bind name"));
      this.#form.elements.field.focus();
      return;
    }
    this.#send({ ...(this.#chosen?.body ?? {}), [asks.field.name]: typed });
  }

  #send(said) {
    const question = this.#question;
    this.close();
    this.#take({ ...question.body, ...said }, question);
  }
}
