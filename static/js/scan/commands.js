/* Codes of the printed command sheet: what a person without a free hand, or without a screen that can
   be touched, would press. They are obeyed by the page and never go into the outbox: they say nothing
   about a thing. The texts are those of traceability/web/command_sheet.py. */

const FORM = /^HANGTAG[ -](?:(UNDO)|(PUT-AWAY)|STEP[ -]([a-z0-9_-]+))$/i;

export class Commands {
  #root;
  #face;
  #say;
  #undo;
  #csrf;

  constructor(root, face, say, undo, csrf) {
    [this.#root, this.#face, this.#say, this.#undo, this.#csrf] = [root, face, say, undo, csrf];
  }

  /* Obey a text that is a command; return whether it was one. */
  obey(text) {
    const found = FORM.exec(text.replace(/^\][A-Za-z][0-9A-Za-z]/, "").trim());
    if (!found) return false;
    const [, isUndo, isPutAway, step] = found;
    if (isUndo) this.#takeBack();
    else if (isPutAway) this.#putAway();
    else this.#goTo(step.toLowerCase());
    return true;
  }

  #takeBack() {
    const row = this.#face.rows.find((one) => one.answer?.can_undo && !one.undone);
    if (row) this.#undo(row);
    else this.#face.show({ state: "late", word: this.#say("heard"), line: this.#say("nothing to undo") });
  }

  #putAway() {
    this.#root.querySelector("[data-put-away]").click();
    this.#face.show({ state: "ready", word: this.#say("heard"), line: this.#say("was put away"), icon: "tick" });
  }

  #goTo(step) {
    const form = document.createElement("form");
    [form.method, form.action] = ["post", "/scan/step"];
    for (const [name, value] of [["csrf", this.#csrf()], ["step", step]]) {
      const field = document.createElement("input");
      [field.type, field.name, field.value] = ["hidden", name, value];
      form.append(field);
    }
    document.body.append(form);
    form.submit();
  }
}
