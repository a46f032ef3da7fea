/* Sheets: drop a file anywhere, paste cells anywhere. Every page works without this file. */

const form = document.querySelector("[data-hand-in]");

/* A field of a form may only be so long: more cells than this travel as a file. */
const FIELD_MAX = 200_000;

function asFile(text) {
  const box = new DataTransfer();
  box.items.add(new File([text], "pasted.txt", { type: "text/plain" }));
  form.elements.file.files = box.files;
  form.elements.cells.value = "";
}

const looksLikeCells = (text) => text.trim().includes("\n") && /[\t;,]/.test(text);

if (form) {
  const drop = form.querySelector("[data-drop]");
  let depth = 0;
  const hasFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

  document.addEventListener("dragenter", (event) => {
    if (!hasFile(event)) return;
    depth += 1;
    drop.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!hasFile(event)) return;
    depth -= 1;
    if (depth <= 0) drop.hidden = true;
  });
  document.addEventListener("dragover", (event) => {
    if (hasFile(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    depth = 0;
    drop.hidden = true;
    if (!event.dataTransfer.files.length) return;
    form.elements.file.files = event.dataTransfer.files;
    form.requestSubmit();
  });

  document.addEventListener("paste", (event) => {
    const target = event.target;
    const isElsewhere = target instanceof HTMLInputElement && target !== form.elements.cells;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const files = event.clipboardData?.files ?? [];
    if (isElsewhere) return;
    if (!text && files.length) {
      event.preventDefault();
      form.elements.file.files = files;
      form.requestSubmit();
      return;
    }
    if (!looksLikeCells(text) || form.elements.cells.value.trim()) return;
    event.preventDefault();
    if (text.length > FIELD_MAX) asFile(text);
    else form.elements.cells.value = text;
    form.requestSubmit();
  });

  form.elements.file.addEventListener("change", () => {
    if (form.elements.file.files.length) form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    const text = form.elements.cells.value;
    if (text.length > FIELD_MAX && !form.elements.file.files.length) asFile(text);
  });
}

/* On the preview: an answer looks again at once; Enter in a cell looks again and goes on. */
for (const select of document.querySelectorAll("[data-check]")) {
  select.addEventListener("change", () => {
    const again = select.form.querySelector('[name="do"][value="check"]');
    select.form.requestSubmit(again);
  });
}
for (const button of document.querySelectorAll("[data-suggest]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const field = document.getElementById(button.dataset.suggest);
    field.value = button.value;
    field.focus();
  });
}
